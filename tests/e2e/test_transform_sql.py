"""transform_sql: what one SELECT makes of the staged rows is what is checked and published."""

import json

import pytest

from tests.sync import HISTORY

SOURCE = {"source_table_for_schema": "public.orders"}
TABLE = """
CREATE TABLE orders (id int8, status text, amount numeric(12, 2), customer int8,
                     updated_at timestamptz);
INSERT INTO orders VALUES (1, 'paid', 10.50, 7, '2025-07-01 10:00+00'),
                          (2, 'test', 20, 8, '2025-07-01 11:00+00'),
                          (3, 'open', NULL, 8, '2025-07-02 09:00+00')
"""
DERIVED = """
-- what the warehouse wants
SELECT * EXCEPT (customer), DATE(updated_at) AS day,
  IFNULL(amount, 0) * 2 AS twice
FROM staged WHERE status != 'test' -- no tests
"""
SMART = SOURCE | {"enable_smart_sync": "true"}


def figures(sync):
    return json.loads(sync.history()[-1]["verification"])["transform_sql"]


def test_what_the_query_makes_is_published(sync, sql):
    sql(TABLE)
    result = sync.ok(**SOURCE, transform_sql=DERIVED)
    assert "3 rows read, 2 published" in result.out
    assert sync.types() == {
        "id": "INTEGER",
        "status": "STRING",
        "amount": "NUMERIC",
        "updated_at": "TIMESTAMP",
        "day": "DATE",
        "twice": "NUMERIC",
    }
    rows = [(i, s, str(d), t) for i, s, d, t in sync.rows("id, status, day, twice")]
    assert rows == [(1, "paid", "2025-07-01", 21), (3, "open", "2025-07-02", 0)]
    assert figures(sync) == {"rows": 2, "rows_staged": 3}
    assert sync.tables() == HISTORY | {"t"} | locks(sync)
    run = sync.history()[-1]
    assert (run["rows_read"], run["rows_staged"], run["rows_published"]) == (3, 3, 2)


def locks(sync):
    return {name for name in sync.tables() if name.startswith("_sync_lock_")}


def test_a_second_run_reads_what_is_new_and_makes_the_same_of_it(sync, sql):
    sql(TABLE)
    sync.ok(**SMART, transform_sql=DERIVED)
    sql("INSERT INTO orders VALUES (4, 'paid', 1.5, 7, '2025-07-03 10:00+00')")
    result = sync.ok(**SMART, transform_sql=DERIVED)
    assert "1 row read, 1 published" in result.out
    assert sync.rows("id, twice") == [(1, 21), (3, 0), (4, 3)]
    assert sync.history()[-1]["watermark_after"].startswith("2025-07-03 10:00:00")


MERGE = {"write_disposition": "WRITE_MERGE", "merge_keys": "id"}
BY_HAND = {
    "write_disposition": "WRITE_TRUNCATE",
    "sync_start": "2025-07-01",
    "sync_end": "2025-07-03",
    "enable_auto_schema": "true",
}
WAYS = {
    "append": SMART,
    "merge": SMART | MERGE,
    "replace": SOURCE | {"write_disposition": "WRITE_TRUNCATE"},
    "empty": SOURCE | {"write_disposition": "WRITE_EMPTY"},
    "rebuild": SOURCE | {"delete_existing_table": "true"},
    "partitions": SMART | BY_HAND,
}
EXPECTED = [
    (1, "paid", "2025-07-01", 21),
    (3, "open", "2025-07-02", 0),
    (4, "paid", "2025-07-03", 2),
]


def told(sync):
    return [(i, s, str(d), t) for i, s, d, t in sync.rows("id, status, day, twice")]


