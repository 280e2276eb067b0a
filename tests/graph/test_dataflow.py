"""The launcher's own way: main.py writes a Dataflow job and exits, having run nothing."""

import base64
import bz2
import contextlib
import json
import re
import zlib

import pytest
from apache_beam.portability.api import beam_runner_api_pb2

from pipeline.version import VERSION
from tests.discovery import errors
from tests.secret_manager import secret_manager
from tests.sync import PASSWORD, PROJECT

PACKED = re.compile(rb"[A-Za-z0-9+/]{40,}={0,2}")
NAME = "projects/demo-project/secrets/pg/versions/7"
SMART = {"enable_smart_sync": "true", "source_table_for_schema": "orders"}


def unpacked(proto: bytes) -> bytes:
    """A graph, and behind it what its pickled functions hold: base64 over zlib or bz2."""
    parts = [proto]
    for match in PACKED.finditer(proto):
        text = match.group()
        for start in range(4):  # a letter before it may have been matched too
            with contextlib.suppress(ValueError):
                packed = base64.b64decode(text[start : start + (len(text) - start) // 4 * 4])
                for unpack in (zlib.decompress, bz2.decompress):
                    with contextlib.suppress(zlib.error, OSError, ValueError):
                        parts.append(unpack(packed))
    return b"".join(parts)


@pytest.fixture
def launch(sync, sql, tmp_path, bucket, monkeypatch):
    """main() as the Flex launcher calls it; returns what it left in the template folder."""
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", bucket)
    sql("CREATE TABLE orders (id int8, updated_at timestamptz)")
    sql("INSERT INTO orders VALUES (1, '2024-05-01')")

    def run(**parameters):
        flags = {
            "runner": "DataflowRunner",
            "project": "my-project",
            "region": "us-central1",
            "dataflow_endpoint": "http://localhost:1",
            "staging_location": str(tmp_path),
            "temp_location": "gs://bkt/tmp",
            "job_name": "orders",
            "template_location": str(tmp_path / "job.json"),
            "sdk_container_image": "image:1",
        }
        result = sync.ok("--no_auth", **SMART | flags | parameters)
        job = (tmp_path / "job.json").read_text()
        return result, job, unpacked((tmp_path / "pipeline.pb").read_bytes())

    return run


def step_names(folder) -> list[str]:
    proto = beam_runner_api_pb2.Pipeline.FromString((folder / "pipeline.pb").read_bytes())
    return [step.unique_name for step in proto.components.transforms.values()]


def test_the_launcher_writes_a_valid_job_and_runs_nothing(launch, sync, tmp_path):
    result, job, _ = launch()
    assert "launched run" in result.out
    assert errors("dataflow.v1b3", "Job", json.loads(job)) == []
    names = {name.split("/")[0] for name in step_names(tmp_path)}
    assert {"Read t", "Transform", "Conform to schema", "Stage as Parquet"} <= names
    assert {"Publish t", "Report the run"} <= names
    assert "t" not in sync.tables()
    assert [run["status"] for run in sync.history()] == ["running"]


def test_the_job_carries_labels_of_ours_beside_those_given(launch):
    _, job, _ = launch(labels="team=data")
    assert json.loads(job)["labels"] == {
        "team": "data",
        "application": "bigquery-smart-sync",
        "data_source": "postgresql",
        "destination": "t",
        "template_version": VERSION.replace(".", "_"),
    }


@pytest.mark.parametrize(
    ("source", "steps"),
    [
        ("workers", {"Read t", "Transform", "Conform to schema", "Stage as Parquet"}),
        ("in_place", {"Stage in BigQuery"}),
    ],
)
@pytest.mark.parametrize(
    "more",
    [{}, {"write_disposition": "WRITE_MERGE", "merge_keys": "id"}, {"verify": "true"}],
    ids=["append", "merge", "verify"],
)
def test_a_bigquery_source_makes_a_valid_job_in_each_way(
    launch, sync, client, dataset, tmp_path, source, steps, more
):
    client.query(
        f"CREATE TABLE {dataset}.orders AS SELECT 1 AS id, TIMESTAMP '2024-05-01' AS updated_at"
    ).result()
    reading = {
        "data_source": "bigquery",
        "source_bigquery_project": PROJECT,
        "source_bigquery_dataset": dataset,
        "source_bigquery_table": "orders",
        "bigquery_read_method": source,
        "source_table_for_schema": None,
        **{name: None for name in sync.defaults if name.startswith("postgresql")},
    }
    _, job, _ = launch(**reading, **more)
    assert errors("dataflow.v1b3", "Job", json.loads(job)) == []
    names = {name.split("/")[0] for name in step_names(tmp_path)}
    assert steps | {"Publish t", "Report the run"} <= names


@pytest.mark.parametrize("flag", ["--update", "--streaming", "--transform_name_mapping={}"])
def test_flags_of_another_kind_of_job_are_refused(sync, sql, flag):
    result = sync(flag)
    assert (result.code, "flag of another kind of job" in result.err) == (2, True)
    assert sync.tables() == set()


def test_a_plain_password_is_in_the_staged_graph_only_and_is_warned_about(launch, caplog):
    _, job, proto = launch()
    assert PASSWORD not in job
    assert PASSWORD.encode() in proto
    assert any("Secret Manager" in record.getMessage() for record in caplog.records)


def test_a_password_by_name_is_nowhere(launch, monkeypatch, caplog):
    with secret_manager({NAME: PASSWORD}) as url:
        monkeypatch.setenv("SECRET_MANAGER_EMULATOR_HOST", url)
        _, job, proto = launch(postgresql_password=NAME)
    assert PASSWORD not in job
    assert PASSWORD.encode() not in proto
    assert not any(PASSWORD in record.getMessage() for record in caplog.records)


def test_plan_only_still_submits_a_job_that_only_reports(launch, sync, tmp_path):
    result, job, _ = launch(plan_only="true")
    assert "window" in result.out
    assert errors("dataflow.v1b3", "Job", json.loads(job)) == []
    names = step_names(tmp_path)
    assert any(name.startswith("Report the run") for name in names)
    assert not any(name.startswith("Read") for name in names)
    assert sync.tables() == set()
