"""examples/: each file is listed, taken by the program's own parsers, and does what is said."""

import json
import re
import stat
import subprocess

import pytest
import yaml

from pipeline.command.said import read_words
from pipeline.command.settings import read_settings
from pipeline.parameters import options
from pipeline.parameters.docs import ROOT, metadata
from pipeline.parameters.options import unchecked
from pipeline.tables.file import read_tables
from pipeline.tables.patterns import choose
from pipeline.tables.requests import launch_options, table_options
from scheduler.cloud_run import run_body
from scheduler.files import read_schedules
from scheduler.job import job_of, launch_body
from smart_sync.request import WriteDisposition
from sources.tables import SourceTable
from tests.command_lines import DATAFLOW
from tests.discovery import errors

EXAMPLES = ROOT / "examples"
LAUNCH = [word for word in DATAFLOW if word.startswith(("--runner", "--temp_", "--sdk_container"))]


def test_the_list_names_each_file_and_no_other():
    text = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| \[(\S+)\]\(\1\) \| \S.+ \|$", text, re.M)
    assert listed == sorted(path.name for path in EXAMPLES.iterdir() if path.name != "README.md")
    assert "(examples)" in (ROOT / "README.md").read_text(encoding="utf-8")


def words_of_orders(tmp_path, *more):
    """What orders.sh gives to main.py: the script runs, and a stand-in for Python prints it."""
    stand_in = tmp_path / "python"
    stand_in.write_text("#!/bin/sh\nprintf '%s\\0' \"$@\"\n")
    stand_in.chmod(stat.S_IRWXU)
    command = [EXAMPLES / "orders.sh", *more]
    environ = {"PYTHON": str(stand_in), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(command, env=environ, check=True, capture_output=True, text=True)
    main, *words = done.stdout.split("\0")[:-1]
    assert main == "main.py"
    return words


def test_the_config_file_is_taken_by_the_command():
    settings = read_settings(read_words(["run", f"--config={EXAMPLES / 'sync.yaml'}"]), {})
    assert settings.faults == ()
    assert is_the_merge_of_orders(options.parse(settings.words, {}).request)


def is_the_merge_of_orders(request):
    assert str(request.destination) == "my-project.shop.orders"
    assert request.publishing.write_disposition is WriteDisposition.MERGE
    assert request.publishing.merge_keys == request.schema.clustering_fields == ("id",)
    assert request.schema.partition_field == "created_at"
    return True


def test_the_command_line_is_taken_with_what_is_added_to_it(tmp_path):
    request = options.parse(words_of_orders(tmp_path, "--plan_only=true"), {}).request
    assert is_the_merge_of_orders(request)
    assert (request.run.plan_only, request.run.is_local) == (True, True)
    text = (EXAMPLES / "transformation.json").read_text(encoding="utf-8")
    assert json.loads(text).keys() == {"field_mappings", "exclude_fields"}
    assert request.schema.transformation.destination_name("ts_created") == "created_at"


def test_the_flags_of_gcloud_say_the_same_as_the_command_line(tmp_path):
    flags = yaml.safe_load((EXAMPLES / "orders.yaml").read_text(encoding="utf-8"))
    parameters = flags["--parameters"]
    assert all(isinstance(value, str) for value in parameters.values())
    words = [f"--{name}={value}" for name, value in parameters.items()]
    assert is_the_merge_of_orders(options.parse([*words, *LAUNCH], {}).request)
    here, _, _ = options.split_argv(words_of_orders(tmp_path))
    assert {name: value.strip() for name, value in parameters.items()} == here


@pytest.fixture(scope="module")
def schedules():
    return {each.name: each for each in read_schedules(EXAMPLES / "schedules.yaml")}


def launched(schedule):
    words = [f"--{name}={value}" for name, value in schedule.parameters.items()]
    return options.parse([*words, *LAUNCH], {}).request


def test_the_schedules_are_jobs_and_launches_that_google_takes(schedules):
    assert list(schedules) == [
        "postgresql-orders-hourly-prod",
        "mongodb-customers-nightly-prod",
        "bigquery-exchange-rates-daily-prod",
    ]
    for schedule in schedules.values():
        assert errors("cloudscheduler.v1", "Job", job_of(schedule)) == []
        body = launch_body(schedule)
        assert errors("dataflow.v1b3", "LaunchFlexTemplateRequest", body) == []


def test_each_schedule_does_what_its_comment_says(schedules):
    hourly, nightly, daily = schedules.values()
    assert is_the_merge_of_orders(launched(hourly))
    assert (hourly.cron, nightly.cron, daily.cron) == ("7 * * * *", "30 2 * * *", "0 0 * * *")
    assert (launched(nightly).publishing.max_dead_letters, nightly.retry.count) == (10, 3)
    copied = launched(daily)
    assert copied.publishing.write_disposition is WriteDisposition.TRUNCATE
    assert (copied.reading.query, copied.window.smart_sync) == ("", False)


def test_the_schedules_on_cloud_run_are_executions_that_google_takes():
    hourly, nightly = read_schedules(EXAMPLES / "cloud_run.yaml")
    for schedule in (hourly, nightly):
        job = job_of(schedule)
        assert errors("cloudscheduler.v1", "Job", job) == []
        assert errors("run.v2", "GoogleCloudRunV2RunJobRequest", run_body(schedule)) == []
    assert hourly.parameters["tables"] == (EXAMPLES / "tables.yaml").read_text(encoding="utf-8")
    assert hourly.parameters["select"] == "tag:hourly"
    assert nightly.parameters["tables"].startswith("gs://")
    assert (hourly.environment["timeout_s"], nightly.environment["timeout_s"]) == (3000, 14400)


def test_the_launch_of_many_tables_is_taken_and_so_is_its_file():
    flags = yaml.safe_load((EXAMPLES / "many.yaml").read_text(encoding="utf-8"))
    given = flags["--parameters"]
    assert {name for name, entry in entries() if not entry["isOptional"]} <= given.keys()
    common = launch_options(given, tuple(LAUNCH), {}, unchecked)
    assert not common.is_local
    file = read_tables(
        (EXAMPLES / "tables.yaml").read_text(encoding="utf-8"), "tables.yaml", "postgresql"
    )
    catalog = [
        SourceTable(name, schema, columns=("customer_id", "updated_at"), keys=("id",))
        for name, schema in (("orders", "public"), ("tmp_x", "public"), ("lines", "sales"))
    ]
    chosen, faults = choose(file, catalog, has_schemas=True)
    tables, more = table_options(file, chosen, given, tuple(LAUNCH), {}, selected=chosen)
    assert [*faults, *more] == []
    assert {str(table.request.destination) for table in tables} == {
        "my-project.shop.orders",
        "my-project.shop.sales_lines",
    }


def entries():
    """The parameters as Dataflow knows them."""
    return [(entry["name"], entry) for entry in metadata()["parameters"]]
