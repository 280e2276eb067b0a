"""Run histories at random: what runs of one table write, by launches with one history or another.

Each run does what the product does with the history: it asks under its lock, settles what is
unfinished, and writes what it carries. At each look the last days have to say what all says.
"""

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from pipeline.launch.frontier import ANEW, frontier_in, frontier_near
from pipeline.runs.history import FINAL, SEQUENCE, UNDONE
from pipeline.runs.past_runs import BEGINNING, NEAR, carried_in
from smart_sync.carried import carried_record
from smart_sync.cursor import Cursor
from smart_sync.frontier import Frontier
from smart_sync.repair import ROLLBACK, ROLLED_BACK
from smart_sync.value_text import value_text
from sources.values import CursorValue
from tests.factories import a_target, some_facts

Event = dict[str, Any]
START = datetime(2025, 7, 1, tzinfo=UTC)
MOST_SKEW_S = 11 * 3600
"""So that no two machines' clocks differ by a day."""
WAITS = (
    timedelta(minutes=5),
    timedelta(hours=1),
    timedelta(hours=6),
    timedelta(days=1),
    timedelta(days=2),
    timedelta(days=4),
    timedelta(weeks=5),
)
KINDS = (
    *("append", "append", "merge", "by hand", "held back", "failed", "failed late", "refused"),
    *("dies", "dies published", "verify", "old", "old dies", "another cursor", "no cursor"),
    *("replace", "rebuild", "plain replace", "fails to replace", "sleeps", "sleeps and dies"),
    *("mismatch", "made by others", "renamed by others", "long", "rollback"),
)
OLD = ("old", "old dies")
FACTS = some_facts()


def values(kind: str, number: int) -> CursorValue:
    """The values of a cursor, in their order."""
    if kind == "date":
        return date(2020, 1, 1) + timedelta(days=number)
    if kind == "int8":
        return number - 50  # whose texts are in another order
    stamp = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(hours=number, microseconds=number % 2)
    return stamp if kind == "timestamptz" else stamp.replace(tzinfo=None)


def windows_of(events: Iterable[Event], cursor: Cursor, since: datetime) -> list[Event]:
    """The runs that the frontier is made of, the newest first: all of them, and none put together.

    With the one before which nothing counts, whose window may be of no cursor or of another.
    """
    runs = published(events, since)
    anew = max((one["event_time"] for one in runs if one["mode"] in ANEW), default=since)
    kept = [
        one if one["cursor_column"] == cursor.source_name else one | {"window_end": None}
        for one in runs
        if one["event_time"] >= anew
    ]
    return [one for one in kept if one["window_end"] or one["mode"] in ANEW]


def published(events: Iterable[Event], since: datetime) -> list[Event]:
    """The newest events of runs that published, the newest first."""
    return [
        event
        for event in sorted(last(events, since), key=lambda one: one["event_time"], reverse=True)
        if event["status"] in ("succeeded", "published_mismatch")
        or (event["status"] == "abandoned" and event["publish_job"])
    ]


def last(events: Iterable[Event], since: datetime) -> list[Event]:
    """The newest event of each run, of events since then."""
    found = dict[str, Event]()
    for event in sorted(events, key=lambda one: one["seq"]):
        if event["event_time"] >= since:
            found[event["run_id"]] = event
    return list(found.values())


def unfinished(events: Iterable[Event], since: datetime) -> set[str]:
    """The runs that have no last event."""
    return {event["run_id"] for event in last(events, since) if event["seq"] < FINAL}


def carried_rows(events: Iterable[Event], since: datetime) -> list[Event]:
    """What `carried_question` is answered."""
    told = [one for one in events if one["frontier"] and one["event_time"] >= since]
    return sorted(told, key=lambda one: one["event_time"], reverse=True)[:1]


