"""Whatever people do, in whatever order: nobody decides on what they had a part in. Being superuser does not help.

A state machine (hypothesis) acts as four people, one of them superuser, who gain and lose roles, register, edit,
upload, train, submit, write policies, stand in for each other, approve, reject and break the glass. It keeps its own
books of who had a part in what, knowing nothing of how the portal finds out.
"""

from collections import Counter, defaultdict
from datetime import timedelta
from pathlib import Path
from tempfile import mkdtemp

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from apps.accounts.models import Membership, Organisation, Team
from apps.accounts.permissions import Role
from apps.accounts.services import give_role, system_account, take_role
from apps.catalog import services as catalog
from apps.catalog.models import ModelVersion
from apps.catalog.tests import factories
from apps.core.errors import DomainError
from apps.datasets.tests.factories import draft as dataset_draft
from apps.governance import services
from apps.governance.models import Approval, ApprovalRequest, EmergencyMove
from apps.governance.states import EmergencyVerdict, PolicyStatus, RequestStatus, Verdict
from apps.training.models import TrainingJob
from conftest import by_hand, hold, make_user

RULES = """
id: {key}
title: A model has a name
scope: {{kinds: [modelversion], transitions: [approve]}}
rules:
  - {{id: named, expression: subject.name != "", message: It has no name.}}
mode: enforce
tests:
  - {{name: named, facts: {{subject: {{name: a}}}}, denies: []}}
  - {{name: not named, facts: {{subject: {{name: ""}}}}, denies: [named]}}
"""
ROLES = st.sampled_from([Role.ENGINEER, Role.APPROVER, Role.RISK_OFFICER, Role.MANAGER, Role.BREAK_GLASS])
PEOPLE = st.integers(0, 3)
ROUNDS_MOST = 5


