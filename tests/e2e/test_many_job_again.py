"""Many tables in one job whose elements are processed once more, or come to their turn late."""

import pytest

from pipeline.execution import launched_table
from tests.many_job import (
    ROWS,
    WorkerDiedError,
    counts,
    ended,
    failed_in,
    five_tables,
    run_job,
)


@pytest.fixture
def many(sync, sql):
    return five_tables(sync, sql)


def dying_before(monkeypatch, name, act):
    """The first time that a step of `parts` is called so, `act` and then its worker dies."""
    original, deaths = getattr(launched_table, name), iter([WorkerDiedError()])

    def dying(plan, *rest):
        if plan.destination.table == "parts" and (death := next(deaths, None)):
            act()
            raise death
        return original(plan, *rest)

    monkeypatch.setattr(launched_table, name, dying)


def test_a_table_that_is_processed_again_is_told_with_what_failed_first(many, monkeypatch, sql):
    """Not with the splits that nobody has read since."""

    def gone():
        sql("ALTER TABLE parts RENAME TO elsewhere")

    def back():
        sql("ALTER TABLE elsewhere RENAME TO parts")

    dying_before(monkeypatch, "report", back)
    _, errors = run_job(many, monkeypatch, gone, times=2)
    assert WorkerDiedError.__name__ in errors[0]
    assert failed_in(errors[1]) == ("1 of 5", "public.parts")
    (told,) = [run["error"] for run in many.history() if run["destination"].endswith(".parts")]
    assert "splits are missing" not in told
    assert 'relation "public.parts" does not exist' in told
    assert ended(many)["parts"] == ("failed", 4, 0)
    assert counts(many) == {name: rows for name, rows in ROWS.items() if name != "parts"}
