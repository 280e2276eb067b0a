"""A launch of many tables, the next one, and what an hourly user asks of them."""

import json
import re

import pytest
from tenacity import wait_none

from pipeline.runs.retry import PARAMETER
from tests.days import age, lapse
from tests.e2e.test_many_tables import EVERY, ROWS, TABLE, assert_free, counts, ended, last
from tests.fault_rules import job
from tests.hook_server import hook_server
from tests.processes import Gate
from tests.sync import PROJECT

KEYLESS = "CREATE TABLE keyless (id int, updated_at timestamptz)"


@pytest.fixture
def many(sync, sql):
    """Three tables, and what makes a launch of `sync` one of all of them."""
    for name, rows in ROWS.items():
        sql(TABLE.format(name, rows))
        # the local BigQuery reads 5 as 5.000000000000001024 into a BIGNUMERIC
        sql(f"ALTER TABLE {name} ALTER amount TYPE numeric(9, 2)")
    sync.defaults |= {"destination_bigquery_table": None, "tables": EVERY}
    return sync


def named(result):
    """The launch that a failed one tells to retry."""
    return re.search(rf"{PARAMETER}=(\S+) ", result.err)[1]


def synced(sync):
    """How often a run of each table has ended well."""
    names = [run["destination"].rpartition(".")[2] for run in sync.history() if run["seq"] == 2]
    return {name: names.count(name) for name in sorted(set(names))}


def test_only_what_failed_in_a_launch_is_synced_once_more(many, sql):
    sql(KEYLESS)
    sql("UPDATE orders SET amount = 'NaN' WHERE id = 2")
    first = many()
    assert first.code == 10
    assert ended(many)["keyless"] == ("failed", 4, 0)
    again = many(retry_failed=named(first))
    assert (again.code, synced(many)) == (10, {"keyless": 2, "lines": 1, "orders": 2, "users": 1})
    sql("ALTER TABLE keyless ADD PRIMARY KEY (id)")
    plan = many(retry_failed=named(first), plan_only="true").out.splitlines()
    lines = [line.split()[0] for line in plan if line.startswith("public.")]
    assert lines == ["public.keyless", "public.orders"]
    sql("UPDATE orders SET amount = 1 WHERE id = 2")
    done = many.ok(retry_failed=named(first))
    assert last(done).startswith("2 of 2 tables succeeded")
    assert synced(many) == {"keyless": 3, "lines": 1, "orders": 3, "users": 1}
    assert counts(many) == ROWS
    nothing = many.ok(retry_failed=named(first))
    assert last(nothing) == (
        f"nothing to retry: no table of launch {named(first)} is left to be synced once more"
    )
    assert len(many.history()) == 8


def test_a_launch_that_was_killed_is_taken_up_where_it_was(many, sql, start, proxy, caplog):
    sql("UPDATE lines SET amount = 'NaN' WHERE id = 2")
    gate = Gate(proxy, after=True, **job("event_0"), skip=1)
    run = start(max_tables_at_once=1)
    gate.wait(run)
    batch_id = re.search(r"launch (\S+) of 3 tables", run.output)[1]
    run.kill()
    gate.open()
    assert {name: end[0] for name, end in ended(many).items()} == {
        "lines": "failed",
        "orders": "running",
    }
    sql("UPDATE lines SET amount = 1 WHERE id = 2")
    many.ok(retry_failed=batch_id)  # it may still be at work, for all that is known
    assert counts(many) == {"lines": 7}
    for name in ("orders", "users"):
        assert f"public.{name} is not retried: its launch is still at work" in caplog.text
    lapse(many, "_sync_lock_orders")
    assert last(many.ok(retry_failed=batch_id)).startswith("1 of 1 table succeeded")
    assert "public.users is not retried: its launch showed life" in caplog.text
    age(many)
    assert last(many.ok(retry_failed=batch_id)).startswith("1 of 1 table succeeded")
    assert counts(many) == ROWS
    assert_free(many)


def test_a_launch_that_is_none_of_these_tables_is_told_and_one_without_failures_too(many, sql):
    sql("UPDATE users SET amount = 'NaN' WHERE id = 2")
    others = named(many(select="public.users"))
    wrong = many(select="public.l*", retry_failed=others)
    assert wrong.code == 2
    assert f"a launch of other tables (retry_failed): {others} was one of public.users" in wrong.err
    unknown = many(retry_failed="20250722t150000-3f9a0c1d")
    assert unknown.code == 2
    assert "no run history of these tables knows 20250722t150000-3f9a0c1d" in unknown.err
    assert many(retry_failed="last").code == 2
    good = many.ok(select="public.lines,public.orders")
    batch_id = many.history()[-1]["batch_id"]
    assert last(good).startswith("2 of 2")
    told = many.ok(retry_failed=batch_id)
    assert last(told) == f"nothing to retry: all 2 tables of launch {batch_id} succeeded"
    verifying = {"verify_only": "true", "verify_start": "2024-01-01", "verify_end": "2024-02-01"}
    other_kind = many(retry_failed=others, **verifying)
    assert (other_kind.code, "leave out verify_only=true" in other_kind.err) == (2, True)
    sql("DROP TABLE users")
    gone = many(tables="{tables: {public.orders: , public.lines: }}", retry_failed=others)
    assert gone.code == 2
    assert not [run for run in many.history() if run["batch_id"] is None]


