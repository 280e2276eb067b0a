"""The job of each source and write mode: valid, readable, small, and of no one's machine."""

import json
import re
import subprocess
import sys
from pathlib import Path

import apache_beam as beam
import pytest
from apache_beam.coders import BytesCoder, FastPrimitivesCoder, TupleCoder
from apache_beam.internal import pickler
from apache_beam.portability.api import beam_runner_api_pb2

from pipeline.parameters.version import VERSION
from pipeline.steps.coders import SplitElementCoder
from sources.mongodb import evidence as mongodb_evidence
from tests.discovery import errors
from tests.graph.conftest import CASES, SOURCES
from tests.graph.jobs import GRAPH, IMAGE, JOB, Launched, pickle_of, pickled_names

ROOT = Path(__file__).resolve().parents[2]
CODE = {"CodeType", "_make_function"}
BATCHES = ("_Transform", "_Conform", "_Stage")
"""The steps that are given batches."""
FAR_UNDER = 5_000_000
"""Bytes; Dataflow takes 20 MB: https://cloud.google.com/dataflow/quotas"""
LOADED = (
    "import json, pathlib, sys\n"
    + """
from apache_beam.internal import pickler
from apache_beam.portability.api import beam_runner_api_pb2 as api

names, strangers = set(), set()
for path in map(pathlib.Path, sys.argv[2:]):
    graph = api.Pipeline.FromString(path.read_bytes())
    for step in graph.components.transforms.values():
        if step.spec.urn == "beam:transform:pardo:v1":
            payload = api.ParDoPayload.FromString(step.spec.payload)
            names.add(type(pickler.loads(payload.do_fn.payload)[0]).__name__)
ours = ("auto_schema", "sources", "smart_sync", "pipeline", "tests", "main", "scheduler")
for name, module in sys.modules.items():
    if name.split(".")[0] in ours and not str(module.__file__).startswith(sys.argv[1]):
        strangers.add(name)
print(json.dumps([sorted(names), sorted(strangers)]))
"""
)


def test_each_job_is_valid_for_the_discovery_document(launched):
    assert errors("dataflow.v1b3", "Job", launched.job) == []
    assert launched.job["type"] == "JOB_TYPE_BATCH"
    assert launched.job["name"] == "orders-sync"


def test_the_discovery_document_refuses_a_job_that_is_not_valid(launches):
    job = launches("postgresql", "append").job
    assert errors("dataflow.v1b3", "Job", job | {"labels": {"team": 5}})
    assert errors("dataflow.v1b3", "Job", job | {"type": "JOB_TYPE_BATHC"})
    assert errors("dataflow.v1b3", "Job", job | {"nmae": "orders"})


def test_each_source_and_mode_has_its_own_steps(launched, case):
    table, expected = launched.table, {"Outcome", "Report the run"}
    if case[0] == "in_place":
        expected = {"Stage in BigQuery", f"Publish {table}", "Report the run"}
    elif case[1] != "plan_only":
        expected = {f"Read {table}", "Transform", "Conform to schema", "Stage as Parquet"}
        expected |= {"Gather failures", f"Publish {table}", "Report the run"}
    if case[1] == "plan_only":
        expected = {"Outcome", "Report the run"}
    assert launched.top_steps == expected
    assert {name.split("/")[0] for name in launched.steps} == expected


def test_names_of_steps_are_words_without_numbers_or_functions_of_others(launched):
    for name in launched.steps:
        assert re.fullmatch(r"[A-Za-z_ ]+(/[A-Za-z_ ]+(\(_[A-Za-z]+\))?)*", name), name


@pytest.mark.parametrize("source", SOURCES)
def test_names_of_steps_are_the_same_from_run_to_run(launches, source):
    again = launches.elsewhere(source)
    assert again.run_id != launches(source, "append").run_id
    assert again.steps == launches(source, "append").steps


def test_each_job_carries_the_labels_given_and_those_of_ours(launched, case):
    data_source = {"workers": "bigquery", "in_place": "bigquery"}.get(case[0], case[0])
    assert launched.job["labels"] == {
        "team": "data",
        "application": "bigquery-smart-sync",
        "data_source": data_source,
        "destination": launched.table,
        "template_version": VERSION.replace(".", "_"),
    }


def test_each_worker_runs_the_image_that_was_given(launched):
    (pool,) = launched.job["environment"]["workerPools"]
    assert pool["workerHarnessContainerImage"] == IMAGE
    assert [image["containerImage"] for image in pool["sdkHarnessContainerImages"]] == [IMAGE]
    environments = launched.graph.components.environments.values()
    assert {each.urn for each in environments} == {"beam:env:docker:v1"}
    images = [beam_runner_api_pb2.DockerPayload.FromString(each.payload) for each in environments]
    assert {image.container_image for image in images} == {IMAGE}


