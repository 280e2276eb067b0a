"""What Arrow, Beam and Python's libraries do, run by themselves: see docs/behaviours.md."""

import argparse
import datetime as dt
import io
import logging
import pickle
import zoneinfo

import apache_beam as beam
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import requests
import sqlglot
from cronsim import CronSim, CronSimError
from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery
from google.resumable_media.requests import ResumableUpload
from sqlglot import exp

from demo.servers import free_port


def test_a_pickled_slice_carries_its_whole_parent():
    part = pa.record_batch({"a": range(100_000)}).slice(0, 10)
    assert part.nbytes == 80
    assert len(pickle.dumps(part)) > 800_000


def test_bytes_of_digits_are_cast_to_a_number():
    assert pa.array([b"1234"]).cast(pa.int64()).to_pylist() == [1234]


def test_a_text_that_is_not_utf8_is_written_to_parquet_unless_validated_in_full():
    offsets = pa.array([0, 4], pa.int32()).buffers()[1]
    text = pa.Array.from_buffers(pa.string(), 1, [None, offsets, pa.py_buffer(b"caf\xe9")])
    text.validate()
    pq.write_table(pa.table({"t": text}), io.BytesIO())
    with pytest.raises(pa.ArrowInvalid, match="UTF8"):
        text.validate(full=True)


def test_stamps_that_python_can_not_hold_are_valid_until_they_are_shown():
    stamps = pa.array([2**62], pa.timestamp("us"))
    stamps.validate(full=True)
    assert stamps.cast(pa.int64()).to_pylist() == [2**62]
    pq.write_table(pa.table({"at": stamps}), io.BytesIO())
    with pytest.raises(OverflowError):
        stamps.to_pylist()


def test_24_00_is_shown_as_midnight():
    assert pa.array([86_400_000_000], pa.time64("us")).to_pylist() == [dt.time(0)]


def test_the_values_of_a_sliced_list_are_those_of_the_whole():
    part = pa.array([[1, 2], [3]])[1:]
    assert part.values.to_pylist() == [1, 2, 3]
    assert part.flatten().to_pylist() == [3]


def test_a_null_list_may_have_values_beneath():
    offsets, mask = pa.array([0, 1, 2], pa.int32()), pa.array([True, False])
    lists = pa.ListArray.from_arrays(offsets, pa.array([1, 2]), mask=mask)
    assert (lists.to_pylist(), lists.values.to_pylist()) == ([None, [2]], [1, 2])


def test_a_text_beyond_doubles_is_cast_to_infinity():
    assert pa.array(["1e400"]).cast(pa.float64()).to_pylist() == [float("inf")]


def test_strict_casts_of_numbers_keep_the_value_or_fail():
    for values, kind in (
        (pa.array([2**53 + 1]), pa.float64()),
        (pa.array([1.9]), pa.int64()),
        (pa.array(["1.239"]), pa.decimal128(10, 2)),
    ):
        with pytest.raises(pa.ArrowInvalid):
            values.cast(kind)
    assert pa.array(["1.230"]).cast(pa.decimal128(10, 2)).to_pylist()[0].as_tuple().digits == (
        1,
        2,
        3,
    )


def test_beams_coder_of_a_batch_pickles():
    coder = beam.coders.typecoders.CoderRegistry().get_coder(pa.RecordBatch)  # ours isn't in it
    part = pa.record_batch({"a": range(100_000)}).slice(0, 10)
    assert len(coder.encode(part)) > 800_000


POSTPONED = """
from __future__ import annotations
import apache_beam as beam
class Step(beam.DoFn):
    def process(self, element: int) -> list[str]: ...
"""


@pytest.mark.parametrize("source", [POSTPONED, POSTPONED.replace("from __future__", "#")])
def test_beam_knows_no_type_where_annotations_are_postponed(source):
    names = {}
    exec(source, names)
    with beam.Pipeline(runner="FnApiRunner") as pipeline:
        out = pipeline | beam.Create([1]) | beam.ParDo(names["Step"]())
    assert (out.element_type is str) == ("#" in source)


class KeywordOnlyError(Exception):
    def __init__(self, *, what):
        super().__init__(what)


def test_an_error_with_keywords_only_pickles_and_does_not_come_back():
    packed = pickle.dumps(KeywordOnlyError(what="x"))
    with pytest.raises(TypeError):
        pickle.loads(packed)


