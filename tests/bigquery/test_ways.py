"""Which way a BigQuery source takes, what the plan says of it, and what arrives."""

import json
from dataclasses import dataclass
from decimal import Decimal

import pytest
from google.cloud import bigquery

from auto_schema.errors import VerificationError
from auto_schema.names import hashed_name
from pipeline.publish import audits
from tests.fault_rules import Rule, rewrite
from tests.outages import standing_between
from tests.sync import HISTORY, PROJECT

ROWS = """
CREATE TABLE `{s}.s` (
  id INT64 OPTIONS (description='its number'), name STRING, amount NUMERIC(10, 2), doc JSON,
  updated_at TIMESTAMP
) PARTITION BY TIMESTAMP_TRUNC(updated_at, MONTH) CLUSTER BY name OPTIONS (description='orders') AS
SELECT i, CONCAT('n', CAST(i AS STRING)), NUMERIC '1.25' * i, JSON '{"a":1}',
  TIMESTAMP_ADD(TIMESTAMP '2024-05-01', INTERVAL i MINUTE)
FROM UNNEST(GENERATE_ARRAY(1, 100)) AS i"""
TOTALS = "COUNT(*), SUM(id), SUM(amount), COUNT(doc)"
ALL = [(100, 5050, 6312.5, 100)]
SMART = {"enable_smart_sync": "true", "enable_auto_schema": "true"}
METHODS = ("in_place", "workers")


def query_of(text: str) -> dict[str, str | None]:
    return {"source_bigquery_query": text, "source_bigquery_table": None}


def kinds(jobs) -> list[str]:
    """What the run's own jobs on rows are: copies, loads and statements by their first word."""
    found = []
    for job in jobs:
        configuration = job["configuration"]
        step = configuration.get("labels", {}).get("step", "")
        if step.startswith(("publish", "stage", "read", "dead")):
            kind = next(k for k in ("copy", "load", "query") if k in configuration)
            found.append(f"{step}: {kind}")
    return found


def plan_of(sync, **more):
    return json.loads(sync.ok(**more, plan_only="true", plan_format="json").out)


def test_a_whole_table_is_one_copy_job(sync, run, sent_jobs):
    run(ROWS)
    plan = sync.ok(plan_only="true").out
    assert "in_place: source and destination are both in US" in plan
    assert "one copy job of the table (free)" in plan
    assert "a copy job reads no bytes that are billed" in plan
    assert "partitioned by MONTH of updated_at, clustered by name" in plan
    sync.ok()
    assert kinds(sent_jobs) == ["publish: copy"]
    assert sync.rows(TOTALS) == ALL
    (event,) = sync.history()
    assert (event["status"], event["rows_read"], event["rows_published"]) == ("succeeded", 100, 100)
    assert sync.table().labels["sync_source"]
    sync.ok(write_disposition="WRITE_TRUNCATE")
    assert sync.rows(TOTALS) == ALL
    sync.ok()
    assert sync.rows("COUNT(*), COUNT(DISTINCT id)") == [(200, 100)]


@pytest.mark.parametrize(
    ("more", "why"),
    [
        (SMART, "only the rows of a window are read"),
        (query_of("SELECT * FROM s"), "the source is a query"),
        (
            {"transformation_config": '{"field_mappings": {"name": "label"}}'},
            "columns are selected, renamed or converted",
        ),
        (
            {"enable_auto_schema": "true", "partition_field": "updated_at"},
            "another partitioning or clustering was asked for",
        ),
    ],
    ids=["window", "query", "renamed", "layout"],
)
def test_what_no_copy_can_do_is_one_statement(sync, run, sent_jobs, more, why):
    run(ROWS)
    assert plan_of(sync, **more)["reading"]["no_copy_because"] == why
    sync.ok(**more)
    assert kinds(sent_jobs) == ["publish: query"]
    assert sync.rows(TOTALS) == ALL
    assert sync.tables() == (HISTORY | {"t", "_sync_lock_t"}) & sync.tables()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "more",
    [
        SMART,
        SMART | {"write_disposition": "WRITE_MERGE", "merge_keys": "id"},
        SMART | {"verify": "true"},
        SMART | {"write_disposition": "WRITE_TRUNCATE"},
        SMART | {"write_disposition": "WRITE_EMPTY"},
    ],
    ids=["append", "merge", "verify", "truncate", "empty"],
)
def test_runs_that_follow_one_another_bring_each_row_once(sync, run, method, more):
    run(ROWS)
    more = more | {"bigquery_read_method": method}
    sync.ok(**more)
    assert sync.rows(TOTALS) == ALL
    assert sync.history()[-1]["watermark_after"] == "2024-05-01 01:40:00"
    schema = {field.name: field for field in sync.table().schema}
    assert schema["id"].description == "its number"
    assert (schema["amount"].precision, schema["amount"].scale) == (10, 2)
    layout = sync.table()
    assert (layout.time_partitioning.type_, layout.clustering_fields) == ("MONTH", ["name"])
    run("INSERT INTO `{s}.s` VALUES (200, 'new', 2, NULL, TIMESTAMP '2024-06-01')")
    if more.get("write_disposition") == "WRITE_EMPTY":
        assert "WRITE_EMPTY" in sync(**more).err
        return
    sync.ok(**more)
    sync.ok(**more)
    assert sync.rows("COUNT(*), COUNT(DISTINCT id), SUM(id)") == [(101, 101, 5250)]


