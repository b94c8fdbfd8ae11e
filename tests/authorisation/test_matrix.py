"""The authorisation matrix: every address x method x role x own or other team x state of what it is about.

The addresses come from the resolver, what they need from their own declaration, what a role allows from
`ROLE_ALLOWS`: so every cell is decided by data. Each is then tried, and taken back. An address that is added without
a way to ask it fails.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.db.models import Model
from django.test import Client
from rest_framework.test import APIClient

from apps.accounts.models import User
from apps.accounts.permissions import NEVER_BY_SUPERUSER, ROLE_ALLOWS, Permission, Role
from apps.core.doors import NEEDS_NO_ROLE, PUBLIC, any_of
from apps.governance.models import AuditEvent, PolicyVersion
from apps.governance.states import PolicyStatus
from conftest import caller, make_user, member
from llmops_portal.addresses import Address
from llmops_portal.urls import DECLARED
from tests.authorisation.world import API, BODIES, QUERIES, World, nothing, stateful, states_of, value_of
from tests.rows import Rows

PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")
SHUT = {401, 403, 404}
# Who is let in here must also be somebody: the requester, whom it was asked for, who holds the role in its name.
MORE_THAN_A_ROLE = {
    ("post", "governance/approvals/<uuid:request_id>/withdraw"),
    ("post", "governance/approvals/batches/<uuid:batch_id>/withdraw"),
    ("post", "governance/access-requests/<uuid:request_id>/withdraw"),
    ("post", "governance/access-requests/<uuid:request_id>/collect"),
    ("post", "governance/emergencies"),
    ("delete", "governance/delegations/<uuid:delegation_id>"),
    ("delete", "accounts/keys/<uuid:key_id>"),  # MANAGE reaches keys of service accounts
    ("post", "accounts/keys/<uuid:key_id>/rotate"),
    ("patch", "catalog/models/<uuid:model_id>/status"),  # each move has a permission of its own
    ("patch", "catalog/datasets/<uuid:dataset_id>/status"),
    ("post", "accounts/teams"),  # MANAGE on the organisation, which a role on a team is not
    ("get", "governance/audit/consistency"),  # something must be sealed
}
# Webhooks send what the trail says: who manages them must be an auditor too, and to others the list is empty.
OF_AUDITORS = "governance/webhooks"
# Not seen by every member: the trail by who may read it, a key by its owner.
SEEN_BY_PERMISSION = ("governance/audit/", "governance/webhooks/", "accounts/keys/")
# The gateway, a process of its own, asks for what these need: see its tests.
ASKED_BY_THE_GATEWAY = ("serve/<str:route_name>/chat", "proxy/")
# A batch is refused as a whole, with the reasons of its parts.
REFUSED_AS_A_WHOLE = ("governance/approvals/batches",)
# What they do, they do for whoever may do it anywhere: they keep nothing.
OF_NO_TEAM = {
    ("post", "governance/policies/check"),
    ("post", "evaluation/queue/claim"),  # of whatever waits where one reviews
}


@dataclass(frozen=True, slots=True)
class Door:
    """One method of one address."""

    method: str
    address: Address

    @property
    def path(self) -> str:
        return self.address.path.removeprefix(API)

    @property
    def is_api(self) -> bool:
        return self.address.path.startswith(API)

    @property
    def needs(self) -> tuple[str, ...]:
        return any_of(self.address.permissions[self.method])

    @property
    def names_something(self) -> bool:
        return "<" in self.path

    @property
    def needs_more(self) -> bool:
        return (self.method, self.path) in MORE_THAN_A_ROLE or self.path.startswith(OF_AUDITORS)

    @property
    def lists_what_is_seen(self) -> bool:
        return self.method == "get" and self.path.rstrip("/") == OF_AUDITORS

    def __str__(self) -> str:
        return f"{self.method} /{self.address.path}"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and which permissions they have where the object is."""

    name: str
    user: User | None
    holds: frozenset[str]
    is_member: bool

    def where(self, subject: Model | None, state: str) -> "Caller":
        """Return what of the caller counts there: a policy in force binds everybody, and everybody may read it."""
        if self.user is None or not isinstance(subject, PolicyVersion) or state != PolicyStatus.ACTIVE:
            return self
        return replace(self, holds=self.holds | {str(Permission.READ)}, is_member=True)

    def is_let_in(self, door: Door) -> bool:
        if PUBLIC in door.needs:
            return True
        if self.user is None:
            return False
        return bool(NEEDS_NO_ROLE & set(door.needs) or self.holds & set(door.needs))


def doors() -> list[Door]:
    every = [Door(method, address) for address in DECLARED for method in address.permissions]
    return [door for door in every if not door.path.startswith(ASKED_BY_THE_GATEWAY)]


def part_of(door: Door) -> str:
    """Return by which part of the portal doors are tried together: each part makes its world once."""
    first = door.path.split("/")[0] or "home"
    second = door.path.split("/")[1] if first in ("governance", "catalog") else ""
    return f"{'api' if door.is_api else 'pages'} {first} {second}".strip()


DOORS = doors()
PARTS = sorted({part_of(door) for door in DOORS})


@pytest.fixture
def world(unaudited, engineer, approver, team, tmp_path) -> World:
    reader = member(team, "reader", *Role)
    return World(Rows(engineer=engineer, approver=approver, reader=reader, team=team, folder=tmp_path))


