"""The audit trail over HTTP and on its pages: who may, what it says, what it leaves on record."""

import csv
import io
import json
import re
from datetime import UTC, datetime

import pytest
from asgiref.sync import sync_to_async
from django.db import connection, connections, transaction
from django.test import AsyncClient
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from rest_framework.test import APIClient

from apps.accounts.models import User
from apps.core import db
from apps.governance import outside, proofs
from apps.governance.errors import ReadNotRecordedError
from apps.governance.models import AuditEvent, AuditLeaf
from apps.governance.services import copies, record_event, record_read, sealing
from apps.governance.tests.sealing.conftest import VERIFIER, seal_all, settle

BASE = "/llm-ops/v1/governance/audit"
WHO_MAY = [
    ("logs", {"outsider": 200, "viewer": 403, "engineer": 403, "approver": 200, "superuser": 200}),
    ("export", {"outsider": 200, "viewer": 403, "engineer": 403, "approver": 200, "superuser": 200}),
    ("export?format=csv", {"viewer": 403, "approver": 200}),
    ("export?format=pdf", {"approver": 400}),
    ("checkpoint", {"outsider": 200, "viewer": 403, "engineer": 403, "approver": 200, "superuser": 200}),
    ("consistency?from=1", {"viewer": 403, "approver": 404}),
    ("consistency?from=0", {"approver": 400}),
    ("verifier", {"viewer": 403, "approver": 200, "superuser": 200}),
    ("proof/{event}", {"outsider": 404, "viewer": 404, "engineer": 404, "approver": 409, "superuser": 409}),
]
CELLS = [(path, who, status) for path, by in WHO_MAY for who, status in by.items()]


def client_of(user: User) -> APIClient:
    client = APIClient()
    client.force_authenticate(user)
    return client


@pytest.fixture
def noted(engineer, team):
    with transaction.atomic():
        return record_event(actor=engineer, action="team.note", subject=team, reason="=HYPERLINK(1) 한국어 \n next")


@pytest.mark.django_db
class TestWhoMay:
    @pytest.mark.parametrize(("path", "who", "status"), CELLS)
    def test_read_the_sealed_log(self, path, who, status, request, noted):
        answer = client_of(request.getfixturevalue(who)).get(f"{BASE}/{path.format(event=noted.pk)}")

        assert answer.status_code == status, answer.content

    def test_is_nobody_without_a_sign_in(self, noted, client):
        for path in ("logs", "export", "checkpoint", "consistency?from=1", "verifier", f"proof/{noted.pk}"):
            assert APIClient().get(f"{BASE}/{path}").status_code == 401
        assert client.get(reverse("governance:audit_event", args=[noted.pk])).status_code == 302
        assert client.get(reverse("governance:audit_state")).status_code == 302

    @pytest.mark.parametrize(("who", "status"), [("viewer", 403), ("engineer", 403), ("approver", 200)])
    def test_see_how_far_the_sealing_is(self, who, status, request, noted, client):
        client.force_login(request.getfixturevalue(who))

        assert client.get(reverse("governance:audit_state")).status_code == status
        page = client.get(reverse("governance:audit")).text
        assert ("Copies outside" in page, "llmops_verify.py" in page) == (status == 200, status == 200)

    @pytest.mark.parametrize(("who", "status"), [("outsider", 404), ("viewer", 404), ("approver", 200)])
    def test_see_the_page_of_an_event(self, who, status, request, noted, client):
        client.force_login(request.getfixturevalue(who))

        for name in ("governance:audit_event", "governance:audit_verification"):
            assert client.get(reverse(name, args=[noted.pk])).status_code == status


