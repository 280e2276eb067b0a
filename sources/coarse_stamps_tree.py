"""What `coarse_stamps` asks of a query's tree: what cuts or moves a value on its way out."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from sqlglot import exp

from sources.query_tree import trees_of
from sources.time_units import HOUR, UNITS

FINE = frozenset({"SECOND", "MILLISECOND", "MILLISECONDS", "MICROSECOND", "MICROSECONDS"})
"""A computed stamp is read to its last complete second anyway."""
ARRIVAL = UNITS["DAY"] + 2 * HOUR
"""Of ingestion time: its day, and up to 90 minutes in the buffer of streaming inserts.

https://cloud.google.com/bigquery/docs/streaming-data-into-bigquery#streaming_into_partitioned_tables
"""
PSEUDO = frozenset({"_PARTITIONTIME", "_PARTITIONDATE"})
TRUNCATIONS = (exp.TimestampTrunc, exp.DatetimeTrunc, exp.DateTrunc)
PASSING = (
    exp.Alias,
    exp.AtTimeZone,
    exp.Cast,
    exp.Datetime,
    exp.Max,
    exp.Paren,
    exp.Timestamp,
    exp.TsOrDsToDatetime,
    exp.TsOrDsToTimestamp,
)
BACK = (exp.Sub, exp.DateSub, exp.DatetimeSub, exp.TimestampSub)
AHEAD = (exp.Add, exp.DateAdd, exp.DatetimeAdd, exp.TimestampAdd)
"""Of a negative amount, it is moved back as well."""
CHOOSING = (exp.Coalesce, exp.Greatest, exp.Least)
TO_DATES = (exp.Date, exp.TsOrDsToDate)
MOST_DEPTH = 50
Cut = tuple[str, timedelta, bool]
_AMOUNT = re.compile(r"(\d+)(:[\d:.]*)?'?\s*([A-Z]*)")
_SHORT = {"MIN": "MINUTE", "MON": "MONTH", "SEC": "SECOND"}


def cut_of(
    sql: str,
    name: str,
    dialect: str,
    *,
    is_date: bool,
    behind: Mapping[str, str],
    has_zone: bool = False,
) -> Cut | None:
    """See `coarse_stamps`: the SQL, its unit, and whether it moves instead of cutting."""
    look = Look(dialect, is_date, behind, {}, has_zone=has_zone)
    try:
        return next((look.of_column(tree, name) for tree in trees_of(sql, dialect)), None)
    except RecursionError:
        return None


@dataclass(frozen=True, slots=True)
class Look:
    """A way down into a query.

    Attributes:
        named: the queries of WITH that are known here, by name.
    """

    dialect: str
    is_date: bool
    behind: Mapping[str, str]
    named: Mapping[str, exp.Expr]
    depth: int = 0
    has_zone: bool = False

    def of_column(self, query: exp.Expr, name: str) -> Cut | None:
        """What cuts a column of a query."""
        query = query.unnest()
        if self.depth > MOST_DEPTH or not isinstance(query, exp.Query):
            return None
        within = {cte.alias.lower(): cte.this for cte in query.ctes}
        look = replace(self, named={**self.named, **within}, depth=self.depth + 1)
        if isinstance(query, exp.SetOperation):
            return look.of_both(query, name)
        for item in query.selects:
            if item.is_star:
                replaced = [alias for alias in item.find_all(exp.Alias) if _is(alias, name)]
                cut = look.of_value(replaced[0]) if replaced else look.of_source(query, "", name)
                if cut is not None:
                    return cut
            elif _is(item, name):
                return look.of_value(item)
        return None

    def of_both(self, query: exp.SetOperation, name: str) -> Cut | None:
        """What cuts a column of either side; the right one's stands at the same place."""
        left, right = query.this, query.expression
        names = [item.alias_or_name.lower() for item in left.selects]
        cut = self.of_column(left, name)
        if cut is not None or name.lower() not in names:
            return cut or self.of_column(right, name)
        place = names.index(name.lower())
        selects = right.selects
        other = selects[place].alias_or_name if place < len(selects) else name
        return self.of_column(right, other)

    def of_value(self, value: exp.Expr) -> Cut | None:
        """What cuts a value, wherever on its way out of the rows."""
        unit, moved = self.unit_of(value), self.moved_by(value)
        if unit is not None:
            return (value.unalias().sql(dialect=self.dialect), unit, False) if unit else None
        for part in _parts(value):
            cut = self.of_value(part)
            if cut is not None:
                return cut
        if isinstance(value, exp.Column):
            select = value.find_ancestor(exp.Select)
            return self.of_source(select, value.table, value.name) if select else None
        return (value.sql(dialect=self.dialect), moved, True) if moved else None

    def moved_by(self, value: exp.Expr) -> timedelta | None:
        """How far a value is moved back; about, and rather too far; None: it isn't."""
        if self.has_zone and _is_of_two_zones(value):
            return UNITS["DAY"]
        if not isinstance(value, (*BACK, *AHEAD)):
            return None
        amount = f"{value.expression.sql(dialect=self.dialect)} {value.args.get('unit') or ''}"
        is_back = isinstance(value, BACK) or "-" in amount
        return _length(amount.upper()) if is_back else None

    def unit_of(self, value: exp.Expr) -> timedelta | None:
        """How far a call cuts; zero: it doesn't, nor does what it is given; None: go on."""
        unit: timedelta | None = None
        if isinstance(value, exp.Column):
            unit = ARRIVAL if value.name.upper() in PSEUDO else None
        elif isinstance(value, exp.CurrentDate):
            unit = timedelta() if self.is_date else UNITS["DAY"]
        elif isinstance(value, TO_DATES) or _is_cast_to_date(value):
            unit = None if self.is_date else UNITS["DAY"]
        elif isinstance(value, TRUNCATIONS):
            unit = self.of_unit(value.args.get("unit"))
        elif isinstance(value, exp.DateBin):
            unit = UNITS["DAY"]
        elif isinstance(value, exp.UnixToTime):
            unit = self.of_number(value)
        elif isinstance(value, exp.Anonymous):
            unit = self.of_call(value)
        return unit

    def of_call(self, call: exp.Anonymous) -> timedelta | None:
        """How far a function cuts of which sqlglot knows the name only."""
        name = str(call.this).lower()
        if name == "date_trunc":
            return self.of_unit(call.expressions[0])
        cuts = name in ("date_bin", "time_bucket") or name.endswith("_bucket")
        return UNITS["DAY"] if cuts else None

    def of_number(self, value: exp.Expr) -> timedelta | None:
        """How far apart stamps are that are made of a number of minutes, hours or days."""
        number = value.this.unnest() if isinstance(value.this, exp.Expr) else value.this
        if not isinstance(number, exp.Mul):
            return None
        factors = [one.this for one in (number.left, number.right) if one.is_number]
        scale = value.args.get("scale")
        digits = int(scale.this) if isinstance(scale, exp.Literal) and scale.is_int else 0
        seconds = max((float(one) for one in factors), default=0.0) / 10**digits
        unit = timedelta(seconds=min(seconds, UNITS["YEAR"].total_seconds()))
        return unit if unit > (UNITS["DAY"] if self.is_date else timedelta(seconds=1)) else None

    def of_unit(self, unit: exp.Expr | None) -> timedelta | None:
        """How long a unit is, None where the cursor is as coarse anyway."""
        bare = unit.this if isinstance(unit, exp.Cast) else unit
        word = bare.sql().strip("'").upper().split("(")[0] if bare is not None else ""
        if word in FINE or (self.is_date and word in ("MINUTE", "HOUR", "DAY")):
            return None
        return UNITS.get(word, UNITS["DAY"])

    def of_source(self, select: exp.Expr, table: str, name: str) -> Cut | None:
        """What cuts a column of the tables in FROM, where these are queries."""
        joins = select.args.get("joins") or []
        first = select.args.get("from_") or select.args.get("from")
        for source in [item.this for item in (*([first] if first else []), *joins)]:
            if table and source.alias_or_name.lower() != table.lower():
                continue
            for query in self.queries_of(source):
                cut = self.of_column(query, name)
                if cut is not None:
                    return cut
        return None

    def queries_of(self, source: exp.Expr) -> Iterator[exp.Expr]:
        """The query that a table in FROM is."""
        if isinstance(source, exp.Subquery):
            yield source.this
        elif isinstance(source, exp.Table):
            name = source.name
            if name.lower() in self.named and not source.db:
                yield self.named[name.lower()]
            elif name in self.behind:
                yield from trees_of(self.behind[name], self.dialect)


