"""read_split(): one split, attempt by attempt, until it was read whole; no Beam."""

import logging
import time
import traceback
from collections.abc import Callable, Generator, Iterator
from itertools import count

import pyarrow as pa
from tenacity import RetryCallState, Retrying, stop_after_attempt, wait_random_exponential

from auto_schema.errors import RowRefusedError, SourceUnreachableError
from auto_schema.row_sums import RowSums
from pipeline.destination.elements import SplitBatch, SplitDone, SplitElement
from pipeline.destination.folder import Folder
from pipeline.execution.first_failure import first_failure, note_failure
from pipeline.execution.told_rows import ToldRows
from pipeline.runs.deadline import bounded
from pipeline.runs.outcome import Failure
from smart_sync.plan import SyncPlan
from sources.protocol import NarrowingSource
from sources.values import Split

LOGGER = logging.getLogger("smart_sync")
LOST = "split=%d attempt=%d lost its connection, again in %.1f s: %s"
READ = "Read"
LONGEST_PAUSE_S = 30
Items = Iterator[pa.RecordBatch | RowSums]


def read_split(
    plan: SyncPlan,
    split: Split,
    folder: Folder,
    check: Callable[[], None],
    sleep: Callable[[float], None] = time.sleep,
) -> Generator[SplitElement | Failure, None, None]:
    """Yield the split's batches and SplitDone, or a Failure.

    A lost connection is tried again as a whole split under a new attempt number; what an
    attempt without a SplitDone left behind is never published. Where the source refuses
    amid the rows, another attempt reads around them. Where something of the run has failed
    before, that is the Failure. `check` raises when the lock is lost; so
    does the run's time, once it is over.
    """
    earlier = first_failure(folder)
    if earlier is not None:
        yield earlier
        return
    pause = wait_random_exponential(multiplier=0.5, max=LONGEST_PAUSE_S)
    check = bounded(plan.run, check)
    lost = 0
    read: Callable[[Split], Items] = plan.reading.source.read
    for attempt in count():
        try:
            check()
            told = ToldRows(plan.run.run_id, split.index, attempt)
            yield from _attempt(read(split), split.index, attempt, check, told)
        except RowRefusedError as error:
            LOGGER.warning("split=%d is read around refused rows: %s", split.index, error.why)
            read = _around(plan, error)
        except SourceUnreachableError as error:
            if lost == plan.run.max_retries:
                yield _failure(folder, split, error)
                return
            seconds = _pause(pause, lost)
            lost += 1
            LOGGER.warning(LOST, split.index, attempt, seconds, error.why)
            sleep(seconds)
        except Exception as error:
            yield _failure(folder, split, error)
            return
        else:
            return


def _failure(folder: Folder, split: Split, error: Exception) -> Failure:
    """What ends the split, told to all other readers of the run."""
    return note_failure(folder, Failure.of(error, READ, split.index, traceback.format_exc()))


def _around(plan: SyncPlan, error: RowRefusedError) -> Callable[[Split], Items]:
    """How a split is read of which rows are refused: the others, and those as dead letters."""
    source, most = plan.reading.source, plan.dead_letters.most
    if not isinstance(source, NarrowingSource):
        raise error
    return lambda split: source.read_around(split, most)


def _pause(strategy: wait_random_exponential, attempt: int) -> float:
    state = RetryCallState(Retrying(stop=stop_after_attempt(1)), None, (), {})
    state.attempt_number = attempt + 1
    return float(strategy(state))


def _attempt(
    items: Items, split: int, attempt: int, check: Callable[[], None], told: ToldRows
) -> Iterator[SplitElement]:
    rows, sums = 0, None
    for item in items:
        check()
        if isinstance(item, RowSums):
            sums = item
            continue
        rows += item.num_rows
        yield SplitBatch(split, attempt, item)
        told.batch(rows)
    told.end(rows)
    yield SplitDone(split, attempt, rows, sums)


def open_splits(
    plan: SyncPlan,
    splits: tuple[Split, ...],
    folder: Folder,
    sleep: Callable[[float], None] = time.sleep,
) -> tuple[Split, ...] | Failure:
    """The splits as they can be read, or a Failure when the source can't be opened."""
    pause = wait_random_exponential(multiplier=0.5, max=LONGEST_PAUSE_S)
    for attempt in range(plan.run.max_retries + 1):
        try:
            return plan.reading.source.open(splits, attempt)
        except Exception as error:
            transient = isinstance(error, SourceUnreachableError)
            if not transient or attempt == plan.run.max_retries:
                failure = Failure.of(error, READ, None, traceback.format_exc())
                return note_failure(folder, failure)
            sleep(_pause(pause, attempt))
    raise AssertionError("unreachable")
