import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections import Counter
from datetime import date, timedelta

import orjson
import pytest
from django.db import connection
from django.utils import timezone

from apps.core.ids import new_id
from apps.telemetry.models import RequestEvent, SpoolPosition
from apps.telemetry.services import Shipment, make_partitions, ship_spool
from apps.telemetry.signals import events_shipped
from apps.telemetry.tests.factories import being_written, event_values, line, spool_file

pytestmark = pytest.mark.django_db


@pytest.fixture
def heard():
    """Ids that were announced, with how often."""
    ids: Counter = Counter()

    def listen(events, **_):
        ids.update(event.id for event in events)

    events_shipped.connect(listen)
    yield ids
    events_shipped.disconnect(listen)


class TestShipSpool:
    def test_takes_over_every_line_once_and_announces_it_once(self, tmp_path, heard):
        values = [event_values(prompt_tokens=number) for number in range(20)]
        spool_file(tmp_path, *(orjson.dumps(value) + b"\n" for value in values))

        shipment = ship_spool(tmp_path)

        assert shipment == Shipment(events=20, files_removed=1)
        assert heard == Counter(value["id"] for value in values)
        assert sorted(RequestEvent.objects.values_list("prompt_tokens", flat=True)) == list(range(20))
        assert list(tmp_path.iterdir()) == []

    def test_leaves_nothing_to_do_for_a_second_run(self, tmp_path, heard):
        path = spool_file(tmp_path, line())

        with being_written(path):
            first, second = ship_spool(tmp_path), ship_spool(tmp_path)

        assert (first, second) == (Shipment(events=1), Shipment())
        assert heard.total() == 1
        assert path.exists()

    def test_announces_nothing_twice_even_when_its_position_was_lost(self, tmp_path, heard):
        path = spool_file(tmp_path, line())
        with being_written(path):
            ship_spool(tmp_path)
        SpoolPosition.objects.all().delete()

        ship_spool(tmp_path)

        assert heard.total() == 1
        assert RequestEvent.objects.count() == 1

    def test_leaves_a_torn_last_line_until_its_writer_ends_it(self, tmp_path):
        whole = line()
        path = spool_file(tmp_path, line(), whole[:100])

        with being_written(path):
            ship_spool(tmp_path)
            before = RequestEvent.objects.count()
            with path.open("ab") as file:
                file.write(whole[100:])
            ship_spool(tmp_path)

        assert (before, RequestEvent.objects.count()) == (1, 2)
        assert not path.with_suffix(".bad").exists()

    def test_puts_aside_the_torn_line_of_a_writer_that_died(self, tmp_path):
        path = spool_file(tmp_path, line(), line()[:100])

        shipment = ship_spool(tmp_path)

        assert shipment == Shipment(events=1, damaged=1, files_removed=1)
        assert len(path.with_suffix(".bad").read_bytes()) == 101
        assert SpoolPosition.objects.get().damaged == 1

    @pytest.mark.parametrize(
        "bad",
        [
            b"not json\n",
            b'{"id": 1}\n',
            b"[]\n",
            b'{"truncated": \n',
            line(prompt_tokens="many"),
            line(prompt_tokens=-1),
            line(prompt_tokens=2**40),
            line(route="r" * 61),
            line(cost_usd="a lot"),
            line(error="nul \x00 byte"),
            line(content={"answer": "\x00"}),
        ],
        ids=["text", "columns", "list", "json", "word", "negative", "huge", "long", "money", "nul", "nul in json"],
    )
    def test_puts_a_damaged_line_aside_and_takes_the_others(self, tmp_path, heard, bad):
        path = spool_file(tmp_path, line(), bad, line())

        shipment = ship_spool(tmp_path)

        assert shipment == Shipment(events=2, damaged=1, files_removed=1)
        assert heard.total() == 2
        assert path.with_suffix(".bad").read_bytes() == bad

    def test_takes_over_a_file_larger_than_one_batch(self, tmp_path, monkeypatch):
        monkeypatch.setattr("apps.telemetry.spool.BATCH_BYTES", 1500)
        spool_file(tmp_path, *(line() for _ in range(9)), line(error="e" * 5000))

        shipment = ship_spool(tmp_path)

        assert shipment == Shipment(events=10, files_removed=1)

    def test_takes_nothing_over_when_a_listener_fails(self, tmp_path):
        def fail(**_):
            raise RuntimeError("the ledger is full")

        spool_file(tmp_path, line())
        events_shipped.connect(fail)
        try:
            with pytest.raises(RuntimeError):
                ship_spool(tmp_path)
        finally:
            events_shipped.disconnect(fail)

        assert not RequestEvent.objects.exists()
        assert ship_spool(tmp_path).events == 1

    def test_forgets_files_that_are_long_gone(self, tmp_path):
        SpoolPosition.objects.create(file="requests-9-9.jsonl", updated_at=timezone.now() - timedelta(days=3))

        ship_spool(tmp_path)

        assert not SpoolPosition.objects.exists()

    def test_accepts_a_folder_that_is_not_there(self, tmp_path):
        assert ship_spool(tmp_path / "nowhere") == Shipment()


