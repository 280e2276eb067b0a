"""smart_sync.beam in somebody's own pipeline: read, changed, and written all at once."""

import json
import os
import signal
import subprocess
import sys
from decimal import Decimal

import apache_beam as beam
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.fn_api_runner.fn_runner import FnApiRunner
from apache_beam.transforms.periodicsequence import PeriodicImpulse

import smart_sync
from auto_schema.errors import SourceUnreachableError
from pipeline.api import source_reading
from pipeline.parameters.docs import ROOT
from smart_sync.beam import ReadFromPostgreSQL, WriteToBigQueryAtomically
from tests.bundles import a_worker_goes
from tests.processes import until
from tests.sync import PASSWORD, PROJECT, reading

ROWS = 2000
SPLITS = 8


@pytest.fixture
def source(database, sql, sync, target, monkeypatch):
    """The parameters of a table of prices, read in eight splits over two connections."""
    for name, value in target.environ.items():
        monkeypatch.setenv(name, value)
    sql(
        "CREATE TABLE prices (id int PRIMARY KEY, price numeric(10,2), at timestamptz, tags text[])"
    )
    sql(
        "INSERT INTO prices SELECT i, i / 4.0, '2025-01-01'::timestamptz + i * '1 s'::interval,"
        f" ARRAY['a', i::text] FROM generate_series(1, {ROWS}) AS i"
    )
    sql("ANALYZE prices")
    parameters = {name: text for name, text in reading(database).items() if name != "data_source"}
    return parameters | {
        "source_table_for_schema": "public.prices",
        "num_splits": SPLITS,
        "max_source_connections": 2,
        "batch_size": 100,
    }


@pytest.fixture
def table(sync):
    return f"{PROJECT}.{sync.dataset}.prices"


@pytest.fixture
def write(sync, table):
    return WriteToBigQueryAtomically(table, temp_location=str(sync.temp))


@pytest.fixture
def to_bucket(sync, table, bucket, monkeypatch):
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", bucket)
    return WriteToBigQueryAtomically(table, temp_location=f"gs://bkt/{sync.dataset}")


def doubled(batch):
    """Somebody's own step."""
    return batch.set_column(0, "id", pc.multiply(batch.column("id"), 2))


def run(*steps):
    pipeline = beam.Pipeline(runner=FnApiRunner(), options=PipelineOptions([]))
    values = pipeline
    for number, step in enumerate(steps):
        values = values | f"Step {number}" >> step
    pipeline.run().wait_until_finish()


def seen(sync):
    return sync.rows("COUNT(*), COUNT(DISTINCT id), SUM(id), MIN(price), MAX(`at`)", "prices")


def whole(sync, times=1):
    (row,) = seen(sync)
    return row[:3] == (ROWS * times, ROWS, ROWS * (ROWS + 1) * times)


def test_rows_are_read_changed_and_published_by_one_job(source, sync, write):
    run(ReadFromPostgreSQL(source), beam.Map(doubled), write)
    assert whole(sync)
    assert sync.types("prices") == {
        "id": "INTEGER",
        "price": "NUMERIC",
        "at": "TIMESTAMP",
        "tags": "STRING[]",
    }
    assert sync.rows("tags", "prices", "id")[1] == (["a", "2"],)
    assert [path for path in sync.temp.rglob("*") if path.is_file()] == []


def test_many_files_of_a_bucket_are_one_job(source, sync, to_bucket):
    split = beam.Reshuffle()
    run(ReadFromPostgreSQL(source), beam.Map(doubled), split, to_bucket)
    run(ReadFromPostgreSQL(source), beam.Map(doubled), to_bucket)
    assert whole(sync, times=2), "each pipeline appends its rows"
    jobs = [
        job
        for job in sync.client.list_jobs()
        if job.job_type == "load" and job.destination and job.destination.dataset_id == sync.dataset
    ]
    assert len(jobs) == 2


@pytest.mark.parametrize(
    ("place", "calls"),
    [
        ("pipeline.api.beam.read.plan_of_source", 1),
        ("pipeline.api.beam.read.batches_of", 5),
        ("pipeline.api.staged_writing.BundleFile.write", 3),
        ("pipeline.api.staged_writing.BundleFile.finish", 1),
        ("pipeline.api.beam.write.begin", 1),
        ("pipeline.api.beam.write.publish", 1),
    ],
)
@pytest.mark.parametrize("way", ["write", "to_bucket"])
def test_rows_of_a_bundle_that_is_run_again_come_once(
    source,
    sync,
    request,
    monkeypatch,
    again,
    place,
    calls,
    way,
):
    counted = a_worker_goes(monkeypatch, place, calls)
    run(ReadFromPostgreSQL(source), beam.Map(doubled), request.getfixturevalue(way))
    assert len(again) == 1
    assert len(counted) > calls
    assert whole(sync)


