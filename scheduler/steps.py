"""I/O. The changes that a file asks for, made in order."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from auto_schema.errors import SyncError
from scheduler.changes import Change, Kind
from scheduler.client import Schedules
from scheduler.schedule import Schedule


@dataclass(frozen=True, slots=True)
class Step:
    """One change.

    Attributes:
        there: where it is made.
        change: what is done, and to which schedule.
        old: that schedule as it is there; None: it is new.
    """

    there: Schedules
    change: Change
    old: Schedule | None

    def make(self) -> None:
        """Create, update or delete the schedule.

        Raises:
            SyncError: Google refuses.
        """
        if self.change.kind is Kind.DELETE:
            self.there.delete(self.change.schedule.name)
        elif self.old is None:
            self.there.create(self.change.schedule)
        else:
            self.there.update(self.old, self.change.schedule)


def carry_out(steps: Sequence[Step]) -> Iterator[Change]:
    """Make the changes in order; yields each one when it is made.

    Raises:
        SyncError: of the first that failed, with what is left to do.
    """
    for number, step in enumerate(steps):
        try:
            step.make()
        except SyncError as error:
            left = [f"{item.change.kind} {item.change.schedule.name}" for item in steps[number:]]
            fix = f"{error.fix} Then apply again; left to do: {', '.join(left)}."
            raise type(error)(error.what, error.where, error.why, fix) from error
        yield step.change
