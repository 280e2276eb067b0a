"""Source beside destination, row by row: what is lost, doubled, changed or left behind."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

Row = Mapping[str, str | None]
"""Column → value as PostgreSQL writes it, in UTC."""
Key = tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a destination holds, beside what the source holds at the end.

    Attributes:
        rows: of the source.
        lost: rows of the source whose key the destination hasn't.
        doubled: rows of the destination beyond those of the source, by key.
        stale: rows as the source had them before: a change of theirs didn't arrive.
        changed: rows as the source never had them; what a column of another name holds counts as
            absent.
        left: keys that the source no longer has.
        columns: those in which rows differ.
    """

    rows: int
    lost: int = 0
    doubled: int = 0
    stale: int = 0
    changed: int = 0
    left: int = 0
    columns: tuple[str, ...] = ()

    @property
    def is_right(self) -> bool:
        """Whether both hold the same rows."""
        return not (self.lost or self.doubled or self.stale or self.changed or self.left)

    def with_more(self, other: "Verdict") -> "Verdict":
        """Both summed."""
        names = ("rows", "lost", "doubled", "stale", "changed", "left")
        sums = {name: getattr(self, name) + getattr(other, name) for name in names}
        return Verdict(**sums, columns=tuple(sorted({*self.columns, *other.columns})))

    def told(self) -> dict[str, object]:
        """For the record."""
        return asdict(self) | {"columns": list(self.columns)}


def compare(
    source: Sequence[Row], copied: Sequence[Row], key: str, former: Sequence[Row] = ()
) -> Verdict:
    """Judge a copy.

    Args:
        source: all its rows.
        copied: all rows of the destination; columns that the source hasn't are not looked at.
        key: the column that tells rows apart. Rows without one are told apart by their content.
        former: rows as the source had them.

    >>> compare([{"id": "1", "a": "x"}], [{"id": "1", "a": "x"}, {"id": "1", "a": "y"}], "id")
    Verdict(rows=1, lost=0, doubled=1, stale=0, changed=0, left=0, columns=())
    >>> compare([{"id": "1", "a": "x"}, {"id": "2", "a": None}], [{"id": "1"}], "id")
    Verdict(rows=2, lost=1, doubled=0, stale=0, changed=1, left=0, columns=('a',))
    >>> compare([{"id": "1", "a": "x"}], [{"id": "1", "a": "y"}], "id", [{"id": "1", "a": "y"}])
    Verdict(rows=1, lost=0, doubled=0, stale=1, changed=0, left=0, columns=())
    >>> compare([], [{"id": "1"}], "id")
    Verdict(rows=0, lost=0, doubled=0, stale=0, changed=0, left=1, columns=())
    """
    columns = list(source[0]) if source else [key]
    here, there, before = (_by_key(rows, key, columns) for rows in (source, copied, former))
    total = Verdict(len(source))
    for one in here.keys() | there.keys():
        of_key = _of_key(here.get(one, []), there.get(one, []), before.get(one, []), columns)
        total = total.with_more(of_key)
    return total


def _by_key(rows: Iterable[Row], key: str, columns: Sequence[str]) -> dict[Key, list[Row]]:
    grouped: dict[Key, list[Row]] = defaultdict(list)
    for row in rows:
        one = plain(row.get(key))
        whole = tuple(plain(row.get(name)) for name in columns)
        grouped[(None, *whole) if one is None else (one,)].append(row)
    return grouped


def _of_key(
    here: Sequence[Row], there: Sequence[Row], before: Sequence[Row], columns: Sequence[str]
) -> Verdict:
    if not here:
        return Verdict(0, left=len(there))
    source, copied = Counter(_contents(here, columns)), Counter(_contents(there, columns))
    both = min(len(here), len(there))
    differing = both - (source & copied).total()
    known = set(_contents(before, columns))
    stale = min(differing, sum(n for row, n in (copied - source).items() if row in known))
    return Verdict(
        0,
        lost=len(here) - both,
        doubled=len(there) - both,
        stale=stale,
        changed=differing - stale,
        columns=_differing(here, there, columns) if differing > stale else (),
    )


def _contents(rows: Sequence[Row], columns: Sequence[str]) -> list[Key]:
    return [tuple(plain(row.get(name)) for name in columns) for row in rows]


def _differing(
    here: Sequence[Row], there: Sequence[Row], columns: Sequence[str]
) -> tuple[str, ...]:
    first, second = here[0], there[0]
    return tuple(name for name in columns if plain(first.get(name)) != plain(second.get(name)))


def plain(value: str | None) -> str | None:
    """A value in one of the forms that mean the same: `1.50` and `1.5`, a date and its midnight.

    >>> plain("1.50"), plain("1.5e0"), plain("-0"), plain("NaN"), plain("007x")
    ('1.5', '1.5', '0', 'nan', '007x')
    >>> plain("2024-01-01") == plain("2024-01-01 00:00:00+00") == plain("2024-01-01 00:00:00.000")
    True
    """
    if value is None:
        return None
    number = _number(value)
    if number is not None:
        return number
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return value
    return moment.replace(tzinfo=None).isoformat(" ")


def _number(value: str) -> str | None:
    try:
        number = Decimal(value)
    except InvalidOperation:
        return None
    if not number.is_finite():
        return str(number).lower()
    sign, digits, exponent = number.as_tuple()
    shift = int(exponent)
    while len(digits) > 1 and digits[-1] == 0:
        digits, shift = digits[:-1], shift + 1
    return "0" if digits == (0,) else f"{Decimal((sign, digits, shift)):f}"


def as_text(value: object) -> str | None:
    """A value of BigQuery's client as PostgreSQL writes it in UTC.

    >>> as_text(True), as_text(1.5), as_text(None)
    ('true', '1.5', None)
    """
    if value is None:
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat(" ")
    if isinstance(value, date):
        return value.isoformat()
    return repr(value) if isinstance(value, float) else str(value)