def test_a_failed_table_that_is_gone_is_told(many, sql, caplog):
    sql(
        "UPDATE users SET amount = 'NaN' WHERE id = 1; UPDATE lines SET amount = 'NaN' WHERE id = 1"
    )
    batch_id = named(many())
    sql("DROP TABLE users; UPDATE lines SET amount = 1")
    assert last(many.ok(retry_failed=batch_id)).startswith("1 of 1 table succeeded: 7 rows")
    assert "public.users failed too, but is no longer among the tables" in caplog.text


def test_a_launch_into_two_datasets_is_known_by_both_histories(many, sql):
    other = f"{many.dataset}_other"
    many.client.create_dataset(other)
    tables = EVERY + f"  public.lines: {{destination_bigquery_dataset: {other}}}\n"
    tables = tables.replace("tables: {public.*: }", "tables:\n  public.*:")
    for name in ("orders", "lines"):
        sql(f"UPDATE {name} SET amount = 'NaN' WHERE id = 1")
    batch_id = named(many(tables=tables))
    sql("UPDATE orders SET amount = 1; UPDATE lines SET amount = 1")
    assert last(many.ok(tables=tables, retry_failed=batch_id)).startswith("2 of 2 tables")
    assert "left to be synced" in many.ok(tables=tables, retry_failed=batch_id).out
    for name in (many.dataset, other):
        launches = f"SELECT batch_id FROM `{PROJECT}.{name}.sync_batches`"
        assert len(list(many.client.query_and_wait(launches))) == 2


IGNORING = EVERY.replace("merge_keys: auto", "merge_keys: auto, new_tables: ignore")


def test_new_tables_are_loaded_and_told_or_left_alone(many, sql):
    ignoring = IGNORING.replace("public.*: ", "public.*: , public.users: ")
    plan = many.ok(tables=ignoring, plan_only="true").out
    assert plan.count("skipped  public.") == 2
    assert "new: 1 table, whose destination is made: public.users" in plan
    first = many.ok(tables=ignoring).out
    assert counts(many) == {"users": 3}
    assert first.count("a new table is left alone") == 2
    assert "new: 1 table, whose destination is made: public.users" in first
    assert last(many.ok(tables=ignoring)).endswith(", 2 left alone")
    many.ok(select="public.orders")
    assert last(many.ok(tables=ignoring)).endswith(", 1 left alone")
    assert counts(many) == {"orders": 5, "users": 3}
    assert not [run for run in many.history() if run["destination"].endswith("lines")]


def test_a_table_whose_grants_are_gone_fails_and_one_never_read_is_told(
    many, sql, database, caplog
):
    role = f"{database.database}_reader"
    sql(f"CREATE ROLE {role} LOGIN")
    try:
        sql(f"GRANT SELECT ON orders, users TO {role}; GRANT SELECT (id) ON lines TO {role}")
        many.defaults |= {"postgresql_username": role}
        assert many.ok()
        assert "1 table that patterns mean may not be read, and none is synced: pub" in caplog.text
        sql("ALTER TABLE orders RENAME TO old")
        sql(TABLE.format("orders", 6))
        again = many()
        assert (again.code, ended(many)["users"][0]) == (10, "succeeded")
        assert "a table that the role may not read (public.orders): it lacks SELECT" in again.out
        assert many.ok(tables=f"{EVERY}exclude: [public.orders, public.lines]").code == 0
    finally:
        sql(f"DROP OWNED BY {role}; DROP ROLE {role}")


REBUILDING = """
defaults:
  {enable_smart_sync: true, enable_auto_schema: true, delete_existing_table: true,
   clustering_fields: [note], new_tables: ignore}
tables: {public.*: }
"""


def break_off_between_the_renames(many, request):
    """BigQuery gets a rebuild's publishing job, and it ends once the old table is aside."""
    script = request["configuration"]["query"]["query"]
    first, renamed, _ = script.partition("END IF;\n")
    config = request["configuration"]
    config["query"]["query"] = f"{first}{renamed}RAISE USING MESSAGE = 'no more'"
    many.client._connection.api_request("POST", f"/projects/{PROJECT}/jobs", data=request)
    job = many.client.get_job(request["jobReference"]["jobId"])
    assert "no more" in str(job.exception())


