"""delete_missing end to end: rows go whose keys the source no longer has, and no others."""

import json

import pytest
from google.cloud import bigquery

from tests.compared import FEW, HARD, HUNDRED, MERGE, ids
from tests.e2e.conftest import statements
from tests.sync import PROJECT

ORDERS = HUNDRED


@pytest.fixture
def asked(monkeypatch, sent_jobs):
    """Gives the statements sent since it was asked last."""
    questions, ask = [], bigquery.Client.query_and_wait

    def query_and_wait(client, sql, **rest):
        questions.append(sql)
        return ask(client, sql, **rest)

    def since():
        jobs = [job["configuration"].get("query", {}).get("query", "") for job in sent_jobs]
        statements = [*questions, *jobs]
        questions.clear()
        sent_jobs.clear()
        return statements

    monkeypatch.setattr(bigquery.Client, "query_and_wait", query_and_wait)
    return since


def test_rows_that_the_source_has_deleted_go_beside_what_is_new(sync, orders):
    sync.ok(**HARD)
    orders("DELETE FROM orders WHERE id IN (3, 50, 99)")
    orders("INSERT INTO orders VALUES (101, 'new', now())")
    orders("UPDATE orders SET name = 'v2', updated_at = now() WHERE id = 7")
    result = sync.ok(**HARD)
    assert "2 rows read, 2 published" in result.out
    assert ids(sync) == [i for i in range(1, 102) if i not in (3, 50, 99)]
    assert sync.rows("name", order="id")[4:7] == [("v1",), ("v2",), ("v1",)]
    run = sync.history()[-1]
    assert (run["rows_published"], run["rows_deleted"]) == (2, 3)
    compared = json.loads(run["compared"])
    assert (compared["rows"], compared["source_rows"], compared["missing"]) == (100, 98, 3)


def test_a_run_with_nothing_new_still_deletes(sync, orders):
    sync.ok(**HARD)
    orders("DELETE FROM orders WHERE id = 100")
    sync.ok(**HARD)
    assert ids(sync) == list(range(1, 100))
    run = sync.history()[-1]
    assert (run["rows_read"], run["rows_published"], run["rows_deleted"]) == (0, 0, 1)
    again = sync.ok(**HARD)
    assert "WARNING" not in again.out + again.err
    assert sync.history()[-1]["rows_deleted"] == 0


KEYS = {
    "text": ("text", "'k' || i || ';-' || chr(228)", "id"),
    "stamp": (
        "timestamptz",
        "timestamptz '1969-12-31 23:00:00.5+02' + i * interval '1 hour'",
        "id",
    ),
    "negative": ("int4", "(i - 50) * 40000000", "id"),
    "extreme": (
        "int8",
        "CASE WHEN i < 50 THEN -9223372036854775808 + i ELSE i * 90000000000000000 END",
        "id",
    ),
    "two": ("int8", "i / 10", "id,part"),
}
"""The other types: tests/e2e/test_missing_keys_of_types.py."""


@pytest.mark.parametrize("kind", KEYS)
def test_keys_of_many_rows_are_compared(sync, sql, kind):
    """A key that stays is never taken for one that is gone, whatever its type."""
    declared, value, keys = KEYS[kind]
    sql(f"CREATE TABLE orders (id {declared}, part text, n int8, updated_at timestamptz)")
    sql(
        f"INSERT INTO orders SELECT {value}, 'p' || i % 10, i, timestamptz '2024-05-01'"
        " + i * interval '1 hour' FROM generate_series(1, 100) i"
    )
    words = HARD | {"merge_keys": keys}
    sync.ok(**words)
    sync.ok(**words)
    assert json.loads(sync.history()[-1]["compared"])["ranges_differing"] == 0
    sql("DELETE FROM orders WHERE n IN (1, 49, 50, 77)")
    sync.ok(**words)
    assert [r[0] for r in sync.rows("n")] == [i for i in range(1, 101) if i not in (1, 49, 50, 77)]


