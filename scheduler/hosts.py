"""Where the syncs of a schedule run, and what each host can be told. Pure."""

import difflib
from collections.abc import Collection, Mapping
from enum import StrEnum

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
OF_THE_JOB = "machine, network, account and image belong to the Cloud Run job: docs/deploy.md."


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
