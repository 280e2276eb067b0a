"""Where the syncs of a schedule run, and what each host can be told. Pure."""

import difflib
from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Any

from auto_schema.errors import ConfigError, SyncError
from pipeline.parameters.table import BY_NAME

ENVIRONMENT: Mapping[str, type] = {
    "additional_experiments": list,
    "additional_pipeline_options": list,
    "additional_user_labels": dict,
    "autoscaling_algorithm": str,
    "disk_size_gb": int,
    "enable_launcher_vm_serial_port_logging": bool,
    "flexrs_goal": str,
    "ip_configuration": str,
    "kms_key_name": str,
    "launcher_machine_type": str,
    "machine_type": str,
    "max_workers": int,
    "network": str,
    "num_workers": int,
    "sdk_container_image": str,
    "service_account_email": str,
    "staging_location": str,
    "subnetwork": str,
    "temp_location": str,
    "worker_region": str,
    "worker_zone": str,
}
"""What a launch may say of its workers: those of Dataflow's FlexTemplateRuntimeEnvironment
that mean something to a batch job."""
TEMP_LOCATION, TIMEOUT = "temp_location", "timeout_s"
RUN_ENVIRONMENT: Mapping[str, type] = {TEMP_LOCATION: str, TIMEOUT: int}
"""What an execution of a Cloud Run job may be told besides parameters; machine, network and
account are the job's own."""
IMAGE = "sdk_container_image"
"""Beam's flag for the image of Dataflow's workers, and the setting of that name; where the template
knows no image it may stand among the parameters, too."""
LONGEST_TIMEOUT_S = 7 * 24 * 3600
"""https://cloud.google.com/run/docs/configuring/task-timeout."""
OF_THE_JOB = "machine, network, account and image belong to the Cloud Run job: docs/deploy.md."


LIMIT = "max_run_minutes"
SPARE_S = 15 * 60
"""How long after a run's own limit its host stops it, should it hang: until then the run stops
itself, gives its lock back, and says why."""
WALLTIME = "max_workflow_runtime_walltime_seconds"
"""Dataflow cancels a job after so many seconds:
https://cloud.google.com/dataflow/docs/guides/best-practices."""
EXPERIMENTS = "additional_experiments"


class Host(StrEnum):
    """Where the syncs of a schedule run."""

    DATAFLOW = "dataflow"
    CLOUD_RUN = "cloud_run"


def environment_of(host: Host) -> Mapping[str, type]:
    """What a launch may be told of the machines there."""
    return ENVIRONMENT if host is Host.DATAFLOW else RUN_ENVIRONMENT


def nearest(name: str, known: Collection[str], otherwise: str = "") -> str:
    """The mend for a name that isn't known."""
    near = difflib.get_close_matches(name, list(known), 1)
    if near:
        return f"did you mean {near[0]}?"
    return otherwise or f"use one of: {', '.join(sorted(known))}."


def no_setting(name: str, host: Host) -> str:
    """The mend for a setting that means nothing there."""
    if host is Host.CLOUD_RUN and name in ENVIRONMENT:
        return OF_THE_JOB
    return nearest(name, set(environment_of(host)))


def no_parameter(name: str, host: Host) -> str:
    """The mend for a parameter that the program doesn't know, or not there."""
    if name in environment_of(host):
        return f"it is a setting of the environment: -e {name}=…."
    if host is Host.CLOUD_RUN and name in ENVIRONMENT:
        return OF_THE_JOB
    return nearest(name, BY_NAME, "see docs/parameters.md.")


def of_other_hosts(said: Mapping[str, object], host: Host, where: str) -> list[SyncError]:
    """What is said of a schedule itself, not of many, that another host than its own needs.

    Args:
        said: its words, some of them empty.
        host: its own.
        where: for the message, with the key behind it.
    """
    key, other = ("run_job", Host.CLOUD_RUN)
    if host is Host.CLOUD_RUN:
        key, other = ("template", Host.DATAFLOW)
    if not said.get(key):
        return []
    fix = f"leave it out, or give host={other}."
    return [ConfigError("of another host", f"{where}{key}", f"its host is {host}", fix)]


def _last_resort(parameters: Mapping[str, str]) -> int:
    """After how many seconds the host stops a launch; 0: never."""
    minutes = parameters.get(LIMIT, "")
    return int(minutes) * 60 + SPARE_S if minutes.isdecimal() and int(minutes) else 0


def with_last_resort(
    environment: Mapping[str, Any], parameters: Mapping[str, str], host: Host
) -> dict[str, Any]:
    """What a host is told: the settings, and when it stops a launch that its own limit didn't.

    >>> with_last_resort({}, {"max_run_minutes": "45"}, Host.CLOUD_RUN)
    {'timeout_s': 3600}
    """
    seconds = _last_resort(parameters)
    if not seconds:
        return dict(environment)
    if host is Host.CLOUD_RUN:
        return {TIMEOUT: min(seconds, LONGEST_TIMEOUT_S), **environment}
    said = environment.get(EXPERIMENTS) or []
    if any(str(word).startswith(f"{WALLTIME}=") for word in said):
        return dict(environment)
    return {**environment, EXPERIMENTS: [*said, f"{WALLTIME}={seconds}"]}


def without_last_resort(
    environment: Mapping[str, Any], parameters: Mapping[str, str], host: Host
) -> dict[str, Any]:
    """The settings of a host that was told so, as they were said."""
    seconds = _last_resort(parameters)
    left = dict(environment)
    if seconds and host is Host.CLOUD_RUN and left.get(TIMEOUT) == min(seconds, LONGEST_TIMEOUT_S):
        del left[TIMEOUT]
    if seconds and host is Host.DATAFLOW and isinstance(left.get(EXPERIMENTS), list):
        said = [word for word in left.pop(EXPERIMENTS) if word != f"{WALLTIME}={seconds}"]
        left |= {EXPERIMENTS: said} if said else {}
    return left
