"""Many tables in one job whose elements are processed once more, or come to their turn late."""

import pytest

from pipeline.execution import launched_table
from pipeline.launch.many_runs import ManyRuns
from pipeline.runs.settle import clear_staging
from tests.hook_server import hook_server
from tests.many_job import (
    APPENDED,
    WorkerDiedError,
    assert_free,
    counts,
    ended,
    failed_in,
    run_job,
    with_tables,
)
from tests.sync import PROJECT

LATE = ("users", "parts")
"""One table that goes whole, and one of several splits."""
ROWS = {"lines": 40, "users": 3, "parts": 60}
"""One that nothing befalls, and those to which it does."""
SUCCEEDED = {name: ("succeeded", 0, rows) for name, rows in ROWS.items()}


@pytest.fixture
def many(sync, sql):
    return with_tables(sync, sql, ROWS)


def dying_at_the_end(monkeypatch, table, act):
    """The first time that a table's end is to be told, `act` and then its worker dies."""
    original, deaths = launched_table.report, iter([WorkerDiedError()])

    def dying(plan, outcome, client):
        if plan.destination.table == table and (death := next(deaths, None)):
            act(plan, client)
            raise death
        return original(plan, outcome, client)

    monkeypatch.setattr(launched_table, "report", dying)


def told_of(sync, table):
    """What the newest run of a table says is wrong."""
    (told,) = [run["error"] for run in sync.history() if run["destination"].endswith(f".{table}")]
    return told


def test_a_table_that_is_processed_again_is_told_with_what_failed_first(many, monkeypatch, sql):
    """Not with the splits that nobody has read since."""

    def gone():
        sql("ALTER TABLE parts RENAME TO elsewhere")

    def back(*_):
        sql("ALTER TABLE elsewhere RENAME TO parts")

    dying_at_the_end(monkeypatch, "parts", back)
    _, errors = run_job(many, monkeypatch, gone, times=2)
    assert WorkerDiedError.__name__ in errors[0]
    assert failed_in(errors[1]) == ("1 of 3", "public.parts")
    assert "splits are missing" not in told_of(many, "parts")
    assert 'relation "public.parts" does not exist' in told_of(many, "parts")
    assert ended(many)["parts"] == ("failed", 4, 0)
    assert counts(many) == {name: rows for name, rows in ROWS.items() if name != "parts"}


def losing(sql, table):
    """What was staged of a table is cleared, and its source is gone."""

    def lost(plan, client):
        clear_staging(client, plan.run.staging, plan.run.endpoints)
        sql(f"ALTER TABLE {table} RENAME TO elsewhere")

    return lost


@pytest.mark.parametrize("table", LATE)
def test_a_table_whose_rows_are_published_is_not_called_failed_by_a_later_try(
    many, monkeypatch, sql, table
):
    """By then its source is gone, and what was staged is cleared."""

    for name in ROWS:
        sql(f"UPDATE {name} SET amount = 1")  # DuckDB reads some others from Parquet as it likes
    dying_at_the_end(monkeypatch, table, losing(sql, table))
    with hook_server() as hook:
        more = {"tables": APPENDED, "notify_webhook": hook.url, "verify": "true"}
        _, errors = run_job(many, monkeypatch, times=2, **more)
    assert [WorkerDiedError.__name__ in error for error in errors] == [True], errors
    assert hook.texts == []
    assert counts(many) == ROWS
    assert ended(many) == SUCCEEDED
    (run,) = [run for run in many.history() if run["destination"].endswith(f".{table}")]
    assert (run["rows_read"], run["watermark_after"] != "") == (ROWS[table], True)
    assert_free(many)


@pytest.mark.parametrize("table", LATE)
def test_a_table_that_is_published_after_a_later_try_has_looked_is_not_called_failed_by_it(
    many, monkeypatch, sql, table
):
    """The first try lives, on a worker that was given up; the later one can't read the source."""

    dying_at_the_end(monkeypatch, table, losing(sql, table))
    monkeypatch.setattr(launched_table, "published_job", lambda *_: None)
    _, errors = run_job(many, monkeypatch, times=2, tables=APPENDED)
    assert [WorkerDiedError.__name__ in error for error in errors] == [True], errors
    assert counts(many) == ROWS
    assert ended(many) == SUCCEEDED
    assert_free(many)


def lapse(sync):
    """The leases of tables are over, and nobody has renewed them."""
    for table in LATE:
        sync.client.delete_table(f"{PROJECT}.{sync.dataset}._sync_lock_{table}")


def synced_elsewhere(sync):
    """Their leases are over, and a launch that writes another history has synced them."""
    lapse(sync)
    select = ",".join(f"public.{table}" for table in LATE)
    sync.ok(select=select, tables=APPENDED, run_history_table="elsewhere")


def assert_left_to_the_next(sync):
    """Both tables have failed, nothing of them was published, and the next launch goes on."""
    lost = dict.fromkeys(LATE, ("failed", 6, 0))
    assert ended(sync) == SUCCEEDED | lost
    assert "somebody has changed the table: it was no table; it is 3 rows" in told_of(sync, "users")
    assert counts(sync) == ROWS
    sync.ok(tables=APPENDED)
    assert counts(sync) == ROWS
    assert_free(sync)


def test_a_table_that_a_launch_with_another_history_has_filled_meanwhile_is_left_to_the_next(
    many, monkeypatch
):
    _, errors = run_job(many, monkeypatch, lambda: synced_elsewhere(many), tables=APPENDED)
    assert failed_in(errors[0]) == ("2 of 3", "public.parts, public.users")
    assert_left_to_the_next(many)


def while_planning(monkeypatch, act):
    """All tables are planned, the first long ago, and `act`; then the job is submitted."""
    original = ManyRuns.run

    def run(self, tables, at_once):
        results = original(self, tables, at_once)
        monkeypatch.setattr(ManyRuns, "run", original)
        act()
        return results

    monkeypatch.setattr(ManyRuns, "run", run)
    monkeypatch.setattr("pipeline.launch.many_job.PER_LEASE", 1_000_000)


def test_a_lock_that_lapsed_while_others_were_planned_is_taken_again(many, monkeypatch):
    while_planning(monkeypatch, lambda: lapse(many))
    results, errors = run_job(many, monkeypatch)
    assert errors == []
    assert {result.status for result in results.values()} == {"running"}
    assert ended(many) == SUCCEEDED
    assert_free(many)


def test_a_table_that_another_launch_took_while_others_were_planned_is_left_to_the_next(
    many, monkeypatch
):
    while_planning(monkeypatch, lambda: synced_elsewhere(many))
    results, errors = run_job(many, monkeypatch, tables=APPENDED)
    assert {name: result.exit_code for name, result in results.items() if result.exit_code} == {
        f"public.{table}": 6 for table in LATE
    }
    assert failed_in(errors[0]) == ("2 of 3", "public.parts, public.users")
    assert_left_to_the_next(many)


def test_tables_whose_plans_can_not_be_read_have_failed_in_the_history(many, monkeypatch):
    monkeypatch.setattr("pipeline.launch.many_job.MOST_BY_VALUE", 0)

    def removed():
        (plans,) = many.temp.rglob("plans")
        plans.unlink()

    _, errors = run_job(many, monkeypatch, removed)
    assert failed_in(errors[0])[0] == "3 of 3"
    assert ended(many) == dict.fromkeys(ROWS, ("failed", 5, 0))
    assert all("staging failed" in told_of(many, name) for name in ROWS)
    assert_free(many)
    many.ok()
    assert counts(many) == ROWS
