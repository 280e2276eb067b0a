"""I/O. transform_sql: the rows that are published, made of those that were staged.

One job, whose id follows from the run's name, fills a table of the run's; one query more says
whether what lies there may be published. Done twice, both find what they did.
"""

import logging
from dataclasses import replace
from functools import partial
from typing import Any

from google.cloud import bigquery

from auto_schema.errors import ConfigError, OutcomeUnknownError, TargetError
from pipeline.destination.jobs import asked_row, run_statement
from pipeline.runs.outcome import Outcome
from smart_sync.plan import SyncPlan
from smart_sync.sql_plan import MADE, SqlPlan
from smart_sync.transform_sql import make_result, result_question
from smart_sync.value_text import value_text
from sources.values import is_after
from warehouse.jobs import reading_config

LOGGER = logging.getLogger("smart_sync")
STEP, LOOK = "transform_sql", "transform_look"


def transformed(client: bigquery.Client, plan: SyncPlan, outcome: Outcome) -> Outcome:
    """Make the rows that are published; the same outcome where nothing is to be made of them.

    Args:
        client: of the job project.
        plan: the run's.
        outcome: with the figures of what was staged.

    Raises:
        TargetError: BigQuery refuses the query, or a value that it makes.
        ConfigError: it doesn't keep keys or cursor.
    """
    sql = plan.publishing.sql
    if sql is None:
        return outcome
    dataset = f"{plan.destination.project}.{plan.destination.dataset}"
    config = partial(reading_config, default_dataset=dataset, max_bytes_billed=sql.max_bytes_billed)
    statement = make_result(plan, sql.text)
    try:
        run_statement(client, plan, statement, STEP, config=config)
    except OutcomeUnknownError:
        raise
    except TargetError as error:
        raise _failed(plan, error) from error
    answer = asked_row(client, plan, result_question(plan), LOOK)
    _check(plan, sql, answer)
    LOGGER.info("%s: %s rows staged, %s made", MADE, f"{outcome.rows_staged:,}", f"{answer.made:,}")
    outcome = replace(outcome, rows_made=int(answer.made))
    return _with_watermark(plan, outcome, answer)


def figures(outcome: Outcome) -> dict[str, object]:
    """What the history is told of it; empty where nothing was made."""
    if outcome.rows_made is None:
        return {}
    return {MADE: {"rows_staged": outcome.rows_staged, "rows": outcome.rows_made}}


def _with_watermark(plan: SyncPlan, outcome: Outcome, answer: Any) -> Outcome:
    """Rows that the query left out don't move the watermark."""
    if plan.cursor is None or plan.window is None or plan.publishing.mode.is_aside:
        return outcome
    highest, before = answer.highest, plan.window.watermark
    if before is not None and (highest is None or is_after(before, highest)):
        highest = before
    return replace(outcome, watermark_after="" if highest is None else value_text(highest))


def _failed(plan: SyncPlan, error: TargetError) -> TargetError:
    return TargetError(
        f"{MADE} failed",
        error.where,
        error.why,
        "mend the query, such as by SAFE_CAST or SAFE_DIVIDE where a value may not fit, or raise"
        f" max_bytes_billed if that is what BigQuery names. Nothing of {plan.destination} was"
        " changed.",
    )


def _check(plan: SyncPlan, sql: SqlPlan, answer: Any) -> None:
    where = f"table {plan.destination}"
    if answer.strange:
        keys = list(plan.publishing.merge.keys) if plan.publishing.merge else []
        cursor = [plan.cursor.name] if plan.cursor else []
        names = ", ".join(dict.fromkeys([*keys, *cursor]))
        raise ConfigError(
            f"{MADE} must keep keys and cursor",
            where,
            f"{answer.strange:,} of {answer.made:,} rows that it makes have values of {names} that"
            " no staged row has",
            f"let {names} pass as they are, and give what is made of them another name. Nothing"
            " was published.",
        )
    if answer.rounded:
        names = ", ".join(column.name for column in sql.rounded)
        raise TargetError(
            "values would be rounded",
            where,
            f"{answer.rounded:,} rows have more digits in {names} than the destination keeps",
            f"round them in {MADE}. Nothing was published.",
        )
    if sql.keeps_maximum and answer.highest != answer.staged_highest:
        name = plan.cursor.name if plan.cursor else ""
        raise ConfigError(
            f"{MADE} lowers the cursor's MAX",
            where,
            f"it may take {name} of another row, and the rows that it makes end before those"
            " that it is made of: the next run would read these again, and append what is made"
            " of them once more",
            f"let {name} pass as it is, take MAX({name}), or use WRITE_MERGE. Nothing was"
            " published.",
        )
