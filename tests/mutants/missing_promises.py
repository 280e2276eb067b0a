"""The promises of rows whose keys are missing at the source: which go, and which never do."""

from tests.mutants.promises import Promise

MISSING = "Deletes without a mark"
P = Promise
E2E = "tests/e2e/test_missing.py::test_"
OF_BIGQUERY = "tests/bigquery/test_missing.py::test_"

PROMISES: tuple[Promise, ...] = (
    P(
        MISSING,
        "A key that the source still has is never deleted, whatever the cursor of its row.",
        f"{E2E}a_key_that_the_source_still_has_stays_whatever_its_cursor",
        "pipeline/launch/missing.py",
        "inspector.comparing(inspector.source(Extract(run_id=run_id)), asked)",
        "inspector.comparing(facts.source, asked)",
    ),
    P(
        MISSING,
        "A key that the source has is never deleted, also where its row is not one of those that"
        " are compared.",
        f"{E2E}only_rows_of_delete_missing_where_are_compared",
        "sources/postgresql/key_snapshot.py",
        "THEN '{LETTER_READ}' ELSE '{LETTER_OTHER}' END AS told\"\n",
        "THEN '{LETTER_READ}' ELSE '{LETTER_OTHER}' END AS told\",\n            self._scope(),\n",
    ),
    P(
        MISSING,
        "Rows of the table that delete_missing_where leaves out are never deleted.",
        f"{E2E}only_rows_of_delete_missing_where_are_compared",
        "pipeline/launch/missing.py",
        "    parts = [bigquery_condition(scope)] if scope else []",
        "    parts = []",
    ),
    P(
        MISSING,
        "Rows that have left delete_missing_where are not missing, however many they are.",
        f"{E2E}rows_that_leave_the_condition_all_at_once_are_not_missing",
        "pipeline/launch/missing.py",
        "of_all = scope is None and dead is None",
        "of_all = True",
    ),
    P(
        MISSING,
        "Where more than max_deleted_percent of the rows are missing, none is deleted.",
        f"{E2E}more_than_max_deleted_percent_stops_the_run_with_a_sample",
        "smart_sync/missing_keys.py",
        "        return self.percent > most or is_empty",
        "        return is_empty",
    ),
    P(
        MISSING,
        "Where the source has no row, none is deleted.",
        f"{E2E}an_empty_source_stops_the_run",
        "smart_sync/missing_keys.py",
        "        is_empty = self.source_rows == 0 and ",
        "        is_empty = self.source_rows < 0 and ",
    ),
    P(
        MISSING,
        "A row of the table that is later than the window isn't missed.",
        f"{E2E}rows_of_the_table_that_are_later_than_the_snapshot_stay",
        "pipeline/launch/missing.py",
        '        parts.append(f"({column} IS NULL OR {column} <= {high})")',
        '        parts.append(f"({column} IS NULL OR {high} = {high})")',
    ),
    P(
        MISSING,
        "A row of the table that becomes later than the window before the run publishes stays.",
        f"{E2E}a_row_of_the_table_that_becomes_later_meanwhile_stays",
        "smart_sync/missing_sql.py",
        "    if plan.cursor is not None and missing.up_to is not None:",
        "    if False:",
    ),
    P(
        MISSING,
        "A key that the run itself brings is never deleted.",
        f"{E2E}a_key_that_comes_back_while_the_run_reads_stays",
        "smart_sync/missing_sql.py",
        'f"WHERE key_text NOT IN (SELECT',
        "f\"WHERE key_text NOT IN (SELECT '' ||",
    ),
    P(
        MISSING,
        "Rows go also where nothing is new.",
        f"{E2E}a_run_with_nothing_new_still_deletes",
        "smart_sync/plan.py",
        "        return removes or marks or publishing.deletes or",
        "        return removes or marks or",
    ),
    P(
        MISSING,
        "When the newest row is removed, later runs are told of no lost rows.",
        f"{E2E}the_newest_row_may_go_and_nothing_is_lost_after_it",
        "pipeline/publish/published.py",
        "        removes = publishing.removes_missing or ",
        "        removes = ",
    ),
    P(
        MISSING,
        "A row that the source marks as deleted is not taken for one that the table lacks.",
        f"{E2E}a_row_that_the_source_marks_is_not_missing",
        "sources/postgresql/key_snapshot.py",
        '        rows = self._rows(f"{postgresql_key(places)} AS k", (*self._scope(), *alive))',
        '        rows = self._rows(f"{postgresql_key(places)} AS k", self._scope())',
    ),
    P(
        MISSING,
        "A marked row whose key is there again loses its mark, however old its cursor.",
        f"{E2E}soft_marks_missing_rows_and_a_key_that_returns_loses_its_mark",
        "smart_sync/missing_plan.py",
        "asked.marks or asked.ends else ()",
        "asked.ends else ()",
    ),
    P(
        MISSING,
        "A row keeps the time when it was first seen to be missing.",
        f"{E2E}soft_marks_missing_rows_and_a_key_that_returns_loses_its_mark",
        "pipeline/destination/table_keys.py",
        'AND NOT {self.marked}"',
        '"',
    ),
    P(
        MISSING,
        "A mark of the source stays where missing rows are marked, too.",
        f"{E2E}a_mark_of_the_source_stays_where_missing_rows_are_marked_too",
        "smart_sync/key_descent.py",
        "source.get(key, LETTER_DEAD) != LETTER_DEAD:",
        "key in source:",
    ),
    P(
        MISSING,
        "Of a BigQuery source, too, no key is deleted that it has in any row.",
        f"{OF_BIGQUERY}rows_that_the_source_has_deleted_go_and_no_others",
        "sources/bigquery/key_snapshot.py",
        "{rows.selecting(items)}\\n) AS s\\nWHERE {there}",
        "{rows.selecting(items)}\\n) AS s\\nWHERE {there} AND {is_read}",
    ),
    P(
        MISSING,
        "Of many keys in one range only those of the parts that differ are brought.",
        f"{E2E}many_keys_of_few_ranges_are_looked_at_in_parts",
        "pipeline/launch/compare_keys.py",
        "        if parts > 1:\n            places = places.in_parts(parts)\n            theirs",
        "        if False:\n            places = places.in_parts(parts)\n            theirs",
    ),
)