@pytest.fixture
def lost(monkeypatch):
    """The third batch of a split ends with a connection that is lost, once."""

    def conformed(plan, split):
        for number, batch in enumerate(original(plan, split)):
            if number == 1 and not ends:
                ends.append(split)
                raise SourceUnreachableError("connection lost", "here", "a test took it")
            yield batch

    original, ends = source_reading._conformed, []
    monkeypatch.setattr(source_reading, "_conformed", conformed)
    return ends


def test_a_connection_that_is_lost_amid_a_split_doubles_no_row(source, sync, write, lost, again):
    run(ReadFromPostgreSQL(source | {"num_splits": 2}), beam.Map(doubled), write)
    assert (len(lost), len(again)) == (1, 1)
    assert whole(sync)


def fails_at_the_last(batch):
    if ROWS in batch.column("id").to_pylist():
        raise ValueError("a user's own fault")
    return batch


@pytest.mark.parametrize("disposition", ["WRITE_APPEND", "WRITE_TRUNCATE"])
def test_a_pipeline_that_fails_leaves_the_table_as_it_was(source, sync, table, write, disposition):
    run(ReadFromPostgreSQL(source), beam.Map(doubled), write)
    before = seen(sync)
    another = WriteToBigQueryAtomically(table, str(sync.temp), disposition)
    with pytest.raises(Exception, match="a user's own fault"):
        run(ReadFromPostgreSQL(source), beam.Map(fails_at_the_last), another)
    assert seen(sync) == before


def test_a_job_that_bigquery_refuses_leaves_nothing_visible(source, sync, write):
    sync.client.query_and_wait(f"CREATE TABLE {sync.dataset}.prices (id INT64, price DATE)")
    with pytest.raises(Exception, match="a column of another type") as told:
        run(ReadFromPostgreSQL(source), write)
    assert "batches bring NUMERIC, the table has DATE" in str(told.value)
    assert sync.rows("COUNT(*)", "prices") == [(0,)]


def test_a_table_is_replaced_whole_or_must_be_empty(source, sync, table, write):
    run(ReadFromPostgreSQL(source), beam.Map(doubled), write)
    some = source | {"source_table_for_schema": None}
    some["postgresql_query"] = "SELECT id * 2 AS id, price, at, tags FROM prices WHERE id <= 10"
    with pytest.raises(Exception, match="destination table is not empty"):
        run(
            ReadFromPostgreSQL(some),
            WriteToBigQueryAtomically(table, str(sync.temp), "WRITE_EMPTY"),
        )
    assert whole(sync)
    run(
        ReadFromPostgreSQL(some), WriteToBigQueryAtomically(table, str(sync.temp), "WRITE_TRUNCATE")
    )
    assert seen(sync)[0][:2] == (10, 10)
    some["postgresql_query"] += " AND false"
    run(ReadFromPostgreSQL(some), WriteToBigQueryAtomically(table, str(sync.temp), "WRITE_APPEND"))
    assert seen(sync)[0][:2] == (10, 10)
    run(
        ReadFromPostgreSQL(some), WriteToBigQueryAtomically(table, str(sync.temp), "WRITE_TRUNCATE")
    )
    assert sync.rows("COUNT(*)", "prices") == [(0,)]


GUARDED = (
    "CREATE TABLE {} (id INT64 NOT NULL OPTIONS (description='key'), secret STRING, doc JSON)"
    " CLUSTER BY id"
)


def test_a_table_that_is_replaced_keeps_its_columns_and_what_guards_them(
    sync, table, target, monkeypatch
):
    """WRITE_TRUNCATE would take its schema from the batches, and policies away."""
    for name, value in target.environ.items():
        monkeypatch.setenv(name, value)
    sync.client.query_and_wait(GUARDED.format(f"`{table}`"))
    sync.client.query_and_wait(f"INSERT INTO `{table}` (id, secret) VALUES (1, 'x')")
    before = sync.table("prices")
    write = WriteToBigQueryAtomically(table, str(sync.temp), "WRITE_TRUNCATE")
    run(beam.Create([pa.record_batch({"id": [7, 8]})]), write)
    after = sync.table("prices")
    assert (after.schema, after.clustering_fields) == (before.schema, before.clustering_fields)
    assert sync.rows("id, secret", "prices") == [(7, None), (8, None)]
    with pytest.raises(Exception, match="a column of another type"):
        run(beam.Create([pa.record_batch({"id": ["7"]})]), write)
    with pytest.raises(Exception, match="a column that the table doesn't have"):
        run(beam.Create([pa.record_batch({"id": [7], "more": [1]})]), write)
    assert sync.rows("id, secret", "prices") == [(7, None), (8, None)]


