"""Every refusal of costs, with its public code."""

from apps.core.errors import ConflictError, InvalidInputError, RuleBrokenError


class BudgetNameTakenError(ConflictError):
    code = "costs.budget_name_taken"
    message = "The team has a budget called '{name}' already. Change that one, or choose another name."


class ThresholdsError(RuleBrokenError):
    code = "costs.thresholds"
    message = "The thresholds of a budget are whole percentages from 1 to 99, each once."


class PriceRefusedError(RuleBrokenError):
    code = "costs.price_refused"
    message = "This price cannot be set."


class BadPeriodError(InvalidInputError):
    code = "costs.bad_period"
    message = "The period is not valid."
