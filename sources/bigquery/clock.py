"""I/O. BigQuery's clock, and how far behind it rows may come.

BigQuery tells nobody which statements have stamped or numbered rows and haven't ended yet, so
a fixed time is left to them. A table shows itself as it was then; a query can't.
"""

import re
import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from google.api_core.exceptions import BadRequest
from google.cloud import bigquery

from auto_schema.errors import ConfigError, shown
from auto_schema.names import quoted
from sources.bigquery.jobs import ask
from sources.bigquery.statement import BigqueryStatement
from sources.bigquery.tables import ReadTable, TableFacts
from sources.values import Clock

UNSEEN_FOR = timedelta(minutes=10)
"""How long a statement may take that stamps rows when it begins: they show at its end."""
LONGEST_WAIT = timedelta(seconds=60)
UNSEEN = "BigQuery doesn't show statements that stamped rows and have not ended yet"
NOT_THEN = "BigQuery shows tables as they were before, but no views, wildcards and queries"
"""Why an integer cursor over these has no safe end."""


def read_clock(client: bigquery.Client, source: BigqueryStatement, unseen: Clock | None) -> Clock:
    """The clock, with the blind spot of `unseen` where late commits are guarded against."""
    (row,) = ask(client, source, "SELECT CURRENT_TIMESTAMP() AS now", "clock")
    return Clock(now=row.now) if unseen is None else replace(unseen, now=row.now)


def unseen_writers(tables: Iterable[ReadTable]) -> Clock:
    """Why and for how long rows may come unseen, as a clock that wasn't read from the server.

    https://cloud.google.com/bigquery/docs/change-data-capture#manage_table_staleness
    """
    stale = [(staleness(t.facts.max_staleness), t.name) for t in tables if t.facts]
    longest, name = max(stale, default=(timedelta(0), ""))
    why = (
        f"{UNSEEN}; and {name} may show rows {longest} late (max_staleness)" if longest else UNSEEN
    )
    return Clock(now=datetime.now(UTC), blind_spot=why, blind_for=UNSEEN_FOR + longest)


def staleness(text: str) -> timedelta:
    """An INTERVAL as the API writes it; months count 31 days.

    >>> staleness("0-0 1 4:30:0"), staleness("")
    (datetime.timedelta(days=1, seconds=16200), datetime.timedelta(0))
    """
    match = re.fullmatch(r"(\d+)-(\d+) (\d+) (\d+):(\d+):(\d+)(?:\.\d+)?", text)
    if not match:
        return timedelta(0)
    years, months, days, hours, minutes, seconds = map(int, match.groups())
    days += 31 * (12 * years + months)
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


@dataclass(frozen=True, slots=True)
class Highest:
    """Asks for MAX of an integer cursor.

    Attributes:
        client: for the source's jobs.
        source: the whole of it.
        facts: of the table; None for a query.
        cursor: the column.
    """

    client: bigquery.Client
    source: BigqueryStatement
    facts: TableFacts | None
    cursor: str

    def now(self) -> int | None:
        """MAX as of now."""
        return self._of(self.source)

    def before(self, now: datetime, late: timedelta) -> int | None:
        """MAX that was there `late` before `now`: every lower one has come by now, too.

        A table shows itself as it was then. A snapshot never changes. For a view or a query
        the wait is now, where it is short.

        Returns:
            None where no row, or no table, was there.

        Raises:
            ConfigError: the wait is too long, or BigQuery can't go back so far.
        """
        kind, at = self.facts.kind if self.facts else "", now - late
        if self.facts is not None and kind == "TABLE":
            if self.facts.created is not None and self.facts.created > at:
                return None
            try:
                return self._of(self.source.as_of(at))
            except BadRequest as error:
                raise ConfigError(*self._not_shown(at, error.message)) from error
        if kind == "SNAPSHOT":
            return self.now()
        if late > LONGEST_WAIT:
            raise ConfigError(*self._too_long(late))
        highest = self.now()
        time.sleep(late.total_seconds())
        return highest

    def _of(self, source: BigqueryStatement) -> int | None:
        sql = source.selecting((f"MAX(q.{quoted(self.cursor)}) AS latest",))
        (row,) = ask(self.client, source, sql, "cursor_max")
        return None if row.latest is None else int(row.latest)

    @property
    def _where(self) -> str:
        return f"smart_sync_timestamp_column {shown(self.cursor)}, {self.source.place}"

    def _too_long(self, late: timedelta) -> tuple[str, str, str, str]:
        return (
            "integer cursor of writers that nobody can see",
            self._where,
            f"a lower number may be written {late.total_seconds():,g} s after a higher one,"
            f" {NOT_THEN}, and a run doesn't wait that long",
            "set late_commit_guard to the longest time that a writing statement takes, up to 60 s"
            " with smart_sync_margin (off: numbers become visible in their order); read the table"
            " itself; or use a cursor of timestamps.",
        )

    def _not_shown(self, at: datetime, answer: str) -> tuple[str, str, str, str]:
        return (
            "a table that BigQuery doesn't show as it was",
            f"{self._where}, {at:%Y-%m-%d %H:%M:%S} UTC",
            f"its MAX of then is where lower numbers have all come; BigQuery says: {answer}",
            "run again once table and column are older than late_commit_guard (10 minutes unless"
            " you gave a duration), keep late_commit_guard below the dataset's time travel window,"
            " or set it to off if numbers become visible in their order.",
        )
