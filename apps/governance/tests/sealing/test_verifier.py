"""The script against every way to lie: with the database in one's hands, and with an export in one's hands."""

import json

import pytest
from rest_framework.test import APIClient

from apps.governance import outside, proofs
from apps.governance.models import AuditEvent, AuditLeaf
from apps.governance.sealing.notes import Checkpoint
from apps.governance.sealing.tree import leaf_hash, node_hash
from apps.governance.tests.sealing.conftest import SEED, seal_all

pytestmark = pytest.mark.django_db(transaction=True)
BASE = "/llm-ops/v1/governance/audit"
ROOT_OF_XY = node_hash(leaf_hash(b"x"), leaf_hash(b"y"))
N, AT = 300, 270  # so that there is a full tile, and what is touched lies beyond it


def event_at(index: int) -> str:
    return str(AuditLeaf.objects.get(index=index).event_id)


def alter(run) -> None:
    """Say of an event something else, in its row and in its bytes."""
    run(
        "UPDATE governance_auditevent SET reason = 'nothing', canonical = replace(canonical, %s, 'nothing')"
        " WHERE id = (SELECT event_id FROM governance_auditleaf WHERE index = %s)",
        f"event {AT}",
        AT,
    )


def delete(run) -> None:
    """Take an event out, and close the gap."""
    run("DELETE FROM governance_auditevent WHERE id = (SELECT event_id FROM governance_auditleaf WHERE index = %s)", AT)
    run("DELETE FROM governance_auditleaf WHERE index = %s", AT)
    run("UPDATE governance_auditleaf SET index = -index WHERE index > %s", AT)
    run("UPDATE governance_auditleaf SET index = -index - 1 WHERE index < 0")
    run("UPDATE governance_auditcheckpoint SET size = size - 1")


def insert(run) -> None:
    """Put an event in that nobody wrote, and move the others."""
    run("UPDATE governance_auditleaf SET index = -index - 1 WHERE index >= %s", AT)
    run("UPDATE governance_auditleaf SET index = -index WHERE index < 0")
    run(
        "INSERT INTO governance_auditevent SELECT (jsonb_populate_record(event, jsonb_build_object("
        "'id', gen_random_uuid(), 'canonical', replace(canonical, id::text, 'forged')))).*"
        " FROM governance_auditevent AS event WHERE reason = 'event 0'"
    )
    run(
        "INSERT INTO governance_auditleaf (index, event_id, hash) SELECT %s, id, sha256('forged')"
        " FROM governance_auditevent WHERE canonical LIKE '%%forged%%'",
        AT,
    )
    run("UPDATE governance_auditcheckpoint SET size = size + 1")


def reorder(run) -> None:
    """Swap two events."""
    run("UPDATE governance_auditleaf SET index = -1 WHERE index = %s", AT)
    run("UPDATE governance_auditleaf SET index = %s WHERE index = %s", AT, AT + 3)
    run("UPDATE governance_auditleaf SET index = %s WHERE index = -1", AT + 3)


def truncate(run) -> None:
    """Forget the end."""
    for table, column in [("auditleaf", "index"), ("auditcheckpoint", "size")]:
        run(f"DELETE FROM governance_{table} WHERE {column} >= %s", AT)
    run(
        "INSERT INTO governance_auditcheckpoint (size, root, note, at, read_tx, read_id)"
        " VALUES (%s, sha256(''), 'forged', now(), '3', gen_random_uuid())",
        AT,
    )


def fork(run) -> None:
    """Write the history from somewhere on anew, and have it signed again with the portal's own key."""
    run(
        "UPDATE governance_auditevent SET canonical = replace(canonical, 'event', 'other')"
        " WHERE id IN (SELECT event_id FROM governance_auditleaf WHERE index >= %s)",
        AT,
    )
    for table in ("auditleaf", "audittile", "auditcheckpoint"):
        run(f"DELETE FROM governance_{table}")


TAMPERED = {
    "alter": (alter, "altered: entry {at} (event {here}) is not as it was sealed"),
    "delete": (delete, "deleted: entry {at} is missing, and (event {next}) stands in its place"),
    "insert": (insert, "inserted: entry {at} (event forged) was never sealed"),
    "reorder": (reorder, "reordered: entry {at} (event {third}) was sealed as entry 273"),
    "truncate": (truncate, "truncated: entry {at} of 300 is the first missing"),
    "fork": (fork, "fork: from entry {at} (event {here}) on nothing is as it was sealed"),
}


