"""filter: which rows are kept, by whole columns; NULL compares as in SQL, and keeps no row."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from types import MappingProxyType
from typing import Any

import pyarrow as pa

from auto_schema.kernels import Array, arrow, pc

ORDERED = frozenset(
    [
        *("INT64", "FLOAT64", "NUMERIC", "BIGNUMERIC", "STRING"),
        *("BYTES", "DATE", "TIME", "DATETIME", "TIMESTAMP"),
    ]
)
"""Types of which a value may be less than another; of BOOL it can be equal only."""
_COMPARE: Mapping[str, Callable[[Array, Any], Array]] = MappingProxyType(
    {
        "=": pc.equal,
        "!=": pc.not_equal,
        "<": pc.less,
        "<=": pc.less_equal,
        ">": pc.greater,
        ">=": pc.greater_equal,
    }
)


@dataclass(frozen=True, slots=True)
class Test:
    """A condition on a published column; `values` are of its type, one unless it is a set's."""

    column: str
    operator: str
    values: tuple[object, ...] = ()

    def __str__(self) -> str:
        """For the plan.

        >>> str(Test("a", "in", (1, 2))), str(Test("b", "is null"))
        ('a in (1, 2)', 'b is null')
        """
        told = ", ".join(map(_told, self.values))
        told = f"({told})" if self.operator.endswith("in") else told
        return f"{self.column} {self.operator} {told}".rstrip()

    def holds(self, array: Array) -> Array:
        """Where it holds; nowhere NULL."""
        if self.operator == "is null":
            return pc.is_null(array)
        if self.operator == "is not null":
            return pc.is_valid(array)
        if self.operator in _COMPARE:
            value = arrow.scalar(self.values[0], array.type)
            return pc.fill_null(_COMPARE[self.operator](array, value), False)
        asked = arrow.array(self.values, array.type)
        if arrow.types.is_floating(array.type):  # is_in tells -0.0 from 0.0, which are equal
            array, asked = pc.add(array, 0.0), pc.add(asked, 0.0)
            asked = asked.filter(pc.invert(pc.is_nan(asked)))  # which no value is equal to
        within = pc.is_in(array, value_set=asked)
        if self.operator == "in":
            return within
        return pc.and_(pc.is_valid(array), pc.invert(within))


def _told(value: object) -> str:
    return repr(value) if isinstance(value, str | bytes) else str(value)


@dataclass(frozen=True, slots=True)
class RowFilter:
    """A row is kept when all tests of one of the parts hold."""

    parts: tuple[tuple[Test, ...], ...]

    def __str__(self) -> str:
        """For the plan."""
        told = [" and ".join(map(str, part)) for part in self.parts]
        return told[0] if len(told) == 1 else " or ".join(f"({part})" for part in told)

    @property
    def columns(self) -> frozenset[str]:
        """The published columns that it tests."""
        return frozenset(test.column for part in self.parts for test in part)

    def kept(self, batch: pa.RecordBatch) -> Array:
        """Whether each row of a batch of published columns is kept."""
        parts = [
            reduce(pc.and_, (test.holds(batch.column(test.column)) for test in part))
            for part in self.parts
        ]
        return reduce(pc.or_, parts)


def takes(bigquery: str, comparison: str) -> bool:
    """Whether values of a type can be tested so.

    >>> takes("BOOL", "="), takes("BOOL", "<"), takes("JSON", "is null")
    (True, False, True)
    """
    if comparison.startswith("is "):
        return True
    return bigquery in ORDERED or (bigquery == "BOOL" and comparison in ("=", "!=", "in", "not in"))