@dataclass(frozen=True, slots=True)
class Noting(Look):
    """The same way down by one who notes what it meets there: a pair, with the SQL before it."""

    noted: list[tuple[str, Any]] = field(default_factory=list)


def first_noted(look: Noting, sql: str, name: str) -> tuple[str, Any] | None:
    """What it notes first on its way from a column; None: nothing, or a query it can't read."""
    try:
        for tree in trees_of(sql, look.dialect)[:1]:
            look.of_column(tree, name)
    except RecursionError:
        return None
    return look.noted[0] if look.noted else None


def _is(item: exp.Expr, name: str) -> bool:
    return item.alias_or_name.lower() == name.lower()


def _is_cast_to_date(value: exp.Expr) -> bool:
    return isinstance(value, exp.Cast) and value.to.this == exp.DataType.Type.DATE


def _is_of_two_zones(value: exp.Expr) -> bool:
    """Whether an instant is taken for the clock of one zone, and that for another's."""
    if not isinstance(value, exp.AtTimeZone):
        return False
    inner = value.this.unnest()
    return isinstance(inner, exp.AtTimeZone) and inner.args["zone"] != value.args["zone"]


def _length(amount: str) -> timedelta:
    """How long an interval is, of what stands in its SQL; a day where nothing says it.

    >>> _length("INTERVAL '1 DAY 2 HOURS'"), _length("DELAY")
    (datetime.timedelta(days=1, seconds=10800), datetime.timedelta(days=1, seconds=3600))
    """
    whole = timedelta()
    for count, clock, word in _AMOUNT.findall(amount):
        name = word.removesuffix("S")
        name = "HOUR" if clock else _SHORT.get(name, name)
        unit = timedelta(seconds=1) if name in FINE else UNITS.get(name, UNITS["DAY"])
        whole += (int(count) + bool(clock.strip(":0."))) * unit
    return whole or UNITS["DAY"]


def _parts(value: exp.Expr) -> list[exp.Expr]:
    """The values of which one is, or gives, the value."""
    if isinstance(value, exp.Dot):
        return [value.expression]
    if isinstance(value, (*PASSING, *TRUNCATIONS, *TO_DATES, *BACK, *AHEAD)):
        return [value.this] if isinstance(value.this, exp.Expr) else []
    if isinstance(value, CHOOSING):
        return [value.this, *value.expressions]
    if isinstance(value, exp.Case):
        results = [item.args["true"] for item in value.args["ifs"]]
        return [*results, *([value.args["default"]] if value.args.get("default") else [])]
    if isinstance(value, exp.If):
        results = [value.args["true"]]
        return [*results, *([value.args["false"]] if value.args.get("false") else [])]
    return []
