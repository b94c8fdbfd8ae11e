"""PostgreSQL tells small teams from average ones when it plans a list."""

import pytest
from django.apps import apps
from django.db import connection

from apps.accounts.models import OwnedByTeam
from apps.accounts.statistics import TARGET, count_by_scope

OWNED = [model for model in apps.get_models() if issubclass(model, OwnedByTeam) and model._meta.managed]
SET = "SELECT attstattarget FROM pg_attribute WHERE attrelid = %s::regclass AND attname = 'owner_team_id'"


def target_of(table: str) -> int | None:
    with connection.cursor() as cursor:
        cursor.execute(SET, [table])
        return cursor.fetchone()[0]


@pytest.mark.django_db
@pytest.mark.parametrize("model", OWNED, ids=lambda model: model.__name__)
def test_the_owners_of_each_kind_are_counted_finely(model):
    assert target_of(model._meta.db_table) == TARGET


@pytest.mark.django_db
def test_what_is_counted_more_finely_by_hand_stays_so():
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE catalog_modelversion ALTER COLUMN owner_team_id SET STATISTICS 5000")

    count_by_scope()

    assert target_of("catalog_modelversion") == 5000
