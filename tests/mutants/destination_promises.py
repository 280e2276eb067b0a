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
)
