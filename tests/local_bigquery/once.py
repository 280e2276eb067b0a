"""Of two who want the same at one moment one gets it, as BigQuery documents.

`local-bigquery` looks for a job's id, then keeps the job: between the two another may look. One of
them got 400 then, or both jobs ran; 409 is what the second is to be told. So it is with tables:
two patches with one etag were both taken, and a table was seen before its labels were kept.
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


def change_tables_in_turn() -> None:
    """Make, change and describe tables one after the other: If-Match holds until the change."""
    from local_bigquery.catalog import tables

    turn = threading.RLock()

    def in_turn(do: Any) -> Any:
        @functools.wraps(do)
        def done(*words: Any, **named: Any) -> Any:
            with turn:
                return do(*words, **named)

        return done

    tables.create, tables.update = in_turn(tables.create), in_turn(tables.update)
    tables.get = in_turn(tables.get)
