"""Many tables in one launch, on real servers: each by itself, and one word on all."""

import json
import os
import signal
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from tenacity import wait_none

from pipeline.cli import new_run_id
from pipeline.launch import many_runs
from pipeline.launch.many import read_launch
from pipeline.launch.many_runs import ManyRuns
from pipeline.runs.lock import Lock
from tests.days import STOP, STOPPED, stopped
from tests.fault_rules import Rule, call, job
from tests.hook_server import hook_server
from tests.many_job import counts, ended
from tests.processes import PATIENCE_S, Gate, until
from tests.sync import PASSWORD, PROJECT
from warehouse.names import TableRef

TABLE = """
CREATE TABLE {0} (id int8 PRIMARY KEY, note text, amount numeric,
  updated_at timestamptz DEFAULT now() - interval '1 hour');
INSERT INTO {0} SELECT g, 'n' || g, g FROM generate_series(1, {1}) AS g
"""
ROWS = {"orders": 5, "lines": 7, "users": 3}
EVERY = """
defaults: {enable_smart_sync: true, write_disposition: WRITE_MERGE, merge_keys: auto}
tables: {public.*: }
"""


@pytest.fixture
def many(sync, sql):
    """Three tables, and what makes a launch of `sync` one of all of them."""
    for name, rows in ROWS.items():
        sql(TABLE.format(name, rows))
    sync.defaults |= {"destination_bigquery_table": None, "tables": EVERY}
    return sync


def last(result):
    """The sum of all tables."""
    return result.out.splitlines()[-1]


def assert_free(sync):
    """No staging table, and each lock given back."""
    assert not [name for name in sync.tables() if "_staging_" in name]
    locks = [sync.table(name) for name in sync.tables() if name.startswith("_sync_lock_")]
    assert {lock.labels["state"] for lock in locks} <= {"released"}


def test_each_table_is_synced_as_by_a_launch_of_its_own(many, sql):
    sql("CREATE VIEW seen AS SELECT * FROM orders")
    assert last(many.ok()).startswith("3 of 3 tables succeeded: ")
    assert counts(many) == ROWS
    assert "seen" not in many.tables()
    sql("UPDATE orders SET note = 'new', updated_at = now() - interval '1 min' WHERE id = 1")
    sql("INSERT INTO users VALUES (9, 'x', 1, now() - interval '1 min')")
    assert last(many.ok()).startswith("3 of 3 tables succeeded: ")
    assert ended(many) == {
        "orders": ("succeeded", 0, 1),
        "lines": ("succeeded", 0, 0),
        "users": ("succeeded", 0, 1),
    }
    assert many.rows("note", "orders", "id")[0] == ("new",)
    alone = {
        "tables": None,
        "source_table_for_schema": "orders",
        "enable_smart_sync": "true",
        "write_disposition": "WRITE_MERGE",
        "merge_keys": "id",
        "destination_bigquery_table": "orders",
    }
    assert many.ok(**alone).out.startswith("succeeded: 0 rows read")
    assert_free(many)


def test_the_warnings_of_each_table_are_logged(many, sql, caplog):
    sql("ALTER TABLE users DROP CONSTRAINT users_pkey, ADD PRIMARY KEY (id, updated_at)")
    many.ok(select="public.users", tables=EVERY)
    (told,) = [line for line in caplog.messages if "is one of the merge keys" in line]
    assert told.startswith("public.users: the cursor updated_at")


def test_the_plan_of_all_is_one_table_and_nothing_is_written(many, sql):
    sql("CREATE TABLE keyless (id int, updated_at timestamptz)")
    sql("CREATE TABLE stampless (id int PRIMARY KEY)")
    result = many(plan_only="true")
    assert result.code == 10
    lines = result.out.splitlines()
    assert lines[0].startswith("Syncs 3 tables, 2 fails: ")
    headings = next(line for line in lines if line.startswith("table ")).split()
    assert headings == ["table", "into", "does", "window", "rows", "splits", "scan", "by"]
    (orders,) = [line for line in lines if line.startswith("public.orders ")]
    assert orders.split()[1:3] == [f"{many.dataset}.orders", "create"]
    assert orders.endswith("public.*")
    told = [line.split(": ") for line in lines if line.startswith("FAILS")]
    assert [words[1] for words in told] == [
        "no primary key (tables, line 2, column 81, public.keyless)",
        "no cursor column (tables, line 3, column 10, public.stampless)",
    ]
    assert lines[-1].startswith("3 of 5 tables")
    assert many.tables() == set()
    told = json.loads(many(plan_only="true", plan_format="json").out)["tables"]
    assert [bool(one["plan"]) for one in told] == [False, True, True, False, True]


