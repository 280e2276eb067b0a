"""I/O. What was staged of a table that goes whole, noted beside its files before it is published.

Its element may be processed again, since a worker died: then the same files are published, by
the same job. What is read once more may be other rows, which that job has never seen.
"""

import logging
import pickle
from collections.abc import Sequence

from auto_schema.errors import TargetError
from pipeline.destination.elements import StagedSplit
from pipeline.destination.folder import STORAGE_ERRORS, Folder

LOGGER = logging.getLogger("smart_sync")
NAME = "staged"


def kept(folder: Folder) -> list[StagedSplit] | None:
    """What an earlier try has staged whole; None: nothing that is known."""
    try:
        data = folder.whole(NAME)
    except STORAGE_ERRORS as error:
        LOGGER.warning("what was staged before could not be looked for: %s", error)
        return None
    return None if data is None else pickle.loads(data)  # noqa: S301 - our own


def keep(folder: Folder, staged: Sequence[StagedSplit]) -> list[StagedSplit]:
    """Note what is about to be published; of two tries at a time the first is published by both."""
    own = list(staged)
    try:
        is_first = folder.create(NAME, pickle.dumps(own))
    except (*STORAGE_ERRORS, TargetError) as error:
        LOGGER.warning("what was staged could not be noted: %s", error)
        return own
    return own if is_first else kept(folder) or own
