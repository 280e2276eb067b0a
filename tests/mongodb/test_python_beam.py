"""smart_sync.beam with documents: read as columns, and written all at once."""

import json

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.fn_api_runner.fn_runner import FnApiRunner

import smart_sync
from smart_sync.beam import ReadFromMongoDB, WriteToBigQueryAtomically
from tests.sync import PROJECT


def test_documents_are_read_as_columns_and_published_by_one_job(sync, docs, target, monkeypatch):
    for name, value in target.environ.items():
        monkeypatch.setenv(name, value)
    docs.insert_many([{"_id": i, "name": f"n{i}", "at": {"city": "Å", "n": i}} for i in range(500)])
    source = {name: text for name, text in sync.defaults.items() if name.startswith("mongodb_")}
    write = WriteToBigQueryAtomically(f"{PROJECT}.{sync.dataset}.docs", str(sync.temp))
    pipeline = beam.Pipeline(runner=FnApiRunner(), options=PipelineOptions([]))
    pipeline | ReadFromMongoDB(source) | write
    pipeline.run().wait_until_finish()
    assert sync.rows("COUNT(*), COUNT(DISTINCT _id)", "docs") == [(500, 500)]
    name, at = sync.rows("name, `at`", "docs", "_id")[7]
    assert (name, json.loads(at)) == ("n7", {"city": "Å", "n": 7})


def test_another_source_s_parameters_are_refused(sync):
    source = {name: text for name, text in sync.defaults.items() if name.startswith("mongodb_")}
    with pytest.raises(smart_sync.ConfigError) as told:
        ReadFromMongoDB(source | {"postgresql_host": "db"})
    assert told.value.where == "postgresql_host"
