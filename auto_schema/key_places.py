"""Which keys a table holds, in sums that PostgreSQL and BigQuery make alike.

Keys are dealt to places: ranges of a single integer key, else parts of a key's hash. Of a range of
few integers both sides say which of them are there, by a bit for each. Of other places both sum a
hash of each key: equal sums are equal keys, but for a chance that leaves a deleted row for another
run to find. What is deleted is decided by the keys themselves, never by sums.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from auto_schema.canonical import bigquery_row, postgresql_row
from auto_schema.names import quoted
from auto_schema.schema import Column

Place = tuple[int, int]
"""A place, and which part of it; 0 where places have one part."""
HASH_DIGITS = 15
"""Hex digits of an MD5 that fit an INT64 without its sign."""
WORD_BITS, HIGH_BITS = 31, 32
"""So many bits of a hash are in the first sum; those from the second number on are in the other.

Both are integers of 32 bits with a sign, which PostgreSQL sums without memory of its own for each
place; and no sum overflows. The 59 bits that are summed tell two sets of keys of a place apart but
for one chance in 2^59.
"""
EXACT = 32
"""Integers of a range that bits are told of: with those below zero 63 of the place at zero."""
PART_BITS = 16
"""Above which bits of a hash its part is said; those of its place lie below."""
MOST_NAMED = 100_000
"""Keys that a statement names one by one, so that an index finds them."""
_LOW, _MIXERS = 2**32 - 1, (668_265_263, 374_761_393)
"""Primes below 2^30: neither product of them with 32 bits, nor the sum of both, overflows."""


class KeySums(NamedTuple):
    """What is equal for two sets of equal keys: how many, and two sums over their hashes.

    Of a range of few integers: how many, which of them, and how many lie beyond all ranges.
    """

    rows: int = 0
    low: int = 0
    high: int = 0


class Summed(NamedTuple):
    """What one side says of all places: how many rows, and of each place a text of its sums."""

    rows: int
    texts: frozenset[str]


@dataclass(frozen=True, slots=True)
class Places:
    """How keys are dealt to places, and places to parts.

    Attributes:
        keys: the columns that tell rows apart; rows with a NULL in one have no place.
        width: how many integers a place holds; 0: places are by hash.
        first, last: the lowest and highest place, which take what lies beyond, too.
        count: places by hash; a power of 2.
        parts: of each place, by hash; a power of 2.
    """

    keys: tuple[Column, ...]
    width: int = 0
    first: int = 0
    last: int = 0
    count: int = 1
    parts: int = 1

    @property
    def is_exact(self) -> bool:
        """Whether a place holds so few integers that each has a bit."""
        return 0 < self.width <= EXACT

    def in_parts(self, parts: int) -> "Places":
        """The same places, each in so many parts."""
        return replace(self, parts=parts)


def integers_in(places: Places, within: Sequence[Place]) -> tuple[int, ...]:
    """All integers of some ranges, where they are so few that a statement can name them.

    >>> integers_in(Places((), width=2, first=-1, last=1), [(-1, 0), (0, 0)])
    (-3, -2, -1, 0, 1)
    """
    width = places.width
    if not width or width * len(within) > MOST_NAMED:
        return ()
    named = set[int]()
    for place in {at for at, _ in within}:  # both databases divide towards zero
        low = place * width - (width - 1 if place <= 0 else 0)
        named.update(range(low, place * width + (width if place >= 0 else 1)))
    return tuple(sorted(key for key in named if -(2**63) <= key < 2**63))


def integers_of(places: Places, place: int, bits: int) -> Iterator[int]:
    """The integers of a range that these bits tell of, where a place is exact.

    >>> list(integers_of(Places((), width=2), -1, 0b11))
    [-3, -2]
    """
    lowest = place * places.width - (places.width - 1)
    while bits:
        bit = bits & -bits
        yield lowest + bit.bit_length() - 1
        bits ^= bit


def is_ranged(keys: Sequence[Column]) -> bool:
    """Whether places can be ranges: of a single integer key."""
    return len(keys) == 1 and keys[0].is_single(("INT64",)) and not keys[0].changed


@dataclass(frozen=True, slots=True)
class _Dialect:
    """What each database says in its own way."""

    xor: str
    divided: str
    rest: str
    key: str
    aggregates: str
    summed: str
    bit: str
    beyond: str


_POSTGRESQL = _Dialect(
    "#",
    "({k} / {width})",
    "({k} % {width})",
    "('x' || pg_catalog.substr(pg_catalog.md5(pg_catalog.convert_to({row}, 'UTF8')), 1, "
    f"{HASH_DIGITS}))::bit({HASH_DIGITS * 4})::int8",
    "pg_catalog.",
    "::int4",
    "(1::int8 << ({n})::int4)",
    "0",  # the ends are its own
)
_BIGQUERY = _Dialect(
    "^",
    "DIV({k}, {width})",
    "MOD({k}, {width})",
    f"CAST(CONCAT('0x', SUBSTR(TO_HEX(MD5({{row}})), 1, {HASH_DIGITS})) AS INT64)",
    "",
    "",
    "(1 << ({n}))",
    "COUNTIF({place} NOT BETWEEN {first} AND {last})",
)


def postgresql_key(places: Places) -> str:
    """The number that a key is dealt by, over the source's rows named `q`."""
    if places.width:
        (key,) = places.keys
        name = key.source_name.replace('"', '""')
        return "({})::int8".format(key.select.format(c=f'q."{name}"'))
    return _POSTGRESQL.key.format(row=postgresql_row(places.keys))


