"""publish(): staged splits → one Outcome; nothing is visible until all of it is.

Sums first, then dead letters, then the one job, whose id follows from the run's name: who comes
after a dead run looks for it by that. Plain code behind the Publish step.
"""

import json
import logging
import time
import traceback
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Any

from google.cloud import bigquery

from auto_schema.dead_letters import MASKED
from auto_schema.errors import (
    ChecksFailedError,
    DeadLetterLimitError,
    OutcomeUnknownError,
    TargetError,
    VerificationError,
)
from auto_schema.told import told
from pipeline.destination.attempts import PUBLISH, publish_job_id
from pipeline.destination.elements import StagedSplit
from pipeline.destination.files import empty_file, total
from pipeline.destination.folder import Folder
from pipeline.destination.jobs import (
    MAX_URIS,
    copy_table,
    load_into_existing,
    load_straight,
    make_staging_table,
    published_field,
    reading_source,
    run_statement,
    staged_field,
    time_partitioning,
)
from pipeline.destination.snapshots import take_snapshot
from pipeline.publish.alterations import alter_columns
from pipeline.publish.audits import audit
from pipeline.publish.checks import keep_rows
from pipeline.publish.dead_letters import (
    keep_dead_letters,
    named_refusal,
    too_many,
    without_refused_json,
)
from pipeline.publish.labels import announce_rows
from pipeline.publish.missing import load_missing_keys
from pipeline.publish.published import Published, figures, unknown
from pipeline.publish.quarantine import QUARANTINED
from pipeline.publish.removed import refuse_removed_rows
from pipeline.publish.taken import check_taken_over, taken_figures, with_taken_over
from pipeline.publish.transform import figures as made_figures
from pipeline.publish.transform import transformed
from pipeline.publish.volume import volume_figures
from pipeline.runs.deadline import bounded
from pipeline.runs.lock import Lock
from pipeline.runs.outcome import CHECKS_FAILED, Failure, Outcome
from smart_sync.plan import SyncPlan
from smart_sync.publish_sql import (
    is_dead,
    publish_statement,
    removes_alone,
    removing_statement,
)
from smart_sync.value_text import counted
from warehouse.errors import as_target_errors

SHOWN_FAILURES = 3
LOGGER = logging.getLogger("smart_sync")


ANY_TIME = nullcontext()
"""Of a run that publishes whenever it comes to it."""