def publish_twice(sync, sql, name):
    """Into a new table, and into one that is there."""
    sql(TABLE)
    first = {k: v for k, v in WAYS[name].items() if k not in ("sync_start", "sync_end")}
    first |= {"write_disposition": "WRITE_APPEND"} if name == "partitions" else {}
    sync.ok(**first, transform_sql=DERIVED)
    assert told(sync) == EXPECTED[:2]
    sql("INSERT INTO orders VALUES (4, 'paid', 1, 7, '2025-07-03 10:00+00')")
    sql("UPDATE orders SET amount = 10.5 WHERE id = 1")
    if name == "empty":
        sync.client.query_and_wait(f"DELETE FROM `{sync.dataset}.t` WHERE TRUE")
    result = sync.ok(**WAYS[name], transform_sql=DERIVED)
    assert told(sync) == (EXPECTED[:2] if name == "partitions" else EXPECTED), result.out
    assert not [table for table in sync.tables() if "_staging_" in table or "_result_" in table]


@pytest.mark.parametrize("name", WAYS)
def test_each_way_of_publishing_takes_the_rows_that_the_query_makes(sync, sql, name):
    publish_twice(sync, sql, name)


@pytest.mark.parametrize("name", ["append", "rebuild"])
def test_rows_that_one_job_has_loaded_are_what_the_query_sees(
    sync, sql, name, bucket, dataset, monkeypatch
):
    """Of a bucket, whether the table stays or is made anew: the other ways differ behind it."""
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", bucket)
    sync.defaults["temp_location"] = f"gs://bkt/{dataset}/temp"
    publish_twice(sync, sql, name)


def test_the_plan_shows_the_query_and_the_columns_that_it_makes(sync, sql):
    sql(TABLE)
    plan = sync.ok(**SMART, transform_sql=DERIVED, plan_only="true").out
    assert "WITH staged AS (" in plan
    assert "day         DATE  (made by the query)" in plan
    assert sync.tables() == set()


def test_a_query_that_bigquery_does_not_understand_ends_the_launch(sync, sql):
    sql(TABLE)
    wrong = "SELECT *,\n  UPPER(stauts) AS s\nFROM staged"
    result = sync(**SOURCE, transform_sql=wrong)
    assert result.code == 4
    assert "stauts" in result.err
    assert "The columns of staged: id INT64, status STRING, amount NUMERIC" in result.err
    assert "t" not in sync.tables()


def test_a_query_may_join_other_tables_of_the_dataset(sync, sql):
    sql(TABLE)
    sync.client.query_and_wait(
        f"CREATE TABLE `{sync.dataset}.customers` AS SELECT 7 AS customer, 'DE' AS country"
    )
    joined = "SELECT s.*, c.country FROM staged AS s LEFT JOIN customers AS c USING (customer)"
    plan = sync.ok(**SMART, transform_sql=joined, plan_only="true").out
    assert f"reads demo-project.{sync.dataset}.customers" in plan
    sync.ok(**SMART, transform_sql=joined)
    assert sync.rows("id, country") == [(1, "DE"), (2, None), (3, None)]
    sql("INSERT INTO orders VALUES (4, 'paid', 1, 7, '2025-07-03 10:00+00')")
    sync.ok(**SMART, transform_sql=joined)
    assert sync.rows("id, country")[-1] == (4, "DE")


def test_the_query_may_stand_in_a_file(sync, sql, tmp_path):
    sql(TABLE)
    file = tmp_path / "orders.sql"
    file.write_text("SELECT id FROM staged")
    sync.ok(**SOURCE, transform_sql=str(file))
    assert sync.types() == {"id": "INTEGER"}
    result = sync(**SOURCE, transform_sql=str(tmp_path / "gone.sql"))
    assert result.code == 2
    assert "no such file (transform_sql)" in result.err