@pytest.mark.parametrize("method", METHODS)
def test_the_seeds_own_example_needs_no_table(sync, method):
    words = query_of("SELECT 1 as test_column") | {"source_bigquery_dataset": None}
    assert plan_of(sync, **words)["reading"]["reason"] == "the query reads no table"
    sync.ok(**words, bigquery_read_method=method)
    assert sync.rows() == [(1,)]


QUOTES = {"single": "'{}'", "double": '"{}"', "none": "{}"}


@pytest.mark.parametrize("kind", ["TIMESTAMP", "DATETIME", "DATE", "INT64"])
def test_placeholders_take_the_window_in_any_quotes(sync, run, kind):
    """Each way of quoting reads rows of its own; an integer may not be quoted."""
    value = (
        "i" if kind == "INT64" else f"CAST(DATE_ADD(DATE '2024-05-01', INTERVAL i DAY) AS {kind})"
    )
    run(f"CREATE TABLE `{{s}}.s` AS SELECT i AS id, {value} AS c FROM UNNEST([1, 2, 3]) AS i")
    ways = ["none"] if kind == "INT64" else list(QUOTES)
    parts = []
    for way in ways:
        start, end = map(QUOTES[way].format, ("{start_timestamp}", "{end_timestamp}"))
        parts.append(f"SELECT '{way}' AS way, * FROM `s` WHERE c > {start} AND c <= {end}")
    words = SMART | query_of("\nUNION ALL ".join(parts) + " -- '")
    words |= {"smart_sync_timestamp_column": "c", "smart_sync_margin": "0s"}
    if kind == "INT64":
        words |= {"late_commit_guard": "off"}
    sync.ok(**words)
    ids = [1, 2, 3]
    if kind == "INT64":
        run("INSERT INTO `{s}.s` SELECT id + 10, c + 10 FROM `{s}.s`")
        ids += [11, 12, 13]
    sync.ok(**words)
    assert sync.rows("way, id", order="1, 2") == [(way, n) for way in sorted(ways) for n in ids]


def test_an_integer_cursor_over_a_query_is_refused_where_late_numbers_would_be_lost(sync, run):
    run("CREATE TABLE `{s}.s` AS SELECT 5 AS id")
    words = query_of("SELECT id FROM s") | {
        "enable_smart_sync": "true",
        "smart_sync_timestamp_column": "id",
        "smart_sync_margin": "0s",
    }
    refused = sync(**words)
    assert refused.code == 2
    for text in ("lower values may come after higher ones", "smart_sync_lookback=N", "no views"):
        assert text in refused.err
    sync.ok(**words, late_commit_guard="off")
    assert sync.rows() == [(5,)]
    merge = {"write_disposition": "WRITE_MERGE", "merge_keys": "id", "smart_sync_lookback": "9"}
    plan = sync.ok(**words | merge, plan_only="true").out
    assert "smart_sync_lookback=9 lower are lost" in plan


