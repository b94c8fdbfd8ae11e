#!/usr/bin/env python3
"""Check the portal's audit log without the portal. Needs Python 3.10 or newer and nothing else.

    llmops_verify.py export EXPORT --key KEY (--log FOLDER | --checkpoint FILE) [--checkpoint FILE ...]
    llmops_verify.py part EXPORT --key KEY --log FOLDER
    llmops_verify.py {bundle,consistency} ANSWER --key KEY [--log FOLDER]

EXPORT is the JSONL export: one line is one event, byte for byte as it was sealed. FOLDER is a copy of the sealed log,
kept outside the database; FILE a checkpoint that you kept, or that the export was made at; ANSWER what the API says of
one event's proof, or of two checkpoints. KEY is the log's public key, or a file: have it from somebody you trust.

What this proves: the events are those that were sealed, all of them, in that order, none changed, none added. Of an
export of some events (part): each line is an event of the log; what was left out it cannot show. What it cannot prove:
that the portal recorded everything that happened. Exit status: 0 it holds, 1 it does not, 2 it was not checked.
"""

import argparse
import base64
import functools
import hashlib
import json
import sys
from pathlib import Path

WIDTH, HASH = 256, 32


class BrokenError(Exception):
    """It is not what was sealed. What cannot be checked at all is a ValueError."""