def test_checks_look_at_what_the_query_makes(sync, sql):
    sql(TABLE)
    checks = "{models: [{name: t, columns: [{name: day, data_tests: [not_null, unique]}]}]}"
    sync.ok(**SOURCE, transform_sql=DERIVED, checks=checks)
    sql("UPDATE orders SET status = 'late', updated_at = '2025-07-02 11:00+00' WHERE id = 2")
    again = {"write_disposition": "WRITE_TRUNCATE"}
    result = sync(**SOURCE, **again, transform_sql=DERIVED, checks=checks)
    assert result.code == 11, result.out
    run = sync.history()[-1]
    kept = "_sync_result_" + run["run_id"].replace("-", "_")
    assert kept in result.err
    assert len(sync.rows("day", kept)) == 3
    assert not [table for table in sync.tables() if "_staging_" in table]


def test_a_value_that_the_query_can_not_make_ends_the_run(sync, sql):
    sql(TABLE)
    result = sync(**SOURCE, transform_sql="SELECT id, ERROR('no such status') AS e FROM staged")
    assert result.code == 5, result.out
    assert "transform_sql failed" in result.err
    assert sync.history()[-1]["status"] == "failed"
    assert "t" not in sync.tables()
    assert not [table for table in sync.tables() if "_staging_" in table or "_result_" in table]


def test_a_run_without_a_new_row_does_not_ask_the_query(sync, sql):
    sql(TABLE)
    sync.ok(**SMART, transform_sql=DERIVED)
    sync.ok(**SMART, transform_sql=DERIVED)
    assert sync.history()[-1]["verification"] is None
    assert len(sync.rows("id")) == 2


GUARDS = {
    "cursor": ("SELECT * REPLACE (TIMESTAMP_TRUNC(updated_at, DAY) AS updated_at) FROM staged", {}),
    "later": (
        "SELECT * REPLACE (TIMESTAMP_ADD(updated_at, INTERVAL 1 DAY) AS updated_at) FROM staged",
        {},
    ),
    "gone": ("SELECT * REPLACE (IF(id = 1, NULL, updated_at) AS updated_at) FROM staged", {}),
    "keys": ("SELECT * REPLACE (id + 1 AS id) FROM staged", MERGE),
    "mixed": (
        "SELECT a.* REPLACE (b.updated_at AS updated_at) FROM staged AS a CROSS JOIN staged AS b",
        MERGE,
    ),
}


@pytest.mark.parametrize("name", GUARDS)
def test_keys_and_cursor_that_nobody_staged_end_the_run(sync, sql, name):
    sql(TABLE)
    query, words = GUARDS[name]
    result = sync(**SMART, **words, transform_sql=query)
    assert result.code == 2, result.out
    assert "transform_sql must keep keys and cursor" in result.err
    assert "t" not in sync.tables()


FIRST = "(SELECT * FROM staged QUALIFY ROW_NUMBER() OVER (ORDER BY updated_at) = 1)"
OF_ANOTHER_ROW = (
    f"SELECT a.id, b.updated_at FROM staged AS a CROSS JOIN {FIRST} AS b",
    "WITH b AS (SELECT updated_at FROM staged ORDER BY updated_at LIMIT 1)"
    " SELECT a.id, b.updated_at FROM staged AS a, b",
    "WITH s AS (SELECT * FROM staged) SELECT a.id, b.updated_at FROM s AS a JOIN s AS b ON TRUE"
    " QUALIFY ROW_NUMBER() OVER (PARTITION BY a.id ORDER BY b.updated_at) = 1",
)


@pytest.mark.parametrize("query", OF_ANOTHER_ROW)
def test_a_cursor_of_another_row_that_ends_earlier_is_refused(sync, sql, query):
    sql(TABLE)
    result = sync(**SMART, transform_sql=query)
    assert result.code == 2, result.out
    assert "lowers the cursor's MAX" in result.err
    assert "t" not in sync.tables()


LOWEST = "SELECT customer, MIN(updated_at) AS updated_at FROM staged GROUP BY customer"


