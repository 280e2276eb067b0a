"""The promises of BigQuery as a source."""

from tests.mutants.promises import Promise

BIGQUERY = "BigQuery"
WAYS = "tests/bigquery/test_ways.py::"
FAULTS = "tests/bigquery/test_faults.py::"
LATE = "tests/bigquery/test_late.py::"
P = Promise

PROMISES: tuple[Promise, ...] = (
    P(
        BIGQUERY,
        "Columns that only older tables of a wildcard have are told.",
        f"{WAYS}test_columns_that_only_other_tables_of_a_wildcard_have_are_told",
        "sources/bigquery/inspector.py",
        "in_bigquery=replace(profile.in_bigquery, left_out=missing)",
        "in_bigquery=replace(profile.in_bigquery, left_out=())",
    ),
    P(
        BIGQUERY,
        "Rows of a table, or of one behind a view, that a row access policy hides end the run.",
        "tests/bigquery/test_full_access.py::test_rows_that_a_row_access_policy_hides_end_the_run",
        "sources/bigquery/full_access.py",
        "        elif answer and free:\n",
        "        elif answer and free and not table.through:\n",
    ),
    P(
        BIGQUERY,
        "A destination whose rows a row access policy hides is appended to by no run.",
        "tests/bigquery/test_full_access.py::test_a_destination_whose_rows_are_hidden_gets_none_a_second_time",
        "pipeline/launch/frontier.py",
        "has_shrunk(watermark, frontier) or seems_empty(watermark, target.rows)",
        "False",
    ),
    P(
        BIGQUERY,
        "A destination whose cursor or merge key is masked is written by no smart sync.",
        "tests/bigquery/test_full_access.py::test_a_destination_whose_cursor_or_key_is_masked_is_refused",
        "pipeline/launch/guarded_columns.py",
        "    if answer:\n",
        "    if not answer:\n",
    ),
    P(
        BIGQUERY,
        "A masked column is refused, unless it is left out.",
        "tests/bigquery/test_full_access.py::test_a_masked_column_is_refused_unless_it_is_left_out",
        "smart_sync/seen_whole.py",
        "    if not read:\n",
        "    if read:\n",
    ),
    P(
        BIGQUERY,
        "A window begins behind its low end, in place and through workers.",
        WAYS + "test_runs_that_follow_one_another_bring_each_row_once",
        "sources/bigquery/statement.py",
        '                parts.append(f"{column} > {literal(window.low)}")',
        '                parts.append(f"{column} >= {literal(window.low)}")',
    ),
    P(
        BIGQUERY,
        "A destination that feeds itself through a view is refused.",
        WAYS + "test_a_destination_that_feeds_itself_is_refused",
        "sources/bigquery/tables.py",
        "        waiting += [(named, table) for named in tables_of(query, project, dataset)]",
        "        del query, project, dataset",
    ),
    P(
        BIGQUERY,
        "max_bytes_billed is sent with the jobs that read the source.",
        WAYS + "test_the_plan_tells_bytes_and_price_and_a_ceiling_is_kept",
        "warehouse/jobs.py",
        "        config.maximum_bytes_billed = max_bytes_billed",
        "        pass",
    ),
    P(
        BIGQUERY,
        "The ends of a window in a query are UTC, whatever time zone the project has.",
        "tests/unit/test_bigquery.py::test_no_query_goes_by_the_zone_of_the_project_that_runs_it",
        "warehouse/jobs.py",
        '"time_zone", "UTC"',
        '"time_zone", ""',
    ),
    P(
        BIGQUERY,
        "A text that is longer than an existing column takes is a dead letter, not the end of a run.",
        "tests/e2e/test_publishing.py::test_a_text_longer_than_an_existing_column_takes_is_a_dead_letter",
        "auto_schema/conform.py",
        "    if column.max_length:\n",
        "    if False:\n",
    ),
    P(
        BIGQUERY,
        "A number that the destination's column would round is a dead letter.",
        WAYS + "test_a_value_that_the_destination_would_round_is_a_dead_letter",
        "smart_sync/schema_plan.py",
        "                column = fitted(column, there.shape, evolves=_evolves(request, there))",
        "                pass",
    ),
    P(
        BIGQUERY,
        "Rows of a BigQuery source that an audit queries are staged in a table, too.",
        WAYS + "test_an_audit_sees_the_rows_in_place_whatever_the_way_would_have_been",
        "smart_sync/modes.py",
        "    if audited:\n        return STATEMENT_IN_PLACE, audited\n",
        "",
    ),
    P(
        BIGQUERY,
        "A copy gives the destination no column that the plan doesn't know.",
        FAULTS + "test_a_source_that_changes_after_the_plan_fails_the_run",
        "pipeline/destination/jobs.py",
        "    if described != planned:",
        "    if len(described) != len(planned):",
    ),
    P(
        BIGQUERY,
        "A row with NULL in a merge key is a dead letter, however often the step is run.",
        FAULTS + "test_a_null_in_a_merge_key_is_a_dead_letter",
        "pipeline/publish/publisher.py",
        "            self._take_dead_rows_out(outcome.rows_dead)",
        "            pass",
    ),
    P(
        BIGQUERY,
        "A stream that is cut goes on at its offset.",
        FAULTS + "test_a_stream_that_is_silent_goes_on_or_is_given_up",
        "sources/bigquery/read.py",
        "storage.read_rows(stream, offset, retry=retry",
        "storage.read_rows(stream, 0, retry=retry",
    ),
    P(
        BIGQUERY,
        "A value comes back from its staged form as it was.",
        "tests/bigquery/test_types.py::"
        "test_every_type_arrives_unchanged_in_a_new_table_and_an_old_one",
        "auto_schema/bigquery_types.py",
        "RANGE({c}.range_start, {c}.range_end)",
        "RANGE({c}.range_start, NULL)",
    ),
    P(
        BIGQUERY,
        "An integer cursor ends at what the table held before an unseen statement began.",
        LATE
        + "test_an_integer_cursor_ends_at_what_the_table_held_before_any_unseen_statement_began",
        "sources/bigquery/clock.py",
        "                return self._of(self.source.as_of(at))",
        "                return self._of(self.source)",
    ),
    P(
        BIGQUERY,
        "An integer cursor over a query or a view is refused where late numbers would be lost.",
        WAYS + "test_an_integer_cursor_over_a_query_is_refused_where_late_numbers_would_be_lost",
        "sources/bigquery/profile.py",
        'unseen=() if described.shows_past else (f"{UNSEEN}, and {NOT_THEN}",)',
        "unseen=()",
    ),
    P(
        BIGQUERY,
        "A table that may show old rows ends the window earlier by that much.",
        LATE + "test_a_table_that_may_show_old_rows_ends_the_window_by_that_much_earlier",
        "sources/bigquery/clock.py",
        "blind_for=UNSEEN_FOR + longest",
        "blind_for=UNSEEN_FOR",
    ),
    P(
        BIGQUERY,
        "Keys that a collation of the source takes for one are staged as two.",
        "tests/googlesql/test_collated_keys.py::test_a_collation_of_the_source_makes_no_two_staged_keys_one",
        "sources/bigquery/statement.py",
        "value = f\"COLLATE({value}, '')\"",
        "value = value",
    ),
)
