"""docs/cost.md says what its arithmetic gives; the prices are those that others publish."""

from datetime import timedelta

import pytest
from apache_beam.testing.load_tests import dataflow_cost_consts as beams

from pipeline.runs.history import FIELDS, PLAN
from smart_sync import hosts
from smart_sync.hosts import cloud_run, dataflow
from tests import costs, history_bytes, scaling
from tests.factories import NOW


def test_the_page_says_what_is_computed():
    assert costs.PAGE.read_text(encoding="utf-8") == costs.page(), "run `make docs`"
    assert all(made in costs.page() for made in costs.tables().values())


def test_dataflow_s_prices_are_those_that_beam_reckons_with():
    assert beams.VCPU_PER_HR_BATCH == hosts.WORKER_VCPU_HOUR
    assert beams.MEM_PER_GB_HR_BATCH == hosts.WORKER_GB_HOUR
    assert beams.PD_PER_GB_HR == hosts.WORKER_DISK_GB_HOUR


def test_a_launch_for_each_table_pays_the_start_for_each():
    one = costs.hourly(1)
    assert costs.apart(dataflow(one), 40) == pytest.approx(40 * dataflow(one).a_month)
    seconds = 40 * hosts.RUN_LEAST_S * hosts.HOURS_A_MONTH
    paid = (seconds * hosts.RUN_VCPUS - hosts.RUN_FREE_VCPU_S) * hosts.RUN_VCPU_S
    paid += (seconds * hosts.RUN_GIB - hosts.RUN_FREE_GIB_S) * hosts.RUN_GIB_S
    assert costs.apart(cloud_run(one), 40) == pytest.approx(paid)


def test_what_the_page_says_in_words_holds():
    months = {
        row[0]: [float(cell.replace(",", "")) for cell in row[1:]] for row in costs.month_rows()
    }
    run, flow = months["Cloud Run, one execution"], months["Dataflow, one launch"]
    assert all(cheap < dear for cheap, dear in zip(run, flow, strict=True))
    assert flow[1] < months["Dataflow, a launch for each table"][1] / 10
    loads = [(dataflow(work), cloud_run(work)) for work in map(_load, costs.LOADS_GB)]
    assert [by.seconds < of.seconds for by, of in loads] == [False, False, True, True]
    assert 15 < cloud_run(costs.hourly(500)).seconds / 60 < 60


def _load(size):
    return hosts.Work(1, bytes=size * costs.GB, largest=size * costs.GB)


def test_a_look_at_the_history_s_last_days_does_not_grow_with_its_age():
    days, year = timedelta(days=30), history_bytes.YEAR
    month, later = (history_bytes.billed(100, age, near=True) for age in (days, year))
    assert month == later < history_bytes.billed(100, year, near=False) / 15
    assert history_bytes.billed(1, year, near=True) == history_bytes.LEAST


def test_a_question_reads_the_columns_that_it_names_or_all():
    carried, runs = history_bytes.questions(NOW)[-1][0], history_bytes.questions(NOW)[0][0]
    assert history_bytes.columns_of(carried) == {"destination", "event_time", "frontier"}
    assert history_bytes.columns_of(runs) == {name for name, _ in FIELDS} - {PLAN}


def test_a_query_costs_here_what_it_costs_there():
    assert scaling.PRICES["TiB read by a query"] == history_bytes.TIB_DOLLARS
