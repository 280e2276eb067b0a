"""staged_splits(): splits of one table, some at once, each read, conformed and staged by a thread.

A lane is a thread with one connection. C does nearly all of its work, and the interpreter is
free meanwhile, so that two lanes keep two cores busy. What a split gives is what it would give
by itself: nothing is shared but the queue of splits that wait.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from queue import Empty, SimpleQueue

from pipeline.destination.elements import SplitElement, StagedSplit
from pipeline.destination.folder import Folder
from pipeline.execution.conform import ReshaperAtNeed, conformed_or_failure, renamed
from pipeline.execution.split_reading import read_split
from pipeline.execution.stage import Stager
from pipeline.runs.outcome import Failure
from smart_sync.plan import SyncPlan
from sources.values import Split

End = StagedSplit | Failure


def staged_splits(
    plan: SyncPlan, splits: Sequence[Split], folder: Folder, check: Callable[[], None]
) -> Iterator[End]:
    """Read, conform and stage splits, as many at once as the plan has connections.

    The first Failure is the last of its lane, and the other lanes stop amid their splits: the
    run has failed then.

    Args:
        plan: the run's.
        splits: opened, where the source wants that; begun in their order.
        folder: of its staged files.
        check: raises when the lock is lost; called by all lanes.
    """
    lanes = _Lanes(plan, splits, folder, check)
    count = min(plan.reading.connections, len(splits))
    if count <= 1:
        yield from lanes.ends()
        return
    yield from _side_by_side(lanes, count)


class _Lanes:
    """The splits that wait, and whether a lane has failed."""

    def __init__(
        self, plan: SyncPlan, splits: Sequence[Split], folder: Folder, check: Callable[[], None]
    ) -> None:
        self._plan, self._folder, self._check = plan, folder, check
        self._reshaper = ReshaperAtNeed(plan.reshaping, plan.reading.schema)
        self._waiting: SimpleQueue[Split] = SimpleQueue()
        for split in splits:
            self._waiting.put(split)
        self.stopped = threading.Event()

    def ends(self) -> Iterator[End]:
        """One lane: split after split, until none waits or a lane has failed."""
        stager = Stager(self._plan, self._folder)
        try:
            while (split := self._next()) is not None:
                for end in self._ends_of(split, stager):
                    if isinstance(end, Failure):
                        self.stopped.set()
                    yield end
        finally:
            stager.close()

    def _next(self) -> Split | None:
        try:
            return None if self.stopped.is_set() else self._waiting.get_nowait()
        except Empty:
            return None

    def _ends_of(self, split: Split, stager: Stager) -> Iterator[End]:
        with closing(read_split(self._plan, split, self._folder, self._check)) as elements:
            for element in elements:
                if self.stopped.is_set():
                    return
                yield from self._taken(stager, element)

    def _taken(self, stager: Stager, element: SplitElement | Failure) -> Iterator[End]:
        plan, schema = self._plan, self._plan.reading.schema
        if not isinstance(element, Failure):
            element = renamed(element, plan.arriving)
            element = conformed_or_failure(element, schema, plan.checks, self._reshaper)
        if isinstance(element, Failure):
            yield element
        else:
            yield from stager.take(element)


@dataclass(frozen=True, slots=True)
class _LaneEnd:
    """A lane has ended; with what it raised, if it did."""

    error: BaseException | None = None


def _give(lanes: _Lanes, given: "SimpleQueue[End | _LaneEnd]") -> None:
    """Work as one lane, and hand over what it gives."""
    try:
        for end in lanes.ends():
            given.put(end)
    except BaseException as error:  # it is raised by whoever takes the ends
        lanes.stopped.set()
        given.put(_LaneEnd(error))
    else:
        given.put(_LaneEnd())


def _side_by_side(lanes: _Lanes, count: int) -> Iterator[End]:
    """What so many lanes give, as it comes.

    Raises:
        BaseException: what a lane raised, once all have ended.
    """
    given: SimpleQueue[End | _LaneEnd] = SimpleQueue()
    errors = list[BaseException | None]()
    threads = [
        threading.Thread(target=_give, args=(lanes, given), name="lane", daemon=True)
        for _ in range(count)
    ]
    for thread in threads:
        thread.start()
    try:
        while len(errors) < count:
            end = given.get()
            if isinstance(end, _LaneEnd):
                errors.append(end.error)
            else:
                yield end
    finally:
        lanes.stopped.set()
        for thread in threads:
            thread.join()
    for error in filter(None, errors):
        raise error
