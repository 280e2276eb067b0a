"""The view of launches as an older version has made it: a launch brings it up to date."""

import pytest
from google.cloud import bigquery

from tests.sync import PROJECT

OLDER = """SELECT batch_id, COUNT(*) AS tables,
  COUNTIF(seq = 2 AND exit_code = 0) AS succeeded,
  COUNTIF(seq = 2 AND exit_code <> 0) AS failed, COUNTIF(seq < 2) AS unfinished,
  SUM(rows_read) AS rows_read, SUM(rows_published) AS rows_published, SUM(rows_dead) AS rows_dead,
  MAX(event_time) AS last_event,
  ARRAY_AGG(IF(exit_code <> 0, destination, NULL) IGNORE NULLS ORDER BY destination)
    AS failed_destinations
FROM `{latest}`
WHERE batch_id IS NOT NULL
GROUP BY batch_id"""
OWN = "SELECT batch_id, COUNT(*) AS tables FROM `{latest}` WHERE batch_id IS NOT NULL GROUP BY 1"
VIEW = "sync_batches_latest"


@pytest.fixture
def launch(sync, sql):
    sql("CREATE TABLE orders (id int8 PRIMARY KEY, updated_at timestamptz)")
    sql("INSERT INTO orders VALUES (1, now() - interval '1 hour')")
    sync.defaults |= {"destination_bigquery_table": None, "tables": "{tables: {public.orders: }}"}
    return lambda: sync.ok(enable_smart_sync="true")


def put(sync, text):
    """The view as somebody else has made it."""
    sync.client.delete_table(f"{PROJECT}.{sync.dataset}.{VIEW}")
    view = bigquery.Table(f"{PROJECT}.{sync.dataset}.{VIEW}")
    view.view_query = text.format(latest=f"{PROJECT}.{sync.dataset}.sync_runs_latest")
    sync.client.create_table(view)
    return view.view_query


def test_the_view_of_an_older_version_gets_what_it_lacks(sync, launch):
    """The local BigQuery keeps the new text, and goes on to read by the old one."""
    launch()
    assert sync.rows("tables, succeeded, rolled_back", VIEW, "last_event") == [(1, 1, 0)]
    ours = sync.table(VIEW).view_query
    put(sync, OLDER)
    launch()
    assert sync.table(VIEW).view_query == ours


def test_a_text_that_somebody_has_given_it_stays(sync, launch):
    launch()
    own = put(sync, OWN)
    launch()
    assert sync.table(VIEW).view_query == own