def test_what_befalls_one_table_is_no_other_table_s_matter(many, sql):
    sql("UPDATE orders SET amount = 'NaN' WHERE id = 2")
    holder = Lock(
        many.client,
        TableRef(PROJECT, many.dataset, "lines"),
        new_run_id(datetime.now(UTC)),
        timedelta(hours=1),
    )
    holder.acquire()
    result = many()
    assert result.code == 10
    assert last(result) == "1 of 3 tables succeeded: 8 rows read, 3 published, 1 dead letter"
    assert ended(many) == {
        "lines": ("failed", 6, 0),
        "orders": ("failed", 7, 0),
        "users": ("succeeded", 0, 3),
    }
    assert counts(many) == {"users": 3}
    holder.release()
    result = many(select="public.orders")
    assert (result.code, ended(many)["orders"][0]) == (7, "failed")
    assert last(many.ok(select="public.l*,public.users")).startswith("2 of 2 tables ")
    assert_free(many)


def test_the_end_of_all_is_one_report_one_message_and_a_row_of_the_history(many, sql, monkeypatch):
    monkeypatch.setattr("pipeline.runs.webhook.PAUSE", wait_none())
    sql("CREATE TABLE keyless (id int, updated_at timestamptz)")
    sql("UPDATE orders SET amount = 'NaN' WHERE id = 2")
    with hook_server() as hook:
        result = many(notify_webhook=hook.url)
        assert many.ok(select="public.users", notify_webhook=hook.url)
        assert many.ok(select="public.users", notify_webhook=hook.url, notify_on="all")
    assert result.code == 10
    table = [line.split() for line in result.out.splitlines()[-7:-2]]
    assert table[0] == ["table", "status", "read", "published", "dead", "seconds", "why"]
    figures = {row[0]: row[1:5] for row in table[1:]}
    assert figures == {
        "public.keyless": ["failed", "SchemaError:", "no", "primary"],
        "public.lines": ["succeeded", "7", "7", "0"],
        "public.orders": ["failed", "5", "0", "1"],
        "public.users": ["succeeded", "3", "3", "0"],
    }
    assert result.err.splitlines()[-1].startswith(
        "smart-sync: SomeFailedError: 2 of 4 tables failed (launch "
    )
    first, every = hook.texts
    told = first.split("\n")
    assert told[0].startswith("Smart Sync: 2 of 4 tables succeeded: 15 rows read, 10 published")
    assert [line.split(":")[0] for line in told[2:]] == ["public.keyless", "public.orders"]
    assert every.startswith("Smart Sync: 1 of 1 table succeeded")
    sql_text = f"SELECT * FROM `{PROJECT}.{many.dataset}.sync_batches_latest` ORDER BY last_event"
    batches = [dict(row) for row in many.client.query_and_wait(sql_text)]
    assert [(one["tables"], one["succeeded"], one["failed"]) for one in batches] == [
        (4, 2, 2),
        (1, 1, 0),
        (1, 1, 0),
    ]
    failed = [f"{PROJECT}.{many.dataset}.{name}" for name in ("keyless", "orders")]
    assert batches[0]["failed_destinations"] == failed
    assert told[1] == f"launch: {batches[0]['batch_id']}"


def test_a_key_that_does_not_hold_for_all_rows_of_a_table_is_not_taken(many, sql, caplog):
    sql("CREATE TABLE newer () INHERITS (orders)")
    sql("INSERT INTO newer VALUES (1, 'another row', 1, now() - interval '1 min')")
    sql("CREATE TABLE parts (id int8 NOT NULL, updated_at timestamptz) PARTITION BY RANGE (id)")
    sql("CREATE TABLE part PARTITION OF parts FOR VALUES FROM (0) TO (9)")
    sql("ALTER TABLE ONLY parts ADD PRIMARY KEY (id)")
    result = many(select="public.orders,public.parts")
    assert result.code == 4
    assert caplog.text.count("no primary key") == 2
    sql("DROP TABLE newer")
    many.ok(select="public.orders")


