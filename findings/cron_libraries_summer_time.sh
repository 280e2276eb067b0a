#!/bin/sh
# Four cron libraries for Python, one expression, two nights. Where clocks jump over midnight (Cairo,
# in April), APScheduler 3.11.3 leaves the whole day out of `0 0 * * *`: two days lie between two
# runs; croniter 7.0.0, cronsim 2.8 and cron-converter 2.0.2 run at that instant. Over Berlin's
# 02:30 in March, which isn't there either, APScheduler does run. Where an hour comes twice (Berlin,
# in October), cron-converter's `*/30 * * * *` passes over the second one: an hour and a half
# without a run; croniter and cronsim run in both. One would expect that a job of each day, or of
# each half hour, has no longer gap.
#
# Fails when that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/v"
"$folder/v/bin/python" -m pip install --quiet --disable-pip-version-check \
  apscheduler==3.11.3 croniter==7.0.0 cronsim==2.8 cron-converter==2.0.2 tzdata==2026.2
cat > "$folder/look.py" <<'PY'
import datetime as dt
import itertools
import sys
from collections.abc import Iterator
from importlib.metadata import version
from zoneinfo import ZoneInfo

from apscheduler.triggers.cron import CronTrigger
from cron_converter import Cron
from croniter import croniter
from cronsim import CronSim


def by_apscheduler(expression: str, start: dt.datetime) -> Iterator[dt.datetime]:
    trigger = CronTrigger.from_crontab(expression, timezone=start.tzinfo)
    last, now = None, start
    while True:
        last = trigger.get_next_fire_time(last, now)
        now = last
        yield last


def by_converter(expression: str, start: dt.datetime) -> Iterator[dt.datetime]:
    schedule = Cron(expression).schedule(start)
    while True:
        yield schedule.next()


WAYS = {
    "apscheduler": by_apscheduler,
    "croniter": lambda expression, start: croniter(expression, start, ret_type=dt.datetime),
    "cronsim": CronSim,
    "cron-converter": by_converter,
}


def longest_gap(way: str, expression: str, start: dt.datetime, runs: int) -> float:
    """Hours between two runs, by instants."""
    times = itertools.islice(WAYS[way](expression, start), runs)
    instants = [time.astimezone(dt.timezone.utc) for time in times]
    return max((b - a).total_seconds() / 3600 for a, b in itertools.pairwise(instants))


cairo, berlin = ZoneInfo("Africa/Cairo"), ZoneInfo("Europe/Berlin")
CASES = (
    ("0 0 * * *", dt.datetime(2026, 4, 21, 12, tzinfo=cairo), 5, (47.0, 24.0, 24.0, 24.0)),
    ("30 2 * * *", dt.datetime(2026, 3, 27, 12, tzinfo=berlin), 5, (24.0, 24.0, 24.0, 24.0)),
    ("*/30 * * * *", dt.datetime(2026, 10, 24, 23, 50, tzinfo=berlin), 9, (None, 0.5, 0.5, 1.5)),
)
good = True
for expression, start, runs, wanted in CASES:
    print(f"{expression} in {start.tzinfo}, from {start:%Y-%m-%d}: longest gap in hours")
    for way, hours in zip(WAYS, wanted, strict=True):
        if hours is None:
            continue
        gap = longest_gap(way, expression, start, runs)
        print(f"  {way} {version(way)}: {gap}")
        good &= gap == hours
sys.exit(not good)
PY
"$folder/v/bin/python" "$folder/look.py"
echo "as described"
