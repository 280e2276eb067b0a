"""Exports: the real gcloud makes the same job of one, and Terraform reads and keeps the other."""

import base64
import json
import os
import shutil
import subprocess

import hcl2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.export import gcloud_command, terraform
from scheduler.job import body_of, job_of
from scheduler.schedule import Retry
from tests.deploy.cloud import cloud_stand_in
from tests.deploy.documents import bash
from tests.scheduler.conftest import a_run, a_schedule

HARD = (
    "a 'quoted' \"text\",\n${var} %{if} $${x} $$ %% \\n \\ é ✓ 🎉 ^~^ `id` $(id) "
    "\t \x08\x0c\x7f [1]"
)
HOSTILE = a_schedule(
    description='it\'s ${hourly} "so"',
    paused=True,
    retry=Retry(3, 61, 6, 70, 4),
    time_zone="America/New_York",
    parameters={"postgresql_query": HARD, "enable_smart_sync": ""},
    environment={
        "temp_location": "gs://b/t",
        "additional_user_labels": {"team": "data"},
        "additional_experiments": ["a", "b"],
        "enable_launcher_vm_serial_port_logging": True,
    },
)
RUN = a_run(parameters={"postgresql_query": HARD, "enable_smart_sync": ""})
EXPORTED = pytest.mark.parametrize(
    "schedule",
    [a_schedule(), HOSTILE, a_run(), RUN],
    ids=["plain", "hostile", "run", "hostile run"],
)


@EXPORTED
def test_gcloud_makes_the_same_job_of_its_export(schedule, tmp_path):
    with cloud_stand_in() as cloud:
        kept = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
        done = bash(gcloud_command(schedule), tmp_path, kept | cloud.environ(tmp_path))
        assert (done.returncode, cloud.faults) == (0, []), done.stderr
    (request,) = cloud.of("cloudscheduler.projects.locations.jobs.create")
    assert request.path.endswith("projects/my-project/locations/europe-west1/jobs")
    body = json.loads(base64.urlsafe_b64decode(request.body["httpTarget"].pop("body")))
    wanted = job_of(schedule)
    del wanted["httpTarget"]["body"]
    assert body == body_of(schedule)
    assert _filled(request.body) == _filled(wanted)
    paused = cloud.of("cloudscheduler.projects.locations.jobs.pause")
    assert len(paused) == schedule.paused


def _filled(job):
    """A job without what is empty: proto3 sends no zero."""
    empty = ("", 0, "0s", None)
    return {
        key: _filled(value) if isinstance(value, dict) else value
        for key, value in job.items()
        if value not in empty
    }


@EXPORTED
def test_an_export_as_terraform_is_parsed_and_left_alone_by_its_formatter(schedule):
    text = terraform(schedule)
    resource = hcl2.loads(text)["resource"]
    assert "google_cloud_scheduler_job" in str(resource)
    if shutil.which("terraform"):
        done = subprocess.run(
            ["terraform", "fmt", "-"], input=text, text=True, capture_output=True, check=True
        )
        assert done.stdout == text


@pytest.mark.parametrize("schedule", [HOSTILE, RUN], ids=["dataflow", "run"])
def test_terraform_makes_the_same_body_of_its_export(tmp_path, schedule):
    """The expression of the body, worked out by Terraform itself, or at least parsed."""
    text = terraform(schedule)
    if not shutil.which("terraform"):
        assert "base64encode" in str(hcl2.loads(text))
        return
    begin = text.index("base64encode(")
    expression = text[begin : text.index("\n\n    oauth_token")].strip()
    (tmp_path / "main.tf").write_text(f'output "body" {{\n  value = {expression}\n}}\n')
    settings = os.environ | {"CHECKPOINT_DISABLE": "1"}
    for words in (["apply", "-auto-approve"], ["output", "-raw", "body"]):
        done = subprocess.run(
            ["terraform", *words], cwd=tmp_path, env=settings, capture_output=True, check=True
        )
    body = json.loads(base64.b64decode(done.stdout))
    assert body == body_of(schedule)


@given(st.text(st.characters(codec="utf-8"), max_size=30))
@settings(max_examples=40)
def test_any_text_survives_terraforms_quotes_on_one_line(text):
    lines = terraform(a_schedule(description=text)).split("\n")
    (line,) = (line for line in lines if line.strip().startswith("description"))
    quoted = line.split(" = ", 1)[1].replace("$${", "${").replace("%%{", "%{")
    assert json.loads(quoted) == text
