"""The sealer: nothing lost, nothing doubled, whatever happens at once or half-way."""

import threading
from contextlib import contextmanager

import pytest
from django.db import DatabaseError, connection, transaction

from apps.governance import proofs
from apps.governance.models import AuditAlarm, AuditCheckpoint, AuditEvent, AuditLeaf, AuditTile
from apps.governance.sealing.notes import open_note
from apps.governance.sealing.tree import leaf_hash, root_from_path, root_of
from apps.governance.services import sealing
from apps.governance.tests.sealing.conftest import seal_all, settle

pytestmark = pytest.mark.django_db(transaction=True)


def assert_sealed_whole() -> None:
    """Every event is one leaf, and the newest root is over all of them in order."""
    leaves = list(AuditLeaf.objects.order_by("index").select_related("event"))
    newest = proofs.newest_checkpoint()

    assert [leaf.index for leaf in leaves] == list(range(len(leaves)))
    assert {leaf.event_id for leaf in leaves} == set(AuditEvent.objects.values_list("pk", flat=True))
    assert [bytes(leaf.hash) for leaf in leaves] == [leaf_hash(leaf.event.canonical.encode()) for leaf in leaves]
    assert newest.size == len(leaves)
    assert root_of(newest.size, proofs.tiles_of(newest.size).node) == bytes(newest.root)
    for checkpoint in AuditCheckpoint.objects.all():
        assert root_of(checkpoint.size, proofs.tiles_of(checkpoint.size).node) == bytes(checkpoint.root)


@contextmanager
def in_thread(work):
    """Run `work` on a connection of its own."""
    failed = []

    def run() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - told below, in the thread of the test
            failed.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    yield thread
    thread.join(30)
    assert not failed, failed


class TestSealEvents:
    def test_makes_a_leaf_of_each_event_in_the_order_of_their_transactions(self, happen):
        happen(3, said="first")
        happen(2, said="second")

        assert sealing.seal_events() == 5

        leaves = AuditLeaf.objects.order_by("index").select_related("event")
        order = [(leaf.event.tx, leaf.event_id) for leaf in leaves]
        assert order == sorted(order)
        assert [leaf.event.reason.split()[0] for leaf in leaves] == ["first"] * 3 + ["second"] * 2
        assert_sealed_whole()

    def test_signs_a_checkpoint_that_opens_with_the_log_s_key(self, happen):
        happen(3)
        sealing.seal_events()

        newest = proofs.newest_checkpoint()
        said = open_note(newest.note, sealing.outside.signer().verifier_key)
        assert (said.origin, said.size, said.root) == ("portal.example/audit-log", 3, bytes(newest.root))

    def test_does_nothing_when_nothing_happened(self, happen):
        assert sealing.seal_events() == 0
        happen(1)
        sealing.seal_events()

        assert sealing.seal_events() == 0
        assert AuditCheckpoint.objects.count() == 1

    @pytest.mark.parametrize("limit", [1, 7, 256, 300])
    def test_goes_on_where_it_stopped_also_within_one_transaction(self, happen, limit):
        happen(520 if limit > 7 else 20)
        happen(3)

        while sealing.seal_events(limit=limit):
            pass

        assert_sealed_whole()

    def test_keeps_full_tiles_and_reads_no_more_than_the_edge_to_go_on(self, happen, django_assert_max_num_queries):
        happen(600)
        sealing.seal_events()
        happen(1)

        with django_assert_max_num_queries(18):
            sealing.seal_events()

        assert sorted(AuditTile.objects.values_list("level", "index")) == [(0, 0), (0, 1)]
        assert_sealed_whole()

    def test_takes_events_that_came_from_another_cluster(self, happen, as_superuser):
        """A dump that is restored elsewhere brings the numbers of transactions that are counted anew there."""
        happen(3)
        sealing.seal_events()
        as_superuser("UPDATE governance_auditevent SET tx = (tx::text::bigint + 1000000)::text::xid8")
        as_superuser("UPDATE governance_auditcheckpoint SET read_tx = (read_tx::text::bigint + 1000000)::text::xid8")
        unsealed = happen(2, said="after the dump")
        as_superuser("UPDATE governance_auditevent SET tx = '2000000' WHERE id = %s", unsealed[0].pk)

        settle()
        assert sealing.seal_events() == 2
        happen(2, said="here")
        assert sealing.seal_events() == 2

        assert_sealed_whole()


