"""The plan of a backfill: its range as one plan, and a line for each slice. Pure."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from smart_sync.explain import as_dict, explain
from smart_sync.plan import SyncPlan
from smart_sync.read_plan import dollars_of
from smart_sync.slices import Slice
from smart_sync.text_table import text_table
from sources.values import Evidence

HEADINGS = ("slice", "does", "rows", "scan")
RIGHT = frozenset({"rows", "scan"})
SHOWN = 60
"""Slices of a text; more stand in the JSON."""


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


def explain_backfill(planned: Planned) -> str:
    """The backfill in words."""
    return "\n".join([*_lines(planned), "", "The range as one run:", explain(planned.plan)])


def _lines(planned: Planned) -> Iterator[str]:
    plan, count = planned.plan, len(planned.slices)
    yield f"Backfill {planned.name} of {plan.destination}"
    first = "newest" if planned.newest_first else "oldest"
    yield f"  slices       {count:,}, {first} first, at most {planned.at_once} side by side"
    yield f"  done         {count - len(planned.left):,} before this, which are passed over"
    if planned.scan_bytes is not None:
        yield f"  scan         {planned.scan_bytes:,} bytes by dry runs, about ${planned.dollars}"
    ordered = planned.slices[::-1] if planned.newest_first else planned.slices
    cells = [_cells(one) for one in ordered[:SHOWN]]
    yield from (f"  {line}" for line in text_table(HEADINGS, cells, RIGHT))
    if count > SHOWN:
        yield f"  … and {count - SHOWN:,} more"


def _cells(one: PlannedSlice) -> tuple[str, ...]:
    does = f"done by run {one.run_id}" if one.run_id else "to be done"
    rows, scan = one.size.estimated_rows, one.size.scan_bytes
    return (
        one.slice.name,
        does,
        "" if rows is None else f"about {rows:,}",
        "" if scan is None else f"{scan:,} bytes",
    )


def backfill_as_json(planned: Planned) -> str:
    """The same for machines."""
    told = {
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