class People(RuleBasedStateMachine):
    models = Bundle("models")
    seen: Counter[str] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.outer = transaction.atomic()
        self.outer.__enter__()
        self.team = Team.objects.create(
            organisation=Organisation.objects.create(slug="sod", name="SoD"), slug="sod", name="SoD"
        )
        self.people = [make_user(f"person-{number}") for number in range(4)]
        self.people[3].is_superuser = True
        self.people[3].save()
        # All but the superuser begin with both, so that there is much that they could do.
        for person in self.people[:3]:
            hold(person, self.team, Role.ENGINEER, Role.APPROVER)
        self.portal = system_account()
        self.everybody_did: dict[object, set[object]] = defaultdict(set)  # by model: who had a part in it
        self.authors: set[object] = set()  # of policies in force about models
        self.folder, self.made = Path(mkdtemp()), 0

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.outer.__exit__(None, None, None)

    def attempt(self, act) -> bool:
        """Do something; a refusal undoes it. Returns whether it was done."""
        try:
            with transaction.atomic():
                act()
        except DomainError as error:
            self.seen[type(error).__name__] += 1
            return False
        return True

    # --- roles ----------------------------------------------------------------------------------------------------

    @rule(who=PEOPLE, role=ROLES)
    def gains_a_role(self, who, role):
        give_role(actor=self.portal, user=self.people[who], scope=self.team, role=role)

    @rule(who=PEOPLE, role=ROLES)
    def loses_a_role(self, who, role):
        held = Membership.objects.filter(user=self.people[who], team=self.team, role=role).first()
        if held is not None:
            self.attempt(lambda: take_role(actor=self.portal, membership=held))

    @rule(who=PEOPLE, other=PEOPLE)
    def lets_somebody_stand_in(self, who, other):
        now = timezone.now()
        self.attempt(
            lambda: services.delegate_approvals(
                actor=self.people[who],
                delegate=self.people[other],
                team=self.team,
                starts_at=now,
                ends_at=now + timedelta(days=1),
                reason="Away",
            )
        )

    # --- what becomes of a model -----------------------------------------------------------------------------------

    @rule(target=models, who=PEOPLE, asks=st.none() | PEOPLE)
    def registers(self, who, asks):
        self.made += 1
        actor = self.people[who]
        give_role(actor=self.portal, user=actor, scope=self.team, role=Role.ENGINEER)
        draft = factories.draft(actor, self.team, name=f"model-{self.made}")
        files = factories.files_in(self.folder / str(self.made), config__json=factories.CONFIG)
        catalog.add_model_files(actor=actor, model=draft, files=files)
        model = ModelVersion.objects.get(name=f"model-{self.made}")
        self.everybody_did[model.pk].add(actor.pk)
        if asks is not None:
            self.submits(asks, model.pk)
        return model.pk

    @rule(who=PEOPLE, pk=models)
    def edits(self, who, pk):
        self.made += 1
        model, actor = ModelVersion.objects.get(pk=pk), self.people[who]
        changes = {"license": f"Licence-{self.made}"}
        if self.attempt(lambda: catalog.edit_model(actor=actor, model=model, changes=changes)):
            self.everybody_did[pk].add(actor.pk)

    @rule(who=PEOPLE, pk=models)
    def uploads(self, who, pk):
        self.made += 1
        model, actor = ModelVersion.objects.get(pk=pk), self.people[who]
        files = factories.files_in(self.folder / str(self.made), generation_config__json={"number": self.made})
        if self.attempt(lambda: catalog.add_model_files(actor=actor, model=model, files=files)):
            self.everybody_did[pk].add(actor.pk)

    @rule(who=PEOPLE, pk=models)
    def trained_it(self, who, pk):
        model, actor = ModelVersion.objects.get(pk=pk), self.people[who]
        if model.status != "draft" or TrainingJob.objects.filter(output_model=model).exists():
            return
        with by_hand():
            give_role(actor=self.portal, user=actor, scope=self.team, role=Role.ENGINEER)
            TrainingJob.objects.create(
                owner_team=self.team,
                job_type="SFT",
                spec={"method": "full", "hyperparams": {}, "output": {"artifact_name": "tuned"}},
                spec_digest="sha256:0",
                dataset=dataset_draft(actor, self.team, name=f"data-{self.made}-{pk.hex[-8:]}"),
                output_model=model,
                created_by=actor,
                next_look_at=None,
            )
        self.everybody_did[pk].add(actor.pk)

    @rule(who=PEOPLE, pk=models)
    def asks_for_it(self, who, pk):
        self.submits(who, pk)

    def submits(self, who, pk):
        model, actor = ModelVersion.objects.get(pk=pk), self.people[who]
        self.attempt(lambda: catalog.submit_model(actor=actor, model=model, reason="Ready"))

    # --- rules ------------------------------------------------------------------------------------------------------

    @rule(who=PEOPLE)
    def writes_a_policy(self, who):
        """It is put in force by the hand of the database: whose approval it needed is not what is looked at here."""
        self.made += 1
        actor = self.people[who]
        give_role(actor=self.portal, user=actor, scope=self.team, role=Role.ENGINEER)
        source = RULES.format(key=f"rule-{self.made}")
        version = services.save_policy_draft(actor=actor, team=self.team, source=source)
        with by_hand():
            type(version).objects.filter(pk=version.pk).update(status=PolicyStatus.ACTIVE)
        self.authors.add(actor.pk)

    # --- verdicts ---------------------------------------------------------------------------------------------------

    @rule(who=PEOPLE, pk=models)
    def approves(self, who, pk):
        self.decides(who, pk, services.approve_request)

    @rule(pk=models)
    def is_approved_by_somebody_who_had_no_part(self, pk):
        """Such a person can: the rule keeps out whom it should, and nobody else."""
        request = ApprovalRequest.objects.filter(subject_id=pk, status=RequestStatus.OPEN).first()
        free = [person for person in self.people if request and person.pk not in self.parts(pk, request)]
        if free:
            give_role(actor=self.portal, user=free[0], scope=self.team, role=Role.APPROVER)
            assert self.attempt(lambda: services.approve_request(actor=free[0], request=request))
            self.seen["approve_request"] += 1

    @rule(who=PEOPLE, pk=models)
    def rejects(self, who, pk):
        self.decides(who, pk, services.reject_request)

    def decides(self, who, pk, verdict):
        request = ApprovalRequest.objects.filter(subject_id=pk, status=RequestStatus.OPEN).first()
        if request is None:
            return
        actor = self.people[who]
        decided = self.attempt(lambda: verdict(actor=actor, request=request, comment="Looked at"))
        if decided:
            self.seen[verdict.__name__] += 1
            assert actor.pk not in self.parts(pk, request)
            given = Approval.objects.filter(request=request).order_by("-pk").first()
            assert given.approver == actor
            assert given.principal.pk not in self.parts(pk, request)
            assert Membership.objects.filter(
                user=given.principal, team=self.team, role__in=[Role.APPROVER, Role.RISK_OFFICER]
            ).exists()

    @rule(who=PEOPLE, pk=models)
    def breaks_the_glass(self, who, pk):
        actor = self.people[who]
        broke = self.attempt(
            lambda: services.break_glass(
                actor=actor, subject_kind="modelversion", subject_id=pk, transition="approve", reason="It burns down."
            )
        )
        assert not broke or Membership.objects.filter(user=actor, team=self.team, role=Role.BREAK_GLASS).exists()

    @rule(who=PEOPLE)
    def reviews_an_emergency(self, who):
        emergency = EmergencyMove.objects.filter(reviewed_at__isnull=True).first()
        if emergency is None:
            return
        actor = self.people[who]
        reviewed = self.attempt(
            lambda: services.review_emergency(
                actor=actor, emergency=emergency, verdict=EmergencyVerdict.JUSTIFIED, comment="It did"
            )
        )
        if reviewed:
            assert actor.pk not in {emergency.actor_id, *self.everybody_did[emergency.subject_id]}

    def parts(self, pk, request):
        return {*self.everybody_did[pk], *self.authors, request.requester_id}

    @invariant()
    def nothing_is_approved_without_somebody_who_had_no_part(self):
        for model in ModelVersion.objects.filter(status="approved"):
            if EmergencyMove.objects.filter(subject_id=model.pk).exists():
                continue
            request = ApprovalRequest.objects.filter(subject_id=model.pk, status=RequestStatus.EXECUTED).latest("pk")
            approvers = request.approvals.filter(verdict=Verdict.APPROVE, voided_at__isnull=True)
            # Who wrote a policy afterwards had no part when it was decided; everybody else had theirs before.
            had_a_part = {*self.everybody_did[model.pk], request.requester_id}
            assert {approval.principal.pk for approval in approvers} - had_a_part


@pytest.mark.django_db
@pytest.mark.slow
def test_nobody_decides_on_what_they_had_a_part_in():
    for _ in range(ROUNDS_MOST):  # one in some dozen rounds happens to approve nothing
        run_state_machine_as_test(
            People,
            settings=settings(
                max_examples=30, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
            ),
        )
        if People.seen["approve_request"] and People.seen["OwnWorkError"]:
            break
    # It tried something: verdicts were given, and own work was refused.
    assert People.seen["approve_request"], People.seen
    assert People.seen["OwnWorkError"]
