"""Where the keys of two sides differ, found by sums over ever smaller parts of them. Pure.

Sums of about LEAF keys a place come first. Places that differ are looked at in parts where that
saves keys from being brought; then the keys of those that differ are, some at a time.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from auto_schema.key_places import (
    EXACT,
    KeySums,
    Place,
    Places,
    Summed,
    integers_of,
    is_ranged,
    sums_of,
)
from auto_schema.schema import Column
from smart_sync.missing_keys import SAMPLE, ComparedKeys
from sources.values import LETTER_HERE, LETTER_MARKED, LETTER_OTHER, LETTER_READ, LETTER_UNTOLD

LEAF = 32
"""Keys of a place, where that makes no more than MOST_PLACES."""
MOST_PLACES = 2**16
WIDEST = 2**62
"""Integers of a place: more are no INT64."""
CROWDED = 4 * LEAF
"""Places with more keys than that are looked at in parts."""
AT_ONCE = 300_000
"""Keys of both sides that are held at a time."""
_EARLIER = LETTER_READ + LETTER_UNTOLD
_THERE = _EARLIER + LETTER_OTHER
WIDER = 2
"""Times as many places where each is a range of few integers, of which bits are told."""
NOTHING = KeySums()
Sums = Mapping[Place, KeySums]


def first_places(
    keys: tuple[Column, ...], rows: int | None, ends: tuple[int, int] | None
) -> Places:
    """The places of the first look.

    Args:
        keys: that tell rows apart.
        rows: of the table, about; None: not known.
        ends: the lowest and highest key of the source, where it is a single integer; None: not
            known, and its hash decides.
    """
    wanted = MOST_PLACES if rows is None else min(max(rows // LEAF, 1), MOST_PLACES)
    if not is_ranged(keys) or ends is None:
        return Places(keys, count=1 << (wanted - 1).bit_length())
    low, high = ends
    width = min(-(-(high - low + 1) // wanted), WIDEST)
    if (high - low) // EXACT < WIDER * MOST_PLACES:
        width = min(width, EXACT)
    return Places(keys, width, _towards_zero(low, width), _towards_zero(high, width))


def _towards_zero(number: int, divisor: int) -> int:
    """As both databases divide."""
    return number // divisor if number >= 0 else -(-number // divisor)


def apart(theirs: Summed, ours: Summed) -> tuple[Sums, Sums]:
    """What both say of the places of which they don't say the same."""
    return sums_of(theirs.texts - ours.texts), sums_of(ours.texts - theirs.texts)


def differing(theirs: Sums, ours: Sums) -> tuple[Place, ...]:
    """The places whose sums differ, ascending.

    >>> differing({(0, 0): KeySums(1, 2, 3)}, {(0, 0): KeySums(1, 2, 3), (1, 0): KeySums(1)})
    ((1, 0),)
    """
    every = sorted({*theirs, *ours})
    return tuple(p for p in every if theirs.get(p, NOTHING) != ours.get(p, NOTHING))


def parts_of(places: Sequence[Place], theirs: Sums, ours: Sums) -> int:
    """In how many parts places that differ are looked at; 1: their keys are brought as they are."""
    rows = sum(max(theirs.get(p, NOTHING).rows, ours.get(p, NOTHING).rows) for p in places)
    if not places or rows <= CROWDED * len(places):
        return 1
    most = max(MOST_PLACES // len(places), 1)
    return min(1 << (rows // (LEAF * len(places))).bit_length(), 1 << (most.bit_length() - 1))


def in_turns(places: Sequence[Place], theirs: Sums, ours: Sums) -> Iterator[tuple[Place, ...]]:
    """The places, so many at a time that their keys may be held."""
    turn, held = list[Place](), 0
    for place in places:
        rows = theirs.get(place, NOTHING).rows + ours.get(place, NOTHING).rows
        if turn and held + rows > AT_ONCE:
            yield tuple(turn)
            turn, held = [], 0
        turn.append(place)
        held += rows
    if turn:
        yield tuple(turn)


def fewest_missing(places: Sequence[Place], theirs: Sums, ours: Sums) -> int:
    """How many keys are missing at the least: a place with fewer of them lacks as many.

    Of a table that has each key in one row; else as many of its rows are more than there should be.
    """
    lacks = (ours.get(p, NOTHING).rows - theirs.get(p, NOTHING).rows for p in places)
    return sum(max(0, lack) for lack in lacks)


def shortest(places: Sequence[Place], theirs: Sums, ours: Sums) -> tuple[Place, ...]:
    """Some places that lack keys for certain, for a sample."""
    lacking = [p for p in places if ours.get(p, NOTHING).rows > theirs.get(p, NOTHING).rows]
    return tuple(sorted(lacking, key=lambda p: ours[p].rows)[:SAMPLE])


def told_by_bits(
    places: Places, differ: Sequence[Place], theirs: Sums, ours: Sums
) -> tuple[ComparedKeys, tuple[Place, ...]]:
    """What bits say of exact places where the table has all that the source has, and more.

    Nothing is brought for that. `rows` and `source_rows` are not of them.

    Args:
        places: how keys are dealt.
        differ: the places that differ.
        theirs: the source's sums of these, made of all its keys.
        ours: the table's.

    Returns:
        What is missing, and the places whose keys have to be looked at.
    """
    if not places.is_exact:
        return ComparedKeys(0, 0), tuple(differ)
    missing, others = list[str](), list[Place]()
    for at in differ:
        there, here = theirs.get(at, NOTHING), ours.get(at, NOTHING)
        has_beyond = there.high or here.high
        has_several = here.low.bit_count() != here.rows
        if has_beyond or has_several or there.low & ~here.low:
            others.append(at)
        else:
            missing += map(str, integers_of(places, at[0], here.low & ~there.low))
    return ComparedKeys(0, 0, missing=tuple(missing)), tuple(others)


def told_apart(
    theirs: Iterable[str], ours: Iterable[str], *, of_versions: bool = False
) -> ComparedKeys:
    """What the keys of some places say; `rows` and `source_rows` are not of them.

    A key that the source has in any row is not missing, whatever that row is like. A version that
    has ended holds again only where the source has a row that an earlier run could read: a later
    one begins a version of its own, once it is read.
    """
    theirs = list(theirs)
    source = {text[1:]: text[0] for text in theirs}
    is_back = {text[1:] for text in theirs if text[0] in (_EARLIER if of_versions else _THERE)}
    here, missing, returned, count = set[str](), list[str](), list[str](), 0
    living, doubled = set[str](), set[str]()
    for text in ours:
        letter, key = text[0], text[1:]
        count += 1
        here.add(key)
        if letter == LETTER_HERE:
            if key in living:
                doubled.add(key)
            living.add(key)
            if key not in source:
                missing.append(key)
        if letter == LETTER_MARKED and key in is_back:
            returned.append(key)
    lacking = [k for k, letter in source.items() if letter == LETTER_READ and k not in here]
    return ComparedKeys(
        0,
        0,
        moved=len(source) + count,
        missing=tuple(missing),
        returned=tuple(key for key in returned if key not in living),
        lacking=len(lacking),
        lacking_sample=tuple(sorted(lacking)[:SAMPLE]),
        doubled=tuple(sorted(doubled)[:SAMPLE]),
    )
