"""A BigQuery source of which this account sees a part: rows hidden by a row access policy, values
masked by a data policy. Queries and Storage Read say nothing of either."""

import json

import pytest

from tests.as_it_is import bigquery_as_it_is
from tests.fault_rules import Rule, answer, rewrite
from tests.outages import standing_between
from tests.sync import PROJECT, make_client

OURS = "user:local-bigquery@localhost"
MERGE = {"write_disposition": "WRITE_MERGE", "merge_keys": "id"}
ALL = {"write_disposition": "WRITE_TRUNCATE"}
HIDDEN, MASKED = "rows of the source are hidden", "masked columns of the source"


@pytest.fixture(scope="module")
def target(tmp_path_factory, pytestconfig):
    """A local BigQuery that hides rows; the tests' own doesn't."""
    with bigquery_as_it_is(tmp_path_factory.mktemp("policies"), pytestconfig) as server:
        yield server


@pytest.fixture(scope="module")
def client(target):
    return make_client(target)


@pytest.fixture
def orders(run):
    run(
        "CREATE TABLE `{s}.s` AS SELECT id, MOD(id, 2) AS region,"
        " TIMESTAMP '2025-01-01' AS updated_at FROM UNNEST([1, 2, 3]) AS id"
    )
    run("CREATE VIEW `{s}.v` AS SELECT * FROM `{s}.s`")


def policy(run, name, members, condition):
    run(
        f"CREATE ROW ACCESS POLICY {name} ON `{{s}}.s` GRANT TO ('{members}')"
        f" FILTER USING ({condition})"
    )


@pytest.mark.parametrize("condition", ["id = 1", "FALSE"])
def test_a_destination_whose_rows_are_hidden_gets_none_a_second_time(
    sync, run, orders, client, dataset, condition
):
    words = {"enable_smart_sync": "true", "late_commit_guard": "off", "smart_sync_margin": "0s"}
    run("UPDATE `{s}.s` SET updated_at = TIMESTAMP_ADD(updated_at, INTERVAL id DAY) WHERE TRUE")
    sync.ok(**words)
    table = f"{PROJECT}.{dataset}.t"
    hides = f"CREATE ROW ACCESS POLICY few ON `{table}` GRANT TO ('{OURS}') FILTER USING"
    client.query_and_wait(f"{hides} ({condition})")
    for asked in ({}, MERGE):
        refused = sync(**words, **asked)
        assert (refused.code, "rows of the destination are hidden" in refused.err) == (5, True)
    every = hides.replace("few", "every")
    client.query_and_wait(f"{every} (TRUE)")
    sync.ok(**words)
    assert sync.rows("id", order="id") == [(1,), (2,), (3,)]


@pytest.mark.parametrize("way", ["in_place", "workers"])
def test_rows_that_a_row_access_policy_hides_end_the_run(sync, run, orders, way):
    words = {"bigquery_read_method": way}
    sync.ok(**words, **ALL)
    policy(run, "odd", OURS, "region = 1")
    assert run("SELECT COUNT(*) FROM `{s}.s`") == [(2,)], "in silence"
    view = {"source_bigquery_table": "v"}
    query = {"source_bigquery_table": None, "source_bigquery_query": "SELECT * FROM v"}
    for asked in (MERGE | {"delete_missing": "hard"}, ALL | view, ALL | query):
        refused = sync(**words, **asked)
        assert (refused.code, HIDDEN in refused.err) == (3, True)
        assert "FILTER USING (TRUE)" in refused.err
    assert sync.rows("id", order="id") == [(1,), (2,), (3,)]
    policy(run, "every", OURS, "TRUE")
    sync.ok(**words, **ALL, **view)
    assert sync.rows("id", order="id") == [(1,), (2,), (3,)]


def test_a_masked_column_is_refused_unless_it_is_left_out(sync, run, orders, client, source):
    table = client.get_table(f"{PROJECT}.{source}.s")
    columns = [field.to_api_repr() for field in table.schema]
    for column, tag in ((columns[0], "clear"), (columns[1], "masked")):
        column["policyTags"] = {"names": [f"projects/p/locations/us/taxonomies/1/policyTags/{tag}"]}
    table.schema = columns
    client.update_table(table, ["schema"])
    refused = sync(**ALL)
    assert (refused.code, f"{MASKED} (columns region)" in refused.err) == (3, True)
    without = json.dumps({"exclude_fields": ["region"]})
    sync.ok(**ALL, transformation_config=without)
    assert sync.rows("id", order="id") == [(1,), (2,), (3,)]
    told = sync.ok(**ALL, source_bigquery_table="v", plan_only="true")
    assert f"masks region of {PROJECT}.{source}.s" in told.out


def tagged(client, table, column, tag):
    found = client.get_table(table)
    columns = [field.to_api_repr() for field in found.schema]
    for field in columns:
        if field["name"] == column:
            field["policyTags"] = {
                "names": [f"projects/p/locations/us/taxonomies/1/policyTags/{tag}"]
            }
    found.schema = columns
    client.update_table(found, ["schema"])


@pytest.mark.parametrize(("column", "words"), [("updated_at", {}), ("id", MERGE)])
def test_a_destination_whose_cursor_or_key_is_masked_is_refused(
    sync, run, orders, client, dataset, column, words
):
    """No history knows of a higher MAX: the table was filled by others."""
    words = words | {"enable_smart_sync": "true", "late_commit_guard": "off"}
    sync.ok(**words)
    table = f"{PROJECT}.{dataset}.t"
    tagged(client, table, column, "clear")
    sync.ok(**words)
    tagged(client, table, column, "masked")
    for more in ({}, {"run_history_table": "others"}, {"plan_only": "true"}):
        refused = sync(**words, **more)
        assert (refused.code, "masked columns of the destination" in refused.err) == (5, True)
        assert f"columns {column})" in refused.err
    if column == "id":
        refused = sync(**words | {"enable_smart_sync": "false"})
        assert (refused.code, "masked columns of the destination" in refused.err) == (5, True)
    assert sync.rows("id", order="id") == [(1,), (2,), (3,)]


@pytest.mark.parametrize("way", ["in_place", "workers"])
def test_a_table_that_is_shared_with_queries_only_is_read_by_one(
    sync, orders, source, target, monkeypatch, way
):
    """BigQuery refuses to list, to copy and to stream it, whatever rows this account may see."""
    table = rf"datasets/{source}/tables/s"
    with standing_between(monkeypatch, "BIGQUERY_EMULATOR_HOST", target.url) as proxy:
        restricted = {"restrictions": {"type": "RESTRICTED_DATA_EGRESS"}}
        proxy.add(Rule(rewrite(lambda body: body | restricted), method="GET", path=rf"{table}\?"))
        proxy.add(Rule(answer(403, "accessDenied"), path=rf"{table}/data"))
        words = {"bigquery_read_method": way, "plan_format": "json"}
        plan = json.loads(sync.ok(**words, plan_only="true").out)
    assert plan["reading"]["scan_bytes"] is not None, "neither a copy job nor Storage Read"
    (told,) = [text for text in plan["warnings"] if "may not look into" in text]
    assert f"{PROJECT}.{source}.s" in told
