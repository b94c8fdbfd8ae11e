"""Prices, the one ledger of what everything costs, and budgets."""

from decimal import Decimal
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MinValueValidator
from django.db import models

from apps.accounts.models import Owned, OwnedByTeam, User
from apps.core.ids import new_id
from apps.governance.states import ChangeStatus


class Price(models.Model):
    """What a unit costs from a moment on. The newest that is in force and fits best applies; see `pricing`."""

    class Unit(models.TextChoices):
        PROMPT_TOKENS = "prompt_tokens", "1,000,000 prompt tokens"
        COMPLETION_TOKENS = "completion_tokens", "1,000,000 completion tokens"
        CPU_HOURS = "cpu_hours", "CPU hour"
        GPU_HOURS = "gpu_hours", "GPU hour"

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    unit = models.CharField(max_length=20, choices=Unit.choices)
    applies_to = models.CharField(max_length=120, blank=True, help_text="Route or model name; empty for all.")
    usd = models.DecimalField(max_digits=14, decimal_places=6, validators=[MinValueValidator(Decimal(0))])
    in_force_from = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["-in_force_from"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["unit", "applies_to", "in_force_from"], name="price_once"),
            models.CheckConstraint(condition=models.Q(usd__gte=0), name="price_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.usd} USD per {self.get_unit_display()}"


class Kind(models.TextChoices):
    """What money is spent on."""

    INFERENCE = "inference", "Inference"
    TRAINING = "training", "Training"
    EVALUATION = "evaluation", "Evaluation"


class LedgerEntry(Owned):
    """One cost, booked once: its source is unique. The database itself refuses to change or remove entries."""

    Kind = Kind

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    source_id = models.UUIDField(help_text="The request, job or run.")
    at = models.DateTimeField()
    route = models.CharField(max_length=60, blank=True)
    model_version_id = models.UUIDField(null=True, blank=True)
    user_id = models.UUIDField(null=True, blank=True)
    quantity = models.JSONField(default=dict, help_text="Units used, such as prompt_tokens or cpu_hours.")
    usd = models.DecimalField(max_digits=16, decimal_places=9)

    class Meta:
        verbose_name_plural = "ledger entries"
        ordering: ClassVar = ["-at"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["kind", "source_id"], name="booked_once")]
        indexes: ClassVar = [models.Index(fields=["owner_team", "-at"], name="ledger_by_team")]

    def __str__(self) -> str:
        return f"{self.kind} {self.usd} USD"


class DailySpend(OwnedByTeam):
    """Sums of the ledger per day (UTC), kept by a trigger in the transaction of each entry and by nothing else."""

    Kind = Kind

    id = models.BigAutoField(primary_key=True)
    day = models.DateField(help_text="UTC.")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    route = models.CharField(max_length=60, blank=True)
    model_version_id = models.UUIDField(null=True, blank=True)
    entries = models.BigIntegerField(default=0)
    prompt_tokens = models.BigIntegerField(default=0)
    completion_tokens = models.BigIntegerField(default=0)
    cpu_hours = models.FloatField(default=0)
    gpu_hours = models.FloatField(default=0)
    usd = models.DecimalField(max_digits=18, decimal_places=9, default=0)

    class Meta:
        verbose_name_plural = "daily spend"
        ordering: ClassVar = ["-day"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["owner_team", "day", "kind", "route", "model_version_id"],
                name="daily_spend_once",
                nulls_distinct=False,
            )
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.kind} {self.usd} USD"


def default_warnings() -> list[int]:
    return [80]


class Budget(OwnedByTeam):
    """How much a team may spend in a month (UTC)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=100)
    month_usd = models.DecimalField(max_digits=14, decimal_places=2, validators=[MinValueValidator(Decimal(0))])
    enforced = models.BooleanField(default=True, help_text="Refuse calls once it is spent; else only show it.")
    warn_at_percent = ArrayField(
        models.PositiveSmallIntegerField(),
        default=default_warnings,
        blank=True,
        help_text="Shares of it that are noted.",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["owner_team", "name"], name="budget_name_once")]

    def __str__(self) -> str:
        return self.name

    @property
    def percents(self) -> list[int]:
        """Every share of it at which something happens, the whole included."""
        return sorted({*self.warn_at_percent, 100})


class BudgetChange(OwnedByTeam):
    """What somebody wants a budget to be; `after` is empty where it is to be removed.

    It outlives its budget, and never changes but for leaving "proposed", once: the database itself refuses.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    budget = models.ForeignKey(Budget, on_delete=models.DO_NOTHING, db_constraint=False, related_name="changes")
    budget_name = models.CharField(max_length=100)
    before = models.JSONField(help_text="The budget as it was: name, month_usd, enforced, warn_at_percent.")
    after = models.JSONField(default=dict, blank=True, help_text="The budget as it is to be.")
    status = models.CharField(max_length=20, choices=ChangeStatus.choices, default=ChangeStatus.PROPOSED)
    reason = models.TextField(blank=True)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["-id"]
        indexes: ClassVar = [models.Index(fields=["owner_team", "-id"], name="budget_change_by_team")]

    def __str__(self) -> str:
        return f"{self.budget_name}: {self.in_words}"

    @property
    def is_removal(self) -> bool:
        return not self.after

    @property
    def in_words(self) -> str:
        """What changes, such as "100.00 to 250.00 USD a month, no longer enforced"."""
        if self.is_removal:
            return "to be removed"
        told = {
            "name": f"to be called {self.after['name']}",
            "month_usd": f"{self.before['month_usd']} to {self.after['month_usd']} USD a month",
            "enforced": "enforced from now on" if self.after["enforced"] else "no longer enforced",
            "warn_at_percent": f"noted at {', '.join(map(str, self.after['warn_at_percent'])) or 'no'} %",
        }
        return ", ".join(words for name, words in told.items() if self.after[name] != self.before[name])


class BudgetNotice(models.Model):
    """A share of a budget was spent; noted once a month."""

    TEAM_PATH = "budget__owner_team"
    PROJECT_PATH = ""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    budget = models.ForeignKey(Budget, on_delete=models.CASCADE, related_name="notices")
    month = models.DateField(help_text="Its first day.")
    percent = models.PositiveSmallIntegerField()
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["budget", "month", "percent"], name="budget_noticed_once")
        ]

    def __str__(self) -> str:
        return f"{self.percent} % of {self.budget}"
