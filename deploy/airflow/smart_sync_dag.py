"""Syncs as Airflow DAGs: of a table, of one after its plan, of many on Dataflow and on Cloud Run.

Copy this file into Airflow's DAG folder and change what stands in capitals. Needed: the
providers `google` and `apache-beam`; the connection `google_cloud_default` with the roles of
smart-sync-launcher, and for Cloud Run roles/run.jobsExecutorWithOverrides on the job and
roles/run.viewer (docs/deploy.md).
"""

import copy
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.providers.google.cloud.operators.cloud_run import CloudRunExecuteJobOperator
from airflow.providers.google.cloud.operators.dataflow import DataflowStartFlexTemplateOperator
from airflow.sdk import DAG

PROJECT, REGION = "my-project", "us-central1"
TEMPLATE = "gs://my-project-smart-sync/templates/smart-sync.json"
ENVIRONMENT = {
    "serviceAccountEmail": "smart-sync-worker@my-project.iam.gserviceaccount.com",
    "subnetwork": "regions/us-central1/subnetworks/smart-sync-workers",
    "ipConfiguration": "WORKER_IP_PRIVATE",
    "tempLocation": "gs://my-project-smart-sync/tmp",
    "stagingLocation": "gs://my-project-smart-sync/tmp/staging",
    "maxWorkers": 2,
}
PARAMETERS = {
    "data_source": "postgresql",
    "postgresql_host": "10.0.0.5",
    "postgresql_database": "shop",
    "postgresql_username": "reader",
    # The name of a secret: launcher and workers read it; Airflow never sees the password.
    "postgresql_password": "projects/my-project/secrets/pg-password/versions/latest",
    "enable_smart_sync": "true",
    "write_disposition": "WRITE_MERGE",
    "merge_keys": "id",
    "destination_bigquery_project": "my-project",
    "destination_bigquery_dataset": "shop",
}
ORDERS = {"source_table_for_schema": "public.orders", "destination_bigquery_table": "orders"}
CUSTOMERS = {
    "source_table_for_schema": "public.customers",
    "destination_bigquery_table": "customers",
}
# A file of tables says what each of them needs; what stands here holds where it says nothing.
TABLES = {"tables": "gs://my-project-smart-sync/tables.yaml", "merge_keys": "auto"}
RUN_JOB = "smart-sync"


def launch_body(name: str, parameters: dict[str, str]) -> dict[str, Any]:
    """The launch of a sync; `name` is of the Dataflow job, always the same for one table."""
    return {
        "launchParameter": {
            "jobName": name,
            "containerSpecGcsPath": TEMPLATE,
            "environment": copy.deepcopy(ENVIRONMENT),
            "parameters": PARAMETERS | parameters,
        }
    }


def launch(task_id: str, name: str, parameters: dict[str, str]) -> Any:
    """One launch as a task. Airflow renders its body by Jinja: write `{{` of a query as raw."""
    return DataflowStartFlexTemplateOperator(
        task_id=task_id,
        project_id=PROJECT,
        location=REGION,
        body=launch_body(name, parameters),
        # The default adds a random suffix, and Dataflow could refuse no second run by its name.
        append_job_name=False,
        # The task waits in the triggerer and holds no worker slot.
        deferrable=True,
        poll_sleep=30,
    )


def execute(task_id: str, name: str, parameters: dict[str, str]) -> Any:
    """One execution of the Cloud Run job as a task; it fails when the program does."""
    words = PARAMETERS | parameters | {"temp_location": ENVIRONMENT["tempLocation"]}
    words["job_name"] = name
    return CloudRunExecuteJobOperator(
        task_id=task_id,
        project_id=PROJECT,
        region=REGION,
        job_name=RUN_JOB,
        overrides={
            "container_overrides": [{"args": [f"--{key}={value}" for key, value in words.items()]}]
        },
        deferrable=True,
        polling_period_seconds=30,
    )


DEFAULTS = {
    # Launching again is always harmless: a launch beside an active job is answered with 409,
    # and one beside a run of another name ends with exit code 6. A run that was killed holds
    # its table for up to 30 minutes (lock_lease), which two pauses of 20 minutes outlast.
    # Exit codes 2 and 4 mean that something must be mended, and no retry helps.
    "retries": 2,
    "retry_delay": timedelta(minutes=20),
}

with DAG(
    dag_id="smart_sync_orders",
    schedule="7 * * * *",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    # A missed run costs nothing: the next window begins at the watermark. So nothing is made up.
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULTS,
    tags=["smart-sync"],
):
    launch("sync", "postgresql-orders-hourly-prod", ORDERS)

with DAG(
    dag_id="smart_sync_customers",
    schedule="0 2 * * *",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULTS,
    tags=["smart-sync"],
):
    # The plan is a Dataflow job of its own, so it costs one more start of some minutes. It
    # writes nothing, and fails where the sync would: wrong parameters, no way to the source, a
    # schema that doesn't fit.
    plan = launch("plan", "postgresql-customers-plan-prod", CUSTOMERS | {"plan_only": "true"})
    sync = launch("sync", "postgresql-customers-daily-prod", CUSTOMERS)
    plan >> sync

with DAG(
    dag_id="smart_sync_tables",
    schedule="30 3 * * *",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULTS,
    tags=["smart-sync"],
):
    # One job for all tables of the file; it fails, after all have ended, when one of them did.
    launch("sync", "postgresql-tables-daily-prod", TABLES)

with DAG(
    dag_id="smart_sync_small_tables",
    schedule="37 * * * *",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    # Nothing but this keeps executions of one schedule apart: Cloud Run takes any number.
    max_active_runs=1,
    catchup=False,
    default_args=DEFAULTS,
    tags=["smart-sync"],
):
    # Without workers: the small tables of the same file, in one process.
    execute("sync", "postgresql-tables-hourly-prod", TABLES | {"select": "tag:hourly"})
