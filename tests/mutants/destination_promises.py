"""The promises of the destination: names, dates, columns and layouts that are there already."""

from tests.mutants.promises import Promise

DESTINATION = "The destination"
P = Promise

PROMISES: tuple[Promise, ...] = (
    P(
        DESTINATION,
        "A column that is named like an alias of the statements is merged like any other.",
        "tests/e2e/test_names.py::test_columns_named_like_aliases_are_merged_and_proven",
        "auto_schema/names.py",
        'TABLE, STAGED = f"{OURS}table", f"{OURS}staged"',
        'TABLE, STAGED = "t", "s"',
    ),
    P(
        DESTINATION,
        "A table that is named like its cursor column is asked for the column.",
        "tests/unit/test_destination_sql.py::test_no_column_of_the_table_is_asked_for_without_the_tables_own_alias",
        "smart_sync/merge_plan.py",
        "    selected = of_table(*dict.fromkeys(there))",
        '    selected = ", ".join(map(quoted, dict.fromkeys(there)))',
    ),
    P(
        DESTINATION,
        "Partitions before the year 1000 are written with four digits.",
        "tests/unit/test_destination_sql.py::test_partitions_of_the_first_centuries_are_written_with_four_digits",
        "smart_sync/merge_sql.py",
        "FORMAT_TIMESTAMP('%E4Y-",
        "FORMAT_TIMESTAMP('%Y-",
    ),
    P(
        DESTINATION,
        "A newly excluded column that earlier runs wrote ends the run until somebody decides.",
        "tests/e2e/test_stale_columns.py::test_a_newly_excluded_column_ends_the_run_until_somebody_decides",
        "smart_sync/stale_columns.py",
        "        asks = why == EXCLUDED and not",
        "        asks = False and not",
    ),
    P(
        DESTINATION,
        "A row that a merge updates keeps no old value in a column that is brought no more.",
        "tests/e2e/test_stale_columns.py::test_updated_rows_get_null_and_the_decision_is_remembered",
        "smart_sync/merge_sql.py",
        "[*values, *assignments(plan.stale)]",
        "[*values]",
    ),
    P(
        DESTINATION,
        "A column that others added is never touched.",
        "tests/e2e/test_stale_columns.py::test_stale_columns_null_clears_all_rows_also_when_there_is_no_new_one",
        "smart_sync/stale_columns.py",
        "    for column in facts.written:\n",
        "    for column in (WrittenColumn(f.name, f.name) for f in facts.target.fields):\n",
    ),
    P(
        DESTINATION,
        "A rebuild with another layout takes nobody's table.",
        "tests/e2e/test_publishing.py::test_a_swap_takes_nobodys_table",
        "smart_sync/publish_sql.py",
        "plan.destination, plan.staging.new_table, plan.staging.old_table",
        'plan.destination, plan.destination.sibling("t__new"), plan.destination.sibling("t__old")',
    ),
    P(
        DESTINATION,
        "A swap that broke off goes on where it stopped.",
        "tests/e2e/test_publishing.py::test_a_swap_that_breaks_off_is_taken_up_where_it_stopped",
        "smart_sync/publish_sql.py",
        'f"IF NOT EXISTS ({aside}) THEN\\n"',
        'f"IF TRUE OR NOT EXISTS ({aside}) THEN\\n"',
    ),
    P(
        DESTINATION,
        "A table that a broken rebuild set aside gets its name back before anything is read.",
        "tests/e2e/test_publishing.py::test_the_next_run_gives_the_old_table_its_name_back",
        "pipeline/swapping.py",
        "        if has_old and not is_there:",
        "        if False:",
    ),
    P(
        DESTINATION,
        "MAX is also looked for after the newest partition that is listed: the list may lag.",
        "tests/unit/test_destination_sql.py::test_the_newest_partition_is_asked_with_all_that_may_lie_after_it",
        "pipeline/target.py",
        '    return f"WHERE {column} >= {_literal(kind, start)}"',
        '    return f"WHERE {column} = {_literal(kind, start)}"',
    ),
    P(
        DESTINATION,
        "JSON that only BigQuery's own parser refuses is a dead letter and keeps no other row out.",
        "tests/e2e/test_dead_letters.py::test_json_that_only_bigquery_refuses_does_not_keep_the_table_out",
        "smart_sync/refused_json.py",
        "AND {parsed} IS NULL)",
        "AND {parsed} IS NULL AND FALSE)",
    ),
    P(
        DESTINATION,
        "A row over BigQuery's limit is a dead letter, not the end of the load.",
        "tests/unit/test_conform.py::test_a_row_over_bigquerys_limit_is_a_dead_letter_that_names_its_largest_column",
        "auto_schema/limits.py",
        "pc.greater(total, most)",
        "pc.greater(total, most * 1000)",
    ),
    P(
        DESTINATION,
        "A comment over BigQuery's limit is cut, and the plan says so.",
        "tests/unit/test_destination_sql.py::test_comments_over_bigquerys_limits_are_cut_and_told",
        "auto_schema/limits.py",
        "    return text if len(text) <= most else",
        "    return text if True else",
    ),
)