def test_a_table_that_vanishes_after_it_was_listed_fails_alone(many, sql):
    launch = read_launch(many.argv())
    sql("DROP TABLE lines")
    ends = ManyRuns(new_run_id, datetime.now(UTC)).run(launch.tables, launch.at_once)
    codes = {end.name: end.exit_code for end in ends}
    assert codes == {"public.lines": 3, "public.orders": 0, "public.users": 0}
    assert ended(many)["lines"] == ("failed", 3, 0)


def test_a_primary_key_that_changed_since_the_tables_were_listed_is_no_key_to_merge_by(many, sql):
    read = read_launch(many.argv())
    sql("ALTER TABLE lines DROP CONSTRAINT lines_pkey, ADD COLUMN n serial PRIMARY KEY")
    sql("ALTER TABLE users DROP CONSTRAINT users_pkey")
    sql("INSERT INTO lines (id, note) VALUES (1, 'another'); INSERT INTO users (id) VALUES (1)")
    results = ManyRuns(new_run_id, datetime.now(UTC)).run(read.tables, 3)
    codes = {result.name: result.exit_code for result in results}
    assert codes == {"public.lines": 4, "public.orders": 0, "public.users": 4}
    whys = {result.name: result.why for result in results}
    assert "it was id when the tables were listed, and is n now" in whys["public.lines"]
    assert "and is gone now" in whys["public.users"]
    assert many().code == 10
    assert len(many.rows("id", "lines")) == 8


def test_a_table_that_vanishes_between_its_plan_and_its_run_fails_alone(many, sql, monkeypatch):
    begin = many_runs.begin

    def after_the_plan(ready):
        if ready.plan.destination.table == "lines":
            sql("DROP TABLE lines")
        begin(ready)

    monkeypatch.setattr(many_runs, "begin", after_the_plan)
    assert many().code == 10
    assert {name: end[:2] for name, end in ended(many).items()} == {
        "lines": ("failed", 4),  # the source has changed since the plan
        "orders": ("succeeded", 0),
        "users": ("succeeded", 0),
    }
    assert_free(many)


def test_a_catalog_of_1001_tables_is_refused_and_a_part_of_it_is_not(many, sql):
    sql("DROP TABLE orders, lines, users")
    sql(
        "DO $$ BEGIN FOR n IN 1..1001 LOOP EXECUTE format("
        "'CREATE TABLE t%s (id int PRIMARY KEY, updated_at timestamptz)', n); END LOOP; END $$"
    )
    result = many()
    assert (result.code, "1,001 tables; 1,000 are the most of one launch" in result.err) == (
        2,
        True,
    )
    assert many.tables() == set()
    assert last(many.ok(select="public.t100*", plan_only="true")).startswith("3 of 3 tables")


def test_a_schema_that_the_role_may_not_see_is_told_with_what_to_grant(many, sql):
    sql("CREATE SCHEMA hidden; CREATE TABLE hidden.t (id int PRIMARY KEY)")
    sql(f"CREATE ROLE few_{many.dataset} LOGIN; GRANT SELECT ON lines TO few_{many.dataset}")
    words = "{tables: {'hidden.*': , public.users: }}"
    result = many(tables=words, postgresql_username=f"few_{many.dataset}")
    sql(f"DROP OWNED BY few_{many.dataset}; DROP ROLE few_{many.dataset}")
    assert result.code == 2
    assert "the role may not read hidden.t: it lacks USAGE on its schema" in result.err
    assert "grant the role USAGE on the schema" in result.err
    assert "the role may not read public.users: it lacks SELECT" in result.err
    assert many.tables() == set()