def test_a_key_that_the_source_still_has_stays_whatever_its_cursor(sync, orders):
    """Later than the window, without a cursor, and a row that has become a dead letter."""
    sync.ok(**HARD)
    orders("UPDATE orders SET updated_at = now() + interval '1 hour' WHERE id = 1")
    orders("UPDATE orders SET updated_at = NULL WHERE id = 2")
    orders("UPDATE orders SET updated_at = 'infinity' WHERE id = 3")
    orders("UPDATE orders SET updated_at = '0044-03-15 BC' WHERE id = 4")
    orders("DELETE FROM orders WHERE id = 5")
    sync.ok(**HARD)
    assert ids(sync) == [1, 2, 3, 4, *range(6, 101)]


def test_more_than_max_deleted_percent_stops_the_run_with_a_sample(sync, orders):
    sync.ok(**FEW)
    before = sync.history()[-1]["watermark_after"]
    orders("DELETE FROM orders WHERE id <= 6")
    orders("INSERT INTO orders VALUES (101, 'new', now())")
    result = sync(**FEW)
    assert result.code == 11
    assert "6 of the table's 100 rows are missing at the source, which are 6.00 %" in result.err
    assert "max_deleted_percent=5; some of their keys: sha256 " in result.err
    assert ids(sync) == list(range(1, 101))
    run = sync.history()[-1]
    assert (run["status"], run["exit_code"], run["watermark_after"]) == ("failed", 11, None)
    planned = sync(**FEW, plan_only="true")
    assert planned.code == 11
    assert "6.00 %" in planned.err
    shown = sync(**FEW, show_values="true")
    assert "some of their keys: '1', '2', '3', '4', '5', '6'." in shown.err
    orders("INSERT INTO orders SELECT 1, 'back', now()")
    sync.ok(**FEW)
    assert ids(sync) == [1, *range(7, 102)]
    assert sync.history()[-1]["watermark_after"] > before


def test_an_empty_source_stops_the_run(sync, orders):
    words = HARD | {"max_deleted_percent": "100"}
    sync.ok(**words)
    orders("DELETE FROM orders")
    result = sync(**words)
    assert result.code == 11
    assert "the source has no row, and the table has 100; some of their keys: " in result.err
    assert len(ids(sync)) == 100


def test_rows_of_the_table_that_are_later_than_the_snapshot_stay(sync, orders):
    sync.ok(**HARD)
    table = f"`{PROJECT}.{sync.dataset}.t`"
    sync.client.query_and_wait(
        f"INSERT INTO {table} VALUES (500, 'later', TIMESTAMP_ADD(CURRENT_TIMESTAMP(),"
        " INTERVAL 1 DAY)), (501, 'earlier', TIMESTAMP '2024-05-01')"
    )
    assert "missing      1 keys" in sync.ok(**HARD, plan_only="true").out
    sync.ok(**HARD)
    assert ids(sync) == [*range(1, 101), 500]


def test_a_plan_shows_what_would_go_and_writes_nothing(sync, orders):
    sync.ok(**HARD)
    orders("DELETE FROM orders WHERE id IN (3, 50)")
    result = sync.ok(**HARD, plan_only="true")
    assert "compared     100 rows of the table with 98 of the source" in result.out
    assert "missing      2 keys at the source (2.00 %, at most 50 %): removed" in result.out
    assert "DELETE FROM" in result.out
    assert len(ids(sync)) == 100
    plan = json.loads(sync.ok(**HARD, plan_only="true", plan_format="json").out)
    assert plan["missing"]["missing"] == 2


