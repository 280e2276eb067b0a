"""publish(): staged splits → one Outcome; nothing is visible until all of it is.

Sums first, then dead letters, then the one job, whose id follows from the run's name: who comes
after a dead run looks for it by that. Plain code behind the Publish step.
"""

import logging
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from google.api_core.exceptions import GoogleAPICallError, PreconditionFailed
from google.cloud import bigquery

from auto_schema.errors import (
    DeadLetterLimitError,
    OutcomeUnknownError,
    SyncError,
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
    run_statement,
    staged_field,
    time_partitioning,
)
from pipeline.destination.target import read_table, read_watermark
from pipeline.publish.audits import audit
from pipeline.publish.counts import counted
from pipeline.publish.dead_letters import keep_dead_letters, named_refusal, without_refused_json
from pipeline.runs.lock import Lock
from pipeline.runs.outcome import Failure, Outcome
from smart_sync.plan import SyncPlan
from smart_sync.publish_sql import copy_before, is_dead, publish_statement
from smart_sync.value_text import value_text
from smart_sync.ways import Count
from sources.values import is_after
from warehouse.errors import as_target_errors

SHOWN_FAILURES = 3
LABEL_TRIES = 3
LOGGER = logging.getLogger("smart_sync")


@dataclass(frozen=True, slots=True)
class Publisher:
    """What publishing works with: the plan's header, a client, staging folder and lock."""

    plan: SyncPlan
    client: bigquery.Client
    folder: Folder
    lock: Lock

    def publish(self, staged: Sequence[StagedSplit], failures: Sequence[Failure]) -> Outcome:
        """Publish all staged splits, or say why not; never raises."""
        began = time.monotonic()
        outcome = self._figures(staged)
        try:
            dead = [file for split in staged for file in split.dead_files]
            keep_dead_letters(self.client, self.plan, dead)
            if failures:
                return _failed(outcome, failures)
            self._check_sums(staged)
            self._check_dead_letters(staged)
            if outcome.rows_staged or self.plan.publishes_without_rows:
                job_id = publish_job_id(self.plan, PUBLISH)
                outcome = replace(outcome, status="publishing", publish_job=job_id)
                publish = (
                    self._publish if self.plan.publishing.way.is_staged else self._publish_source
                )
                outcome = publish(staged, outcome)
            else:
                outcome = self._audit(staged, outcome, has_rows=False)
                self._make_empty_table()
                outcome = replace(outcome, status="succeeded")
        except Exception as error:
            failure = Failure.of(error, "Publish", traceback=traceback.format_exc())
            return _failed(outcome, (*failures, failure))
        seconds = outcome.seconds | {"publish": round(time.monotonic() - began, 3)}
        return replace(outcome, seconds=seconds)

    def _figures(self, staged: Sequence[StagedSplit]) -> Outcome:
        ends: list[Any] = [split.highest for split in staged if split.highest is not None]
        staging = (datetime.now(UTC) - self.plan.run.launched_at).total_seconds()
        if self.plan.window and self.plan.window.watermark is not None:
            ends.append(self.plan.window.watermark)  # a window by hand may lie far behind it
        after = max(ends, default=None)
        return Outcome(
            status="running",
            rows_read=total(staged, "rows_read"),
            rows_dead=total(staged, "dead"),
            rows_staged=total(staged, "rows"),
            bytes_staged=total(staged, "bytes"),
            watermark_after="" if after is None else value_text(after),
            seconds={"until_staged": round(staging, 3)},
        )

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
            if split.rows_read != split.rows + split.dead:
                raise VerificationError(
                    "rows of a split don't add up",
                    f"run {self.plan.run.run_id}, split {split.split}",
                    f"{split.rows_read} read, {split.rows} staged, {split.dead} dead letters",
                    "run again; nothing was published. If it repeats, report it as a bug.",
                )

    def _check_dead_letters(self, staged: Sequence[StagedSplit]) -> None:
        count, letters = total(staged, "dead"), self.plan.dead_letters
        if count <= letters.most:
            return
        example, value = next(split.dead_example for split in staged if split.dead_example)
        raise DeadLetterLimitError(
            "too many dead letters",
            f"table {self.plan.destination}",
            f"{count:,} rows could not be conformed, max_dead_letters={letters.most};"
            f" the first: {example}, value {told(value, shows=letters.show_values)}",
            f"look into {letters.table}, mend the rows or cast the column in the"
            " query, or raise max_dead_letters. Nothing was published.",
        )

    def _publish(self, staged: Sequence[StagedSplit], outcome: Outcome) -> Outcome:
        mode, files = self.plan.publishing.mode, [file for split in staged for file in split.files]
        straight = not self.plan.publishing.way.has_table and len(files) <= MAX_URIS
        if self.plan.reading.is_in_place:
            self._take_dead_rows_out(outcome.rows_dead)
        elif not straight:
            self._load_staging_table(files, outcome.rows_staged)
        outcome = self._audit(staged, outcome, has_rows=bool(files))
        has_staged = bool(files) and not straight
        outcome = without_refused_json(self.client, self.plan, outcome, has_rows=has_staged)
        try:
            if straight:
                files = files or [empty_file(self.folder, self.plan.schema.staged)]
                columns = self._load_schema()
                job = load_straight(self.client, self.plan, files, columns, self.lock.check)
            else:
                sql = publish_statement(self.plan)
                job = run_statement(self.client, self.plan, sql, PUBLISH, self.lock.check)
            with self._counting(job):
                self._label_table()
                by = Count.LOADED if straight else mode.rows_published
                published = counted(self.client, self.plan, job, by)
                by = Count.STAGED if straight else mode.rows_expected(self.plan)
                expected = counted(self.client, self.plan, job, by, outcome.rows_staged)
                after = outcome.watermark_after
                if mode.lowers_watermark:  # rows that the source lacks by now are gone
                    after = self._watermark_after(after)
        except OutcomeUnknownError as error:
            return _unknown(outcome, error)
        except TargetError as error:
            raise named_refusal(self.client, self.plan, error) from error
        outcome = replace(outcome, rows_published=published, publish_job=job.job_id)
        outcome = replace(outcome, watermark_after=after)
        if published != expected:
            return self._mismatch(outcome, expected)
        return replace(outcome, status="succeeded")

    def _publish_source(self, staged: Sequence[StagedSplit], outcome: Outcome) -> Outcome:
        """One job that reads the source itself: what it published is what it read."""
        outcome = self._audit(staged, outcome, has_rows=True)
        try:
            if self.plan.publishing.way.copies:
                by = Count.COPIED
                job = copy_table(self.client, self.plan, self.lock.check)
            else:
                by = self.plan.publishing.mode.rows_published
                sql, check = publish_statement(self.plan), self.lock.check
                job = run_statement(self.client, self.plan, sql, PUBLISH, check, reads_source=True)
            with self._counting(job):
                self._label_table()
                rows = counted(self.client, self.plan, job, by)
                watermark = self._watermark_after(outcome.watermark_after)
        except OutcomeUnknownError as error:
            return _unknown(outcome, error)
        return replace(
            outcome,
            status="succeeded",
            publish_job=job.job_id,
            rows_read=rows,
            rows_staged=rows,
            rows_published=rows,
            watermark_after=watermark,
        )

    def _watermark_after(self, before: str) -> str:
        """MAX of the cursor after the run; what can't be read is told as it was.

        Stamps of the future, later than any window so far, are left out as they are before it.
        """
        cursor, window = self.plan.cursor, self.plan.window
        if cursor is None or window is None:
            return before
        up_to = window.window.high
        if window.watermark is not None and is_after(window.watermark, up_to):
            up_to = window.watermark
        try:
            target = read_table(self.client, self.plan.destination, self.plan.run.location, "")
            watermark = read_watermark(self.client, self.plan.destination, target, cursor, up_to)
        except (SyncError, GoogleAPICallError) as error:
            LOGGER.warning("the rows are in the table, their MAX could not be read: %s", error)
            return before
        return before if watermark.value is None else value_text(watermark.value)

    @contextmanager
    def _counting(self, job: Any) -> Iterator[None]:
        """The job is done: whoever can't count its rows leaves that to the next run."""
        try:
            yield
        except Exception as error:
            raise OutcomeUnknownError(
                "published, but not counted",
                f"{self.plan.destination}, job {job.job_id}",
                str(error) if isinstance(error, SyncError) else f"{type(error).__name__}: {error}",
                "run again when BigQuery answers: its rows are in the table.",
            ) from error

    def _audit(self, staged: Sequence[StagedSplit], outcome: Outcome, *, has_rows: bool) -> Outcome:
        figures = audit(self.client, self.plan, staged, has_rows=has_rows)
        return replace(outcome, verification=figures)

    def _mismatch(self, outcome: Outcome, expected: int) -> Outcome:
        error = VerificationError(
            "published rows differ from staged rows",
            f"table {self.plan.destination}, job {outcome.publish_job}",
            f"{outcome.rows_staged} staged, {expected} to publish,"
            f" {outcome.rows_published} published",
            f"get the table as it was with `{copy_before(self.plan)}`, and report it as a bug.",
        )
        return replace(
            outcome,
            status="published_mismatch",
            exit_code=error.exit_code,
            message=f"VerificationError: {error}",
        )

    def _take_dead_rows_out(self, rows: int) -> None:
        if rows:
            sql = f"DELETE FROM {self.plan.run.staging.table.sql} WHERE {is_dead(self.plan)}"
            run_statement(self.client, self.plan, sql, "dead_rows")

    def _load_staging_table(self, files: Sequence[Any], rows: int) -> None:
        table = self.plan.run.staging.table
        make_staging_table(self.client, table, list(map(staged_field, self.plan.schema.staged)))
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
            schema=list(map(published_field, self.plan.schema)),
        )
        table.time_partitioning = time_partitioning(self.plan.schema)
        table.clustering_fields = list(self.plan.schema.clustering) or None
        table.description = self.plan.schema.description or None
        table.labels = dict(self.plan.publishing.labels)
        with as_target_errors(f"table {self.plan.destination}"):
            self.client.create_table(table, exists_ok=True)

    def _label_table(self) -> None:
        """The source's label and description on a table that this run made or took over.

        The rows are in by now, so what fails here is only warned about.
        """
        if not self.plan.publishing.sets_label:
            return
        description = self.plan.schema.description
        try:
            with as_target_errors(f"table {self.plan.destination}"):
                for _ in range(LABEL_TRIES):
                    if self._patch_label(description):
                        return
        except TargetError as error:
            LOGGER.warning("the rows are in the table, its label is not: %s", error)

    def _patch_label(self, description: str) -> bool:
        """Label the table as it is now; False when it was changed meanwhile."""
        table = self.client.get_table(str(self.plan.destination))
        changed = []
        if any(table.labels.get(key) != value for key, value in self.plan.publishing.labels):
            table.labels = {**table.labels, **dict(self.plan.publishing.labels)}
            changed.append("labels")
        if self.plan.publishing.mode.makes_table and description != (table.description or ""):
            table.description = description
            changed.append("description")
        try:
            if changed:
                self.client.update_table(table, changed)
        except PreconditionFailed:
            return False
        return True


def _unknown(outcome: Outcome, error: OutcomeUnknownError) -> Outcome:
    """The run stays `publishing`: whoever comes next settles it."""
    return replace(outcome, exit_code=error.exit_code, message=error.text)


def _failed(outcome: Outcome, failures: Sequence[Failure]) -> Outcome:
    first = min(failures, key=lambda failure: failure.exit_code)
    messages = list(dict.fromkeys(failure.message for failure in failures))
    message = "; ".join(messages[:SHOWN_FAILURES])
    if len(messages) > SHOWN_FAILURES:
        message += f"; and {len(messages) - SHOWN_FAILURES} more"
    trace = next((failure.traceback for failure in failures if failure.traceback), "")
    return replace(
        outcome, status="failed", exit_code=first.exit_code, message=message, traceback=trace
    )
