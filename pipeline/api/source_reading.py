"""I/O. A source's rows for somebody's own pipeline: planned without a destination, then read.

The plan is that of a run into a table that isn't there: columns, types, splits and dead letters
are judged by the same code. BigQuery is asked nothing.
"""

import logging
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import cast

import pyarrow as pa
from google.cloud import bigquery

from auto_schema.errors import (
    ConfigError,
    DeadLetterLimitError,
    SourceUnreachableError,
    SyncError,
    raise_all,
)
from auto_schema.row_sums import RowSums
from pipeline.api.config import Parameters, words_of
from pipeline.cli import new_run_id, parse
from pipeline.destination.elements import SplitBatch
from pipeline.execution.conform import ReshaperAtNeed, conformed, renamed
from pipeline.launch.gather import gather, inspecting
from pipeline.parameters.table import BY_NAME, READING
from smart_sync.draft import make_draft
from smart_sync.facts import Target
from smart_sync.plan import SyncPlan
from smart_sync.planning import make_plan
from smart_sync.request import SyncRequest
from sources.values import Extract, Split

LOGGER = logging.getLogger("smart_sync")
NOWHERE = {
    "destination_bigquery_project": "no-project",
    "destination_bigquery_dataset": "none",
    "destination_bigquery_table": "none",
}
"""A plan has a destination; this one is never asked for."""
BESIDE = (
    "source",
    "transformation_config",
    "source_table_for_schema",
    "source_timezone",
    "json_numbers",
)
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0


def request_of_source(data_source: str, config: Parameters) -> SyncRequest:
    """What is to be read.

    Args:
        data_source: `postgresql` or `mongodb`.
        config: that source's parameters, those of reading, and `transformation_config`.

    Raises:
        ConfigError, ManyErrors: what is wrong with them, all of it at once; nothing is asked.
    """
    faults = list[SyncError]()
    for name in config:
        parameter = BY_NAME.get(name)
        is_ours = parameter and (parameter.source == data_source or parameter.group == READING)
        if not is_ours and name not in BESIDE:
            fix = f"give the parameters of {data_source}, of reading, and {', '.join(BESIDE)}."
            faults.append(ConfigError("not a parameter of a source", name, "", fix))
    raise_all(faults)
    return parse(words_of({"data_source": data_source, **NOWHERE, **config})).request


def plan_of_source(request: SyncRequest) -> SyncPlan:
    """The plan by which a source is read; its splits are its own.

    Raises:
        SyncError: the source is unreachable, or its rows can't be read.
    """
    now = datetime.now(UTC)
    run_id, nobody = new_run_id(now), cast(bigquery.Client, None)
    with inspecting(request) as inspector:
        source = inspector.source(Extract(None, None, request.reading.batch_rows, run_id))
        draft = make_draft(request, inspector.profile, Target(""), source)
        facts = gather(draft, nobody, inspector, run_id)
    return make_plan(draft, facts, run_id=run_id, now=now)


def opened_splits(plan: SyncPlan) -> tuple[Split, ...]:
    """The splits as they can be read.

    Raises:
        SyncError: the source can't be opened.
    """
    return plan.reading.source.open(plan.reading.splits)


def batches_of(plan: SyncPlan, split: Split) -> Iterator[pa.RecordBatch]:
    """The split's rows in their planned types, under the names that a destination would have.

    A connection that is lost before the first batch is tried again here; behind it that is
    Beam's, which takes back what the bundle has given.

    Raises:
        DeadLetterLimitError: a row doesn't fit its column's type.
        SyncError: the source refused, or is out of reach.
    """
    pause = FIRST_PAUSE_S
    for attempt in range(plan.run.max_retries + 1):
        has_given = False
        try:
            for batch in _conformed(plan, split):
                has_given = True
                yield batch
        except SourceUnreachableError as error:
            if has_given or attempt == plan.run.max_retries:
                raise
            LOGGER.warning("split=%d lost its connection, tried again: %s", split.index, error.why)
            time.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_S)
        else:
            return


def _conformed(plan: SyncPlan, split: Split) -> Iterator[pa.RecordBatch]:
    reshaper = ReshaperAtNeed(plan.reshaping, plan.reading.schema)
    for item in plan.reading.source.read(split):
        if isinstance(item, RowSums):
            continue
        arrived = renamed(SplitBatch(split.index, 0, item), plan.arriving)
        done = conformed(arrived, plan.reading.schema, plan.checks, reshaper)
        if not isinstance(done, SplitBatch):
            raise TypeError(f"{type(done).__name__} where a batch belongs")
        if done.dead is not None and done.dead.num_rows:
            raise _refused(plan, done.dead)
        if done.batch.num_rows:
            yield done.batch


def _refused(plan: SyncPlan, dead: pa.RecordBatch) -> DeadLetterLimitError:
    first: dict[str, object] = dead.slice(0, 1).to_pylist()[0]
    where = f"{plan.reading.source.place}, column {first['column_name']!r}"
    fix = "correct the row, or cast or leave out the column in query or transformation_config."
    what = f"{dead.num_rows:,} rows of a batch don't fit"
    return DeadLetterLimitError(what, where, str(first["reason"]), fix)


def dealt(splits: Sequence[Split], connections: int) -> Iterator[tuple[int, Split]]:
    """Each split by its lane: one lane is one connection."""
    for split in splits:
        yield split.index % connections, split
