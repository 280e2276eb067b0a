"""Whole command lines: what is required, passed through, shown."""

from datetime import timedelta

import pytest
from apache_beam.options.pipeline_options import (
    DirectOptions,
    GoogleCloudOptions,
    StandardOptions,
    WorkerOptions,
)

from pipeline import cli
from pipeline.launch.beam.submit import beam_options
from pipeline.parameters.options import parse
from pipeline.parameters.table import BY_NAME, PARAMETERS
from smart_sync.request import Guard, WriteDisposition
from tests.command_lines import DATAFLOW, argv, faults, only_fault, request
from warehouse.names import TableRef

BASE = "SELECT * FROM t WHERE u > '{start_timestamp}' AND u <= '{end_timestamp}'"


def test_smart_sync_takes_a_base_query_a_query_or_a_table():
    smart = {"enable_smart_sync": "true", "postgresql_query": None}
    assert request(**smart, postgresql_base_query=f"{BASE};").reading.query == BASE
    assert request(enable_smart_sync="true").reading.query == "SELECT 1 AS one"
    assert request(**smart, source_table_for_schema="t").reading.query == ""
    both = request(enable_smart_sync="true", postgresql_base_query=BASE)
    assert both.reading.query == BASE
    assert "source_table_for_schema" in only_fault(**smart)


def test_without_smart_sync_a_base_query_is_no_query_and_placeholders_are_refused():
    assert "postgresql_query" in only_fault(postgresql_query=None, postgresql_base_query=BASE)
    assert "placeholders without smart sync" in only_fault(postgresql_query=BASE)


@pytest.mark.parametrize(
    ("query", "missing"),
    [
        ("SELECT 1", "{end_timestamp} and {start_timestamp} missing"),
        ("SELECT '{start_timestamp}'", "{end_timestamp} missing"),
        ("SELECT '{end_timestamp}' -- {start_timestamp}", "{start_timestamp} missing"),
        ("SELECT '{end_timestamp}' /* {start_timestamp} */", "{start_timestamp} missing"),
    ],
)
def test_a_base_query_without_its_placeholders_is_refused(query, missing):
    found = only_fault(enable_smart_sync="true", postgresql_base_query=query)
    assert "base query without placeholders (postgresql_base_query)" in found
    assert missing in found


def test_beams_flags_pass_through_untouched():
    parsed = cli.parse([*DATAFLOW[:6], *argv(), *DATAFLOW[6:]])
    assert parsed.beam_argv == tuple(DATAFLOW)
    assert not parsed.is_local
    made = beam_options(parsed)
    assert made.view_as(GoogleCloudOptions).region == "europe-west1"
    worker = made.view_as(WorkerOptions)
    assert worker.machine_type == "n2-standard-2"
    assert worker.use_public_ips is False
    assert worker.sdk_container_image.endswith("/sync:1")
    kept = made.get_all_options()
    assert {"use_runner_v2", "shuffle_mode=service"} <= set(kept["experiments"])
    assert not {name for name in kept if name in BY_NAME and kept[name]}
    assert parsed.request.run.temp_location == "gs://bkt/temp"


def test_none_of_our_parameters_reaches_beam():
    parsed = cli.parse([*argv(), "--runner", "DataflowRunner", *DATAFLOW[1:]])
    assert "pl4nted-s3cret" not in " ".join(parsed.beam_argv)
    assert "pl4nted-s3cret" not in repr(parsed)


def test_dataflow_needs_a_bucket():
    image = "--sdk_container_image=i:1"
    found = only_fault("--runner=DataflowRunner", "--project=my-project", "--region=r", image)
    assert "missing parameter (temp_location)" in found
    assert "gs://" in found
    local = only_fault(*DATAFLOW[:3], "--temp_location=/tmp/x", image)
    assert "malformed parameter (temp_location)" in local


TO_DATAFLOW = [*DATAFLOW[:3], "--temp_location=gs://bkt/t"]


def worker_image(monkeypatch, own, *flags):
    """The image that Beam is told to start workers from, where ours is called `own`."""
    monkeypatch.setenv("SMART_SYNC_IMAGE", own)
    options = beam_options(cli.parse([*argv(), *flags]))
    return options.view_as(WorkerOptions).sdk_container_image