def coders_by_producer(launched):
    """Each collection's coder, under the DoFn's or the transform's name and the output's tag."""
    components = launched.graph.components
    names = {step: type(fn).__name__ for step, _, fn in launched.dofns}
    return {
        (names.get(step.unique_name, step.spec.urn), tag): launched.context.coders.get_by_id(
            components.pcollections[collection].coder_id
        )
        for step in components.transforms.values()
        if not step.subtransforms
        for tag, collection in step.outputs.items()
    }


def test_batches_travel_as_arrow_in_our_coder_wherever_they_flow(launched, case):
    components = launched.graph.components
    flowing = [
        components.pcollections[collection].coder_id
        for _, step, fn in launched.dofns
        if type(fn).__name__ in BATCHES
        for tag, collection in step.inputs.items()
    ]
    moves_rows = case[0] != "in_place" and case[1] != "plan_only"
    assert len(flowing) == (len(BATCHES) if moves_rows else 0)
    for coder_id in flowing:
        assert type(launched.context.coders.get_by_id(coder_id)) is SplitElementCoder
        spec = components.coders[coder_id].spec
        assert b"SplitElementCoder" in spec.payload
        assert b"FastPrimitives" not in spec.payload
        assert not components.coders[coder_id].component_coder_ids


def test_what_is_pickled_between_steps_is_no_batch(launched):
    """Splits, staged files, failures and outcomes are small values."""
    pickled = {
        key
        for key, coder in coders_by_producer(launched).items()
        if type(coder) not in (SplitElementCoder, BytesCoder)
    }
    assert pickled <= {
        ("_Give", "None"),
        ("_Open", "None"),
        ("_Open", "failures"),
        ("beam:transform:group_by_key:v1", "None"),
        ("_ReadLane", "failures"),
        ("_Conform", "failures"),
        ("_Stage", "None"),
        ("_Stage", "failures"),
        ("_StageInPlace", "None"),
        ("_StageInPlace", "failures"),
        ("beam:transform:flatten:v1", "None"),
        ("_Publish", "None"),
        ("_Report", "None"),
        ("_LogPlan", "None"),
    }
    assert all(
        isinstance(coder, FastPrimitivesCoder | TupleCoder)
        for key, coder in coders_by_producer(launched).items()
        if key in pickled and not key[0].startswith("beam:")
    )


@pytest.mark.parametrize(
    ("source", "mode", "table"),
    [
        ("postgresql", "smart", {"source_table_for_schema": "many"}),
        ("mongodb", "append", {"mongodb_collection": "many"}),
    ],
)
def test_5000_splits_are_far_under_what_dataflow_takes(launches, monkeypatch, source, mode, table):
    monkeypatch.setattr(mongodb_evidence, "BOUNDS", 5000)  # else 1,000 are the most
    many = launches.run(source, mode, num_splits="5000", **table)
    assert many.code == 0, many.said
    (given,) = (fn for _, _, fn in many.dofns if type(fn).__name__ == "_Give")
    assert len(given._values) == 5000
    _is_far_under(many, source)


def test_5000_streams_are_far_under_what_dataflow_takes(launches):
    many = launches.run("workers", "append", num_splits="5000")
    assert many.code == 0, many.said
    assert (
        next(fn for _, _, fn in many.dofns if hasattr(fn, "_plan"))._plan.reading.split_total
        == 5000
    )
    _is_far_under(many, "bigquery")


def _is_far_under(launched: Launched, source: str) -> None:
    sizes = {name: len(launched.files[name]) for name in (JOB, GRAPH)}
    print(f"5,000 splits of {source}: {sizes}")
    assert sum(sizes.values()) < FAR_UNDER


def test_no_code_travels_but_names_of_it(launched):
    """A function pickled by value would need the launcher's Python and hold its paths."""
    for name, step, _ in launched.dofns:
        names = pickled_names(pickle_of(step))
        assert "pipeline" in {each.split(".")[0] for each in names}, name
        assert not names & CODE, name


def test_a_lambda_is_found_to_travel_as_code():
    assert pickled_names(pickler.dumps(lambda x: x)) >= CODE
    assert re.search(r"<lambda at test_jobs\.py:\d+>", beam.Map(lambda x: x).label)


def test_workers_load_every_step_from_the_installed_packages_alone(launches, tmp_path):
    graphs = [
        launches(source, mode).folder / GRAPH
        for source, mode in CASES
        if mode in ("append", "merge", "plan_only")
    ]
    installed = tmp_path / "installed"
    build = ["setup.py", "-q", "build", "--build-base", tmp_path / "base"]
    subprocess.run(
        [sys.executable, *build, "--build-lib", installed],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    program = f"import sys; sys.path.insert(0, {str(installed)!r})\n{LOADED}"
    done = subprocess.run(
        [sys.executable, "-I", "-c", program, installed, *graphs],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    names, strangers = json.loads(done.stdout)
    assert strangers == []
    assert {"_Give", "_ReadLane", "_Stage", "_StageInPlace", "_Publish", "_LogPlan"} <= set(names)
