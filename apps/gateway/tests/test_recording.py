import os
import signal
import subprocess
import sys
import textwrap
from datetime import date
from decimal import Decimal

import pytest

from apps.core.ids import new_id
from apps.costs.money import nano_of
from apps.gateway.calls.budgets import SpoolPlace
from apps.gateway.errors import NotRecordingError, RouteNotFoundError
from apps.gateway.recording.leftover import unbooked_nano
from apps.gateway.recording.record import Outcome, Record
from apps.gateway.recording.spool import Spool
from apps.gateway.tests.factories import TEAM, caller, route
from apps.telemetry.models import RequestEvent
from apps.telemetry.services import Shipment, ship_spool
from apps.telemetry.spool import event_of, is_closed, moment_of
from apps.telemetry.tests.factories import line


def spool_in(folder, **given):
    spool = Spool(folder, **{"segment_max_bytes": 1000, "segment_max_age_s": 3600.0, **given})
    spool.open()
    return spool


class TestSpool:
    def test_a_line_is_in_the_file_when_append_returns(self, tmp_path):
        spool = spool_in(tmp_path)

        place = spool.append(b"one\n")

        (path,) = tmp_path.glob("requests-*.jsonl")
        assert path.read_bytes() == b"one\n"
        assert place == SpoolPlace(path.name, 4)
        spool.close()

    def test_nobody_takes_the_file_for_a_closed_one_while_it_is_written(self, tmp_path):
        spool = spool_in(tmp_path)
        (path,) = tmp_path.glob("requests-*.jsonl")

        written = is_closed(path)
        spool.close()

        assert (written, is_closed(path)) == (False, True)

    @pytest.mark.parametrize("given", [{"segment_max_bytes": 10}, {"segment_max_age_s": -1.0}])
    def test_begins_a_new_file_when_one_is_full_or_old(self, tmp_path, given):
        spool = spool_in(tmp_path, **given)

        places = [spool.append(b"0123456789\n") for _ in range(3)]
        spool.close()

        assert len({place.file for place in places}) == 3
        assert {place.file for place in places} == spool.own_files
        assert {place.end for place in places} == {11}

    def test_a_short_write_is_ended_before_the_next_line_begins(self, tmp_path):
        spool = spool_in(tmp_path, write=lambda descriptor, data: os.write(descriptor, data[:3]))

        spool.append(b"first line\n")
        spool.append(b"second line\n")
        spool.close()

        (path,) = tmp_path.glob("requests-*.jsonl")
        assert path.read_bytes() == b"first line\nsecond line\n"

    def test_keeps_lines_while_the_disk_is_full_and_refuses_further_calls(self, tmp_path):
        full = True

        def write(descriptor, data):
            if full:
                raise OSError(28, "No space left on device")
            return os.write(descriptor, data)

        spool = spool_in(tmp_path, write=write)
        spool.append(b"one\n")
        with pytest.raises(NotRecordingError):
            spool.refuse_unless_writing()
        waiting = spool.waiting_bytes
        full = False
        spool.refuse_unless_writing()
        spool.close()

        (path,) = tmp_path.glob("requests-*.jsonl")
        assert (waiting, path.read_bytes()) == (4, b"one\n")

    @pytest.mark.parametrize("fails", ["os.open", "fcntl.flock"])
    def test_goes_on_in_the_old_file_while_no_new_one_can_be_begun(self, tmp_path, monkeypatch, fails):
        def full(*_):
            raise OSError(28, "No space left on device")

        spool = spool_in(tmp_path, segment_max_bytes=3)
        first = spool.append(b"one\n")
        with monkeypatch.context() as patched:
            patched.setattr(f"apps.gateway.recording.spool.{fails}", full)
            second = spool.append(b"two\n")
            spool.refuse_unless_writing()
        third = spool.append(b"three\n")
        spool.close()

        assert (second, third.end) == (SpoolPlace(first.file, 8), 6)
        assert (tmp_path / first.file).read_bytes() == b"one\ntwo\n"
        assert (tmp_path / third.file).read_bytes() == b"three\n"
        assert spool.own_files == {first.file, third.file} == {path.name for path in tmp_path.iterdir()}

    def test_loses_no_line_when_the_old_file_cannot_be_synced(self, tmp_path, monkeypatch):
        def broken(_):
            raise OSError(5, "Input/output error")

        spool = spool_in(tmp_path, segment_max_bytes=3)
        spool.append(b"one\n")
        with monkeypatch.context() as patched:
            patched.setattr("apps.gateway.recording.spool.os.fsync", broken)
            place = spool.append(b"two\n")
        spool.close()

        assert (tmp_path / place.file).read_bytes() == b"two\n"

    def test_refuses_calls_when_it_has_no_file(self, tmp_path):
        spool = spool_in(tmp_path)
        spool.close()

        with pytest.raises(NotRecordingError):
            spool.refuse_unless_writing()

    @pytest.mark.django_db
    def test_every_line_of_a_writer_that_was_killed_is_taken_over_once(self, tmp_path):
        program = textwrap.dedent("""
            import os, signal, sys
            from pathlib import Path
            import django
            django.setup()
            from apps.gateway.recording.spool import Spool
            from apps.telemetry.tests.factories import line
            spool = Spool(Path(sys.argv[1]), segment_max_bytes=20_000, segment_max_age_s=3600.0)
            spool.open()
            for _ in range(100):
                spool.append(line())
            os.write(spool._descriptor, line()[:50])
            os.kill(os.getpid(), signal.SIGKILL)
        """)
        killed = subprocess.run(
            [sys.executable, "-c", program, str(tmp_path)],
            env={**os.environ, "DJANGO_SETTINGS_MODULE": "llmops_portal.settings"},
            check=False,
        )

        shipment = ship_spool(tmp_path)

        assert killed.returncode == -signal.SIGKILL
        assert (shipment.events, shipment.damaged) == (100, 1)
        assert shipment.files_removed > 1
        assert RequestEvent.objects.count() == 100

    @pytest.mark.django_db
    def test_shipping_follows_a_file_that_is_being_written(self, tmp_path):
        spool = spool_in(tmp_path, segment_max_bytes=10**6)
        spool.append(line())
        first = ship_spool(tmp_path)
        spool.append(line())
        second = ship_spool(tmp_path)
        spool.close()
        last = ship_spool(tmp_path)

        assert (first, second, last) == (Shipment(events=1), Shipment(events=1), Shipment(files_removed=1))


