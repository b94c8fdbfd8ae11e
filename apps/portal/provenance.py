"""The chain behind one answer: endpoint revision, prompt, model, job, datasets, evaluations, reviews, approvals.

Every step names its object by id and content digest, and the audit events that prove what was done to it.
"""

from dataclasses import asdict, dataclass, field
from typing import Any
from uuid import UUID

from django.db import models
from django.urls import reverse

from apps.accounts.models import User
from apps.accounts.selectors import visible_to
from apps.catalog.models import ModelVersion
from apps.core.canonical import digest_of
from apps.datasets.models import DatasetVersion
from apps.evaluation.models import EvaluationRun, Review, ReviewCampaign
from apps.evaluation.states import RunStatus
from apps.governance.models import ApprovalRequest, AuditEvent, Decision
from apps.governance.selectors import events_about, requests_about
from apps.governance.states import RequestStatus
from apps.prompts.models import PromptVersion
from apps.serving.models import EndpointRevision
from apps.telemetry.models import RequestEvent
from apps.training.models import TrainingJob

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Proof:
    """An audit event that shows something was done: checkable by its digest, and by its place in the sealed log.

    Attributes:
        leaf_index: its place; None until it is sealed.
        proof: address of the API where the proof of that is.
    """

    event_id: str
    action: str
    actor: str
    at: str
    digest: str
    leaf_index: int | None
    proof: str


@dataclass(frozen=True, slots=True)
class Step:
    """One link of the chain.

    Attributes:
        kind: answer, prompt_version, endpoint_revision, model_version, training_job, dataset_version, evaluation_run,
            human_review, approval, policy_decision.
        because: how it stands to the step it was reached from, such as "was trained by".
        digest: of its content; empty where the object has none.
        page: address of its page, empty where the reader may not see it.
    """

    kind: str
    id: str
    label: str
    because: str
    at: str
    digest: str
    page: str
    facts: Json
    reached_from: str = ""
    proofs: list[Proof] = field(default_factory=list)

    @property
    def key(self) -> str:
        return f"{self.kind}:{self.id}"


@dataclass(frozen=True, slots=True)
class Provenance:
    """The whole chain, and what is missing of it."""

    request_id: str
    steps: list[Step]
    missing: list[str]

    def as_dict(self) -> Json:
        document = {
            "request_id": self.request_id,
            "steps": [asdict(step) for step in self.steps],
            "missing": self.missing,
            "complete": not self.missing,
        }
        return {**document, "digest": digest_of(document)}


def provenance_of(*, actor: User, event: RequestEvent) -> Provenance:
    """Return the chain behind the answer that `event` records; the caller has checked that `actor` may see it."""
    chain = _Chain(actor)
    answer = chain.add(_answer(event))
    if event.prompt_version_id:
        chain.add_prompt(event.prompt_version_id, reached_from=answer)
    revisions = EndpointRevision.objects.select_related("endpoint", "model_version")
    revision = revisions.filter(pk=event.revision_id).first() if event.revision_id else None
    if revision is None:
        chain.missing.append("The endpoint revision that answered is not known.")
        return Provenance(str(event.id), chain.steps, chain.missing)
    chain.add_revision(revision, reached_from=answer)
    return Provenance(str(event.id), chain.steps, chain.missing)


