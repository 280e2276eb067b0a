"""I/O. What a publishing job that is done has published, and what is so of its run.

Its step has just sent it, or finds that an earlier try of the same step had: then all had been
looked at before it was sent, and what that try staged may be gone.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from google.api_core.exceptions import GoogleAPICallError
from google.cloud import bigquery

from auto_schema.errors import OutcomeUnknownError, SyncError, TargetError, VerificationError
from pipeline.destination.elements import StagedSplit
from pipeline.destination.files import total
from pipeline.destination.folder import folder_of
from pipeline.destination.target import read_table, read_watermark
from pipeline.publish.counts import Counts
from pipeline.publish.labels import label_table
from pipeline.publish.taken import with_taken_over
from pipeline.runs.outcome import Outcome
from smart_sync.facts import DatasetFacts
from smart_sync.healing import healing_figures
from smart_sync.missing_plan import compared_text
from smart_sync.plan import SyncPlan
from smart_sync.publish_sql import copy_before
from smart_sync.value_text import value_text
from smart_sync.ways import Count
from sources.values import is_after

LOGGER = logging.getLogger("smart_sync")


def figures(plan: SyncPlan, staged: Sequence[StagedSplit]) -> Outcome:
    """What was staged, as the outcome of a run that has published nothing yet."""
    ends: list[Any] = [split.highest for split in staged if split.highest is not None]
    if plan.publishing.mode.is_aside:
        ends = []
    seconds = (datetime.now(UTC) - plan.run.launched_at).total_seconds()
    if plan.window and plan.window.watermark is not None:
        ends.append(plan.window.watermark)  # a window by hand may lie far behind it
    after = max(ends, default=None)
    return Outcome(
        status="running",
        rows_read=total(staged, "rows_read"),
        rows_dead=total(staged, "dead"),
        rows_filtered=sum(split.filtered.rows for split in staged),
        rows_staged=total(staged, "rows"),
        bytes_staged=total(staged, "bytes"),
        watermark_after="" if after is None else value_text(after),
        compared=compared_text(plan.publishing.missing, healing_figures(plan.publishing.healing)),
        seconds={"until_staged": round(seconds, 3)},
    )


def unknown(outcome: Outcome, error: OutcomeUnknownError) -> Outcome:
    """The run stays `publishing`: whoever comes next settles it."""
    return replace(outcome, status="publishing", exit_code=error.exit_code, message=error.text)


@dataclass(frozen=True, slots=True)
class Published:
    """Tells what a job has published, by the plan and a client of the job project."""

    plan: SyncPlan
    client: bigquery.Client

    def before(self, job: Any, staged: Sequence[StagedSplit] | None) -> Outcome:
        """The end of a run whose job an earlier try has sent.

        Args:
            job: that has ended well.
            staged: what that try had staged; None: not known any more, and the job says it.
        """
        LOGGER.warning("job %s of an earlier try has published the rows", job.job_id)
        staged = self._whole(staged)
        outcome = figures(self.plan, staged or ())
        try:
            return self.outcome(job, outcome, is_known=staged is not None)
        except OutcomeUnknownError as error:
            return replace(unknown(outcome, error), publish_job=job.job_id)

    def _whole(self, staged: Sequence[StagedSplit] | None) -> Sequence[StagedSplit] | None:
        """The same with what was taken over of others; None: that can't be read now."""
        if staged is None or self.plan.run.taken is None:
            return staged
        try:
            return with_taken_over(self.plan, folder_of(self.plan), staged)
        except TargetError as error:
            LOGGER.warning("%s", error)
            return None

    def outcome(self, job: Any, outcome: Outcome, *, is_known: bool = True) -> Outcome:
        """The end of a run whose job is done: its rows as they are in the destination.

        Args:
            job: that has ended well.
            outcome: with the figures of what was staged.
            is_known: whether it has them.

        Raises:
            OutcomeUnknownError: they can't be counted now.
        """
        plan = self.plan
        with self._counting(job):
            label_table(self.client, self.plan)
            if not plan.publishing.way.is_staged:
                return self._of_source(job, outcome)
            is_load, mode = job.job_type == "load", plan.publishing.mode
            by = Count.LOADED if is_load else mode.rows_published
            counts = Counts(self.client, plan, job)
            published = counts.rows(by)
            by = Count.STAGED if is_load else mode.rows_expected(plan)
            is_made = plan.publishing.sql is None or outcome.rows_made is not None
            staged = outcome.rows_to_publish if is_known and is_made else published
            expected = counts.rows(by, staged)
            gone, mended = counts.deleted(), counts.healed()
            if not is_known:
                outcome = replace(outcome, rows_read=published, rows_staged=published)
                outcome = replace(outcome, rows_filtered=None)
            outcome = outcome.telling(counts.versions())
            after = outcome.watermark_after
            may_be_lower = self._may_be_lower and not counts.newest_stays()
            if may_be_lower or not (is_known and is_made and self._is_alone):
                after = self._watermark_after(after)  # rows that the source lacks by now are gone
        outcome = replace(outcome, rows_published=published, publish_job=job.job_id)
        outcome = replace(outcome, watermark_after=after, rows_deleted=gone)
        outcome = replace(outcome, rows_healed=mended)
        if published != expected:
            return self._mismatch(outcome, expected)
        return replace(outcome, status="succeeded")

    @property
    def _is_alone(self) -> bool:
        """Whether no run beside this one may have moved MAX."""
        return self.plan.window is None or self.plan.window.reach is None

    @property
    def _may_be_lower(self) -> bool:
        """Whether MAX may have gone with the rows that were replaced; not where it lies above."""
        window = self.plan.window
        is_below = (
            window is not None
            and window.watermark is not None
            and is_after(window.watermark, window.window.high)
        )
        publishing, merge = self.plan.publishing, self.plan.publishing.merge
        removes = publishing.removes_missing or (merge is not None and merge.removes)
        return (publishing.mode.lowers_watermark or removes) and not is_below

    def beside_others(self, outcome: Outcome) -> Outcome:
        """The same with MAX as it is by now, where other runs may have published beside this."""
        if self._is_alone:
            return outcome
        after = self._watermark_after(outcome.watermark_after)
        return replace(outcome, watermark_after=after)

    def _of_source(self, job: Any, outcome: Outcome) -> Outcome:
        """Of a job that read the source itself: what it published is what it read."""
        publishing = self.plan.publishing
        by = Count.COPIED if publishing.way.copies else publishing.mode.rows_published
        rows = Counts(self.client, self.plan, job).rows(by)
        return replace(
            outcome,
            status="succeeded",
            publish_job=job.job_id,
            rows_read=rows,
            rows_staged=rows,
            rows_published=rows,
            watermark_after=self._watermark_after(outcome.watermark_after),
        )

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

    def _watermark_after(self, before: str) -> str:
        """MAX of the cursor after the run; what can't be read is told as it was.

        Stamps of the future, later than any window so far, are left out as they are before it.
        """
        cursor, window = self.plan.cursor, self.plan.window
        if cursor is None or window is None:
            return before
        up_to = window.window.high
        for other in (window.watermark, window.reach):
            if other is not None and is_after(other, up_to):
                up_to = other
        in_dataset = DatasetFacts(self.plan.run.location)
        try:
            target = read_table(self.client, self.plan.destination, in_dataset)
            ref, before_it = self.plan.destination, window.watermark
            watermark = read_watermark(self.client, ref, target, cursor, up_to, left=before_it)
        except (SyncError, GoogleAPICallError) as error:
            LOGGER.warning("the rows are in the table, their MAX could not be read: %s", error)
            return before
        if watermark.value is not None:
            return value_text(watermark.value)
        merge = self.plan.publishing.merge
        return "" if merge and merge.removes else before

    def _mismatch(self, outcome: Outcome, expected: int) -> Outcome:
        error = VerificationError(
            "published rows differ from staged rows",
            f"table {self.plan.destination}, job {outcome.publish_job}",
            f"{outcome.rows_to_publish} staged, {expected} to publish,"
            f" {outcome.rows_published} published",
            f"undo the run with rollback_run={self.plan.run.run_id}, or copy the table as it was"
            f" with `{copy_before(self.plan)}`; and report it as a bug.",
        )
        return replace(
            outcome,
            status="published_mismatch",
            exit_code=error.exit_code,
            message=f"VerificationError: {error}",
        )