def bigquery_key(places: Places, rows: str = "s") -> str:
    """The same over rows of that name."""
    if places.width:
        (key,) = places.keys
        return f"{rows}.{quoted(key.name)}"
    return _BIGQUERY.key.format(row=bigquery_row(places.keys, rows))


def postgresql_row_number(columns: Sequence[Column]) -> str:
    """A number that is made of all that these columns of a row named `q` hold."""
    return _POSTGRESQL.key.format(row=postgresql_row(columns))


def bigquery_row_number(columns: Sequence[Column]) -> str:
    """The same of a row named `s`."""
    return _BIGQUERY.key.format(row=bigquery_row(columns))


def postgresql_key_sums(
    places: Places, rows: str, within: Sequence[Place] = (), *, of_rows: bool = False
) -> str:
    """How many rows, and the texts of all places, over a SELECT of `postgresql_key` AS k.

    Args:
        places: how keys are dealt.
        rows: the SELECT.
        within: only these places, with all their parts; empty: all.
        of_rows: whether what is summed is the number of the row, which is selected AS v.
    """
    if of_rows or not places.is_exact:
        if places.width and not of_rows:
            rows = f"SELECT k, {_hash(places, _POSTGRESQL)} AS v FROM (\n{rows}\n) AS e"
        # Else a hash is made for each use of it. Of a bare 0 PostgreSQL makes a conversion, and
        # takes that for an OFFSET which rows of several workers might meet in any order.
        rows = f"{rows}\nOFFSET '0'"
    figures = _figures(places, _POSTGRESQL, of_rows=of_rows, is_hashed=bool(places.width))
    text = "pg_catalog.concat_ws(':', place, part, row_count, low, high)"
    return (
        f"SELECT pg_catalog.sum(row_count), pg_catalog.string_agg({text}, ';')\nFROM (\n"
        f"SELECT {figures}\nFROM (\n{rows}\n) AS d"
        f"{_within(places.in_parts(1), within, _POSTGRESQL)}\n{_by_part(places)}\n) AS p"
    )


def bigquery_text_number(text: str) -> str:
    """The number that a key which isn't a single integer is dealt by, of its text."""
    return _BIGQUERY.key.format(row=text)


def bigquery_key_sums(
    places: Places, rows: str, within: Sequence[Place] = (), *, of_rows: bool = False
) -> str:
    """The same in one text, since BigQuery brings few large values sooner than many small ones.

    `place:part:count:low:high;…`, beside how many rows there are.
    """
    fields = ("place", "part", "row_count", "low", "high")
    text = ", ':', ".join(f"CAST({field} AS STRING)" for field in fields)
    return (
        f"SELECT SUM(row_count) AS row_count, STRING_AGG(CONCAT({text}), ';') AS sums\nFROM (\n"
        f"SELECT {_figures(places, _BIGQUERY, of_rows=of_rows)}\nFROM (\n{rows}\n) AS d"
        f"{_within(places.in_parts(1), within, _BIGQUERY)}\n{_by_part(places)}\n) AS p"
    )


def summed(rows: int | None, text: str | None) -> Summed:
    """What an answer says; None: there is no key."""
    return Summed(int(rows or 0), frozenset(text.split(";") if text else ()))


def sums_of(texts: Iterable[str]) -> dict[Place, KeySums]:
    """What such texts say.

    >>> sums_of(["-1:0:2:30:4"])
    {(-1, 0): KeySums(rows=2, low=30, high=4)}
    """
    figures = (map(int, text.split(":")) for text in texts)
    return {(place, part): KeySums(*sums) for place, part, *sums in figures}


