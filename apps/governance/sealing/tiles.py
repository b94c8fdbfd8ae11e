"""The tree in tiles: rows of up to 256 consecutive hashes, of every eighth level, as C2SP tlog-tiles lays them out.

A full tile never changes, so a tree that grows only ever adds tiles. What is not full yet is the tree's right edge.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from apps.governance.sealing.tree import ROOT_OF_NOTHING, node_hash, subtree_root

WIDTH = 256
HASH_BYTES = 32
LEVELS_IN_TILE = 8

Load = Callable[[int, int, int], bytes]
"""Gives the first hashes of a tile, so many of them: (level, index, width)."""


@dataclass(frozen=True, slots=True)
class Tile:
    """A full tile: its hashes, and the root over them, which is a hash of the level above."""

    level: int
    index: int
    hashes: bytes
    root: bytes


class Edge:
    """The right edge of a tree: of each level of tiles, the hashes of the tile that is not full yet."""

    def __init__(self, size: int, rows: Iterable[Iterable[bytes]] = ()) -> None:
        self.size = size
        self._rows = [list(row) for row in rows]

    def append(self, leaves: Iterable[bytes]) -> list[Tile]:
        """Add leaves to the tree, and return the tiles that became full."""
        full: list[Tile] = []
        for leaf in leaves:
            self.size += 1
            self._push(0, leaf, full)
        return full

    def root(self) -> bytes:
        """Return the root of the tree."""
        above = [subtree for row in reversed(self._rows) for subtree in _subtrees(row)]
        if not above:
            return ROOT_OF_NOTHING
        root = above.pop()
        while above:
            root = node_hash(above.pop(), root)
        return root

    def _push(self, level: int, added: bytes, full: list[Tile]) -> None:
        if level == len(self._rows):
            self._rows.append([])
        row = self._rows[level]
        row.append(added)
        if len(row) == WIDTH:
            tile = Tile(level, self.size // WIDTH ** (level + 1) - 1, b"".join(row), subtree_root(row))
            full.append(tile)
            row.clear()
            self._push(level + 1, tile.root, full)


class Tiles:
    """The complete subtrees of a tree of `size` leaves, read from its tiles; each tile is loaded once."""

    def __init__(self, size: int, load: Load) -> None:
        self.size = size
        self._load = load
        self._loaded: dict[tuple[int, int], bytes] = {}

    def node(self, level: int, index: int) -> bytes:
        """Return the hash over 2**level leaves; see `tree.Node`."""
        tile_level, inner = divmod(level, LEVELS_IN_TILE)
        tile, first = divmod(index << inner, WIDTH)
        row = self._row(tile_level, tile)
        return subtree_root(hashes_in(row)[first : first + (1 << inner)])

    def _row(self, level: int, index: int) -> bytes:
        if (level, index) not in self._loaded:
            self._loaded[level, index] = self._load(level, index, width_of(self.size, level, index))
        return self._loaded[level, index]


def width_of(size: int, level: int, index: int) -> int:
    """Return how many hashes a tile has in a tree of `size` leaves."""
    return max(0, min(WIDTH, size // WIDTH**level - index * WIDTH))


def open_tiles(size: int) -> list[tuple[int, int, int]]:
    """Return (level, index, width) of the tiles at the right edge of a tree, empty ones left out."""
    found, level = [], 0
    while hashes := size // WIDTH**level:
        if width := hashes % WIDTH:
            found.append((level, hashes // WIDTH, width))
        level += 1
    return found


def full_tiles(after: int, size: int) -> list[tuple[int, int]]:
    """Return (level, index) of the tiles that became full while the tree grew from `after` to `size` leaves."""
    found, span, level = [], WIDTH, 0
    while size >= span:
        found += [(level, index) for index in range(after // span, size // span)]
        level, span = level + 1, span * WIDTH
    return found


def tile_path(level: int, index: int, width: int = WIDTH) -> str:
    """Return where a tile lies, such as "tile/0/x001/x234/067" or, not full yet, "tile/1/000.p/17"."""
    part = "" if width == WIDTH else f".p/{width}"
    return f"tile/{level}/{number_path(index)}{part}"


def number_path(number: int) -> str:
    """Return a number as path elements of three digits: 1234067 is "x001/x234/067"."""
    digits = f"{number:d}"
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    *above, last = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    return "/".join([*(f"x{element}" for element in above), last])


def hashes_in(row: bytes) -> list[bytes]:
    return [row[at : at + HASH_BYTES] for at in range(0, len(row), HASH_BYTES)]


def _subtrees(row: list[bytes]) -> list[bytes]:
    """Return the roots of the complete subtrees that a row falls into, the largest first."""
    roots, begin = [], 0
    for bit in range(LEVELS_IN_TILE, -1, -1):
        if len(row) & (1 << bit):
            roots.append(subtree_root(row[begin : begin + (1 << bit)]))
            begin += 1 << bit
    return roots
