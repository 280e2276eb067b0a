"""The example of a copy, run day after day."""

from pipeline.parameters.docs import ROOT
from scheduler.files import read_schedules
from tests.bigquery.test_ways import kinds


def test_exchange_rates_are_replaced_by_one_copy_job_a_day(sync, run, sent_jobs):
    *_, schedule = read_schedules(ROOT / "examples" / "schedules.yaml")
    assert schedule.name == "bigquery-exchange-rates-daily-prod"
    places = ("source_", "destination_", "notify_")
    own = {n: value for n, value in schedule.parameters.items() if not n.startswith(places)}
    run("CREATE TABLE {s}.s AS SELECT 'EUR' AS currency, 1.5 AS rate")
    sync.ok(**own)
    run("UPDATE {s}.s SET rate = 2.5 WHERE TRUE")
    sent_jobs.clear()
    sync.ok(**own)
    assert kinds(sent_jobs) == ["publish: copy"]
    assert sync.rows() == [("EUR", 2.5)]
