"""Asking for access: what can be asked for, who decides, and what the last approval gives."""

from datetime import timedelta

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from apps.accounts import services as accounts
from apps.accounts.errors import PermissionRefusedError
from apps.accounts.models import ApiKey, Membership
from apps.accounts.permissions import Permission, Role
from apps.accounts.selectors import allows
from apps.catalog.models import ModelVersion, ModelVersionGrant
from apps.catalog.tests.factories import draft
from apps.core.errors import NotFoundError
from apps.governance import access, services
from apps.governance.access import AccessKind, Wish
from apps.governance.errors import (
    AccessHeldError,
    AccessWishError,
    NothingToCollectError,
    NotYourRequestError,
    OwnWorkError,
    UnknownAccessKindError,
)
from apps.governance.models import AccessRequest, ApprovalRequest, AuditEvent
from apps.governance.selectors import inbox, visible_access_requests
from apps.governance.states import AccessStatus, RequestStatus
from conftest import make_user, member

pytestmark = pytest.mark.django_db
BASE = "/llm-ops/v1/governance"
ROLE = {"role": "engineer", "team": "voc"}


@pytest.fixture
def newcomer(db):
    return make_user("newcomer")


@pytest.fixture
def model(engineer, team):
    return draft(engineer, team)


@pytest.fixture
def robot(manager, team):
    return accounts.create_service_account(actor=manager, team=team, name="nightly")


def ask(actor, kind="role", given=None, **more):
    return services.ask_access(actor=actor, kind=kind, given=given or ROLE, reason="To help out.", **more)


def approve(approver, wished):
    request = ApprovalRequest.objects.get(subject_id=wished.pk)
    services.approve_request(actor=approver, request=request)
    wished.refresh_from_db()
    return request


class TestRoles:
    def test_are_given_by_the_last_approval_until_when_they_were_asked_for(self, newcomer, approver, team):
        until = timezone.now() + timedelta(days=3)
        wished = ask(newcomer, expires_at=until)
        assert list(inbox(actor=approver).values_list("subject_id", flat=True)) == [wished.pk]
        assert not Membership.objects.filter(user=newcomer).exists()

        approve(approver, wished)

        held = Membership.objects.get(user=newcomer)
        assert (held.role, held.team, held.expires_at, held.given_by) == ("engineer", team, until, approver)
        assert wished.status == AccessStatus.GRANTED
        told = AuditEvent.objects.order_by("pk").values_list("action", flat=True)
        assert list(told) == ["approvalrequest.open", "approvalrequest.approve", "role.given", "accessrequest.grant"]

    def test_on_a_project_are_decided_there(self, newcomer, team, superuser):
        project = accounts.create_project(actor=superuser, team=team, slug="refunds", name="Refunds")
        judge, of_other = make_user("judge"), make_user("of-other")
        other = accounts.create_project(actor=superuser, team=team, slug="parcels", name="Parcels")
        for person, scope in ((judge, project), (of_other, other)):
            accounts.give_role(actor=superuser, user=person, scope=scope, role=Role.APPROVER)
        wished = ask(newcomer, given={**ROLE, "project": "refunds"})

        assert not inbox(actor=of_other).exists()
        with pytest.raises(NotFoundError):
            approve(of_other, wished)
        approve(judge, wished)
        assert Membership.objects.get(user=newcomer).scope == project

    @pytest.mark.parametrize(
        ("given", "field"),
        [
            ({"role": "king", "team": "voc"}, "role"),
            ({"role": "viewer", "team": "없는-팀"}, "team"),
            ({"role": "viewer", "team": "voc", "project": "nothing"}, "project"),
            ({"team": "voc"}, "role"),
            ({"role": ["viewer"], "team": "voc"}, "role"),
        ],
    )
    def test_that_cannot_be_asked_for_name_the_field(self, newcomer, team, given, field):
        with pytest.raises(AccessWishError) as refused:
            ask(newcomer, given=given)

        assert list(refused.value.fields) == [field]
        assert not AccessRequest.objects.exists()

    def test_held_already_are_not_asked_for(self, engineer, team):
        with pytest.raises(AccessHeldError, match="Engineer of Voice of the customer"):
            ask(engineer)
        assert not ApprovalRequest.objects.exists()