class TestASlowTransaction:
    def test_that_commits_late_is_not_lost(self, happen, engineer, team):
        written, may_commit = threading.Event(), threading.Event()

        def slow() -> None:
            with transaction.atomic():
                happen(1, said="slow", settles=False)
                written.set()
                assert may_commit.wait(30)

        happen(1, said="before")
        with in_thread(slow):
            assert written.wait(30)
            happen(1, said="while", settles=False)
            assert sealing.seal_events() == 1, "what was written after the slow one began has to wait for it"
            assert proofs.seal_state().waiting == 1
            may_commit.set()

        settle()
        assert sealing.seal_events() == 2
        reasons = AuditLeaf.objects.order_by("index").values_list("event__reason", flat=True)
        assert list(reasons) == ["before 0", "slow 0", "while 0"]
        assert_sealed_whole()

    def test_that_is_rolled_back_leaves_no_gap(self, happen):
        def fail() -> None:
            with transaction.atomic():
                happen(2, settles=False)
                raise RuntimeError

        with pytest.raises(RuntimeError):
            fail()
        happen(1)

        assert sealing.seal_events() == 1
        assert_sealed_whole()


class TestTwoSealers:
    def test_seal_everything_once(self, happen):
        for number in range(30):
            happen(3, said=f"transaction {number}", settles=False)
        together = threading.Barrier(4)

        def seal() -> None:
            together.wait(30)
            for _ in range(20):
                sealing.seal_events(limit=7)

        with in_thread(seal), in_thread(seal), in_thread(seal), in_thread(seal):
            pass
        seal_all()

        assert_sealed_whole()

    def test_do_not_wait_for_each_other(self, happen):
        happen(1)
        held, done = threading.Event(), threading.Event()

        def hold() -> None:
            with transaction.atomic():
                assert sealing.try_lock(sealing.SEALER_LOCK)
                held.set()
                assert done.wait(30)

        with in_thread(hold):
            assert held.wait(30)
            assert sealing.seal_events() == 0
            done.set()
        assert sealing.seal_events() == 1


class TestTheDatabase:
    def test_refuses_to_change_what_is_sealed(self, sealed):
        sealed(300)

        for table, column in [("auditleaf", "index"), ("audittile", "index"), ("auditcheckpoint", "size")]:
            for change in (f'UPDATE {{}} SET "{column}" = 1', "DELETE FROM {}", "TRUNCATE {}"):
                with pytest.raises(DatabaseError, match="append-only"), connection.cursor() as cursor:
                    cursor.execute(change.format(f"governance_{table}"))

        assert_sealed_whole()

    @pytest.mark.parametrize(
        "change",
        [
            "UPDATE governance_auditleaf SET hash = sha256('x') WHERE index = 299",
            "DELETE FROM governance_auditleaf WHERE index = 299",
            "UPDATE governance_audittile SET root = sha256('x')",
        ],
    )
    def test_that_was_altered_is_signed_no_more(self, sealed, happen, as_superuser, change):
        sealed(300)
        as_superuser(change)
        happen(1)

        assert sealing.seal_events() == 0

        assert AuditCheckpoint.objects.count() == 1
        assert "they were altered" in AuditAlarm.objects.get(cleared_at=None).message


class TestProof:
    def test_leads_from_every_event_to_the_root(self, sealed):
        sealed(258, said="first")
        sealed(40, said="second")

        for event in AuditEvent.objects.all():
            proof = proofs.proof_of(event)
            leaf = leaf_hash(event.canonical.encode())
            root = root_from_path(leaf, proof.leaf.index, proof.checkpoint.size, proof.path)
            assert root == bytes(proof.checkpoint.root)

    def test_of_an_event_that_is_not_sealed_is_not_there_yet(self, sealed, happen):
        sealed(1)
        [event] = happen(1)

        with pytest.raises(proofs.NotSealedYetError, match="not sealed yet"):
            proofs.proof_of(event)

    def test_of_checkpoints_that_were_never_signed_is_refused(self, sealed):
        sealed(3)
        sealed(4)

        assert proofs.consistency_of(3).second.size == 7
        for first, second in [(2, None), (3, 5), (7, 3)]:
            with pytest.raises(proofs.UnknownCheckpointError):
                proofs.consistency_of(first, second)
