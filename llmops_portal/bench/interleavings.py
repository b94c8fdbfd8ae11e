"""A campaign against the approvals: people who act at the same moment, thousands of times, and an oracle that watches.

Each interleaving is a policy version under review whose move needs two approvals, and a handful of people who approve,
reject, edit, withdraw, execute and lose their roles at once, each on a connection of their own. The oracle is not ours
to fool: it is a trigger that the database runs when a transaction commits, and that counts by itself, in SQL.
"""

import contextlib
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from unittest import mock
from uuid import uuid4

from django.db import IntegrityError, OperationalError, connection, transaction
from django.db.models import QuerySet

from apps.accounts.models import Membership, Organisation, Team, User
from apps.accounts.permissions import Role
from apps.accounts.services import give_role, system_account, take_role
from apps.core.canonical import digest_of
from apps.core.errors import DomainError
from apps.governance import services
from apps.governance.models import ApprovalRequest, AuditEvent, PolicyVersion
from apps.governance.states import RETIRE_POLICY, PolicyStatus, RequestStatus
from llmops_portal.bench.databases import empty_database
from llmops_portal.bench.figures import Figure

INTERLEAVINGS = 10_000
AT_ONCE = 4  # interleavings that run side by side, each with its own people
NEEDED = 2
PAUSE_S = 0.002

ORACLE = """
CREATE TABLE IF NOT EXISTS campaign_violation (request_id uuid, current_approvals int);
CREATE OR REPLACE FUNCTION campaign_count_approvals() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE current_approvals int;
BEGIN
    SELECT count(DISTINCT given.approver_id) INTO current_approvals
    FROM governance_approval given
    JOIN governance_policyversion subject ON subject.id = NEW.subject_id
    JOIN accounts_user person ON person.id = given.approver_id AND person.is_active
    WHERE given.request_id = NEW.id AND given.verdict = 'approve' AND given.voided_at IS NULL
      AND given.digest = 'sha256:' || encode(sha256(convert_to(
          '{"document_digest":"' || subject.digest || '","number":' || subject.number || ',"policy":"'
          || (SELECT key FROM governance_policy WHERE id = subject.policy_id) || '"}', 'UTF8')), 'hex')
      AND EXISTS (SELECT 1 FROM accounts_membership held WHERE held.user_id = person.id
                  AND held.team_id = NEW.owner_team_id AND held.role IN ('approver', 'risk_officer'));
    IF current_approvals < %(needed)s THEN
        INSERT INTO campaign_violation VALUES (NEW.id, current_approvals);
    END IF;
    RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS campaign_oracle ON governance_approvalrequest;
CREATE CONSTRAINT TRIGGER campaign_oracle AFTER UPDATE OF status ON governance_approvalrequest
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.status = 'executed')
    EXECUTE FUNCTION campaign_count_approvals();
"""
REMOVE_ORACLE = """
DROP TRIGGER campaign_oracle ON governance_approvalrequest;
DROP FUNCTION campaign_count_approvals;
DROP TABLE campaign_violation;
"""
RULES = f"""
id: NAME
title: Two people put a policy in force
scope: {{kinds: [policyversion], transitions: [approve]}}
rules:
  - {{id: numbered, expression: int(subject.number) > 0, message: It has no number.}}
approvals: {{count: {NEEDED}}}
mode: enforce
tests:
  - {{name: numbered, facts: {{subject: {{number: 1}}}}, denies: []}}
  - {{name: not numbered, facts: {{subject: {{number: 0}}}}, denies: [numbered]}}
"""

# What is asked for decides on nothing that the campaign does, and replaces what was asked for before: however many
# interleavings there are, each decision asks one policy.
SUBJECT = """
id: NAME
title: A dataset has rows
scope: {kinds: [datasetversion], transitions: [approve]}
rules:
  - {id: asked, expression: transition == "approve", message: It is not to be approved.}
mode: enforce
tests:
  - {name: asked, facts: {transition: approve}, denies: []}
  - {name: not asked, facts: {transition: retire}, denies: [asked]}
"""


@dataclass(slots=True)
class Findings:
    """What a campaign saw.

    Attributes:
        unapproved: executions that did not have their approvals when they committed.
        lost: requests left open though all their approvals are there and count.
        doubled: objects that were moved more than once.
        caught: writes that only a constraint of the database kept out; with locks nobody gets that far.
        outcomes: how often each kind of end was reached, so that a campaign that tries nothing is seen as such.
    """

    interleavings: int = 0
    unapproved: int = 0
    lost: int = 0
    doubled: int = 0
    caught: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)

    @property
    def violations(self) -> int:
        return self.unapproved + self.lost + self.doubled


