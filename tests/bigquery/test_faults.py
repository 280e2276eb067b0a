"""BigQuery as a source, and BigQuery fails: no row is lost, none comes twice."""

import contextlib
import re
import socket
import threading
import time

import pytest
from google.cloud.bigquery_storage_v1 import BigQueryReadClient

import pipeline.execution.in_place
from tests.days import LEASE, LOCK, runs
from tests.fault_proxy import fault_proxy
from tests.fault_rules import Rule, answer, call, drop, job
from tests.outages import (
    assert_nothing_is_left,
    broken_jobs,
    each_kind,
    leap_over_pauses,
    standing_between,
)
from tests.processes import Gate, Program, until
from tests.tcp_proxy import tcp_proxy

SOURCE_FAULT, SCHEMA_FAULT, TARGET_FAULT, DEAD_FAULT = 3, 4, 5, 7
TABLE = """
CREATE TABLE `{s}.s` AS SELECT id, CONCAT('name ', CAST(id AS STRING)) AS name,
TIMESTAMP_ADD(TIMESTAMP '2024-01-01', INTERVAL id DAY) AS changed
FROM UNNEST(GENERATE_ARRAY(1, 9)) AS id
"""
SEED = "CREATE TABLE {d}.t AS SELECT * FROM `{s}.s` WHERE id <= 3"
ADD = "INSERT INTO `{{s}}.s` SELECT {0}, 'late', TIMESTAMP '2024-02-01 00:00:{0}'"
BIG = "CREATE TABLE `{s}.s` AS SELECT id FROM UNNEST(GENERATE_ARRAY(1, 1200000)) AS id"
SUMS = "COUNT(*), COUNT(DISTINCT id), SUM(id)"
SUMS_OF_BIG = [(1_200_000, 1_200_000, 1_200_000 * 1_200_001 // 2)]
MIDDLE = 9_000_000
"""Bytes: within the second answer of Storage Read; the first one holds a million rows."""
RENAME = "ALTER TABLE `{s}.s` RENAME COLUMN name TO title"
SMART = {"enable_smart_sync": "true", "smart_sync_timestamp_column": "changed"}
MERGE = {"write_disposition": "WRITE_MERGE", "merge_keys": "id"}
WORKERS = {"bigquery_read_method": "workers"}
QUERY = {"source_bigquery_query": "SELECT * FROM s", "source_bigquery_table": None}
WAYS = {
    "copy": {"write_disposition": "WRITE_TRUNCATE"},
    "statement": SMART,
    "staged": SMART | MERGE,
    "workers": SMART | WORKERS | QUERY,
}


@pytest.fixture
def faulty(sync, target, monkeypatch):
    with standing_between(monkeypatch, "BIGQUERY_EMULATOR_HOST", target.url) as proxy:
        yield proxy


@pytest.fixture
def hasty(monkeypatch):
    return leap_over_pauses(monkeypatch)


@pytest.fixture
def seeded(sync, run, source):
    """Nine rows in the source, the first three of them in the destination."""
    run(TABLE)
    run(SEED.replace("{d}", sync.dataset))


@pytest.fixture
def storage(sync, target, monkeypatch):
    """Between the run and Storage Read."""
    host, port = target.grpc.split(":")
    with tcp_proxy(host, int(port)) as proxy:
        monkeypatch.setenv("BIGQUERY_STORAGE_EMULATOR_HOST", f"127.0.0.1:{proxy.port}")
        yield proxy


@pytest.fixture
def start(sync, target, tmp_path):
    """Start a run in a process of its own, before a proxy that can hold its requests."""
    programs = []
    with fault_proxy(target.url) as proxy:

        def begin(**parameters):
            environ = target.environ | {"BIGQUERY_EMULATOR_HOST": proxy.url}
            programs.append(Program(sync.argv(**parameters), environ, tmp_path / "run.log"))
            return programs[-1]

        begin.proxy = proxy
        yield begin
        for program in programs:
            program.end()


def assert_once(sync, run):
    """The destination holds the source's rows, each once, and nothing is left."""
    assert sync.rows() == run("SELECT * FROM `{s}.s` ORDER BY id")
    assert_nothing_is_left(sync)


def assert_seed(sync):
    """Nothing was published."""
    assert [row[:2] for row in sync.rows()] == [(1, "name 1"), (2, "name 2"), (3, "name 3")]
    assert_nothing_is_left(sync)


def at_middle(proxy, act):
    """Call once in the middle of a stream; bytes wait while the event that it gives isn't set."""

    def pump(source, sink):
        nonlocal passed
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                before, passed = passed, passed + len(data)
                if before < MIDDLE <= passed:
                    act()
                talks.wait()
                sink.sendall(data)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)

    passed, talks = 0, threading.Event()
    talks.set()
    proxy._pump = pump
    return talks


# The job that publishes


@pytest.mark.parametrize(
    ("way", "fault"),
    [
        ("copy", drop(after=True)),
        ("statement", drop(after=True)),
        ("staged", answer(503, after=True)),
        ("workers", drop(after=True)),
        ("workers", answer(503)),
    ],
    ids=["copy", "statement", "staged", "workers", "workers-refused"],
)
def test_a_transient_fault_of_each_kind_of_request_changes_nothing(
    sync, run, source, seeded, faulty, hasty, way, fault
):
    """Also: each job and query that reads the source or staged rows says whose it is."""
    rule = faulty.add(Rule(fault, body=each_kind(1)))
    told = sync.ok(**WAYS[way])
    assert_once(sync, run)
    assert [event["status"] for event in sync.history()] == ["succeeded"]
    assert rule.acted > 10
    (begun,) = sync.history()
    sent = [seen.body for seen in faulty.seen if re.search(r"/(jobs|queries)\b", seen.path)]
    tables = rf"{source}|_sync_staging"
    reading = [b for b in sent if b and re.search(tables, str(b)) and "dryRun" not in str(b)]
    labels = [body.get("configuration", body).get("labels", {}) for body in reading]
    assert labels
    assert all(set(each) == {"application", "run_id", "step"} for each in labels), labels
    assert {each["run_id"] for each in labels} <= {begun["run_id"].lower(), "plan"}
    assert not any(word in told.out + told.err for word in ("Bearer", "ya29.", "private_key"))


@pytest.mark.parametrize(
    ("way", "step"),
    [("copy", "publish"), ("statement", "publish"), ("staged", "stage_0"), ("workers", "read")],
)
def test_a_job_that_breaks_is_sent_again_under_the_next_id(
    sync, run, seeded, faulty, hasty, sent_jobs, way, step
):
    broken = broken_jobs(faulty, f"{step}_1")
    sync.ok(**WAYS[way])
    assert broken.acted == 1
    assert_once(sync, run)
    ids = [each["jobReference"]["jobId"].partition(f"_{step}_")[2] for each in sent_jobs]
    assert [number for number in ids if number] == ["1", "2"]


@pytest.mark.parametrize(
    ("way", "step", "code"),
    [
        ("staged", "publish", TARGET_FAULT),
        ("workers", "read", SOURCE_FAULT),
    ],
)
def test_a_job_that_breaks_again_and_again_fails_the_run(
    sync, run, seeded, faulty, hasty, way, step, code
):
    broken_jobs(faulty, f"{step}_[0-9]+")
    told = sync(**WAYS[way], max_retries="1")
    assert (told.code, told.err.count("injected backendError") > 0) == (code, True)
    assert_seed(sync)


def test_a_source_that_answers_no_question_ends_the_run_soon(
    sync, run, source, seeded, faulty, hasty
):
    faulty.add(Rule(answer(503), method="POST", path="/queries", body=source))
    told = sync(**SMART, max_retries="1")
    assert told.code == SOURCE_FAULT, told.err
    assert_seed(sync)


# Storage Read


def test_a_stream_that_is_cut_in_its_middle_goes_on_there(sync, run, storage):
    def cut():
        taken.append(storage.taken)  # one or two: gRPC's channels of one process share connections
        storage.refuse()
        storage.cut()
        threading.Timer(1, storage.listen).start()

    taken = list[int]()
    run(BIG)
    at_middle(storage, cut)
    sync.ok(**WORKERS, max_retries="1")
    assert storage.taken == taken[0] + 1
    assert sync.rows(SUMS) == SUMS_OF_BIG


def test_storage_read_that_refuses_for_ever_fails_the_run(sync, run, seeded, storage):
    storage.refuse()
    began = time.monotonic()
    told = sync(**SMART, **WORKERS, max_retries="0")
    assert told.code == SOURCE_FAULT, told.err
    assert time.monotonic() - began < 30
    assert_seed(sync)


@pytest.mark.parametrize("ends", [True, False], ids=["for a while", "for good"])
def test_a_stream_that_is_silent_goes_on_or_is_given_up(sync, run, storage, monkeypatch, ends):
    read_rows, offsets = BigQueryReadClient.read_rows, list[int]()

    def asked(client, stream, offset, **words):
        offsets.append(offset)
        if ends and len(offsets) == 2:
            talks.set()
        return read_rows(client, stream, offset, **words)

    monkeypatch.setattr(BigQueryReadClient, "read_rows", asked)
    monkeypatch.setattr("sources.bigquery.read.LONGEST_CALL_S", 2.0)
    run(BIG)
    run(f"CREATE TABLE {sync.dataset}.t AS SELECT -1 AS id")
    talks = at_middle(storage, lambda: talks.clear())
    told = sync(**WORKERS, write_disposition="WRITE_TRUNCATE", max_retries="1")
    given_up = not talks.is_set()
    talks.set()
    assert given_up is not ends
    if ends:
        assert told.code == 0, told.err
        assert offsets[1] > 0
        assert sync.rows(SUMS) == SUMS_OF_BIG
    else:
        assert told.code == SOURCE_FAULT, told.err
        assert sync.rows() == [(-1,)]


# Runs that die, and runs again


@pytest.mark.parametrize(
    ("way", "after", "step", "published"),
    [
        ("staged", True, "stage_0_1", 0),
        ("statement", True, "publish_1", 6),
        ("copy", True, "publish_1", 9),
    ],
)
def test_a_run_that_was_killed_is_settled_by_the_next(
    sync, run, seeded, start, way, after, step, published
):
    gate = Gate(start.proxy, after=after, **job(step))
    dead = start(**WAYS[way] | LEASE)
    gate.wait(dead)
    dead.kill()
    sync(**WAYS[way])  # the dead run's lease may last still
    until(lambda: LOCK not in sync.tables())
    sync.ok(**WAYS[way])
    assert_once(sync, run)
    gate.open()
    first, *_, last = runs(sync)
    assert (first["status"], last["status"]) == ("abandoned", "succeeded")
    assert ("its rows are in the table" in first["error"]) == bool(published)
    assert first["rows_published"] == published


@pytest.mark.parametrize("way", ["statement", "workers"])
def test_rows_that_come_while_a_run_is_under_way_are_brought_by_it_or_the_next(
    sync, run, seeded, faulty, way
):
    for number, step in ((10, "event_0"), (11, "publish_1"), (12, "event_2")):
        add = call(lambda _, number=number: run(ADD.format(number)))
        faulty.add(Rule(add, **job(step), times=1))
    sync.ok(**WAYS[way])
    assert {row[0] for row in sync.rows()} >= set(range(1, 10))
    sync.ok(**WAYS[way])
    assert_once(sync, run)
    assert len(sync.rows()) == 12


# The source changes between plan and run


@pytest.mark.parametrize(
    ("way", "change", "code"),
    [
        ("copy", "DROP TABLE `{s}.s`", TARGET_FAULT),
        ("copy", RENAME, SCHEMA_FAULT),
        ("staged", RENAME, TARGET_FAULT),
        ("workers", RENAME, SOURCE_FAULT),
    ],
    ids=["copy-dropped", "copy-renamed", "staged-renamed", "workers-renamed"],
)
def test_a_source_that_changes_after_the_plan_fails_the_run(
    sync, run, seeded, faulty, hasty, way, change, code
):
    faulty.add(Rule(call(lambda _: run(change)), **job("event_0"), times=1))
    told = sync(**WAYS[way])
    assert (told.code, told.err.count("\n")) == (code, 1), told.err
    assert_seed(sync)


# Dead letters


@pytest.mark.parametrize(
    ("more", "kept"),
    [({"verify": "true"}, True), ({}, False), (WORKERS, True)],
    ids=["place", "place-none", "workers"],
)
def test_a_null_in_a_merge_key_is_a_dead_letter(sync, run, seeded, monkeypatch, more, kept):
    """Also when the step that finds it is run again by a second worker."""
    if kept:
        original = pipeline.execution.in_place.stage_in_place
        twice = lambda *words: (original(*words), original(*words))[1]  # noqa: E731
        monkeypatch.setattr("pipeline.execution.in_place.stage_in_place", twice)
    run("INSERT INTO `{s}.s` SELECT NULL, 'never', TIMESTAMP '2024-01-05 12:00:00'")
    told = sync(**SMART, **MERGE, **more, max_dead_letters="5" if kept else "0")
    assert told.code == (0 if kept else DEAD_FAULT), told.err
    assert sync.rows("column_name", "t_dead_letters") == [("id",)]
    if kept:
        assert sync.rows() == run("SELECT * FROM `{s}.s` WHERE id > 0 ORDER BY id")
        (event,) = sync.history()
        figures = [event[f"rows_{name}"] for name in ("read", "dead", "staged", "published")]
        assert figures == [7, 1, 6, 6]
    else:
        assert_seed(sync)