@pytest.mark.django_db(transaction=True)
class TestShipSpoolAtOnce:
    def test_four_runs_at_once_take_every_line_over_once(self, tmp_path, heard, monkeypatch):
        monkeypatch.setattr("apps.telemetry.spool.BATCH_BYTES", 20_000)
        for number in range(3):
            spool_file(tmp_path, *(line() for _ in range(100)), name=f"requests-1-{number}.jsonl")

        def run():
            try:
                ship_spool(tmp_path)
            finally:
                connection.close()

        threads = [threading.Thread(target=run) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        ship_spool(tmp_path)  # what a run skipped because another was at it

        assert RequestEvent.objects.count() == 300
        assert set(heard.values()) == {1}
        assert list(tmp_path.iterdir()) == []

    def test_a_run_killed_between_storing_and_committing_leaves_nothing_half_done(self, tmp_path, heard):
        spool_file(tmp_path, *(line() for _ in range(50)))
        program = textwrap.dedent("""
            import os, signal, sys
            from pathlib import Path
            import django
            django.setup()
            from django.conf import settings
            from django.db import connections
            from apps.telemetry.services import ship_spool
            from apps.telemetry.signals import events_shipped
            connections["default"].settings_dict["NAME"] = sys.argv[2]
            events_shipped.connect(lambda **_: os.kill(os.getpid(), signal.SIGKILL), weak=False)
            ship_spool(Path(sys.argv[1]))
        """)
        killed = subprocess.run(
            [sys.executable, "-c", program, str(tmp_path), connection.settings_dict["NAME"]],
            env={**os.environ, "DJANGO_SETTINGS_MODULE": "llmops_portal.settings"},
            check=False,
        )
        left = RequestEvent.objects.count()

        ship_spool(tmp_path)

        assert (killed.returncode, left) == (-signal.SIGKILL, 0)
        assert RequestEvent.objects.count() == 50
        assert set(heard.values()) == {1}


class TestMakePartitions:
    def test_makes_today_and_three_days_ahead_once(self):
        made = make_partitions(today=date(2031, 12, 30))
        again = make_partitions(today=date(2031, 12, 30))

        assert [name[-8:] for name in made] == ["20311230", "20311231", "20320101", "20320102"]
        assert again == []

    def test_moves_rows_of_the_default_partition_into_theirs(self, tmp_path):
        now = timezone.now()
        spool_file(tmp_path, line())
        ship_spool(tmp_path)

        (today, *_) = make_partitions(today=now.date(), days_ahead=0)

        with connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM {today}")
            assert cursor.fetchone() == (1,)
        assert RequestEvent.objects.count() == 1

    def test_an_event_of_a_day_without_partition_is_kept(self, tmp_path):
        spool_file(tmp_path, line(id=new_id()))

        assert ship_spool(tmp_path).events == 1
