"""The report of a launch of many tables: a line for each, one sum, and one message. Pure."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from auto_schema.errors import SomeFailedError, SyncError, one_line
from pipeline.errors.lookup import with_address
from pipeline.runs.notify import escaped
from pipeline.runs.outcome import changed_text
from pipeline.runs.told_checks import told_checks
from smart_sync.explain_many import new_text
from smart_sync.modes import CREATE
from smart_sync.text_table import text_table
from smart_sync.value_text import counted, left_out_text

HEADINGS = ("table", "status", "read", "published", "dead", "seconds", "why")
RIGHT = frozenset({"read", "published", "dead", "seconds"})
SKIPPED = "skipped"
TOLD = 20
"""Failed tables that a message names."""


@dataclass(frozen=True, slots=True)
class TableResult:
    """How one table of a launch ended.

    Attributes:
        name: in the source.
        exit_code: 0: well.
        status: of its run; `skipped`: it was to be left alone.
        why: what is wrong with it; empty: nothing.
        row: its run's last event; None: no run of it began.
        text: all that is told of it, where it is the only one; empty: its line says all.
    """

    name: str
    exit_code: int
    status: str
    why: str = ""
    row: Mapping[str, Any] | None = None
    text: str = ""


def result_of(name: str, row: Mapping[str, Any]) -> TableResult:
    """How a table ended, by the last event of its run."""
    return TableResult(name, int(row["exit_code"] or 0), row["status"], row["error"] or "", row)


def exit_code_of(codes: Sequence[int]) -> int:
    """0, or the single code of all, or that some failed.

    >>> exit_code_of([0, 0]), exit_code_of([3, 3]), exit_code_of([0, 3]), exit_code_of([3, 5])
    (0, 3, 10, 10)
    """
    if not any(codes):
        return 0
    return codes[0] if len(set(codes)) == 1 else SomeFailedError.exit_code


def warned(result: TableResult) -> str:
    """What the checks of a table that ended well warn of; empty: nothing."""
    return "" if result.exit_code or result.row is None else one_line(told_checks(result.row))


def report(results: Sequence[TableResult], width: int = 0) -> str:
    """All tables as one table, for a terminal of that width if there is one, and the sum."""
    return "\n".join(_lines(results, width))


def _lines(results: Sequence[TableResult], width: int) -> Iterator[str]:
    yield from text_table(HEADINGS, [cells(result) for result in results], RIGHT, width)
    good = [(one.name, one.row) for one in results if one.row and not one.exit_code]
    yield from new_text([name for name, row in good if row["mode"] == CREATE.name])
    yield total(results)


def cells(result: TableResult) -> tuple[str, ...]:
    """Its line in the table."""
    row = result.row
    if row is None:
        return result.name, result.status, "", "", "", "", _why(result)
    seconds = json.loads(row["seconds"] or "{}").get("total")
    return (
        result.name,
        result.status,
        f"{row['rows_read']:,}",
        f"{row['rows_published']:,}",
        f"{row['rows_dead']:,}",
        "" if seconds is None else f"{seconds:,.1f}",
        _why(result) or warned(result) or _left_out(row),
    )


def _why(result: TableResult) -> str:
    """What is wrong with it; of one that failed with the address of what explains it."""
    why = one_line(result.why)
    return with_address(why) if result.exit_code else why


def _left_out(row: Mapping[str, Any]) -> str:
    """What a run that ended well left out, if anything."""
    rows = row.get("rows_left_out")
    return left_out_text(rows) if rows else ""


def total(results: Sequence[TableResult]) -> str:
    """All tables in one line."""
    rows = [result.row for result in results if result.row]
    read, published = (sum(row[key] for row in rows) for key in ("rows_read", "rows_published"))
    good = sum(result.exit_code == 0 and result.status != SKIPPED for result in results)
    text = f"{good} of {counted(len(results), 'table')} succeeded: {counted(read, 'row')} read"
    text += f", {published:,} published"
    changed = ("rows_deleted", "rows_healed")
    text += changed_text({key: sum(row.get(key) or 0 for row in rows) for key in changed})
    if skipped := sum(result.status == SKIPPED for result in results):
        text += f", {skipped} left alone"
    dead = sum(row["rows_dead"] for row in rows)
    return f"{text}, {counted(dead, 'dead letter')}" if dead else text


def failure(batch_id: str, results: Sequence[TableResult]) -> SomeFailedError | None:
    """What the program's last line says where tables failed."""
    failed = [result.name for result in results if result.exit_code]
    if not failed:
        return None
    why = ", ".join(failed[:TOLD]) + (", …" if len(failed) > TOLD else "")
    what = f"{len(failed)} of {counted(len(results), 'table')} failed"
    fix = f"see the line of each above; retry_failed={batch_id} syncs only what failed."
    return SomeFailedError(what, f"launch {batch_id}", why, fix)


def message(
    batch_id: str,
    results: Sequence[TableResult],
    before: Sequence[Mapping[str, Any]] = (),
    text: str = "",
) -> bytes:
    """The launch as JSON that Slack takes; its failed tables by name, with the reason of each.

    Args:
        batch_id: of the launch.
        results: of its tables.
        before: of a launch that ended well, the failed runs from which it is the recovery.
        text: all tables in one line; empty: as of a launch that syncs them.
    """
    begin = "Smart Sync recovered" if before else "Smart Sync"
    lines = [f"{begin}: {text or total(results)}", f"launch: {batch_id}"]
    told = [f"{one.name}: {_why(one)}" for one in results if one.exit_code]
    told += [f"{one.name}: {checks}" for one in results if (checks := warned(one))]
    told += [
        f"{row['destination']}: run before: {row['run_id']}, {row['status']},"
        f" exit code {row['exit_code']}"
        for row in before
    ]
    lines += told[:TOLD]
    if len(told) > TOLD:
        lines.append(f"and {len(told) - TOLD} more")
    return json.dumps({"text": escaped("\n".join(lines))}).encode()


def message_of_none(error: SyncError) -> bytes:
    """A launch that ended before any table did, in the same form."""
    return json.dumps({"text": escaped(f"Smart Sync: no table was synced\n{error.line}")}).encode()
