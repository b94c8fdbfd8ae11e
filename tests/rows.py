"""A team with as many rows of each kind as a test wants: the first made by services, the rest copies of it."""

from collections.abc import Callable
from datetime import timedelta
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db.models import Model
from django.utils import timezone

from apps.accounts.models import ApiKey, Membership, Project, Team, User
from apps.accounts.services import create_api_key, create_project, create_service_account, system_account
from apps.catalog.models import ModelVersion
from apps.catalog.tests import factories as catalog
from apps.core.ids import new_id
from apps.costs.models import Budget, LedgerEntry
from apps.costs.tests.factories import budget
from apps.datasets.models import DatasetVersion
from apps.datasets.tests import factories as datasets
from apps.evaluation.models import EvaluationRun, ReviewCampaign, ReviewTask, Sample
from apps.evaluation.services import start_run
from apps.evaluation.tests.factories import heldout
from apps.gateway.tests.factories import stored_endpoint
from apps.governance.models import (
    AccessRequest,
    Approval,
    ApprovalBatch,
    ApprovalRequest,
    AuditEvent,
    Decision,
    Delegation,
    EmergencyMove,
    Notice,
    PolicyVersion,
    Waiver,
    WebhookDelivery,
    WebhookSubscription,
)
from apps.governance.services import ask_access, break_glass, create_webhook, delegate_approvals, save_policy_draft
from apps.governance.tests.conftest import SMALL
from apps.knowledge.models import Collection
from apps.knowledge.tests.factories import handbook
from apps.prompts.models import PromptLabel, PromptVersion
from apps.prompts.services import move_label
from apps.prompts.tests.factories import prompt_version
from apps.serving.models import Endpoint
from apps.telemetry.models import RequestEvent
from apps.telemetry.spool import moment_of
from apps.telemetry.tests.factories import shipped
from apps.training.models import TrainingJob
from apps.training.services import submit_job
from apps.training.tests import factories as training
from conftest import by_hand


def copies(row: Model, wanted: int, **varied: Callable[[int], Any]) -> list[Any]:
    """Store `wanted` copies of `row`; `varied` gives what of the nth copy is its own."""
    kind = type(row)
    values = {field.attname: getattr(row, field.attname) for field in kind._meta.concrete_fields}
    made = [
        kind(**values | {"id": new_id()} | {name: value(number) for name, value in varied.items()})
        for number in range(wanted)
    ]
    return kind._default_manager.bulk_create(made)


