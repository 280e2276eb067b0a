"""BigQuery's time, as its stamps on requests tell it to a machine whose own clock may be off."""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

LOGGER = logging.getLogger("smart_sync")
TOLERANCE = timedelta(seconds=15)
"""A clock that is off by no more costs a lease so many seconds, and no request."""


@dataclass(slots=True)
class ServiceClock:
    """BigQuery's time, by this machine's clock and how far ahead that was found to be."""

    ahead: timedelta = timedelta(0)
    was_asked: bool = False

    def now(self) -> datetime:
        """What BigQuery's clock shows, as far as it is known."""
        return datetime.now(UTC) - self.ahead

    def learn(self, shown: datetime | None, since: datetime | None) -> bool:
        """Take what BigQuery stamped on a request; whether this clock was off by much.

        Args:
            shown: BigQuery's stamp; None says nothing.
            since: by this machine's clock, just before the request: the stamp lies between
                it and now, however long a process slept in between. None: at any time before.
        """
        if shown is None:
            return False
        until, here = datetime.now(UTC), shown + self.ahead
        if here > until + TOLERANCE:
            ahead = until - shown
        elif since is not None and here < since - TOLERANCE:
            ahead = since - shown
        else:
            return False
        LOGGER.warning("this machine's clock is ahead of BigQuery's by %s", ahead)
        self.ahead = ahead  # not +=: two threads may learn the same at a time
        return True
