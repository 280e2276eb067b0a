"""Places of keys: where they begin, which differ, and in which turns they are brought."""

from dataclasses import replace

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auto_schema.key_places import KeySums, Place, Places, integers_in, summed
from auto_schema.schema import Column
from smart_sync import key_descent
from smart_sync.key_descent import (
    AT_ONCE,
    MOST_PLACES,
    WIDER,
    apart,
    differing,
    fewest_missing,
    first_places,
    in_turns,
    parts_of,
    told_apart,
    told_by_bits,
)

INTEGER = Column("id", "id", "int8", "{c}", pa.int64(), "INT64")
TEXT = Column("id", "id", "text", "{c}", pa.string(), "STRING")
INT64 = st.integers(-(2**63), 2**63 - 1)


def place_of(places: Places, key: int) -> int:
    """As both databases say it."""
    divided = abs(key) // places.width * (1 if key >= 0 else -1)
    return max(places.first, min(places.last, divided))


@given(INT64, INT64, INT64, st.integers(0, 10**9))
def test_places_of_integers_hold_every_key_in_order_and_fit_an_int64(low, high, key, rows):
    low, high = sorted((low, high))
    places = first_places((INTEGER,), rows, (low, high))
    assert 1 <= places.width <= 2**62
    assert places.last - places.first <= WIDER * MOST_PLACES + 1
    assert places.first <= place_of(places, key) <= places.last
    assert place_of(places, low) == places.first
    assert place_of(places, high) == places.last


@given(st.integers(0, 10**9))
def test_places_by_hash_are_a_power_of_two(rows):
    for keys, ends in (((TEXT,), None), ((INTEGER, TEXT), None), ((INTEGER,), None)):
        places = first_places(keys, rows, ends)
        assert places.width == 0
        assert places.count.bit_count() == 1
        assert places.count <= MOST_PLACES


@pytest.mark.parametrize(("rows", "span"), [(1, 1), (1000, 1000), (2_000_000, 2_100_000), (9, 999)])
def test_of_keys_that_lie_close_a_place_holds_as_many_as_there_are_bits(rows, span):
    places = first_places((INTEGER,), rows, (-7, span - 8))
    assert places.is_exact
    assert 2 * places.width - 1 <= 63, "the place at zero has those below it, too"


def test_what_both_sides_say_alike_is_not_looked_at():
    theirs, ours = summed(5, "1:0:2:7:0;2:0:3:9:0"), summed(6, "1:0:2:7:0;2:0:4:9:0")
    assert apart(theirs, ours) == ({(2, 0): KeySums(3, 9)}, {(2, 0): KeySums(4, 9)})


SUMS = st.dictionaries(
    st.tuples(st.integers(-3, 3), st.just(0)),
    st.builds(KeySums, st.integers(1, AT_ONCE), st.integers(0, 2), st.just(0)),
)


@given(SUMS, SUMS)
def test_every_place_that_differs_is_brought_once(theirs, ours):
    differ = differing(theirs, ours)
    assert {p for p in {*theirs, *ours} if theirs.get(p) != ours.get(p)} == set(differ)
    turns = list(in_turns(differ, theirs, ours))
    assert [place for turn in turns for place in turn] == list(differ)
    assert all(turns)


@given(SUMS, SUMS)
def test_parts_are_a_power_of_two_and_not_too_many(theirs, ours):
    differ = differing(theirs, ours)
    parts = parts_of(differ, theirs, ours)
    assert parts.bit_count() == 1
    assert parts * max(len(differ), 1) <= 2 * MOST_PLACES


@given(st.sets(st.integers(0, 50)), st.sets(st.integers(0, 50)))
def test_what_is_missing_is_never_there_and_never_fewer_than_the_sums_say(theirs, ours):
    told = told_apart([f"n{key}" for key in theirs], [f"h{key}" for key in ours])
    assert {int(key) for key in told.missing} == ours - theirs
    sums = [{(0, 0): KeySums(len(keys), 0, 0)} for keys in (theirs, ours)]
    assert fewest_missing([(0, 0)], *sums) <= len(told.missing)


