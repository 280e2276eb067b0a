"""What is asked of the rows of a BigQuery source: as few jobs as answer it."""

from datetime import UTC, date, datetime

from sources.bigquery.connection import BigqueryConnection
from sources.bigquery.inspector import inspecting
from sources.questions import RowsQuestion
from sources.values import Extract, Window
from tests.fault_proxy import fault_proxy
from tests.sync import PROJECT

ROWS = """
CREATE TABLE `{s}.s` AS SELECT seen, day FROM UNNEST([
  STRUCT(TIMESTAMP '2024-01-01' AS seen, DATE '2000-01-01' AS day),
  (TIMESTAMP '2024-01-02', DATE '2001-01-05'),
  (TIMESTAMP '2024-01-03', DATE '2002-02-05'),
  (TIMESTAMP '2024-01-04', DATE '2003-01-01'),
  (NULL, DATE '2004-01-01')
])
"""
WINDOW = Window(datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 1, 3, tzinfo=UTC))


def test_rows_outside_and_the_span_of_those_inside_are_asked_for_by_one_job(run, target, source):
    run(ROWS)
    with fault_proxy(target.url) as proxy:
        connection = BigqueryConnection(PROJECT, source, "s", PROJECT, proxy.url, target.grpc)
        with inspecting(connection, "", "", "seen") as inspector:
            (day,) = (column for column in inspector.profile.columns if column.name == "day")
            question = RowsQuestion((), True, (day, "MONTH"), WINDOW.low)
            evidence = inspector.evidence(inspector.source(Extract("seen", WINDOW)), question)
        asked = [seen.body["query"] for seen in proxy.seen if "/queries" in seen.path and seen.body]
    assert (evidence.null_cursors, evidence.before, evidence.after) == (1, 1, 1)
    assert evidence.partition_span == (date(2001, 1, 5), date(2002, 2, 5))
    assert evidence.partition_count == 2
    assert len([query for query in asked if "`s`" in query or ".s" in query]) == 1, asked
