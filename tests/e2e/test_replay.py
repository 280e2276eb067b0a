"""Replay of dead letters: a run's refused rows through today's plan, published and marked."""

import datetime as dt
import hashlib

import pytest
from google.cloud import bigquery

from auto_schema.kept_row import unpacked
from smart_sync.letters_sql import FIELDS
from tests.fault_rules import job
from tests.processes import Gate

ORDERS = """
CREATE TABLE orders (id int8 PRIMARY KEY, note text, updated_at timestamptz NOT NULL);
INSERT INTO orders VALUES
  (1, 'good', '2024-01-01 10:00'), (2, 'much too long', '2024-01-01 11:00'),
  (3, 'as long as it', '2024-01-01 12:00'), (4, NULL, '2024-01-01 13:00')
"""
MERGE = {
    "source_table_for_schema": "public.orders",
    "enable_smart_sync": "true",
    "write_disposition": "WRITE_MERGE",
    "merge_keys": "id",
    "max_dead_letters": "10",
}
APPEND = MERGE | {"write_disposition": "WRITE_APPEND", "merge_keys": None}
NARROW = "id INT64, note STRING(5), updated_at TIMESTAMP"


def with_letters(sync, sql, **parameters):
    """A sync into a column that is too narrow; the name of its run."""
    sql(ORDERS)
    sync.client.query_and_wait(f"CREATE TABLE {sync.dataset}.t ({NARROW})")
    sync.ok(**parameters)
    assert sync.rows("id") == [(1,), (4,)]
    return sync.history()[-1]["run_id"]


def widen(sync):
    table = sync.table()
    table.schema = [
        bigquery.SchemaField(
            field.name, field.field_type, field.mode, description=field.description or ""
        )
        for field in table.schema
    ]
    sync.client.update_table(table, ["schema"])


def letters(sync, select="row_stage, replayed_by, last_run_id"):
    return sync.rows(select, "t_dead_letters")


@pytest.mark.parametrize("parameters", [MERGE, APPEND], ids=["by key", "appended"])
def test_rows_that_a_column_was_too_narrow_for_are_published_once_it_is_wider(
    sync, sql, parameters
):
    run_id = with_letters(sync, sql, **parameters)
    assert letters(sync) == [("arrived", None, run_id)] * 2
    widen(sync)
    result = sync.ok(**parameters, replay_dead_letters=run_id)
    assert sync.rows("id, note, updated_at")[1:3] == [
        (2, "much too long", dt.datetime(2024, 1, 1, 11, tzinfo=dt.UTC)),
        (3, "as long as it", dt.datetime(2024, 1, 1, 12, tzinfo=dt.UTC)),
    ]
    replay = sync.history()[-1]
    assert (replay["mode"], replay["replayed_run"], replay["status"]) == (
        "replay",
        run_id,
        "succeeded",
    )
    assert [replay[name] for name in ("rows_read", "rows_dead", "rows_published")] == [2, 0, 2]
    assert replay["window_end"] is None
    assert letters(sync) == [("arrived", replay["run_id"], run_id)] * 2
    assert "2 replayed" in result.out

    sync.ok(**parameters, replay_dead_letters=run_id)
    assert len(sync.rows("id")) == 4
    assert letters(sync) == [("arrived", replay["run_id"], run_id)] * 2


CHECKS = """
version: 2
models:
  - name: t
    columns:
      - name: note
        data_tests:
          - accepted_values: {values: [%s]}
"""
QUARANTINE = MERGE | {"on_check_failure": "quarantine"}


def test_rows_that_failed_a_check_are_published_once_the_check_was_corrected(sync, sql):
    sql(ORDERS)
    sync.ok(**QUARANTINE, checks=CHECKS % "good")
    run_id = sync.history()[-1]["run_id"]
    assert sync.rows("id") == [(1,), (4,)]
    assert letters(sync) == [("staged", None, run_id)] * 2

    half = sync.ok(**QUARANTINE, checks=CHECKS % "good, much too long", replay_dead_letters=run_id)
    assert "1 replayed, 1 still dead" in half.out
    first = sync.history()[-1]["run_id"]
    assert sync.rows("id") == [(1,), (2,), (4,)]
    assert set(letters(sync, "replayed_by, refused_by")) == {(None, first), (first, None)}

    sync.ok(**MERGE, replay_dead_letters=run_id)
    assert sync.rows("id, note, updated_at")[2] == (
        3,
        "as long as it",
        dt.datetime(2024, 1, 1, 12, tzinfo=dt.UTC),
    )
    assert all(letters(sync, "replayed_by"))
    assert len(letters(sync)) == 2


