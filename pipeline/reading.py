"""read_split(): one split, attempt by attempt, until it was read whole; no Beam."""

import logging
import time
import traceback
from collections.abc import Callable, Iterator

from tenacity import RetryCallState, Retrying, stop_after_attempt, wait_random_exponential

from auto_schema.errors import SourceUnreachableError
from auto_schema.row_sums import RowSums
from pipeline.elements import Failure, SplitBatch, SplitDone, SplitElement
from pipeline.staging import Folder
from smart_sync.plan import SyncPlan
from sources.base import Split

LOGGER = logging.getLogger("smart_sync")
PROGRESS = logging.getLogger("smart_sync.progress")
"""One line per batch, which a local run turns into a bar."""
READ = "Read"
LONGEST_PAUSE_S = 30


def read_split(
    plan: SyncPlan,
    split: Split,
    folder: Folder,
    check: Callable[[], None],
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[SplitElement | Failure]:
    """Yield the split's batches and SplitDone, or a Failure.

    A lost connection is tried again as a whole split under a new attempt number; what an
    attempt without a SplitDone left behind is never published. `check` raises when the
    lock is lost.
    """
    if folder.is_failed():
        return
    pause = wait_random_exponential(multiplier=0.5, max=LONGEST_PAUSE_S)
    for attempt in range(plan.max_retries + 1):
        try:
            yield from _attempt(plan, split, attempt, check)
        except SourceUnreachableError as error:
            if attempt == plan.max_retries:
                folder.mark_failed()
                yield Failure.of(error, READ, split.index)
                return
            seconds = _pause(pause, attempt)
            LOGGER.warning(
                "split=%d attempt=%d lost its connection, again in %.1f s: %s",
                split.index,
                attempt,
                seconds,
                error.why,
            )
            sleep(seconds)
        except GeneratorExit:
            raise
        except Exception as error:
            folder.mark_failed()
            yield Failure.of(error, READ, split.index, traceback.format_exc())
            return
        else:
            return


def _pause(strategy: wait_random_exponential, attempt: int) -> float:
    state = RetryCallState(Retrying(stop=stop_after_attempt(1)), None, (), {})
    state.attempt_number = attempt + 1
    return float(strategy(state))


def _attempt(
    plan: SyncPlan, split: Split, attempt: int, check: Callable[[], None]
) -> Iterator[SplitElement]:
    rows, sums = 0, None
    for batch in plan.source.read(split):
        check()
        if isinstance(batch, RowSums):
            sums = batch
            continue
        rows += batch.num_rows
        yield SplitBatch(split.index, attempt, batch)
        PROGRESS.info("split=%d attempt=%d rows=%d", split.index, attempt, rows)
    PROGRESS.info("split=%d attempt=%d rows=%d done", split.index, attempt, rows)
    yield SplitDone(split.index, attempt, rows, sums)


def open_splits(
    plan: SyncPlan,
    splits: tuple[Split, ...],
    folder: Folder,
    sleep: Callable[[float], None] = time.sleep,
) -> tuple[Split, ...] | Failure:
    """The splits as they can be read, or a Failure when the source can't be opened."""
    pause = wait_random_exponential(multiplier=0.5, max=LONGEST_PAUSE_S)
    for attempt in range(plan.max_retries + 1):
        try:
            return plan.source.open(splits, attempt)
        except Exception as error:
            transient = isinstance(error, SourceUnreachableError)
            if not transient or attempt == plan.max_retries:
                folder.mark_failed()
                return Failure.of(error, READ, None, traceback.format_exc())
            sleep(_pause(pause, attempt))
    raise AssertionError("unreachable")
