"""The names that a file or the environment may say of a launch: parameters, and flags of Beam's."""

from pipeline.parameters.table import PARAMETERS

TABLES = "tables"
BEAM_FLAGS = frozenset(
    [
        "runner",
        "project",
        "region",
        "job_name",
        "labels",
        "temp_location",
        "staging_location",
        "max_num_workers",
        "num_workers",
        "machine_type",
        "network",
        "subnetwork",
        "service_account_email",
        "sdk_container_image",
        "disk_size_gb",
        "worker_zone",
        "experiments",
        "dataflow_service_options",
    ]
)
"""Beam's flags that are written beside our parameters."""
LAUNCH_NAMES = (*(p.name for p in PARAMETERS if p.name != TABLES), *sorted(BEAM_FLAGS))
"""What a file may say of its launch; its tables stand in it by themselves."""
