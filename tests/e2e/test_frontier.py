"""The frontier: what lies between the last published window and a MAX above it is not lost."""

from datetime import UTC, datetime, timedelta

import pytest

from sources.postgresql import clock
from tests.orders import MERGE, ORDERS, SMART, ids
from tests.sync import PROJECT

EARLY = {"smart_sync_margin": "2h"}
LATE = {"smart_sync_margin": "0s"}


@pytest.fixture
def by_hand(sync, sql):
    """Put a row of the source into the destination, by no run of ours."""

    def by_hand(number: int) -> None:
        ((stamp,),) = sql("SELECT updated_at FROM orders WHERE id = %s", number)
        sql_text = f"INSERT INTO `{PROJECT}.{sync.dataset}.t` VALUES ({number}, '{stamp}')"
        sync.client.query_and_wait(sql_text)

    return by_hand


def test_a_stamp_whose_time_has_come_hides_nothing_from_a_merge(sync, insert, by_hand):
    insert(1, 300)
    sync.ok(**MERGE, **EARLY)
    insert(4, 10)
    by_hand(4)
    insert(3, 60)
    ran = sync.ok(**MERGE, **LATE)
    assert ids(sync) == [1, 3, 4]
    assert "2 rows read" in ran.out
    assert ids(sync) == [1, 3, 4]
    assert "0 rows read" in sync.ok(**MERGE, **LATE).out


def test_an_append_names_the_rows_above_the_frontier_and_goes_on_when_they_are_gone(
    sync, insert, by_hand
):
    insert(1, 300)
    sync.ok(**SMART, **EARLY)
    insert(4, 10)
    by_hand(4)
    insert(3, 60)
    refused = sync(**SMART, **LATE)
    assert refused.code == 5
    assert "rows of the destination hide rows of the source" in refused.err
    assert "holds 1 rows above that" in refused.err
    assert ids(sync) == [1, 4]
    where = refused.err.split("look at them with `SELECT * ")[1].split("`;")[0]
    sync.client.query_and_wait(f"DELETE {where}")
    sync.ok(**SMART, **LATE)
    assert ids(sync) == [1, 3, 4]


def test_rows_that_were_removed_are_told_and_the_window_starts_where_the_table_ends(sync, insert):
    insert(1, 400)
    insert(2, 300)
    sync.ok(**SMART, **EARLY)
    sync.client.query_and_wait(f"DELETE FROM `{PROJECT}.{sync.dataset}.t` WHERE id = 2")
    shown = sync.ok(**SMART, **LATE, plan_only="true")
    assert "rows were removed" in shown.out
    sync.ok(**SMART, **LATE)
    assert ids(sync) == [1, 2]
    assert "were removed" not in sync.ok(**SMART, **LATE, plan_only="true").out


LAWFUL = {
    "without a history": lambda sync: sync.client.delete_table(
        f"{PROJECT}.{sync.dataset}.sync_runs"
    ),
    "after a plain load of everything": lambda sync: sync.ok(
        postgresql_query="SELECT * FROM orders", write_disposition="WRITE_TRUNCATE"
    ),
    "accepted": lambda sync: sync.defaults.update(accept_source_change="true"),
    "another history": lambda sync: sync.defaults.update(run_history_table="other_runs"),
}


@pytest.mark.parametrize("lawful", LAWFUL.values(), ids=LAWFUL)
def test_an_append_goes_on_from_max_where_the_history_does_not_speak_of_the_table(
    lawful, sync, insert, by_hand
):
    insert(1, 300)
    sync.ok(**SMART, **EARLY)
    insert(4, 60)
    by_hand(4)
    lawful(sync)
    insert(5, 10)
    sync.ok(**SMART, **LATE)
    assert ids(sync) == [1, 4, 5]


def test_a_table_that_another_tool_made_anew_is_taken_at_its_max(sync, insert, by_hand):
    insert(1, 300)
    sync.ok(**SMART, **EARLY)
    name = f"`{PROJECT}.{sync.dataset}.t`"
    sync.client.query_and_wait(f"CREATE TABLE {name[:-1]}_copy` AS SELECT * FROM {name}")
    sync.client.query_and_wait(f"DROP TABLE {name}")
    sync.client.query_and_wait(f"CREATE TABLE {name} AS SELECT * FROM {name[:-1]}_copy`")
    insert(4, 60)
    by_hand(4)
    insert(5, 10)
    sync.ok(**SMART, **LATE)
    assert ids(sync) == [1, 4, 5]


def history_says(sync, **changed):
    """Change what the history says of its runs."""
    values = ", ".join(f"{name} = {value}" for name, value in changed.items())
    table = f"`{PROJECT}.{sync.dataset}.sync_runs`"
    sync.client.query_and_wait(f"UPDATE {table} SET {values} WHERE seq = 2 AND mode = 'append'")


ENDED = {
    "abandoned": {"status": "'abandoned'", "exit_code": "6"},
    "mismatch": {"status": "'published_mismatch'", "exit_code": "8"},
    "failed, and its job ended later": {"status": "'failed'", "exit_code": "5"},
}


