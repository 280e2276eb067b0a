"""The promises of rows whose keys are missing at the source: which go, and which never do."""

from tests.mutants.promises import Promise

MISSING = "Deletes without a mark"
P = Promise
E2E = "tests/e2e/test_missing.py::test_"
MARKED = "tests/e2e/test_missing_marked.py::test_"
OF_REPAIR = "tests/e2e/test_healing.py::test_"
OF_BIGQUERY = "tests/bigquery/test_missing.py::test_"

RELOADED = (
    "tests/e2e/test_missing_rewritten.py::test_rows_of_a_partition_that_is_loaded_anew_meanwhile"
    "_are_not_missing"
)

PROMISES: tuple[Promise, ...] = (
    P(
        MISSING,
        "Rows of a partition that somebody loads anew while keys are compared are not missing.",
        RELOADED,
        "sources/postgresql/read.py",
        "        if cursor.fetchone()[0]:",
        "        if False:",
    ),
    P(
        MISSING,
        "Nor are those of a partition that takes another's place meanwhile.",
        RELOADED,
        "sources/postgresql/read.py",
        "CASE WHEN c.oid IS NULL AND",
        "CASE WHEN false AND",
    ),
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
        "            self._named(places, within),\n",
        "            (*self._named(places, within), *self._scope()),\n",
    ),
    P(
        MISSING,
        "Keys of ranges are all brought where they are named one by one, those below zero too.",
        "tests/unit/test_key_descent.py::test_the_integers_named_of_ranges_are_all_that_are_dealt"
        "_to_them",
        "auto_schema/key_places.py",
        "(width - 1 if place <= 0 else 0)",
        "0",
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
        "    return [not_later(column, facts.window.window.high, facts.cursor)]",
        "    return []",
    ),
    P(
        MISSING,
        "A row of the table that becomes later than the window before the run publishes stays.",
        f"{E2E}a_row_of_the_table_that_becomes_later_meanwhile_stays",
        "smart_sync/missing_sql.py",
        '    parts += _not_later(plan, missing, "s")\n',
        "",
    ),
    P(
        MISSING,
        "A key that the run itself brings is never deleted.",
        f"{E2E}a_key_that_comes_back_while_the_run_reads_stays",
        "smart_sync/missing_sql.py",
        "NOT IN (SELECT {key_of(missing)} FROM {newest} AS s)",
        "NOT IN (SELECT {key_of(missing)} FROM {newest} AS s WHERE FALSE)",
    ),
    P(
        MISSING,
        "Keys of text that the source's database counts otherwise than BigQuery are refused.",
        f"{E2E}texts_that_the_database_counts_otherwise_are_refused_as_keys",
        "smart_sync/draft.py",
        "    if not request.missing.is_asked or profile.texts.count_alike:",
        "    if profile.texts.are_utf8:",
    ),
    P(
        MISSING,
        "A key that comes back just as it was while a repair reads is never deleted.",
        f"{OF_REPAIR}a_key_that_comes_back_just_as_it_was_while_a_repair_reads_stays",
        "smart_sync/merge_sql.py",
        'f"{gone}{equal}CREATE TEMP',
        'f"{equal}{gone}CREATE TEMP',
    ),
    P(
        MISSING,
        "Rows of the source before are not missing in another that took its place.",
        f"{E2E}rows_of_the_source_before_are_not_missing_in_the_one_that_took_its_place",
        "smart_sync/source_labels.py",
        "    if not is_anew and accepts and request.missing.deletes:",
        "    if False:",
    ),
    P(
        MISSING,
        "A query that gives only some rows, by their number or by chance, deletes none.",
        f"{E2E}a_query_that_gives_some_rows_only_is_refused",
        "sources/some_rows.py",
        "    return reason",
        "    return ''",
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
        f"{MARKED}a_row_that_the_source_marks_is_not_missing",
        "sources/postgresql/key_snapshot.py",
        '        rows = self._rows(f"{postgresql_key(places)} AS k", (*self._scope(), *alive))',
        '        rows = self._rows(f"{postgresql_key(places)} AS k", self._scope())',
    ),
    P(
        MISSING,
        "A marked row whose key is there again loses its mark, however old its cursor.",
        f"{MARKED}soft_marks_missing_rows_and_a_key_that_returns_loses_its_mark",
        "smart_sync/missing_plan.py",
        "asked.marks or asked.ends else ()",
        "asked.ends else ()",
    ),
    P(
        MISSING,
        "A row keeps the time when it was first seen to be missing.",
        f"{MARKED}soft_marks_missing_rows_and_a_key_that_returns_loses_its_mark",
        "pipeline/destination/table_keys.py",
        'AND NOT {self.marked}"',
        '"',
    ),
    P(
        MISSING,
        "A mark of the source stays where missing rows are marked, too.",
        f"{MARKED}a_mark_of_the_source_stays_where_missing_rows_are_marked_too",
        "smart_sync/key_descent.py",
        "LETTER_MARKED and key in is_back:",
        "LETTER_MARKED and key in source:",
    ),
    P(
        MISSING,
        "Of a BigQuery source, too, no key is deleted that it has in any row.",
        f"{OF_BIGQUERY}rows_that_the_source_has_deleted_go_and_no_others",
        "sources/bigquery/key_snapshot.py",
        "{rows.selecting(items)}\\n) AS s",
        "{rows.selecting(items)}\\n) AS s\\nWHERE {is_read}",
    ),
    P(
        MISSING,
        "Of MongoDB, too, no document goes that is there, whatever its cursor.",
        "tests/mongodb/test_missing.py::test_documents_that_are_gone_go_and_no_others",
        "sources/mongodb/key_snapshot.py",
        "RawBatches(collection, asked, {KEY: 1}, comment=None)",
        'RawBatches(collection, {"updated_at": {"$type": "date"}}, {KEY: 1}, comment=None)',
    ),
    P(
        MISSING,
        "Of many keys in one range only those of the parts that differ are brought.",
        f"{E2E}many_keys_of_few_ranges_are_looked_at_in_parts",
        "pipeline/launch/compare_keys.py",
        "        if parts > 1:\n            places = places.in_parts(parts)\n            theirs",
        "        if False:\n            places = places.in_parts(parts)\n            theirs",
    ),
    P(
        MISSING,
        "A key beyond all of the source's is missing, also where a bit of another place is its.",
        "tests/e2e/test_missing_exact.py::test_a_key_in_the_place_of_another_is_missing",
        "auto_schema/key_places.py",
        '"COUNTIF({place} NOT BETWEEN {first} AND {last})",',
        '"0",',
    ),
    P(
        MISSING,
        "A key below zero is none above it where ranges of few integers are told by bits.",
        "tests/e2e/test_missing_exact.py::test_a_key_in_the_place_of_another_is_missing",
        "auto_schema/key_places.py",
        'bit = dialect.bit.format(n=f"{rest} + {places.width - 1}")',
        'bit = dialect.bit.format(n=f"ABS({rest})")',
    ),
    P(
        MISSING,
        "Checks of the whole table see no row that the run removes.",
        "tests/e2e/test_checks_of_missing.py::test_a_row_that_goes_with_the_run_is_gone_for_its_checks",
        "smart_sync/check_sql.py",
        '        staying = f"{staying} AND {stay}"\n',
        '        staying = f"{staying} AND ({stay} OR TRUE)"\n',
    ),
)