class Campaign:
    """Teams of people who act against each other. Use it in a `with`; it leaves its rows, not its trigger, behind."""

    def __init__(self, *, seed: int, at_once: int = AT_ONCE) -> None:
        self._random = random.Random(seed)  # noqa: S311  # chooses who acts, guards nothing
        organisation, _ = Organisation.objects.get_or_create(slug="campaign", defaults={"name": "Campaign"})
        self._crews = [Crew(organisation, f"{uuid4().hex[:8]}") for _ in range(at_once)]
        self.findings = Findings()

    def __enter__(self) -> "Campaign":
        self._rules = self._crews[0].request(RULES, "campaign")
        services.approve_request(actor=self._crews[0].approvers[0], request=self._rules)
        with connection.cursor() as cursor:
            cursor.execute(ORACLE % {"needed": NEEDED})
        return self

    def __exit__(self, *_: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute(REMOVE_ORACLE)
        services.apply_transition(
            actor=self._crews[0].approvers[0],
            subject=self._rules.subject(),
            transition=RETIRE_POLICY,
            reason="The campaign is over.",
        )

    def run(self, interleavings: int, *, until_found: bool = False) -> Findings:
        """Run so many interleavings, or until a violation is found."""
        seeds = [self._random.random() for _ in range(interleavings)]
        rounds = [seeds[start : start + len(self._crews)] for start in range(0, len(seeds), len(self._crews))]
        with ThreadPoolExecutor(len(self._crews)) as pool:
            for chosen in rounds:
                list(pool.map(_interleave, self._crews, chosen, [self.findings] * len(chosen)))
                self.findings.interleavings += len(chosen)
                if until_found:
                    self._count_unapproved()
                    if self.findings.violations:
                        break
        self._count_unapproved()
        return self.findings

    def _count_unapproved(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM campaign_violation")
            self.findings.unapproved = cursor.fetchone()[0]


class Crew:
    """One team: an engineer who writes and asks, a manager, three approvers."""

    def __init__(self, organisation: Organisation, name: str) -> None:
        self.team = Team.objects.create(organisation=organisation, slug=name, name=name)
        self.engineer = self._member("engineer", Role.ENGINEER)
        self.manager = self._member("manager", Role.MANAGER)
        self.approvers = [self._member(f"approver-{number}", Role.APPROVER) for number in range(3)]

    def _member(self, name: str, role: Role) -> User:
        user = User.objects.create(username=f"{self.team.slug}-{name}")
        give_role(actor=system_account(), user=user, scope=self.team, role=role)
        return user

    def restore(self) -> None:
        """Give everybody back the roles that an interleaving took."""
        for approver in self.approvers:
            give_role(actor=system_account(), user=approver, scope=self.team, role=Role.APPROVER)

    def request(self, source: str = SUBJECT, name: str = "asked-for") -> ApprovalRequest:
        """Have the engineer write a policy and ask that it be put in force."""
        version = services.save_policy_draft(
            actor=self.engineer, team=self.team, source=source.replace("NAME", f"{name}-{self.team.slug}")
        )
        services.replay_policy(actor=self.engineer, version=version, last=1)
        return services.submit_policy(actor=self.engineer, version=version, reason="Campaign")


@contextlib.contextmanager
def without_locks() -> Iterator[None]:
    """Take every row lock away, and give what happens between two lines the time to happen."""
    from apps.governance.services import tallies, verdicts  # noqa: PLC0415  # what is patched, where it is patched

    def unlocked(rows: QuerySet[Any], *_: object, **__: object) -> QuerySet[Any]:
        return rows.all()

    counted = tallies.tally_of

    def slowly(*args: Any) -> tallies.Tally:
        tally = counted(*args)
        time.sleep(PAUSE_S)
        return tally

    with mock.patch.object(QuerySet, "select_for_update", unlocked), mock.patch.object(verdicts, "tally_of", slowly):
        yield


def measure() -> list[Figure]:
    """Return how many interleavings ran, and what they found, beside the same campaign without locks."""
    with empty_database():
        with Campaign(seed=1) as campaign:
            found = campaign.run(INTERLEAVINGS)
        with Campaign(seed=1) as campaign, without_locks():
            unlocked = campaign.run(INTERLEAVINGS, until_found=True)
    return [
        Figure(
            name="interleavings",
            value=found.interleavings,
            baseline_name="without locks, until the first violation",
            baseline=unlocked.interleavings,
        ),
        Figure(
            name="unapproved_executions",
            value=found.unapproved + found.doubled,
            baseline_name="violations without locks",
            baseline=unlocked.violations,
        ),
        Figure(
            name="lost_approvals",
            value=found.lost,
            baseline_name="violations without locks",
            baseline=unlocked.violations,
        ),
    ]


def _interleave(crew: Crew, seed: float, findings: Findings) -> None:
    chance = random.Random(seed)  # noqa: S311  # as above
    try:
        request = crew.request()
        acts = [_act(name, crew, request, chance) for name in chance.choices(list(ACTS), weights=WEIGHTS, k=5)]
        barrier = threading.Barrier(len(acts))
        threads = [
            threading.Thread(target=_run, args=(act, barrier, chance.random() * PAUSE_S, findings)) for act in acts
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        _judge(request, findings)
        crew.restore()
    finally:
        connection.close()


def _run(act: Callable[[], object], barrier: threading.Barrier, delay_s: float, findings: Findings) -> None:
    try:
        barrier.wait()
        time.sleep(delay_s)
        act()
    except (DomainError, OperationalError):  # refused, or chosen by the database to break a deadlock: nothing was done
        return
    except IntegrityError:
        findings.caught += 1
    finally:
        connection.close()


def _judge(request: ApprovalRequest, findings: Findings) -> None:
    request.refresh_from_db()
    subject = PolicyVersion.objects.get(pk=request.subject_id)
    findings.outcomes[f"{request.status}, {subject.status}"] += 1
    moves = AuditEvent.objects.filter(subject_id=subject.pk, action="policyversion.approve").count()
    if moves > 1 or (moves == 1) != (request.status == RequestStatus.EXECUTED):
        findings.doubled += 1
    tally = services.tally_about(request)
    if request.is_open and request.requirements and tally.is_met and tally.counted:
        findings.lost += 1


def _approve(crew: Crew, request: ApprovalRequest, chance: random.Random) -> Callable[[], object]:
    approver = chance.choice(crew.approvers)
    return lambda: services.approve_request(actor=approver, request=request)


def _reject(crew: Crew, request: ApprovalRequest, chance: random.Random) -> Callable[[], object]:
    approver = chance.choice(crew.approvers)
    return lambda: services.reject_request(actor=approver, request=request, comment="No")


def _edit(crew: Crew, request: ApprovalRequest, chance: random.Random) -> Callable[[], object]:
    digest = digest_of(chance.random())

    def edit() -> None:
        with transaction.atomic():
            locked = PolicyVersion.objects.select_for_update().get(pk=request.subject_id)
            if locked.status == PolicyStatus.UNDER_REVIEW:
                locked.digest = digest
                locked.save(update_fields=["digest"])
                services.record_event(actor=crew.engineer, action="policyversion.edit", subject=locked)
                services.subject_edited(actor=crew.engineer, subject=locked)

    return edit


def _withdraw(crew: Crew, request: ApprovalRequest, _: random.Random) -> Callable[[], object]:
    return lambda: services.withdraw_request(actor=crew.engineer, request=request)


def _execute(crew: Crew, request: ApprovalRequest, _: random.Random) -> Callable[[], object]:
    return lambda: services.execute_request(actor=crew.engineer, request=request)


def _lose_role(crew: Crew, _: ApprovalRequest, chance: random.Random) -> Callable[[], object]:
    approver = chance.choice(crew.approvers)

    def lose() -> None:
        held = Membership.objects.filter(user=approver, team=crew.team, role=Role.APPROVER).first()
        if held is not None:
            take_role(actor=crew.manager, membership=held)

    return lose


ACTS = {
    "approve": _approve,
    "reject": _reject,
    "edit": _edit,
    "withdraw": _withdraw,
    "execute": _execute,
    "lose a role": _lose_role,
}
WEIGHTS = (12, 1, 2, 1, 2, 3)


def _act(name: str, crew: Crew, request: ApprovalRequest, chance: random.Random) -> Callable[[], object]:
    return ACTS[name](crew, request, chance)