@pytest.mark.django_db(transaction=True)
class TestExport:
    def test_of_the_whole_log_is_the_bytes_of_its_leaves(self, sealed, superuser):
        sealed(3)
        answer = client_of(superuser).get(f"{BASE}/export")

        lines = b"".join(answer.streaming_content).splitlines()
        events = AuditEvent.objects.filter(leaf__index__lt=3).order_by("leaf__index")
        assert lines == [event.canonical.encode() for event in events]
        assert (answer["Audit-Log-Complete"], answer["Audit-Log-Entries"]) == ("true", "0-2")
        assert 'filename="audit-log-0-2.jsonl"' in answer["Content-Disposition"]

    def test_shows_a_team_s_auditor_their_part_and_says_that_it_is_one(self, sealed, approver, outsider, other_team):
        sealed(2)
        with transaction.atomic():
            record_event(actor=outsider, action="team.note", subject=other_team, reason="of others")
        settle()
        seal_all()

        answer = client_of(approver).get(f"{BASE}/export")

        lines = [json.loads(line) for line in b"".join(answer.streaming_content).splitlines()]
        assert [line["reason"] for line in lines] == ["event 0", "event 1"]
        assert (answer["Audit-Log-Complete"], answer.get("Audit-Log-Entries")) == ("false", None)

    def test_is_narrowed_as_the_log_is(self, sealed, superuser, team):
        sealed(2, said="first")
        sealed(1, said="second")
        asked = f"subject_id={team.pk}&team={team.slug}&action=team.&who=engineer&subject_kind=team"

        whole = client_of(superuser).get(f"{BASE}/export?{asked}")
        none = client_of(superuser).get(f"{BASE}/export?{asked}&until=2020-01-01T00:00:00Z")

        assert len(b"".join(whole.streaming_content).splitlines()) == 3
        assert whole["Audit-Log-Complete"] == "false", "what was asked for might have left something out"
        assert b"".join(none.streaming_content) == b""

    def test_as_csv_runs_no_formula(self, happen, noted, superuser):
        settle()
        seal_all()
        answer = client_of(superuser).get(f"{BASE}/export?format=csv")

        [row] = csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode()))
        assert row["reason"].startswith("'=HYPERLINK(1) 한국어")
        assert (row["leaf_index"], row["actor"], row["event_id"]) == ("0", "engineer", str(noted.pk))

    def test_is_read_in_batches_and_leaves_out_what_is_sealed_meanwhile(self, sealed, happen, superuser):
        sealed(1500)
        answer = client_of(superuser).get(f"{BASE}/export")
        chunks = iter(answer.streaming_content)
        first = next(chunks)
        happen(2)
        seal_all()

        assert (first + b"".join(chunks)).count(b"\n") == 1500

    async def test_is_streamed_under_asgi_as_well(self, sealed, superuser):
        await sync_to_async(sealed)(3)
        client = AsyncClient()
        await client.aforce_login(superuser)

        answer = await client.get(f"{BASE}/export")

        assert answer.is_async
        assert b"".join([chunk async for chunk in answer.streaming_content]).count(b"\n") == 3
        await sync_to_async(connections.close_all)()  # in the thread of the views, which outlives this test

    def test_gives_the_script_itself(self, approver):
        answer = client_of(approver).get(f"{BASE}/verifier")

        assert answer.content == VERIFIER.read_bytes()


@pytest.mark.django_db(transaction=True)
class TestCheckpoint:
    def test_says_how_far_the_sealing_is(self, sealed, happen, approver, log_folder):
        empty = client_of(approver).get(f"{BASE}/checkpoint").json()["data"]
        assert (empty["size"], empty["checkpoint"], empty["copies"]) == (0, None, [])

        sealed(3)
        happen(2, settles=False)
        said = client_of(approver).get(f"{BASE}/checkpoint").json()["data"]

        assert (said["size"], said["waiting"]) == (3, 2)
        assert said["checkpoint"] == proofs.newest_checkpoint().note
        assert said["key"] == outside.signer().verifier_key
        assert [(copy["name"], copy["size"], copy["error"]) for copy in said["copies"]] == [(str(log_folder), 3, "")]


@pytest.mark.django_db
class TestReads:
    def reads(self) -> list[tuple[str, str]]:
        found = AuditEvent.objects.filter(action__contains=".read_").order_by("id")
        return [(event.actor.username, event.action) for event in found]

    def test_are_recorded_once_an_hour_for_each_actor_and_object(self, engineer, approver, team, other_team):
        for _ in range(3):
            record_read(actor=engineer, subject=team, what="secret")
        record_read(actor=approver, subject=team, what="secret")
        record_read(actor=engineer, subject=other_team, what="secret")
        record_read(actor=engineer, subject=team, what="other")

        names = [("engineer", "team.read_secret"), ("approver", "team.read_secret")]
        assert self.reads() == [*names, ("engineer", "team.read_secret"), ("engineer", "team.read_other")]

    def test_are_recorded_again_in_the_next_hour(self, engineer, team, monkeypatch):
        for moment in ((10, 59), (11, 0), (11, 59)):
            at = datetime(2026, 3, 1, *moment, tzinfo=UTC)
            monkeypatch.setattr("apps.governance.services.audit.timezone.now", lambda at=at: at)
            record_read(actor=engineer, subject=team, what="secret")

        assert AuditEvent.objects.count() == 2

    def test_take_one_statement(self, engineer, team, monkeypatch):
        record_read(actor=engineer, subject=team, what="what fills caches")
        prepared: list[str] = []
        monkeypatch.setattr(db, "run_prepared", lambda statement, _: prepared.append(statement))
        with CaptureQueriesContext(connection) as captured:
            record_read(actor=engineer, subject=team, what="secret")

        assert len(prepared) == 1
        assert [query["sql"] for query in captured if "SAVEPOINT" not in query["sql"]] == []

    def test_that_cannot_be_recorded_show_nothing_and_harm_nothing(self, approver, team):
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE governance_auditevent ADD CHECK (action NOT LIKE '%read%') NOT VALID")

        with pytest.raises(ReadNotRecordedError):
            record_read(actor=approver, subject=team, what="secret")
        assert User.objects.exists(), "the transaction goes on"

        answer = client_of(approver).get(f"{BASE}/logs")
        assert (answer.status_code, answer.json()["data"]["code"]) == (503, "governance.read_not_recorded")

    def test_of_the_log_are_recorded(self, approver, client, noted):
        client.force_login(approver)
        client_of(approver).get(f"{BASE}/logs")
        client.get(reverse("governance:audit"))
        b"".join(client_of(approver).get(f"{BASE}/export").streaming_content)

        assert self.reads() == [("approver", "user.read_audit_log"), ("approver", "user.read_audit_export")]