class _Chain:
    """Collects steps depth first, each object once."""

    def __init__(self, actor: User) -> None:
        self.actor = actor
        self.steps: list[Step] = []
        self.missing: list[str] = []
        self._seen: set[str] = set()

    def add(self, step: Step) -> str:
        self.steps.append(step)
        self._seen.add(step.key)
        return step.key

    def add_revision(self, revision: EndpointRevision, *, reached_from: str) -> None:
        endpoint = revision.endpoint
        key = self.add(
            Step(
                kind="endpoint_revision",
                id=str(revision.pk),
                label=f"{endpoint.route_name}, revision {revision.number}",
                because="was answered by",
                at=revision.created_at.isoformat(),
                digest=revision.digest,
                page=self._page(endpoint),
                facts={
                    "environment": endpoint.environment,
                    "cause": revision.cause,
                    "deployed_by": revision.created_by.label,
                    "runtime_image": revision.runtime_image,
                    "model_digest": revision.model_digest,
                    "decision_id": str(revision.decision_id) if revision.decision_id else None,
                },
                reached_from=reached_from,
                proofs=_proofs(endpoint),
            )
        )
        if revision.decision_id:
            self._add_decision(revision.decision_id, reached_from=key)
        self._add_approvals(revision, reached_from=key)
        self._add_model(revision.model_version, because="serves", reached_from=key)
        if revision.model_digest != revision.model_version.digest:
            self.missing.append(f"The files of {revision.model_version} are no longer those that were deployed.")

    def add_prompt(self, prompt_version_id: UUID, *, reached_from: str) -> None:
        """Add the prompt that the call was recorded with; it may name one where the revision pins none."""
        prompt = PromptVersion.objects.select_related("template", "created_by").filter(pk=prompt_version_id).first()
        if prompt is None:
            self.missing.append(f"The prompt version {prompt_version_id} is gone.")
            return
        self.add(
            Step(
                kind="prompt_version",
                id=str(prompt.pk),
                label=str(prompt),
                because="was asked through",
                at=prompt.created_at.isoformat(),
                digest=prompt.digest,
                page=self._page(prompt.template),
                facts={"variables": prompt.variables, "written_by": prompt.created_by.label},
                reached_from=reached_from,
                proofs=_proofs(prompt.template),
            )
        )

    def _add_model(self, model: ModelVersion, *, because: str, reached_from: str) -> None:
        if f"model_version:{model.pk}" in self._seen:
            return
        files = list(model.files.all())
        key = self.add(
            Step(
                kind="model_version",
                id=str(model.pk),
                label=str(model),
                because=because,
                at=model.created_at.isoformat(),
                digest=model.digest,
                page=self._page(model),
                facts={
                    "type": model.type,
                    "family": model.model_family,
                    "status": model.status,
                    "license": model.license,
                    "files": [
                        {"path": file.path, "sha256": file.sha256, "size_bytes": file.size_bytes} for file in files
                    ],
                },
                reached_from=reached_from,
                proofs=_proofs(model),
            )
        )
        self._add_approvals(model, reached_from=key)
        self._add_evaluations(model, reached_from=key)
        job = TrainingJob.objects.filter(output_model=model).select_related("dataset", "base_model").first()
        if job is not None:
            self._add_job(job, reached_from=key)
        elif model.type == ModelVersion.Type.FINE_TUNED:
            self.missing.append(f"How {model} was trained is not known.")

    def _add_job(self, job: TrainingJob, *, reached_from: str) -> None:
        key = self.add(
            Step(
                kind="training_job",
                id=str(job.pk),
                label=str(job),
                because="was trained by",
                at=(job.finished_at or job.created_at).isoformat(),
                digest=job.spec_digest,
                page=self._page(job),
                facts={
                    "status": job.status,
                    "submitted_by": job.created_by.label,
                    "image": job.image,
                    "mlflow_run_id": job.mlflow_run_id,
                    "cost_usd": str(job.cost_usd),
                    "spec": job.spec,
                },
                reached_from=reached_from,
                proofs=_proofs(job),
            )
        )
        self._add_dataset(job.dataset, because="was trained on", reached_from=key)
        if job.base_model is not None:
            self._add_model(job.base_model, because="was tuned from", reached_from=key)

    def _add_dataset(self, dataset: DatasetVersion, *, because: str, reached_from: str) -> None:
        if f"dataset_version:{dataset.pk}" in self._seen:
            return
        key = self.add(
            Step(
                kind="dataset_version",
                id=str(dataset.pk),
                label=str(dataset),
                because=because,
                at=dataset.created_at.isoformat(),
                digest=f"sha256:{dataset.sha256}" if dataset.sha256 else "",
                page=self._page(dataset),
                facts={
                    "type": dataset.type,
                    "status": dataset.status,
                    "rows": dataset.row_count,
                    "pii_status": dataset.pii_status,
                    "quality_score": dataset.quality_score,
                    "derivation": dataset.derivation,
                },
                reached_from=reached_from,
                proofs=_proofs(dataset),
            )
        )
        self._add_approvals(dataset, reached_from=key)
        if dataset.parent is not None:
            self._add_dataset(dataset.parent, because="was cleaned from", reached_from=key)

    def _add_evaluations(self, model: ModelVersion, *, reached_from: str) -> None:
        runs = EvaluationRun.objects.filter(
            model_version=model, model_digest=model.digest, status=RunStatus.SUCCEEDED
        ).select_related("dataset", "created_by")
        for run in runs:
            key = self.add(
                Step(
                    kind="evaluation_run",
                    id=str(run.pk),
                    label=f"Evaluation on {run.dataset}",
                    because="was evaluated in",
                    at=(run.finished_at or run.created_at).isoformat(),
                    digest=digest_of(run.results),
                    page=self._page(run),
                    facts={"results": run.results, "samples": run.sample_size, "dataset_digest": run.dataset_digest},
                    reached_from=reached_from,
                    proofs=_proofs(run),
                )
            )
            self._add_dataset(run.dataset, because="was evaluated on", reached_from=key)
            self._add_reviews(run, reached_from=key)

    def _add_reviews(self, run: EvaluationRun, *, reached_from: str) -> None:
        for campaign in ReviewCampaign.objects.filter(run=run):
            reviews = list(Review.objects.filter(task__campaign=campaign).select_related("reviewer"))
            if not reviews:
                continue
            verdicts = [{"task": str(review.task_id), "acceptable": review.acceptable} for review in reviews]
            self.add(
                Step(
                    kind="human_review",
                    id=str(campaign.pk),
                    label=campaign.title,
                    because="was reviewed in",
                    at=max(review.at for review in reviews).isoformat(),
                    digest=digest_of(verdicts),
                    page=self._page(run),
                    facts={
                        "reviewed": len(reviews),
                        "acceptable": sum(review.acceptable for review in reviews),
                        "reviewers": sorted({review.reviewer.label for review in reviews}),
                    },
                    reached_from=reached_from,
                    proofs=_proofs(campaign),
                )
            )

    def _add_approvals(self, subject: EndpointRevision | ModelVersion | DatasetVersion, *, reached_from: str) -> None:
        executed = requests_about(subject).filter(status=RequestStatus.EXECUTED)
        for request in executed:
            self._add_approval(request, reached_from=reached_from)
        if not executed and subject.status == "approved":
            self.missing.append(f"Who approved {subject} is not known.")

    def _add_approval(self, request: ApprovalRequest, *, reached_from: str) -> None:
        approvals = [approval for approval in request.approvals.all() if approval.voided_at is None]
        key = self.add(
            Step(
                kind="approval",
                id=str(request.pk),
                label=f"Approval of {request.subject_label}",
                because="was approved in",
                at=(request.closed_at or request.created_at).isoformat(),
                digest=request.digest,
                page=reverse("governance:request", args=[request.pk]) if self._sees(request) else "",
                facts={
                    "asked_by": request.requester.label,
                    "approved_by": [approval.approver.label for approval in approvals],
                    "reason": request.reason,
                },
                reached_from=reached_from,
            )
        )
        if request.decision_id:
            self._add_decision(request.decision_id, reached_from=key)

    def _add_decision(self, decision_id: UUID, *, reached_from: str) -> None:
        decision = Decision.objects.filter(pk=decision_id).first()
        if decision is None:
            self.missing.append(f"The policy decision {decision_id} is gone.")
            return
        self.add(
            Step(
                kind="policy_decision",
                id=str(decision.pk),
                label=", ".join(result["policy"] for result in decision.results) or "no policy in scope",
                because="was allowed by policy",
                at=decision.at.isoformat(),
                digest=decision.facts_digest,
                page=reverse("governance:decision", args=[decision.pk]) if self._sees(decision) else "",
                facts={
                    "allowed": decision.allowed,
                    "subject_digest": decision.subject_digest,
                    "policies": [
                        {
                            "policy": result["policy"],
                            "version": result["version"],
                            "digest": result["digest"],
                            "rules": {rule["rule"]: rule["passed"] for rule in result["rules"]},
                        }
                        for result in decision.results
                    ],
                },
                reached_from=reached_from,
            )
        )

    def _page(self, instance: Any) -> str:
        return str(instance.get_absolute_url()) if self._sees(instance) else ""

    def _sees(self, instance: models.Model) -> bool:
        return visible_to(self.actor, type(instance)._default_manager.filter(pk=instance.pk)).exists()


def _answer(event: RequestEvent) -> Step:
    return Step(
        kind="answer",
        id=str(event.id),
        label=f"Answer of {event.route}",
        because="",
        at=event.at.isoformat(),
        digest="",
        page=reverse("telemetry:request", args=[event.id]),
        facts={
            "route": event.route,
            "http_status": event.status,
            "outcome": event.outcome,
            "prompt_tokens": event.prompt_tokens,
            "completion_tokens": event.completion_tokens,
            "latency_ms": event.latency_ms,
            "cost_usd": str(event.cost_usd),
        },
    )


def _proofs(subject: models.Model) -> list[Proof]:
    events: list[AuditEvent] = list(events_about(subject))
    return [
        Proof(
            event_id=str(event.pk),
            action=event.action,
            actor=event.actor_label,
            at=event.at.isoformat(),
            digest=event.digest,
            leaf_index=event.leaf_index,
            proof=f"/llm-ops/v1/governance/audit/proof/{event.pk}",
        )
        for event in events
    ]
