"""I/O. The first failure of a run, noted beside its staged files: who reads other splits stops.

The try that failed may be lost with its worker; whoever then finds the note tells it instead.
"""

import json
from dataclasses import asdict

from pipeline.destination.folder import Folder
from pipeline.runs.outcome import Failure


def note_failure(folder: Folder, failure: Failure) -> Failure:
    """Tell all readers of the run to stop before their next split; the same failure."""
    folder.mark_failed(json.dumps(asdict(failure)).encode())
    return failure


def first_failure(folder: Folder) -> Failure | None:
    """What has failed first, in this try or in one before; None: nothing has."""
    data = folder.failed()
    return None if data is None else Failure(**json.loads(data))
