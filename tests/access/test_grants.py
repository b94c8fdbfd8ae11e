"""Grants on single objects: what they add, what denials take away, and what the page says of both."""

from datetime import timedelta

import pytest
from django.utils import timezone

from apps.accounts import services
from apps.accounts.access import access_to
from apps.accounts.errors import ExpiryPastError, NotGrantableError, OwnDenialError, PermissionRefusedError
from apps.accounts.models import ObjectGrant
from apps.accounts.permissions import GRANTABLE, Permission, Role
from apps.accounts.selectors import allows, require, visible_to
from apps.catalog.models import ModelVersion, ModelVersionGrant
from apps.catalog.tests.factories import draft
from apps.core.errors import NotFoundError
from apps.governance.models import AuditEvent
from conftest import make_user, member

pytestmark = pytest.mark.django_db
DENY = ObjectGrant.Effect.DENY


@pytest.fixture
def model(engineer, team):
    return draft(engineer, team)


@pytest.fixture
def guest(db):
    return make_user("guest")


@pytest.fixture
def grant(manager, model):
    def granted(user, permission, effect="allow", **more):
        return services.grant_access(
            actor=manager, user=user, permission=permission, subject=model, effect=effect, **more
        )

    return granted


def may(person, subject):
    return {permission for permission in Permission if allows(person, permission, subject)}


class TestGrants:
    def test_whoever_may_use_it_may_see_it(self, guest, model, grant):
        grant(guest, Permission.USE)

        assert may(guest, model) == {Permission.READ, Permission.USE}

    def test_end_by_themselves(self, guest, model, grant):
        given = grant(guest, Permission.READ, expires_at=timezone.now() + timedelta(hours=1))
        assert may(guest, model) == {Permission.READ}

        ModelVersionGrant.objects.filter(pk=given.pk).update(expires_at=timezone.now() - timedelta(seconds=1))

        assert may(guest, model) == set()
        with pytest.raises(ExpiryPastError):
            grant(guest, Permission.READ, expires_at=timezone.now())

    @pytest.mark.parametrize("permission", [each for each in Permission if each not in GRANTABLE])
    def test_make_nobody_a_judge(self, guest, model, grant, permission):
        with pytest.raises(NotGrantableError, match="follows from a role alone"):
            grant(guest, permission)
        assert not ModelVersionGrant.objects.exists()

    def test_are_revoked_and_told(self, manager, guest, model, grant):
        given = grant(guest, Permission.READ)
        services.revoke_grant(actor=manager, grant=given, reason="Done")
        services.revoke_grant(actor=manager, grant=given)

        assert may(guest, model) == set()
        told = AuditEvent.objects.filter(action__startswith="access.").order_by("pk")
        assert [(event.action, event.reason) for event in told] == [("access.granted", ""), ("access.revoked", "Done")]

    def test_are_made_by_who_manages_the_object(self, engineer, outsider, guest, model):
        for who, refusal in ((engineer, PermissionRefusedError), (outsider, NotFoundError)):
            with pytest.raises(refusal):
                services.grant_access(actor=who, user=guest, permission=Permission.READ, subject=model)
        assert not ModelVersionGrant.objects.exists()


class TestDenials:
    @pytest.mark.parametrize("permission", list(Permission))
    def test_beat_roles_grants_and_superusers(self, team, superuser, model, grant, permission):
        everything = member(team, "everything", *Role)
        for person in (everything, superuser):
            grant(person, permission, DENY)
            left = may(person, model)

            assert permission not in left
            # Whoever may not see it may do nothing to it; other permissions stay.
            assert (left == set()) == (permission == Permission.READ)

    def test_of_use_leave_a_grant_of_reading(self, guest, model, grant):
        grant(guest, Permission.READ)
        grant(guest, Permission.USE, DENY)

        assert may(guest, model) == {Permission.READ}

    def test_of_seeing_beat_a_grant_of_using_in_lists_too(self, guest, model, grant):
        grant(guest, Permission.USE)
        grant(guest, Permission.READ, DENY)

        assert may(guest, model) == set()
        for permission in Permission:
            assert not visible_to(guest, ModelVersion.objects.all(), permission).exists()
        with pytest.raises(NotFoundError):
            require(guest, Permission.USE, model)

    def test_are_not_lifted_by_whom_they_bind(self, manager, team, superuser, model):
        second = member(team, "second", Role.MANAGER)
        given = {"permission": Permission.USE, "subject": model}
        denial = services.grant_access(actor=second, user=manager, effect=DENY, **given)

        with pytest.raises(OwnDenialError):
            services.revoke_grant(actor=manager, grant=denial)
        with pytest.raises(OwnDenialError):
            services.grant_access(actor=manager, user=manager, **given)
        services.revoke_grant(actor=second, grant=denial)
        assert allows(manager, Permission.USE, model)


class TestAccessTo:
    def test_names_everybody_with_every_reason(self, engineer, viewer, guest, model, grant, organisation, superuser):
        auditor = make_user("auditor")
        services.give_role(actor=superuser, user=auditor, scope=organisation, role=Role.AUDITOR)
        grant(guest, Permission.USE)
        grant(viewer, Permission.READ, DENY)

        shown = {access.user.username: access for access in access_to(model)}

        assert [reason.words for reason in shown["viewer"].reasons] == [
            "viewer of Voice of the customer",
            "denied read by manager",
        ]
        assert shown["auditor"].reasons[0].words == "auditor of Haneul"
        assert shown["guest"].permissions == [Permission.READ, Permission.USE]

    def test_says_what_is_true(self, team, organisation, superuser, model, grant, guest, viewer, engineer):
        both = member(team, "both", Role.ENGINEER, Role.APPROVER)
        grant(both, Permission.EDIT, DENY)
        grant(guest, Permission.MANAGE)
        grant(viewer, Permission.USE)
        grant(superuser, Permission.EDIT, DENY)

        for access in access_to(model):
            assert set(access.permissions) == may(access.user, model), access.user
