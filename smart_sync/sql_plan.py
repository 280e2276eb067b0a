"""What transform_sql makes of the staged rows' columns, and what stands against it. Pure.

What its SELECT gives only BigQuery can say, by a dry run over no rows; all else follows.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from auto_schema.bigquery_types import SCALES, BigqueryType
from auto_schema.errors import ConfigError, SchemaError, SyncError, shown
from auto_schema.evolve import CurrentField
from auto_schema.names import column_fault
from auto_schema.schema import Column, TableSchema
from auto_schema.warehouse_types import NULLABLE, REPEATED

UNNAMED = re.compile(r"f[0-9]+_")
"""What BigQuery calls a column that has no name."""
MADE = "transform_sql"
"""The source's type of a column that the query makes."""


@dataclass(frozen=True, slots=True)
class SqlAnswer:
    """What a dry run says of transform_sql.

    Attributes:
        columns: those of the staged rows, over which it was tried.
        fields: of its result: name, and type; None: one that no rule knows.
        tables: that it reads beside the staged rows, qualified.
        bytes: what it reads of them; None: not known.
        made: columns of the destination, by case-folded name, that the query makes: they don't
            say how rows are staged.
    """

    columns: tuple[Column, ...]
    fields: tuple[tuple[str, BigqueryType | None], ...]
    tables: tuple[str, ...] = ()
    bytes: int | None = None
    made: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Rounded:
    """A column of the destination that holds fewer digits than the query's may have."""

    name: str
    scale: int
    is_array: bool


@dataclass(frozen=True, slots=True)
class SqlPlan:
    """The query, and what is known of it before the run.

    Attributes:
        text: as the operator wrote it.
        tables: that it reads beside the staged rows, qualified.
        bytes: what it reads of them, by a dry run; None: not known.
        staged_bytes: what it is supposed to read of the staged rows; None: not known.
        max_bytes_billed: what its job may bill at most; None: no ceiling.
        price_per_tib: US dollars.
        keeps_maximum: whether it may not lower the cursor's MAX, since it computes the cursor,
            and rows that are read again would be there twice.
        rounded: columns whose values must fit into what the destination declares.
    """

    text: str
    tables: tuple[str, ...] = ()
    bytes: int | None = None
    staged_bytes: int | None = None
    max_bytes_billed: int | None = None
    price_per_tib: Decimal = Decimal("6.25")
    keeps_maximum: bool = False
    rounded: tuple[Rounded, ...] = ()

    @property
    def read_bytes(self) -> int:
        """All that it reads, as far as that is known."""
        return (self.bytes or 0) + (self.staged_bytes or 0)


def result_columns(answer: SqlAnswer) -> tuple[Column, ...]:
    """The columns of the query's result.

    One whose name and type are a staged column's keeps what is known of it. A type that no rule
    knows has none here: `answer_faults` tells of it.
    """
    staged = {column.name.casefold(): column for column in answer.columns}
    known = ((name, kind) for name, kind in answer.fields if kind is not None)
    return tuple(_result(name, kind, staged.get(name.casefold())) for name, kind in known)


def _result(name: str, kind: BigqueryType, same: Column | None) -> Column:
    column = Column(
        name if same is None else same.name,
        "",
        MADE,
        "",
        kind.arrow,
        kind.one.sql(parameters=False),
        REPEATED if kind.is_array else NULLABLE,
        shape=kind,
    )
    if same is None or not is_same(column, same):
        return column
    return replace(
        column,
        source_name=same.source_name,
        source_type=same.source_type,
        description=same.description,
    )


def is_same(column: Column, other: Column) -> bool:
    """Whether two columns have one type."""
    return (column.bigquery, column.mode) == (other.bigquery, other.mode)


def made_by_query(answer: SqlAnswer) -> frozenset[str]:
    """The names that no staged column of that type has, folded."""
    staged = {column.name.casefold(): column for column in answer.columns}
    results = {column.name.casefold(): column for column in result_columns(answer)}
    return frozenset(
        name
        for name, column in results.items()
        if name not in staged or not is_same(column, staged[name])
    )


