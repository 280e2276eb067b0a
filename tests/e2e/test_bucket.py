"""The main job over a bucket: one load job into the table, or JSON through a staging table."""

import urllib.request

import pytest
from google.cloud import bigquery

from tests.sync import PROJECT

TABLE = """
CREATE TABLE s (id int8 PRIMARY KEY, name text, tags text[], day date, price numeric(12,2));
COMMENT ON TABLE s IS 'What there is';
INSERT INTO s SELECT g, 'name ' || g, ARRAY['a', 'b'], date '2024-01-01' + (g % 3)::int, g / 4.0
FROM generate_series(1, 9) g
"""
ALL = {"postgresql_query": "SELECT * FROM s"}
LAID_OUT = {
    "source_table_for_schema": "s",
    "enable_auto_schema": "true",
    "partition_field": "day",
    "partition_type": "MONTH",
    "clustering_fields": "name,id",
}
TRUNCATE = {"write_disposition": "WRITE_TRUNCATE"}


@pytest.fixture
def over(sync, bucket, monkeypatch, dataset):
    """The sync with a temp_location in the bucket."""
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", bucket)
    sync.defaults["temp_location"] = f"gs://bkt/{dataset}/temp"
    return sync


def objects(bucket, dataset):
    """The bucket's listing of what lies under the test's folder."""
    with urllib.request.urlopen(f"{bucket}/storage/v1/b/bkt/o?prefix={dataset}/") as answer:
        return answer.read().decode()


def nothing_is_left(sync, bucket):
    assert ".parquet" not in objects(bucket, sync.dataset)
    assert [
        name
        for name in sync.tables()
        if name.startswith(("_sync_staging", "_sync_dead")) or "__" in name
    ] == []


def publishing(sent):
    """Configurations and ids of the last run's jobs but those of the history."""
    jobs = [job for job in sent if "_event_" not in job["jobReference"]["jobId"]]
    jobs = [job for job in jobs if job["jobReference"]["jobId"].startswith("sync_")]
    run = jobs[-1]["jobReference"]["jobId"].split("_")[1]
    return run, [job for job in jobs if f"sync_{run}_" in job["jobReference"]["jobId"]]


def the_load(sent):
    """The only job that published the last run."""
    run, (job,) = publishing(sent)
    assert job["jobReference"]["jobId"] == f"sync_{run}_publish_1"
    labels = {"application": "bigquery-smart-sync", "run_id": run, "step": "publish"}
    assert job["configuration"]["labels"] == labels
    load = job["configuration"]["load"]
    assert load["sourceFormat"] == "PARQUET"
    assert load["parquetOptions"]["enableListInference"] is True
    assert not load.get("autodetect")
    assert all(uri.startswith("gs://bkt/") and run in uri for uri in load["sourceUris"])
    return load


def test_a_missing_table_is_made_laid_out_and_filled_by_one_load_job(over, sql, bucket, sent_jobs):
    sql(TABLE)
    plan = over.ok(**ALL | LAID_OUT, num_splits="3", plan_only="true").out
    assert "one load job of all files, straight into the table (free)" in plan
    over.ok(**ALL | LAID_OUT, num_splits="3")
    load = the_load(sent_jobs)
    assert len(load["sourceUris"]) == 3
    assert (load["createDisposition"], load["writeDisposition"]) == (
        "CREATE_IF_NEEDED",
        "WRITE_APPEND",
    )
    assert load["timePartitioning"] == {"field": "day", "type": "MONTH"}
    assert load["clustering"] == {"fields": ["name", "id"]}
    properties = load["destinationTableProperties"]
    assert properties["description"] == "What there is"
    assert set(properties["labels"]) == {"sync_source", "sync_server"}
    kinds = {field["name"]: (field["type"], field["mode"]) for field in load["schema"]["fields"]}
    assert kinds["tags"] == ("STRING", "REPEATED")
    assert kinds["price"] == ("NUMERIC", "NULLABLE")
    assert over.rows("COUNT(*), COUNT(DISTINCT id), SUM(ARRAY_LENGTH(tags))") == [(9, 9, 18)]
    nothing_is_left(over, bucket)