class TestDeciding:
    def test_is_for_nobody_who_would_get_it(self, team, superuser):
        judge = member(team, "judge", Role.APPROVER)
        wished = ask(judge)

        for who, refusal in ((judge, OwnWorkError), (superuser, PermissionRefusedError)):
            with pytest.raises(refusal):
                approve(who, wished)
        assert not Membership.objects.filter(user=judge, role=Role.ENGINEER).exists()

    def test_against_it_gives_nothing(self, newcomer, approver, team):
        wished = ask(newcomer)
        request = ApprovalRequest.objects.get()
        services.reject_request(actor=approver, request=request, comment="Not needed")

        wished.refresh_from_db()
        assert wished.status == AccessStatus.CLOSED
        assert not Membership.objects.filter(user=newcomer).exists()

    def test_a_wish_is_taken_back_by_who_had_it(self, newcomer, engineer, approver, team):
        wished = ask(newcomer)
        with pytest.raises(NotYourRequestError):
            services.withdraw_access_request(actor=engineer, request=wished)
        services.withdraw_access_request(actor=newcomer, request=wished)

        wished.refresh_from_db()
        assert (wished.status, ApprovalRequest.objects.get().status) == (AccessStatus.CLOSED, RequestStatus.WITHDRAWN)
        assert not inbox(actor=approver).exists()

    def test_is_not_opened_for_another_once_it_is_closed(self, newcomer, engineer, team, approver):
        wished = ask(newcomer)
        with pytest.raises(NotYourRequestError):
            services.open_request(
                actor=engineer,
                subject=wished,
                transition=access_move(wished),
                reason="Again",
            )
        assert ApprovalRequest.objects.count() == 1

    def test_is_undone_when_what_was_asked_for_cannot_be_given(self, newcomer, approver, engineer, team, model):
        given = {"subject_kind": "modelversion", "subject_id": str(model.pk), "permission": "use"}
        wished = ask(newcomer, "object", given)
        ModelVersion.objects.all().delete()

        with pytest.raises(AccessWishError, match="the object is gone"):
            approve(approver, wished)
        wished.refresh_from_db()
        assert (wished.status, ApprovalRequest.objects.get().status) == (AccessStatus.ASKED, RequestStatus.OPEN)


def access_move(wished):
    from apps.governance.subjects import subject_of  # noqa: PLC0415

    return subject_of(wished).transition("grant")


class TestObjects:
    def test_are_granted_until_when_they_were_asked_for(self, newcomer, approver, model):
        given = {"subject_kind": "modelversion", "subject_id": str(model.pk), "permission": "use"}
        wished = ask(newcomer, "object", given, expires_at=timezone.now() + timedelta(days=1))
        assert str(model) not in wished.wish, "who may not see it learns no name of it"

        approve(approver, wished)

        assert allows(newcomer, Permission.USE, model)
        ModelVersionGrant.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
        assert not allows(newcomer, Permission.READ, model)

    @pytest.mark.parametrize(
        ("wrong", "field"),
        [({"permission": "approve"}, "permission"), ({"subject_id": "x"}, "subject_id")],
    )
    def test_that_cannot_be_asked_for_name_the_field(self, newcomer, model, wrong, field):
        given = {"subject_kind": "modelversion", "subject_id": str(model.pk), "permission": "use"} | wrong
        with pytest.raises(AccessWishError) as refused:
            ask(newcomer, "object", given)
        assert list(refused.value.fields) == [field]

    def test_a_role_gives_already_are_not_asked_for(self, viewer, model):
        given = {"subject_kind": "modelversion", "subject_id": str(model.pk), "permission": "read"}
        with pytest.raises(AccessHeldError):
            ask(viewer, "object", given)


class TestKeys:
    GIVEN = {"service_account": "voc.nightly", "name": "ci", "scopes": ["inference"], "networks": ["10.0.0.0/8"]}

    def test_are_made_once_by_who_asked(self, engineer, viewer, approver, robot):
        wished = ask(engineer, "key", self.GIVEN)
        with pytest.raises(NothingToCollectError, match="none was granted"):
            services.collect_key(actor=engineer, request=wished)
        approve(approver, wished)
        assert not ApiKey.objects.exists(), "nobody is there to be shown it"

        with pytest.raises(NotYourRequestError):
            services.collect_key(actor=viewer, request=wished)
        made = services.collect_key(actor=engineer, request=wished)
        with pytest.raises(NothingToCollectError, match="made already"):
            services.collect_key(actor=engineer, request=wished)

        key = ApiKey.objects.get()
        assert accounts.authenticate_key(made.token, address="10.1.1.1") == key
        assert (key.user, key.scopes, key.networks) == (robot, ["inference"], ["10.0.0.0/8"])

    def test_of_other_teams_accounts_are_not_asked_for(self, outsider, robot):
        with pytest.raises(AccessWishError):
            ask(outsider, "key", self.GIVEN)