def test_stamps_of_the_hour_that_comes_twice_are_equal_in_their_zone():
    zone = zoneinfo.ZoneInfo("Europe/Berlin")
    first = dt.datetime(2026, 10, 25, 2, 30, tzinfo=zone)
    second = first.replace(fold=1)
    assert first == second
    assert second - first == dt.timedelta(0)
    assert second.astimezone(dt.UTC) - first.astimezone(dt.UTC) == dt.timedelta(hours=1)


def test_a_midnight_that_never_comes_fires_an_hour_later_and_one_that_comes_twice_once():
    def days(zone, year, month, day, count):
        start = dt.datetime(year, month, day, 12, tzinfo=zoneinfo.ZoneInfo(zone))
        fires = CronSim("0 0 * * *", start)
        return [str(next(fires)) for _ in range(count)]

    assert days("America/Santiago", 2026, 9, 5, 2) == [
        "2026-09-06 01:00:00-03:00",
        "2026-09-07 00:00:00-03:00",
    ]
    assert days("Africa/Cairo", 2026, 10, 29, 2) == [
        "2026-10-30 00:00:00+02:00",
        "2026-10-31 00:00:00+02:00",
    ]


def test_cronsim_takes_six_fields_and_no_names_of_schedules():
    CronSim("0 0 * * * *", dt.datetime(2026, 1, 1))
    with pytest.raises(CronSimError):
        CronSim("@daily", dt.datetime(2026, 1, 1))


def test_a_flag_may_be_cut_short():
    parser = argparse.ArgumentParser()
    parser.add_argument("--project")
    assert parser.parse_known_args(["--proj=x"])[0].project == "x"


@pytest.mark.parametrize(
    ("sql", "written"),
    [("SELECT a <=> b", "SELECT a IS NOT DISTINCT FROM b"), ("SELECT !! q", "SELECT NOT NOT q")],
)
def test_sqlglot_writes_operators_of_postgresql_as_others(sql, written):
    assert sqlglot.parse_one(sql, dialect="postgres").sql("postgres") == written


@pytest.mark.parametrize("name", ["jsonb_agg", "xmlagg", "range_agg"])
def test_sqlglot_does_not_know_every_aggregate(name):
    logging.getLogger("sqlglot").setLevel(logging.ERROR)
    call = sqlglot.parse_one(f"SELECT {name}(x)", dialect="postgres").expressions[0]
    assert not isinstance(call, exp.AggFunc)


class Watching(bigquery.Client):
    """A client that notes the retry of each call."""

    def __init__(self):
        address = ClientOptions(api_endpoint=f"http://127.0.0.1:{free_port()}")
        super().__init__("p", AnonymousCredentials(), client_options=address)
        self.retries = []

    def _call_api(self, retry, *args, **words):
        self.retries.append(retry)
        return super()._call_api(retry, *args, **words)


def test_query_and_wait_hands_its_retry_to_no_call():
    client, asked = Watching(), []

    def retry(call):
        asked.append(call)
        return call

    with pytest.raises(requests.ConnectionError):
        client.query_and_wait("SELECT 1", retry=retry, job_retry=None)
    assert (len(asked), client.retries) == (1, [None])


def upload(client, **words):
    """An upload, which nobody takes."""
    lists = bigquery.ParquetOptions()
    lists.enable_list_inference = True
    job = bigquery.LoadJobConfig(
        source_format="PARQUET",
        write_disposition="WRITE_APPEND",
        create_disposition="CREATE_NEVER",
        parquet_options=lists,
    )
    with pytest.raises(requests.ConnectionError):
        client.load_table_from_file(io.BytesIO(), "p.d.t", num_retries=0, job_config=job, **words)


def test_an_upload_passes_by_the_call_that_bounds_the_others():
    client = Watching()
    upload(client, size=0)
    assert client.retries == []


def test_a_file_goes_up_in_parts_of_100_mb(monkeypatch):
    class Upload(ResumableUpload):
        def initiate(self, *args, **words):
            sizes.append(self.chunk_size)
            return super().initiate(*args, **words)

    sizes = []
    monkeypatch.setattr("google.cloud.bigquery.client.ResumableUpload", Upload)
    upload(Watching())
    assert sizes == [100 * 1024 * 1024]
