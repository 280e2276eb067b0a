"""The plans of many tables as one: a line for each, for people and machines."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from smart_sync.explain import as_dict, window_text
from smart_sync.plan import SyncPlan
from smart_sync.text_table import text_table

HEADINGS = ("table", "into", "does", "window", "rows", "splits", "scan", "by")
RIGHT = frozenset({"rows", "splits", "scan"})


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


def explain_many(tables: Sequence[Planned]) -> str:
    """All plans in one table; then what each warns of, and the sum."""
    return "\n".join(_lines(tables))


def _lines(tables: Sequence[Planned]) -> Iterator[str]:
    yield from text_table(HEADINGS, [_cells(table) for table in tables], RIGHT)
    for table in tables:
        if table.plan is None:
            yield f"{'skipped' if table.is_skipped else 'FAILS'}  {table.name}: {table.why}"
            continue
        stale = table.plan.changes.stale.warnings
        yield from (f"WARNING  {table.name}: {text}" for text in (*stale, *table.plan.warnings))
    yield _sum(tables)


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
    rows = "" if reading.estimated_rows is None else f"{reading.estimated_rows:,}"
    scan = reading.bigquery.scan_bytes if reading.bigquery else None
    does = "held back" if plan.held_back else str(plan.publishing.mode)
    splits = "" if reading.is_in_place else str(reading.split_total)
    scanned = "" if scan is None else f"{scan:,}"
    destination = f"{plan.destination.dataset}.{plan.destination.table}"
    return table.name, destination, does, _window(plan), rows, splits, scanned, table.pattern


def _window(plan: SyncPlan) -> str:
    if plan.window is None:
        return "whole"
    return window_text(plan.window.window)


def _sum(tables: Sequence[Planned]) -> str:
    plans = [table.plan for table in tables if table.plan]
    rows = sum(plan.reading.estimated_rows or 0 for plan in plans)
    text = f"{len(plans)} of {len(tables)} tables, about {rows:,} rows"
    prices = [plan.reading.bigquery.price for plan in plans if plan.reading.bigquery]
    priced = [price for price in prices if price is not None]
    return f"{text}, about ${sum(priced, Decimal(0))}" if priced else text


def many_as_json(tables: Sequence[Planned]) -> str:
    """Each table's plan whole, or why there is none."""
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
    return json.dumps({"tables": told}, indent=2, sort_keys=True, ensure_ascii=False)
