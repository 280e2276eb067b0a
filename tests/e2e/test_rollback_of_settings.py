"""What a table is beside its rows, before and after a rollback: columns, layout, settings."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from google.cloud.bigquery import SchemaField

from tests.orders import EVOLVING, KEEP, SMART, ids, last
from tests.sync import PROJECT


def test_what_is_said_of_the_table_and_its_columns_stays(sync, sql, undo):
    """Partitions and clusters, labels, description, expiry, the need of a filter, policies."""
    sql(EVOLVING)
    sql("INSERT INTO orders VALUES (1, 'a', now() - interval '5 hours')")
    laid_out = SMART | {
        "enable_auto_schema": "true",
        "source_table_for_schema": "public.orders",
        "clustering_fields": "id",
    }
    sync.ok(**laid_out)
    table = sync.table()
    table.description, table.friendly_name = "orders of the shop", "Orders"
    table.labels = {**table.labels, "team": "shop"}
    table.expires = datetime.now(UTC).replace(microsecond=0) + timedelta(days=99)
    table.require_partition_filter = True
    tagged = {"names": ["projects/p/locations/us/taxonomies/1/policyTags/2"]}
    columns = [field.to_api_repr() for field in table.schema]
    columns[0] |= {"roundingMode": "ROUND_HALF_EVEN"}
    columns[1] |= {"description": "of the clerk", "policyTags": tagged}
    columns[2] |= {"dataPolicies": [{"name": "projects/p/locations/us/dataPolicies/3"}]}
    table.schema = [SchemaField.from_api_repr(column) for column in columns]
    names = ["description", "friendly_name", "labels", "expires", "require_partition_filter"]
    sync.client.update_table(table, [*names, "schema"])
    sql("ALTER TABLE orders ADD more int8")
    sql("INSERT INTO orders VALUES (2, 'b', now() - interval '4 hours', 7)")
    sync.ok(**laid_out, **KEEP)
    assert "more" in sync.types()
    now = settings(sync)
    assert "of the clerk" in str(now)
    assert all(told in str(now) for told in ("policyTags/2", "dataPolicies/3", "HALF_EVEN"))

    plan = undo(1, plan_only="true").out
    assert "column more goes: it was added since" in plan
    told = undo(1)
    assert told.code == 0, told.err
    everything = "updated_at IS NULL OR updated_at IS NOT NULL"
    sql_text = f"SELECT id, note FROM `{PROJECT}.{sync.dataset}.t` WHERE {everything}"
    assert [tuple(row) for row in sync.client.query_and_wait(sql_text)] == [(1, "a")]
    assert list(sync.types()) == ["id", "note", "updated_at"]
    assert settings(sync) == now

    sync.ok(**laid_out)
    assert list(sync.types()) == ["id", "note", "updated_at", "more"]


def settings(sync):
    table = sync.table()
    resource = table.to_api_repr()
    told = ("description", "friendlyName", "labels", "expirationTime", "requirePartitionFilter")
    told += ("timePartitioning", "clustering")
    described = [field.to_api_repr() for field in table.schema if field.name != "more"]
    return [resource.get(name) for name in told], described


def test_a_table_with_another_layout_is_not_restored(sync, sql, undo):
    sql(EVOLVING)
    sql("INSERT INTO orders VALUES (1, 'a', now() - interval '5 hours')")
    sync.ok(**SMART)
    rebuilt = SMART | {"enable_auto_schema": "true", "delete_existing_table": "true"}
    sync.ok(**rebuilt, **KEEP)
    refused = sync(**SMART, rollback_run=sync.history()[1]["run_id"])
    assert refused.code == 5
    assert "the table had another layout" in refused.err
    assert "bq cp --restore" in refused.err


@pytest.mark.parametrize("then", [True, False])
def test_a_filter_that_was_needed_then_or_is_now_keeps_nothing_from_being_proven(
    sync, insert, undo, then
):
    """What a query must name of the snapshot and of the table may differ."""

    def need(is_needed):
        table = sync.table()
        table.require_partition_filter = is_needed
        sync.client.update_table(table, ["require_partition_filter"])

    insert(1, 300)
    sync.ok(**SMART, enable_auto_schema="true", partition_type="DAY")
    need(then)
    insert(2, 200)
    sync.ok(**SMART, **KEEP)
    need(not then)
    assert undo(1).code == 0
    assert json.loads(last(sync)["verification"])["rollback"]["is_proven"]
    need(False)
    assert ids(sync) == [1]
    sync.ok(**SMART)
    assert ids(sync) == [1, 2]


def test_a_column_that_gets_its_old_length_back_is_named(sync, sql):
    sql(EVOLVING + "; INSERT INTO orders VALUES (1, 'short', now() - interval '300 min')")
    columns = "id INT64, note STRING(5), updated_at TIMESTAMP"
    sync.client.query_and_wait(f"CREATE TABLE {sync.dataset}.t ({columns})")
    sync.ok(**SMART)
    sql("INSERT INTO orders VALUES (2, 'more', now() - interval '200 min')")
    sync.ok(**SMART, **KEEP)
    table = sync.table()
    table.schema = [SchemaField(one.name, one.field_type, one.mode) for one in table.schema]
    sync.client.update_table(table, ["schema"])
    plan = sync.ok(**SMART, rollback_run=last(sync)["run_id"], plan_only="true").out
    assert "column note is STRING(5) NULLABLE again, and not STRING NULLABLE" in plan