class TestKindsFromAbove:
    @pytest.fixture
    def limit(self, monkeypatch, team):
        monkeypatch.setattr(access, "_kinds", dict(access._kinds))
        granted = []
        kind = AccessKind(
            name="allowance",
            title="A higher limit",
            fields={"usd": "US dollars a month."},
            read=lambda actor, given: Wish(words=f"{given['usd']} USD", details=dict(given), team=team),
            grant=lambda actor, request: granted.append((actor, request.details["usd"])),
            may_end=False,
        )
        access.register_access_kind(kind)
        return granted

    def test_are_asked_for_and_granted_alike(self, newcomer, approver, limit):
        approve(approver, ask(newcomer, "allowance", {"usd": "50"}))

        assert limit == [(approver, "50")]

    def test_what_nobody_handed_in_cannot_be_asked_for(self, newcomer, team):
        with pytest.raises(UnknownAccessKindError, match="role, object, key"):
            ask(newcomer, "crown")


WHO_MAY = [
    ("get", "/access-kinds", None, {"stranger": 401, "outsider": 200}),
    ("get", "/access-requests/{id}", None, {"outsider": 404, "viewer": 200, "newcomer": 200, "approver": 200}),
    (
        "post",
        "/access-requests/{id}/withdraw",
        {},
        {"outsider": 404, "viewer": 403, "approver": 403, "superuser": 403, "newcomer": 200},
    ),
    ("post", "/access-requests/{id}/collect", {}, {"outsider": 404, "viewer": 403, "newcomer": 409}),
    (
        "post",
        "/access-requests",
        {"kind": "role", "details": {"role": "auditor", "team": "voc"}, "reason": "For the audit"},
        {"stranger": 401, "outsider": 200, "viewer": 200},
    ),
]
CELLS = [(method, url, body, who, status) for method, url, body, by in WHO_MAY for who, status in by.items()]


@pytest.mark.parametrize(("method", "url", "body", "who", "status"), CELLS)
def test_who_may(request, newcomer, team, *, method, url, body, who, status):
    wished, client = ask(newcomer), APIClient()
    if who != "stranger":
        client.force_authenticate(request.getfixturevalue(who))
    before = (AccessRequest.objects.count(), ApprovalRequest.objects.get().status)

    response = getattr(client, method)(BASE + url.format(id=wished.pk), body, format="json")

    assert response.status_code == status, response.content
    if status >= 400:
        assert (AccessRequest.objects.count(), ApprovalRequest.objects.get().status) == before


class TestSeeing:
    def test_is_for_who_asked_and_for_the_scope(self, newcomer, viewer, outsider, team):
        wished = ask(newcomer)

        for who, seen in ((newcomer, [wished]), (viewer, [wished]), (outsider, [])):
            assert list(visible_access_requests(actor=who)) == seen


class TestPages:
    def test_ask_show_and_take_back(self, client, newcomer, team):
        client.force_login(newcomer)
        given = {"role": "viewer", "team": "voc", "project": "", "expires_at": "", "reason": "To look"}
        wrong = client.post("/governance/access/ask/role", {**given, "team": "none"})
        asked = client.post("/governance/access/ask/role", given)
        wished = AccessRequest.objects.get()

        assert (wrong.status_code, asked.url) == (422, wished.get_absolute_url())
        assert "There is no such team" in wrong.content.decode()
        assert "Viewer of Voice of the customer" in client.get("/governance/access/mine").content.decode()
        assert "Withdraw" in client.get(asked.url).content.decode()
        client.post(f"/governance/access/{wished.pk}/withdraw")
        wished.refresh_from_db()
        assert wished.status == AccessStatus.CLOSED

    def test_show_a_granted_key_once(self, client, engineer, approver, robot):
        wished = ask(engineer, "key", TestKeys.GIVEN)
        approve(approver, wished)
        client.force_login(engineer)

        first, second = (client.post(f"/governance/access/{wished.pk}/collect") for _ in range(2))

        assert (first.status_code, second.status_code) == (200, 422)
        assert "llmo_s_" in first.content.decode()

    def test_of_a_refusal_lead_to_asking_for_that_very_thing(self, client, viewer, model):
        client.force_login(viewer)
        refused = client.post(f"/catalog/models/{model.pk}/delete")

        assert f"subject_id={model.pk}" in refused.content.decode() or refused.status_code == 422
        form = client.get(
            "/governance/access/ask/object",
            {"subject_kind": "modelversion", "subject_id": model.pk, "permission": "edit"},
        )
        assert str(model.pk) in form.content.decode()

    def test_show_a_decided_request_to_an_approver(self, client, newcomer, approver, team):
        request = approve(approver, ask(newcomer))
        client.force_login(approver)

        page = client.get(f"/governance/approvals/{request.pk}/")

        assert page.status_code == 200
        assert "Engineer of Voice of the customer" in page.content.decode()
