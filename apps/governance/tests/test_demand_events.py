"""Whoever changes a governed row without an audit event about it, by whatever way, changes nothing."""

import psycopg
import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from apps.accounts.models import Membership
from apps.accounts.permissions import Role
from apps.accounts.services import give_role
from apps.governance import append_only
from apps.governance.models import ApprovalRequest, PolicyVersion
from apps.governance.services import record_event
from apps.governance.subjects import all_subjects
from apps.governance.tests.conftest import APPLICATION_ROLE


@pytest.mark.django_db
def test_every_governed_table_demands_events():
    with connection.cursor() as cursor:
        cursor.execute("SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname LIKE '%%_demands_event'")
        guarded = {table for (table,) in cursor.fetchall()}

    assert {subject.model._meta.db_table for subject in all_subjects()} <= guarded


@pytest.mark.django_db(transaction=True)
class TestChange:
    @pytest.mark.parametrize(
        "change",
        [
            lambda draft: draft.save(),
            lambda draft: PolicyVersion.objects.filter(pk=draft.pk).update(status="active"),
            lambda draft: PolicyVersion.objects.bulk_update([draft], ["status"]),
            lambda draft: draft.delete(),
            lambda draft: connection.cursor().execute("UPDATE governance_policyversion SET status = 'active'"),
        ],
        ids=["save", "update", "bulk_update", "delete", "SQL"],
    )
    def test_without_an_event_fails_and_leaves_what_was_there(self, draft, change):
        draft.status = "active"

        with pytest.raises(IntegrityError, match="without an audit event"):
            change(draft)

        draft.refresh_from_db()
        assert draft.status == "draft"

    def test_with_an_event_about_something_else_fails_too(self, draft, request_open, engineer, team):
        with pytest.raises(IntegrityError, match="without an audit event"):
            self.change_and_note(draft, engineer, about=team)

    @transaction.atomic
    def change_and_note(self, draft, actor, about):
        PolicyVersion.objects.filter(pk=draft.pk).update(status="active")
        record_event(actor=actor, action="team.note", subject=about)

    def test_may_come_before_its_event_or_after_it(self, draft, engineer):
        with transaction.atomic():
            PolicyVersion.objects.filter(pk=draft.pk).update(status="retired")
            record_event(actor=engineer, action="policyversion.note", subject=draft)
            PolicyVersion.objects.filter(pk=draft.pk).update(status="draft")

    def test_of_what_is_only_looked_at_needs_none(self, request_open):
        ApprovalRequest.objects.filter(pk=request_open.pk).update(remind_at=None)

    def test_cannot_be_hidden_by_the_portals_own_role(self, draft):
        owner = connection.settings_dict
        with connection.cursor() as cursor:
            append_only.grant_to_application(cursor, owner=owner["USER"], role=APPLICATION_ROLE)
        where = {"host": owner["OPTIONS"].get("host") or owner["HOST"], "port": owner["PORT"] or None}
        with psycopg.connect(**where, dbname=owner["NAME"], user=APPLICATION_ROLE, autocommit=True) as application:
            application.execute("SET governance.unaudited = 'on'")
            with pytest.raises(psycopg.errors.IntegrityConstraintViolation):
                application.execute("UPDATE governance_policyversion SET status = 'active'")


@pytest.mark.django_db(transaction=True)
class TestRoles:
    @pytest.mark.parametrize("scope", ["team", "organisation"])
    def test_one_that_is_taken_up_silently_is_not_held(self, request, engineer, scope):
        where = {scope: request.getfixturevalue(scope)}

        with pytest.raises(IntegrityError, match="without an audit event"):
            Membership.objects.create(user=engineer, role=Role.AUDITOR, **where)

        assert not engineer.memberships.filter(role=Role.AUDITOR).exists()

    def test_one_that_is_taken_away_or_prolonged_silently_is_held_as_before(self, approver):
        held = approver.memberships.get()

        for change in (held.delete, lambda: Membership.objects.update(expires_at=timezone.now())):
            with pytest.raises(IntegrityError, match="without an audit event"):
                change()

        assert approver.memberships.get().expires_at is None

    def test_one_that_is_given_by_the_service_is_held(self, superuser, engineer, team):
        give_role(actor=superuser, user=engineer, scope=team, role=Role.AUDITOR)

        assert engineer.memberships.filter(role=Role.AUDITOR).exists()
