"""The promises of schedules, and of the hosts on which their syncs run."""

from tests.mutants.promises import Promise

PART = "Schedules and hosts"
PROMISES: tuple[Promise, ...] = (
    Promise(
        PART,
        "An execution of a Cloud Run job is asked for in the words of Cloud Run's own description.",
        "tests/scheduler/test_job.py::test_an_execution_is_asked_for_as_cloud_run_describes",
        "scheduler/cloud_run.py",
        '{"containerOverrides": [{"args": arguments(schedule)}]}',
        '{"containers": [{"args": arguments(schedule)}]}',
    ),
    Promise(
        PART,
        "What Cloud Scheduler posts to Cloud Run is a launch that syncs.",
        "tests/scheduler/test_tables.py::test_what_cloud_run_is_asked_for_is_a_launch_that_syncs",
        "scheduler/cloud_run.py",
        'return [f"--{name}={value}" for name, value in words.items()]',
        'return [f"--{name} {value}" for name, value in words.items()]',
    ),
    Promise(
        PART,
        "On Cloud Run nothing is staged in the container's memory unless somebody asked for it.",
        "tests/unit/test_options_whole.py::test_on_cloud_run_files_are_staged_in_a_bucket",
        "pipeline/parameters/options.py",
        "    elif environ.get(RUN_JOB) and not temp_location:",
        "    elif environ.get(RUN_JOB) and temp_location is None:",
    ),
    Promise(
        PART,
        "A file of tables that no command line could hold is refused before it is sent.",
        "tests/scheduler/test_tables.py::test_a_file_that_is_wrong_is_told_before_anything_is_sent",
        "scheduler/schedule.py",
        "if is_bounded and size > MAX_ARGUMENT_BYTES:",
        "if is_bounded and size > MAX_JOB_BYTES:",
    ),
    Promise(
        PART,
        "A schedule of many tables fails while one of its tables does.",
        "tests/scheduler/test_status.py::test_a_schedule_of_a_file_shows_its_tables_as_their_last_runs_left_them",
        "scheduler/launches.py",
        "if table.run_id and not table.is_good]",
        "if not table.run_id]",
    ),
    Promise(
        PART,
        "A schedule whose failed tables were synced well since fails no more.",
        "tests/scheduler/test_status.py::test_a_table_that_was_retried_is_failing_no_more",
        "scheduler/launches.py",
        '    return replace(run, status="succeeded", exit_code=0)',
        "    return run",
    ),
    Promise(
        PART,
        "A signal ends sixteen tables at work side by side, within the seconds that it leaves.",
        "tests/e2e/test_many_tables.py::test_sigterm_ends_sixteen_tables_at_work_at_once_by_ten_requests_of_each",
        "pipeline/launch/many_runs.py",
        "SIDE_BY_SIDE = 16",
        "SIDE_BY_SIDE = 1",
    ),
    Promise(
        PART,
        "A schedule takes no parameter that means something to one launch only.",
        "tests/scheduler/test_schedule.py::test_what_means_something_to_one_launch_only_is_refused",
        "scheduler/schedule.py",
        "*only_once(known)]",
        "]",
    ),
    Promise(
        PART,
        "Schedules on Cloud Run take no flag of Dataflow's workers.",
        "tests/scheduler/test_schedule.py::test_what_is_wrong_is_one_line_with_its_mend",
        "scheduler/schedule.py",
        "image = {IMAGE} if is_dataflow else set[str]()",
        "image = {IMAGE}",
    ),
)
