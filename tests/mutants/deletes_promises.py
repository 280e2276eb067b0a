"""The promises of deleted rows: marks of the source."""

from tests.mutants.promises import Promise

DELETES = "Deleted rows"
P = Promise
E2E = "tests/e2e/test_marks.py"

PROMISES: tuple[Promise, ...] = (
    P(
        DELETES,
        "A row that its source has marked is removed from the table.",
        f"{E2E}::test_a_marked_row_is_removed_and_is_never_added",
        "smart_sync/merge_sql.py",
        "AND {gone.holds(STAGED)} THEN DELETE",
        "AND FALSE THEN DELETE",
    ),
    P(
        DELETES,
        "A marked row that the table lacks is never added.",
        f"{E2E}::test_a_marked_row_is_removed_and_is_never_added",
        "smart_sync/merge_sql.py",
        '        stays = f" AND {gone.lacks(STAGED)}" if gone else ""',
        '        stays = ""',
    ),
    P(
        DELETES,
        "A first load adds no marked row, also where an older version has no mark.",
        f"{E2E}::test_two_versions_of_a_key_of_which_the_newest_is_marked_leave_none",
        "smart_sync/publish_sql.py",
        "        select = newest(plan, plan.publishing.merge, select, adds=True)",
        "        select = newest(plan, plan.publishing.merge, select)",
    ),
    P(
        DELETES,
        "An older mark removes no newer row.",
        f"{E2E}::test_an_older_mark_removes_no_newer_row",
        "smart_sync/merge_sql.py",
        '    tail = f"WHEN MATCHED{newer} AND {gone',
        '    tail = f"WHEN MATCHED AND {gone',
    ),
    P(
        DELETES,
        "With deleted_rows=soft a marked row is kept, and says since when it is deleted.",
        f"{E2E}::test_soft_keeps_a_marked_row_and_says_since_when",
        "smart_sync/marks.py",
        '    formula = _stamp(request, schema) if asks else "CAST(NULL AS TIMESTAMP)"',
        '    formula = "CAST(NULL AS TIMESTAMP)"',
    ),
    P(
        DELETES,
        "A row that has lost its mark, or is written by a run that marks nothing, is deleted no more.",
        f"{E2E}::test_a_run_that_marks_nothing_clears_the_time_of_the_rows_it_writes",
        "smart_sync/marks.py",
        "not (asks or there):",
        "not asks:",
    ),
    P(
        DELETES,
        "Where neither mark nor cursor says a time, a later run doesn't move that of the first.",
        f"{E2E}::test_without_any_time_the_run_that_sees_a_mark_first_says_when",
        "smart_sync/merge_sql.py",
        "COALESCE({of_table(name)}, {of_staged(name)}))",
        "COALESCE({of_staged(name)}, {of_table(name)}))",
    ),
    P(
        DELETES,
        "Our column for deleted rows is none that the source has dropped.",
        f"{E2E}::test_our_column_is_none_that_the_source_has_dropped",
        "smart_sync/stale_columns.py",
        "        if not c.formula\n",
        "",
    ),
    P(
        DELETES,
        "When the row with the highest cursor is removed, later runs are not told that rows were lost.",
        f"{E2E}::test_when_the_highest_row_is_removed_nothing_is_lost_doubled_or_warned_about",
        "pipeline/publish/published.py",
        "lowers_watermark or (merge is not None and merge.removes)",
        "lowers_watermark",
    ),
    P(
        DELETES,
        "A table of which every row was removed goes on where its last window ended.",
        f"{E2E}::test_a_table_left_empty_goes_on_where_its_last_window_ended",
        "smart_sync/frontier.py",
        "    if request.deletes.removes and was_left_empty(watermark, frontier):",
        "    if False:",
    ),
)
