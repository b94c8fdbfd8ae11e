"""The admin shows what governance keeps, and lets nobody write it: not even a superuser, by whatever address."""

import pytest
from django.contrib import admin
from django.db import connection
from django.urls import reverse

from apps.accounts.permissions import Role
from apps.core.admin import ReadOnlyAdmin
from apps.governance import append_only
from conftest import member
from tests.rows import Rows

pytestmark = pytest.mark.django_db
CLOSED = sorted(
    (model for model, shown in admin.site._registry.items() if isinstance(shown, ReadOnlyAdmin)),
    key=lambda model: model._meta.label,
)


@pytest.fixture
def everything(unaudited, engineer, approver, team, tmp_path):
    """Rows of many kinds, so that there is something to write to."""
    rows = Rows(engineer=engineer, approver=approver, reader=member(team, "reader", *Role), team=team, folder=tmp_path)
    assert all((rows.request, rows.policy, rows.batch, rows.delegation, rows.emergency, rows.waiver, rows.webhook))
    return rows


def contents():
    """Return every row of the append-only tables and of the governed ones, as the database writes them."""
    tables = {*append_only.TABLES, *(model._meta.db_table for model in CLOSED)}
    found = {}
    with connection.cursor() as cursor:
        for table in sorted(tables):
            cursor.execute(
                f"SELECT md5(coalesce(string_agg(t::text, chr(10) ORDER BY t::text), '')) FROM \"{table}\" t"
            )
            found[table] = cursor.fetchone()[0]
    return found


def test_governance_is_closed():
    labels = {model._meta.label for model in CLOSED}

    assert labels >= {
        "governance.AuditEvent",
        "governance.Decision",
        "governance.ApprovalRequest",
        "governance.Approval",
    }


def test_a_superuser_writes_nothing_by_any_address_of_the_admin(client, superuser, everything):
    client.force_login(superuser)
    before = contents()

    for model in CLOSED:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        row = model._default_manager.first()
        asked = {"id": "", "status": "approved", "reason": "from the admin", "_save": "Save", "post": "yes"}
        answers = [client.post(reverse(f"{name}_add"), asked)]
        if row is not None:
            answers += [client.post(reverse(f"{name}_{verb}", args=[row.pk]), asked) for verb in ("change", "delete")]
            chosen = {"action": "delete_selected", "_selected_action": [str(row.pk)], "post": "yes"}
            client.post(reverse(f"{name}_changelist"), chosen)
        assert {answer.status_code for answer in answers} == {403}, model

    assert contents() == before
