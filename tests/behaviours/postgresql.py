"""PostgreSQL itself."""

from tests.behaviours.behaviour import Behaviour

THING = "PostgreSQL 18.4"
SHOWN = "tests/servers/test_behaviours_postgresql.py::"

BEHAVIOURS = (
    Behaviour(
        THING,
        "`now()` is when the transaction began. A row that is stamped by it becomes visible when"
        " the transaction commits, which may be after rows with later stamps.",
        "https://www.postgresql.org/docs/current/functions-datetime.html#FUNCTIONS-DATETIME-CURRENT",
        "A window ends before the oldest transaction that is still open.",
        SHOWN + "test_stamps_by_now_become_visible_out_of_their_order",
        "tests/e2e/test_late_commits.py::"
        "test_rows_written_before_and_after_a_run_and_committed_after_it_arrive_once",
    ),
    Behaviour(
        THING,
        "A prepared transaction shows when it was prepared. When it began, and so what `now()` in"
        " it was, is shown nowhere.",
        "BEGIN; SELECT now(); …; PREPARE TRANSACTION 'x'; SELECT prepared FROM pg_prepared_xacts",
        "It is waited for, then the run is held back.",
        SHOWN + "test_a_prepared_transaction_shows_when_it_was_prepared_not_when_it_began",
        "tests/e2e/test_unseen_writers.py::"
        "test_a_transaction_prepared_long_after_it_began_loses_nothing",
    ),
    Behaviour(
        THING,
        "In a procedure that commits inside, `now()` moves on with each commit;"
        " `statement_timestamp()` stays at the CALL, however long ago that was.",
        "CREATE PROCEDURE p() … BEGIN INSERT …; COMMIT; INSERT …; END; CALL p()",
        "What is open counts from its call.",
        SHOWN + "test_now_moves_at_each_commit_of_a_procedure_and_statement_timestamp_does_not",
        "tests/e2e/test_guard_holes.py::"
        "test_a_procedure_that_commits_and_stamps_by_statement_timestamp_loses_nothing",
    ),
    Behaviour(
        THING,
        "`pg_stat_activity` hides the start of others' transactions from an ordinary role;"
        " `pg_locks` shows every role who holds one.",
        "SELECT xact_start FROM pg_stat_activity; SELECT pid FROM pg_locks"
        " WHERE locktype = 'virtualxid'",
        "Open transactions are found in `pg_locks`; whose start is hidden is waited for.",
        SHOWN + "test_a_role_sees_who_holds_a_transaction_but_not_since_when",
        "tests/servers/test_clock.py::"
        "test_a_start_that_the_role_may_not_see_is_none_after_the_wait",
    ),
    Behaviour(
        THING,
        "PREPARE locks every table that a query reads, those behind its views too, and keeps the"
        " locks to the end of the transaction.",
        "BEGIN; PREPARE q AS SELECT * FROM a_view; SELECT relation::regclass FROM pg_locks"
        " WHERE pid = pg_backend_pid()",
        "So the server itself tells what a query reads; its SQL isn't parsed for that.",
        SHOWN + "test_preparing_a_query_locks_the_tables_behind_its_views",
        "tests/servers/test_writers.py::test_a_materialized_view_is_found_behind_a_view",
    ),
    Behaviour(
        THING,
        "A table that TRUNCATE or some forms of ALTER TABLE wrote anew is empty to a snapshot"
        " that is older, without an error.",
        "https://www.postgresql.org/docs/current/mvcc-caveats.html",
        "Locks are taken before the statement that reads; under a kept snapshot a table with"
        " another file ends the read.",
        SHOWN + "test_a_table_written_anew_is_empty_to_an_older_snapshot",
        "tests/e2e/test_source_changes.py::"
        "test_a_table_that_is_written_anew_while_a_read_waits_is_read_whole",
    ),
    Behaviour(
        THING,
        "A sequence with CACHE hands out blocks to sessions: higher numbers come before lower"
        " ones, though every transaction is short.",
        "CREATE SEQUENCE s CACHE 10; SELECT nextval('s') -- in two sessions: 1, 11, 2",
        "As a cursor it is refused without WRITE_MERGE and a lookback in numbers.",
        SHOWN + "test_a_sequence_with_a_cache_gives_numbers_out_of_their_order",
        "tests/e2e/test_unseen_writers.py::test_numbers_in_blocks_need_a_lookback_in_numbers",
    ),
    Behaviour(
        THING,
        "NOT NULL … NOT VALID sets `attnotnull` while NULLs are there.",
        "ALTER TABLE t ADD CONSTRAINT c NOT NULL k NOT VALID",
        "The first range of a key takes rows without one as well.",
        SHOWN + "test_not_null_may_stand_in_the_catalog_over_nulls",
        "tests/servers/test_splits.py::test_a_row_without_a_key_lies_in_one_split",
    ),
    Behaviour(
        THING,
        "A primary key binds a parent, not what INHERITS from it: `SELECT` from the parent shows"
        " the children's rows, with the same key or none.",
        "https://www.postgresql.org/docs/current/ddl-inherit.html#DDL-INHERIT-CAVEATS",
        "Ranges of a key are half-open and tile all values, so that no row hangs on uniqueness.",
        SHOWN + "test_a_primary_key_holds_for_a_parent_and_not_for_its_children",
        "tests/servers/test_splits.py::test_any_splits_hold_any_row_once_under_any_setting",
    ),
    Behaviour(
        THING,
        "A row security policy hides rows in silence, while `row_security` is on.",
        "https://www.postgresql.org/docs/current/ddl-rowsecurity.html",
        "Readers set it off: then such a query is refused.",
        SHOWN + "test_a_policy_hides_rows_in_silence_unless_row_security_is_off",
        "tests/e2e/test_settings.py::test_rows_that_a_policy_would_hide_end_the_run",
    ),
    Behaviour(
        THING,
        "Where `search_path` names `pg_catalog` behind a user's schema, that schema's functions"
        " stand in for PostgreSQL's own.",
        "SET search_path = public, pg_catalog",
        "Our statements name the schema of each function; a path that hides one is refused.",
        SHOWN + "test_a_function_of_the_users_hides_one_of_postgresqls_behind_it",
        "tests/e2e/test_settings.py::"
        "test_functions_of_a_users_schema_stand_in_for_none_of_postgresqls_own",
    ),
    Behaviour(
        THING,
        "`timestamp(0)` rounds to the nearest second, so that a stamp may lie half a second in"
        " the future when it is written.",
        "SELECT timestamp '2024-01-01 12:00:00.5'::timestamp(0) -- 12:00:01",
        "The window ends with the last complete second.",
        SHOWN + "test_a_stamp_without_fractions_is_rounded_up_into_the_future",
        "tests/e2e/test_late_commits_cursors.py::"
        "test_a_second_is_read_only_when_no_stamp_can_be_rounded_to_it_any_more",
    ),
    Behaviour(
        THING,
        "`infinity` is a value of dates and stamps, and their MAX.",
        "SELECT max(v) FROM (VALUES (timestamp 'infinity'), ('9999-12-31')) AS t(v)",
        "Windows leave it out and count it; elsewhere it is a dead letter.",
        SHOWN + "test_infinity_is_a_stamp_like_any_other_and_the_highest",
        "tests/e2e/test_driver_faults.py::"
        "test_values_outside_of_bigquerys_ranges_are_dead_letters_that_name_their_column",
    ),
    Behaviour(
        THING,
        "A `time` may be 24:00:00, later than every other.",
        "SELECT time '24:00' > time '23:59:59.999999'",
        "A dead letter: BigQuery has no such time.",
        SHOWN + "test_a_time_may_be_24_00",
        "tests/unit/test_conform.py::test_the_letter_of_24_00_says_24_00",
    ),
    Behaviour(
        THING,
        "CET, EET, MET and WET are zones with a summer as `TimeZone`, and offsets without one"
        " after `AT TIME ZONE`.",
        "findings/postgresql_cet_two_clocks.sh",
        "A session set to the zone is asked for `localtimestamp`.",
        SHOWN + "test_cet_is_a_zone_with_a_summer_and_an_offset_without_one",
        "tests/servers/test_zones.py::test_a_wall_clock_shows_what_the_servers_sessions_stamp",
    ),
    Behaviour(
        THING,
        "`OFFSET 0` keeps what stands over a sub-query in one process, `OFFSET '0'` doesn't.",
        "findings/postgresql_offset_zero_serial.sh",
        "Sums of keys and rows end their sub-queries with `OFFSET '0'`.",
        SHOWN + "test_offset_zero_is_planned_for_one_process_and_a_quoted_one_for_several",
        "tests/servers/test_key_snapshot.py"
        "::test_sums_are_made_by_as_many_processes_as_the_roles_own_queries",
    ),
    Behaviour(
        THING,
        "NaN equals NaN, and is greater than infinity.",
        "SELECT 'NaN'::float8 = 'NaN', 'NaN'::float8 > 'Infinity'",
        "The proof compares the bits of doubles, not what `=` says on either side.",
        SHOWN + "test_nan_equals_nan_and_is_greater_than_infinity",
        "tests/servers/test_canonical.py::test_every_float_is_told_from_its_neighbours",
    ),
    Behaviour(
        THING,
        "The text of a double, a date, an interval or bytes depends on settings of role and"
        " database: with `extra_float_digits = 0` two different doubles have one text.",
        "SET extra_float_digits = 0; SELECT (0.1::float8 + 0.2::float8)::text -- 0.3",
        "Each reading transaction sets what decides how values are written.",
        SHOWN + "test_the_text_of_a_double_depends_on_the_session",
        "tests/e2e/test_settings.py::test_a_roles_own_settings_change_no_value",
    ),
    Behaviour(
        THING,
        "`money` counts hundredths, thousandths or whole units by the `lc_monetary` of the"
        " session: the same stored row is 100 times as much after ALTER DATABASE.",
        "https://www.postgresql.org/docs/current/datatype-money.html",
        "Read as numeric in the role's own locale; one that was set for the role and doesn't"
        " count hundredths is refused for such columns.",
        "",
        "tests/e2e/test_settings.py::test_a_roles_own_settings_change_no_value",
    ),
    Behaviour(
        THING,
        "With `standard_conforming_strings` off a backslash in a text is an escape.",
        r"SET standard_conforming_strings = off; SELECT length('a\nb') -- 3",
        "A query with one is refused where the role has that setting.",
        SHOWN + "test_a_backslash_is_an_escape_where_a_setting_says_so",
        "tests/e2e/test_settings.py::"
        "test_a_backslash_that_would_be_an_escape_to_the_role_is_refused",
    ),
    Behaviour(
        THING,
        "A numeric may have a scale below zero (since 15): it rounds before the point.",
        "SELECT 12345::numeric(5,-3) -- 12000",
        "Read with the digits that are left.",
        SHOWN + "test_a_numeric_may_have_a_scale_below_zero",
        "tests/e2e/test_types.py::test_every_scalar_type_arrives_unchanged_and_so_does_its_null",
    ),
    Behaviour(
        THING,
        "One inet has several texts: `::text` adds /32 where psql, `abbrev` and `to_jsonb` don't.",
        "SELECT a::text, abbrev(a), to_jsonb(a) FROM (SELECT inet '10.0.0.1' AS a) t",
        "`abbrev` everywhere, in arrays too.",
        SHOWN + "test_an_address_has_more_than_one_text",
        "tests/e2e/test_driver_faults.py::"
        "test_arrays_that_begin_elsewhere_arrive_and_an_address_has_one_text_everywhere",
    ),
    Behaviour(
        THING,
        "A type may have casts of its own: `::text` takes one in place of its output function, and"
        " `to_json` one to JSON, also for parts of a composite and of an array.",
        "CREATE CAST (own AS json) WITH FUNCTION f(own); SELECT to_json(ROW(c)) FROM t",
        "Of a type that nothing is known of, `concat` gives its own text; a composite or an array"
        " with such a part is text.",
        SHOWN + "test_a_type_has_more_texts_than_its_own",
        "tests/e2e/test_unknown_types.py::"
        "test_a_composite_arrives_as_text_where_a_cast_of_its_own_would_write_a_part",
    ),
    Behaviour(
        "PostGIS 3.3",
        "`ST_AsText`, `ST_AsEWKT` and the cast of a geometry to JSON, which `to_json` takes, round"
        " coordinates to 15 decimals.",
        "SELECT ST_AsText(g), to_json(g) FROM (SELECT ST_MakePoint(1.2345678901234566e-7, 0) g) t",
        "Each text is asked for with every digit, and GEOGRAPHY travels as WKB.",
        "tests/extensions/test_behaviours_postgis.py::test_texts_of_shapes_round_coordinates",
        "tests/extensions/test_places.py::"
        "test_a_column_with_any_other_value_is_text_that_rounds_nothing",
    ),
    Behaviour(
        THING,
        "`char(5)` is padded in COPY and stripped by `::text` and by `length`.",
        "SELECT length('abc'::char(5)::text); COPY (SELECT 'abc'::char(5)) TO STDOUT",
        "Padded, in the proof too.",
        SHOWN + "test_char_is_padded_by_copy_and_stripped_by_a_cast",
        "tests/e2e/test_driver_faults.py::test_values_that_the_driver_misreads_arrive_as_they_are",
    ),
    Behaviour(
        THING,
        "`json` keeps any text of its grammar: half a surrogate pair, a NUL, numbers beyond"
        " doubles. `jsonb` and other parsers refuse these.",
        r"""SELECT '"\ud83d"'::json; SELECT '"\ud83d"'::jsonb -- an error""",
        "A dead letter where BigQuery refuses it; no cast to `jsonb` on the way.",
        SHOWN + "test_json_keeps_what_jsonb_refuses",
        "tests/e2e/test_driver_faults.py::"
        "test_json_that_a_parser_refuses_is_a_dead_letter_and_the_other_rows_arrive",
    ),
    Behaviour(
        THING,
        "A database in SQL_ASCII checks no text: any bytes are stored and handed out.",
        "https://www.postgresql.org/docs/current/multibyte.html",
        "Texts of such a database are validated; what isn't UTF-8 is a dead letter.",
        "",
        "tests/e2e/test_driver_faults.py::test_bytes_that_are_not_utf8_are_dead_letters",
    ),
    Behaviour(
        THING,
        "What comes first among texts is the collation's business, and changes with the library"
        " that brings it.",
        "https://www.postgresql.org/docs/current/collation.html",
        "Texts are cut into ranges by bytes, in the order of C.",
        "",
        "tests/servers/test_splits.py::"
        "test_texts_are_cut_bytewise_whatever_order_collation_and_histogram_claim",
    ),
    Behaviour(
        THING,
        "The zone files in the server and those of a client may differ by an hour: PostgreSQL"
        " 18.4 and tzdata 2026.6 do for Edmonton, Winnipeg, Inuvik and Havana.",
        "https://www.iana.org/time-zones",
        "The source's server reckons its own zone.",
        "",
        "tests/servers/test_zones.py::"
        "test_zone_files_of_this_machine_decide_nowhere_on_the_way_of_rows",
    ),
)
