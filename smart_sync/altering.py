"""Columns of the destination that are altered before rows are published. Pure.

Each alteration is a statement and a job of its own: BigQuery documents one ALTER COLUMN a
statement, and one that is done can be told from one that isn't by the table alone. So a step that
is repeated, or a run after one that died between them, makes what is left. A wider column holds
all that it held, so whatever happens in between, nothing is wrong.
"""

from auto_schema.errors import SchemaError, SyncError
from auto_schema.evolve import Alteration
from auto_schema.names import TABLE, in_any_partition, of_table, quoted
from auto_schema.widening import LAST_EXACT
from smart_sync.facts import Facts, Target
from smart_sync.request import SyncRequest
from warehouse.names import TableRef


def altering(table: TableRef, alteration: Alteration) -> str:
    """The statement that makes one alteration."""
    column = quoted(alteration.field.name)
    return f"ALTER TABLE {table.sql} ALTER COLUMN {column} {alteration.action}"


def exact_question(table: TableRef, target: Target, altered: tuple[Alteration, ...]) -> str:
    """How many values of each column would change by its alteration; empty: none can.

    It is one query over those columns, whose answer has a number for each, in their order.
    """
    asked = _asked(altered)
    if not asked or target.rows == 0:
        return ""
    counts = ", ".join(
        f"COUNTIF({column} NOT BETWEEN -{LAST_EXACT} AND {LAST_EXACT})"
        for column in (of_table(one.field.name) for one in asked)
    )
    where = ""
    if target.require_partition_filter and target.partitioning:
        field = of_table(target.partitioning.field)
        where = f" WHERE {in_any_partition(field)}"
    return f"SELECT {counts} FROM {table.sql} AS {TABLE}{where}"


def inexact(altered: tuple[Alteration, ...], answer: tuple[int, ...]) -> dict[str, int]:
    """By columns, what the answer to `exact_question` says."""
    return {one.field.name: count for one, count in zip(_asked(altered), answer, strict=True)}


def inexact_faults(
    request: SyncRequest, facts: Facts, altered: tuple[Alteration, ...]
) -> list[SyncError]:
    """Columns that can't be altered, since values that are there would change."""
    beyond = facts.inexact or {}
    return [
        SchemaError(
            "values would change with their column's type",
            f"table {request.destination}, column {one.field.name!r}",
            f"{one.reason}: {one.display}, and {beyond[one.field.name]:,} integers are there that"
            f" FLOAT64 doesn't hold exactly (beyond ±{LAST_EXACT:,})",
            "cast the column to numeric or text in the query, leave it out with"
            ' transformation_config={"exclude_fields": […]}, or, if those digits don\'t matter,'
            f" run {altering(request.destination, one)}",
        )
        for one in _asked(altered)
        if beyond.get(one.field.name)
    ]


def alteration_lines(
    table: TableRef, altered: tuple[Alteration, ...], looked_bytes: int | None
) -> list[str]:
    """What a plan tells of them, line by line."""
    if not altered:
        return []
    lines = ["columns to be altered before rows are published, each by a job of its own:"]
    for one in altered:
        exact = ""
        if one.is_conditional:
            read = "" if looked_bytes is None else f", {looked_bytes:,} bytes were read to see it"
            exact = f" (no value that is there changes{read})"
        lines += [f"{one.display}: {one.reason}{exact}", f"  {altering(table, one)}"]
    return lines


def _asked(altered: tuple[Alteration, ...]) -> list[Alteration]:
    return [one for one in altered if one.is_conditional]