def test_a_table_that_a_rebuild_set_aside_is_not_new(many, start, proxy):
    """The first launch is killed, and its rebuild breaks off between the two renames."""
    table = f"`{PROJECT}.{many.dataset}.orders`"
    many.client.query_and_wait(f"CREATE TABLE {table} AS SELECT 7 AS id, 'old' AS note")
    gate = Gate(proxy, **job("publish_1"))
    run = start(tables=REBUILDING)
    gate.wait(run)
    run.kill()
    (sent,) = [seen.body for seen in proxy.seen if gate.rule.matches(seen)]
    break_off_between_the_renames(many, sent)
    assert counts(many) == {}
    lapse(many, "_sync_lock_orders")
    again = many.ok(tables=REBUILDING)
    assert again.out.count("a new table is left alone") == 2
    assert counts(many) == {"orders": 5}
    assert not [name for name in many.tables() if name.startswith(("_sync_old", "_sync_new"))]


WINDOW = {"verify_only": "true", "verify_start": "2020-01-01", "verify_end": "2021-01-01"}


def test_a_past_window_of_all_tables_is_compared_side_by_side(many, sql, caplog):
    sql("UPDATE orders SET updated_at = '2020-06-01'; UPDATE lines SET updated_at = '2020-06-01'")
    sql("INSERT INTO orders VALUES (99, 'late', 1, now() - interval '1 min')")
    sql("INSERT INTO lines VALUES (99, 'late', 1, now() - interval '1 min')")
    sql("CREATE TABLE stampless (id int PRIMARY KEY)")
    tables = EVERY.replace("merge_keys: auto", "merge_keys: auto, without_cursor: replace")
    many.ok(tables=tables)
    good = many.ok(tables=tables, **WINDOW)
    (lines,) = [line.split()[:7] for line in good.out.splitlines() if "public.lines " in line]
    assert lines == ["public.lines", "verified", "7", "7", "0", "0", "0"]
    assert last(good) == "3 of 4 tables verified: 12 rows of BigQuery compared, 1 left alone"
    many.client.query_and_wait(f"DELETE FROM `{PROJECT}.{many.dataset}.lines` WHERE id = 3")
    bad = many(tables=tables, **WINDOW)
    assert bad.code == 10
    assert ended(many)["lines"][:2] == ("differs", 8)
    assert "lacking in BigQuery, or there in another version: 1" in caplog.text
    assert many(tables=tables, select="public.lines", **WINDOW).code == 8
    retried = many(tables=tables, retry_failed=named(bad), **WINDOW)
    assert f"verified {PROJECT}.{many.dataset}.lines, updated_at in (" in retried.out
    sums = f"SELECT * FROM `{PROJECT}.{many.dataset}.sync_batches_latest` ORDER BY last_event"
    batches = [dict(row) for row in many.client.query_and_wait(sums)]
    assert [(one["tables"], one["failed"]) for one in batches[1:3]] == [(3, 0), (3, 1)]
    whole = many(tables="{defaults: {write_disposition: WRITE_TRUNCATE}, tables: {public.*: }}")
    assert whole.code == 0
    none = many(
        tables="{defaults: {write_disposition: WRITE_TRUNCATE}, tables: {public.*: }}", **WINDOW
    )
    assert (none.code, "set enable_smart_sync=true" in none.err) == (2, True)


def test_rows_of_all_tables_are_proven_before_they_are_published(many):
    many.ok(tables=EVERY.replace("merge_keys: auto", "merge_keys: auto, verify: true"))
    proven = [json.loads(run["verification"]) for run in many.history()]
    assert sorted(one["rows"] for one in proven) == sorted(ROWS.values())
    assert all(one["source"] == one["staged"] for one in proven)


def test_the_first_good_launch_after_a_failed_one_is_told_as_a_recovery(many, sql, monkeypatch):
    monkeypatch.setattr("pipeline.runs.webhook.PAUSE", wait_none())
    sql(KEYLESS)
    with hook_server() as hook:
        many(notify_webhook=hook.url)
        many.ok(select="public.users", notify_webhook=hook.url)  # which did not fail
        many(select="public.keyless", notify_webhook=hook.url)
        sql("ALTER TABLE keyless ADD PRIMARY KEY (id)")
        many.ok(notify_webhook=hook.url)
        many.ok(notify_webhook=hook.url)
        texts = hook.texts
    assert hook.firsts == ["Smart Sync", "Smart Sync", "Smart Sync recovered"]
    first, launch, *others = texts[-1].split("\n")
    assert first.startswith("Smart Sync recovered: 4 of 4 tables succeeded: ")
    assert launch.startswith("launch: ")
    [(destination, run_before)] = [line.split(": run before: ") for line in others]
    assert destination == f"{PROJECT}.{many.dataset}.keyless"
    assert run_before.endswith(", failed, exit code 4")


def test_a_selection_that_is_disabled_says_so(many):
    words = "{tables: {public.*: , public.users: {disabled: true}}}"
    told = many.ok(tables=words, select="public.users").out
    assert told == "no table to sync: all that select names are disabled\n"
    assert (
        json.loads(
            many.ok(tables=words, select="public.users", plan_only="true", plan_format="json").out
        )["tables"]
        == []
    )