def test_keys_that_the_table_lacks_are_told(sync, orders, caplog):
    sync.ok(**HARD)
    sync.client.query_and_wait(f"DELETE FROM `{PROJECT}.{sync.dataset}.t` WHERE id IN (8, 9)")
    lacks = "the table lacks 2 keys that the source has had since before this window, such as"
    assert f"{lacks} '8', '9': " in sync.ok(**HARD, plan_only="true", show_values="true").out
    caplog.clear()
    sync.ok(**HARD)
    assert lacks in caplog.text  # a run brings none of them
    caplog.clear()
    sync.ok(**HARD, repair="true")
    assert lacks not in caplog.text
    assert ids(sync) == list(range(1, 101))


def test_only_rows_of_delete_missing_where_are_compared(sync, orders):
    where = '[["name", "=", "v1"]]'
    sync.ok(**HARD)
    orders("UPDATE orders SET name = 'other', updated_at = now() WHERE id IN (10, 11, 12)")
    sync.ok(**HARD)
    orders("DELETE FROM orders WHERE id IN (1, 10)")
    orders("UPDATE orders SET name = 'moved' WHERE id = 2")  # it is there, if not in scope
    sync.ok(**HARD, delete_missing_where=where)
    assert ids(sync) == list(range(2, 101))
    compared = json.loads(sync.history()[-1]["compared"])
    assert (compared["rows"], compared["source_rows"]) == (97, 95)


def test_the_newest_row_may_go_and_nothing_is_lost_after_it(sync, orders):
    """MAX is lower then: what comes between is read, and told no more than once."""
    sync.ok(**HARD)
    orders("DELETE FROM orders WHERE id = 100")
    sync.ok(**HARD)
    assert sync.history()[-1]["watermark_after"] == "2024-05-05 03:00:00"
    orders("INSERT INTO orders VALUES (200, 'new', now())")
    following = sync.ok(**HARD)
    assert "WARNING" not in following.out + following.err
    assert ids(sync) == [*range(1, 100), 200]
    again = sync.ok(**HARD)
    assert "WARNING" not in again.out + again.err


def test_a_key_that_comes_back_while_the_run_reads_stays(sync, orders, after_comparing):
    sync.ok(**HARD)
    orders("DELETE FROM orders WHERE id IN (50, 60)")
    after_comparing.append(lambda: orders("INSERT INTO orders VALUES (50, 'back', '2024-06-01')"))
    sync.ok(**HARD)
    assert ids(sync) == [i for i in range(1, 101) if i != 60]
    assert sync.rows("name", order="id")[49] == ("back",)
    run = sync.history()[-1]
    assert (run["rows_published"], run["rows_deleted"]) == (1, 1)


def test_a_row_of_the_table_that_becomes_later_meanwhile_stays(sync, orders, after_comparing):
    sync.ok(**HARD)
    orders("DELETE FROM orders WHERE id IN (50, 60)")
    table = f"`{PROJECT}.{sync.dataset}.t`"
    later = f"UPDATE {table} SET updated_at = TIMESTAMP '2999-01-01' WHERE id = 60"
    after_comparing.append(lambda: sync.client.query_and_wait(later))
    sync.ok(**HARD)
    assert ids(sync) == [i for i in range(1, 101) if i != 50]
    assert sync.history()[-1]["rows_deleted"] == 1


def test_few_keys_travel_where_few_are_gone(sync, sql):
    sql("CREATE TABLE orders (id int8 PRIMARY KEY, updated_at timestamptz)")
    sql("INSERT INTO orders SELECT i * 100, '2024-05-01' FROM generate_series(1, 20000) i")
    sync.ok(**FEW)
    sql("DELETE FROM orders WHERE id % 200000 = 0")
    sync.ok(**FEW)
    assert len(ids(sync)) == 19_990
    compared = json.loads(sync.history()[-1]["compared"])
    assert compared["missing"] == compared["ranges_differing"] == 10
    assert compared["keys_moved"] < 20_000 * 0.08


