"""I/O. What the runs of a launch ask of history and destinations: those that wait ask at once.

Each asks under its own table's lock, and what it is told was asked for after that.
"""

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from google.cloud import bigquery

from auto_schema.errors import TargetError
from pipeline.runs.group_commit import GroupCommit
from pipeline.runs.past_runs import is_answer
from pipeline.runs.questions import Beside, ask_at_once, ask_together
from warehouse.names import TableRef

LOGGER = logging.getLogger("smart_sync")
MOST_RUNS = 50
"""Whose questions one query holds. What it asks of the history is one SELECT for all of them; of
destinations one each, and BigQuery lets a query refer to 1,000 tables.
https://cloud.google.com/bigquery/quotas#query_jobs
"""


@dataclass(frozen=True, slots=True)
class _Asked:
    client: bigquery.Client
    table: TableRef
    questions: Beside


class JointQuestions:
    """The questions of one launch's runs, asked by many threads."""

    def __init__(self) -> None:
        self._groups: dict[tuple[Any, ...], GroupCommit[_Asked, dict[str, Any]]] = {}
        self._turn = threading.Lock()

    def ask(self, client: bigquery.Client, table: TableRef, questions: Beside) -> dict[str, Any]:
        """The answers to some questions as `ask_at_once` gives them."""
        place = (client.project, client.location, table)
        with self._turn:
            if place not in self._groups:
                self._groups[place] = GroupCommit(_alone, _together, MOST_RUNS)
            group = self._groups[place]
        return group.ask(_Asked(client, table, questions))


def _alone(asked: _Asked) -> dict[str, Any]:
    return ask_at_once(asked.client, asked.table, asked.questions)


def _together(runs: Sequence[_Asked]) -> list[dict[str, Any]] | None:
    """The answers for each; None: BigQuery refuses them, be it for one of them only."""
    try:
        return ask_together(runs[0].client, runs[0].table, [asked.questions for asked in runs])
    except TargetError as error:
        if not is_answer(error.__cause__):
            raise
        LOGGER.info("runs ask one by one, since BigQuery refuses them together: %s", error)
        return None