@pytest.mark.django_db(transaction=True)
class TestPages:
    def test_list_events_with_their_seals_and_narrow_them(self, sealed, happen, approver, client, team):
        sealed(2, said="first")
        happen(1, said="second", settles=False)
        client.force_login(approver)

        page = client.get(reverse("governance:audit"), {"who": "engineer", "team": team.slug}).text
        assert (page.count("</svg>Sealed</span>"), page.count("</svg>Not sealed yet</span>")) == (2, 1)
        assert "who=engineer" in page, "an export is of what the page shows"
        for narrowed in ({"action": "model"}, {"since": "2999-01-01"}, {"kind": "modelversion"}, {"q": "nothing"}):
            assert "No event matches" in client.get(reverse("governance:audit"), narrowed).text

    def test_show_one_object_as_a_timeline(self, sealed, approver, client, team):
        sealed(2)
        client.force_login(approver)

        page = client.get(reverse("governance:audit"), {"object": str(team.pk)}).text

        assert "everything that happened to it" in page
        assert page.count("event-title") == 2

    def test_of_an_event_check_it_step_by_step(self, sealed, approver, client):
        sealed(3)
        event = AuditEvent.objects.get(reason="event 1")
        client.force_login(approver)

        page = client.get(reverse("governance:audit_event", args=[event.pk])).text

        assert "Every step holds" in page
        assert page.count("badge-ok") == 5, "and the copy outside is looked into"

    @pytest.mark.parametrize(
        ("change", "broken"),
        [
            ("UPDATE governance_auditevent SET reason = 'nothing' WHERE reason = 'event 1'", 1),
            ("UPDATE governance_auditevent SET canonical = replace(canonical, 'event 1', 'event 2')", 4),
            ("UPDATE governance_auditleaf SET hash = sha256('x') WHERE index = 0", 1),
            ("UPDATE governance_auditcheckpoint SET note = replace(note, 'portal', 'portal2')", 1),
        ],
    )
    def test_of_an_event_say_which_step_is_broken(self, sealed, approver, client, as_superuser, change, broken):
        sealed(3)
        event = AuditEvent.objects.get(reason="event 1")
        as_superuser(change)
        client.force_login(approver)

        page = client.get(reverse("governance:audit_event", args=[event.pk])).text

        assert "is not what was sealed" in page
        assert len(re.findall(r"badge-bad", page)) == broken

    def test_of_an_event_ask_again_until_it_is_sealed(self, happen, approver, client):
        [event] = happen(1)
        client.force_login(approver)
        address = reverse("governance:audit_verification", args=[event.pk])

        waiting = client.get(address, headers={"HX-Request": "true"}).text
        seal_all()
        sealed = client.get(address, headers={"HX-Request": "true"}).text

        assert ("every 2s" in waiting, "every 2s" in sealed, "<html" in sealed) == (True, False, False)
        assert AuditLeaf.objects.count() == 1

    def test_say_how_far_the_sealing_is_and_what_is_wrong(self, sealed, approver, client, log_folder, happen):
        sealed(3)
        client.force_login(approver)
        assert "1 of 1" in client.get(reverse("governance:audit_state")).text
        (log_folder / "checkpoint").write_text("garbage")
        happen(1)
        seal_all_refused()

        said = client.get(reverse("governance:audit_state")).text

        assert ("Something is wrong" in said, "0 of 1" in said) == (True, True)


def seal_all_refused() -> None:
    assert sealing.seal_events() == 0
    copies.copy_to_folder()