@dataclass
class Table:
    """A table, its runs, and the histories that they were told to write.

    Attributes:
        dice: throws all that happens.
        cursor: of nearly all runs.
        now: by BigQuery's clock.
        made: when the table was made.
        histories: events by history.
        looks: how many there were, and of how many the last days said all.
    """

    dice: random.Random
    cursor: Cursor
    now: datetime = START
    made: datetime = START - timedelta(days=90)
    histories: tuple[list[Event], list[Event]] = field(default_factory=lambda: ([], []))
    looks: list[bool] = field(default_factory=list)
    _runs: int = 0
    _published: set[str] = field(default_factory=set)

    def go_on(self, kinds: Iterable[str]) -> Iterator[tuple[list[Event], datetime]]:
        """Runs of these kinds, one after the other; after each, its history and the time."""
        for kind in kinds:
            self.now += self.dice.choice(WAITS)
            events = self.histories[self.dice.random() < 0.2]
            self.run(kind, events)
            yield events, self.now

    def run(self, kind: str, events: list[Event]) -> None:
        """One run from its look to its last event, if it comes to that."""
        if kind == "made by others":
            self.made = self.now
            return
        if kind == "renamed by others":  # a table of before takes its name
            self.made = self.now - self.dice.choice(WAITS)
            return
        self._runs += 1
        run_id, skew = f"r{self._runs:03}", self._skew()
        if kind == "verify":
            events.append(self._single(run_id, "verified", skew))
            return
        asked = self.now
        self.look(events)
        self._settle(events, skew)
        known = self.look(events)
        if kind == "rollback":
            self._roll_back(events, run_id, asked, skew)
            return
        if kind == "refused":
            events.append(self._single(run_id, "failed", skew))
            return
        event = self._planned(kind, run_id, asked, known)
        if kind.startswith("sleeps"):  # its lock ends, and others come
            for _ in range(self.dice.randrange(3)):
                self.now += self.dice.choice(WAITS)
                self.run(self.dice.choice(("append", "failed", "dies", "old")), events)
            self.now += self.dice.choice(WAITS)
        self._write(events, event, "running", skew)
        self._end(kind, events, event, skew)

    def look(self, events: list[Event]) -> Frontier:
        """What the launch is told; the last days say it, or not enough."""
        since, oldest = self.now - NEAR, max(BEGINNING, self.made)
        carried = carried_in(carried_rows(events, since), self.now)
        if carried:  # a last event by a slower clock may be of earlier than `since`: it stands
            assert unfinished(events, since) >= unfinished(events, BEGINNING)
        whole = frontier_in(windows_of(events, self.cursor, oldest), self.cursor)
        rows = windows_of(events, self.cursor, max(since, oldest))
        near = frontier_near(rows, self.cursor, self.made, since, carried)
        assert near is None or near == whole, (self.now, events)
        self.looks.append(bool(carried and near))
        return whole

    def _settle(self, events: list[Event], skew: timedelta) -> None:
        for dead in [one for one in last(events, BEGINNING) if one["seq"] < FINAL]:
            job = "job" if dead["run_id"] in self._published else None
            self._write(events, dead | {"publish_job": job}, "abandoned", skew)

    def _roll_back(
        self, events: list[Event], run_id: str, asked: datetime, skew: timedelta
    ) -> None:
        """The newest of the runs that published count no more, of which the last event tells."""
        runs = published(events, BEGINNING)
        undone = runs[: self.dice.randrange(len(runs) + 1)]
        newest = max((one["event_time"] for one in events), default=START)
        at = max(self.now + skew, newest + timedelta(microseconds=1))
        stamp = {"event_time": at, "status": ROLLED_BACK}
        events += [one | stamp | {"seq": UNDONE, "frontier": None} for one in undone]
        told = {"mode": ROLLBACK, "frontier": carried_record(replace(FACTS, asked=asked))}
        events.append(self._single(run_id, ROLLED_BACK, skew) | told | stamp)

    def _planned(self, kind: str, run_id: str, asked: datetime, known: Frontier) -> Event:
        """The event of a run that is planned."""
        cursors = {"another cursor": Cursor("b", "b", self.cursor.type), "no cursor": None}
        column = {**cursors, "plain replace": None}.get(kind, self.cursor)
        told = None if "replace" in kind or kind == "rebuild" else known
        if kind in cursors:
            told = Frontier(values(self.cursor.type, 99), "another")
        target = a_target(made=self.made)
        carried = carried_record(
            replace(FACTS, target=target, cursor=column, frontier=told, asked=asked)
        )
        low, high = sorted(self.dice.sample(range(40), 2))
        low, high = (low, high) if kind == "by hand" else (low + 30, high + 35)
        start = None if self.dice.random() < 0.05 else value_text(values(self.cursor.type, low))
        return {
            "run_id": run_id,
            "mode": self._mode(kind),
            "cursor_column": column.source_name if column else None,
            "window_start": start if column else None,
            "window_end": value_text(values(self.cursor.type, high)) if column else None,
            "watermark_before": self._maybe(low),
            "watermark_after": None,
            "publish_job": None,
            "frontier": None if kind in OLD else carried,
        }

    def _mode(self, kind: str) -> str:
        named = {"rebuild": "rebuild", "merge": "merge", "by hand": "merge"}
        return named.get(kind, "replace" if "replace" in kind else "append")

    def _end(self, kind: str, events: list[Event], event: Event, skew: timedelta) -> None:
        """Its last event, unless it dies."""
        most_s = 5 * 86_400 if kind == "long" else 7200
        self.now += timedelta(seconds=self.dice.randrange(60, most_s))
        if kind in ("dies", "old dies", "sleeps and dies"):
            return
        publishes = kind not in ("failed", "fails to replace", "held back", "sleeps")
        if publishes:
            self._published.add(event["run_id"])
        if kind == "rebuild":
            self.made = self.now
            self.now += timedelta(seconds=1)
        if kind == "dies published":
            return
        ends = {"mismatch": "published_mismatch", "held back": "held_back", "failed late": "failed"}
        status = ends.get(kind, "succeeded" if publishes else "failed")
        told = {"publish_job": "job" if publishes else None, "watermark_after": self._maybe(35)}
        self._write(events, event | told, status, skew)

    def _write(self, events: list[Event], event: Event, status: str, skew: timedelta) -> None:
        seq = SEQUENCE.get(status, FINAL)
        frontier = event["frontier"] if status in ("running", "abandoned") else None
        self.now += timedelta(seconds=self.dice.randrange(1, 60))
        stamp = {"event_time": self.now + skew, "frontier": frontier}
        events.append(event | {"seq": seq, "status": status} | stamp)

    def _single(self, run_id: str, status: str, skew: timedelta) -> Event:
        empty = dict.fromkeys(EMPTY)
        stamp = {"event_time": self.now + skew}
        return {**empty, "run_id": run_id, "seq": FINAL, "status": status, **stamp}

    def _maybe(self, number: int) -> str | None:
        is_told = self.dice.random() < 0.8
        return value_text(values(self.cursor.type, number)) if is_told else None

    def _skew(self) -> timedelta:
        return timedelta(microseconds=self.dice.randrange(-MOST_SKEW_S, MOST_SKEW_S) * 10**6)


EMPTY = (
    *("mode", "cursor_column", "window_start", "window_end", "watermark_before"),
    *("watermark_after", "publish_job", "frontier"),
)
