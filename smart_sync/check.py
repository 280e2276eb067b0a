"""Check: what must hold of the rows before they are published, whatever format said it; pure."""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class Severity(StrEnum):
    """What a check that fails does: keep the rows back, or tell of them."""

    ERROR = "error"
    WARN = "warn"


class Scope(StrEnum):
    """Which rows a check looks at: those of this run, or the table as it will be."""

    BATCH = "batch"
    TABLE = "table"


class Verdict(StrEnum):
    """How a check ended."""

    PASSED = "passed"
    WARNED = "warned"
    QUARANTINED = "quarantined"
    FAILED = "failed"


_OPERATORS: Mapping[str, Callable[[Decimal, Decimal], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<>": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
OPERATORS = tuple(_OPERATORS)
_NEGATIONS: Mapping[str, str] = {
    "=": "!=",
    "!=": "=",
    "<>": "=",
    ">": "<=",
    ">=": "<",
    "<": ">=",
    "<=": ">",
    "between": "not between",
    "not between": "between",
}


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition on a number; both ends of `between` are in it, and outside of `not between`.

    >>> Condition(">", Decimal(10)).holds(Decimal(11)), str(Condition(">", Decimal(10)))
    (True, '> 10')
    >>> str(Condition("between", Decimal(1), Decimal(5)).negated)
    'not between 1 and 5'
    """

    operator: str = "!="
    number: Decimal = Decimal(0)
    high: Decimal | None = None

    def __str__(self) -> str:
        if self.high is not None:
            return f"{self.operator} {self.number} and {self.high}"
        return f"{self.operator} {self.number}"

    def holds(self, value: Decimal) -> bool:
        """Whether the number is such a one."""
        if self.high is not None:
            return (self.number <= value <= self.high) is (self.operator == "between")
        return _OPERATORS[self.operator](value, self.number)

    @property
    def negated(self) -> "Condition":
        """The condition that holds where this one doesn't."""
        return Condition(_NEGATIONS[self.operator], self.number, self.high)


@dataclass(frozen=True, slots=True)
class NotNull:
    """Rows whose column is NULL fail."""

    column: str


@dataclass(frozen=True, slots=True)
class Unique:
    """Values, or combinations of them, that come more than once fail; one with a NULL doesn't."""

    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AcceptedValues:
    """Rows whose column has another value fail; `is_text`: they are texts, else SQL as written."""

    column: str
    values: tuple[str, ...]
    is_text: bool = True


@dataclass(frozen=True, slots=True)
class Missing:
    """Rows whose column, as a text, is one of the values fail, and where it is said NULLs."""

    column: str
    values: tuple[str, ...]
    is_null: bool = False


@dataclass(frozen=True, slots=True)
class AcceptedRange:
    """Rows whose column lies outside of two SQL expressions fail; an end that is empty is open."""

    column: str
    low: str = ""
    high: str = ""
    is_inclusive: bool = True


@dataclass(frozen=True, slots=True)
class NotNullProportion:
    """Fails once, when the share of rows whose column isn't NULL lies outside; ends included."""

    column: str
    at_least: Decimal = Decimal(0)
    at_most: Decimal = Decimal(1)


@dataclass(frozen=True, slots=True)
class Expression:
    """Rows for which the SQL expression is false fail; with a column it stands behind its name."""

    sql: str
    column: str = ""


@dataclass(frozen=True, slots=True)
class Matches:
    """Rows whose column matches the regular expression nowhere fail (RE2)."""

    column: str
    regex: str


@dataclass(frozen=True, slots=True)
class Related:
    """Rows whose column has a value that isn't in the other table's field fail.

    `table` is `table`, `dataset.table` or `project.dataset.table`, the rest as the destination's.
    """

    column: str
    table: str
    field: str


@dataclass(frozen=True, slots=True)
class Recent:
    """Fails once, when the newest of a time column is older than so many units.

    `unit` is one of BigQuery's for TIMESTAMP_SUB, DAY the largest. Without a row it fails.
    """

    field: str
    unit: str
    number: int


@dataclass(frozen=True, slots=True)
class RowCount:
    """Fails once, when the number of rows lies outside; both ends are included."""

    low: int | None = None
    high: int | None = None


@dataclass(frozen=True, slots=True)
class Measured:
    """Fails once, when a number of rows isn't as it is wanted; a share of no rows always is.

    Attributes:
        wanted: what must hold of the number.
        failing: rows, or values, that fail this are counted; None: all rows are.
        is_percent: the number is their share of the rows looked at, in percent.
    """

    wanted: Condition
    failing: NotNull | Missing | AcceptedValues | Matches | Unique | None = None
    is_percent: bool = False

    def __str__(self) -> str:
        return f"{self.wanted} {'percent' if self.is_percent else 'rows'}"


PlainRule = (
    NotNull
    | Missing
    | Unique
    | AcceptedValues
    | AcceptedRange
    | NotNullProportion
    | Expression
    | Matches
    | Related
    | Recent
    | RowCount
)
Rule = PlainRule | Measured
OF_ROWS = (NotNull, Missing, AcceptedValues, AcceptedRange, Expression, Matches, Related)
"""Rules that each row meets or fails by itself."""
OF_TABLES = (Unique, Recent, RowCount)
"""Rules that ask for the table as it will be, where nobody says otherwise."""


def usual_scope(rule: Rule) -> Scope:
    """The rows that a rule looks at, where nobody says otherwise."""
    if isinstance(rule, Measured):
        return Scope.TABLE if rule.failing is None else usual_scope(rule.failing)
    return Scope.TABLE if isinstance(rule, OF_TABLES) else Scope.BATCH


@dataclass(frozen=True, slots=True)
class Check:
    """One check of a run.

    Attributes:
        name: tells it from the run's other checks.
        kind: as its format calls it.
        rule: what fails.
        severity: of failures for which `error_if` holds.
        scope: the rows that it looks at.
        where: SQL of a condition; rows for which it doesn't hold aren't looked at.
        error_if: for which numbers of failures the run ends, with Severity.ERROR.
        warn_if: for which a warning is told.
        is_tolerant: rows that fail are good where `error_if` doesn't hold: none is put aside.
    """

    name: str
    kind: str
    rule: Rule
    severity: Severity = Severity.ERROR
    scope: Scope = Scope.BATCH
    where: str = ""
    error_if: Condition = Condition()
    warn_if: Condition = Condition()
    is_tolerant: bool = False

    @property
    def counted(self) -> PlainRule | None:
        """The rule that rows fail, also where it is their number that is judged; None: all rows."""
        return self.rule.failing if isinstance(self.rule, Measured) else self.rule

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the destination that it names, outside of SQL."""
        rule = self.counted
        if isinstance(rule, Unique):
            return rule.columns
        if isinstance(rule, Recent):
            return (rule.field,)
        if rule is None or isinstance(rule, RowCount):
            return ()
        return (rule.column,) if rule.column else ()

    @property
    def is_of_rows(self) -> bool:
        """Whether it tells of each row by itself whether that fails."""
        return isinstance(self.rule, OF_ROWS)

    def verdict(self, failures: Decimal) -> Verdict:
        """What so many failures mean."""
        if self.severity is Severity.ERROR and self.error_if.holds(failures):
            return Verdict.FAILED
        return Verdict.WARNED if self.warn_if.holds(failures) else Verdict.PASSED
