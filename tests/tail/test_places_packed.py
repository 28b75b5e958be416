"""Places at rest are kept packed, and found again by how their files begin."""

from hypothesis import given
from hypothesis import strategies as st

from costtop.tail.fingerprint import digest
from costtop.tail.place import Place, is_packed_as_read, is_packed_as_there, unpacked
from costtop.tail.rotation import Beginnings

NUMBERS = st.one_of(st.integers(0, 5), st.integers(-(1 << 70), 1 << 70))
PLACES = st.builds(
    Place, st.binary(), NUMBERS, NUMBERS, NUMBERS, NUMBERS, NUMBERS, NUMBERS, st.binary(),
    st.binary(), st.booleans(), st.booleans(), NUMBERS, NUMBERS, st.booleans(),
)  # fmt: skip


@given(PLACES)
def test_a_packed_place_is_the_same_place(place: Place) -> None:
    assert unpacked(place.path, place.packed()) == place


@given(PLACES, st.tuples(NUMBERS, NUMBERS, NUMBERS, NUMBERS))
def test_that_a_file_is_as_it_was_read_is_told_without_unpacking(
    place: Place, other: tuple[int, int, int, int]
) -> None:
    own = place.dev, place.ino, place.size, place.mtime
    for stat in (own, other, (*own[:3], other[3]), (other[0], *own[1:])):
        same = (*stat, stat[2]) == place[1:6]
        assert is_packed_as_read(place.packed(), *stat) == same


@given(PLACES)
def test_that_a_file_was_never_missed_is_told_without_unpacking(place: Place) -> None:
    assert is_packed_as_there(place.packed()) == (place.gone == 0)


def test_places_are_found_by_how_their_files_begin() -> None:
    known = Beginnings()
    short, long = b"a first line\n", b"a first line\nand a second one\n"
    one, other, third = (
        Place(path, head_length=len(data), head=digest(data))
        for path, data in ((b"/one", short), (b"/other", short), (b"/third", long))
    )
    for place in (one, other, third, Place(b"/empty")):
        known.put(place)
    assert known.of(long) == {b"/one", b"/other", b"/third"}
    assert known.of(short) == {b"/one", b"/other"}
    known.drop(one)
    assert known.of(short) == {b"/other"}
    known.drop(other)
    known.drop(third)
    assert known.of(long) == set()