def test_a_cursor_that_the_query_lowers_is_refused_where_rows_would_come_twice(sync, sql):
    sql(TABLE)
    result = sync(**SMART, transform_sql=LOWEST)
    assert result.code == 2, result.out
    assert "lowers the cursor's MAX" in result.err
    sync.ok(**SMART, transform_sql=LOWEST.replace("MIN", "MAX"))
    assert len(sync.rows("customer")) == 2


def test_rows_that_the_query_leaves_out_do_not_move_the_watermark(sync, sql):
    sql(TABLE)
    only = "SELECT * FROM staged WHERE id = 1"
    sync.ok(**SMART, transform_sql=only)
    assert sync.history()[-1]["watermark_after"].startswith("2025-07-01 10:00:00")
    sync.ok(**SMART, transform_sql="SELECT * FROM staged")
    assert sync.rows("id") == [(1,), (2,), (3,)]


def test_rows_of_one_key_that_a_join_multiplies_are_refused_by_a_merge(sync, sql):
    sql(TABLE)
    doubled = "SELECT staged.*, n FROM staged CROSS JOIN UNNEST([1, 2]) AS n"
    result = sync(**SMART, **MERGE, transform_sql=doubled)
    assert result.code == 5, result.out
    assert "rows with the same merge_keys and the same updated_at differ" in result.err
    same = "SELECT staged.* FROM staged CROSS JOIN UNNEST([1, 2])"
    sync.ok(**SMART, **MERGE, transform_sql=same)
    assert sync.rows("id") == [(1,), (2,), (3,)]
    assert figures(sync) == {"rows": 6, "rows_staged": 3}


def test_a_proof_is_one_of_the_staged_rows(sync, sql):
    sql(TABLE)
    plan = sync.ok(**SMART, transform_sql=DERIVED, verify="true", plan_only="true").out
    assert "that is before transform_sql" in plan
    sync.ok(**SMART, transform_sql=DERIVED, verify="true")
    assert json.loads(sync.history()[-1]["verification"])["rows"] == 3


def test_a_column_that_the_query_casts_is_staged_as_before_in_the_next_run(sync, sql):
    """The destination's type is the query's: it says nothing of the rows that it is made of."""
    sql(TABLE)
    query = "SELECT * REPLACE (CAST(ROUND(amount) AS STRING) AS amount) FROM staged"
    sync.ok(**SMART, transform_sql=query)
    sql("INSERT INTO orders VALUES (4, 'paid', 1.4, 7, '2025-07-03 10:00+00')")
    sync.ok(**SMART, transform_sql=query)
    assert sync.rows("id, amount")[-1] == (4, "1")


def test_names_that_columns_get_by_themselves_are_those_of_staged(sync, sql):
    sql('CREATE TABLE orders (id int8, "order date" date)')
    sql("INSERT INTO orders VALUES (1, '2025-07-01')")
    words = SOURCE | {"rename_columns": "auto"}
    sync.ok(**words)
    (name,) = set(sync.types()) - {"id"}
    again = words | {"write_disposition": "WRITE_TRUNCATE"}
    sync.ok(**again, transform_sql=f"SELECT *, EXTRACT(YEAR FROM {name}) AS year FROM staged")
    assert sync.rows("id, year") == [(1, 2025)]


def test_rows_that_the_query_makes_and_a_check_refuses_become_dead_letters(sync, sql):
    sql(TABLE)
    checks = "{models: [{name: t, columns: [{name: twice, data_tests:"
    checks += " [dbt_utils.accepted_range: {max_value: 20}]}]}]}"
    room = {"on_check_failure": "quarantine", "max_dead_letters": "5"}
    sync.ok(**SMART, transform_sql=DERIVED, checks=checks, **room)
    assert told(sync) == EXPECTED[1:2]
    letters = sync.rows("column_name, JSON_VALUE(raw_row, '$.id')", "t_dead_letters")
    assert letters == [("twice", "1")]
    assert figures(sync) == {"rows": 2, "rows_staged": 3}
    run = sync.history()[-1]
    assert (run["rows_staged"], run["rows_dead"], run["rows_published"]) == (3, 1, 1)


