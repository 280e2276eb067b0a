"""What a run notes of itself so that another may take it over, and what that one then knows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from smart_sync.tagged_value import tagged, untagged
from sources.values import CursorValue, Split, Window


@dataclass(frozen=True, slots=True)
class Noted:
    """A run of several splits, as it says at its beginning what it is about to do.

    Attributes:
        run_id: its name.
        version: of the program.
        work: what was asked of it, each part as a hash by its name (see `resume.work_of`).
        window: whose rows it reads.
        watermark: the destination's MAX when it was planned; None: it had none.
        time_zone: of the window's values.
        by_hand: whether the operator gave the window.
        splits: all parts of the window.
        older: folders of runs that it has itself taken over, the oldest first.
    """

    run_id: str
    version: str
    work: Mapping[str, str]
    window: Window
    watermark: CursorValue | None
    time_zone: str
    by_hand: bool
    splits: tuple[Split, ...]
    older: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TakenOver:
    """What a run publishes that others have staged.

    Attributes:
        run_id: the last of them.
        folders: where their files lie, the oldest first.
        splits: that are not read again.
        rows_read: of these.
        bytes: of their files.
        by_hand: whether the window is the one that was asked for, so that no other follows.
    """

    run_id: str
    folders: tuple[str, ...]
    splits: int
    rows_read: int
    bytes: int
    by_hand: bool = False


def noted_record(noted: Noted) -> dict[str, object]:
    """What is noted as JSON has it, but for splits and folders."""
    return {
        "run_id": noted.run_id,
        "version": noted.version,
        "work": dict(noted.work),
        "window": [tagged(noted.window.low), tagged(noted.window.high)],
        "watermark": tagged(noted.watermark),
        "time_zone": noted.time_zone,
        "by_hand": noted.by_hand,
    }


def noted_of(
    record: Mapping[str, Any], splits: tuple[Split, ...], older: tuple[str, ...] = ()
) -> Noted:
    """What such a record says.

    Raises:
        ValueError, KeyError, TypeError, AttributeError: it is none.
    """
    low, high = (untagged(end) for end in record["window"])
    if high is None:
        raise ValueError
    return Noted(
        str(record["run_id"]),
        str(record["version"]),
        {str(name): str(digest) for name, digest in record["work"].items()},
        Window(low, high),
        untagged(record["watermark"]),
        str(record["time_zone"]),
        bool(record["by_hand"]),
        splits,
        older,
    )
