"""How long a test waits: for so much of the machine's work, and not for so many seconds.

A program that gets a tenth of a processor needs ten times as long. So seconds count by the share of
a processor that whoever wants one gets in them, and all of them anew when there is progress.
"""

import os
import time
from collections.abc import Callable
from typing import Any


def share() -> float:
    """Of a processor, what each that wants one gets, by the last minute: above 0, up to 1."""
    processors = len(os.sched_getaffinity(0))
    return processors / max(float(processors), os.getloadavg()[0])


class Patience:
    """Waits for something that others do, as long as there is hope.

    Args:
        seconds: of a machine that has nothing else to do.
        clock: in seconds.
        share: of a second, what counts.
    """

    def __init__(
        self,
        seconds: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        share: Callable[[], float] = share,
    ) -> None:
        self._seconds, self._clock, self._share = seconds, clock, share
        self._last, self._counted, self._seen = clock(), 0.0, None

    def is_over(self, seen: Any = None) -> bool:
        """Whether nothing has come of so long a time; `seen` is another thing where some has."""
        now = self._clock()
        self._counted += (now - self._last) * self._share()
        self._last = now
        if seen != self._seen:
            self._counted, self._seen = 0.0, seen
        return self._counted > self._seconds