def test_documents_that_bigquery_refuses_are_dead_letters_before_the_query(sync, sql, sent_jobs):
    """It sees JSON, and no text that is none."""
    sql("CREATE TABLE orders (id int8, note jsonb, updated_at timestamptz)")
    sql("""INSERT INTO orders VALUES (1, '{"a": "x"}', now()), (2, '{"a": 1}', now())""")
    query = "SELECT id, JSON_VALUE(note, '$.a') AS a, note, updated_at FROM staged"
    sync.ok(**SOURCE, transform_sql=query, max_dead_letters="3")
    assert sync.rows("id, a") == [(1, "x"), (2, "1")]
    assert sync.types()["note"] == "JSON"
    steps = [job["configuration"].get("labels", {}).get("step") for job in sent_jobs]
    assert steps.index("json_check") < steps.index("transform_sql") < steps.index("publish")


def test_a_column_that_the_query_leaves_out_is_asked_for_by_a_merge(sync, sql):
    sql(TABLE)
    sync.ok(**SMART, **MERGE, transform_sql="SELECT *, id + 1 AS more FROM staged")
    sql("UPDATE orders SET updated_at = '2025-07-05' WHERE id = 1")
    without = SMART | MERGE | {"transform_sql": "SELECT * EXCEPT (status) FROM staged"}
    result = sync(**without)
    assert result.code == 4, result.out
    assert "column 'status'): it is excluded" in result.err
    result = sync.ok(**without, stale_columns="keep")
    assert sync.rows("id, status, more") == [(1, None, None), (2, "test", 3), (3, "open", 4)]


def test_the_destination_s_new_columns_are_the_query_s(sync, sql):
    sql(TABLE)
    sync.ok(**SMART)
    sql("INSERT INTO orders VALUES (4, 'paid', 1, 7, '2025-07-03 10:00+00')")
    result = sync(**SMART, transform_sql=DERIVED, schema_evolution="freeze")
    assert result.code == 4
    assert "day, twice (schema_evolution=freeze)" in result.err
    sync.ok(**SMART, transform_sql=DERIVED)
    assert sync.rows("id, customer, twice")[-1] == (4, None, 2)


def test_beside_a_transformation_the_query_sees_what_that_has_made(sync, sql):
    sql(TABLE)
    rules = {"field_mappings": {"status": "state"}, "filter": [["id", "<", 3]]}
    query = "SELECT id, UPPER(state) AS state FROM staged"
    sync.ok(**SOURCE, transformation_config=json.dumps(rules), transform_sql=query)
    assert sync.rows("id, state") == [(1, "PAID"), (2, "TEST")]


def test_verify_only_is_refused_beside_it(sync):
    window = {"verify_only": "true", "verify_start": "2025-07-01", "verify_end": "2025-07-02"}
    result = sync(**SMART, **window, transform_sql=DERIVED)
    assert result.code == 2
    assert "verify_only beside transform_sql" in result.err


def test_a_look_at_the_rows_may_change_what_the_query_gets(sync, sql):
    """A bare numeric that no BIGNUMERIC holds is staged as a text, and so is what it becomes."""
    sql("CREATE TABLE orders (id int8, n numeric)")
    sql("INSERT INTO orders VALUES (1, 1.5)")
    query = "SELECT *, n AS again FROM staged"
    sync.ok(**SOURCE, transform_sql=query, destination_bigquery_table="narrow")
    assert sync.types("narrow") == {"id": "INTEGER", "n": "BIGNUMERIC", "again": "BIGNUMERIC"}
    sql("INSERT INTO orders VALUES (2, 1e60)")
    sync.ok(**SOURCE, transform_sql=query, destination_bigquery_table="wide")
    assert sync.types("wide") == {"id": "INTEGER", "n": "STRING", "again": "STRING"}
    result = sync(**SOURCE, transform_sql="SELECT ROUND(n) AS n FROM staged")
    assert result.code == 4, result.out
    assert "The columns of staged: id INT64, n STRING." in result.err


