"""What `given_stamps` asks of a query's tree: values of the cursor that no row has."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from sqlglot import exp

from sources.coarse_stamps_tree import Noting, first_noted

Given = tuple[str, bool]
_NOW = (exp.CurrentTimestamp, exp.CurrentDate, exp.CurrentDatetime, exp.Localtimestamp)
_NOW_NAMES = frozenset({"clock_timestamp", "statement_timestamp", "transaction_timestamp"})


def given_of(sql: str, name: str, dialect: str, behind: Mapping[str, str]) -> Given | None:
    """See `given_stamps`: the SQL, and whether it is the time of each query."""
    return first_noted(_GivenLook(dialect, False, behind, {}), sql, name)


@dataclass(frozen=True, slots=True)
class _GivenLook(Noting):
    """The same way down; it ends where a value is of no row."""

    def unit_of(self, value: exp.Expr) -> timedelta | None:
        """Zero: nothing lies beneath; None: go on."""
        if isinstance(value, exp.Least):
            return timedelta()  # of a stamp in the future: such a row is read in its time
        is_now = isinstance(value, _NOW) or (
            isinstance(value, exp.Anonymous) and str(value.this).lower() in _NOW_NAMES
        )
        if not is_now and not isinstance(value, exp.Literal):
            return None
        self.noted.append((value.sql(dialect=self.dialect), is_now))
        return timedelta()
