"""What the runs of one launch share; a run by itself asks and tells all alone."""

from dataclasses import dataclass

from pipeline.runs.history import Append, append
from pipeline.runs.joint_events import JointEvents


@dataclass(frozen=True, slots=True)
class Shared:
    """How a run tells BigQuery what other runs of its launch tell it too.

    Attributes:
        write: appends an event to the history; it is durable when this returns.
    """

    write: Append = append


ALONE = Shared()


def shared_by(events: JointEvents) -> Shared:
    """Of the runs of a launch of many tables."""
    return Shared(events.append)