def test_views_and_wildcards_are_read_and_a_filtered_table_is_filtered(sync, run):
    run("CREATE TABLE `{s}.e_2024` AS SELECT 1 AS id, DATE '2024-05-01' AS d")
    run("CREATE TABLE `{s}.e_2025` AS SELECT 2 AS id, DATE '2025-05-01' AS d")
    run("CREATE VIEW `{s}.v` AS SELECT id, d FROM `{s}.e_2024`")
    run(
        "CREATE TABLE `{s}.f` PARTITION BY d OPTIONS (require_partition_filter=TRUE)"
        " AS SELECT 3 AS id, DATE '2024-05-01' AS d UNION ALL SELECT 4, NULL"
    )
    for method in METHODS:
        for table in ("e_*", "v", "f"):
            name = f"{table.strip('*_')}_{method}"
            sync.ok(
                source_bigquery_table=table,
                destination_bigquery_table=name,
                bigquery_read_method=method,
                transformation_config='{"select_fields": ["id"]}',
            )
    for method in METHODS:
        assert sync.rows(table=f"e_{method}") == [(1,), (2,)]
        assert sync.rows(table=f"v_{method}") == [(1,)]
        assert sync.rows(table=f"f_{method}") == [(3,), (4,)]
    sql = plan_of(
        sync, source_bigquery_table="f", transformation_config='{"select_fields": ["id"]}'
    )["publish"]["statement"]
    assert "`d` IS NULL OR q.`d` IS NOT NULL" in sql


def test_a_destination_that_feeds_itself_is_refused(sync, run, client, dataset):
    sync.ok(**query_of("SELECT 1 AS id"), source_bigquery_dataset=None)
    own = f"{PROJECT}.{dataset}.t"
    same = sync(source_bigquery_dataset=dataset, source_bigquery_table="t")
    assert (same.code, "fed with its own rows" in same.err) == (2, True)
    run(f"CREATE VIEW `{{s}}.s` AS SELECT * FROM `{own}`")
    run("CREATE VIEW `{s}.w` AS SELECT * FROM `{s}.s`")
    for words in (
        {},
        {"source_bigquery_table": "w"},
        query_of("SELECT id + 1 AS id FROM w"),
        {"source_bigquery_dataset": dataset, "source_bigquery_table": "t*"},
    ):
        result = sync(**words)
        assert (result.code, "fed with its own rows" in result.err) == (2, True), result.err
    assert sync.rows() == [(1,)]


def test_two_locations_go_through_workers_and_never_in_place(sync, client, dataset):
    far = bigquery.Dataset(f"{PROJECT}.{dataset}_far")
    far.location = "EU"
    client.create_dataset(far)
    client.query(f"CREATE TABLE {dataset}_far.s AS SELECT 1 AS id").result()
    words = {"source_bigquery_dataset": f"{dataset}_far"}
    assert plan_of(sync, **words)["reading"] | {"price_usd": 0} == {
        "method": "workers",
        "reason": "the source is in EU, the destination in US",
        "no_copy_because": None,
        "scan_bytes": None,
        "price_usd": 0,
        "price_per_tib": "6.25",
        "max_bytes_billed": None,
    }
    assert "no query: Storage Read bills" in sync.ok(**words, plan_only="true").out
    sync.ok(**words)
    assert sync.rows() == [(1,)]
    refused = sync(**words, bigquery_read_method="in_place")
    assert refused.code == 2
    assert "in place over two locations" in refused.err
    assert "bigquery_read_method=workers" in refused.err
    client.delete_dataset(far, delete_contents=True)


def sized(size: int) -> Rule:
    """Each dry run says that it reads so many bytes; the local BigQuery always says 0."""

    def change(body):
        body["statistics"]["query"]["totalBytesProcessed"] = str(size)
        body["statistics"]["totalBytesProcessed"] = str(size)
        return body

    return Rule(rewrite(change), method="POST", path=r"/jobs\b", body='"dryRun": true')


def test_the_plan_tells_bytes_and_price_and_a_ceiling_is_kept(
    sync, run, target, monkeypatch, sent_jobs
):
    run(ROWS)
    with (
        monkeypatch.context() as patch,
        standing_between(patch, "BIGQUERY_EMULATOR_HOST", target.url) as proxy,
    ):
        proxy.add(sized(3 * 2**40))
        plan = sync.ok(**SMART, plan_only="true").out
        assert "3,298,534,883,328 bytes by a dry run, about $18.7500 at $6.25 per TiB" in plan
        reading = plan_of(sync, **SMART, bigquery_price_per_tib="7.5")["reading"]
        assert (reading["price_usd"], reading["price_per_tib"]) == ("22.5000", "7.5")
        for method in METHODS:
            refused = sync(**SMART, max_bytes_billed="1000", bigquery_read_method=method)
            assert refused.code == 3
            assert "over max_bytes_billed" in refused.err
            assert "reads 3,298,534,883,328 bytes" in refused.err
    query = SMART | query_of("SELECT * FROM s")
    for method in METHODS:
        sent_jobs.clear()
        sync.ok(**query, max_bytes_billed="1000000", bigquery_read_method=method)
        step = "read" if method == "workers" else "publish"
        (job,) = (j for j in sent_jobs if j["configuration"].get("labels", {}).get("step") == step)
        assert job["configuration"]["query"]["maximumBytesBilled"] == "1000000"
    sent_jobs.clear()
    merge = {"write_disposition": "WRITE_MERGE", "merge_keys": "id"}
    sync.ok(**query, **merge, max_bytes_billed="1000000", destination_bigquery_table="merged")
    limits = {
        j["configuration"].get("labels", {}).get("step"): j["configuration"]["query"].get(
            "maximumBytesBilled"
        )
        for j in sent_jobs
        if "query" in j["configuration"]
    }
    assert (limits["stage_0"], limits["publish"]) == ("1000000", None)


