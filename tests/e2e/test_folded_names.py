"""A dataset that takes `Orders` and `orders` for one table."""

import pytest

from auto_schema.errors import TargetError
from pipeline.api.staged_writing import begin, write_of
from tests.sync import PROJECT
from warehouse.names import Endpoints

REFUSED = "a destination that has several names"
TABLES = """
defaults: {write_disposition: WRITE_TRUNCATE}
tables: {public.Orders: , public.orders: }
"""


@pytest.fixture
def folding(sync):
    dataset = sync.client.get_dataset(sync.dataset)
    dataset.is_case_insensitive = True
    sync.client.update_dataset(dataset, ["is_case_insensitive"])


def test_tables_that_are_one_in_their_dataset_do_not_replace_each_other(sync, sql, folding):
    sql('CREATE TABLE "Orders" (id int8 PRIMARY KEY); INSERT INTO "Orders" VALUES (1)')
    sql("CREATE TABLE orders (id int8 PRIMARY KEY); INSERT INTO orders VALUES (2)")
    words = {"destination_bigquery_table": None, "tables": TABLES}
    told = sync(**words)
    assert (told.code, REFUSED in told.out + told.err) == (10, True)
    assert f"write it as {PROJECT}.{sync.dataset}.orders" in told.out + told.err
    assert "Orders" not in sync.tables()
    assert sync.rows("id", table="orders") == [(2,)]
    named = TABLES.replace("public.Orders: ", "public.Orders: {destination_bigquery_table: orders}")
    told = sync(**words | {"tables": named})
    assert (told.code, "two tables, one destination" in told.err) == (2, True)


def test_a_name_with_capitals_is_refused_before_anything_is_written(sync, sql, folding):
    sql("CREATE TABLE s (id int8 PRIMARY KEY)")
    query = {"postgresql_query": "SELECT * FROM s"}
    for more in ({}, {"plan_only": "true"}):
        told = sync(**query, **more, destination_bigquery_table="T")
        assert (told.code, REFUSED in told.err) == (5, True)
    assert not sync.tables()
    sync.ok(**query)
    assert sync.rows("id") == []


def test_capitals_are_a_name_of_their_own_in_other_datasets(sync, sql):
    sql("CREATE TABLE s (id int8 PRIMARY KEY)")
    sync.ok(postgresql_query="SELECT * FROM s", destination_bigquery_table="T")
    assert "T" in sync.tables()


def test_a_pipeline_of_ones_own_is_refused_such_a_name_too(sync, target, folding):
    settings = (str(sync.temp), "WRITE_TRUNCATE", "CREATE_IF_NEEDED")
    more = {"job_project": "", "endpoints": Endpoints(bigquery=target.url), "max_retries": 0}
    with pytest.raises(TargetError, match=REFUSED):
        begin(write_of(f"{PROJECT}.{sync.dataset}.T", *settings, **more))
    begin(write_of(f"{PROJECT}.{sync.dataset}.t", *settings, **more))