class Rows:
    """Each method brings one kind of rows to a count. What they can refer to, they do: to be asked for, or not."""

    def __init__(self, *, engineer: User, approver: User, reader: User, team: Team, folder: Path) -> None:
        self.engineer, self.approver, self.reader = engineer, approver, reader
        self.team, self.folder = team, folder
        self._numbers = count(100)

    @cached_property
    def model(self) -> ModelVersion:
        base = catalog.draft(self.engineer, self.team, name="base")
        given = {"name": "listed", "type": "fine_tuned", "base_model": base}
        return catalog.with_files(self.engineer, self.team, self.folder / "model", **given)

    @cached_property
    def dataset(self) -> DatasetVersion:
        parent = datasets.with_file(self.engineer, self.team, name="parent")
        made = datasets.with_file(self.engineer, self.team, name="listed")
        DatasetVersion.objects.filter(pk=made.pk).update(parent=parent)
        return DatasetVersion.objects.get(pk=made.pk)

    @cached_property
    def prompt(self) -> PromptVersion:
        return prompt_version(self.engineer, self.team, name="listed")

    @cached_property
    def label(self) -> PromptLabel:
        move_label(actor=self.engineer, template=self.prompt.template, name="production", version=1)
        return self.prompt.labels.get()

    @cached_property
    def collection(self) -> Collection:
        return handbook(self.engineer, self.team)

    @cached_property
    def job(self) -> TrainingJob:
        base = training.base_model(self.engineer, self.approver, self.team, self.folder / "base")
        pairs = training.pairs(self.engineer, self.approver, self.team)
        return submit_job(actor=self.engineer, team=self.team, spec=training.sft_spec(pairs, base))

    @cached_property
    def run(self) -> EvaluationRun:
        asked = heldout(self.engineer, self.approver, self.team)
        return start_run(actor=self.engineer, model=self.model, dataset=asked)

    @cached_property
    def sample(self) -> Sample:
        return Sample.objects.create(run=self.run, index=0, prompt="Where is my parcel?")

    @cached_property
    def campaign(self) -> ReviewCampaign:
        return ReviewCampaign.objects.create(
            run=self.run, title="Answers", sample_size=1, owner_team=self.team, created_by=self.engineer
        )

    @cached_property
    def endpoint(self) -> Endpoint:
        served = self.folder / "served"
        given = {"prompt_version": self.prompt, "route_name": "listed"}
        return stored_endpoint(self.engineer, self.approver, self.team, served, **given)

    @cached_property
    def request(self) -> ApprovalRequest:
        datasets.under_review(self.engineer, self.team, name="asked-for")
        return ApprovalRequest.objects.get(subject_label="asked-for 1")

    @cached_property
    def batch(self) -> ApprovalBatch:
        return ApprovalBatch.objects.create(
            owner_team=self.team, transition="approve", reason="All of them", requester=self.engineer
        )

    @cached_property
    def delegation(self) -> Delegation:
        return delegate_approvals(
            actor=self.approver,
            delegate=self.reader,
            team=self.team,
            starts_at=timezone.now(),
            ends_at=timezone.now() + timedelta(days=7),
            reason="Away",
        )

    @cached_property
    def emergency(self) -> EmergencyMove:
        datasets.under_review(self.engineer, self.team, name="urgent")
        asked = ApprovalRequest.objects.get(subject_label="urgent 1")
        return break_glass(
            actor=self.reader,
            subject_kind="datasetversion",
            subject_id=asked.subject_id,
            transition="approve",
            reason="It could not wait until tomorrow.",
        )

    @cached_property
    def policy(self) -> PolicyVersion:
        return save_policy_draft(actor=self.engineer, team=self.team, source=SMALL)

    @cached_property
    def waiver(self) -> Waiver:
        return Waiver.objects.create(
            subject_type=ContentType.objects.get_for_model(PolicyVersion),
            subject_label="every policy version",
            owner_team=self.team,
            policy_key="only-small",
            rule="small",
            expires_at=timezone.now() + timedelta(days=14),
            created_by=self.engineer,
        )

    @cached_property
    def webhook(self) -> WebhookSubscription:
        given = {"name": "listed", "url": "https://hooks.example.com/", "events": ["*"]}
        return create_webhook(actor=self.reader, team=self.team, **given).subscription

    @cached_property
    def budget(self) -> Budget:
        return budget(self.team)

    @cached_property
    def key(self) -> ApiKey:
        return create_api_key(actor=self.reader, name="listed", scopes=["api"]).record

    @cached_property
    def project(self) -> Project:
        return create_project(actor=system_account(), team=self.team, slug="listed", name="Listed")

    @cached_property
    def service_account(self) -> User:
        return create_service_account(actor=system_account(), team=self.team, name="listed")

    @cached_property
    def access_request(self) -> AccessRequest:
        given = {"role": "auditor", "team": self.team.slug}
        return ask_access(actor=self.engineer, kind="role", given=given, reason="For the audit.")

    @cached_property
    def event(self) -> RequestEvent:
        (event,) = shipped(self.folder, {"team_id": self.team.pk, "user_id": self.engineer.pk})
        return event

    def models(self, wanted: int) -> None:
        self._grow(self.model, wanted, version=self._text)

    def datasets(self, wanted: int) -> None:
        self._grow(self.dataset, wanted, version=self._text)

    def templates(self, wanted: int) -> None:
        """Each with one version."""
        made = self._grow(self.prompt.template, wanted, name=self._text)
        copies(self.prompt, len(made), template_id=lambda number: made[number].pk)

    def collections(self, wanted: int) -> None:
        self._grow(self.collection, wanted, name=self._text)

    def documents(self, wanted: int) -> None:
        self._grow(self.collection.documents.latest("id"), wanted, sha256=self._text)

    def jobs(self, wanted: int) -> None:
        """Each with a model that it made."""
        made = copies(self.model, wanted, version=self._text)
        self._grow(self.job, wanted, output_model_id=lambda number: made[number].pk)

    def runs(self, wanted: int) -> None:
        self._grow(self.run, wanted)

    def samples(self, wanted: int) -> None:
        self._grow(self.sample, wanted, index=lambda _: next(self._numbers))

    def campaigns(self, wanted: int) -> None:
        """Each with one task that waits."""
        made = self._grow(self.campaign, wanted)
        ReviewTask.objects.bulk_create(ReviewTask(campaign=campaign, sample=self.sample) for campaign in made)

    def endpoints(self, wanted: int) -> None:
        self._grow(self.endpoint, wanted, route_name=self._text)

    def requests(self, wanted: int) -> None:
        """Approval requests that wait for the reader, each with the approval of somebody else."""
        made = self._grow(self.request, wanted, subject_id=lambda _: new_id())
        given = {"approver": self.approver, "verdict": "approve", "digest": self.request.digest, "at": timezone.now()}
        Approval.objects.bulk_create(Approval(request=request, **given) for request in made)

    def batches(self, wanted: int) -> None:
        self._grow(self.batch, wanted)

    def delegations(self, wanted: int) -> None:
        self._grow(self.delegation, wanted)

    def emergencies(self, wanted: int) -> None:
        self._grow(self.emergency, wanted)

    def access_requests(self, wanted: int) -> None:
        self._grow(self.access_request, wanted)

    def teams(self, wanted: int) -> None:
        """On each the reader has a role."""
        made = self._grow(self.team, wanted, slug=self._text)
        with by_hand():
            Membership.objects.bulk_create(Membership(user=self.reader, team=team, role="viewer") for team in made)

    def projects(self, wanted: int) -> None:
        self._grow(self.project, wanted, slug=self._text)

    def roles(self, wanted: int) -> None:
        made = copies(self.engineer, wanted, username=self._text)
        self._grow(self.engineer.memberships.get(), wanted, user_id=lambda number: made[number].pk)

    def service_accounts(self, wanted: int) -> None:
        account = self.service_account
        copies(account, wanted - User.objects.filter(kind=account.kind).count(), username=self._text)

    def decisions(self, wanted: int) -> None:
        self._grow(Decision.objects.get(pk=self.endpoint.revision.decision_id), wanted)

    def audit_events(self, wanted: int) -> None:
        self._grow(AuditEvent.objects.filter(subject_id=self.model.pk).latest("id"), wanted)

    def policies(self, wanted: int) -> None:
        self._grow(self.policy, wanted, number=lambda _: next(self._numbers))

    def waivers(self, wanted: int) -> None:
        self._grow(self.waiver, wanted)

    def webhooks(self, wanted: int) -> None:
        self._grow(self.webhook, wanted, name=self._text)

    def deliveries(self, wanted: int) -> None:
        """Each of an event of its own."""
        asked = WebhookDelivery.objects.filter(subscription=self.webhook).count()
        first = WebhookDelivery(
            subscription=self.webhook, event_type="modelversion.approve", body="{}", next_attempt_at=timezone.now()
        )
        made = copies(AuditEvent.objects.filter(subject_id=self.model.pk).latest("id"), wanted - asked)
        copies(first, wanted - asked, event_id=lambda number: made[number].pk)

    def notices(self, wanted: int) -> None:
        self._grow(Notice(user=self.reader, kind="approval.reminder", title="It waits"), wanted)

    def budgets(self, wanted: int) -> None:
        self._grow(self.budget, wanted, name=self._text)

    def ledger(self, wanted: int) -> None:
        """Entries of twenty days, and of as many routes and models as there are entries."""
        now, made = timezone.now(), copies(self.model, wanted, version=self._text)
        first = LedgerEntry(owner_team=self.team, kind="inference", at=now, usd=1, quantity={"prompt_tokens": 7})
        self._grow(
            first,
            wanted,
            source_id=lambda _: new_id(),
            at=lambda number: now - timedelta(days=number % 20),
            route=self._text,
            model_version_id=lambda number: made[number].pk,
        )

    def keys(self, wanted: int) -> None:
        self._grow(self.key, wanted, sha256=self._text)

    def events(self, wanted: int) -> None:
        """Calls through the gateway."""
        ids = [new_id() for _ in range(wanted)]
        self._grow(self.event, wanted, id=lambda number: ids[number], at=lambda number: moment_of(ids[number]))

    def of_home(self, wanted: int) -> None:
        for grow in (self.requests, self.jobs, self.runs, self.campaigns, self.endpoints, self.ledger):
            grow(wanted)

    def of_search(self, wanted: int) -> None:
        for grow in (self.models, self.datasets, self.templates, self.jobs, self.endpoints):
            grow(wanted)

    def _grow(self, row: Model, wanted: int, **varied: Callable[[int], Any]) -> list[Any]:
        return copies(row, wanted - type(row)._default_manager.count(), **varied)

    def _text(self, _: int) -> str:
        return f"copy-{next(self._numbers)}"