@dataclass(frozen=True, slots=True)
class Publisher:
    """What publishing works with: the plan's header, a client, staging folder and lock.

    `turn` is held while the destination and its dead letters are changed, or looked at for that.
    """

    plan: SyncPlan
    client: bigquery.Client
    folder: Folder
    lock: Lock
    turn: AbstractContextManager[object] = ANY_TIME

    def publish(self, staged: Sequence[StagedSplit], failures: Sequence[Failure]) -> Outcome:
        """Publish all staged splits, or say why not; never raises."""
        began = time.monotonic()
        outcome = figures(self.plan, staged)
        try:
            staged = with_taken_over(self.plan, self.folder, staged)
            outcome = figures(self.plan, staged)
            dead = [file for split in staged for file in split.dead_files]
            with self.turn:
                keep_dead_letters(self.client, self.plan, dead)
            if failures:
                return _failed(outcome, failures)
            self._check_sums(staged)
            self._check_dead_letters(staged)
            check_taken_over(self.plan, staged)
            if outcome.rows_staged or self.plan.publishes_without_rows:
                job_id = publish_job_id(self.plan, PUBLISH)
                outcome = replace(outcome, status="publishing", publish_job=job_id)
                publish = (
                    self._publish if self.plan.publishing.way.is_staged else self._publish_source
                )
                outcome = publish(staged, outcome)
            else:
                with self.turn:
                    outcome = self._publish_nothing(staged, outcome)
        except ChecksFailedError as error:
            keep_rows(self.client, self.plan)
            failed = _failed(outcome, (Failure.of(error, "Publish"),))
            return replace(failed, status=CHECKS_FAILED, publish_job="")
        except Exception as error:
            failure = Failure.of(error, "Publish", traceback=traceback.format_exc())
            return _failed(outcome, (*failures, failure))
        seconds = outcome.seconds | {"publish": round(time.monotonic() - began, 3)}
        return replace(outcome, seconds=seconds)

    def _check(self) -> None:
        """Look at the clock and the lock before the one job is sent.

        Raises:
            LimitReachedError: the run's time is over.
            RunInProgressError: the lock is another run's.
        """
        bounded(self.plan.run, self.lock.check)()

    def _check_sums(self, staged: Sequence[StagedSplit]) -> None:
        """Every split once, and every row read staged or dead.

        Raises:
            VerificationError: a sum doesn't hold; nothing was published.
        """
        indices = sorted(split.split for split in staged)
        count = self.plan.reading.split_total
        if indices != list(range(count)):
            missing = sorted(set(range(count)) - set(indices))
            raise VerificationError(
                "splits are missing or doubled",
                f"run {self.plan.run.run_id}",
                f"{len(indices)} of {count} were staged, missing: {missing[:20]}",
                "run again; nothing was published. If it repeats, report it as a bug.",
            )
        for split in staged:
            if split.rows_read != split.rows + split.dead + split.filtered.rows:
                raise VerificationError(
                    "rows of a split don't add up",
                    f"run {self.plan.run.run_id}, split {split.split}",
                    f"{split.rows_read} read, {split.rows} staged, {split.dead} dead letters,"
                    f" {split.filtered.rows} filtered out",
                    "run again; nothing was published. If it repeats, report it as a bug.",
                )

    def _check_dead_letters(self, staged: Sequence[StagedSplit]) -> None:
        count, letters = total(staged, "dead"), self.plan.dead_letters
        if count <= letters.most:
            return
        example, value = next(split.dead_example for split in staged if split.dead_example)
        shown = value if value == MASKED else told(value, shows=letters.show_values)
        raise DeadLetterLimitError(
            "too many dead letters",
            f"table {self.plan.destination}",
            f"{counted(count, 'row')} could not be conformed, max_dead_letters={letters.most};"
            f" the first: {example}, value {shown}",
            f"look into {letters.table}, mend the rows or cast the column in the"
            " query, or raise max_dead_letters. Nothing was published.",
        )

    def _publish(self, staged: Sequence[StagedSplit], outcome: Outcome) -> Outcome:
        files = [file for split in staged for file in split.files]
        straight = not self.plan.publishing.way.has_table and len(files) <= MAX_URIS
        sql = "" if straight else publish_statement(self.plan)
        if not outcome.rows_staged and removes_alone(self.plan):
            sql = removing_statement(self.plan)
        elif self.plan.reading.is_in_place:
            self._take_dead_rows_out(outcome.rows_dead)
        elif not straight:
            self._load_staging_table(files, outcome.rows_staged)
        load_missing_keys(self.client, self.plan, self.folder)
        with self.turn:
            return self._publish_staged(staged, outcome, sql)

    def _publish_staged(self, staged: Sequence[StagedSplit], outcome: Outcome, sql: str) -> Outcome:
        """Publish rows of the staging table by a script, or those of files where there is none."""
        files = [file for split in staged for file in split.files]
        outcome = self._audit(staged, outcome, has_table=bool(sql))
        outcome = self._begin_to_change(outcome)
        try:
            if not sql:
                files = files or [empty_file(self.folder, self.plan.schema.staged)]
                columns = self._load_schema()
                job = load_straight(self.client, self.plan, files, columns, self._check)
            else:
                job = run_statement(self.client, self.plan, sql, PUBLISH, self._check)
            return Published(self.plan, self.client).outcome(job, outcome)
        except OutcomeUnknownError as error:
            return unknown(outcome, error)
        except TargetError as error:
            raise named_refusal(self.client, self.plan, error) from error

    def _publish_source(self, staged: Sequence[StagedSplit], outcome: Outcome) -> Outcome:
        """One job that reads the source itself: what it published is what it read."""
        with self.turn:
            return self._publish_read(staged, outcome)

    def _publish_nothing(self, staged: Sequence[StagedSplit], outcome: Outcome) -> Outcome:
        outcome = self._audit(staged, outcome, has_table=False)
        self._make_empty_table()
        outcome = replace(outcome, status="succeeded")
        return Published(self.plan, self.client).beside_others(outcome)

    def _publish_read(self, staged: Sequence[StagedSplit], outcome: Outcome) -> Outcome:
        outcome = self._audit(staged, outcome, has_table=False)
        outcome = self._begin_to_change(outcome)
        try:
            if self.plan.publishing.way.copies:
                job = copy_table(self.client, self.plan, self._check)
            else:
                sql, check = publish_statement(self.plan), self._check
                config = reading_source(self.plan)
                job = run_statement(self.client, self.plan, sql, PUBLISH, check, config=config)
            return Published(self.plan, self.client).outcome(job, outcome)
        except OutcomeUnknownError as error:
            return unknown(outcome, error)

    def _begin_to_change(self, outcome: Outcome) -> Outcome:
        """Keep the table as it is where that is asked for, then alter its columns.

        Raises:
            TargetError: it isn't as the run takes it to be, or BigQuery refused.
        """
        refuse_removed_rows(self.client, self.plan)
        snapshot = self.plan.publishing.snapshot
        if snapshot is not None:
            table, expires, check = snapshot.table, snapshot.expires, self.lock.check
            take_snapshot(self.client, self.plan, table, expires, check, key=snapshot.key)
            outcome = replace(outcome, snapshot=str(table))
        alter_columns(self.client, self.plan, self.lock.check)
        announce_rows(self.client, self.plan)
        return outcome

    def _audit(
        self, staged: Sequence[StagedSplit], outcome: Outcome, *, has_table: bool
    ) -> Outcome:
        """What the audits say; an empty staging table is asked, too, where others' rows go for it.

        Args:
            staged: all splits.
            outcome: with their figures.
            has_table: whether their rows lie in the staging table.
        """
        figures = volume_figures(self.plan, outcome.rows_read) | taken_figures(self.plan)
        figures |= self._asked(staged, has_table=has_table, of_published=False)
        has_rows = has_table and outcome.rows_staged > 0
        outcome = without_refused_json(self.client, self.plan, outcome, has_rows=has_rows)
        try:
            outcome = transformed(self.client, self.plan, outcome) if has_table else outcome
            figures |= made_figures(outcome)
            figures |= self._asked(staged, has_table=has_table, of_published=True)
        except OutcomeUnknownError:
            raise
        except TargetError as error:
            raise named_refusal(self.client, self.plan, error) from error
        moved = int(str(figures.get(QUARANTINED, 0)))
        dead = outcome.rows_dead + moved
        if dead > self.plan.dead_letters.most:
            raise too_many(self.plan, dead, f"{moved:,} fail checks")
        return replace(
            outcome.without(moved),
            rows_dead=dead,
            verification=json.dumps(figures, sort_keys=True) if figures else "",
        )

    def _asked(self, staged: Sequence[StagedSplit], **words: bool) -> dict[str, object]:
        return audit(self.client, self.plan, staged, **words)

    def _take_dead_rows_out(self, rows: int) -> None:
        if rows:
            sql = f"DELETE FROM {self.plan.run.staging.table.sql} WHERE {is_dead(self.plan)}"
            run_statement(self.client, self.plan, sql, "dead_rows")

    def _load_staging_table(self, files: Sequence[Any], rows: int) -> None:
        table = self.plan.run.staging.table
        columns = self.plan.reading.schema.staged
        make_staging_table(self.client, table, list(map(staged_field, columns)))
        loaded = load_into_existing(self.client, self.plan, table, files, "stage")
        if loaded != rows:
            raise VerificationError(
                "loaded rows differ from staged rows",
                f"staging table {table}",
                f"{rows} staged, {loaded} loaded",
                "run again; nothing was published. If it repeats, report it as a bug.",
            )

    def _load_schema(self) -> list[bigquery.SchemaField]:
        """The schema that a straight load gives or adds to the table.

        None where the table keeps its own: Parquet's columns are matched by name then.
        """
        planned = list(map(published_field, self.plan.schema))
        if self.plan.publishing.mode.makes_table:
            return planned
        if not self.plan.changes.added:
            return []
        with as_target_errors(f"table {self.plan.destination}"):
            current = list(self.client.get_table(str(self.plan.destination)).schema)
        there = {column.name.casefold() for column in current}
        return current + [column for column in planned if column.name.casefold() not in there]

    def _make_empty_table(self) -> None:
        """A missing table is made even when there is no row for it yet."""
        if not self.plan.publishing.mode.is_new:
            return
        table = bigquery.Table(
            str(self.plan.destination),
            schema=list(map(published_field, self.plan.columns)),
        )
        table.time_partitioning = time_partitioning(self.plan.schema)
        table.clustering_fields = list(self.plan.schema.clustering) or None
        table.description = self.plan.schema.description or None
        table.labels = dict(self.plan.publishing.labels)
        with as_target_errors(f"table {self.plan.destination}"):
            self.client.create_table(table, exists_ok=True)


def _failed(outcome: Outcome, failures: Sequence[Failure]) -> Outcome:
    first = min(failures, key=lambda failure: failure.exit_code)
    messages = list(dict.fromkeys(failure.message for failure in failures))
    message = "; ".join(messages[:SHOWN_FAILURES])
    if len(messages) > SHOWN_FAILURES:
        message += f"; and {len(messages) - SHOWN_FAILURES} more"
    trace = next((failure.traceback for failure in failures if failure.traceback), "")
    return replace(
        outcome,
        status="failed",
        exit_code=first.exit_code,
        message=message,
        traceback=trace,
        keeps_staged=all(failure.passes for failure in failures),
    )