def test_a_table_of_which_the_role_may_read_some_columns_is_read_by_the_query_of_its_entry(
    many, sql
):
    role = f"some_{many.dataset}"
    sql(f"CREATE ROLE {role} LOGIN; GRANT SELECT ON lines TO {role}")
    sql(f"GRANT SELECT (id, updated_at) ON users TO {role}")
    query = '{postgresql_query: "SELECT id, updated_at FROM users"}'
    some = many.ok(
        tables=f"tables: {{public.*: , public.users: {query}}}", postgresql_username=role
    )
    none = many(tables="tables: {public.*: }", postgresql_username=role)
    sql(f"DROP OWNED BY {role}; DROP ROLE {role}")
    assert last(some).startswith("2 of 2 tables succeeded")
    assert last(none).startswith("1 of 2 tables succeeded")
    assert "it lacks SELECT on some of its columns" in none.out
    assert many.rows("id", "users") == [(1,), (2,), (3,)]


@pytest.mark.parametrize(
    ("tables", "part"),
    [
        ("no/such/file.yaml", "no such file"),
        ("gs://bkt/none.yaml", "no such file"),
        ("/dev/zero", "too large (/dev/zero)"),
        ("{tables: {public.a*: }}", "a pattern that matches nothing"),
        ("{tables: {public.orders: {runner: x}}}", "give it to the launch: --runner="),
        ("{tables: {public.orders: {merge_key: id}}}", "did you mean merge_keys?"),
    ],
)
def test_a_file_with_faults_ends_the_launch_before_anything_is_written(
    many, bucket, monkeypatch, tables, part
):
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", bucket)
    result = many(tables=tables)
    assert (result.code, part in result.err) == (2, True), result.err
    assert many.tables() == set()


@pytest.mark.parametrize("where", ["folder", "bucket"])
def test_the_file_may_lie_in_a_folder_or_a_bucket(many, bucket, monkeypatch, tmp_path, where):
    text = "defaults:\n  write_disposition: WRITE_TRUNCATE\ntables:\n  public.users:\n"
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", bucket)
    many.ok(tables=placed(many, bucket, tmp_path, where, text))
    assert counts(many) == {"users": 3}
    large = placed(many, bucket, tmp_path, where, text + "#" * (1 << 20))
    result = many(tables=large)
    assert (result.code, f"too large ({large}): more than 1,048,576 bytes" in result.err) == (
        2,
        True,
    )


def placed(many, bucket, folder, where, text):
    """The address of a file of tables with this text."""
    path = str(folder / "tables.yaml")
    if where == "folder":
        (folder / "tables.yaml").write_text(text)
    else:
        from google.auth.credentials import AnonymousCredentials
        from google.cloud import storage

        client = storage.Client(
            "p", AnonymousCredentials(), client_options={"api_endpoint": bucket}
        )
        path = f"gs://bkt/{many.dataset}/tables.yaml"
        client.bucket("bkt").blob(f"{many.dataset}/tables.yaml").upload_from_string(text)
    return path


def test_sigterm_gives_all_locks_back_and_tells_each_run_as_failed(
    many, sql, start, database, proxy
):
    sql(STOP)
    slow = "{{postgresql_query: SELECT * FROM {0} WHERE id < 3 OR stop()}}"
    entries = ", ".join(f"public.{name}: {slow.format(name)}" for name in ROWS)
    gate = Gate(proxy, after=True, times=3, method="PATCH", path="_sync_lock_")
    run = start(tables=f"{{tables: {{{entries}}}}}")
    gate.wait(run)
    until(lambda: [status for status, *_ in ended(many).values()] == ["running"] * 3)
    with stopped(database):
        gate.open()
        until(lambda: len(sql(STOPPED)) == 3)
        began = time.monotonic()
        os.kill(run.pid, signal.SIGTERM)
        assert run.wait() == 143, run.output
        assert time.monotonic() - began < 10
    assert ended(many) == dict.fromkeys(ROWS, ("failed", 143, 0))
    assert "Traceback" not in run.output
    assert_free(many)


SIXTEEN = 16
"""Tables at work that a signal ends at once; Cloud Run gives ten seconds."""


