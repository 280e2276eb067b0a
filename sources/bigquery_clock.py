"""I/O. BigQuery's clock, and how far behind it rows may come.

BigQuery tells nobody which statements have stamped or numbered rows and haven't ended yet, so
a fixed time is left to them. A table shows itself as it was then; a query can't.
"""

import re
import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from google.api_core.exceptions import BadRequest
from google.cloud import bigquery

from auto_schema.errors import ConfigError, shown
from auto_schema.names import quoted
from sources.base import Clock
from sources.bigquery import BigquerySource
from sources.bigquery_jobs import ask
from sources.bigquery_tables import ReadTable, TableFacts

UNSEEN_FOR = timedelta(minutes=10)
"""How long a statement may take that stamps rows when it begins: they show at its end."""
LONGEST_WAIT = timedelta(seconds=60)
UNSEEN = "BigQuery doesn't show statements that stamped rows and have not ended yet"
NOT_THEN = "BigQuery shows tables as they were before, but no views, wildcards and queries"
"""Why an integer cursor over these has no safe end."""


def read_clock(client: bigquery.Client, source: BigquerySource, unseen: Clock | None) -> Clock:
    """The clock, with the blind spot of `unseen` where late commits are guarded against."""
    (row,) = ask(client, source, "SELECT CURRENT_TIMESTAMP() AS now", "clock")
    if unseen is None:
        return Clock(now=row.now)
    return Clock(now=row.now, blind_spot=unseen.blind_spot, blind_for=unseen.blind_for)


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
    found = re.fullmatch(r"(\d+)-(\d+) (\d+) (\d+):(\d+):(\d+)(?:\.\d+)?", text)
    if not found:
        return timedelta(0)
    years, months, days, hours, minutes, seconds = map(int, found.groups())
    days += 31 * (12 * years + months)
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


def highest_before(
    client: bigquery.Client,
    source: BigquerySource,
    facts: TableFacts | None,
    cursor: str,
    at: datetime,
    late: timedelta,
) -> int | None:
    """MAX of an integer cursor that was there at `at`: lower values have come `late` after it.

    A table shows itself as it was then. A snapshot never changes. For a view or a query the
    wait is now, where it is short.

    Args:
        client: for the source's jobs.
        source: the whole of it.
        facts: of the table; None for a query.
        cursor: the column.
        at: an instant of BigQuery's clock.
        late: how long ago that is.

    Returns:
        None where no row, or no table, was there.

    Raises:
        ConfigError: the wait is too long, or BigQuery can't go back so far.
    """
    if facts is not None and facts.kind == "TABLE":
        if facts.created is not None and facts.created > at:
            return None
        try:
            return highest_now(client, source.as_of(at), cursor)
        except BadRequest as error:
            raise ConfigError(*_not_shown(source, cursor, at, error.message)) from error
    if facts is not None and facts.kind == "SNAPSHOT":
        return highest_now(client, source, cursor)
    if late > LONGEST_WAIT:
        raise ConfigError(*_too_long(source, cursor, late))
    highest = highest_now(client, source, cursor)
    time.sleep(late.total_seconds())
    return highest


def highest_now(client: bigquery.Client, source: BigquerySource, cursor: str) -> int | None:
    """MAX as of now."""
    sql = source.selecting((f"MAX(q.{quoted(cursor)}) AS latest",))
    (row,) = ask(client, source, sql, "cursor_max")
    return None if row.latest is None else int(row.latest)


def _too_long(source: BigquerySource, cursor: str, late: timedelta) -> tuple[str, str, str, str]:
    return (
        "integer cursor of writers that nobody can see",
        f"smart_sync_timestamp_column {shown(cursor)}, {source.place}",
        f"a lower number may be written {late.total_seconds():,g} s after a higher one, {NOT_THEN},"
        " and a run doesn't wait that long",
        "set late_commit_guard to the longest time that a writing statement takes, up to 60 s with"
        " smart_sync_margin (off: numbers become visible in their order); read the table itself;"
        " or use a cursor of timestamps.",
    )


def _not_shown(
    source: BigquerySource, cursor: str, at: datetime, answer: str
) -> tuple[str, str, str, str]:
    return (
        "a table that BigQuery doesn't show as it was",
        f"smart_sync_timestamp_column {shown(cursor)}, {source.place}, {at:%Y-%m-%d %H:%M:%S} UTC",
        f"its MAX of then is where lower numbers have all come; BigQuery says: {answer}",
        "run again once table and column are older than late_commit_guard (10 minutes unless you"
        " gave a duration), keep late_commit_guard below the dataset's time travel window, or set"
        " it to off if numbers become visible in their order.",
    )
