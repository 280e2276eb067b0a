"""The plans of many tables as one: the sum, what is new, and on which host it fits."""

import json
from dataclasses import replace
from decimal import Decimal

from smart_sync.explain_many import Planned, explain_many, many_as_json
from smart_sync.read_plan import BigqueryReading, ReadMethod
from smart_sync.sql_plan import SqlPlan
from tests.factories import a_plan

GB = 10**9


def planned(name="public.a", size=1000, rows=10, scan=None, method=ReadMethod.WORKERS):
    """A table whose plan reads so much; with a scan it is one of BigQuery."""
    plan = a_plan()
    bigquery = BigqueryReading(method, "", "a query", scan) if scan is not None else None
    more = {"estimated_rows": rows, "estimated_bytes": size, "bigquery": bigquery}
    return Planned(name, "public.*", replace(plan, reading=replace(plan.reading, **more)))


def told(*tables):
    return explain_many(tables, 4, 8).splitlines()


def whole(*tables):
    return json.loads(many_as_json(tables, 4, 8))


def test_the_last_line_sums_rows_bytes_and_what_queries_cost():
    failing = Planned("public.b", "public.*", None, "no key", 4)
    skipped = Planned("public.c", "public.*", None, "new")
    sums = told(planned(), planned("public.d", 2000, 5), failing, skipped)[-1]
    assert sums == "2 of 4 tables, about 15 rows, 3,000 bytes of the source"
    tables = planned(scan=2**40), planned("public.b", scan=2**39, method=ReadMethod.IN_PLACE)
    sums = told(*tables)[-1]
    assert sums.startswith("2 of 2 tables, about 20 rows, 1,000 bytes of the source, ")
    assert sums.endswith("1,649,267,441,664 bytes scanned, about $9.3750")
    figures = whole(*tables)["sum"]
    assert Decimal(figures["price_usd"]) == Decimal("9.375")
    assert (figures["scan_bytes"], figures["bytes"]) == (2**40 + 2**39, 1000)


def test_rows_that_no_estimate_tells_are_no_number_of_the_sum():
    unknown = planned("public.d", 5, None)
    assert told(unknown)[-1] == "1 of 1 table, how many rows is not known, 5 bytes of the source"
    assert whole(unknown)["sum"]["rows"] is None
    sums = told(planned(), unknown)[-1]
    assert sums.startswith("2 of 2 tables, about 10 rows, and those of 1 table not known, ")
    assert whole(planned(), unknown)["sum"]["rows"] == 10


def test_what_transform_sql_reads_is_in_the_sum():
    table = planned()
    assert table.plan is not None
    query = SqlPlan("SELECT * FROM staged", (), 2**40, 2**39)
    publishing = replace(table.plan.publishing, sql=query)
    table = replace(table, plan=replace(table.plan, publishing=publishing))
    figures = whole(table, planned(scan=2**40))["sum"]
    assert (figures["scan_bytes"], figures["price_usd"]) == (2**41 + 2**39, "15.6250")


def test_which_host_fits_is_said_by_both_forms_and_none_for_no_table():
    small, large = planned(), planned("public.b", 500 * GB)
    assert told(small)[-2].startswith("fits: Cloud Run about 1 min, ")
    assert told(small, large)[-2].startswith("fits: Dataflow about 26 min, $0.23 a launch (")
    assert told(planned(size=None))[-2].endswith("), 1 of unknown size left out")
    assert [whole(one)["fits"] for one in (small, large)] == ["Cloud Run", "Dataflow"]
    hosts = {host["host"]: host for host in whole(large)["hosts"]}
    assert hosts.keys() == {"Cloud Run", "VM", "Dataflow"}
    assert hosts["Dataflow"]["minutes"] < 60 < hosts["Cloud Run"]["minutes"]
    assert len(told()) == 5  # three lines of what happens, the headings, and the sum
    assert (whole()["fits"], whole()["hosts"]) == (None, [])


def test_rows_that_never_leave_bigquery_take_no_host_s_time():
    inside = planned(size=500 * GB, scan=500 * GB, method=ReadMethod.IN_PLACE)
    assert whole(inside)["fits"] == "Cloud Run"


def test_new_tables_are_named_up_to_a_number():
    names = [f"public.t{number:02}" for number in range(25)]
    (line,) = [line for line in told(*map(planned, names)) if line.startswith("new: ")]
    assert line.startswith("new: 25 tables, whose destinations are made: public.t00, public.t01, ")
    assert line.endswith("public.t19, …")
