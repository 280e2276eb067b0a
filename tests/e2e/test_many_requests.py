"""What a launch of many tables asks BigQuery for: shared where it is the same for all."""

import re
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from auto_schema.errors import ConfigError
from bench.counting import asked, is_job
from pipeline.cli import new_run_id
from pipeline.runs.history import append, planning_failure
from pipeline.runs.history_tables import make_tables
from pipeline.runs.joint_questions import JointQuestions
from pipeline.runs.past_runs import past_runs_of
from tests.e2e.test_near_history import From
from tests.e2e.test_requests import CHANGE
from tests.factories import a_request
from tests.fault_rules import Rule, answer, call, slow
from tests.processes import Gate, until
from tests.sync import PROJECT
from warehouse.client import make_client
from warehouse.names import Endpoints, TableRef

TABLES = [f"t{number}" for number in range(6)]
TABLE = """
CREATE TABLE {0} (id int8 PRIMARY KEY, name text, updated_at timestamptz);
INSERT INTO {0} SELECT g, 'n' || g, now() - interval '1 day' FROM generate_series(1, 5) AS g
"""
MORE = "INSERT INTO {0} SELECT g, 'x', now() - interval '1 hour' FROM generate_series(6, 8) AS g"
EVERY = "{defaults: {enable_smart_sync: true, enable_auto_schema: true}, tables: {public.*: }}"
REFUSED = 5
REFUSAL = ConfigError("what", "where", "why", "fix")


@pytest.fixture
def six(sync, sql, watched):
    """Six tables that were synced, and whose locks are gone, as they go by themselves."""
    for name in TABLES:
        sql(TABLE.format(name))
    sync.defaults |= {
        "destination_bigquery_table": None,
        "tables": EVERY,
        "lock_lease": "1h",
        "max_tables_at_once": "6",
    }
    sync.ok()
    for name in TABLES:
        sync.client.delete_table(f"{sync.dataset}._sync_lock_{name}")
    watched.add(
        Rule(slow(before=1.0), method="POST", body="sync_runs")
    )  # as long as they take there
    return len(watched.seen)


def kinds(sync, seen):
    """How often each kind of request came, whose table, run or number it ever was."""
    told = Counter()
    for one in asked(seen):
        text = one.path.partition("?")[0].rpartition(PROJECT)[2].replace(sync.dataset, "D")
        body = one.body if isinstance(one.body, dict) else {}
        text += " " + str(body.get("jobReference", {}).get("jobId", ""))
        text += str(body.get("tableReference", {}).get("tableId", ""))
        text = re.sub(r"20\d{6}t\d{6}-[0-9a-f]{8}", "RUN", text)
        text = re.sub(r"\bt\d\b|(?<=_)t\d\b", "T", text)
        told[f"{one.method} {re.sub('events_.*', 'events', text)}".strip()] += 1
    return told


PAUSE_S = 1.0
SLOW = Rule(slow(before=PAUSE_S), method="POST", body="sync_runs")
"""As long as a query takes there: so those of the other tables come meanwhile."""
OWN = ["POST lock", "PATCH lock", "GET lock", "PATCH lock"]
"""What publishing needs beside itself, in a launch of one table: its lock."""
ONCE = ["GET /datasets/D", "GET /datasets/D/tables/sync_runs"]
OF_EACH = {"GET /datasets/D/tables/T": 2, "POST /datasets/D/tables _sync_lock_T": 1}


def test_what_is_the_same_for_all_tables_is_asked_once(sync, six, watched):
    """Each table's lock, and the look at it, are its own; a run waits for nobody's question."""
    sync.ok()
    told = kinds(sync, watched.seen[six:])
    assert [told[one] for one in ONCE] == [1, 1]
    assert {one: told[one] for one in OF_EACH} == {one: 6 * n for one, n in OF_EACH.items()}
    jobs = sum(map(is_job, watched.seen[six:]))
    assert jobs <= 1 + 3 * 3, told  # the launch, then questions and both events, at most by halves
    assert sum(told.values()) <= 6 * 10, told


def test_tables_of_which_the_last_days_say_too_little_ask_once_more_and_together(
    sync, six, watched, monkeypatch
):
    monkeypatch.setattr("pipeline.launch.beside.NEAR", From(datetime.now(UTC)))
    sync.ok()
    told = kinds(sync, watched.seen[six:])
    assert sum(map(is_job, watched.seen[six:])) <= 1 + 4 * 3, told
    assert sum(told.values()) <= 6 * 11, told


def test_new_rows_in_all_tables_cost_each_its_own_publishing_and_little_more(
    sync, sql, six, watched
):
    for name in TABLES:
        sql(MORE.format(name))
    sync.ok()
    seen = watched.seen[six:]
    assert len(asked(seen)) <= 1.5 * len(TABLES) * len([*OWN, *CHANGE]), kinds(sync, seen)
    assert [len(sync.rows("id", name)) for name in TABLES] == [8] * 6


def test_a_table_whose_question_is_refused_fails_by_itself(sync, sql, six, watched):
    told = call(lambda _: time.sleep(PAUSE_S), then=answer(403, "accessDenied"))
    no = Rule(told, path="/queries", body=r"SELECT MAX\(.* FROM `[^`]*\.t3`")
    watched.heal()
    watched.add(no, SLOW)
    result = sync()
    assert result.code == 10, result.out
    ends = {run["destination"].rpartition(".")[2]: run["exit_code"] for run in sync.history()}
    assert ends == {name: REFUSED if name == "t3" else 0 for name in TABLES}
    assert no.acted > 1  # with those of others, then alone


def test_what_a_table_is_told_was_asked_for_after_it_asked(client, dataset, proxy):
    """A run of it that ends while another's question is in flight is seen."""
    history = TableRef(PROJECT, dataset, "sync_runs")
    make_tables(client, history)
    behind = make_client(PROJECT, "US", Endpoints(bigquery=proxy.url), 0)
    questions, gate = JointQuestions(), Gate(proxy, after=True, method="POST", path="/queries")

    def ask(name):
        question = past_runs_of(history, TableRef(PROJECT, dataset, name))
        return questions.ask(behind, history, {"runs": question})["runs"]

    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(ask, "a")
        gate.wait()
        runs = {name: new_run_id(datetime.now(UTC)) for name in "abc"}
        for name, run_id in runs.items():
            request = a_request(destination=TableRef(PROJECT, dataset, name))
            row = planning_failure(request, run_id, REFUSAL, datetime.now(UTC))
            append(client, history, row)
        others = [pool.submit(ask, name) for name in "bc"]
        (group,) = questions._groups.values()
        until(lambda: group.waiting == len(others))
        gate.open()
    assert first.result() == []
    assert [[run["run_id"] for run in one.result()] for one in others] == [[runs["b"]], [runs["c"]]]
