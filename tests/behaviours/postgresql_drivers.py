"""What reads PostgreSQL: ADBC, psycopg2, libpq beneath both."""

from tests.behaviours.behaviour import Behaviour

ADBC = "adbc-driver-postgresql 1.13.0"
PSYCOPG2 = "psycopg2-binary 2.9.13"
SHOWN = "tests/servers/test_behaviours_drivers.py::"
FAULTS = "tests/e2e/test_driver_faults.py::"

BEHAVIOURS = (
    Behaviour(
        ADBC,
        "An oid above 2³¹ is negative: 4294967295 arrives as −1.",
        "SELECT 4294967295::oid",
        "Read as `int8`.",
        SHOWN + "test_the_highest_oid_arrives_as_minus_one",
        FAULTS + "test_values_that_the_driver_misreads_arrive_as_they_are",
    ),
    Behaviour(
        ADBC,
        "An array of two dimensions arrives flat: {{1,2},{3,4}} as [1, 2, 3, 4].",
        "SELECT '{{1,2},{3,4}}'::int[]",
        "Our own decoder says the dimensions beside each array, or the server where a cast makes it"
        " anew; JSON where there are several.",
        SHOWN + "test_arrays_of_two_dimensions_arrive_flat",
        FAULTS + "test_arrays_that_repeated_cannot_hold_become_json_with_all_their_elements",
    ),
    Behaviour(
        ADBC,
        "An array that begins at 0 loses its bounds; one that begins elsewhere than at 0 or 1"
        " ends the read.",
        "SELECT '[5:6]={7,8}'::int[]",
        "Our own decoder passes over the bounds.",
        SHOWN + "test_an_array_that_begins_at_0_loses_its_bounds_and_another_ends_the_read",
        FAULTS + "test_arrays_that_begin_elsewhere_arrive_and_an_address_has_one_text_everywhere",
    ),
    Behaviour(
        ADBC,
        "Infinite stamps and dates wrap around: infinity is a moment before -infinity, and MAX in"
        " Arrow another row than in PostgreSQL.",
        "findings/adbc_postgresql_infinity.sh",
        "The integers beneath are checked against the years 1 to 9999.",
        SHOWN + "test_infinite_stamps_wrap_around",
        FAULTS + "test_values_outside_of_bigquerys_ranges_are_dead_letters_that_name_their_column",
    ),
    Behaviour(
        ADBC,
        "`money` is an integer of the locale's cents: 12.34 arrives as 1234.",
        "SELECT 12.34::numeric::money",
        "Read as `numeric`.",
        SHOWN + "test_money_arrives_as_its_cents",
        FAULTS + "test_values_that_the_driver_misreads_arrive_as_they_are",
    ),
    Behaviour(
        ADBC,
        "24:00:00 arrives as the number of its microseconds, which Python shows as 00:00.",
        "SELECT time '24:00'",
        "The integer is checked.",
        SHOWN + "test_24_00_arrives_as_a_number_that_python_shows_as_midnight",
        "tests/unit/test_conform.py::test_the_letter_of_24_00_says_24_00",
    ),
    Behaviour(
        ADBC,
        "Types that it doesn't know (inet, ranges, points, bit, tsvector) arrive as the raw bytes"
        " of the wire, not as texts.",
        "SELECT inet '10.0.0.1'",
        "Cast to text in the server.",
        SHOWN + "test_types_that_the_driver_does_not_know_arrive_as_raw_bytes",
        FAULTS + "test_wire_formats_arrive_as_postgresqls_text_whatever_the_databases_settings",
    ),
    Behaviour(
        ADBC,
        "It reads `pg_type` when it connects: a type that was made later has no name.",
        "CREATE TYPE t AS ENUM ('a') -- while the session is open, then SELECT 'a'::t in it",
        "Types are told by the catalog, and cast in the server.",
        SHOWN + "test_a_type_made_after_connecting_has_no_name",
        FAULTS + "test_a_second_run_reads_an_enum_that_grew_and_a_table_written_in_capitals",
    ),
    Behaviour(
        ADBC,
        "With `quote_all_identifiers = on` of a role every type is unknown, integers too.",
        "ALTER ROLE r SET quote_all_identifiers = on",
        "Our own decoder is told types by their OIDs.",
        SHOWN + "test_where_identifiers_are_quoted_no_type_is_known",
        "tests/e2e/test_settings.py::"
        "test_a_pooler_that_takes_no_startup_options_is_read_whatever_the_role_has_set",
    ),
    Behaviour(
        ADBC,
        "An interval beyond 292 years of nanoseconds ends the read amid the rows.",
        "SELECT interval '3000000 hours'",
        "Read as text.",
        SHOWN + "test_a_long_interval_ends_the_read",
        FAULTS + "test_wire_formats_arrive_as_postgresqls_text_whatever_the_databases_settings",
    ),
    Behaviour(
        ADBC,
        "A numeric is a text within an opaque type, and so are `nan` and `inf`.",
        "SELECT unnest(ARRAY[1.50, 'NaN', 'Infinity']::numeric[])",
        "Our own decoder makes it a decimal; what is no number, or doesn't fit, is a dead letter.",
        SHOWN + "test_a_numeric_arrives_as_a_text_and_so_do_nan_and_infinity",
        FAULTS + "test_values_outside_of_bigquerys_ranges_are_dead_letters_that_name_their_column",
    ),
    Behaviour(
        ADBC,
        "An error at the start carries its SQLSTATE, one amid the rows doesn't.",
        "SELECT 1000 / (g - 150000) FROM generate_series(1, 200000) AS g",
        "We ask libpq ourselves, whose refusals have their codes; none is tried again.",
        SHOWN + "test_an_error_amid_the_rows_has_no_sqlstate",
        FAULTS + "test_an_sql_error_amid_the_rows_ends_the_run_with_3_and_is_not_retried",
    ),
    Behaviour(
        ADBC,
        "After a read the session stays in its transaction until it is told to end it.",
        "SELECT state FROM pg_stat_activity -- idle in transaction",
        "Each read ends with a rollback, else our own readers would hold the next window.",
        SHOWN + "test_a_session_that_has_read_stays_in_its_transaction",
        FAULTS + "test_no_session_stays_in_a_transaction_after_astatements",
    ),
    Behaviour(
        PSYCOPG2,
        "It has no date before Christ and none after 9999: fetching one is an error.",
        "SELECT date '0044-03-15 BC'",
        "Such values are asked for as texts or numbers.",
        SHOWN + "test_psycopg2_has_no_date_before_christ_or_after_9999",
        "tests/servers/test_splits.py::test_far_dates_and_times_are_no_obstacle_to_cutting",
    ),
    Behaviour(
        PSYCOPG2,
        "Time zone, options, password and more are taken from the environment by libpq: PGTZ"
        " changes what a session stamps.",
        "https://www.postgresql.org/docs/current/libpq-envars.html",
        "These variables are taken away, and named in a warning.",
        SHOWN + "test_variables_of_the_environment_change_what_a_session_stamps",
        "tests/servers/test_zones.py::test_nothing_of_the_environment_reaches_our_sessions",
    ),
)