def test_the_template_image_tells_its_own_name_to_the_workers(monkeypatch):
    assert worker_image(monkeypatch, "repo/sync:1", *TO_DATAFLOW) == "repo/sync:1"
    given = "--sdk_container_image=mine:2"
    assert worker_image(monkeypatch, "repo/sync:1", *TO_DATAFLOW, given) == "mine:2"
    assert worker_image(monkeypatch, "repo/sync:1") is None


@pytest.mark.parametrize("flag", ["--setup_file=./setup.py", "--extra_package=dist/sync.whl"])
def test_a_package_may_carry_the_program_to_the_workers(monkeypatch, flag):
    assert worker_image(monkeypatch, "", *TO_DATAFLOW, flag) is None


def test_a_label_that_is_given_holds_against_ours():
    given = ["--labels=destination=mine", "--sdk_container_image=i:1"]
    options = beam_options(cli.parse([*argv(), *TO_DATAFLOW, *given]))
    labels = dict(each.split("=") for each in options.view_as(GoogleCloudOptions).labels)
    assert labels["destination"] == "mine"
    assert labels["data_source"] == "postgresql"


def test_the_old_name_of_the_image_flag_is_left_to_beam(monkeypatch):
    """Beam refuses both names in one launch."""
    flag = "--worker_harness_container_image=other:1"
    assert worker_image(monkeypatch, "repo/sync:1", *TO_DATAFLOW, flag) is None


@pytest.mark.parametrize("runner", ["direct", "DirectRunner", "fnapi", "BundleBasedDirectRunner"])
def test_a_local_runner_is_one_by_each_of_its_names(runner):
    assert cli.parse([*argv(), f"--runner={runner}"]).is_local


@pytest.mark.parametrize("runner", ["FlinkRunner", "portable", "PrismRunner", "a.b.Runner"])
def test_a_runner_that_is_neither_dataflow_nor_local_is_refused(runner):
    found = faults(f"--runner={runner}", *TO_DATAFLOW[1:], "--sdk_container_image=i:1")
    assert any("unknown runner" in each for each in found), found


@pytest.mark.parametrize("good", ["temp_location", "staging_location"])
def test_one_good_folder_is_enough_as_for_beam(good):
    bad = {"temp_location": "gs://bkt", "staging_location": "gs://bkt"} | {good: "gs://bkt/t"}
    flags = [f"--{name}={path}" for name, path in bad.items()]
    assert cli.parse([*argv(), *TO_DATAFLOW[:3], *flags, "--sdk_container_image=i:1"])
    both = [flag.removesuffix("/t") for flag in flags]
    found = faults(*TO_DATAFLOW[:3], *both, "--sdk_container_image=i:1")
    assert any("gs://bkt" in each for each in found)


def test_workers_without_the_program_are_refused(monkeypatch):
    monkeypatch.delenv("SMART_SYNC_IMAGE", raising=False)
    found = only_fault(*TO_DATAFLOW)
    assert "missing parameter (sdk_container_image)" in found
    assert "--sdk_container_image=IMAGE" in found


def test_a_plain_password_on_dataflow_is_warned_about_and_a_name_is_not():
    (warning,) = cli.parse([*argv(), *DATAFLOW]).warnings
    assert "Secret Manager" in warning
    named = argv(postgresql_password="projects/p/secrets/s/versions/1")
    assert cli.parse([*named, *DATAFLOW]).warnings == ()
    assert cli.parse(argv()).warnings == ()


@pytest.mark.parametrize("runner", [None, "DirectRunner", "directrunner", "FnApiRunner"])
def test_local_runners_are_local_and_need_no_bucket(runner):
    parsed = cli.parse([*argv(), *([f"--runner={runner}"] if runner else [])])
    assert parsed.is_local
    assert parsed.request.run.temp_location