def test_a_run_that_published_moves_the_frontier_however_it_ended(sync, insert):
    insert(1, 300)
    sync.ok(**SMART, **EARLY)
    insert(2, 60)
    sync.ok(**SMART, **LATE)
    for number, ended in enumerate(ENDED.values(), 3):
        history_says(sync, **ended)
        insert(number, 0)
        sync.ok(**SMART, **LATE)
        assert ids(sync) == [*range(1, number + 1)], ended


def test_a_run_that_never_published_does_not_move_the_frontier(sync, insert, by_hand):
    insert(1, 300)
    sync.ok(**SMART, **EARLY)
    sync.ok(**SMART, **LATE)  # without rows: it sent no job
    history_says(sync, status="'failed'", exit_code="3")
    insert(4, 10)
    by_hand(4)
    assert sync(**SMART, **LATE).code == 5


def test_a_window_by_hand_far_back_does_not_take_the_frontier_back(sync, insert):
    for number, ago in ((1, 900), (2, 300), (3, 150)):
        insert(number, ago)
    sync.ok(**MERGE, **LATE)
    now = datetime.now(UTC)
    ends = {
        "sync_start": f"{now - timedelta(minutes=1000):%Y-%m-%dT%H:%M:%SZ}",
        "sync_end": f"{now - timedelta(minutes=800):%Y-%m-%dT%H:%M:%SZ}",
    }
    sync.ok(**MERGE, **LATE, **ends)
    assert sync.history()[-1]["watermark_after"] == sync.history()[0]["watermark_after"]
    insert(4, 0)
    assert "1 row read" in sync.ok(**SMART, **LATE).out


BASE = {
    "source_table_for_schema": None,
    "postgresql_base_query": "SELECT * FROM orders WHERE updated_at > '{start_timestamp}'"
    " AND updated_at <= '{end_timestamp}'",
}
SENTINELS = (
    "(1, '0001-01-01'), (2, '1899-12-31'), (3, '-infinity'), (4, '0044-03-15 BC'),"
    " (5, 'infinity'), (6, '12000-01-01'), (7, NULL), (8, '2024-05-01')"
)


@pytest.mark.parametrize(("query", "low"), [({}, 4), (BASE, 3)], ids=["table", "base query"])
def test_rows_that_no_window_holds_are_counted_in_every_run_and_in_its_report(
    sync, sql, query, low
):
    """Nothing is greater than -infinity, so the base query itself leaves that row out."""
    sql(ORDERS)
    sql(f"INSERT INTO orders VALUES {SENTINELS}")
    assert "a later run reads them" not in sync.ok(**SMART | query, plan_only="true").out
    for number in (9, 10):
        ran = sync.ok(**SMART | query)
        assert f"1 published, {low + 3} rows of the source are in no window" in ran.out
        sql("INSERT INTO orders VALUES (%s, '2024-06-01'::date + %s)", number, number)
    assert [run["rows_left_out"] for run in sync.history()] == [low + 3] * 2
    shown = sync.ok(**SMART | query, plan_only="true").out
    assert (
        f"{low} rows have a updated_at up to 1900-01-01 00:00:00, where the first window" in shown
    )
    assert "2 rows have infinity or a year after 9999 in updated_at" in shown


def test_a_window_by_hand_from_the_year_1_on_reads_the_sentinels(sync, sql):
    sql(ORDERS)
    sql(f"INSERT INTO orders VALUES {SENTINELS}")
    sync.ok(**MERGE)
    ran = sync.ok(**MERGE, sync_start="0001-01-01", sync_end="1900-01-02")
    assert "2 rows read" in ran.out
    assert ids(sync) == [1, 2, 8]
    shown = sync.ok(**MERGE, plan_only="true").out
    assert "2 rows have a updated_at before the year 1" in shown


def test_a_run_that_has_nothing_to_read_tells_of_what_no_run_reads(sync, sql):
    sql("CREATE TABLE orders (id int8, updated_at date)")
    sql("INSERT INTO orders VALUES (1, current_date - 1), (2, '0001-01-01'), (3, NULL)")
    sync.ok(**SMART, **LATE)
    held = sync.ok(**SMART, **LATE)
    assert "held_back" in held.out
    assert "2 rows of the source are in no window" in held.out
    told = [(run["status"], run["rows_left_out"]) for run in sync.history()]
    assert told == [("succeeded", 2), ("held_back", 2)]


def test_rows_stamped_by_a_clock_that_was_set_back_are_not_lost_without_a_word(
    sync, insert, monkeypatch
):
    right = clock._NOW

    def ahead_by(time):
        monkeypatch.setattr(clock, "_NOW", right.replace("clock_timestamp()", f"now() + '{time}'"))

    insert(1, -60)
    ahead_by("2 h")
    sync.ok(**MERGE, **LATE)
    ahead_by("0 h")
    insert(2, 1)
    refused = sync(**MERGE, **LATE)
    assert refused.code == 3
    assert "the source's clock was set back" in refused.err
    ahead_by("3 h")
    sync.ok(**MERGE, **LATE, smart_sync_lookback="3h")
    assert ids(sync) == [1, 2]
