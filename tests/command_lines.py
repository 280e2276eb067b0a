"""Command lines with defaults, and what parsing them says."""

import pytest

from auto_schema.errors import ConfigError, ManyErrors, SyncError
from pipeline import cli
from pipeline.parameters import options

LEAST = {
    "data_source": "postgresql",
    "destination_bigquery_project": "my-project",
    "destination_bigquery_dataset": "production_data",
    "destination_bigquery_table": "organizations",
    "postgresql_host": "db.example.com",
    "postgresql_database": "shop",
    "postgresql_username": "reader",
    "postgresql_password": "pl4nted-s3cret",
    "postgresql_query": "SELECT 1 AS one",
}
DATAFLOW = [
    "--runner=DataflowRunner",
    "--project=my-project",
    "--region=europe-west1",
    "--temp_location=gs://bkt/temp",
    "--staging_location=gs://bkt/staging",
    "--job_name=sync-organizations",
    "--sdk_container_image=europe-docker.pkg.dev/my-project/sync/sync:1",
    "--sdk_location=container",
    "--worker_machine_type=n2-standard-2",
    "--max_num_workers=4",
    "--num_workers=1",
    "--autoscaling_algorithm=THROUGHPUT_BASED",
    "--network=vpc",
    "--subnetwork=regions/europe-west1/subnetworks/private",
    "--no_use_public_ips",
    "--service_account_email=sync@my-project.iam.gserviceaccount.com",
    "--labels=team=data",
    "--dataflow_service_options=enable_prime",
    "--experiments=use_runner_v2",
    "--experiments",
    "shuffle_mode=service",
    "--setup_file=./setup.py",
]


def argv(**parameters):
    words = LEAST | parameters
    return [f"--{name}={value}" for name, value in words.items() if value is not None]


def request(*flags, **parameters):
    return options.parse([*argv(**parameters), *flags], {}).request


def faults(*flags, **parameters):
    """All faults of a command line, each on a line of its own; none shows the password."""
    with pytest.raises(SyncError) as caught:
        cli.parse([*argv(**parameters), *flags])
    error = caught.value
    found = error.errors if isinstance(error, ManyErrors) else (error,)
    assert all(isinstance(each, ConfigError) for each in found)
    assert error.exit_code == 2
    assert "pl4nted-s3cret" not in str(error)
    assert all(each.where and each.fix for each in found), str(error)
    return [str(each) for each in found]


def only_fault(*flags, **parameters):
    (found,) = faults(*flags, **parameters)
    return found
