"""Statements that go past the ORM are part of what goes through it."""

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.core.db import PreparedInsert, rows_prepared, run_prepared
from apps.core.models import IdempotentAnswer

pytestmark = pytest.mark.django_db


def test_they_are_counted_where_the_orms_are():
    with CaptureQueriesContext(connection) as captured:
        rows = rows_prepared("SELECT %s::int", [7])

    assert rows == [(7,)]
    assert len(captured) == 1


def test_they_fail_with_djangos_errors():
    with pytest.raises(DatabaseError), transaction.atomic():
        run_prepared("SELECT 1 / %s::int", [0])


def test_they_belong_to_the_transaction_in_progress():
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE noted (number int) ON COMMIT DROP")
    with transaction.atomic():
        run_prepared("INSERT INTO noted VALUES (%s)", [1])
        transaction.set_rollback(True)

    assert rows_prepared("SELECT count(*) FROM noted") == [(0,)]


class TestPreparedInsert:
    INSERT = PreparedInsert(IdempotentAnswer)

    def answer(self, data):
        return IdempotentAnswer(actor_id="1", key="k", fingerprint="f", data=data, created_at=timezone.now())

    def test_makes_the_row_that_the_orm_would(self):
        given = self.answer({"name": "환불", "long": 2**70, "nothing": None, "list": [0.5, True]})

        assert self.INSERT.run(given) == 1

        kept = IdempotentAnswer.objects.get()
        assert [getattr(kept, name) for name in self.INSERT.columns] == [
            getattr(given, name) for name in self.INSERT.columns
        ]

    def test_makes_none_beside_one_that_is_there_where_it_is_wanted_once(self):
        assert [self.INSERT.run(self.answer({}), once=True) for _ in range(2)] == [1, 0]

    @pytest.mark.parametrize("data", [{"score": float("nan")}, {"by_number": {1: "a"}}, {"at": timezone.now()}])
    def test_refuses_what_json_has_no_form_for_and_writes_nothing_in_its_place(self, data):
        with pytest.raises((TypeError, ValueError)):
            self.INSERT.run(self.answer(data))

        assert not IdempotentAnswer.objects.exists()
