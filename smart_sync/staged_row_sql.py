"""Staged rows as letters keep them, written by SQL: each value as an exact text."""

from collections.abc import Mapping
from types import MappingProxyType

from auto_schema.kept_row import Stage
from auto_schema.names import OURS, quoted, string_literal
from auto_schema.schema import Column
from auto_schema.staged_row import Described, header
from smart_sync.plan import SyncPlan

NO_ROW = "CAST(NULL AS STRING)"
_TEXTS: Mapping[str, str] = MappingProxyType(
    {
        "STRING": "{v}",
        "BYTES": "TO_BASE64({v})",
        "BOOL": "CAST({v} AS STRING)",
        "INT64": "CAST({v} AS STRING)",
        "FLOAT64": "CAST({v} AS STRING)",
        "NUMERIC": "CAST({v} AS STRING)",
        "BIGNUMERIC": "CAST({v} AS STRING)",
        "DATE": "CAST(UNIX_DATE({v}) AS STRING)",
        "DATETIME": "CAST(UNIX_MICROS(TIMESTAMP({v}, 'UTC')) AS STRING)",
        "TIME": "CAST(TIME_DIFF({v}, TIME '00:00:00', MICROSECOND) AS STRING)",
        "TIMESTAMP": "CAST(UNIX_MICROS({v}) AS STRING)",
    }
)


def stage_of(plan: SyncPlan, *, is_made: bool) -> Stage:
    """At which stage such a row is: transform_sql may have made it."""
    return Stage.MADE if is_made and plan.publishing.sql is not None else Stage.STAGED


def staged_row(plan: SyncPlan, alias: str, marks: Mapping[str, str], *, is_made: bool) -> str:
    """The SQL of a row of the staging table as its letter keeps it; of NULL where it can't be.

    Args:
        plan: the run's.
        alias: of the row.
        marks: what was made of columns, by the source's names (`auto_schema.reshaping.made_of`).
        is_made: whether the row is one of what transform_sql has made, where there is such.
    """
    arriving = {column.source_name for column in plan.arriving}
    columns = [c for c in plan.reading.schema if c.source_name in arriving]
    kinds = [_kind(plan, column) for column in columns]
    if stage_of(plan, is_made=is_made) is Stage.MADE or not all(kind in _TEXTS for kind in kinds):
        return NO_ROW
    described: list[Described] = [
        (c.source_name, kind, c.is_repeated, marks.get(c.source_name, ""))
        for c, kind in zip(columns, kinds, strict=True)
    ]
    texts = ", ".join(
        f"{_text(f'{alias}.{quoted(c.name)}', kind, is_repeated=c.is_repeated)} AS c{number}"
        for number, (c, kind) in enumerate(zip(columns, kinds, strict=True))
    )
    first = string_literal(header(described, plan.checks.left_out))
    return f"CONCAT({first}, TO_JSON_STRING(STRUCT({texts})))"


def _kind(plan: SyncPlan, column: Column) -> str:
    """Its type in the staging table."""
    return column.bigquery if plan.reading.is_in_place else column.staged.bigquery


def _text(value: str, kind: str, *, is_repeated: bool) -> str:
    if not is_repeated:
        return _TEXTS[kind].format(v=value)
    item, place = f"{OURS}item", f"{OURS}place"
    texts = _TEXTS[kind].format(v=item)
    return (
        f"TO_JSON_STRING(ARRAY(SELECT {texts} FROM UNNEST({value}) AS {item}"
        f" WITH OFFSET AS {place} ORDER BY {place}))"
    )
