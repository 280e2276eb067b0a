"""I/O. The plans of many tables on their way to the workers: by value, or in one file.

A job's graph may have some megabytes, and each split takes its table's plan along. So plans that
pass one together, counted as often as they travel, lie in a file of the launch's own folder, and
what travels in their place says where in it. The file holds what would
stand in the graph else, and no more.
"""

import hashlib
import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from auto_schema.errors import TargetError
from pipeline.destination.folder import STORAGE_ERRORS, Folder, staging_error
from pipeline.runs.many_report import TableResult
from smart_sync.plan import SyncPlan
from smart_sync.table_lanes import Seat, seats
from sources.values import Split
from warehouse.names import Endpoints, TableRef

FILE = "plans"
MOST_BY_VALUE = 1_000_000
"""Bytes of all plans that stand in the graph themselves, and travel with each of their splits."""


@dataclass(frozen=True, slots=True)
class Part:
    """A value on its way: pickled, or where it lies in the file, with the hash of its bytes."""

    data: bytes = field(default=b"", repr=False)
    start: int = 0
    length: int = 0
    digest: str = ""


@dataclass(frozen=True, slots=True)
class TableOnItsWay:
    """One table of a launch, as it travels.

    Attributes:
        name: in the source.
        run_id: of its run.
        destination: of its run.
        seat: where its work is dealt to.
        goes_whole: through one element.
        header: its plan without the splits.
        splits: of the plan; of nothing where one of them goes by itself.
    """

    name: str
    run_id: str
    destination: TableRef
    seat: Seat
    goes_whole: bool
    header: Part
    splits: Part

    def alone(self) -> "TableOnItsWay":
        """The same without its splits: what travels with each of them, or behind them."""
        return replace(self, splits=Part())


@dataclass(frozen=True, slots=True)
class LaunchOnItsWay:
    """What all tables of a launch have in common, as its steps are given it.

    Attributes:
        batch_id: of the launch.
        folder: of its file; a bucket's or a local one.
        is_stored: whether there is one.
        histories: in which its runs are told.
        job_project, location, max_retries, endpoints: of the jobs of one of its tables.
    """

    batch_id: str
    folder: str
    is_stored: bool
    histories: tuple[TableRef, ...]
    job_project: str
    location: str
    max_retries: int
    endpoints: Endpoints

    def value(self, part: Part) -> Any:
        """What was packed.

        Raises:
            TargetError: its file can't be read, or isn't as it was written.
        """
        data = part.data
        if not data:
            try:
                data = self._folder.read(FILE, part.start, part.length)
            except STORAGE_ERRORS as error:
                raise staging_error(error, self.folder) from error
            if hashlib.sha256(data).hexdigest() != part.digest:
                fix = "run again; nothing else writes into a launch's own folder."
                raise TargetError("plans are not as they were written", self.folder, "", fix)
        return pickle.loads(data)  # noqa: S301 - the launcher's own, as the graph is

    def plan(self, table: TableOnItsWay) -> SyncPlan:
        """A table's plan without its splits.

        Raises:
            TargetError: the file can't be read.
        """
        header: SyncPlan = self.value(table.header)
        return header

    def splits(self, table: TableOnItsWay) -> tuple[Split, ...]:
        """A table's splits.

        Raises:
            TargetError: the file can't be read.
        """
        splits: tuple[Split, ...] = self.value(table.splits)
        return splits

    def clear(self) -> None:
        """Remove the file.

        Raises:
            STORAGE_ERRORS: it can't be removed.
        """
        if self.is_stored:
            self._folder.clear()

    @property
    def _folder(self) -> Folder:
        return Folder(self.folder, self.endpoints)


@dataclass(frozen=True, slots=True)
class Packed:
    """A launch that is ready to go.

    Attributes:
        launch: what each step is given.
        tables: that have a plan.
        ends: of the tables that never began.
        stored: the bytes of its file.
    """

    launch: LaunchOnItsWay
    tables: tuple[TableOnItsWay, ...]
    ends: tuple[TableResult, ...] = ()
    stored: bytes = field(default=b"", repr=False)

    def store(self) -> None:
        """Write the file, where there is one.

        Raises:
            TargetError: it can't be written.
        """
        if not self.launch.is_stored:
            return
        folder = Folder(self.launch.folder, self.launch.endpoints)
        try:
            with folder.open(FILE) as file:
                file.write(self.stored)
        except STORAGE_ERRORS as error:
            raise staging_error(error, self.launch.folder) from error


def pack(
    batch_id: str,
    folder: str,
    planned: Mapping[str, SyncPlan],
    ends: Sequence[TableResult],
    *,
    at_once: int,
    connections: int,
    most_by_value: int = MOST_BY_VALUE,
) -> Packed:
    """Make the plans of a launch ready to travel.

    Args:
        batch_id: of the launch.
        folder: for its file, of its own.
        planned: the plans by the names of their tables in the source; at least one.
        ends: of the tables that never began.
        at_once: tables that may be at work.
        connections: to the source that may be open, over all tables.
        most_by_value: bytes that may stand in the graph, and travel with splits, together.
    """
    counts = [1 if goes_whole(plan) else plan.reading.split_total for plan in planned.values()]
    parts = _Parts()
    tables = tuple(
        TableOnItsWay(
            name,
            plan.run.run_id,
            plan.destination,
            seat,
            goes_whole(plan),
            parts.add(plan.header()),
            parts.add(plan.reading.splits),
        )
        for (name, plan), seat in zip(
            planned.items(), seats(counts, at_once, connections), strict=True
        )
    )
    with_splits = sum(
        count * table.header.length for count, table in zip(counts, tables, strict=True)
    )
    run, is_stored = next(iter(planned.values())).run, parts.size + with_splits > most_by_value
    launch = LaunchOnItsWay(
        batch_id,
        folder,
        is_stored,
        tuple(dict.fromkeys(plan.run.history_table for plan in planned.values())),
        run.job_project,
        run.location,
        run.max_retries,
        run.endpoints,
    )
    if not is_stored:
        return Packed(launch, tables, tuple(ends))
    stored = [replace(t, header=_stored(t.header), splits=_stored(t.splits)) for t in tables]
    return Packed(launch, tuple(stored), tuple(ends), parts.all)


def goes_whole(plan: SyncPlan) -> bool:
    """Whether a table goes whole through one element: nothing of it can be done side by side."""
    return plan.held_back or plan.reading.is_in_place or plan.reading.split_total < 2


def _stored(part: Part) -> Part:
    return replace(part, data=b"")


class _Parts:
    """Pickled values, one behind the other."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self.size = 0

    def add(self, value: object) -> Part:
        data = pickle.dumps(value)
        part = Part(data, self.size, len(data), hashlib.sha256(data).hexdigest())
        self._parts.append(data)
        self.size += len(data)
        return part

    @property
    def all(self) -> bytes:
        return b"".join(self._parts)