def test_a_table_that_is_replaced_by_no_rows_holds_what_the_query_makes_of_none(sync, sql):
    sql(TABLE)
    words = SOURCE | {"write_disposition": "WRITE_TRUNCATE"}
    words |= {"transform_sql": "SELECT COUNT(*) AS n, MAX(id) AS highest FROM staged"}
    sync.ok(**words)
    assert sync.rows() == [(3, 3)]
    sql("DELETE FROM orders")
    sync.ok(**words)
    assert sync.rows() == [(0, None)]
    assert figures(sync) == {"rows": 1, "rows_staged": 0}


def test_a_column_that_the_query_makes_is_filled_in_old_rows(sync, sql):
    sql(TABLE)
    rules = {"exclude_fields": ["customer"], "default_values": {"amount": 3}}
    words = SMART | MERGE | {"transformation_config": json.dumps(rules)}
    sync.ok(**words)
    query = {"transform_sql": "SELECT *, CAST(amount * 2 AS INT64) AS twice FROM staged"}
    sync.ok(**words, **query, backfill_columns="twice")
    assert sync.rows("id, twice") == [(1, 21), (2, 40), (3, 6)]
    assert sync.history()[-1]["mode"] == "backfill_columns"


def test_text_lengths_and_digits_of_the_destination_bound_what_the_query_makes(sync, sql):
    sql(TABLE)
    sync.client.query_and_wait(f"CREATE TABLE `{sync.dataset}.t` (id INT64, amount NUMERIC(12, 1))")
    result = sync(**SOURCE, transform_sql="SELECT id, amount / 4 AS amount FROM staged")
    assert result.code == 5, result.out
    assert "1 rows have more digits in amount" in result.err
    sync.ok(**SOURCE, transform_sql="SELECT id, ROUND(amount / 4, 1) AS amount FROM staged")
    assert [(i, a and float(a)) for i, a in sync.rows()] == [(1, 2.6), (2, 5), (3, None)]


def test_a_table_may_be_partitioned_by_what_the_query_makes(sync, sql):
    sql(TABLE)
    layout = {"enable_auto_schema": "true", "partition_field": "day", "clustering_fields": "twice"}
    words = SMART | MERGE | layout | {"transform_sql": DERIVED}
    sync.ok(**words)
    table = sync.table()
    assert (table.time_partitioning.field, table.clustering_fields) == ("day", ["twice"])
    sql("UPDATE orders SET updated_at = '2025-07-04 10:00+00' WHERE id = 1")
    plan = sync.ok(**words, plan_only="true").out
    assert "the MERGE reads those partitions by day" in plan
    sync.ok(**words)
    assert [(i, d) for i, _, d, _ in told(sync)] == [(1, "2025-07-04"), (3, "2025-07-02")]


def test_a_cursor_that_is_renamed_has_its_new_name_in_staged(sync, sql):
    sql(TABLE)
    rules = {"field_mappings": {"updated_at": "changed"}}
    words = SMART | {"smart_sync_timestamp_column": "updated_at"}
    words |= {"transformation_config": json.dumps(rules)}
    result = sync(**words, transform_sql="SELECT id, DATE(changed) AS updated_at FROM staged")
    assert result.code == 2
    assert "smart_sync_timestamp_column, 'changed'): transform_sql leaves it out" in result.err
    query = "SELECT id, changed, DATE(changed) AS day FROM staged"
    sync.ok(**words, transform_sql=query)
    sql("INSERT INTO orders VALUES (4, 'paid', 1, 7, '2025-07-03 10:00+00')")
    assert "1 row read, 1 published" in sync.ok(**words, transform_sql=query).out
