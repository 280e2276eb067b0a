"""BigQuery, and its language as Google's own reference implementation answers it."""

from tests.behaviours.behaviour import Behaviour

LANGUAGE = "GoogleSQL (zetasql 0.1.5)"
SERVICE = "BigQuery"
SHOWN = "tests/googlesql/test_behaviours_googlesql.py::"

BEHAVIOURS = (
    Behaviour(
        LANGUAGE,
        "`PARSE_JSON` refuses numbers that any parser takes, such as 67.174118 and 1e23, and with"
        " them the whole statement. With `wide_number_mode=>'round'` it keeps the double but"
        " prints another text: 67.17411800000001.",
        "SELECT PARSE_JSON('67.174118')",
        "`json_numbers=double` publishes by `round`; with `exact` such a number is a dead letter"
        " before anything is published, by the rule of GoogleSQL itself.",
        SHOWN + "test_parse_json_refuses_numbers_that_any_parser_takes",
        "tests/googlesql/test_json_numbers.py::"
        "test_a_number_is_taken_if_and_only_if_googlesql_takes_it",
    ),
    Behaviour(
        LANGUAGE,
        "One double has two texts: 1e23 is 1e+23 as a STRING and 9.999999999999999e+22 as JSON.",
        "SELECT CAST(1e23 AS STRING), PARSE_JSON('1e23', wide_number_mode => 'round')",
        "The proof hashes doubles by exponent and mantissa, never by a text.",
        SHOWN + "test_a_double_has_one_text_as_json_and_another_as_a_string",
        "tests/googlesql/test_canonical_forms.py::test_both_sides_write_a_value_alike",
    ),
    Behaviour(
        LANGUAGE,
        "Integers within JSON are exact up to 2⁶⁴ − 1, above that doubles.",
        "SELECT PARSE_JSON('18446744073709551615')",
        "The former pass, the latter are dead letters where they would change.",
        SHOWN + "test_integers_within_json_are_exact_to_64_bits",
        "tests/unit/test_conform.py::"
        "test_what_a_json_writer_makes_of_doubles_and_64_bit_integers_is_never_refused",
    ),
    Behaviour(
        LANGUAGE,
        "JSON sorts its keys, and keeps the first of equal ones where most parsers keep the last.",
        """SELECT PARSE_JSON('{"b":1,"a":2,"b":3}')""",
        "Told as a loss of the type; a field twice in a document is a dead letter.",
        SHOWN + "test_json_sorts_its_keys_and_keeps_the_first_of_equal_ones",
        "tests/unit/test_bson.py::test_a_field_twice_in_a_document_is_refused_wherever_it_stands",
    ),
    Behaviour(
        LANGUAGE,
        "JSON drops trailing zeros: 1.10 is 1.1.",
        "SELECT PARSE_JSON('1.10')",
        "Told as a loss; `json_numbers=text` keeps the text.",
        SHOWN + "test_json_drops_trailing_zeros",
        "tests/e2e/test_types.py::test_json_numbers_text_keeps_each_json_text_as_a_string",
    ),
    Behaviour(
        LANGUAGE,
        "Half a surrogate pair is no JSON, and fails the whole statement.",
        r"""SELECT PARSE_JSON(r'"\ud83d"')""",
        "A dead letter before anything is published.",
        SHOWN + "test_half_a_surrogate_pair_is_no_json",
        "tests/unit/test_conform.py::"
        "test_half_a_surrogate_pair_in_json_is_a_dead_letter_and_a_whole_one_is_not",
    ),
    Behaviour(
        LANGUAGE,
        "An INSERT whose sub-query begins with WITH and reads that query twice is understood, and"
        " not run: «WITH clauses under subquery in DML statement is not supported yet».",
        "INSERT INTO t (a) SELECT a FROM (WITH w AS (SELECT 1 AS a) SELECT v.a FROM w AS v, w)",
        "What transform_sql makes is kept by CREATE TABLE … AS SELECT, under which any query may"
        " stand.",
        SHOWN + "test_an_insert_of_a_sub_query_with_a_with_is_not_run",
        "tests/googlesql/test_transform_sql.py::test_the_result_is_what_python_makes_of_the_rows",
    ),
    Behaviour(
        LANGUAGE,
        "`%Y` writes years before 1000 without zeros, and what it wrote isn't read back.",
        "SELECT FORMAT_DATE('%Y-%m-%d', DATE '0001-02-03') -- 1-02-03",
        "`%E4Y`.",
        SHOWN + "test_years_before_1000_are_written_without_zeros_and_not_read_back",
        "tests/unit/test_destination_sql.py::"
        "test_partitions_of_the_first_centuries_are_written_with_four_digits",
    ),
    Behaviour(
        "google-cloud-bigquery 3.47.0",
        "It sends a DATETIME parameter of a year before 1000 without zeros, which GoogleSQL"
        " refuses and the library itself doesn't read.",
        'ScalarQueryParameter("p", "DATETIME", datetime(999, 1, 1)).to_api_repr()',
        "Ends of windows are literals in the statement.",
        SHOWN + "test_the_client_library_writes_years_before_1000_without_zeros",
        "tests/googlesql/test_questions.py::test_the_watermark_is_the_latest_value_up_to_now",
    ),
    Behaviour(
        SERVICE,
        "A project or organization may have a `default_time_zone`. `TIMESTAMP_TRUNC` and"
        " `FORMAT_TIMESTAMP` without a zone go by it, and so do stamps that are written without"
        " one; partitions are days of UTC all the same.",
        "https://cloud.google.com/bigquery/docs/default-configuration",
        "Every query asks for UTC in its job (`time_zone`), and statements of ours say it where the"
        " zone decides about rows.",
        SHOWN + "test_days_are_those_of_a_projects_default_time_zone",
        "tests/googlesql/test_merging.py::"
        "test_the_merge_is_the_same_in_a_project_with_a_time_zone_of_its_own",
    ),
    Behaviour(
        LANGUAGE,
        "A cast to NUMERIC rounds in silence where a literal of the same digits is refused.",
        "SELECT CAST('1.00000000051' AS NUMERIC) -- 1.000000001",
        "Digits are counted before rows are loaded; too many are a dead letter.",
        SHOWN + "test_a_cast_to_numeric_rounds_where_a_literal_is_refused",
        "tests/e2e/test_publishing.py::"
        "test_a_number_that_an_existing_column_would_round_is_a_dead_letter",
    ),
    Behaviour(
        LANGUAGE,
        "TIME has no 24:00:00.",
        "SELECT CAST('24:00:00' AS TIME)",
        "A dead letter.",
        SHOWN + "test_there_is_no_24_00",
        "tests/unit/test_conform.py::test_the_letter_of_24_00_says_24_00",
    ),
    Behaviour(
        LANGUAGE,
        "A table's alias wins over a column of the same name: `TO_JSON_STRING(s)` is the whole row"
        " of `s`.",
        "SELECT TO_JSON_STRING(s) FROM (SELECT 1 AS s, 2 AS t) AS s",
        "Each column is named with its table's alias.",
        SHOWN + "test_a_tables_alias_wins_over_a_column_of_its_name",
        "tests/unit/test_destination_sql.py::"
        "test_no_column_can_be_called_like_an_alias_of_the_statements",
    ),
    Behaviour(
        LANGUAGE,
        "Common words are reserved, HASH and NULLS among them: such a column needs backquotes,"
        " an alias of that name too.",
        "SELECT hash FROM (SELECT 1 AS `hash`)",
        "All names are quoted; no statement of ours uses such a word for its own.",
        SHOWN + "test_some_common_words_are_no_names_without_quotes",
        "tests/googlesql/test_reserved_words.py::test_names_are_no_reserved_words",
    ),
    Behaviour(
        LANGUAGE,
        "NaN equals nothing, not even itself, where PostgreSQL says that it does.",
        "SELECT CAST('nan' AS FLOAT64) = CAST('nan' AS FLOAT64)",
        "The proof compares hashes of a form in which every NaN is one.",
        SHOWN + "test_nan_equals_nothing_not_even_itself",
        "tests/googlesql/test_canonical_forms.py::test_both_sides_write_a_value_alike",
    ),
    Behaviour(
        LANGUAGE,
        "Zero and negative zero are one value, to `=` and to DISTINCT.",
        "SELECT CAST('-0' AS FLOAT64) = 0.0",
        "The one thing that the proof doesn't see of a double; its plan says so.",
        SHOWN + "test_both_zeros_are_one_value",
        "tests/unit/test_canonical.py::"
        "test_only_floats_have_different_values_that_are_written_alike",
    ),
    Behaviour(
        SERVICE,
        "A NULL array is stored as an empty one.",
        "https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types#array_nulls",
        "Told as a loss of arrays.",
        "",
        "tests/e2e/test_types.py::test_arrays_are_repeated_and_domains_are_their_base_type",
    ),
    Behaviour(
        SERVICE,
        "MERGE refuses two source rows for one row of the table; one source row for two rows of"
        " the table updates both without a word.",
        "https://cloud.google.com/bigquery/docs/reference/standard-sql/dml-syntax#merge_statement",
        "Keys that the table holds twice are looked for first, and refused.",
        "",
        "tests/e2e/test_merge.py::test_a_table_that_holds_a_key_twice_is_refused",
    ),
    Behaviour(
        SERVICE,
        "A load job doesn't take a JSON column from Parquet.",
        "https://cloud.google.com/bigquery/docs/loading-data-cloud-storage-parquet#type_conversions",
        "JSON is staged as text and parsed by the publishing statement.",
        "",
        "tests/e2e/test_bucket.py::"
        "test_json_is_never_loaded_from_parquet_but_parsed_from_a_staging_table",
    ),
    Behaviour(
        SERVICE,
        "INSERTs don't conflict with one another: of two `INSERT … WHERE NOT EXISTS` at the same"
        " time both may win.",
        "https://cloud.google.com/bigquery/docs/data-manipulation-language",
        "The lock is a table: `tables.insert` makes it once, and the second gets 409.",
        "",
        "tests/servers/test_lock.py::test_of_many_at_once_one_has_the_lock",
    ),
    Behaviour(
        SERVICE,
        "A job's id is used up by the first job that takes it, whether that succeeds or fails.",
        "https://cloud.google.com/bigquery/docs/running-jobs#generate-jobid",
        "Whoever takes over a dead run's table takes its next id first: a late publisher gets 409.",
        "",
        "tests/e2e/test_zombies.py::test_a_run_that_slept_after_its_last_look_finds_its_job_id_burnt",
    ),
    Behaviour(
        SERVICE,
        "JSON may be nested 500 levels deep at most.",
        "https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types#json_type",
        "Deeper is a dead letter.",
        "",
        "tests/e2e/test_types.py::test_json_of_500_levels_arrives_and_of_501_is_a_dead_letter",
    ),
    Behaviour(
        SERVICE,
        "A table that requires a partition filter refuses a DELETE without one, and takes a"
        " TRUNCATE.",
        "https://cloud.google.com/bigquery/docs/reference/standard-sql/dml-syntax"
        "#truncate_table_statement",
        "Replacing truncates and inserts in one transaction.",
        "",
        "tests/unit/test_publish_sql.py::test_truncate_replaces_rows_in_one_transaction",
    ),
    Behaviour(
        SERVICE,
        "DROP NOT NULL is refused where the column is NULLABLE already, so that a statement which"
        " was made can't be sent again.",
        "https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language"
        "#alter_column_drop_not_null_statement",
        "The table is looked at, and only what it doesn't show yet is altered.",
        "",
        "tests/e2e/test_evolve.py::test_a_step_that_is_repeated_alters_nothing_twice",
    ),
    Behaviour(
        SERVICE,
        "GoogleSQL's analyzer lets a DATE become a DATETIME by SET DATA TYPE; BigQuery documents"
        " four conversions, all of numbers.",
        "https://cloud.google.com/bigquery/docs/reference/standard-sql/data-definition-language"
        "#alter_column_set_data_type_statement",
        "`schema_evolution=evolve` keeps to what is documented.",
        "",
        "tests/unit/test_evolve.py::"
        "test_each_line_of_the_table_is_altered_or_refused_with_statements",
    ),
)