def test_a_key_that_the_table_has_in_several_rows_is_told_and_not_missing():
    told = told_apart(["n1", "n2"], ["h1", "h2", "h2", "m3"])
    assert (told.missing, told.doubled) == ((), ("2",))


NEAR = st.lists(st.integers(-70, 70), max_size=40)


def bits_of(places: Places, keys: list[int]) -> dict[Place, KeySums]:
    """The sums of exact places, as both databases say them."""
    sums = dict[Place, KeySums]()
    for key in keys:
        at = place_of(places, key)
        rows, low, high = sums.get((at, 0), KeySums())
        beyond = int(place_of(replace(places, first=-(2**40), last=2**40), key) != at)
        rest = abs(key) % places.width * (1 if key >= 0 else -1)
        bits = low | 1 << (rest + places.width - 1)
        sums[at, 0] = KeySums(rows + 1, bits, high + beyond)
    return sums


@given(NEAR, NEAR, st.integers(1, 32))
def test_what_bits_tell_is_what_the_keys_themselves_say(source, table, width):
    low, high = min(source, default=0), max(source, default=0)
    ends = (int(low / width), int(high / width))
    places = Places((INTEGER,), width, *ends)
    theirs, ours = bits_of(places, source), bits_of(places, table)
    differ = differing(theirs, ours)
    by_bits, others = told_by_bits(places, differ, theirs, ours)
    asked = {place for place, _ in others}
    keys = [[k for k in side if place_of(places, k) in asked] for side in (source, table)]
    by_keys = told_apart([f"r{key}" for key in keys[0]], [f"h{key}" for key in keys[1]])
    whole = told_apart([f"r{key}" for key in source], [f"h{key}" for key in table])
    assert sorted(by_bits.missing + by_keys.missing) == sorted(whole.missing)
    assert by_keys.lacking == whole.lacking
    assert by_bits.moved == 0


def test_ranges_from_which_keys_are_only_gone_are_told_by_bits():
    places = Places((INTEGER,), 32, -9, 9)
    theirs, ours = bits_of(places, [-3, 33, 70]), bits_of(places, [-33, -3, 0, 33, 34])
    by_bits, others = told_by_bits(places, differing(theirs, ours), theirs, ours)
    assert by_bits.missing == ("-33", "0", "34")
    assert others == ((2, 0),)


def test_a_marked_row_is_back_when_the_source_has_its_key_alive():
    told = told_apart(["r1", "d2", "n3"], ["m1", "m2", "m4", "o3", "h5"])
    assert (told.returned, told.missing, told.lacking) == (("1",), ("5",), 0)
    assert told_apart(["r1", "n2"], []).lacking == 1


def test_a_version_that_ended_is_back_when_the_source_has_a_row_that_could_be_read():
    theirs, ours = ["r1", "n1", "n3"], ["m1", "m3", "m4"]
    assert told_apart(theirs, ours).returned == ("1", "3")
    assert told_apart(theirs, ours, of_versions=True).returned == ("1",)


def test_no_keys_are_no_sums():
    assert summed(None, None) == (0, frozenset())
    assert KeySums() == key_descent.NOTHING


@pytest.mark.parametrize("width", [1, 2, 7])
def test_the_integers_named_of_ranges_are_all_that_are_dealt_to_them(width):
    places = Places((), width, -40, 40)
    for within in ([(0, 0)], [(-1, 0), (3, 0)], [(-2, 1), (-2, 0), (0, 0)]):
        asked = {place for place, _ in within}
        dealt = [k for k in range(-99, 99) if int(k / width) in asked]
        assert list(integers_in(places, within)) == dealt


def test_of_the_lowest_and_highest_integers_none_is_named_that_no_column_holds():
    ends = [(-(2**63 // 3), 0), ((2**63 - 1) // 3, 0)]
    named = integers_in(Places((), 3, ends[0][0], ends[1][0]), ends)
    assert min(named) >= -(2**63)
    assert max(named) == 2**63 - 1


def test_so_many_integers_that_a_statement_would_be_large_are_not_named():
    assert integers_in(Places((), 2**40, 0, 9), [(1, 0)]) == ()
    assert integers_in(Places((), count=8), [(1, 0)]) == ()