@pytest.fixture
def outside_copy(sealed, log_folder, tmp_path):
    """The copy of a log of 300 events, out of the reach of whoever has the database."""
    sealed(N)
    return log_folder.rename(tmp_path / "kept-elsewhere")


class TestWhoHasTheDatabase:
    @pytest.mark.parametrize("name", TAMPERED)
    def test_is_found_out_and_told_where(self, name, outside_copy, as_superuser, exported, verify):
        tamper, told = TAMPERED[name]
        names = {"at": AT, "here": event_at(AT), "next": event_at(AT + 1), "third": event_at(AT + 3)}

        tamper(as_superuser)
        if name == "fork":
            seal_all()
            assert proofs.newest_checkpoint().size == N, "the portal itself has signed the other history"
        status, said = verify("export", exported(), "--log", outside_copy)

        assert (status, told.format(**names) in said) == (1, True), said

    def test_cannot_have_two_trees_of_one_size_signed(self, outside_copy, as_superuser, exported, verify, tmp_path):
        fork(as_superuser)
        seal_all()
        shown = tmp_path / "shown"
        shown.write_text(proofs.newest_checkpoint().note)

        status, said = verify("export", exported(), "--log", outside_copy, "--checkpoint", shown)

        assert (status, "sign two trees of 300" in said, f"from entry {AT} " in said) == (1, True, True), said

    def test_is_found_out_by_a_checkpoint_that_somebody_kept(
        self, sealed, outside_copy, as_superuser, exported, verify
    ):
        kept = outside_copy / "checkpoint"
        alter(as_superuser)

        status, said = verify("export", exported(), "--checkpoint", kept)

        assert (status, "the first bad entry is one of 0 to 299" in said) == (1, True), said


class TestAnExport:
    @pytest.fixture(autouse=True)
    def _log(self, outside_copy, exported):
        self.folder, self.lines = outside_copy, exported().splitlines(keepends=True)
        self.ids = [json.loads(line)["id"] for line in self.lines]

    def check(self, verify, lines, what="export"):
        return verify(what, b"".join(lines), "--log", self.folder)

    def test_that_is_whole_holds(self, verify):
        status, said = self.check(verify, self.lines)

        assert (status, said.startswith("HOLDS: 300 events")) == (0, True), said

    def test_whose_last_line_has_no_end_holds(self, verify):
        assert self.check(verify, [*self.lines[:-1], self.lines[-1].rstrip(b"\n")])[0] == 0

    @pytest.mark.parametrize(
        ("change", "told"),
        [
            (lambda lines: lines[:-1], "truncated: entry 299 of 300"),
            (lambda lines: lines[1:], "deleted: entry 0 is missing"),
            (lambda lines: [], "truncated: entry 0 of 300"),
            (lambda lines: [*lines[:9], lines[3], *lines[9:]], "inserted: entry 9 (event {3}) was sealed once already"),
            (lambda lines: [*lines, lines[0]], "inserted: entry 300 (event {0}) stands beyond"),
            (lambda lines: [*lines[:5], b"no event\n", *lines[6:]], "altered: entry 5 (no event)"),
            (lambda lines: [*lines[:5], lines[5].replace(b" ", b"  ", 1), *lines[6:]], "altered: entry 5 (event {5})"),
            (lambda lines: [*lines[:-1], b"{}\n"], "altered: entry 299 (no event)"),
            (lambda lines: lines[::-1], "reordered: entry 0 (event {299}) was sealed as entry 299"),
        ],
    )
    def test_that_was_forged_replayed_or_cut_names_the_first_bad_entry(self, change, told, verify):
        status, said = self.check(verify, change(self.lines))

        assert (status, told.format(*self.ids) in said) == (1, True), said

    def test_of_some_events_is_checked_line_by_line(self, verify):
        some = self.lines[5:260:7]

        assert self.check(verify, some, "part")[0] == 0
        for changed, told in [
            ([*some[:3], some[3][:-2] + b" }\n"], "line 4"),
            ([some[1], some[0]], f"line 2 (event {self.ids[5]}): reordered"),
            ([some[0], some[0]], "line 2"),
        ]:
            status, said = self.check(verify, changed, "part")
            assert (status, told in said) == (1, True), said

    def test_that_is_older_than_the_copy_holds_at_the_checkpoint_it_was_made_at(self, verify, sealed, tmp_path):
        made_at = tmp_path / "made-at"
        made_at.write_text(proofs.newest_checkpoint().note)
        self.folder.rename(outside.folder().folder)
        sealed(40)  # and the export itself, which is on record
        self.folder = outside.folder().folder

        status, said = self.check(verify, self.lines)
        assert (status, "truncated: entry 300 of 341" in said, "give the --checkpoint" in said) == (1, True, True), said
        status, said = verify("export", b"".join(self.lines), "--log", self.folder, "--checkpoint", made_at)
        assert (status, "300 events" in said, "41 more were sealed since" in said) == (0, True, True), said

        forked = outside.Signer("portal.example/audit-log", SEED).sign(
            Checkpoint("portal.example/audit-log", 2, ROOT_OF_XY)
        )
        made_at.write_text(forked)
        status, said = verify("export", b"x\ny\n", "--log", self.folder, "--checkpoint", made_at)
        assert (status, "from entry 0" in said) == (1, True), said

    def test_is_not_believed_by_another_key(self, verify):
        other = outside.Signer("portal.example/audit-log", "A" * 43 + "=").verifier_key

        status, said = verify("export", b"".join(self.lines), "--log", self.folder, key=other)

        assert (status, "is not signed by the key" in said) == (1, True), said

    def test_is_not_held_against_a_copy_that_was_damaged(self, verify):
        tile = self.folder / "tile" / "0" / "000"
        tile.write_bytes(b"\0" * 32 + tile.read_bytes()[32:])

        status, said = self.check(verify, self.lines)

        assert (status, "fork: the leaves of the copy" in said) == (1, True), said

    def test_without_anything_to_hold_it_against_is_not_checked(self, verify, tmp_path):
        assert verify("export", b"".join(self.lines))[0] == 2
        assert verify("export", b"".join(self.lines), "--log", tmp_path / "nowhere")[0] == 2


