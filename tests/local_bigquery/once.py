"""A job's id is used by one: of two who send it at one moment one gets 409, as BigQuery documents.

`local-bigquery` looks for the id, then keeps the job: between the two another may look. One of them
got 400 then, or both jobs ran.
"""

import functools
import threading
from typing import Any


def take_ids_once() -> None:
    """Let nobody look for a job's id while another is taking one."""
    from local_bigquery.jobs import runner

    submit, turn = runner.submit, threading.Lock()

    @functools.wraps(submit)
    def in_turn(project_id: str, job_id: str, configuration: Any, *more: Any, **words: Any) -> Any:
        if configuration.dryRun:  # has no id, and is done in here
            return submit(project_id, job_id, configuration, *more, **words)
        with turn:
            return submit(project_id, job_id, configuration, *more, **words)

    runner.submit = in_turn
