"""The tree, against the vectors of Certificate Transparency and against RFC 6962 written down word for word."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.governance.sealing import tree
from apps.governance.sealing.tiles import Edge, Tiles, full_tiles, hashes_in, number_path, open_tiles, tile_path

ENTRIES = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOTS = [  # of the trees over the first entries, from one on
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
LEAVES = [tree.leaf_hash(bytes.fromhex(entry)) for entry in ENTRIES]


def leaves_of(size):
    return [tree.leaf_hash(str(number).encode()) for number in range(size)]


def largest_power_below(number):
    power = 1
    while power * 2 < number:
        power *= 2
    return power


def mth(leaves):
    """RFC 6962, 2.1: the Merkle Tree Hash."""
    if not leaves:
        return sha256().digest()
    if len(leaves) == 1:
        return leaves[0]
    k = largest_power_below(len(leaves))
    return sha256(b"\x01" + mth(leaves[:k]) + mth(leaves[k:])).digest()


def path(m, leaves):
    """RFC 6962, 2.1.1: the audit path of leaf m."""
    if len(leaves) == 1:
        return []
    k = largest_power_below(len(leaves))
    if m < k:
        return [*path(m, leaves[:k]), mth(leaves[k:])]
    return [*path(m - k, leaves[k:]), mth(leaves[:k])]


def subproof(m, leaves, *, whole):
    """RFC 6962, 2.1.2: SUBPROOF(m, D[n], b)."""
    if m == len(leaves):
        return [] if whole else [mth(leaves)]
    k = largest_power_below(len(leaves))
    if m <= k:
        return [*subproof(m, leaves[:k], whole=whole), mth(leaves[k:])]
    return [*subproof(m - k, leaves[k:], whole=False), mth(leaves[:k])]


def naive(leaves):
    """The complete subtrees of a list of leaves, hashed anew each time."""
    return lambda level, index: mth(leaves[index << level : (index + 1) << level])


def grown(leaves, *, steps):
    """A tree that grew in steps, and its full tiles by where they lie."""
    edge, kept, before = Edge(0), {}, 0
    for upto in sorted({*steps, len(leaves)}):
        kept |= {(tile.level, tile.index): tile for tile in edge.append(leaves[before:upto])}
        before = upto
    return edge, kept


class TestRoot:
    @pytest.mark.parametrize("size", range(1, 9))
    def test_is_that_of_the_published_vectors(self, size):
        edge = Edge(0)
        edge.append(LEAVES[:size])

        assert tree.root_of(size, naive(LEAVES)).hex() == edge.root().hex() == ROOTS[size - 1]

    def test_of_nothing_is_the_hash_of_nothing(self):
        assert tree.root_of(0, naive([])) == Edge(0).root() == sha256().digest()

    @given(size=st.integers(0, 1200), steps=st.lists(st.integers(0, 1200), max_size=6))
    def test_is_the_same_however_the_tree_grew(self, size, steps):
        leaves = leaves_of(size)

        edge, _ = grown(leaves, steps=[step for step in steps if step < size])

        assert edge.root() == mth(leaves)


class TestTiles:
    @given(size=st.integers(1, 1200))
    def test_give_every_complete_subtree(self, size):
        leaves = leaves_of(size)
        _, kept = grown(leaves, steps=[])

        def load(level, index, width):
            if (level, index) in kept:
                return kept[level, index].hashes
            below = leaves if level == 0 else [kept[level - 1, at].root for at in range(size // 256**level)]
            return b"".join(below[index * 256 : index * 256 + width])

        node = Tiles(size, load).node
        for level in range(size.bit_length()):
            last = (size >> level) - 1
            assert node(level, last) == naive(leaves)(level, last)

    def test_that_became_full_and_that_are_open_are_those_of_the_specification(self):
        # The example of C2SP tlog-tiles.
        assert len([index for level, index in full_tiles(0, 70_000) if level == 0]) == 273
        assert full_tiles(0, 70_000)[-1] == (1, 0)
        assert open_tiles(70_000) == [(0, 273, 112), (1, 1, 17), (2, 0, 1)]
        assert open_tiles(256) == [(1, 0, 1)]

    def test_lie_where_the_specification_says(self):
        assert number_path(1234067) == "x001/x234/067"
        assert (tile_path(0, 5), tile_path(1, 1234, 17)) == ("tile/0/005", "tile/1/x001/234.p/17")

    @given(size=st.integers(0, 2000), more=st.integers(0, 2000))
    def test_become_full_once(self, size, more):
        assert full_tiles(0, size) + full_tiles(size, size + more) == sorted_as_grown(size, more)


def sorted_as_grown(size, more):
    later = set(full_tiles(0, size + more)) - set(full_tiles(0, size))
    return full_tiles(0, size) + sorted(later)


class TestInclusionPath:
    @given(st.integers(1, 300).flatmap(lambda size: st.tuples(st.just(size), st.integers(0, size - 1))))
    def test_is_that_of_the_rfc_and_leads_to_the_root(self, sized):
        size, index = sized
        leaves = leaves_of(size)

        found = tree.inclusion_path(index, size, naive(leaves))

        assert found == path(index, leaves)
        assert tree.root_from_path(leaves[index], index, size, found) == mth(leaves)

    def test_leads_elsewhere_from_another_place_or_leaf(self):
        leaves = leaves_of(11)
        found = tree.inclusion_path(4, 11, naive(leaves))

        assert tree.root_from_path(leaves[4], 5, 11, found) != mth(leaves)
        assert tree.root_from_path(leaves[5], 4, 11, found) != mth(leaves)

    @pytest.mark.parametrize("change", [lambda found: found[:-1], lambda found: [*found, found[0]]])
    def test_of_another_length_is_refused(self, change):
        leaves = leaves_of(11)

        with pytest.raises(tree.BadProofError):
            tree.root_from_path(leaves[4], 4, 11, change(tree.inclusion_path(4, 11, naive(leaves))))

    @pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0)])
    def test_of_no_leaf_is_refused(self, index, size):
        with pytest.raises(tree.BadProofError):
            tree.inclusion_path(index, size, naive(leaves_of(3)))
        with pytest.raises(tree.BadProofError):
            tree.root_from_path(b"", index, size, [])


class TestConsistencyPath:
    @given(st.integers(1, 300).flatmap(lambda second: st.tuples(st.integers(1, second), st.just(second))))
    def test_is_that_of_the_rfc(self, sizes):
        first, second = sizes
        leaves = leaves_of(second)

        assert tree.consistency_path(first, second, naive(leaves)) == subproof(first, leaves, whole=True)

    @pytest.mark.parametrize(("first", "second"), [(0, 5), (6, 5)])
    def test_of_trees_that_are_no_beginning_is_refused(self, first, second):
        with pytest.raises(tree.BadProofError):
            tree.consistency_path(first, second, naive(leaves_of(5)))


def test_a_row_falls_into_its_hashes():
    assert b"".join(hashes_in(b"".join(LEAVES))) == b"".join(LEAVES)