def test_no_key_travels_where_keys_lie_close_and_are_only_gone(sync, sql, asked):
    sql("CREATE TABLE orders (id int8 PRIMARY KEY, updated_at timestamptz)")
    sql("INSERT INTO orders SELECT i, '2024-05-01' FROM generate_series(1, 20000) i")
    sync.ok(**FEW)
    sql("DELETE FROM orders WHERE id % 2000 = 7")
    asked()
    sync.ok(**FEW)
    queries = asked()
    assert ids(sync) == [i for i in range(1, 20_001) if i % 2000 != 7]
    told = json.loads(sync.history()[-1]["compared"])
    assert (told["missing"], told["ranges_differing"], told["keys_moved"]) == (10, 10, 0)
    assert [query for query in queries if "AS sums" in query]
    assert not [query for query in queries if "key_texts" in query]
    sql("INSERT INTO orders VALUES (2007, '2024-04-01')")
    sync.ok(**FEW)
    told = json.loads(sync.history()[-1]["compared"])
    assert told["lacking"] == 1
    assert 0 < told["keys_moved"] <= 64


def test_many_keys_of_few_ranges_are_looked_at_in_parts(sync, sql):
    """Keys that lie close together, and one far away: nearly all are in one range."""
    sql("CREATE TABLE orders (id int8 PRIMARY KEY, updated_at timestamptz)")
    sql("INSERT INTO orders SELECT i, '2024-05-01' FROM generate_series(1, 20000) i")
    sql("INSERT INTO orders VALUES (4611686018427387904, '2024-05-01')")
    sync.ok(**FEW)
    sql("DELETE FROM orders WHERE id = 77")
    sync.ok(**FEW)
    assert len(ids(sync)) == 20_000
    compared = json.loads(sync.history()[-1]["compared"])
    assert (compared["missing"], compared["ranges_differing"]) == (1, 1)
    assert compared["keys_moved"] < 20_000 * 0.08


def test_rows_of_a_partitioned_table_go_while_others_move(sync, orders, asked):
    table = f"{sync.dataset}.t"
    sync.client.query_and_wait(
        f"CREATE TABLE {table} (id INT64, name STRING, updated_at TIMESTAMP)"
        " PARTITION BY DATE(updated_at)"
    )
    sync.ok(**HARD)
    orders("DELETE FROM orders WHERE id IN (1, 100)")
    orders("UPDATE orders SET updated_at = now() WHERE id = 2")
    orders("INSERT INTO orders VALUES (101, 'new', now())")
    asked()
    sync.ok(**HARD)
    queries = asked()
    assert ids(sync) == [*range(2, 100), 101]
    read = [sql for sql in queries if "AS k\n" in sql or "AS k," in sql]
    read += [sql for sql in queries if "DELETE FROM" in sql]
    assert len(read) == 3  # sums, keys, and what publishes
    always = "s.`updated_at` IS NULL OR s.`updated_at` IS NOT NULL"
    assert all(always in sql for sql in read), "the table may want a filter"


def test_a_source_that_cannot_be_asked_deletes_nothing(sync, orders):
    orders("CREATE VIEW seen AS SELECT id, name, updated_at FROM orders")
    words = HARD | {"postgresql_query": "SELECT * FROM seen"}
    sync.ok(**words)
    orders("DELETE FROM orders WHERE id = 1")
    broken = "SELECT id, name, updated_at FROM orders WHERE 1 / (id - 50) < 9"
    orders(f"CREATE OR REPLACE VIEW seen AS {broken}")
    result = sync(**words)
    assert result.code == 3
    assert len(ids(sync)) == 100