def test_a_value_that_no_query_could_read_is_not_written(sync, write, target, monkeypatch):
    for name, value in target.environ.items():
        monkeypatch.setenv(name, value)
    far = pa.array([253402300800], pa.timestamp("s"))
    with pytest.raises(Exception, match="a value that BigQuery can't hold"):
        run(beam.Create([pa.record_batch({"at": far})]), write)
    assert "prices" not in sync.tables()
    run(beam.Create([pa.record_batch({"at": pa.array([60], pa.timestamp("s"))})]), write)
    assert sync.rows("FORMAT_DATETIME('%F %T', `at`)", "prices") == [("1970-01-01 00:01:00",)]


def test_a_stream_is_refused_when_the_step_is_applied(write):
    pipeline = beam.Pipeline(options=PipelineOptions([]))
    rows = pipeline | PeriodicImpulse() | beam.Map(str).with_output_types(pa.RecordBatch)
    with pytest.raises(smart_sync.ConfigError, match="an unbounded collection"):
        rows | write


def test_batches_of_different_columns_are_refused(sync, write, target, monkeypatch):
    for name, value in target.environ.items():
        monkeypatch.setenv(name, value)
    one, other = (pa.RecordBatch.from_pydict({name: [1]}) for name in ("a", "b"))
    with pytest.raises(Exception, match="batches have different columns"):
        run(beam.Create([one, other]), write)
    assert "prices" not in sync.tables()


def test_a_value_that_bigquery_has_not_stops_the_pipeline(source, sync, sql, write):
    sql("UPDATE prices SET at = 'infinity' WHERE id = 77")
    with pytest.raises(Exception, match="rows of a batch don't fit"):
        run(ReadFromPostgreSQL(source), write)
    assert "prices" not in sync.tables()


def test_wrong_parameters_are_told_when_the_step_is_made(source):
    with pytest.raises(smart_sync.ManyErrors) as told:
        ReadFromPostgreSQL(source | {"destination_bigquery_table": "t", "write_disposition": "x"})
    assert {error.where for error in told.value.errors} == {
        "destination_bigquery_table",
        "write_disposition",
    }
    with pytest.raises(smart_sync.ConfigError, match="malformed table"):
        WriteToBigQueryAtomically("t")
    assert PASSWORD not in repr(ReadFromPostgreSQL(source))


SLOW = """
import json, sys, time
import apache_beam as beam
from smart_sync.beam import ReadFromPostgreSQL, WriteToBigQueryAtomically

def slowly(batch):
    time.sleep(float(sys.argv[3]))
    return batch

config, write = json.loads(sys.argv[1]), json.loads(sys.argv[2])
with beam.Pipeline(runner="FnApiRunner", argv=[]) as pipeline:
    pipeline | ReadFromPostgreSQL(config) | beam.Map(slowly) | WriteToBigQueryAtomically(**write)
"""


def test_a_pipeline_that_is_killed_amid_staging_leaves_nothing_and_the_next_is_whole(
    source, sync, table
):
    write = json.dumps({"table": table, "temp_location": str(sync.temp)})
    words = [sys.executable, "-c", SLOW, json.dumps(source), write]
    with subprocess.Popen([*words, "0.5"], cwd=ROOT) as process:
        until(lambda: list(sync.temp.rglob("rows-*.parquet")))
        process.send_signal(signal.SIGKILL)
    assert "prices" not in sync.tables()
    subprocess.run([*words, "0"], cwd=ROOT, check=True)
    assert sync.rows("COUNT(*), COUNT(DISTINCT id)", "prices") == [(ROWS, ROWS)]


def test_the_example_writes_its_totals(source, sync, sql, database, target):
    sql("CREATE TABLE orders (id int PRIMARY KEY, quantity int, price numeric(10,2))")
    sql("INSERT INTO orders VALUES (1, 3, 2.50), (2, 0, 9), (3, 1000000, 99999999.99)")
    table = f"{PROJECT}.{sync.dataset}.totals"
    names = ("host", "port", "database", "username", "password")
    words = [f"--postgresql_{name}={source[f'postgresql_{name}']}" for name in names]
    words += [f"--table={table}", f"--temp_location={sync.temp}", "--runner=FnApiRunner"]
    program = [sys.executable, str(ROOT / "examples" / "totals_pipeline.py"), *words]
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(program, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert PASSWORD not in done.stdout + done.stderr
    assert sync.rows("id, total", "totals") == [(1, Decimal("7.5")), (3, Decimal(99999999990000))]