def test_a_source_in_bad_shape_is_told_before_anything_starts(sync, run):
    run(ROWS)
    cases = {
        ("source_bigquery_table, source_bigquery_query", "told twice"): {
            "source_bigquery_query": "SELECT 1"
        },
        ("source_bigquery_table", "missing parameter"): {"source_bigquery_table": None},
        ("source_bigquery_query", "placeholders without smart sync"): query_of(
            "SELECT * FROM s WHERE updated_at > '{start_timestamp}'"
        ),
        ("max_bytes_billed", "not a whole number"): {"max_bytes_billed": "1GB"},
        ("bigquery_price_per_tib", "write a number such as 6.25"): {"bigquery_price_per_tib": "x"},
        ("bigquery_read_method", "in_place, workers"): {"bigquery_read_method": "fast"},
    }
    for texts, words in cases.items():
        result = sync(**words)
        assert result.code == 2, words
        assert all(text in result.err for text in texts), result.err
    for words in (
        {"source_bigquery_table": "nope"},
        {"source_bigquery_dataset": "nope"},
        query_of("SELECT nope FROM s"),
        query_of("SELEC 1"),
    ):
        result = sync(**words)
        assert result.code == 3, result.err
        assert "source_bigquery_query" in result.err
    unknown = sync(**SMART, smart_sync_timestamp_column="doc")
    assert (unknown.code, "JSON" in unknown.err) == (2, True)
    assert sync.tables() == set()


def test_a_value_that_the_destination_would_round_is_a_dead_letter(sync, run, dataset):
    run(f"CREATE TABLE `{PROJECT}.{dataset}.t` (id INT64, n NUMERIC(10, 2))")
    run(
        "CREATE TABLE `{s}.s` AS SELECT 1 AS id, NUMERIC '1.25' AS n"
        " UNION ALL SELECT 2, NUMERIC '1.255'"
    )
    reading = plan_of(sync)["reading"]
    assert reading["method"] == "workers"
    assert reading["reason"] == "n may hold more digits than the destination's NUMERIC(10, 2)"
    assert sync().code == 7
    sync.ok(max_dead_letters="1")
    assert sync.rows() == [(1, Decimal("1.25"))]
    assert "2 after the point" in sync.rows("reason", table="t_dead_letters")[0][0]
    refused = sync(bigquery_read_method="in_place")
    assert (refused.code, "values would be rounded" in refused.err) == (4, True)


@pytest.mark.parametrize("method", METHODS)
def test_dead_letters_are_left_out_of_the_proof_on_both_sides(sync, run, method):
    run(ROWS)
    run("INSERT INTO `{s}.s` VALUES (NULL, 'none', 2, NULL, TIMESTAMP '2024-05-01 00:30:00')")
    merge = {"write_disposition": "WRITE_MERGE", "merge_keys": "id", "max_dead_letters": "5"}
    sync.ok(**SMART, **merge, verify="true", bigquery_read_method=method)
    assert sync.rows(TOTALS) == ALL
    proof = json.loads(sync.history()[-1]["verification"])
    assert (proof["source"][0], proof["dead_letters"][0], proof["staged"][0]) == (101, 1, 100)


def test_verify_only_finds_what_was_lost_changed_or_doubled(sync, run, dataset):
    run(ROWS)
    merge = SMART | {"write_disposition": "WRITE_MERGE", "merge_keys": "id"}
    sync.ok(**merge)
    window = {"verify_only": "true", "verify_start": "2024-05-01", "verify_end": "2024-05-01 01:30"}
    assert "source 89 rows, BigQuery 89 rows" in sync.ok(**merge, **window).out
    table = f"`{PROJECT}.{dataset}.t`"
    run(f"DELETE FROM {table} WHERE id = 17")
    run(f"UPDATE {table} SET amount = 3 WHERE id = 18")
    found = sync(**merge, **window)
    assert found.code == 8
    assert "source 89 rows, BigQuery 88 rows" in found.out
    assert "lacking in BigQuery, or there in another version: 2\n" in found.out
    assert sorted(
        line.split(": ")[1] for line in found.out.splitlines() if "key sha256" in line
    ) == [
        "not in BigQuery",
        "other values in BigQuery",
    ]


