"""The plans of many tables as one: a line for each, for people and machines."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from smart_sync.headline import is_estimated, short_name
from smart_sync.hosts import Host, Work, advice, fitting, hosts
from smart_sync.plan import SyncPlan
from smart_sync.plan_json import as_dict
from smart_sync.read_plan import dollars_of
from smart_sync.text_table import text_table
from smart_sync.value_text import counted, window_text

HEADINGS = ("table", "into", "does", "window", "rows", "splits", "scan", "by")
RIGHT = frozenset({"rows", "splits", "scan"})
NAMED = 20
"""Tables that one line names."""


@dataclass(frozen=True, slots=True)
class Planned:
    """One table of a launch.

    Attributes:
        name: in the source.
        pattern: of the entry that brought it.
        plan: None: there is none, and why says it.
        exit_code: of its fault; 0 without a plan: it is to be left alone in that case.
    """

    name: str
    pattern: str
    plan: SyncPlan | None = None
    why: str = ""
    exit_code: int = 0

    @property
    def is_skipped(self) -> bool:
        """Whether it is left alone."""
        return self.plan is None and not self.exit_code


def explain_many(tables: Sequence[Planned], at_once: int, connections: int, width: int = 0) -> str:
    """What happens, what to beware of, all plans in one table; which host fits, and the sum.

    Args:
        tables: of the launch.
        at_once: how many of them side by side.
        connections: to the source at once.
        width: of the terminal that it is for; 0: there is none.
    """
    lines = [*many_headline(tables, at_once, connections), *_lines(tables, width)]
    if work := _work(tables, at_once, connections):
        lines.append(advice(work))
    return "\n".join([*lines, _sum(tables)])


def many_headline(
    tables: Sequence[Planned], at_once: int, connections: int
) -> tuple[str, str, str]:
    """What will happen to all of them, in three lines; the arguments as of `explain_many`."""
    plans = [table.plan for table in tables if table.plan]
    failing = sum(1 for table in tables if table.plan is None and table.exit_code)
    skipped = sum(table.is_skipped for table in tables)
    held = sum(plan.held_back for plan in plans)
    apart = {"fails": failing, "skipped": skipped, "held back": held}
    more = "".join(f", {number:,} {what}" for what, number in apart.items() if number)
    rows = _rows_text(plans)
    lost = [plan for plan in plans if _removes(plan)]
    gone = "rows that are there stay, or are updated by their keys, in all tables"
    if lost:
        gone = f"rows that are there go in {counted(len(lost), 'table')}: {_named(lost)}"
    most = min(at_once, max(len(plans), 1))
    return (
        f"Syncs {counted(len(plans), 'table')}{more}: {rows}",
        f"{gone[0].upper()}{gone[1:]}",
        f"At most {counted(most, 'table')} side by side over {counted(connections, 'connection')};"
        " each is published by itself, all its rows or none",
    )


def _removes(plan: SyncPlan) -> bool:
    mode, publishing = plan.publishing.mode, plan.publishing
    return not plan.held_back and (mode.removes_rows or publishing.deletes)


def _named(plans: Sequence[SyncPlan]) -> str:
    names = [short_name(plan) for plan in plans]
    return ", ".join(names[:NAMED]) + (", …" if len(names) > NAMED else "")


def _rows_text(plans: Sequence[SyncPlan]) -> str:
    """All rows that come, as far as the estimates tell."""
    rows = _rows_of(plans)
    if rows is None:
        return "how many rows is not known"
    unknown = sum(not is_estimated(plan) for plan in plans if not plan.held_back)
    told = f", and those of {counted(unknown, 'table')} not known" if unknown else ""
    return f"about {counted(rows, 'row')}{told}"


def _rows_of(plans: Sequence[SyncPlan]) -> int | None:
    """The rows of all that are estimated; None: none is, and some will come."""
    reading = [plan for plan in plans if not plan.held_back]
    known = [plan.reading.estimated_rows or 0 for plan in reading if is_estimated(plan)]
    return sum(known) if known or not reading else None


def _lines(tables: Sequence[Planned], width: int) -> Iterator[str]:
    for table in tables:
        if table.plan is None:
            yield f"{'skipped' if table.is_skipped else 'FAILS'}  {table.name}: {table.why}"
            continue
        stale = table.plan.changes.stale.warnings
        yield from (f"WARNING  {table.name}: {text}" for text in (*stale, *table.plan.warnings))
    yield from text_table(HEADINGS, [_cells(table) for table in tables], RIGHT, width)
    new = [table.name for table in tables if table.plan and table.plan.publishing.mode.is_new]
    yield from new_text(new)


def new_text(names: Sequence[str]) -> Iterator[str]:
    """One line on the tables whose destinations are new, if any.

    >>> list(new_text(["public.a", "public.b"]))
    ['new: 2 tables, whose destinations are made: public.a, public.b']
    """
    if names:
        named = ", ".join(names[:NAMED]) + (", …" if len(names) > NAMED else "")
        those = "whose destination is made" if len(names) == 1 else "whose destinations are made"
        yield f"new: {counted(len(names), 'table')}, {those}: {named}"


def _cells(table: Planned) -> tuple[str, ...]:
    plan = table.plan
    if plan is None:
        return (
            table.name,
            "",
            "skipped" if table.is_skipped else "FAILS",
            "",
            "",
            "",
            "",
            table.pattern,
        )
    reading = plan.reading
    rows = f"{reading.estimated_rows:,}" if is_estimated(plan) else ""
    scan = reading.bigquery.scan_bytes if reading.bigquery else None
    does = "held back" if plan.held_back else str(plan.publishing.mode)
    splits = "" if reading.is_in_place else str(reading.split_total)
    scanned = "" if scan is None else f"{scan:,}"
    return table.name, short_name(plan), does, _window(plan), rows, splits, scanned, table.pattern


def _window(plan: SyncPlan) -> str:
    if plan.window is None:
        return "whole"
    return window_text(plan.window.window)


def _work(tables: Sequence[Planned], at_once: int, connections: int) -> Work | None:
    """What the launch has to do; None: nothing."""
    plans = [table.plan for table in tables if table.plan]
    if not plans:
        return None
    sizes = [_moved(plan) for plan in plans]
    known = [size for size in sizes if size is not None]
    unknown = len(sizes) - len(known)
    return Work(len(plans), sum(known), max(known, default=0), unknown, at_once, connections)


def _moved(plan: SyncPlan) -> int | None:
    """The bytes that leave the source, by its estimate; None: not known."""
    if plan.held_back or plan.reading.is_in_place:
        return 0
    return plan.reading.estimated_bytes


def _sum(tables: Sequence[Planned]) -> str:
    """All tables in one line; what queries read and cost is what the single plans say."""
    figures = _figures(tables)
    rows = _rows_text([table.plan for table in tables if table.plan])
    text = f"{figures['planned']} of {counted(figures['tables'], 'table')}, {rows}"
    if figures["bytes"]:
        text += f", {figures['bytes']:,} bytes of the source"
    if figures["price_usd"] is None:
        return text
    return f"{text}, {figures['scan_bytes']:,} bytes scanned, about ${figures['price_usd']}"


def _figures(tables: Sequence[Planned]) -> dict[str, Any]:
    plans = [table.plan for table in tables if table.plan]
    scans = [plan.reading.bigquery for plan in plans if plan.reading.bigquery]
    prices = [scan.price for scan in scans if scan.price is not None]
    queries = [plan.publishing.sql for plan in plans if plan.publishing.sql and not plan.held_back]
    prices += [dollars_of(sql.read_bytes, sql.price_per_tib) for sql in queries]
    read = [scan.scan_bytes or 0 for scan in scans] + [sql.read_bytes for sql in queries]
    return {
        "tables": len(tables),
        "planned": len(plans),
        "skipped": sum(table.is_skipped for table in tables),
        "rows": _rows_of(plans),
        "bytes": sum(_moved(plan) or 0 for plan in plans),
        "scan_bytes": sum(read),
        "price_usd": str(sum(prices, Decimal(0))) if prices else None,
    }


def many_as_json(tables: Sequence[Planned], at_once: int, connections: int) -> str:
    """Each table's plan whole, or why there is none; and what explain_many says of all."""
    told = [
        {
            "table": table.name,
            "pattern": table.pattern,
            "plan": as_dict(table.plan) if table.plan else None,
            "error": table.why or None,
            "is_skipped": table.is_skipped,
        }
        for table in tables
    ]
    work = _work(tables, at_once, connections)
    whole = {
        "headline": list(many_headline(tables, at_once, connections)),
        "tables": told,
        "sum": _figures(tables),
        "fits": fitting(work).name if work else None,
        "hosts": [_host_dict(host) for host in hosts(work)] if work else [],
    }
    return json.dumps(whole, indent=2, sort_keys=True, ensure_ascii=False)


def _host_dict(host: Host) -> dict[str, object]:
    return {
        "host": host.name,
        "minutes": round(host.seconds / 60, 1),
        "dollars": round(host.dollars, 4),
        "dollars_a_month_hourly": round(host.a_month, 2),
    }