@pytest.fixture
def callers(team, outsider, superuser) -> list[Caller]:
    """Nobody, somebody without a team, one member for each role, and those of other teams and of all."""
    of_roles = [
        Caller(str(role), member(team, f"only-{role}", role), frozenset(map(str, ROLE_ALLOWS[role])), True)
        for role in Role
    ]
    everything = frozenset(str(each) for allowed in ROLE_ALLOWS.values() for each in allowed)
    return [
        Caller("nobody", None, frozenset(), False),
        Caller("without a team", make_user("newcomer"), frozenset(), False),
        Caller("other team", outsider, frozenset(), False),
        *of_roles,
        Caller("superuser", superuser, everything - set(map(str, NEVER_BY_SUPERUSER)), True),
    ]


def client_of(who: Caller, door: Door) -> Client:
    if who.user is None:
        return APIClient() if door.is_api else Client()
    if door.is_api:
        return caller(who.user)
    client = Client()
    client.force_login(who.user)
    return client


def sent_to(door: Door, world: World) -> dict[str, Any]:
    """Return what whoever may would send."""
    if door.method == "get":
        return QUERIES.get(door.path, nothing)(world)
    if not door.is_api:
        return {"reason": "Because the matrix asks.", "comment": "Read."}
    if door.path.endswith("/upload") or door.method == "delete":
        return {}
    return BODIES[door.method, door.path](world)


def asked(client: Client, door: Door, address: str, sent: dict[str, Any]) -> Any:
    if door.path.endswith("/upload") and door.is_api:
        file = SimpleUploadedFile("files", b'{"prompt": "Where?", "completion": "Here."}\n')
        return client.post(address, {"files": file}, format="multipart")
    if door.method == "get" or not door.is_api:
        return getattr(client, door.method)(address, sent)
    return getattr(client, door.method)(address, sent, format="json")


def changes() -> int:
    """Return how many changes are in the trail; that somebody read is in it too, and is no change."""
    return AuditEvent.objects.exclude(action__contains=".read_").count()


def faults(door: Door, world: World, callers: list[Caller]) -> Iterator[str]:
    """Try the cells of one door; yield what is wrong with each that does not answer as its data say."""
    address = "/" + PARAMETER.sub(lambda part: str(value_of(world, door.address.path, part[1])), door.address.path)
    subject, sent = stateful(world, door.address.path), sent_to(door, world)
    for who in callers:
        client = client_of(who, door)
        found: dict[str, int] = {}
        for state in states_of(subject):
            with transaction.atomic():
                if subject is not None:
                    type(subject)._default_manager.filter(pk=subject.pk).update(status=state)
                before = changes()
                answer = asked(client, door, address, sent)
                if answer.streaming:
                    list(answer)
                found[state] = answer.status_code
                written = changes() - before
                transaction.set_rollback(True)
            if why := fault(door, who.where(subject, state), answer.status_code, written):
                yield f"{door} as {who.name}{f' ({state})' if state else ''}: {why}"
        if why := too_vague(door, who, found):
            yield f"{door} as {who.name}: {why}"


def fault(door: Door, who: Caller, status: int, written: int) -> str:
    """Return what is wrong with an answer; "" for nothing."""
    if status == 405 and not door.is_api:
        return "405 for a method that the page declares"
    if status >= 500:
        return f"{status}, which is a bug"
    if who.user is None:
        wanted = 401 if door.is_api else 302
        return "" if PUBLIC in door.needs or status == wanted else f"{status} for a stranger"
    if who.is_let_in(door):
        if NEEDS_NO_ROLE & set(door.needs) or door.needs_more:
            return ""
        return f"{status}, though the role allows it" if status in SHUT and door.is_api else ""
    if written:
        return f"{status}, and {written} events: something was done"
    if not who.is_member and door.names_something:
        return "" if status == 404 else f"{status} where 404 tells nothing"
    if not who.is_member and (door.method == "get" or (door.method, door.path) in OF_NO_TEAM):
        return ""  # a list of nothing, a form that offers nothing
    if status < 400 and not door.lists_what_is_seen and (door.is_api or door.method == "get"):
        return f"{status}, though the role does not allow it"
    return ""


def too_vague(door: Door, who: Caller, found: dict[str, int]) -> str:
    """Return what is wrong when a member is refused: by permission, unless no state lets anybody do it."""
    if not door.is_api or not who.is_member or who.is_let_in(door) or door.lists_what_is_seen:
        return ""
    if door.path.startswith(REFUSED_AS_A_WHOLE):
        return ""
    wanted = {403, 404} if door.path.startswith(SEEN_BY_PERMISSION) else {403}
    return "" if wanted & set(found.values()) else f"{found}, and no 403, though the role does not allow it"


@pytest.mark.django_db
@pytest.mark.parametrize("part", PARTS)
def test_every_cell_answers_as_roles_and_declarations_say(part, world, callers):
    found = [why for door in DOORS if part_of(door) == part for why in faults(door, world, callers)]

    assert not found, "\n".join(["", *found])


def test_every_door_of_the_api_that_writes_has_a_body():
    writing = {(door.method, door.path) for door in DOORS if door.is_api and door.method not in ("get", "delete")}

    assert writing == BODIES.keys()
    assert len(DOORS) > 300