@dataclass(frozen=True, slots=True)
class OnlySmall:
    """A toy audit: no id is greater than that."""

    most: int
    step: str = "small"
    of_published: bool = False

    def reason(self, request, profile):
        return f"an id is at most {self.most}"

    def query(self, plan):
        return f"SELECT MAX(id) FROM {plan.run.staging.table.sql}"

    def verdict(self, client, plan, splits, answer):
        if answer[0] > self.most:
            raise VerificationError("too great", "column id", f"{answer[0]}", "look at it.")
        return {"greatest": answer[0]}


@pytest.mark.parametrize("more", [{}, query_of("SELECT * FROM s"), SMART], ids=str)
def test_an_audit_sees_the_rows_in_place_whatever_the_way_would_have_been(
    sync, run, sent_jobs, monkeypatch, more
):
    run(ROWS)
    way = plan_of(sync, **more)["publish"]["way"]
    monkeypatch.setattr(audits, "AUDITS", (OnlySmall(99),))
    result = sync(**more)
    assert (result.code, "t" in sync.tables()) == (8, False)
    assert "too great" in result.err
    monkeypatch.setattr(audits, "AUDITS", (OnlySmall(100),))
    plan = plan_of(sync, **more)
    assert (way, plan["publish"]["way"]) == ("query" if more else "copy", "statement")
    assert plan["publish"]["reason"] == "an id is at most 100"
    assert plan["reading"]["scan_bytes"] is not None
    sync.ok(**more)
    assert kinds(sent_jobs)[-2:] == ["stage_0: query", "publish: query"]
    assert sync.rows(TOTALS) == ALL
    assert json.loads(sync.history()[-1]["verification"]) == {"greatest": 100}


@pytest.mark.parametrize("method", ["in_place", "workers"])
def test_a_column_with_a_name_of_ours_gets_one_of_its_own(sync, run, method):
    run("CREATE TABLE `{s}.s` AS SELECT 1 AS id, 'a' AS _smart_sync_a")
    asked = {"bigquery_read_method": method}
    refused = sync(**asked)
    assert refused.code == 4
    assert '{"field_mappings": {"_smart_sync_a": "col_smart_sync_a"}}' in refused.err
    sync.ok(**asked, rename_columns="auto")
    assert list(sync.types()) == ["id", hashed_name("_smart_sync_a")]
    assert sync.rows() == [(1, "a")]


def test_columns_that_only_other_tables_of_a_wildcard_have_are_told(sync, run):
    run("CREATE TABLE `{s}.w_1` (id INT64, note STRING)")  # whose columns the local one shows
    run("CREATE TABLE `{s}.other` (id INT64, elsewhere STRING)")
    words = {"source_bigquery_table": "w_*", "plan_only": "true"}
    assert "isn't read" not in sync.ok(**words).out
    run("CREATE TABLE `{s}.w_2` (ID INT64, gone STRING)")
    run("CREATE TABLE `{s}.w_intraday_3` (id INT64, gone STRING)")
    told = sync.ok(**words).out
    assert "a wildcard has the columns of its newest table: gone of other tables isn't read" in told
    assert "the wildcard also means w_intraday_3, whose names don't go on with a digit" in told


@pytest.mark.parametrize(
    "more", [{"streamingBuffer": {"estimatedRows": "1"}}, {"maxStaleness": "0-0 0 0:15:0"}]
)
def test_rows_that_are_not_in_storage_yet_are_read_by_a_query(
    sync, run, source, target, monkeypatch, more
):
    """Storage Read leaves out what is in the streaming buffer, or waits to be applied."""
    run(ROWS)
    words = SMART | {"bigquery_read_method": "workers"}
    assert plan_of(sync, **words)["reading"]["scan_bytes"] is None, "the table itself is streamed"
    with standing_between(monkeypatch, "BIGQUERY_EMULATOR_HOST", target.url) as proxy:
        table = rf"datasets/{source}/tables/s\b"
        proxy.add(Rule(rewrite(lambda body: body | more), method="GET", path=table))
        assert plan_of(sync, **words)["reading"]["scan_bytes"] is not None
