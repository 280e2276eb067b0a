"""Everything that is wrong with a schedule, and the mend."""

import pytest

from auto_schema.errors import ManyErrors, SyncError
from scheduler.schedule import Retry, checked
from tests.scheduler.conftest import PLANTED, a_run, a_schedule

WRONG = {
    "malformed name": a_schedule("Orders"),
    "did you mean Europe/Berlin?": a_schedule(time_zone="Europe/Berlim"),
    "did you mean America/New_York?": a_schedule(time_zone="america/new_york"),
    "use an IANA name such as Europe/Berlin.": a_schedule(time_zone="???"),
    "give region.": a_schedule(region=""),
    "malformed template": a_schedule(template="https://x"),
    "malformed account": a_schedule(service_account="me@gmail.com"),
    "(schedule orders: attempt_deadline_s)": a_schedule(attempt_deadline_s=14),
    "(schedule orders: retry.count)": a_schedule(retry=Retry(6)),
    "at most 500 characters": a_schedule(description="x" * 501),
    "give a folder such as gs://bucket/tmp.": a_schedule(environment={}),
    "did you mean num_workers?": a_schedule(
        environment={"temp_location": "gs://b/t", "num_worker": 1}
    ),
    "give a value of type bool": a_schedule(
        environment={"temp_location": "gs://b/t", "enable_launcher_vm_serial_port_logging": "x"}
    ),
    "did you mean postgresql_host?": a_schedule(parameters={"postgresql_hosts": "x"}),
    "see docs/parameters.md.": a_schedule(parameters={"zzzzz": "x"}),
    "plain secret (schedule orders: postgresql_password)": a_schedule(
        parameters={"postgresql_password": PLANTED}
    ),
    "missing parameter (schedule orders: destination_bigquery_table)": a_schedule(
        parameters={"destination_bigquery_table": ""}
    ),
    "give run_job.": a_run(run_job=""),
    "give the name alone of a Cloud Run job": a_run(run_job="projects/p/jobs/j"),
    "network, account and image belong to the Cloud Run job": a_run(
        environment={"temp_location": "gs://b/t", "max_workers": 2}
    ),
    "unknown parameter (schedule orders: sdk_container_image). To mend: machine, network": a_run(
        parameters={"sdk_container_image": "i"}
    ),
    "unknown parameter (schedule orders: machine_type). To mend: machine, network": a_run(
        parameters={"machine_type": "n2-standard-4"}
    ),
    "it is a setting of the environment: -e machine_type=": a_schedule(
        parameters={"machine_type": "n2-standard-4"}
    ),
    "it is a setting of the environment: -e timeout_s=": a_run(parameters={"timeout_s": "60"}),
    "missing (schedule orders: environment.temp_location)": a_run(environment={}),
    "did you mean timeout_s?": a_run(environment={"temp_location": "gs://b/t", "timeout": 2}),
    "give 1 to 604,800 seconds.": a_run(
        environment={"temp_location": "gs://b/t", "timeout_s": 604_801}
    ),
    "one word of a command line has at most 131,071": a_run(
        parameters={"postgresql_query": "SELECT 1 --" + "x" * 131_072, "enable_smart_sync": ""}
    ),
    "plain secret (schedule runs: postgresql_password)": a_run(
        "runs", parameters={"postgresql_password": PLANTED}
    ),
    "only plan, and write nothing": a_schedule(parameters={"plan_only": "true"}),
}
ONCE = {
    "plan_only": {"plan_only": "true"},
    "verify_only": {
        "verify_only": "true",
        "verify_start": "2025-01-01",
        "verify_end": "2025-02-01",
    },
    "retry_failed": {
        "tables": "gs://b/t.yaml",
        "source_table_for_schema": "",
        "destination_bigquery_table": "",
        "retry_failed": "20250722t150000-3f9a0c1d",
    },
    "rollback_run, rollback_to": {
        "rollback_run": "20250722t150000-3f9a0c1d",
        "rollback_to": "20250722t160000-3f9a0c1d",
    },
    "sync_start, sync_end": {
        "sync_start": "2025-01-01",
        "sync_end": "2025-02-01",
        "write_disposition": "WRITE_MERGE",
        "merge_keys": "id",
    },
    "write_disposition": {"write_disposition": "WRITE_EMPTY"},
}
"""What is wrong only since it is launched again and again."""


@pytest.mark.parametrize("says", WRONG)
def test_what_is_wrong_is_one_line_with_its_mend(says):
    with pytest.raises(SyncError) as caught:
        checked(WRONG[says])
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
    assert PLANTED not in str(caught.value)
    assert caught.value.exit_code == 2


def test_a_good_schedule_is_the_same_with_its_cron_in_five_fields():
    assert checked(a_schedule(cron="hourly")) == a_schedule(cron="0 * * * *")


def test_a_good_schedule_of_executions_is_the_same():
    assert checked(a_run()) == a_run()


def test_all_faults_are_told_at_once_and_in_the_same_order():
    bad = a_schedule(cron="x", region="", parameters={"b_b": "1", "a_a": "1", "c_c": "1"})
    with pytest.raises(ManyErrors) as caught:
        checked(bad)
    assert [error.where.split(": ")[1] for error in caught.value.errors] == [
        "region",
        "a_a",
        "b_b",
        "c_c",
        "cron 'x'",
    ]


def test_a_plain_secret_may_be_allowed():
    checked(a_schedule(parameters={"postgresql_password": PLANTED}), allow_plain_secrets=True)


@pytest.mark.parametrize("names", ONCE)
@pytest.mark.parametrize("made", [a_schedule, a_run])
def test_what_means_something_to_one_launch_only_is_refused(made, names):
    with pytest.raises(SyncError) as caught:
        checked(made(parameters=ONCE[names]))
    faults = caught.value.errors if isinstance(caught.value, ManyErrors) else [caught.value]
    assert {fault.what for fault in faults} == {"for one launch only"}
    assert ", ".join(fault.where.split(": ")[1] for fault in faults) == names


def test_what_only_looks_so_is_taken():
    rebuilds = {"write_disposition": "WRITE_EMPTY", "delete_existing_table": "true"}
    for parameters in (rebuilds, {"plan_only": "false", "verify": "true"}):
        checked(a_schedule(parameters=parameters))


def test_dataflow_takes_the_image_among_the_parameters_and_among_the_settings():
    image = {"sdk_container_image": "europe-docker.pkg.dev/p/r/i:1"}
    checked(a_schedule(parameters=image))
    checked(a_schedule(environment={"temp_location": "gs://b/t", **image}))