class TestAnAnswer:
    def ask(self, approver, path: str) -> dict:
        client = APIClient()
        client.force_authenticate(approver)
        return client.get(f"{BASE}/{path}").json()

    def test_of_the_proof_of_an_event_holds_and_one_that_was_changed_does_not(self, outside_copy, approver, verify):
        event = AuditEvent.objects.get(reason="event 42")
        answer = self.ask(approver, f"proof/{event.pk}")

        status, said = verify("bundle", json.dumps(answer).encode(), "--log", outside_copy)
        assert (status, f"(event {event.pk}) is in the tree of 300" in said) == (0, True), said

        for name, changed in [
            ("canonical", event.canonical.replace("event 42", "event 43")),
            ("leaf_index", 43),
            ("leaf_index", -1),
            ("path", answer["data"]["path"][:-1]),
        ]:
            status, said = verify("bundle", json.dumps(answer["data"] | {name: changed}).encode())
            assert (status, "is not in the tree of 300" in said) == (1, True), said

    def test_of_two_checkpoints_holds_and_a_fork_does_not(self, sealed, approver, verify, as_superuser):
        for count in (4, 3, 256):
            sealed(count)
        for first in (4, 7, 263):
            assert verify("consistency", json.dumps(self.ask(approver, f"consistency?from={first}")).encode())[0] == 0
        old = self.ask(approver, "consistency?from=7&to=263")["data"]

        as_superuser("UPDATE governance_auditevent SET canonical = canonical || ' ' WHERE reason = 'event 2'")
        for table in ("auditleaf", "audittile", "auditcheckpoint"):
            as_superuser(f"DELETE FROM governance_{table}")
        outside.folder().folder.rename(outside.folder().folder.with_name("old"))
        seal_all()
        forked = old | {"second": proofs.newest_checkpoint().note}

        status, said = verify("consistency", json.dumps(forked).encode())
        assert (status, "fork: the tree of 263 leaves does not begin with the tree of 7" in said) == (1, True), said
