"""Python itself, and libraries beside the drivers."""

from tests.behaviours.behaviour import Behaviour

PYTHON = "Python 3.11 to 3.13"
SQLGLOT = "sqlglot 30.30.0"
CLIENT = "google-cloud-bigquery 3.47.0"
CRON = "cronsim 2.8"
SHOWN = "tests/unit/test_behaviours_libraries.py::"

BEHAVIOURS = (
    Behaviour(
        CLIENT,
        "Each call is tried again for ten minutes by default, `query_and_wait` for longer by a"
        " second retry around the first.",
        "https://cloud.google.com/python/docs/reference/bigquery/latest/retry",
        "Ours end after 10 s times `max_retries`: an outage is told, and no lease outlived.",
        "",
        "tests/seam/test_repeated_requests.py::"
        "test_a_service_that_is_gone_is_asked_for_so_long_and_no_longer",
    ),
    Behaviour(
        CLIENT,
        "`query_and_wait` wraps its retry around the client's one call and hands it none: who"
        " bounds retries in that call is passed by.",
        "client.query_and_wait('SELECT 1', retry=retry)",
        "Bounded in `query_and_wait` itself.",
        SHOWN + "test_query_and_wait_hands_its_retry_to_no_call",
        "tests/e2e/test_outages.py::"
        "test_a_bigquery_that_nobody_serves_is_one_message_in_bounded_time",
    ),
    Behaviour(
        CLIENT,
        "Uploads go past that call, and have no time limit unless one is given.",
        "client.load_table_from_file(file, table)",
        "Each gets a limit.",
        SHOWN + "test_an_upload_passes_by_the_call_that_bounds_the_others",
        "tests/e2e/test_endpoint_faults.py::"
        "test_a_request_that_is_never_answered_is_given_up_and_sent_again",
    ),
    Behaviour(
        CLIENT,
        "A file goes up in parts of 100 MB, of which two are in memory; no parameter says less.",
        "client.load_table_from_file(file, table)",
        "Its parts have 16 MB.",
        SHOWN + "test_a_file_goes_up_in_parts_of_100_mb",
        "tests/servers/test_uploads.py::test_a_file_goes_up_in_parts_of_ours",
    ),
    Behaviour(
        SQLGLOT,
        "It reads `<=>` (a distance, to pgvector) and `!!` of PostgreSQL as other operators, and"
        " writes SQL with another meaning.",
        "findings/sqlglot_pgvector_order.sh",
        "SQL that it wrote is never sent: queries run as they are written.",
        SHOWN + "test_sqlglot_writes_operators_of_postgresql_as_others",
        "tests/e2e/test_driver_faults.py::test_a_query_is_run_as_it_is_written",
    ),
    Behaviour(
        SQLGLOT,
        "Several aggregates (jsonb_agg, xmlagg, range_agg, those of extensions) are plain"
        " functions to it.",
        "sqlglot.parse_one('SELECT jsonb_agg(x)', dialect='postgres')",
        "Whether a query may be split is decided by the catalog too.",
        SHOWN + "test_sqlglot_does_not_know_every_aggregate",
        "tests/servers/test_splits.py::"
        "test_a_query_whose_parts_might_not_be_one_whole_is_read_in_one",
    ),
    Behaviour(
        CRON,
        "A midnight that never comes fires an hour later, and one that comes twice fires once."
        " Other libraries fire twice, never, or go backwards.",
        "CronSim('0 0 * * *', start) -- in America/Santiago and Africa/Cairo",
        "We rely on it for when a schedule is due, and warn of such hours.",
        SHOWN
        + "test_a_midnight_that_never_comes_fires_an_hour_later_and_one_that_comes_twice_once",
        "tests/scheduler/test_cron.py::test_a_daily_schedule_fires_once_a_day_in_any_zone",
    ),
    Behaviour(
        CRON,
        "Six fields are taken, the first as seconds; `@daily` isn't.",
        "CronSim('0 0 * * * *', start)",
        "What Cloud Scheduler doesn't take is refused before it is asked.",
        SHOWN + "test_cronsim_takes_six_fields_and_no_names_of_schedules",
        "tests/scheduler/test_cron.py::test_what_cloud_scheduler_would_not_take_is_refused",
    ),
    Behaviour(
        PYTHON,
        "Two stamps of the hour that comes twice are equal, and their difference is zero, while"
        " they have one zone: arithmetic within a zone is by the wall.",
        "second - first; second.astimezone(UTC) - first.astimezone(UTC)",
        "Moments are compared in UTC.",
        SHOWN + "test_stamps_of_the_hour_that_comes_twice_are_equal_in_their_zone",
        "tests/scheduler/test_cron.py::"
        "test_a_start_within_the_second_of_two_equal_hours_gives_no_run_of_the_first",
    ),
    Behaviour(
        PYTHON,
        "`zoneinfo` takes the machine's zone files before those of the package tzdata, however old"
        " they are.",
        "https://docs.python.org/3/library/zoneinfo.html#data-sources",
        "Schedules are reckoned with the pinned package alone.",
        "",
        "tests/scheduler/test_cron.py::"
        "test_schedules_know_the_pinned_zones_whatever_the_machines_files_say",
    ),
    Behaviour(
        PYTHON,
        "An exception that takes keywords only can be pickled but not unpickled: a worker's error"
        " becomes a TypeError.",
        "pickle.loads(pickle.dumps(error))",
        "Errors take what, where, why and how by position.",
        SHOWN + "test_an_error_with_keywords_only_pickles_and_does_not_come_back",
    ),
    Behaviour(
        PYTHON,
        "A flag may be cut short for argparse: `--proj=x` sets `--project`.",
        "parser.parse_known_args(['--proj=x'])",
        "Flags that are not written in full are refused before Beam parses them.",
        SHOWN + "test_a_flag_may_be_cut_short",
        "tests/unit/test_options.py::"
        "test_a_misspelt_flag_is_refused_with_the_nearest_name_and_without_its_value",
    ),
)