def answer_faults(answer: SqlAnswer) -> Iterator[SyncError]:
    """Names and types of the result that no table can have."""
    seen = set[str]()
    for name, kind in answer.fields:
        where, folded = f"{MADE}, column {shown(name)}", name.casefold()
        if UNNAMED.fullmatch(name):
            why, fix = "its expression has no AS", "give each expression a name: … AS name."
            yield SchemaError("a column without a name", where, why, fix)
        elif why := column_fault(name):
            fix = "give it another name with AS."
            yield SchemaError("column name that BigQuery refuses", where, why, fix)
        if folded in seen:
            why = "BigQuery tells names apart without regard to case"
            fix = "leave one of them out, such as by * EXCEPT, or name it with AS."
            yield SchemaError("two columns with one name", where, why, fix)
        if kind is None:
            why, fix = "there is no rule on record for it", f"cast it in {MADE}."
            yield SchemaError("type without a mapping", where, why, fix)
        seen.add(folded)


def kept_faults(
    staged: TableSchema,
    result: TableSchema,
    keys: tuple[str, ...],
    cursor: str | None,
    mark: str | None = None,
) -> Iterator[SyncError]:
    """What the run itself needs of the rows, and the query doesn't let be.

    Args:
        staged: the columns of the staged rows.
        result: those that the query makes of them.
        keys: of the merge, under their destination names.
        cursor: likewise; None: none.
        mark: the column of deleted_column, likewise.
    """
    needed = [(f"merge_keys, {shown(name)}", name) for name in keys]
    if cursor is not None:
        needed.append((f"smart_sync_timestamp_column, {shown(cursor)}", cursor))
    if mark is not None:
        needed.append((f"deleted_column, {shown(mark)}", mark))
    for where, name in needed:
        before, after = staged.find(name), result.find(name)
        if before is None:
            if after is not None:
                why = f"the staged rows have no such column, {MADE} makes it"
                yield _moved(where, why, "name columns of the staged rows.")
        elif after is None:
            why = f"{MADE} leaves it out"
            yield _moved(where, why, "let it stand in the SELECT list, as it is.")
        elif not is_same(after, before):
            why = f"it is {before.kind}, and {MADE} makes {after.kind} of it"
            yield _moved(where, why, "let it as it is, and give what is made of it another name.")


def _moved(where: str, why: str, fix: str) -> ConfigError:
    return ConfigError(f"{MADE} must keep keys and cursor", where, why, fix)


def rounded_columns(
    result: TableSchema, current: Mapping[str, CurrentField]
) -> tuple[Rounded, ...]:
    """The decimals of the result that BigQuery would round in silence, if they had more digits."""
    rounded = list[Rounded]()
    for column in result:
        field = current.get(column.name.casefold())
        kind = field.shape if field else None
        if kind is not None and kind.parameters and kind.name in SCALES:
            rounded.append(Rounded(column.name, kind.scale, column.is_repeated))
    return tuple(rounded)


def over_limit(plan: SqlPlan) -> SyncError | None:
    """That the tables which it reads are too large for max_bytes_billed."""
    most = plan.max_bytes_billed
    if most is None or (plan.bytes or 0) <= most:
        return None
    why = f"{MADE} reads {plan.bytes:,} bytes of tables, max_bytes_billed={most:,}"
    fix = "raise max_bytes_billed, or read less of them."
    return ConfigError("over max_bytes_billed", MADE, why, fix)


def plan_sql(
    text: str,
    answer: SqlAnswer,
    *,
    staged_bytes: int | None,
    max_bytes_billed: int | None,
    price_per_tib: Decimal,
    keeps_maximum: bool,
    rounded: tuple[Rounded, ...],
) -> SqlPlan:
    """The query as it will run.

    Args:
        text: of the query.
        answer: what a dry run says of it.
        staged_bytes: of the rows, as the source estimates them.
        max_bytes_billed: of its job.
        price_per_tib: US dollars.
        keeps_maximum: see `SqlPlan`.
        rounded: see `rounded_columns`.
    """
    return SqlPlan(
        text,
        answer.tables,
        answer.bytes,
        staged_bytes,
        max_bytes_billed,
        price_per_tib,
        keeps_maximum,
        rounded,
    )
