"""One object of each kind on a team, what addresses call it, and in which states it can be."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db.models import Model
from django.utils import timezone

from apps.accounts.permissions import Permission, Role
from apps.accounts.services import grant_access, system_account
from apps.catalog.tests import factories as catalog
from apps.datasets.models import DatasetVersion
from apps.evaluation.models import ReviewTask
from apps.governance.models import ApprovalRequest, AuditEvent, Notice, WebhookDelivery
from apps.serving.models import Server
from apps.training.tests import factories as training
from tests.rows import Rows

API = "llm-ops/v1/"
LATER = timedelta(days=7)


@dataclass
class World:
    """What the cells of the matrix are about: made as they are asked for."""

    rows: Rows
    made: dict[str, Any] = field(default_factory=dict)

    def once(self, name: str, make: Callable[[], Any]) -> Any:
        if name not in self.made:
            self.made[name] = make()
        return self.made[name]

    @property
    def task(self) -> ReviewTask:
        return self.once(
            "task", lambda: ReviewTask.objects.create(campaign=self.rows.campaign, sample=self.rows.sample)
        )

    @property
    def notice(self) -> Notice:
        given = {"kind": "approval.reminder", "title": "It waits"}
        return self.once("notice", lambda: Notice.objects.create(user=self.rows.reader, **given))

    @property
    def delivery(self) -> WebhookDelivery:
        given = {"event_type": "webhook.ping", "body": "{}", "next_attempt_at": timezone.now()}
        return self.once("delivery", lambda: WebhookDelivery.objects.create(subscription=self.rows.webhook, **given))

    @property
    def server(self) -> Server:
        revision = self.rows.endpoint.revision
        return self.once(
            "server",
            lambda: revision.servers.first() or Server.objects.create(endpoint=self.rows.endpoint, revision=revision),
        )

    @property
    def dataset(self) -> DatasetVersion:
        """Uploaded, and not cleaned from another as that of `rows` says it was."""

        def make() -> DatasetVersion:
            DatasetVersion.objects.filter(pk=self.rows.dataset.pk).update(parent=None)
            return DatasetVersion.objects.get(pk=self.rows.dataset.pk)

        return self.once("dataset", make)

    @property
    def reviewed_model(self) -> Any:
        """With a request that waits."""
        rows = self.rows
        folder = rows.folder / "reviewed"
        return self.once("reviewed", lambda: catalog.under_review(rows.engineer, rows.team, folder, name="reviewed"))

    @property
    def grant(self) -> Any:
        given = {"user": self.rows.reader, "permission": Permission.USE, "subject": self.rows.model}
        return self.once("grant", lambda: grant_access(actor=system_account(), **given))

    @property
    def batch(self) -> Any:
        """With a request in it."""

        def make() -> Any:
            batch = self.rows.batch
            ApprovalRequest.objects.filter(pk=self.rows.request.pk).update(batch=batch)
            return batch

        return self.once("batch", make)


# What an address takes, by the name of the parameter; where that is not enough, by how the address begins.
NAMED: dict[str, Callable[[World], Any]] = {
    "model_id": lambda world: world.rows.model.pk,
    "dataset_id": lambda world: world.dataset.pk,
    "template_id": lambda world: world.rows.prompt.template.pk,
    "label": lambda world: world.rows.label.name,
    "collection_id": lambda world: world.rows.collection.pk,
    "document_id": lambda world: world.rows.collection.documents.earliest("id").pk,
    "job_id": lambda world: world.rows.job.pk,
    "run_id": lambda world: world.rows.run.pk,
    "task_id": lambda world: world.task.pk,
    "endpoint_id": lambda world: world.rows.endpoint.pk,
    "server_id": lambda world: world.server.pk,
    "batch_id": lambda world: world.batch.pk,
    "delegation_id": lambda world: world.rows.delegation.pk,
    "emergency_id": lambda world: world.rows.emergency.pk,
    "decision_id": lambda world: world.rows.endpoint.revision.decision_id,
    "version_id": lambda world: world.rows.policy.pk,
    "waiver_id": lambda world: world.rows.waiver.pk,
    "webhook_id": lambda world: world.rows.webhook.pk,
    "delivery_id": lambda world: world.delivery.pk,
    "notice_id": lambda world: world.notice.pk,
    "budget_id": lambda world: world.rows.budget.pk,
    "key_id": lambda world: world.rows.key.pk,
    "project_id": lambda world: world.rows.project.pk,
    "role_id": lambda world: world.rows.engineer.memberships.get().pk,
    "account_id": lambda world: world.rows.service_account.pk,
    "slug": lambda world: world.rows.team.slug,
    "object_id": lambda world: world.rows.model.pk,
    "grant_id": lambda world: world.grant.pk,
    "route_name": lambda world: world.rows.endpoint.route_name,
    "path": lambda world: "config.json",
    "kind": lambda world: "modelversion",
    "version": lambda world: world.rows.model.version,
    "version1": lambda world: world.rows.dataset.version,
    "version2": lambda world: world.rows.dataset.version,
    "name": lambda world: "json",
    "verb": lambda world: "disable",
}
REVIEWED = "catalog/models/<uuid:model_id>/versions/<str:version>/approve"
BY_ADDRESS: tuple[tuple[str, str, Callable[[World], Any]], ...] = (
    ("governance/approvals/", "request_id", lambda world: world.rows.request.pk),
    ("governance/access", "request_id", lambda world: world.rows.access_request.pk),
    ("governance/access/ask/", "kind", lambda world: "role"),
    ("governance/audit/", "event_id", lambda world: _event_about(world)),
    ("serve/requests/", "request_id", lambda world: world.rows.event.id),
    ("requests/", "request_id", lambda world: world.rows.event.id),
    ("provenance/", "request_id", lambda world: world.rows.event.id),
    (REVIEWED, "model_id", lambda world: world.reviewed_model.pk),
    (REVIEWED, "version", lambda world: world.reviewed_model.version),
    ("catalog/models/", "a", lambda world: world.rows.model.version),
    ("catalog/models/", "b", lambda world: world.rows.model.version),
    ("prompts/", "a", lambda world: 1),
    ("prompts/", "b", lambda world: 1),
)


def _event_about(world: World) -> Any:
    return AuditEvent.objects.filter(subject_id=world.rows.model.pk).latest("id").pk


def value_of(world: World, path: str, name: str) -> Any:
    """Return what stands for the parameter `name` of an address."""
    below = path.removeprefix(API)
    for prefix, parameter, make in reversed(BY_ADDRESS):
        if parameter == name and below.startswith(prefix):
            return make(world)
    return NAMED[name](world)


def stateful(world: World, path: str) -> Model | None:
    """Return the object that an address is about, when it has states; the last one that it names."""
    below = path.removeprefix(API)
    of: dict[str, Callable[[World], Model]] = {
        "<uuid:model_id>": lambda world: world.rows.model,
        REVIEWED: lambda world: world.reviewed_model,
        "<uuid:dataset_id>": lambda world: world.dataset,
        "<uuid:job_id>": lambda world: world.rows.job,
        "<uuid:run_id>": lambda world: world.rows.run,
        "<uuid:task_id>": lambda world: world.task,
        "<uuid:endpoint_id>": lambda world: world.rows.endpoint,
        "<uuid:version_id>": lambda world: world.rows.policy,
        "<uuid:waiver_id>": lambda world: world.rows.waiver,
        "governance/approvals/<uuid:request_id>": lambda world: world.rows.request,
        "governance/access-requests/<uuid:request_id>": lambda world: world.rows.access_request,
        "governance/access/<uuid:request_id>": lambda world: world.rows.access_request,
    }
    found = [(below.index(part) + len(part), make) for part, make in of.items() if part in below]
    return max(found, key=lambda pair: pair[0])[1](world) if found else None


def states_of(subject: Model | None) -> list[str]:
    """Return the states that `subject` can be in; one empty one for what has none."""
    if subject is None:
        return [""]
    return [str(value) for value, _ in type(subject)._meta.get_field("status").choices or []]


def soon() -> str:
    return (timezone.now() + timedelta(hours=1)).isoformat()


def later() -> str:
    return (timezone.now() + LATER).isoformat()


def reason(_: World) -> dict[str, Any]:
    return {"reason": "Because the matrix asks."}


def nothing(_: World) -> dict[str, Any]:
    return {}


def _about_model(world: World) -> dict[str, Any]:
    return {"kind": "modelversion", "id": str(world.rows.model.pk)}


def _owned(**given: Any) -> Callable[[World], dict[str, Any]]:
    return lambda world: {"owner_team": world.rows.team.slug, **given}


def _training(world: World) -> dict[str, Any]:
    job = world.rows.job
    return {"owner_team": world.rows.team.slug, **training.sft_spec(job.dataset, job.base_model)}


def _deployment(world: World) -> dict[str, Any]:
    spec = {name: value for name, value in world.rows.endpoint.revision.spec.items() if value is not None}
    return {"owner_team": world.rows.team.slug, "route_name": "another", "environment": "dev", **spec}


def _asked_model(world: World) -> dict[str, Any]:
    given = {"subject_kind": "modelversion", "subject_id": str(world.rows.model.pk), "transition": "approve"}
    return given | reason(world)


# What is sent to each door of the API that writes: as whoever may would send it.
BODIES: dict[tuple[str, str], Callable[[World], dict[str, Any]]] = {
    ("post", "accounts/keys"): lambda _: {"name": "another", "scopes": ["api"]},
    ("post", "accounts/keys/<uuid:key_id>/rotate"): nothing,
    ("post", "accounts/teams"): lambda world: {
        "organisation": world.rows.team.organisation.slug,
        "slug": "new",
        "name": "New",
    },
    ("patch", "accounts/teams/<slug:slug>"): lambda _: {"name": "Renamed"},
    ("post", "accounts/projects"): lambda world: {"team": world.rows.team.slug, "slug": "new", "name": "New"},
    ("patch", "accounts/projects/<uuid:project_id>"): lambda _: {"name": "Renamed"},
    ("post", "accounts/roles"): lambda world: {
        "user": world.rows.engineer.username,
        "role": str(Role.VIEWER),
        "team": world.rows.team.slug,
    },
    ("post", "accounts/service-accounts"): lambda world: {"team": world.rows.team.slug, "name": "new"},
    ("patch", "accounts/service-accounts/<uuid:account_id>"): lambda _: {"is_active": False},
    ("post", "accounts/grants"): lambda world: {
        **_about_model(world),
        "user": world.rows.engineer.username,
        "permission": "use",
    },
    ("post", "governance/approvals"): _asked_model,
    ("post", "governance/approvals/<uuid:request_id>/approve"): lambda _: {"comment": "Read."},
    ("post", "governance/approvals/<uuid:request_id>/reject"): lambda _: {"comment": "No."},
    ("post", "governance/approvals/<uuid:request_id>/withdraw"): nothing,
    ("post", "governance/approvals/<uuid:request_id>/execute"): nothing,
    ("post", "governance/approvals/batches"): lambda world: {
        "subject_kind": "modelversion",
        "subject_ids": [str(world.rows.model.pk)],
        **reason(world),
    },
    ("post", "governance/approvals/batches/<uuid:batch_id>/approve"): lambda _: {"seen_digest": "sha256:0"},
    ("post", "governance/approvals/batches/<uuid:batch_id>/reject"): lambda _: {
        "seen_digest": "sha256:0",
        "comment": "No.",
    },
    ("post", "governance/approvals/batches/<uuid:batch_id>/withdraw"): nothing,
    ("post", "governance/delegations"): lambda world: {
        "delegate": world.rows.reader.username,
        "team": world.rows.team.slug,
        "starts_at": soon(),
        "ends_at": later(),
        **reason(world),
    },
    ("post", "governance/emergencies"): lambda world: (
        _asked_model(world) | {"reason": "It cannot wait until tomorrow, for the shop is down."}
    ),
    ("post", "governance/emergencies/<uuid:emergency_id>/review"): lambda _: {
        "verdict": "justified",
        "comment": "It was.",
    },
    ("post", "governance/access-requests"): lambda world: {
        "kind": "role",
        "details": {"role": "finance", "team": world.rows.team.slug},
        **reason(world),
    },
    ("post", "governance/access-requests/<uuid:request_id>/withdraw"): nothing,
    ("post", "governance/access-requests/<uuid:request_id>/collect"): nothing,
    ("post", "governance/policies"): lambda world: {
        "owner_team": world.rows.team.slug,
        "source": world.rows.policy.source,
    },
    ("post", "governance/policies/check"): lambda world: {"source": world.rows.policy.source},
    ("put", "governance/policies/<uuid:version_id>"): lambda world: {"source": world.rows.policy.source},
    ("post", "governance/policies/<uuid:version_id>/test"): nothing,
    ("post", "governance/policies/<uuid:version_id>/replay"): nothing,
    ("post", "governance/policies/<uuid:version_id>/submit"): reason,
    ("post", "governance/waivers"): lambda world: {
        "owner_team": world.rows.team.slug,
        "policy": "model-release",
        "rule": "evaluated",
        "subject_kind": "modelversion",
        "subject_id": str(world.rows.model.pk),
        "expires_at": later(),
        **reason(world),
    },
    ("post", "governance/waivers/<uuid:waiver_id>/submit"): nothing,
    ("post", "governance/waivers/<uuid:waiver_id>/revoke"): reason,
    ("post", "governance/webhooks"): _owned(name="new", url="https://hooks.example.com/", events=["*"]),
    ("patch", "governance/webhooks/<uuid:webhook_id>"): lambda _: {"is_enabled": False},
    ("post", "governance/webhooks/<uuid:webhook_id>/rotate-secret"): nothing,
    ("post", "governance/webhooks/<uuid:webhook_id>/ping"): nothing,
    ("post", "governance/webhooks/<uuid:webhook_id>/replay"): lambda _: {
        "since": (timezone.now() - timedelta(hours=1)).isoformat()
    },
    ("post", "governance/webhooks/<uuid:webhook_id>/deliveries/<uuid:delivery_id>/replay"): nothing,
    ("post", "governance/notices/read-all"): nothing,
    ("put", "governance/notices/preference"): lambda _: {"by_email": False},
    ("post", "governance/notices/<uuid:notice_id>/read"): nothing,
    ("post", "catalog/models"): _owned(name="new", type="base", model_family="llama"),
    ("patch", "catalog/models/<uuid:model_id>"): lambda _: {"license": "MIT"},
    ("post", "catalog/models/<uuid:model_id>/upload"): nothing,
    ("patch", "catalog/models/<uuid:model_id>/status"): lambda world: {"status": "under_review", **reason(world)},
    ("post", "catalog/models/<uuid:model_id>/versions/<str:version>/approve"): nothing,
    ("post", "catalog/datasets"): _owned(name="new", type="sft_pair"),
    ("patch", "catalog/datasets/<uuid:dataset_id>"): lambda _: {"license": "MIT"},
    ("post", "catalog/datasets/<uuid:dataset_id>/upload"): nothing,
    ("post", "catalog/datasets/<uuid:dataset_id>/clean"): nothing,
    ("patch", "catalog/datasets/<uuid:dataset_id>/status"): lambda world: {"status": "under_review", **reason(world)},
    ("post", "prompts/templates"): _owned(name="new", user="{{ question }}"),
    ("post", "prompts/templates/<uuid:template_id>/versions"): lambda _: {"user": "Answer: {{ question }}"},
    ("put", "prompts/templates/<uuid:template_id>/labels/<slug:label>"): lambda _: {"version": 1},
    ("post", "prompts/templates/<uuid:template_id>/rollback"): nothing,
    ("post", "prompts/templates/<uuid:template_id>/render"): nothing,
    ("post", "knowledge/collections"): _owned(name="new"),
    ("post", "knowledge/collections/<uuid:collection_id>/documents"): lambda _: {"title": "New", "text": "New."},
    ("post", "training/jobs"): _training,
    ("post", "training/jobs/validate"): _training,
    ("post", "training/jobs/render"): _training,
    ("post", "training/jobs/<uuid:job_id>/retry"): nothing,
    ("post", "evaluation/runs"): lambda world: {
        "model_id": str(world.rows.run.model_version_id),
        "dataset_id": str(world.rows.run.dataset_id),
    },
    ("post", "evaluation/runs/<uuid:run_id>/campaigns"): lambda _: {"sample_size": 1},
    ("post", "evaluation/runs/<uuid:run_id>/human-review"): lambda world: {
        "task_id": str(world.task.pk),
        "acceptable": True,
    },
    ("post", "evaluation/queue/claim"): nothing,
    ("post", "evaluation/queue/tasks/<uuid:task_id>/release"): nothing,
    ("post", "serving/endpoints"): _deployment,
    ("post", "serving/endpoints/render"): _deployment,
    ("patch", "serving/endpoints/<uuid:endpoint_id>"): lambda _: {"scaling": {"max_replicas": 2}},
    ("post", "serving/endpoints/<uuid:endpoint_id>/rollback"): nothing,
    ("post", "serving/endpoints/<uuid:endpoint_id>/redeploy"): nothing,
    ("post", "serving/endpoints/<uuid:endpoint_id>/promote"): lambda _: {"route_name": "above"},
    ("post", "serving/endpoints/<uuid:endpoint_id>/pause"): nothing,
    ("post", "governance/budgets"): _owned(name="new", month_usd="10.00"),
    ("patch", "governance/budgets/<uuid:budget_id>"): lambda _: {"month_usd": "1.00"},
}
# What is asked of doors that only tell: as query parameters.
QUERIES: dict[str, Callable[[World], dict[str, Any]]] = {
    "accounts/access": _about_model,
    "governance/observability/cost-aggregate": lambda _: {"group_by": "team"},
    "governance/audit/consistency": lambda _: {"from": 1},
    "evaluation/runs/compare": lambda world: {"ids": f"{world.rows.run.pk},{world.rows.run.pk}"},
    "knowledge/collections/<uuid:collection_id>/search": lambda _: {"q": "parcel"},
    "catalog/models/<uuid:model_id>/compare": lambda world: {"a": world.rows.model.version},
}
