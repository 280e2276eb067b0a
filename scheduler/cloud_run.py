"""A schedule whose syncs run as executions of a Cloud Run job, and back. Pure.

The job posts the body of Cloud Run's `jobs:run`, which gives the program its words:
https://cloud.google.com/run/docs/reference/rest/v2/projects.locations.jobs/run
"""

import re
from collections.abc import Mapping
from typing import Any

from pipeline.parameters.options import beam_flag, split_argv
from scheduler.hosts import TEMP_LOCATION, TIMEOUT, with_last_resort
from scheduler.schedule import Schedule

URI = "https://run.googleapis.com/v2/projects/{}/locations/{}/jobs/{}:run"
_URI = re.compile(re.escape(URI).replace(r"\{\}", "([^/:]+)"))
JOB_NAME = "job_name"
"""Beam's flag by which a launch knows what it is called; Dataflow's launcher gives it, too."""


def arguments(schedule: Schedule) -> list[str]:
    """The words that main.py gets; the job says what runs it."""
    words = {
        **schedule.parameters,
        TEMP_LOCATION: schedule.environment.get(TEMP_LOCATION, ""),
        JOB_NAME: schedule.job_name or schedule.name,
    }
    return [f"--{name}={value}" for name, value in words.items()]


def run_uri(schedule: Schedule) -> str:
    """Where an execution is asked for."""
    return URI.format(schedule.project, schedule.region, schedule.run_job)


def run_body(schedule: Schedule) -> dict[str, Any]:
    """The request by which Cloud Run starts an execution."""
    overrides: dict[str, Any] = {"containerOverrides": [{"args": arguments(schedule)}]}
    settings = with_last_resort(schedule.environment, schedule.parameters, schedule.host)
    if TIMEOUT in settings:
        overrides["timeout"] = f"{settings[TIMEOUT]}s"
    return {"overrides": overrides}


def place_of(uri: str) -> tuple[str, str, str] | None:
    """Project, region and Cloud Run job of an address; None for another one."""
    match = _URI.fullmatch(uri)
    return (match[1], match[2], match[3]) if match else None


def words_of(body: Mapping[str, Any]) -> tuple[dict[str, str], str, dict[str, Any]]:
    """The parameters that a body gives, the name of the launch, and the environment."""
    overrides = _mapping(body.get("overrides"))
    containers = overrides.get("containerOverrides")
    container = _mapping(containers[0]) if isinstance(containers, list) and containers else {}
    args = container.get("args")
    words = [word for word in args if isinstance(word, str)] if isinstance(args, list) else []
    parameters, rest, _ = split_argv(words)
    environment: dict[str, Any] = {}
    if temp_location := beam_flag(rest, TEMP_LOCATION):
        environment[TEMP_LOCATION] = temp_location
    timeout = re.fullmatch(r"([0-9]+)s", str(overrides.get("timeout", "")))
    if timeout:
        environment[TIMEOUT] = int(timeout[1])
    return parameters, beam_flag(rest, JOB_NAME), environment


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
