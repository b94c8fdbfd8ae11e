"""Writes of costs: prices, budgets, and bookings in the ledger."""

from apps.costs.services.booking import book_job, book_requests, book_run
from apps.costs.services.budgets import Changed, change_budget, create_budget, delete_budget
from apps.costs.services.prices import set_price

__all__ = [
    "Changed",
    "book_job",
    "book_requests",
    "book_run",
    "change_budget",
    "create_budget",
    "delete_budget",
    "set_price",
]
