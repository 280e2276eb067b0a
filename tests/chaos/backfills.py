"""A backfill among the runs of a trial: the same hours each time, so that it goes on."""

import random
from datetime import UTC, datetime, timedelta

HOURS = 4
SOME_FAILED = 10
NAME = "chaos"
"""Of the backfill: the rest of the words differs from run to run."""
HISTORY = f"""
INSERT INTO orders (writer, note, updated_at)
SELECT 0, 'old ' || n, now() - interval '5 minutes' - n * interval '1 minute'
FROM generate_series(1, {HOURS * 60 - 70}) n
"""
"""Rows of the hours before anyone writes."""


def hours() -> dict[str, str]:
    """The whole hours that are loaded in slices: the last of them has ended."""
    end = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    ends = (end - timedelta(hours=HOURS), end - timedelta(hours=1))
    start, stop = (f"{at:%Y-%m-%dT%H:%M:%SZ}" for at in ends)
    return {"sync_start": start, "sync_end": stop, "backfill_by": "hour", "backfill_id": NAME}


def words_of(argv: list[str], range_: dict[str, str], dice: random.Random) -> list[str]:
    """The command line of a backfill: that of a sync, but for what belongs to syncs only."""
    kept = [word for word in argv if not word.startswith("--smart_sync_lookback")]
    more = range_ | {"max_tables_at_once": str(dice.randint(1, 4))}
    return kept + [f"--{name}={value}" for name, value in more.items()]
