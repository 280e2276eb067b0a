"""Which types of a column can be made wider, by what, and whether all of its values stay.

Of an ALTER COLUMN SET DATA TYPE BigQuery documents four conversions and the parameters of a type;
it takes them in place, without reading a row:
https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language#alter_column_set_data_type_statement

What else is wider (a DATE as a DATETIME, a number as a STRING) only statements over all rows make
of a column, and those are the operator's to run.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType

from auto_schema.bigquery_columns import narrowed
from auto_schema.bigquery_types import RULES, SCALES, BigqueryType
from auto_schema.schema import Column

LAST_EXACT = 2**53
"""A FLOAT64 holds every integer up to this one, and its negative."""
INT64_DIGITS = 19


class How(StrEnum):
    """Who makes a column wider."""

    IN_PLACE = "in place"
    IF_EXACT = "in place, where no value of the table changes"
    BY_HAND = "by hand"


@dataclass(frozen=True, slots=True)
class Widening:
    """A type that becomes another.

    Attributes:
        before, after: the names of both.
        how: who does it.
        cast: a value `{c}` in the other type, for a column that is made beside it.
        loss: what may change of a value; empty: nothing does.
    """

    before: str
    after: str
    how: How
    cast: str
    loss: str = ""


def _as(after: str) -> str:
    return f"CAST({{c}} AS {after})"


_ROUNDS = "digits beyond the 53 bits of a double"
_ZONE = "it has no zone: write the one that its values were meant in for UTC"
_MIDNIGHT = f"midnight of that day; {_ZONE}"
W = Widening
WIDENINGS: tuple[Widening, ...] = (
    W("INT64", "NUMERIC", How.IN_PLACE, _as("NUMERIC")),
    W("INT64", "BIGNUMERIC", How.IN_PLACE, _as("BIGNUMERIC")),
    W("INT64", "FLOAT64", How.IF_EXACT, _as("FLOAT64"), "integers beyond 2^53"),
    W("NUMERIC", "BIGNUMERIC", How.IN_PLACE, _as("BIGNUMERIC")),
    W("NUMERIC", "FLOAT64", How.BY_HAND, _as("FLOAT64"), _ROUNDS),
    W("BIGNUMERIC", "FLOAT64", How.BY_HAND, _as("FLOAT64"), _ROUNDS),
    W("DATE", "DATETIME", How.BY_HAND, _as("DATETIME")),
    W("DATE", "TIMESTAMP", How.BY_HAND, "TIMESTAMP({c}, 'UTC')", _MIDNIGHT),
    W("DATETIME", "TIMESTAMP", How.BY_HAND, "TIMESTAMP({c}, 'UTC')", _ZONE),
    W("BOOL", "STRING", How.BY_HAND, _as("STRING")),
    W("INT64", "STRING", How.BY_HAND, _as("STRING")),
    W("NUMERIC", "STRING", How.BY_HAND, _as("STRING"), "trailing zeros"),
    W("BIGNUMERIC", "STRING", How.BY_HAND, _as("STRING"), "trailing zeros"),
    W("FLOAT64", "STRING", How.BY_HAND, _as("STRING"), "written as BigQuery does"),
    W("DATE", "STRING", How.BY_HAND, _as("STRING")),
    W("DATETIME", "STRING", How.BY_HAND, _as("STRING"), "written as BigQuery does"),
    W("TIME", "STRING", How.BY_HAND, _as("STRING"), "written as BigQuery does"),
    W("TIMESTAMP", "STRING", How.BY_HAND, _as("STRING"), "written as BigQuery does"),
)
"""Also in place: more characters, bytes or digits of one type, down to none declared."""
_BY_TYPES: Mapping[tuple[str, str], Widening] = MappingProxyType(
    {(one.before, one.after): one for one in WIDENINGS}
)


def widening(before: str, after: str) -> Widening | None:
    """How the one type becomes the other; None: it isn't known to be wider."""
    return _BY_TYPES.get((before, after))


def is_made(before: str, after: str) -> bool:
    """Whether a run makes a column of the one type one of the other.

    >>> is_made("INT64", "NUMERIC"), is_made("DATE", "DATETIME"), is_made("NUMERIC", "INT64")
    (True, False, False)
    """
    rule = widening(before, after)
    return rule is not None and rule.how is not How.BY_HAND


def fitted(column: Column, there: BigqueryType | None, *, evolves: bool) -> Column:
    """The column as it goes into one that is there, which may be altered before.

    Its values go into a wider type as they are, and it has no more digits, characters or bytes
    than that one declares (see `narrowed`).

    Args:
        column: as it would be made.
        there: the destination's; None: there is none, or none that is known.
        evolves: whether that is altered.
    """
    if there is None:
        return column
    if not column.is_repeated and not there.is_array and is_made(column.bigquery, there.name):
        column = _in_wider(column, there.name)
    return narrowed(column, grown(there, column, evolves=evolves))


def grown(there: BigqueryType, column: Column, *, evolves: bool) -> BigqueryType:
    """The type of a column of the destination when the planned one is published into it.

    Args:
        there: as it is.
        column: as it would be made.
        evolves: whether it is altered where it is too narrow.
    """
    return (widened(there, column) if evolves else None) or there


def widened(there: BigqueryType, column: Column) -> BigqueryType | None:
    """The type that a column of the destination needs for the planned one, made in place.

    None: it is wide enough, or no statement of ours makes it so. Of both as many digits stay as
    either declares.

    >>> import pyarrow as pa
    >>> column = Column("a", "a", "varchar(20)", "{c}", pa.string(), "STRING", declared=(20,))
    >>> widened(BigqueryType("STRING", parameters=(10,)), column).display
    'STRING(20)'
    """
    if column.is_repeated or there.is_array or there.fields:
        return None
    if column.bigquery != there.name:
        if not is_made(there.name, column.bigquery):
            return None
        return replace(there, name=column.bigquery, parameters=())
    if not there.parameters:
        return None
    after = replace(there, parameters=_joined(there, column.declared))
    return None if after == there else after


def _joined(there: BigqueryType, declared: tuple[int, ...]) -> tuple[int, ...]:
    """Parameters that hold what either declares; none where one declares none, or nothing does."""
    if not declared:
        return ()
    if there.name not in SCALES:
        return (max(there.parameters[0], declared[0]),)
    scale = max(there.scale, (*declared, 0)[1])
    before = max(there.parameters[0] - there.scale, declared[0] - (*declared, 0)[1])
    most = 29 if there.name == "NUMERIC" else 38
    return (before + scale, scale) if before <= most and scale <= SCALES[there.name] else ()


def _in_wider(column: Column, name: str) -> Column:
    arrow = RULES[name].arrow
    if arrow is None:
        raise ValueError(name)
    rule = widening(column.bigquery, name)
    loss = f"{rule.loss} become dead letters" if rule and rule.loss else column.loss
    return replace(
        column,
        bigquery=name,
        arrow=arrow,
        loss=loss,
        declared=(INT64_DIGITS, 0) if column.bigquery == "INT64" else column.declared,
        shape=column.shape and BigqueryType(name),
    )
