"""Addresses of the pages of costs."""

from django.urls import path

from apps.costs.web import views

app_name = "costs"
urlpatterns = [
    path("", views.costs, name="costs"),
    path("budgets/new/", views.create_budget, name="budget_new"),
    path("budgets/<uuid:budget_id>/", views.change_budget, name="budget"),
    path("budgets/<uuid:budget_id>/delete/", views.delete_budget, name="budget_delete"),
]
