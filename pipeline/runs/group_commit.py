"""One request for all that wait: while one is in flight others queue, and the next takes them.

As databases commit in groups. No request is held back for others to come, so that a single caller
waits for nobody; and what a caller is told was asked for after it came.
"""

import copy
import threading
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Generic, NoReturn, TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class GroupCommit(Generic[Item, Answer]):
    """A kind of request that threads share."""

    def __init__(
        self,
        alone: Callable[[Item], Answer],
        together: Callable[[Sequence[Item]], Sequence[Answer] | None],
        most: int,
    ) -> None:
        """What answers.

        Args:
            alone: an item by itself; what it raises is its caller's.
            together: some, in their order; None: each is to be answered alone, by its own
                thread. What it raises, each of the callers is told.
            most: items of one request.
        """
        self._alone, self._together, self._most = alone, together, most
        self._queue: deque[_Waiting[Item, Answer]] = deque()
        self._is_busy = False
        self._turn = threading.Lock()

    @property
    def waiting(self) -> int:
        """How many callers wait for a request to end that isn't theirs."""
        with self._turn:
            return len(self._queue)

    def ask(self, item: Item) -> Answer:
        """The answer to an item, alone or with all others that wait by then."""
        mine = _Waiting[Item, Answer](item)
        with self._turn:
            self._queue.append(mine)
            leads, self._is_busy = not self._is_busy, True
        if not leads:
            mine.woken.wait()
        if mine.told is None:
            self._send()
        if mine.told is None:
            raise AssertionError("a caller without an answer")
        return mine.told()

    def _send(self) -> None:
        """Answer those that wait, the first of whom we are, and wake them and who leads next."""
        with self._turn:
            group = [self._queue.popleft() for _ in range(min(self._most, len(self._queue)))]
        try:
            self._answer(group)
        except BaseException as error:
            for one in group:
                one.told = partial(_tell, error)
        finally:
            with self._turn:
                self._is_busy = bool(self._queue)
                following = [self._queue[0]] if self._queue else []
            for one in (*following, *group[1:]):
                one.woken.set()

    def _answer(self, group: "Sequence[_Waiting[Item, Answer]]") -> None:
        items = [one.item for one in group]
        answers = [self._alone(items[0])] if len(items) == 1 else self._together(items)
        for number, one in enumerate(group):
            if answers is None:
                one.told = partial(self._alone, one.item)
            else:
                one.told = partial(_same, answers[number])


class _Waiting(Generic[Item, Answer]):
    """A caller: `told` gives its answer, or raises; None: it is its turn to send."""

    def __init__(self, item: Item) -> None:
        self.item = item
        self.woken = threading.Event()
        self.told: Callable[[], Answer] | None = None


def _same(answer: Answer) -> Answer:
    return answer


def _tell(error: BaseException) -> NoReturn:
    """Raise what all are told, to each a copy: threads would write their tracebacks into one.

    Its cause is the error's own, by which callers tell a refusal from an outage.
    """
    raise copy.copy(error) from error.__cause__ or error