def test_a_newer_version_in_the_table_is_not_beaten_and_its_letter_is_settled(sync, sql):
    run_id = with_letters(sync, sql, **MERGE)
    sql("UPDATE orders SET note = 'new', updated_at = '2024-02-01' WHERE id = 2")
    sync.ok(**MERGE)
    widen(sync)
    result = sync.ok(**MERGE, replay_dead_letters=run_id)
    assert sync.rows("id, note") == [
        (1, "good"),
        (2, "new"),
        (3, "as long as it"),
        (4, None),
    ]
    assert "1 replayed, 0 still dead, 1 not newer than the table's row" in result.out
    assert all(letters(sync, "replayed_by"))


def test_a_row_of_the_same_cursor_in_the_table_stays(sync, sql):
    run_id = with_letters(sync, sql, **MERGE)
    sync.client.query_and_wait(
        f"INSERT INTO {sync.dataset}.t VALUES (2, 'mend', TIMESTAMP '2024-01-01 11:00:00+00')"
    )
    widen(sync)
    sync.ok(**MERGE, replay_dead_letters=run_id)
    assert sync.rows("id, note")[1:3] == [(2, "mend"), (3, "as long as it")]


def test_without_a_cursor_a_row_whose_key_is_there_stays(sync, sql):
    plain = {"postgresql_query": "SELECT * FROM orders", "write_disposition": "WRITE_MERGE"}
    plain |= {"merge_keys": "id", "max_dead_letters": "10"}
    run_id = with_letters(sync, sql, **plain)
    sync.client.query_and_wait(
        f"INSERT INTO {sync.dataset}.t VALUES (2, 'mend', TIMESTAMP '2020-01-01 11:00:00+00')"
    )
    widen(sync)
    sync.ok(**plain, replay_dead_letters=run_id)
    assert sync.rows("id, note")[1:3] == [(2, "mend"), (3, "as long as it")]


def test_rows_that_are_equal_are_appended_as_often_as_they_were_there(sync, sql):
    sql("CREATE TABLE twice (note text); INSERT INTO twice VALUES ('too long'), ('too long')")
    sync.client.query_and_wait(f"CREATE TABLE {sync.dataset}.t (note STRING(5))")
    plain = {"postgresql_query": "SELECT * FROM twice", "max_dead_letters": "10"}
    sync.ok(**plain)
    run_id = sync.history()[-1]["run_id"]
    widen(sync)
    sync.ok(**plain, replay_dead_letters=run_id)
    assert sync.rows("note") == [("too long",), ("too long",)]


def test_rows_are_not_appended_when_a_later_run_may_have_brought_them(sync, sql):
    sql(ORDERS)
    sync.client.query_and_wait(f"CREATE TABLE {sync.dataset}.t ({NARROW})")
    plain = {"postgresql_query": "SELECT * FROM orders", "max_dead_letters": "10"}
    sync.ok(**plain)
    run_id = sync.history()[-1]["run_id"]
    widen(sync)
    sync.ok(**plain)
    before = sync.rows("id")
    refused = sync(**plain, replay_dead_letters=run_id)
    assert refused.code == 2
    assert "rows that may be in the table already" in refused.err
    assert sync.rows("id") == before
    assert len(sync.history()) == 2


def test_letters_of_a_run_that_published_nothing_are_refused(sync, sql):
    sql(ORDERS)
    sync.client.query_and_wait(f"CREATE TABLE {sync.dataset}.t ({NARROW})")
    assert sync(**MERGE | {"max_dead_letters": "0"}).code == 7
    failed = sync.history()[-1]["run_id"]
    widen(sync)
    refused = sync(**MERGE, replay_dead_letters=failed)
    assert refused.code == 2
    assert "letters of a run that has not published" in refused.err
    assert sync.rows("id") == []


def test_a_run_without_letters_of_this_table_is_one_clear_error(sync, sql):
    sql(ORDERS)
    sync.ok(**MERGE)
    clean = sync.history()[-1]["run_id"]
    sync.ok(**MERGE, destination_bigquery_table="u")
    other = sync.history()[-1]["run_id"]
    for run_id, what in (
        ("20200101t000000-00000000", "an unknown run"),
        (other, "a run of another table"),
        (clean, "a run without dead letters"),
    ):
        refused = sync(**MERGE, replay_dead_letters=run_id)
        assert (refused.code, what in refused.err) == (2, True), refused.err
        assert len(sync.history()) == 2


