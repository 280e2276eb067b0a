"""I/O. Questions of the run history and of destinations: those of many runs are one query.

What is asked of the history for many tables is one SELECT, whatever their number: its text is the
same for all of them, and which destinations it is asked for stands in a relation beside it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from google.cloud import bigquery

from auto_schema.names import quoted
from warehouse.errors import as_target_errors
from warehouse.names import TableRef

EVENTS = "{events}"
"""In a question's SQL: `runs`, the events that are asked about, and `asked`, what of each table."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question of the run history about one destination.

    Attributes:
        history: the table of the history.
        destination: whose events.
        sql: a query over `EVENTS`, without an order, and without a condition before `AND` or
            QUALIFY. One row of its answer tells its `destination`; what it groups or orders, it
            does within a destination.
        order: of the rows of a destination.
        since: of events from then on, by `event_time`.
        cursor: the source's name of the cursor column, as `asked.cursor`.
    """

    history: TableRef
    destination: TableRef
    sql: str
    order: str
    since: datetime
    cursor: str = ""


@dataclass(frozen=True, slots=True)
class OneValue:
    """A question of another table: a query whose answer is one value; it has no parameters."""

    sql: str


Beside = Mapping[str, Question | OneValue]
"""What a run asks in one query, by names of ours for the answers."""
Ask = Callable[[bigquery.Client, TableRef, Beside], dict[str, Any]]
"""`ask_at_once`, or what does the same for many runs at a time."""


def ask_history(
    client: bigquery.Client,
    table: TableRef,
    sql: str,
    parameters: Sequence[Any],
    *,
    unless: tuple[type[Exception], ...] = (),
) -> list[dict[str, Any]]:
    """Rows of a query over the run history.

    Args:
        client: of BigQuery.
        table: the history, for the message.
        sql: the query, with named parameters.
        parameters: of the client library.
        unless: answers of BigQuery that stand for no rows: before the first run, as in a
            plan_only, there is no history.

    Raises:
        TargetError: BigQuery refused or can't be reached.
    """
    config = bigquery.QueryJobConfig(query_parameters=list(parameters))
    with as_target_errors(f"run history {table}"):
        try:
            return [dict(row) for row in client.query_and_wait(sql, job_config=config)]
        except unless:
            return []


def ask_one(
    client: bigquery.Client, question: Question, *, unless: tuple[type[Exception], ...] = ()
) -> list[dict[str, Any]]:
    """The rows of the answer to one question, in their order; `unless` as of `ask_history`.

    Raises:
        TargetError: BigQuery refused or can't be reached.
    """
    sql, parameters = query_of([question])
    sql = f"{sql} ORDER BY {question.order}"
    return ask_history(client, question.history, sql, parameters, unless=unless)


def ask_at_once(client: bigquery.Client, table: TableRef, questions: Beside) -> dict[str, Any]:
    """The answers to a run's questions, by their names, in one query.

    Raises:
        TargetError: BigQuery can't be reached, or refuses one of them.
    """
    (answers,) = ask_together(client, table, [questions])
    return answers


def ask_together(
    client: bigquery.Client, table: TableRef, asked: Sequence[Beside]
) -> list[dict[str, Any]]:
    """The answers to the questions of some runs in one query: each run's, by their names.

    Raises:
        TargetError: BigQuery can't be reached, or refuses one of them.
    """
    values, parameters, places = list[str](), list[Any](), list[dict[str, str]]()
    sets = dict[tuple[Any, ...], _Set]()
    for questions in asked:
        place = dict[str, str]()
        for name, question in questions.items():
            if isinstance(question, OneValue):
                place[name] = f"value_{len(values)}"
                values.append(f"({question.sql}) AS {quoted(place[name])}")
            else:
                place[name] = _set_for(sets, name, question).add(question)
        places.append(place)
    for one in sets.values():
        sql, more = query_of(one.questions, f"{one.name}_")
        order = one.questions[0].order
        values.append(f"ARRAY(SELECT event FROM ({sql}) AS event ORDER BY {order}) AS {one.name}")
        parameters += more
    (row,) = ask_history(client, table, f"SELECT {', '.join(values)}", parameters)
    return [
        {name: _own(row[place[name]], question) for name, question in questions.items()}
        for questions, place in zip(asked, places, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class _Set:
    """Questions of one text about different destinations."""

    name: str
    questions: list[Question]

    def add(self, question: Question) -> str:
        self.questions.append(question)
        return self.name


def _set_for(sets: dict[tuple[Any, ...], _Set], name: str, question: Question) -> _Set:
    """The set of a question's text that has no question about its destination yet."""
    number = 0
    while True:
        key = question.history, question.sql, question.order, number
        one = sets.setdefault(key, _Set(f"{name}_{len(sets)}", []))
        if all(other.destination != question.destination for other in one.questions):
            return one
        number += 1


def _own(answer: Any, question: Question | OneValue) -> Any:
    """Of the answer to all questions of a set, that to one of them."""
    if isinstance(question, OneValue):
        return answer
    return [row for row in answer if row["destination"] == str(question.destination)]


def query_of(questions: Sequence[Question], prefix: str = "") -> tuple[str, list[Any]]:
    """The query of questions of one text about different destinations, and its parameters.

    Its text and its parameters are the same whatever their number.

    Of the history's partitions those since the earliest question are read, and of its clusters
    those of the destinations: both stand beside the join, as constants.

    Args:
        questions: of the same history, text and order.
        prefix: of the parameters' names.
    """
    earliest = min(question.since for question in questions)
    columns = (
        ("destinations", "STRING", [str(question.destination) for question in questions]),
        ("sinces", "TIMESTAMP", [question.since for question in questions]),
        ("cursors", "STRING", [question.cursor for question in questions]),
    )
    parameters: list[Any] = [
        bigquery.ArrayQueryParameter(f"{prefix}{name}", kind, values)
        for name, kind, values in columns
    ]
    parameters.append(bigquery.ScalarQueryParameter(f"{prefix}earliest", "TIMESTAMP", earliest))
    asked = (
        f"SELECT destination, @{prefix}sinces[OFFSET(place)] AS since,"
        f" @{prefix}cursors[OFFSET(place)] AS cursor"
        f" FROM UNNEST(@{prefix}destinations) AS destination WITH OFFSET AS place"
    )
    events = (
        f"{questions[0].history.sql} AS runs JOIN ({asked}) AS asked"
        " ON runs.destination = asked.destination AND runs.event_time >= asked.since"
        f" WHERE runs.destination IN UNNEST(@{prefix}destinations)"
        f" AND runs.event_time >= @{prefix}earliest"
    )
    return questions[0].sql.replace(EVENTS, events), parameters
