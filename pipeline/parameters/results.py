"""What a launch came to, as values, for whoever hands them on instead of reading what is printed.

A launch fills them while it goes on; what it prints for eyes it prints all the same.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from auto_schema.errors import SyncError

LAUNCHED = "launched"
"""Of a run that was submitted as a job: how it ends stands in the run history."""
COMPARED = ("source_rows", "target_rows", "lacking", "doubled", "moved_on")
"""Figures of a comparison of source and destination, which add up over tables."""


class End(Protocol):
    """How one run ended, or a table or slice that no run began of."""

    @property
    def name(self) -> str:
        """Of one of many: the table in the source, or the slice."""

    @property
    def exit_code(self) -> int:
        """0: well."""

    @property
    def status(self) -> str:
        """Of its run."""

    @property
    def why(self) -> str:
        """What is wrong with it; empty: nothing."""

    @property
    def row(self) -> Mapping[str, Any] | None:
        """Its run's last event; None: no run of it began."""


@dataclass(frozen=True, slots=True)
class RunEnd:
    """The end of a launch's one run, by its last event.

    Attributes:
        row: the event; of a job that goes on what is known of it.
    """

    row: Mapping[str, Any]
    name: str = ""

    @property
    def exit_code(self) -> int:
        return int(self.row.get("exit_code") or 0)

    @property
    def status(self) -> str:
        return str(self.row["status"])

    @property
    def why(self) -> str:
        return str(self.row.get("error") or "")


@dataclass(slots=True)
class Results:
    """What a launch came to so far.

    Attributes:
        is_handed_on: whether somebody reads them: then JSON isn't printed as well.
        ends: how its runs ended, in their order.
        launch_id: of many tables or slices; empty: it is a launch of one table.
        note: all of it in one line, or why there was nothing to be done.
        plan: of a launch that only shows one: its JSON.
        fault: what ended the launch, or what its last line says of many.
    """

    is_handed_on: bool = False
    ends: list[End] = field(default_factory=list)
    launch_id: str = ""
    note: str = ""
    plan: str = ""
    fault: SyncError | None = None

    def ran(self, row: Mapping[str, Any]) -> None:
        """A run of the launch's one table has ended, or goes on as a job."""
        self.ends.append(RunEnd(row))

    def ran_many(
        self, launch_id: str, ends: Sequence[End], note: str, fault: SyncError | None = None
    ) -> None:
        """All tables or slices of a launch have ended, or go on as a job."""
        self.launch_id, self.note, self.fault = launch_id, note, fault
        self.ends.extend(ends)
