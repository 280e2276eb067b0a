"""I/O. What the runs of a launch ask of history and destinations: those that wait ask at once.

Each asks under its own table's lock, and what it is told was asked for after that.
"""

import copy
import logging
import re
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from google.cloud import bigquery

from auto_schema.errors import TargetError
from pipeline.runs.group_commit import GroupCommit
from pipeline.runs.past_runs import Beside, OneValue, Question, ask_at_once, is_answer
from warehouse.names import TableRef

LOGGER = logging.getLogger("smart_sync")
MOST_RUNS = 10
"""Whose questions one query holds: some forty of them, a few hundred lines of SQL."""


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
    numbered = {
        f"{name}_{number}": _numbered(question, number)
        for number, asked in enumerate(runs)
        for name, question in asked.questions.items()
    }
    try:
        row = ask_at_once(runs[0].client, runs[0].table, numbered)
    except TargetError as error:
        if not is_answer(error.__cause__):
            raise
        LOGGER.info("runs ask one by one, since BigQuery refuses them together: %s", error)
        return None
    return [
        {name: row[f"{name}_{number}"] for name in asked.questions}
        for number, asked in enumerate(runs)
    ]


def _numbered(question: Question | OneValue, number: int) -> Question | OneValue:
    """The same, its parameters under names that no other question has."""
    if isinstance(question, OneValue):
        return question
    sql, parameters = question.sql, list[Any]()
    for parameter in question.parameters:
        renamed = copy.copy(parameter)
        renamed.name = f"{parameter.name}_{number}"
        sql = re.sub(rf"@{parameter.name}\b", f"@{renamed.name}", sql)
        parameters.append(renamed)
    return replace(question, sql=sql, parameters=tuple(parameters))
