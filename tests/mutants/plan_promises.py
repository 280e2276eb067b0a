"""Promises about what a plan says, and about what is held to it."""

from tests.mutants.promises import Promise

PLAN = "The plan"
P = Promise
HEADLINES = "tests/golden/test_headlines.py::test_"
SAVED = "tests/e2e/test_saved_plan.py::test_"
PROGRESS = "tests/e2e/test_progress.py::test_"
ESTIMATES = "tests/e2e/test_estimates.py::test_"

PROMISES: tuple[Promise, ...] = (
    P(
        PLAN,
        "Merge keys that no unique index of a PostgreSQL table has are told.",
        "tests/e2e/test_unproven_keys.py::test_only_a_unique_index_over_all_rows_says_it",
        "sources/postgresql/keys.py",
        "AND i.indpred IS NULL\n        AND i.indexprs",
        "\n        AND i.indexprs",
    ),
    P(
        PLAN,
        "A primary key WITHOUT OVERLAPS is not taken for merge_keys: its period moves.",
        "tests/e2e/test_unproven_keys.py::test_a_period_in_a_key_is_told_and_no_key_that_is_taken_by_itself",
        "sources/postgresql/keys.py",
        " AND NOT i.indisexclusion",
        "",
    ),
    P(
        PLAN,
        "A char(n) among merge_keys that was widened ends a merge: its keys have more blanks now.",
        "tests/e2e/test_unproven_keys.py::test_a_key_that_was_widened_is_refused_until_the_destinations_are_as_long",
        "smart_sync/key_proof.py",
        "if others := lengths - {length}:",
        "if others := lengths - {length} - lengths:",
    ),
    P(
        PLAN,
        "Merge keys that the source takes for one and BigQuery for two are told.",
        "tests/unit/test_key_proof.py::test_keys_that_the_source_takes_for_one_and_bigquery_for_two_are_told",
        "smart_sync/key_proof.py",
        'column.source_type == "numeric" and',
        'column.source_type == "decimal" and',
    ),
    P(
        PLAN,
        "Merge keys that no unique index of a collection has are told.",
        "tests/mongodb/test_unproven_keys.py::test_a_key_without_a_unique_index_is_told",
        "sources/mongodb/profile.py",
        'for index in whole if index.get("unique"))',
        "for index in whole)",
    ),
    P(
        PLAN,
        "The first three lines say of every kind of plan which rows come, what becomes of those that"
        " are there, and how.",
        f"{HEADLINES}three_lines_say_what_will_happen_whatever_the_plan",
        "smart_sync/headline.py",
        "    if plan.held_back:\n        return _held_back(plan)",
        "    if False:\n        return _held_back(plan)",
    ),
    P(
        PLAN,
        "Where a filter or transform_sql may leave rows out, the first line says so.",
        f"{HEADLINES}three_lines_say_what_will_happen_whatever_the_plan",
        "smart_sync/headline.py",
        "{rows} that pass the filter",
        "{rows}",
    ),
    P(
        PLAN,
        "The log of a run has its plan's first lines, and no warning is left out.",
        f"{HEADLINES}the_log_of_a_run_has_the_first_lines_and_all_warnings_or_the_whole_plan",
        "smart_sync/explain.py",
        '*(f"WARNING  {warning}" for warning in warnings_of(plan))]',
        '*(f"WARNING  {warning}" for warning in warnings_of(plan)[1:])]',
    ),
    P(
        PLAN,
        "Where the source was never analyzed, that is told in place of a number.",
        f"{ESTIMATES}statistics_that_are_missing_are_told_in_place_of_a_number",
        "sources/postgresql/statistics.py",
        "        if table.is_missing:",
        "        if False:",
    ),
    P(
        PLAN,
        "Of rows that came after the last ANALYZE no number is told.",
        f"{ESTIMATES}rows_behind_the_last_analyze_are_no_row_or_one_and_told_as_not_known",
        "sources/postgresql/statistics.py",
        "(is_beyond and table.changed > 1)",
        "(is_beyond and table.changed < 0)",
    ),
    P(
        PLAN,
        "A saved plan runs over the window that was shown, whatever has come since.",
        f"{SAVED}a_saved_plan_runs_over_the_window_that_was_shown",
        "pipeline/launch/saved_plan.py",
        "facts = gather(draft, client, inspector, run_id, saved.noted)",
        "facts = gather(draft, client, inspector, run_id)",
    ),
    P(
        PLAN,
        "A saved plan doesn't run when a fact has moved that it was made of; the message names it.",
        f"{SAVED}what_has_moved_is_named_and_nothing_is_published",
        "pipeline/launch/saved_plan.py",
        "    if told := what_moved(saved, plan):",
        "    if (told := what_moved(saved, plan)) and False:",
    ),
    P(
        PLAN,
        "A saved plan doesn't run where it would alter the destination otherwise than it showed.",
        f"{SAVED}what_has_moved_is_named_and_nothing_is_published",
        "smart_sync/saved_plan.py",
        "    for name in plan.changes.added:",
        "    for name in ():",
    ),
    P(
        PLAN,
        "A saved plan that appends without a window runs once only.",
        f"{SAVED}a_plan_that_appends_without_a_window_runs_once_only",
        "smart_sync/saved_plan.py",
        "return plan.publishing.mode.removes_rows or _adds_blindly(plan)",
        "return plan.publishing.mode.removes_rows",
    ),
    P(
        PLAN,
        "A saved plan doesn't run over a view that has another query since.",
        f"{SAVED}a_view_that_is_another_since_the_plan_was_saved_is_not_read",
        "sources/postgresql/catalog.py",
        "coalesce(pg_catalog.md5(pg_catalog.pg_get_viewdef(k.oid)), '')",
        "''",
    ),
    P(
        PLAN,
        "A saved plan runs with the parameters that it was saved with only.",
        f"{SAVED}parameters_that_differ_are_named_before_anything_is_asked",
        "pipeline/launch/saved_plan.py",
        "    if other := other_parameters(saved, parameters_of(given)):",
        "    if (other := other_parameters(saved, parameters_of(given))) and False:",
    ),
    P(
        PLAN,
        "A file of a plan that was changed by hand is refused.",
        f"{SAVED}a_file_that_was_changed_or_is_of_another_version_is_refused",
        "smart_sync/saved_plan.py",
        "        if total != _sum(told):",
        "        if False:",
    ),
    P(
        PLAN,
        "A secret is in no file of a plan.",
        f"{SAVED}the_file_holds_no_secret_and_only_its_owner_may_read_it",
        "pipeline/launch/saved_plan.py",
        "        if BY_NAME[name].kind is not Kind.SECRET and name not in TOLD and",
        "        if name not in TOLD and",
    ),
    P(
        PLAN,
        "A bar never runs into a line of the log.",
        f"{PROGRESS}a_bar_on_a_terminal_never_runs_into_a_line_of_the_log",
        "pipeline/launch/bar.py",
        "streams = [handler.setStream(above) for handler in handlers]",
        "streams = [handler.stream for handler in handlers]",
    ),
    P(
        PLAN,
        "Piped, nothing is written that controls a terminal.",
        f"{PROGRESS}piped_there_are_lines_of_the_log_and_no_sign_that_controls_a_terminal",
        "pipeline/launch/progress.py",
        "return sys.stderr.isatty() and os",
        "return bool(os.environ) or os",
    ),
)