def test_a_row_that_is_refused_again_stays_one_letter_that_waits(sync, sql):
    run_id = with_letters(sync, sql, **MERGE)
    result = sync.ok(**MERGE, replay_dead_letters=run_id)
    replay = sync.history()[-1]["run_id"]
    assert "0 replayed, 2 still dead" in result.out
    assert letters(sync, "replayed_by, refused_by, run_id") == [(None, replay, run_id)] * 2
    widen(sync)
    sync.ok(**MERGE, replay_dead_letters=run_id)
    assert len(sync.rows("id")) == 4


def test_a_letter_waits_again_when_a_later_run_leaves_its_row_out_once_more(sync, sql):
    run_id = with_letters(sync, sql, **MERGE)
    widen(sync)
    sync.ok(**MERGE, replay_dead_letters=run_id)
    sync.client.query_and_wait(f"CREATE OR REPLACE TABLE {sync.dataset}.t ({NARROW})")
    sync.ok(**MERGE)
    again = sync.history()[-1]["run_id"]
    assert letters(sync, "run_id, last_run_id, replayed_by") == [(run_id, again, None)] * 2


def test_a_replay_that_failed_leaves_no_letter_by_which_a_row_comes_twice(sync, sql):
    run_id = with_letters(sync, sql, **APPEND)
    widen(sync)
    strict = APPEND | {"on_check_failure": "quarantine", "checks": CHECKS % "good"}
    failed = sync(**strict | {"max_dead_letters": "1"}, replay_dead_letters=run_id)
    assert failed.code == 7
    assert set(letters(sync, "row_stage, replayed_by")) == {("arrived", None), ("staged", None)}

    again = sync.ok(**strict, replay_dead_letters=run_id)
    assert "0 replayed, 2 still dead" in again.out
    taken = sync.history()[-1]["run_id"]
    assert set(letters(sync, "row_stage, replayed_by, run_id")) == {
        ("arrived", taken, run_id),
        ("staged", None, taken),
    }
    sync.ok(**APPEND, replay_dead_letters=run_id)
    assert sync.rows("id") == [(1,), (2,), (3,), (4,)]
    assert all(letters(sync, "replayed_by"))


def test_letters_that_have_changed_since_they_were_read_are_neither_marked_nor_published(
    sync, sql, start, proxy
):
    run_id = with_letters(sync, sql, **MERGE)
    widen(sync)
    gate = Gate(proxy, **job("publish_1"))
    run = start(**MERGE, replay_dead_letters=run_id)
    gate.wait(run)
    table = f"`{sync.dataset}.t_dead_letters`"
    late = f"SELECT * REPLACE ('late' AS row_hash) FROM {table} LIMIT 1"
    sync.client.query_and_wait(f"INSERT INTO {table} {late}")
    gate.open()
    assert run.wait() == 5
    assert "has changed since its letters were read" in run.output
    assert sync.rows("id") == [(1,), (4,)]
    assert letters(sync, "replayed_by") == [(None,)] * 3


def test_rows_are_appended_when_later_windows_lie_behind_theirs(sync, sql):
    run_id = with_letters(sync, sql, **APPEND)
    widen(sync)
    sql("INSERT INTO orders VALUES (5, 'later', now())")
    sync.ok(**APPEND, smart_sync_margin="0s")
    assert len(sync.rows("id")) == 3
    sync.ok(**APPEND, replay_dead_letters=run_id)
    assert sync.rows("id") == [(1,), (2,), (3,), (4,), (5,)]
    sync.ok(**APPEND)
    assert len(sync.rows("id")) == 5


def test_a_row_that_a_later_window_reached_once_more_is_not_added(sync, sql):
    """Windows begin at MAX of the table, which lies before a row that was left out."""
    sql(ORDERS + ", (5, 'too long, and the newest', '2024-01-01 14:00')")
    sync.client.query_and_wait(f"CREATE TABLE {sync.dataset}.t ({NARROW})")
    sync.ok(**APPEND)
    run_id = sync.history()[-1]["run_id"]
    widen(sync)
    sync.ok(**APPEND)
    assert sync.rows("id") == [(1,), (4,), (5,)]
    result = sync.ok(**APPEND, replay_dead_letters=run_id)
    assert "2 replayed, 1 still dead" in result.out
    assert sync.rows("id") == [(1,), (2,), (3,), (4,), (5,)]
    assert "a later run may have read it again" in str(letters(sync, "reason"))