def test_rows_of_the_source_before_are_not_missing_in_the_one_that_took_its_place(sync, orders):
    """Also where both fill the table in turn, each of which accepts the change."""
    sync.ok(**HARD)
    orders("CREATE TABLE others AS SELECT * FROM orders WHERE id <> 7")
    other = HARD | {"postgresql_query": "SELECT * FROM others", "accept_source_change": "true"}
    result = sync(**other)
    assert result.code == 2
    assert "accept_source_change, delete_missing=hard" in result.err
    assert ids(sync) == list(range(1, 101))
    orders("INSERT INTO others VALUES (101, 'new', now())")
    sync.ok(**other | {"delete_missing": None, "max_deleted_percent": None})
    assert sync(**HARD, accept_source_change="true").code == 2
    sync.ok(**other)
    assert ids(sync) == [i for i in range(1, 102) if i != 7]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT * FROM orders ORDER BY updated_at DESC LIMIT 99",
        "WITH some AS (SELECT * FROM orders OFFSET 3) SELECT * FROM some",
        "SELECT * FROM orders TABLESAMPLE BERNOULLI (97)",
        "SELECT * FROM orders WHERE random() < 0.97",
    ],
)
def test_a_query_that_gives_some_rows_only_is_refused(sync, orders, query):
    result = sync(**HARD | {"postgresql_query": query})
    assert result.code == 2
    assert "rows that it leaves out another time would look deleted" in result.err
    assert "t" not in sync.tables()


def test_a_view_that_gives_some_rows_only_is_refused(sync, orders):
    orders("CREATE VIEW late AS SELECT * FROM orders ORDER BY updated_at DESC LIMIT 99")
    orders("CREATE VIEW behind AS SELECT * FROM late WHERE id > 0")
    for smart in ("true", "false"):
        query = {"postgresql_query": "SELECT * FROM behind", "enable_smart_sync": smart}
        result = sync(**HARD | query)
        assert result.code == 2
        assert "it has LIMIT (in a view that it reads): rows that it leaves out" in result.err


def test_what_does_not_go_together_is_told_at_once(sync, orders):
    result = sync(
        **HARD | {"write_disposition": "WRITE_TRUNCATE", "merge_keys": None},
        delete_existing_table="true",
        delete_missing_where='[["name", "like", "x"]]',
    )
    assert result.code == 2
    for told in ("without WRITE_MERGE", "beside delete_existing_table", "the operators are"):
        assert told in result.err
    result = sync(**HARD, delete_missing_where='[["nowhere", "=", 1], ["id", "=", "x"]]')
    assert result.code == 2
    assert "choose among: id, name, updated_at" in result.err
    assert "the column is INT64" in result.err


def test_rows_that_leave_the_condition_all_at_once_are_not_missing(sync, orders):
    words = FEW | {"delete_missing_where": '[["name", "=", "v1"]]'}
    sync.ok(**words)
    orders("UPDATE orders SET name = 'v2', updated_at = now()")
    orders("DELETE FROM orders WHERE id = 9")
    sync.ok(**words)
    assert ids(sync) == [i for i in range(1, 101) if i != 9]
    assert set(sync.rows("name")) == {("v2",)}


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "EUC_JIS_2004"])
def test_texts_that_the_database_counts_otherwise_are_refused_as_keys(
    sync, other_database, encoding
):
    """`length` is of bytes in the one, and in the other of か゚ as one character."""
    other = other_database(encoding)
    statements(
        other,
        "CREATE TABLE orders (id text, number int8, updated_at timestamptz)",
        "INSERT INTO orders SELECT 'k' || i, i, timestamptz '2024-05-01'"
        " FROM generate_series(1, 99) i UNION ALL SELECT 'か゚', 100, timestamptz '2024-05-01'",
    )
    there = {"postgresql_database": other.database}
    sync.ok(**MERGE, **there)
    for asked in (HARD, MERGE | {"repair": "true"}):
        result = sync(**asked, **there)
        assert result.code == 4
        assert "can't compare these texts" in result.err
    assert len(ids(sync)) == 100
    numbered = HARD | {"merge_keys": "number"} | there
    statements(other, "DELETE FROM orders WHERE number = 3")
    sync.ok(**numbered)
    assert len(ids(sync)) == 99
    assert ("か゚",) in sync.rows("id")