def test_append_twice_then_truncate_then_rebuild_are_each_one_load_job(
    over, sql, bucket, sent_jobs
):
    sql(TABLE)
    over.ok(**ALL | LAID_OUT)
    over.ok(**ALL)
    load = the_load(sent_jobs)
    assert load["writeDisposition"] == "WRITE_APPEND"
    assert "schemaUpdateOptions" not in load
    assert "timePartitioning" not in load
    assert over.rows("COUNT(*), COUNT(DISTINCT id)") == [(18, 9)]
    over.ok(**ALL | TRUNCATE)
    assert the_load(sent_jobs)["writeDisposition"] == "WRITE_TRUNCATE_DATA"
    assert over.rows("COUNT(*), COUNT(DISTINCT id)") == [(9, 9)]
    assert over.table().time_partitioning.field == "day"
    over.ok(
        postgresql_query="SELECT id, name, day FROM s", delete_existing_table="true", **LAID_OUT
    )
    load = the_load(sent_jobs)
    assert load["writeDisposition"] == "WRITE_TRUNCATE"
    assert load["timePartitioning"] == {"field": "day", "type": "MONTH"}
    assert load["clustering"] == {"fields": ["name", "id"]}
    assert set(over.types()) == {"id", "name", "day"}
    assert over.rows("COUNT(*), COUNT(DISTINCT id)") == [(9, 9)]
    nothing_is_left(over, bucket)


def make(sync, *names):
    fields = [bigquery.SchemaField(name, kind) for name, kind in names]
    sync.client.create_table(bigquery.Table(f"{PROJECT}.{sync.dataset}.t", fields))


def test_a_column_that_the_table_lacks_is_added_in_the_same_load_job(over, sql, sent_jobs):
    sql(TABLE)
    make(over, ("id", "INT64"))
    over.ok(postgresql_query="SELECT name, id FROM s")
    load = the_load(sent_jobs)
    assert load["schemaUpdateOptions"] == ["ALLOW_FIELD_ADDITION"]
    assert [field["name"] for field in load["schema"]["fields"]] == ["id", "name"]
    assert over.rows("COUNT(*), COUNT(name)") == [(9, 9)]


def test_rows_that_are_replaced_beside_a_new_column_leave_what_guards_the_table(
    over, sql, sent_jobs
):
    """WRITE_TRUNCATE would take row access policies away, and whoever reads would see all."""
    sql(TABLE)
    field = bigquery.SchemaField("id", "INT64", description="kept")
    over.client.create_table(bigquery.Table(f"{PROJECT}.{over.dataset}.t", [field]))
    over.ok(**ALL | TRUNCATE)
    load = the_load(sent_jobs)
    assert load["writeDisposition"] == "WRITE_TRUNCATE_DATA"
    assert load["schemaUpdateOptions"] == ["ALLOW_FIELD_ADDITION"]
    assert over.rows("COUNT(*), COUNT(DISTINCT id), COUNT(name)") == [(9, 9, 9)]
    assert over.table().schema[0].description == "kept"


def test_a_column_that_only_the_table_has_stays_null_in_loaded_rows(over, sql, sent_jobs):
    sql(TABLE)
    make(over, ("note", "STRING"), ("id", "INT64"))
    over.ok(postgresql_query="SELECT id FROM s")
    assert "schemaUpdateOptions" not in the_load(sent_jobs)
    assert over.rows("COUNT(*), COUNT(id), COUNT(note)") == [(9, 9, 0)]


def test_columns_added_beside_columns_of_the_tables_own_go_by_a_statement(over, sql, sent_jobs):
    sql(TABLE)
    make(over, ("note", "STRING"), ("doc", "JSON"), ("id", "INT64"))
    over.ok(postgresql_query="SELECT id, name FROM s")
    _, (load, _) = publishing(sent_jobs)
    table = load["configuration"]["load"]["destinationTable"]["tableId"]
    assert table.startswith("_sync_staging_")
    assert over.rows("COUNT(id), COUNT(name), COUNT(note), COUNT(doc)") == [(9, 9, 0, 0)]
    assert list(over.types()) == ["note", "doc", "id", "name"]


