"""Reads that span the apps."""

from dataclasses import dataclass
from decimal import Decimal
from itertools import chain

from django.db.models import Q, QuerySet

from apps.accounts.models import User
from apps.accounts.selectors import visible_to
from apps.catalog.models import ModelVersion
from apps.costs.selectors import month_to_date
from apps.datasets.models import DatasetVersion
from apps.evaluation.models import EvaluationRun
from apps.evaluation.selectors import waiting_tasks
from apps.governance.models import ApprovalRequest
from apps.governance.selectors import inbox, visible_requests
from apps.governance.states import RequestStatus
from apps.prompts.models import PromptTemplate
from apps.serving.models import Endpoint
from apps.training.models import TrainingJob

SHOWN = 5


@dataclass(frozen=True, slots=True)
class Home:
    """What a person sees first. Every part is a constant number of queries."""

    waiting: list[ApprovalRequest]
    waiting_count: int
    review_tasks: int
    running_jobs: list[TrainingJob]
    running_evaluations: list[EvaluationRun]
    endpoints: list[Endpoint]
    recent_models: list[ModelVersion]
    month_usd: Decimal
    is_new: bool


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing that a search found."""

    kind: str
    label: str
    page: str
    status: str


def home(*, actor: User) -> Home:
    """Return what needs `actor`, what is running, and what it costs this month."""
    waiting = inbox(actor=actor)
    jobs = visible_to(actor, TrainingJob.objects.filter(status__in=["queued", "running"]))
    runs = EvaluationRun.objects.filter(status__in=["queued", "running"]).select_related("model_version", "dataset")
    endpoints = visible_to(actor, Endpoint.objects.exclude(status="deleted")).select_related(
        "serving_revision__model_version", "owner_team"
    )
    models = visible_to(actor, ModelVersion.objects.select_related("owner_team"))
    recent = list(models.order_by("-pk")[:SHOWN])
    return Home(
        waiting=list(waiting[:SHOWN]),
        waiting_count=waiting.count(),
        review_tasks=waiting_tasks(actor=actor).count(),
        running_jobs=list(jobs[:SHOWN]),
        running_evaluations=list(visible_to(actor, runs)[:SHOWN]),
        endpoints=list(endpoints[:SHOWN]),
        recent_models=recent,
        month_usd=month_to_date(actor=actor),
        is_new=not recent and not visible_to(actor, DatasetVersion.objects.all()).exists(),
    )


def own_requests(*, actor: User) -> list[ApprovalRequest]:
    """Return what `actor` asked for and nobody has decided yet."""
    return list(visible_requests(actor=actor).filter(requester=actor, status=RequestStatus.OPEN)[:SHOWN])


def search(*, actor: User, query: str, limit: int = 10) -> list[Hit]:
    """Return what `actor` may see whose name holds `query`, a few of each kind."""
    found = chain(
        _hits("model", visible_to(actor, ModelVersion.objects.filter(_holds("name", query))), limit),
        _hits("dataset", visible_to(actor, DatasetVersion.objects.filter(_holds("name", query))), limit),
        _hits("prompt", visible_to(actor, PromptTemplate.objects.filter(_holds("name", query))), limit),
        _hits("endpoint", visible_to(actor, Endpoint.objects.filter(_holds("route_name", query))), limit),
        _hits(
            "job", visible_to(actor, TrainingJob.objects.filter(spec__output__artifact_name__icontains=query)), limit
        ),
    )
    return list(found)


def _holds(field: str, query: str) -> Q:
    return Q(**{f"{field}__icontains": query})


def _hits(kind: str, rows: QuerySet, limit: int) -> list[Hit]:  # type: ignore[type-arg]  # of any of the models above
    return [Hit(kind, str(row), row.get_absolute_url(), getattr(row, "status", "")) for row in rows[:limit]]