def test_rows_of_a_replay_that_was_rolled_back_are_replayed_again(sync, sql):
    run_id = with_letters(sync, sql, **APPEND)
    widen(sync)
    sync.ok(**APPEND, keep_snapshots="true", replay_dead_letters=run_id)
    undone = sync.history()[-1]["run_id"]
    sync.ok(**APPEND, rollback_run=undone)
    assert sync.rows("id") == [(1,), (4,)]
    assert "2 replayed" in sync.ok(**APPEND, replay_dead_letters=run_id).out
    assert sync.rows("id") == [(1,), (2,), (3,), (4,)]
    assert undone not in {by for (by,) in letters(sync, "replayed_by")}


def test_letters_of_an_earlier_version_are_told_and_kept_whole_when_they_come_again(sync, sql):
    sql(ORDERS)
    sync.client.query_and_wait(f"CREATE TABLE {sync.dataset}.t ({NARROW})")
    sync.client.query_and_wait(
        f"CREATE TABLE {sync.dataset}.t_dead_letters (run_id STRING, time TIMESTAMP,"
        " destination STRING, column_name STRING, value STRING, reason STRING, raw_row JSON,"
        " row_hash STRING)"
    )
    sync.ok(**MERGE)
    run_id = sync.history()[-1]["run_id"]
    assert len(letters(sync)) == 2
    for name, _ in FIELDS[FIELDS.index(("row_stage", "STRING")) :]:  # as it was made above
        sync.client.query_and_wait(f"ALTER TABLE {sync.dataset}.t_dead_letters DROP COLUMN {name}")
    plan = sync.ok(**MERGE, replay_dead_letters=run_id, plan_only="true").out
    assert "NOT REPLAYED: an earlier version of Smart Sync wrote it" in plan
    assert "2 not replayable" in sync.ok(**MERGE, replay_dead_letters=run_id).out
    sync.client.query_and_wait(f"TRUNCATE TABLE {sync.dataset}.t")
    sync.ok(**MERGE)
    assert letters(sync, "row_stage, typed_row IS NOT NULL") == [("arrived", True)] * 2


MASKS = '{"mask": {"secret": {"method": "sha256", "salt": "%s"}}, "exclude_fields": ["hidden"]}'


def test_what_is_masked_is_kept_and_published_under_its_mask(sync, sql):
    sql("""CREATE TABLE people (id int8 PRIMARY KEY, note text, secret text, hidden text);
      INSERT INTO people VALUES (1, 'much too long', 'top secret', 'unseen')""")
    sync.client.query_and_wait(
        f"CREATE TABLE {sync.dataset}.t (id INT64, note STRING(5), secret STRING)"
    )
    plain = {"postgresql_query": "SELECT * FROM people", "max_dead_letters": "1"}
    salted = plain | {"transformation_config": MASKS % "pepper"}
    sync.ok(**salted)
    run_id = sync.history()[-1]["run_id"]
    (kept,) = letters(sync, "typed_row")
    row = unpacked(kept[0])
    texts = str(row.to_pylist()) + str(row.schema.metadata)
    assert "top secret" not in texts
    assert "unseen" not in texts
    assert "pepper" not in texts
    widen(sync)

    other = plain | {"transformation_config": MASKS % "salt"}
    again = sync.ok(**other, replay_dead_letters=run_id)
    assert "0 replayed, 1 still dead" in again.out
    assert "'secret' was masked or cast in another way" in str(letters(sync, "reason"))

    sync.ok(**salted, replay_dead_letters=run_id)
    masked = hashlib.sha256(b"peppertop secret").hexdigest()
    assert sync.rows("id, note, secret") == [(1, "much too long", masked)]
    assert all(letters(sync, "replayed_by"))


def test_the_plan_shows_the_letters_and_writes_nothing(sync, sql):
    run_id = with_letters(sync, sql, **MERGE)
    plan = sync.ok(**MERGE, replay_dead_letters=run_id, plan_only="true").out
    assert f"2 rows of the dead letters of run {run_id}" in plan
    assert "2 × note: longer than the 5 characters of STRING(5)" in plan
    assert len(sync.history()) == 1
