"""The plan of a backfill: its range as one plan, and a line for each slice. Pure."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from smart_sync.explain import FULL, explain
from smart_sync.headline import second_line, short_name, warnings_of
from smart_sync.plan import SyncPlan
from smart_sync.plan_json import as_dict
from smart_sync.read_plan import dollars_of
from smart_sync.slices import Slice
from smart_sync.text_table import text_table
from smart_sync.value_text import counted
from sources.values import Evidence

HEADINGS = ("slice", "does", "rows", "scan")
RIGHT = frozenset({"rows", "scan"})
SHOWN, SHOWN_SHORTLY = 60, 12
"""Slices of a text; more stand in the JSON."""
MORE = "  more         plan_detail=full: up to 60 slices, and the range as one run"


@dataclass(frozen=True, slots=True)
class PlannedSlice:
    """One slice.

    Attributes:
        slice: its ends.
        run_id: of the run that has done it; empty: it is to be done.
        size: by the source's estimate, or BigQuery's dry run.
    """

    slice: Slice
    run_id: str
    size: Evidence


@dataclass(frozen=True, slots=True)
class Planned:
    """A backfill.

    Attributes:
        plan: of its range as one run, which nobody runs.
        name: its backfill_id.
        slices: the lowest first.
        newest_first: which are done first.
        at_once: how many side by side.
    """

    plan: SyncPlan
    name: str
    slices: tuple[PlannedSlice, ...]
    newest_first: bool
    at_once: int

    @property
    def left(self) -> tuple[PlannedSlice, ...]:
        """Those that are to be done."""
        return tuple(one for one in self.slices if not one.run_id)

    @property
    def scan_bytes(self) -> int | None:
        """What reading those costs of BigQuery; None: nothing, or it isn't known."""
        sizes = [one.size.scan_bytes for one in self.left]
        known = [size for size in sizes if size is not None]
        return sum(known) if known and len(known) == len(sizes) else None

    @property
    def dollars(self) -> Decimal | None:
        """The same in US dollars."""
        if self.scan_bytes is None:
            return None
        price = self.plan.publishing.price_per_tib
        return sum((dollars_of(one.size.scan_bytes or 0, price) for one in self.left), Decimal(0))


def explain_backfill(planned: Planned, detail: str = FULL) -> str:
    """The backfill in words, as much of it as plan_detail asks for."""
    lines = [*backfill_headline(planned)]
    lines += [f"  WARNING      {warning}" for warning in warnings_of(planned.plan)]
    if detail == FULL:
        lines += [*_lines(planned, SHOWN), "", "The range as one run:", explain(planned.plan)]
    else:
        lines += [*_lines(planned, SHOWN_SHORTLY), MORE]
    return "\n".join(lines)


def backfill_headline(planned: Planned) -> tuple[str, str, str]:
    """What will happen, in three lines."""
    plan, left = planned.plan, planned.left
    start, end = (planned.slices[0].slice.start, planned.slices[-1].slice.end)
    sizes = [one.size.estimated_rows for one in left if not one.size.estimate_doubt]
    known = [size for size in sizes if size is not None]
    rows = f": about {counted(sum(known), 'row')}" if left and len(known) == len(left) else ""
    slices = counted(len(planned.slices), "slice")
    done = len(planned.slices) - len(left)
    first = "newest" if planned.newest_first else "oldest"
    return (
        f"Reads {short_name(plan)} once more from {start} to before {end} in {slices},"
        f" {done:,} done before this{rows}",
        second_line(plan),
        f"Each slice is a run of its own, all its rows or none; the {first} first, at most"
        f" {planned.at_once} side by side; the same command goes on where it ended",
    )


def _lines(planned: Planned, most: int) -> Iterator[str]:
    plan, count = planned.plan, len(planned.slices)
    yield f"Backfill {planned.name} of {plan.destination}"
    first = "newest" if planned.newest_first else "oldest"
    yield f"  slices       {count:,}, {first} first, at most {planned.at_once} side by side"
    yield f"  done         {count - len(planned.left):,} before this, which are passed over"
    if planned.scan_bytes is not None:
        yield f"  scan         {planned.scan_bytes:,} bytes by dry runs, about ${planned.dollars}"
    ordered = planned.slices[::-1] if planned.newest_first else planned.slices
    cells = [_cells(one) for one in ordered[:most]]
    yield from (f"  {line}" for line in text_table(HEADINGS, cells, RIGHT))
    if count > most:
        yield f"  … and {count - most:,} more"


def _cells(one: PlannedSlice) -> tuple[str, ...]:
    does = f"done by run {one.run_id}" if one.run_id else "to be done"
    rows, scan = one.size.estimated_rows, one.size.scan_bytes
    return (
        one.slice.name,
        does,
        "" if rows is None or one.size.estimate_doubt else f"about {rows:,}",
        "" if scan is None else f"{scan:,} bytes",
    )


def backfill_as_json(planned: Planned) -> str:
    """The same for machines."""
    told = {
        "headline": list(backfill_headline(planned)),
        "backfill_id": planned.name,
        "order": "newest" if planned.newest_first else "oldest",
        "at_once": planned.at_once,
        "slices": [_dict(one) for one in planned.slices],
        "left": len(planned.left),
        "scan_bytes": planned.scan_bytes,
        "price_usd": None if planned.dollars is None else str(planned.dollars),
        "range": as_dict(planned.plan),
    }
    return json.dumps(told, indent=2, sort_keys=True, ensure_ascii=False)


def _dict(one: PlannedSlice) -> dict[str, object]:
    return {
        "start": one.slice.start,
        "end": one.slice.end,
        "done_by": one.run_id or None,
        "estimated_rows": one.size.estimated_rows,
        "scan_bytes": one.size.scan_bytes,
    }