@pytest.mark.parametrize("runner", ["", "--runner=DirectRunner"])
def test_a_local_run_is_one_worker_in_memory_whatever_the_flags_say(runner):
    threads = ["--direct_running_mode=multi_threading", "--direct_num_workers=4"]
    made = beam_options(cli.parse([*argv(), *threads, *filter(None, [runner])]))
    local = made.view_as(DirectOptions)
    assert (local.direct_running_mode, local.direct_num_workers) == ("in_memory", 1)
    assert made.view_as(StandardOptions).runner == "FnApiRunner"


def test_defaults_are_those_of_the_template():
    defaults = {
        "postgresql_port": "5432",
        "enable_smart_sync": "false",
        "smart_sync_timestamp_column": "updated_at",
        "sync_all_on_empty_table": "true",
        "fallback_days": "1",
        "enable_auto_schema": "false",
        "partition_field": "updated_at",
        "delete_existing_table": "false",
        "mongodb_port": "27017",
        "write_disposition": "WRITE_APPEND",
        "create_disposition": "CREATE_IF_NEEDED",
        "max_retries": "3",
    }
    assert {name: BY_NAME[name].default for name in defaults} == defaults
    made = request()
    assert made.reading.connection.port == 5432
    assert made.destination == TableRef("my-project", "production_data", "organizations")
    assert (made.window.smart_sync, made.window.cursor, made.window.fallback) == (
        False,
        "updated_at",
        timedelta(days=1),
    )
    assert (made.window.sync_all_on_empty_table, made.schema.auto_schema) == (True, False)
    assert (
        made.schema.partition_field,
        made.schema.partition_given,
        made.schema.clustering_fields,
    ) == (
        "updated_at",
        False,
        (),
    )
    assert made.publishing.write_disposition is WriteDisposition.APPEND
    assert (
        made.publishing.create_if_needed,
        made.publishing.delete_existing_table,
        made.run.max_retries,
    ) == (True, False, 3)
    assert (made.reading.batch_rows, made.reading.num_splits, made.publishing.max_dead_letters) == (
        None,
        0,
        0,
    )
    assert made.window.guard == Guard(auto=True, longest=timedelta(hours=6))
    assert (made.window.margin, made.run.history_table) == (timedelta(seconds=10), "sync_runs")


OPTIONAL = [
    p.name
    for p in PARAMETERS
    if not p.required
    and p.name not in ("data_source", "postgresql_password", "postgresql_query", "partition_field")
]


def test_an_empty_text_means_that_a_parameter_is_not_given():
    for name in OPTIONAL:
        assert request(**{name: ""}) == request(), name


def test_values_arrive_in_the_request():
    made = request(
        clustering_fields=" id , status",
        late_commit_guard="30m",
        partition_field="",
        batch_size="500",
        write_disposition="WRITE_TRUNCATE",
        create_disposition="CREATE_NEVER",
        smart_sync_margin="2d",
        transformation_config='{"field_mappings": {"a": "b"}, "exclude_fields": ["c"]}',
    )
    assert made.schema.clustering_fields == ("id", "status")
    assert made.window.guard == Guard(auto=False, duration=timedelta(minutes=30))
    assert (made.schema.partition_field, made.schema.partition_given) == ("", True)
    assert (made.reading.batch_rows, made.publishing.create_if_needed) == (500, False)
    assert made.publishing.write_disposition is WriteDisposition.TRUNCATE
    assert made.window.margin == timedelta(days=2)
    assert made.schema.transformation.destination_name("a") == "b"
    assert not made.schema.transformation.keeps("c")


ON_CLOUD_RUN = {"CLOUD_RUN_JOB": "smart-sync"}


def test_on_cloud_run_files_are_staged_in_a_bucket(monkeypatch):
    monkeypatch.setenv("CLOUD_RUN_JOB", "smart-sync")
    told = only_fault()
    assert "missing parameter (temp_location)" in told
    assert "lie in its memory" in told
    assert parse([*argv(), "--temp_location=gs://b/t"], ON_CLOUD_RUN).warnings == ()
    (warning,) = parse([*argv(), "--temp_location=/mnt/disk"], ON_CLOUD_RUN).warnings
    assert "unless a disk is mounted there" in warning
    assert parse([*argv(), "--temp_location=/mnt/disk"], {}).warnings == ()