def test_sigterm_ends_sixteen_tables_at_work_at_once_by_ten_requests_of_each(
    many, sql, start, database, proxy
):
    """So ten seconds are enough where BigQuery takes half of one, however slow this machine is.

    The first request of their ends and the last are answered when all sixteen have come: one
    table after the other would wait for ever.
    """
    names = [f"z{number:02}" for number in range(SIXTEEN)]  # a run's id has t00 at midnight
    for name in names:
        sql(TABLE.format(name, 3))
    sql(STOP)
    slow_query = "{{postgresql_query: SELECT * FROM {0} WHERE id < 3 OR stop()}}"
    entries = ", ".join(f"public.{name}: {slow_query.format(name)}" for name in names)
    at_once = {"max_tables_at_once": SIXTEEN, "max_source_connections": SIXTEEN}
    gate = Gate(proxy, after=True, times=SIXTEEN, method="PATCH", path="_sync_lock_")
    run = start(tables=f"{{tables: {{{entries}}}}}", **at_once)
    gate.wait(run)
    until(lambda: [status for status, *_ in ended(many).values()] == ["running"] * SIXTEEN)
    with stopped(database):
        gate.open()
        until(lambda: len(sql(STOPPED)) == SIXTEEN)
        all_begin, all_end = (threading.Barrier(SIXTEEN, timeout=PATIENCE_S) for _ in range(2))
        proxy.add(
            Rule(call(lambda _: all_begin.wait()), **job("publish_1")),
            Rule(
                call(lambda _: all_end.wait()), method="PATCH", path="_sync_lock_", body="released"
            ),
        )
        before = len(proxy.seen)
        os.kill(run.pid, signal.SIGTERM)
        assert run.wait() == 143, run.output
    assert proxy.errors == [], "not side by side"
    asked = proxy.seen[before:]
    texts = [f"{seen.path} {seen.body}".replace("-", "_") for seen in asked]
    runs = {run["run_id"].replace("-", "_"): run["destination"][-3:] for run in many.history()}
    own = [sum(run in text or name in text for text in texts) for run, name in runs.items()]
    assert (len(own), max(own) <= 10) == (SIXTEEN, True), f"{own} of half a second each"
    assert len(asked) <= 10 * SIXTEEN
    assert {status for status, *_ in ended(many).values()} == {"failed"}
    assert_free(many)


def test_sigterm_gives_back_the_lock_of_a_planned_table_and_begins_no_other(many, start, proxy):
    many.ok()
    gate = Gate(proxy, method="POST", body="FROM `[^`]*sync_runs`")
    run = start(max_tables_at_once=1)
    gate.wait(run)
    os.kill(run.pid, signal.SIGTERM)
    assert run.wait() == 143, run.output
    gate.open()
    assert_free(many)
    assert len(many.history()) == 3


def test_a_launch_that_syncs_no_table_is_told_too(many, monkeypatch):
    monkeypatch.setattr("pipeline.runs.webhook.PAUSE", wait_none())
    with hook_server() as hook:
        result = many(notify_webhook=hook.url, postgresql_database="nobody's")
        many(notify_webhook=hook.url, plan_only="true", tables="{tables: {public.none: }}")
    assert result.code == 3
    (told,) = hook.texts
    first, second = told.split("\n")
    assert (first, "nobody's" in second) == ("Smart Sync: no table was synced", True)


def test_what_is_wrong_with_the_words_of_the_launch_is_told_of_many_tables_too(many):
    words = {"write_disposition": "WRITE_TRUNCATE", "batch_size": "x", "num_splits": "x"}
    result = many("--write_disposition=WRITE_APPEND", "--select", **words)
    assert (result.code, "4. malformed parameter (num_splits)" in result.err) == (2, True)
    assert "parameter given twice (--write_disposition)" in result.err
    assert "parameter without a value (--select)" in result.err


def test_a_bug_with_one_table_shows_its_traceback_without_the_secret(many, monkeypatch, caplog):
    def broken(*_, **__):
        raise ValueError(f"no way to {PASSWORD}")

    monkeypatch.setattr("pipeline.launch.many_runs.begin", broken)
    monkeypatch.setattr("pipeline.launch.plan_only.make_plan", broken)
    assert many(select="public.users").code == 70
    assert many(select="public.users", plan_only="true").code == 70
    assert caplog.text.count("ValueError: no way to …") == 2
    assert PASSWORD not in caplog.text
