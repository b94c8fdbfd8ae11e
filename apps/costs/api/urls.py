"""Addresses of the API of costs, below /llm-ops/v1/."""

from django.urls import path

from apps.costs.api import views

urlpatterns = [
    path("governance/observability/cost-aggregate", views.CostAggregate.as_view()),
    path("governance/observability/cost-profiles", views.CostProfiles.as_view()),
    path("governance/budgets", views.Budgets.as_view()),
    path("governance/budgets/<uuid:budget_id>", views.BudgetDetail.as_view()),
]