def postgresql_keys(places: Places, rows: str, within: Sequence[Place]) -> str:
    """Those that lie in these parts of places, of a SELECT of k, `told` and `key_text`."""
    rows = rows if places.width else f"{rows}\nOFFSET 0"
    return f"SELECT told || key_text\nFROM (\n{rows}\n) AS d{_within(places, within, _POSTGRESQL)}"


def bigquery_keys(places: Places, rows: str, within: Sequence[Place]) -> str:
    """The same by place: each value is an array."""
    return (
        f"SELECT ARRAY_AGG(CONCAT(told, key_text)) AS key_texts\nFROM (\n{rows}\n) AS d"
        f"{_within(places, within, _BIGQUERY)}\nGROUP BY {_place(places, _BIGQUERY)}"
    )


def postgresql_within(places: Places, within: Sequence[Place]) -> str:
    """Whether a row named `q` has its key in one of these parts of places, or has none."""
    names = (key.source_name.replace('"', '""') for key in places.keys)
    lacks = " OR ".join(f'q."{name}" IS NULL' for name in names)
    return f"({lacks} OR {_is_within(places, within, _POSTGRESQL, postgresql_key(places))})"


def bigquery_within(places: Places, within: Sequence[Place]) -> str:
    """The same of a row of a BigQuery source, also named `q`, whose columns have its names."""
    keys = tuple(replace(key, name=key.source_name) for key in places.keys)
    lacks = " OR ".join(f"q.{quoted(key.name)} IS NULL" for key in keys)
    number = bigquery_key(replace(places, keys=keys), "q")
    return f"({lacks} OR {_is_within(places, within, _BIGQUERY, number)})"


def _figures(
    places: Places, dialect: _Dialect, *, of_rows: bool = False, is_hashed: bool = False
) -> str:
    """Of rows with `k`, and `v` where the number of the row, or of its key, is made already."""
    part = "0" if places.parts == 1 else _part(places, dialect)
    counted = (
        f"{_place(places, dialect)} AS place, {part} AS part,"
        f" {dialect.aggregates}count(*) AS row_count"
    )
    if places.is_exact and not of_rows:
        return f"{counted},\n  {_bits(places, dialect)}"
    hashed, of, summed = (
        "v" if of_rows or is_hashed else _hash(places, dialect),
        dialect.aggregates,
        dialect.summed,
    )
    return (
        f"{counted},\n  {of}sum(({hashed} & {2**WORD_BITS - 1}){summed}) AS low,"
        f" {of}sum(({hashed} >> {HIGH_BITS}){summed}) AS high"
    )


def _bits(places: Places, dialect: _Dialect) -> str:
    """Which integers of its range a place has, and how many it took from beyond all ranges."""
    rest = dialect.rest.format(k="k", width=places.width)
    bit = dialect.bit.format(n=f"{rest} + {places.width - 1}")
    divided = dialect.divided.format(k="k", width=places.width)
    beyond = dialect.beyond.format(place=divided, first=places.first, last=places.last)
    return f"{dialect.aggregates}bit_or({bit}) AS low, {beyond} AS high"


def _by_part(places: Places) -> str:
    return "GROUP BY 1" if places.parts == 1 else "GROUP BY 1, 2"


def _hash(places: Places, dialect: _Dialect, key: str = "k") -> str:
    """A number from 0 below 3 · 2^61, another for each key that is dealt by itself."""
    if not places.width:
        return key
    first, second = _MIXERS
    mixed = f"(({key} & {_LOW}) * {first} + (({key} >> 32) & {_LOW}) * {second})"
    return f"({mixed} {dialect.xor} ({mixed} >> 29))"


def _place(places: Places, dialect: _Dialect, key: str = "k") -> str:
    if not places.width:
        return f"({key} & {places.count - 1})"
    divided = dialect.divided.format(k=key, width=places.width)
    return f"greatest({places.first}, least({places.last}, {divided}))"


def _part(places: Places, dialect: _Dialect, key: str = "k") -> str:
    return f"(({_hash(places, dialect, key)} >> {PART_BITS}) & {places.parts - 1})"


def _within(places: Places, within: Sequence[Place], dialect: _Dialect) -> str:
    """WHERE a key lies in one of these; empty: all."""
    return f"\nWHERE {_is_within(places, within, dialect)}" if within else ""


def _is_within(places: Places, within: Sequence[Place], dialect: _Dialect, key: str = "k") -> str:
    """Whether a key lies in one of these, by part where places have some."""
    number = _place(places, dialect, key)
    if places.parts > 1:
        number = f"({number} - {places.first}) * {places.parts} + {_part(places, dialect, key)}"
        within = [((at - places.first) * places.parts + of, 0) for at, of in within]
    return f"{number} IN ({', '.join(str(at) for at, _ in within)})"
