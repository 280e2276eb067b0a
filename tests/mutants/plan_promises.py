"""Promises about what a plan says, and about what is held to it."""

from tests.mutants.promises import Promise

PLAN = "The plan"
P = Promise
HEADLINES = "tests/golden/test_headlines.py::test_"
ESTIMATES = "tests/e2e/test_estimates.py::test_"

PROMISES: tuple[Promise, ...] = (
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
)