def test_write_empty_and_create_never_are_said_to_the_load_job_too(over, sql, sent_jobs):
    sql(TABLE)
    over.ok(**ALL, write_disposition="WRITE_EMPTY")
    load = the_load(sent_jobs)
    assert load["writeDisposition"] == "WRITE_EMPTY"
    assert load["createDisposition"] == "CREATE_IF_NEEDED"
    assert over(**ALL, write_disposition="WRITE_EMPTY").code == 5
    over.ok(**ALL, create_disposition="CREATE_NEVER")
    assert the_load(sent_jobs)["createDisposition"] == "CREATE_NEVER"
    assert over.rows("COUNT(*), COUNT(DISTINCT id)") == [(18, 9)]


def test_an_empty_source_empties_a_table_by_an_empty_file_and_appends_by_no_job(
    over, sql, bucket, sent_jobs
):
    sql(TABLE)
    over.ok(**ALL | LAID_OUT)
    sql("DELETE FROM s")
    sent_jobs.clear()
    over.ok(**ALL)
    assert [job for job in sent_jobs if "load" in job["configuration"]] == []
    over.ok(**ALL | TRUNCATE)
    load = the_load(sent_jobs)
    assert load["writeDisposition"] == "WRITE_TRUNCATE_DATA"
    assert over.rows() == []
    assert over.table().time_partitioning.field == "day"
    nothing_is_left(over, bucket)


def test_json_is_never_loaded_from_parquet_but_parsed_from_a_staging_table(
    over, sql, bucket, sent_jobs
):
    sql("CREATE TABLE s (id int8, doc jsonb)")
    sql("""INSERT INTO s SELECT g, '{"a": [1, 2.5, "x"]}' FROM generate_series(1, 5) g""")
    for parameters, rows in ((ALL, 5), (ALL, 10), (ALL | TRUNCATE, 5)):
        over.ok(**parameters)
        run, (load, statement) = publishing(sent_jobs)
        assert load["jobReference"]["jobId"] == f"sync_{run}_stage_0_1"
        target = load["configuration"]["load"]["destinationTable"]["tableId"]
        assert target.startswith("_sync_staging_")
        assert statement["jobReference"]["jobId"] == f"sync_{run}_publish_1"
        assert "PARSE_JSON(`doc`" in statement["configuration"]["query"]["query"]
        assert over.types()["doc"] == "JSON"
        assert over.rows("COUNT(*), MAX(JSON_VALUE(doc, '$.a[2]'))") == [(rows, "x")]
        nothing_is_left(over, bucket)


def test_another_layout_is_swapped_in_by_a_script(over, sql, bucket, sent_jobs):
    sql(TABLE)
    over.ok(**ALL)
    over.ok(**ALL | LAID_OUT, delete_existing_table="true")
    _, jobs = publishing(sent_jobs)
    loads = [job["configuration"]["load"] for job in jobs if "load" in job["configuration"]]
    assert [load["destinationTable"]["tableId"][:13] for load in loads] == ["_sync_staging"]
    assert over.table().time_partitioning.type_ == "MONTH"
    assert over.rows("COUNT(*), COUNT(DISTINCT id)") == [(9, 9)]
    nothing_is_left(over, bucket)


def test_a_run_that_fails_leaves_no_object_and_sends_no_load_job(over, sql, bucket, sent_jobs):
    sql(TABLE)
    result = over(postgresql_query="SELECT DISTINCT 1 / (id - 9) AS n FROM s", num_splits="3")
    assert result.code == 3
    assert [job for job in sent_jobs if "load" in job["configuration"]] == []
    assert over.history()[-1]["status"] == "failed"
    assert "t" not in over.tables()
    nothing_is_left(over, bucket)


def test_a_bucket_that_is_missing_is_named_before_anything_is_written(over, sql):
    sql(TABLE)
    result = over(**ALL, temp_location="gs://nowhere-at-all/temp")
    assert result.code == 5
    assert "temp bucket is missing (gs://nowhere-at-all/temp)" in result.err
    assert "gcloud storage buckets create gs://nowhere-at-all" in result.err
    assert over.tables() == set()
