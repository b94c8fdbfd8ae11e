"""Copies outside the database: complete, ahead, damaged, down, and what the sealer makes of it."""

import base64
import re
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from django.utils import timezone

from apps.governance import outside, proofs
from apps.governance.models import AuditAlarm, AuditCheckpoint, AuditCopy, AuditEvent
from apps.governance.sealing.notes import open_note
from apps.governance.sealing.stores import S3Store, StoreDisagreesError, StoreDownError, s3_client
from apps.governance.sealing.tree import leaf_hash
from apps.governance.services import copies, sealing
from apps.governance.tests.sealing.conftest import seal_all
from apps.governance.tests.sealing.test_notes import VERIFY

pytestmark = pytest.mark.django_db(transaction=True)


def files_in(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def is_signed_by_nobody() -> bool:
    """Whether the sealer refuses; it leaves everything as it was."""
    before = AuditCheckpoint.objects.count()
    return sealing.seal_events() == 0 and AuditCheckpoint.objects.count() == before


class TestTheFolder:
    def test_holds_tiles_and_every_checkpoint_and_nothing_of_what_events_say(self, sealed, log_folder):
        sealed(200, said="a secret of the team")
        sealed(100)

        assert files_in(log_folder) == {
            *("checkpoint", "checkpoints/200", "checkpoints/300"),
            *("tile/0/000", "tile/0/001.p/44", "tile/1/000.p/1"),
        }
        assert not any(b"secret" in path.read_bytes() for path in log_folder.rglob("*") if path.is_file())
        key = outside.signer().verifier_key
        checkpoint, leaves = VERIFY.sealed_in(log_folder, key)
        assert (checkpoint.size, len(leaves)) == (300, 300 * 32)
        assert open_note((log_folder / "checkpoints" / "200").read_text(), key).size == 200

    def test_that_was_emptied_is_written_anew(self, sealed, log_folder):
        sealed(300)
        had = files_in(log_folder)
        shutil.rmtree(log_folder)

        copies.copy_to_folder()

        assert files_in(log_folder) == had

    def test_that_is_down_stops_nothing_and_is_tried_again(self, sealed, happen, log_folder):
        log_folder.write_text("not a folder")
        sealed(3)

        copy = AuditCopy.objects.get()
        assert (proofs.newest_checkpoint().size, copy.size, copy.failures) == (3, 0, 1)
        assert "Not a directory" in copy.error
        assert copy.next_try_at > timezone.now()
        log_folder.unlink()
        AuditCopy.objects.update(next_try_at=timezone.now())
        copies.copy_to_folder()
        copy.refresh_from_db()
        assert (copy.size, copy.failures, copy.error) == (3, 0, "")
        assert not AuditAlarm.objects.exists()

    def test_that_is_ahead_shows_that_the_database_was_restored_from_an_older_backup(
        self, sealed, happen, log_folder, as_superuser
    ):
        sealed(3)
        sealed(4)
        for table, column in [("auditleaf", '"index" >= 3'), ("auditcheckpoint", "size > 3")]:
            as_superuser(f"DELETE FROM governance_{table} WHERE {column}")
        happen(9)

        assert is_signed_by_nobody()
        copies.copy_to_folder()

        alarm = AuditAlarm.objects.get(cleared_at=None)
        assert (alarm.source, "knows 7 leaves, and the database 3" in alarm.message) == (str(log_folder), True)
        assert AuditEvent.objects.filter(action="auditalarm.raise").count() == 1, "an alarm is told once"
        assert open_note((log_folder / "checkpoint").read_text(), outside.signer().verifier_key).size == 7

    @pytest.mark.parametrize("changed", ["garbage", "another root", "another log"])
    def test_that_disagrees_is_signed_over_by_nobody_until_it_is_mended(self, sealed, happen, log_folder, changed):
        sealed(3)
        happen(1)
        latest = log_folder / "checkpoint"
        note = latest.read_text()
        root = note.splitlines()[2]
        other = {
            "garbage": "garbage",
            "another root": note.replace(root, base64.b64encode(leaf_hash(b"other")).decode()),
            "another log": note.replace("portal.example/audit-log\n3", "other.example/audit-log\n3"),
        }
        latest.write_text(other[changed])

        assert is_signed_by_nobody()
        assert AuditAlarm.objects.get(cleared_at=None).source == str(log_folder)

        latest.write_text(note)
        seal_all()
        assert proofs.newest_checkpoint().size > 3
        assert not AuditAlarm.objects.filter(cleared_at=None).exists()

    def test_whose_tile_was_replaced_is_not_written_over(self, sealed, happen, log_folder):
        sealed(300)
        (log_folder / "checkpoint").write_text((log_folder / "checkpoints" / "300").read_text())
        (log_folder / "tile" / "1").mkdir(exist_ok=True)
        (log_folder / "tile" / "0" / "001").write_bytes(b"something else")
        sealed(300)

        assert "holds something else" in AuditAlarm.objects.get(cleared_at=None).message
        assert (log_folder / "tile" / "0" / "001").read_bytes() == b"something else"


class Standin(ThreadingHTTPServer):
    """A server that speaks somebody else's protocol, as far as the portal uses it."""

    def __init__(self, handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.kept: dict[str, bytes] = {}
        self.locks: dict[str, str] = {}
        self.size, self.root, self.is_down, self.asked = 0, b"", False, 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Standin

    def log_message(self, *_: object) -> None:
        pass

    def body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def say(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Bucket(Handler):
    """S3: objects that can be written if nothing is there, with a lock."""

    def do_GET(self) -> None:
        if self.path in self.server.kept:
            self.say(200, self.server.kept[self.path])
        else:
            self.say(404, b"<Error><Code>NoSuchKey</Code></Error>")

    def do_PUT(self) -> None:
        content = self.body()
        if self.server.is_down:
            self.say(503, b"<Error><Code>SlowDown</Code></Error>")
        elif self.headers.get("If-None-Match") == "*" and self.path in self.server.kept:
            self.say(412, b"<Error><Code>PreconditionFailed</Code></Error>")
        else:
            self.server.kept[self.path] = content
            self.server.locks[self.path] = self.headers.get("x-amz-object-lock-mode", "")
            self.say(200, ETag='"1"')


class Witness(Handler):
    """C2SP tlog-witness: it signs what continues what it last saw."""

    def do_POST(self) -> None:
        self.server.asked += 1
        asked, _, note = self.body().decode().partition("\n\n")
        head, *path = asked.split("\n")
        known = int(re.fullmatch(r"old (\d+)", head)[1])
        signed = open_note(note, outside.signer().verifier_key)
        if self.server.is_down:
            self.say(502, b"down")
        elif known != self.server.size:
            self.say(409, f"{self.server.size}\n".encode())
        elif known and not self.continues(known, signed, [base64.b64decode(each) for each in path]):
            self.say(422, b"no")
        else:
            self.server.size, self.server.root = signed.size, signed.root
            self.say(200, "\N{EM DASH} witness.example c2lnbmF0dXJl\n".encode())

    def continues(self, known, signed, path) -> bool:
        at, last = known - 1, signed.size - 1
        while at & 1:
            at, last = at >> 1, last >> 1
        if known & (known - 1) == 0:
            path.insert(0, self.server.root)
        return VERIFY.climbed(at, last, path[0], path[1:]) == (self.server.root, signed.root)


@pytest.fixture
def stand_in() -> Iterator:
    running = []

    def start(handler: type[Handler]) -> Standin:
        server = Standin(handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        running.append(server)
        return server

    yield start
    for server in running:
        server.shutdown()
        server.server_close()


@pytest.fixture
def bucket(stand_in, settings) -> Standin:
    server = stand_in(Bucket)
    settings.AUDIT_LOG_S3_BUCKET = "evidence"
    settings.S3 = {"endpoint_url": server.url, "access_key": "key", "secret_key": "secret"}
    return server


@pytest.fixture
def witness(stand_in, settings) -> Standin:
    server = stand_in(Witness)
    settings.AUDIT_WITNESS_URLS = [server.url]
    settings.EGRESS = {"allow": ["127.0.0.0/8"], "ports": [server.server_port], "plain_http": True, "ca_file": ""}
    return server


def try_again() -> None:
    AuditCopy.objects.update(next_try_at=None)
    copies.send_to_others()


class TestABucket:
    def test_holds_what_the_folder_holds_and_locks_what_never_changes(self, sealed, bucket, log_folder):
        sealed(300)
        copies.send_to_others()

        kept = {path.removeprefix("/evidence/"): content for path, content in bucket.kept.items()}
        assert kept == {path: (log_folder / path).read_bytes() for path in files_in(log_folder)}
        locked = {path.removeprefix("/evidence/") for path, mode in bucket.locks.items() if mode == "COMPLIANCE"}
        assert locked == {"checkpoints/300", "tile/0/000"}

    def test_that_is_down_stops_nothing(self, sealed, bucket):
        bucket.is_down = True
        sealed(3)
        copies.send_to_others()

        copy = AuditCopy.objects.get(kind=AuditCopy.Kind.BUCKET)
        assert (copy.name, copy.size, copy.failures) == ("s3://evidence", 0, 1)
        bucket.is_down = False
        try_again()
        copy.refresh_from_db()
        assert (copy.size, copy.error) == (3, "")

    def test_takes_the_same_twice_and_nothing_else_in_its_place(self, bucket):
        client = s3_client(endpoint_url=bucket.url, access_key="key", secret_key="secret")
        store = S3Store("evidence", retention_days=1, client=client)

        store.keep("tile/0/000", b"hashes", for_good=True)
        store.keep("tile/0/000", b"hashes", for_good=True)
        with pytest.raises(StoreDisagreesError, match="holds something else"):
            store.keep("tile/0/000", b"others", for_good=True)

    def test_that_cannot_be_reached_is_down(self):
        client = s3_client(endpoint_url="http://127.0.0.1:9", access_key="key", secret_key="secret")

        with pytest.raises(StoreDownError):
            S3Store("evidence", retention_days=1, client=client).latest()

    def test_that_is_ahead_keeps_the_sealer_from_signing(self, sealed, happen, bucket):
        sealed(5)
        copies.send_to_others()
        ahead = bucket.kept["/evidence/checkpoint"].decode().replace("\n5\n", "\n50\n")
        bucket.kept["/evidence/checkpoint"] = ahead.encode()
        happen(1)

        assert is_signed_by_nobody()
        assert AuditAlarm.objects.get(cleared_at=None).source == "s3://evidence"


class TestAWitness:
    def test_signs_each_checkpoint_that_continues_the_last(self, sealed, witness):
        for count in (3, 5, 300):
            sealed(count)
            copies.send_to_others()

        copy = AuditCopy.objects.get(kind=AuditCopy.Kind.WITNESS)
        assert (witness.size, copy.size, witness.asked) == (308, 308, 3)
        assert copy.cosignature.startswith("\N{EM DASH} witness.example ")
        copies.send_to_others()
        assert witness.asked == 3, "nothing new is nothing to ask"

    def test_that_remembers_another_size_is_asked_from_there(self, sealed, witness):
        sealed(3)
        copies.send_to_others()
        sealed(5)
        AuditCopy.objects.filter(kind=AuditCopy.Kind.WITNESS).update(size=0)

        copies.send_to_others()

        assert witness.size == 8

    def test_that_was_shown_more_or_something_else_keeps_the_sealer_from_signing(self, sealed, happen, witness):
        sealed(5)
        copies.send_to_others()
        for size, root in [(50, b""), (5, leaf_hash(b"another history"))]:
            witness.size, witness.root = size, root
            sealed_before = proofs.newest_checkpoint().size
            AuditCopy.objects.filter(kind=AuditCopy.Kind.WITNESS).update(size=3, next_try_at=None)
            copies.send_to_others()

            happen(1)
            assert is_signed_by_nobody()
            assert AuditAlarm.objects.get(cleared_at=None).source == witness.url
            assert proofs.newest_checkpoint().size == sealed_before

    def test_that_is_down_stops_nothing(self, sealed, witness):
        witness.is_down = True
        sealed(3)
        copies.send_to_others()
        assert "answered 502: down" in AuditCopy.objects.get(kind=AuditCopy.Kind.WITNESS).error

        witness.is_down = False
        try_again()
        assert witness.size == 3
