"""The promises of repair=true: what heals, and what is left alone."""

from tests.mutants.promises import Promise

HEALING = "Tables that heal"
P = Promise
E2E = "tests/e2e/test_healing.py::test_"
BIGQUERY = "tests/bigquery/test_healing.py::test_"

PROMISES: tuple[Promise, ...] = (
    P(
        HEALING,
        "A repair reads what has changed in rows that are marked as deleted and kept.",
        f"{E2E}a_marked_row_that_changes_comes_by_a_repair_as_by_any_run",
        "pipeline/launch/missing.py",
        "    return mark is not None and not mark.removes",
        "    return False",
    ),
    P(
        HEALING,
        "A repair reads what has changed outside of delete_missing_where, too.",
        f"{E2E}rows_that_delete_missing_where_leaves_out_are_compared_and_read_all_the_same",
        "sources/postgresql/key_snapshot.py",
        "(*alive, *window_predicates(extract)))",
        "(*self._scope(), *alive, *window_predicates(extract)))",
    ),
    P(
        HEALING,
        "Rows that committed too late for their window come with a repair.",
        f"{E2E}rows_that_committed_late_come",
        "smart_sync/healing.py",
        "    window = Window(None, plan.window.high)",
        "    window = plan.window",
    ),
    P(
        HEALING,
        "Of rows that differ the source's is right, whatever their cursors say.",
        f"{E2E}hand_edits_of_the_destination_are_undone",
        "smart_sync/merge_sql.py",
        "    if healing is not None and plan.cursor:  # the source is right",
        "    if False:  # the source is right",
    ),
    P(
        HEALING,
        "A repair publishes no row behind the end of its window, where others may still commit.",
        f"{E2E}a_row_that_was_updated_a_second_ago_is_neither_deleted_nor_published",
        "smart_sync/healing.py",
        "    window = Window(None, plan.window.high)",
        "    window = Window(None, plan.window.high.replace(year=9999))",
    ),
    P(
        HEALING,
        "Rows of a range that differs, and which the table has just so, are not published.",
        f"{E2E}hand_edits_of_the_destination_are_undone",
        "smart_sync/merge_sql.py",
        "        equal = without_equal(plan, merge, NEWEST)",
        '        equal = ""',
    ),
    P(
        HEALING,
        "A repair that finds nothing reads nothing.",
        f"{E2E}a_repair_that_finds_nothing_reads_nothing",
        "sources/postgresql/statement.py",
        'if within else "false")',
        'if within else "")',
    ),
    P(
        HEALING,
        "The last line of a launch of many tables tells rows that were deleted and healed.",
        "tests/unit/test_many_sum.py::test_the_sum_of_many_tables_tells_what_was_deleted_and_healed",
        "pipeline/runs/many_report.py",
        "    text += changed_text({key: sum(row.get(key) or 0 for row in rows) for key in changed})",
        '    text += ""',
    ),
    P(
        HEALING,
        "Of a BigQuery source late rows and changed ones come with a repair, in place and through"
        " workers.",
        f"{BIGQUERY}rows_that_came_late_come",
        "sources/bigquery/key_snapshot.py",
        "row_number AS v FROM",
        "0 AS v FROM",
    ),
    P(
        HEALING,
        "Rows of a BigQuery source are compared as they were when their keys were.",
        f"{BIGQUERY}what_is_compared_is_one_snapshot",
        "sources/bigquery/key_snapshot.py",
        "    job.result(max_results=0)\n    result = job.destination\n"
        "    table = quoted(result.project, result.dataset_id, result.table_id)",
        '    table = f"(\\n{keys_statement(source, asked)}\\n)"',
    ),
    P(
        HEALING,
        "Of a BigQuery source a repair reads only what differs, also where Storage Read would"
        " read the table itself.",
        f"{BIGQUERY}rows_that_came_late_come",
        "sources/bigquery/statement.py",
        "        parts += [self.only] if self.only else []",
        "        parts += []",
    ),
    P(
        HEALING,
        "A row without a key is told by a repair, as by any run, and not passed over.",
        f"{E2E}a_row_without_a_key_is_told_by_a_repair_as_by_any_run",
        "sources/postgresql/key_snapshot.py",
        "        rows = wrapped(self.source, selected, (*alive",
        "        rows = self._rows(selected, (*alive",
    ),
    P(
        HEALING,
        "A row of a BigQuery source without a key is told by a repair, too.",
        f"{BIGQUERY}a_row_without_a_key_is_told_by_a_repair_as_by_any_run",
        "auto_schema/key_places.py",
        """    number = bigquery_key(replace(places, keys=keys), "q")
    return f"({lacks} OR {_""",
        """    number = bigquery_key(replace(places, keys=keys), "q")
    return f"({_""",
    ),
)