# --- Ed25519 signatures: RFC 8032, section 5.1, after its own reference code in section 6
P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_1 = pow(2, (P - 1) // 4, P)


def add(one, other):
    """Add two points in extended coordinates."""
    a, b = (one[1] - one[0]) * (other[1] - other[0]) % P, (one[1] + one[0]) * (other[1] + other[0]) % P
    c, d = 2 * one[3] * other[3] * D % P, 2 * one[2] * other[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(factor, point):
    result = (0, 1, 1, 0)
    while factor:
        result = add(result, point) if factor & 1 else result
        point, factor = add(point, point), factor >> 1
    return result


def point_of(encoded):
    """Decode a point; None when it is none."""
    y = int.from_bytes(encoded, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    x = x * ROOT_OF_MINUS_1 % P if (x * x - square) % P else x
    if (x * x - square) % P or (x == 0 and sign) or y >= P:
        return None
    x = P - x if x & 1 != sign else x
    return x, y, 1, x * y % P


BASE = point_of((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def is_signed(public, message, signature):
    key, nonce, s = point_of(public), point_of(signature[:32]), int.from_bytes(signature[32:], "little")
    if len(signature) != 64 or key is None or nonce is None or s >= ORDER:
        return False
    digest = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % ORDER
    left, right = times(s, BASE), add(nonce, times(digest, key))
    return not ((left[0] * right[2] - right[0] * left[2]) % P or (left[1] * right[2] - right[1] * left[2]) % P)


# --- Checkpoints: C2SP signed-note and tlog-checkpoint
class Checkpoint:
    """A signed note that says: the log of this origin has so many leaves and this root."""

    def __init__(self, note, key, source):
        self.source = source
        name, _, encoded = key.split("+", 2)
        public = base64.b64decode(encoded)[1:]
        key_id = hashlib.sha256(name.encode() + b"\n\x01" + public).digest()[:4]
        text, _, signatures = note.partition("\n\n")
        lines = text.split("\n")
        if len(lines) < 3 or lines[0] != name or not lines[1].isdigit():
            raise BrokenError(f"{source} is no checkpoint of the log '{name}'")
        self.size, self.root = int(lines[1]), base64.b64decode(lines[2])
        ours = [line.rpartition(" ")[2] for line in signatures.split("\n") if line.startswith(f"\u2014 {name} ")]
        given = [raw for raw in map(base64.b64decode, ours) if raw[:4] == key_id]
        if not given or not all(is_signed(public, text.encode() + b"\n", raw[4:]) for raw in given):
            raise BrokenError(f"{source} (size {self.size}) is not signed by the key")


# --- The tree: RFC 6962, section 2.1
def leaf_hash(entry):
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


class Growing:
    """A tree to which leaves are added: of the complete subtrees it consists of, only the roots are kept."""

    def __init__(self):
        self.size, self.roots = 0, []

    def add(self, leaf):
        size, roots, sha256 = self.size, self.roots, hashlib.sha256
        self.size = size + 1
        while size & 1:
            leaf = sha256(b"\x01" + roots.pop() + leaf).digest()
            size >>= 1
        roots.append(leaf)

    def root(self):
        return functools.reduce(lambda right, left: node_hash(left, right), reversed(self.roots))


def climbed(at, last, start, path):
    """Return the roots of the older and the newer tree that a proof leads to (RFC 9162, 2.1.3.2 and 2.1.4.2)."""
    old = new = start
    for each in path:
        if not last:
            return b"", b""
        if at & 1 or at == last:
            old, new = node_hash(each, old), node_hash(each, new)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            new = node_hash(new, each)
        at, last = at >> 1, last >> 1
    return (b"", b"") if last else (old, new)


# --- The copy outside the database: C2SP tlog-tiles
def sealed_in(folder, key):
    """Return the checkpoint of a copy and all its leaf hashes, which together give the root that is signed."""
    newest = Checkpoint(Path(folder, "checkpoint").read_text(encoding="utf-8"), key, f"the copy in {folder}")
    tree, row = Growing(), bytearray()
    for index in range(-(-newest.size // WIDTH)):
        digits, width = str(index).zfill(-(-len(str(index)) // 3) * 3), min(WIDTH, newest.size - index * WIDTH)
        *above, last = (digits[at : at + 3] for at in range(0, len(digits), 3))
        tile = Path(folder, "tile", "0", *(f"x{part}" for part in above), last)
        row += (tile if tile.exists() else Path(f"{tile}.p", str(width))).read_bytes()[: width * HASH]
    for at in range(0, len(row), HASH):
        tree.add(bytes(row[at : at + HASH]))
    if (tree.size, tree.root()) != (newest.size, newest.root):
        raise BrokenError(f"fork: the leaves of {newest.source} are not those whose root its checkpoint signs")
    return newest, bytes(row)


def leaves_of(export):
    with Path(export).open("rb") as lines:
        for line in lines:
            yield leaf_hash(line[:-1] if line.endswith(b"\n") else line)


def check_export(given, key):
    """Hash every line into a tree, and compare with what was signed; where it differs, say which entry is the first."""
    claims, sealed = [Checkpoint(Path(each).read_text(encoding="utf-8"), key, each) for each in given.checkpoint], None
    if given.log:
        kept, sealed = sealed_in(given.log, key)
        claims.insert(0, kept)
    signed = {}
    for claim in claims:
        if signed.setdefault(claim.size, claim).root != claim.root:
            both = f"{claim.source} and {signed[claim.size].source}"
            raise BrokenError(f"fork: {both} sign two trees of {claim.size}. {compared(given.file, sealed)}")
    tree, good, newest, wrong = Growing(), 0, max(signed), ""
    for leaf in leaves_of(given.file):
        tree.add(leaf)
        if tree.size in signed and tree.root() != signed[tree.size].root:
            wrong = wrong or f"altered, or worse: the first bad entry is one of {good} to {tree.size - 1}"
        elif tree.size in signed:
            good = tree.size
    if tree.size < newest and tree.size not in signed:
        wrong = wrong or f"truncated: entry {tree.size} of {newest} is the first missing"
    if wrong or (tree.size < newest and sealed and b"".join(leaves_of(given.file)) != sealed[: tree.size * HASH]):
        raise BrokenError(compared(given.file, sealed) or f"{wrong}; --log FOLDER says more")
    if tree.size > newest:
        raise BrokenError(f"inserted: entry {newest} {event_at(given.file, newest)} stands beyond what was signed")
    since = f" {newest - tree.size} more were sealed since." if tree.size < newest else ""
    return f"{tree.size} events are those that were sealed, in that order.{since}"


def compared(export, row):
    """Say which entry of an export is the first that is not as the copy has it, and what was done to it."""
    if row is None:
        return ""
    found, sealed = list(leaves_of(export)), [row[at : at + HASH] for at in range(0, len(row), HASH)]
    at = next((at for at in range(len(found)) if found[at : at + 1] != sealed[at : at + 1]), len(found))
    entry, here = f"entry {at}", event_at(export, at)
    if at == len(found):
        made = "if the export is older than the copy, give the --checkpoint that it was made at"
        return f"truncated: {entry} of {len(sealed)} is the first missing; {made}" if at < len(sealed) else ""
    if at == len(sealed):
        return f"inserted: {entry} {here} stands beyond what the copy has"
    found_later, sealed_later = set(found[at:]), set(sealed[at:])
    if found[at] in sealed_later and sealed[at] in found_later:
        return f"reordered: {entry} {here} was sealed as entry {sealed.index(found[at])}"
    if found[at] in sealed_later:
        return f"deleted: {entry} is missing, and {here} stands in its place"
    if sealed[at] in found_later:
        return f"inserted: {entry} {here} was {'sealed once already' if found[at] in sealed[:at] else 'never sealed'}"
    if len(found_later) > 1 and not found_later & sealed_later:
        return f"fork: from {entry} {here} on nothing is as it was sealed"
    return f"altered: {entry} {here} is not as it was sealed"


def check_part(given, key):
    """Check that each line is an event of the log, in the log's order."""
    row, before, line = sealed_in(given.log, key)[1], -1, 0
    places = {row[at : at + HASH]: at // HASH for at in range(0, len(row), HASH)}
    for line, leaf in enumerate(leaves_of(given.file), 1):
        place = places.get(leaf, -1)
        if place <= before:
            what = "altered or inserted, never sealed" if place < 0 else "reordered, sealed before the line above it"
            raise BrokenError(f"line {line} {event_at(given.file, line - 1)}: {what}")
        before = place
    return f"{line} lines are events of the log, in its order. Whether some were left out a part cannot show."


def event_at(export, index):
    with Path(export).open("rb") as lines:
        line = next((line for at, line in enumerate(lines) if at == index), b"")
    try:
        return f"(event {json.loads(line)['id']})"
    except (ValueError, KeyError, TypeError):
        return "(no event)"


def answered(path):
    """Return what the API answered, with or without its envelope."""
    document = json.loads(Path(path).read_text(encoding="utf-8"))
    document = document.get("data", document)
    return document, [base64.b64decode(each) for each in document["path"]]


def check_bundle(given, key):
    """Check that one event is a leaf of the tree that its checkpoint signs."""
    proof, path = answered(given.file)
    signed = Checkpoint(proof["checkpoint"], key, "the checkpoint of the bundle")
    index, leaf = proof["leaf_index"], leaf_hash(proof["canonical"].encode())
    entry = f"entry {index} (event {json.loads(proof['canonical'])['id']})"
    if not 0 <= index < signed.size or climbed(index, signed.size - 1, leaf, path)[1] != signed.root:
        raise BrokenError(f"altered: {entry} is not in the tree of {signed.size} that is signed")
    if given.log and sealed_in(given.log, key)[1][index * HASH : (index + 1) * HASH] != leaf:
        raise BrokenError(f"fork: {entry} is another event in the copy of the log")
    return f"{entry} is in the tree of {signed.size} that is signed."


def check_consistency(given, key):
    """Check that the later tree begins with the earlier one."""
    proof, path = answered(given.file)
    first, second = (Checkpoint(proof[name], key, f"the {name} checkpoint") for name in ("first", "second"))
    at, last = first.size - 1, second.size - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    if first.size & (first.size - 1) == 0 or first.size == second.size:
        path.insert(0, first.root)  # a complete subtree of the second tree, so the proof need not repeat it
    roots = climbed(at, last, path[0], path[1:]) if first.size < second.size else (path[-1], path[-1])
    if first.size > second.size or roots != (first.root, second.root):
        raise BrokenError(f"fork: the tree of {second.size} leaves does not begin with the tree of {first.size}")
    return f"the log at {second.size} begins with the log at {first.size}: nothing of that was changed."


def main(arguments=None):
    checks = {"export": check_export, "part": check_part, "bundle": check_bundle, "consistency": check_consistency}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=checks)
    parser.add_argument("file", help="the export, or what the API answered")
    parser.add_argument("--key", required=True, help="the log's public key, or a file that holds it")
    parser.add_argument("--log", help="a copy of the sealed log, kept outside the database")
    parser.add_argument("--checkpoint", action="append", default=[], help="a checkpoint that you kept")
    given = parser.parse_args(arguments)
    if not given.log and (given.what == "part" or (given.what == "export" and not given.checkpoint)):
        parser.error("name a copy of the log with --log FOLDER, or for a whole export a --checkpoint FILE")
    try:
        key = Path(given.key).read_text(encoding="utf-8").strip() if Path(given.key).is_file() else given.key
        print("HOLDS:", checks[given.what](given, key))
    except BrokenError as error:
        print("BROKEN:", error)
        return 1
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        print("NOT CHECKED:", f"{type(error).__name__}: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