class TestRecord:
    def record(self) -> Record:
        record = Record(surface="serve", client_request_id="order-1234")
        record.caller, record.route, record.asked_route = caller(), route(), "assistant"
        record.meter.take_usage({"prompt_tokens": 3, "completion_tokens": 4})
        record.ended(Outcome.OK, status=200)
        return record

    def test_its_line_is_an_event_as_telemetry_reads_it(self):
        record = self.record()

        event = event_of(record.line().rstrip())

        assert (event.id, event.at, event.team_id) == (record.id, record.at, TEAM)
        assert (event.prompt_tokens, event.completion_tokens, event.cost_usd) == (3, 4, Decimal("0.007000000"))
        assert (event.client_request_id, event.error, event.outcome) == ("order-1234", "", "ok")

    def test_a_route_name_that_somebody_made_up_fits_its_column(self):
        record = self.record()
        record.route, record.asked_route = None, "\x00x" * 100

        assert event_of(record.line().rstrip()).route == "\ufffdx" * 30

    def test_holds_no_text_that_cannot_be_kept(self):
        record = self.record()
        record.route, record.asked_route = None, "a\x00b"
        record.refused(RouteNotFoundError(route="a\x00\ud800b"), status=404)

        event = event_of(record.line().rstrip())

        assert event.route == "a\ufffdb"
        assert "a\ufffd\ufffdb" in event.error
        assert "a\ufffd\ufffdb" in event.decisions[-1]["detail"]


class TestUnbooked:
    def file_of(self, folder, *costs, name="requests-7-1.jsonl", team=TEAM, **given):
        lines = [line(team_id=team, cost_usd=cost, **given) for cost in costs]
        (folder / name).write_bytes(b"".join(lines))
        return len(lines[0])

    def unbooked(self, folder, **given):
        month = moment_of(new_id()).date().replace(day=1)
        return unbooked_nano(folder, **{"offsets": {}, "month": month, "except_files": (), **given})

    def test_sums_what_nobody_has_booked_per_team(self, tmp_path):
        other = new_id()
        self.file_of(tmp_path, "0.000000001", "0.250000000")
        self.file_of(tmp_path, "1.000000000", name="requests-8-1.jsonl", team=other)

        assert self.unbooked(tmp_path) == {TEAM: 250_000_001, other: nano_of(Decimal(1))}

    def test_leaves_out_what_is_booked_what_is_our_own_and_what_is_of_another_month(self, tmp_path):
        first = self.file_of(tmp_path, "1.000000000", "2.000000000")
        self.file_of(tmp_path, "4.000000000", name="requests-8-1.jsonl")

        booked = {"offsets": {"requests-7-1.jsonl": first}, "except_files": {"requests-8-1.jsonl"}}

        assert self.unbooked(tmp_path, **booked) == {TEAM: nano_of(Decimal(2))}
        assert self.unbooked(tmp_path, month=date(2001, 1, 1)) == {}

    def test_a_damaged_line_counts_nothing_and_stops_nothing(self, tmp_path):
        (tmp_path / "requests-7-1.jsonl").write_bytes(b"damaged\n" + line(team_id=TEAM, cost_usd="1.000000000"))

        assert self.unbooked(tmp_path) == {TEAM: nano_of(Decimal(1))}
