"""What tests of a failing BigQuery share: rows, kinds of requests, a clock that leaps."""

import json
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.fault_proxy import FaultProxy, fault_proxy
from tests.fault_rules import Action, Answer, DroppedError, Exchange, Rule, Seen, answer, job
from tests.sync import PROJECT, Sync

SMART = {
    "enable_smart_sync": "true",
    "postgresql_query": "SELECT * FROM s",
    "smart_sync_timestamp_column": "changed",
}
TABLE = """
CREATE TABLE s (id int8 PRIMARY KEY, name text, changed timestamptz);
INSERT INTO s SELECT g, 'name ' || g, timestamptz '2024-01-01 00:00+00' + g * interval '1 day'
FROM generate_series(1, 9) g
"""
MORE = """
INSERT INTO s SELECT g, 'name ' || g, timestamptz '2024-02-01 00:00+00' + g * interval '1 hour'
FROM generate_series(10, 15) g
"""
SAME = """
CREATE TABLE {}.t AS SELECT id, CONCAT('name ', CAST(id AS STRING)) AS name,
TIMESTAMP_ADD(TIMESTAMP '2024-01-01 00:00:00+00', INTERVAL id DAY) AS changed
FROM UNNEST(GENERATE_ARRAY(1, 9)) AS id
"""
COLUMNS = "id, name, changed"
RUN_OR_JOB = r"20\d{6}t\d{6}[-_][0-9a-f]{8}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
SOONER = 100
LONGEST_S = 60
Sql = Callable[..., Any]


class Clock:
    """A clock that leaps over pauses: a thread that sleeps 1 s is back after 10 ms."""

    def __init__(self) -> None:
        self._leapt = threading.local()
        self._end = time.monotonic() + LONGEST_S

    def monotonic(self) -> float:
        return time.monotonic() + float(getattr(self._leapt, "seconds", 0.0))

    def sleep(self, seconds: float) -> None:
        assert time.monotonic() < self._end, f"BigQuery is still asked after {LONGEST_S} s"
        time.sleep(seconds / SOONER)
        leapt = float(getattr(self._leapt, "seconds", 0.0))
        self._leapt.seconds = leapt + seconds * (1 - 1 / SOONER)


def leap_over_pauses(patch: pytest.MonkeyPatch) -> Clock:
    """Let retries pause and end as ever, but by a clock that leaps; endless ones are ended."""
    clock = Clock()
    for module in ("retry_base", "retry_unary"):
        patch.setattr(f"google.api_core.retry.{module}.time", clock)
    patch.setattr("google.resumable_media.requests._request_helpers.time", clock)
    patch.setattr("pipeline.destination.attempts.FIRST_PAUSE_S", 0.5 / SOONER)
    return clock


@contextmanager
def standing_between(patch: pytest.MonkeyPatch, variable: str, url: str) -> Iterator[FaultProxy]:
    """A proxy between the program and a service; the test itself looks past it."""
    with fault_proxy(url) as proxy:
        patch.setenv(variable, proxy.url)
        yield proxy


def kind(seen: Seen) -> str:
    """What a request asks for, the same in each run."""
    path = re.sub(RUN_OR_JOB, "RUN", seen.path.partition("?")[0]).rpartition(PROJECT)[2]
    body = seen.body if isinstance(seen.body, dict) else {}
    job_id = body.get("jobReference", {}).get("jobId")
    query = re.sub("`[^`]*`", "T", body["query"])[:56] if path == "/queries" else ""
    name = job_id or body.get("tableReference", {}).get("tableId") or query
    upload = "upload " if seen.path.startswith("/upload") else ""
    path = re.sub("/d[0-9_]+", "/D", path)
    return f"{upload}{seen.method} {path} {re.sub(RUN_OR_JOB, 'RUN', name)}".strip()


def each_kind(times: int) -> Callable[[Seen], bool]:
    """A Rule's `body`: so many requests of each kind. A repeated try counts too."""
    counts = Counter[str]()

    def takes(seen: Seen) -> bool:
        counts[kind(seen)] += 1
        return counts[kind(seen)] <= times

    return takes


def lost_once() -> Action:
    """Lose the answer to each request once; the second time the service's first one is told.

    So does a service that still knows the session of a completed upload.
    """
    told: dict[str, Answer] = {}

    def act(exchange: Exchange) -> Answer:
        key = f"{exchange.seen.method} {exchange.seen.path} {json.dumps(exchange.seen.body)}"
        if key in told:
            return told[key]
        told[key] = exchange.forward()
        raise DroppedError

    return act


def broken_jobs(proxy: FaultProxy, step: str) -> Rule:
    """Jobs of that step never arrive, and are told to have ended with backendError."""
    made: dict[str, Any] = {}

    def name(seen: Seen) -> str:
        found = re.search(r"/jobs/(sync_[^?]+)", seen.path)
        return found[1] if found else ""

    def insert(seen: Seen) -> Any:
        fault = {"reason": "backendError", "message": "injected backendError"}
        status = {"state": "DONE", "errorResult": fault, "errors": [fault]}
        statistics = {"creationTime": "1", "startTime": "1", "endTime": "1"}
        told = seen.body | {"status": status, "statistics": statistics}
        made[told["jobReference"]["jobId"]] = told
        return told

    proxy.add(
        Rule(
            answer(200, body=lambda seen: made[name(seen)]),
            method="GET",
            body=lambda seen: name(seen) in made,
        )
    )
    return proxy.add(Rule(answer(200, body=insert), **job(step)))


def seed(sync: Sync, sql: Sql) -> list[tuple[Any, ...]]:
    """Source and destination hold the same 9 rows, then the source gets 6 more."""
    sql(TABLE)
    sync.client.query(SAME.format(sync.dataset)).result()
    assert_whole(sync, sql)
    sql(MORE)
    return sync.rows()


def assert_whole(sync: Sync, sql: Sql, condition: str = "TRUE") -> None:
    """The destination holds the source's rows, each once."""
    assert sync.rows(COLUMNS) == sql(f"SELECT {COLUMNS} FROM s WHERE {condition} ORDER BY 1")


def assert_nothing_is_left(sync: Sync) -> None:
    """No staging table, and no staged file in the folder."""
    left = [name for name in sync.tables() if name.startswith(("_sync_staging", "_sync_dead"))]
    assert left == []
    assert list(sync.temp.rglob("*.parquet")) == []


def run_again(sync: Sync, sql: Sql, proxy: FaultProxy) -> None:
    """BigQuery answers again; what is left of the run's lock is over."""
    proxy.heal()
    lock = f"{PROJECT}.{sync.dataset}._sync_lock_t"
    sync.client.delete_table(lock, not_found_ok=True)
    sync.ok(**SMART)
    assert_whole(sync, sql)
    assert_nothing_is_left(sync)
