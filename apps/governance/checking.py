"""Checking one event against the sealed log, step by step, as its page shows it.

The portal checks itself here: it proves nothing to somebody who does not trust the portal. The steps are those of
`tools/llmops_verify.py`, which that somebody runs elsewhere.
"""

from dataclasses import dataclass

from apps.core.bounded_json import read_json
from apps.core.lifecycle import Finding
from apps.governance import outside
from apps.governance.errors import NotSealedYetError
from apps.governance.models import AuditEvent
from apps.governance.proofs import Proof, proof_of
from apps.governance.sealing.notes import BadNoteError, open_note
from apps.governance.sealing.stores import StoreDownError
from apps.governance.sealing.tiles import HASH_BYTES, WIDTH, tile_path
from apps.governance.sealing.tree import BadProofError, leaf_hash, root_from_path


@dataclass(frozen=True, slots=True)
class Verification:
    """What was checked, and with what outcome. `proof` is None while the event is not sealed."""

    proof: Proof | None
    steps: list[Finding]

    @property
    def holds(self) -> bool:
        return self.proof is not None and all(step.passed for step in self.steps)


def verification_of(event: AuditEvent) -> Verification:
    """Check an event; the caller has checked that it may be seen."""
    try:
        proof = proof_of(event)
    except NotSealedYetError:
        return Verification(None, [])
    steps = [_row(event), _leaf(event, proof), _place(event, proof), _signature(proof)]
    copied = _copy(event, proof)
    return Verification(proof, [*steps, *([copied] if copied else [])])


def _row(event: AuditEvent) -> Finding:
    same = read_json(event.canonical) == event.document()
    return Finding("What this page shows is what the event's canonical bytes say", same)


def _leaf(event: AuditEvent, proof: Proof) -> Finding:
    found = leaf_hash(event.canonical.encode())
    detail = f"SHA-256 of a zero byte and the canonical bytes: {found.hex()}"
    return Finding("The bytes give the hash of its leaf", found == bytes(proof.leaf.hash), detail)


def _place(event: AuditEvent, proof: Proof) -> Finding:
    size, index = proof.checkpoint.size, proof.leaf.index
    try:
        root = root_from_path(leaf_hash(event.canonical.encode()), index, size, proof.path)
    except BadProofError as error:
        return Finding("The leaf leads to the root", passed=False, detail=str(error))
    detail = f"Entry {index} of {size}, over {len(proof.path)} hashes: {root.hex()}"
    return Finding("The leaf leads to the root", root == bytes(proof.checkpoint.root), detail)


def _signature(proof: Proof) -> Finding:
    name = "The root is the one that was signed"
    try:
        said = open_note(proof.checkpoint.note, outside.signer().verifier_key)
    except BadNoteError as error:
        return Finding(name, passed=False, detail=str(error))
    same = (said.size, said.root) == (proof.checkpoint.size, bytes(proof.checkpoint.root))
    return Finding(name, same, f"Ed25519, by {said.origin}")


def _copy(event: AuditEvent, proof: Proof) -> Finding | None:
    """Look into the copy at hand; None where it cannot be read, or is not that far yet."""
    tile, place = divmod(proof.leaf.index, WIDTH)
    size = proof.checkpoint.size
    width = min(WIDTH, size - tile * WIDTH)
    try:
        kept = outside.folder().read(tile_path(0, tile, width))
    except StoreDownError:
        return None
    if kept is None:
        return None
    same = kept[place * HASH_BYTES : (place + 1) * HASH_BYTES] == leaf_hash(event.canonical.encode())
    return Finding("The copy outside the database has the same leaf there", same, outside.folder().name)
