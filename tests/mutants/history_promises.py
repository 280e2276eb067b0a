"""The promises of WRITE_HISTORY."""

from tests.mutants.promises import Promise

HISTORY = "History mode"
ALIKE = "tests/googlesql/test_keeping_versions.py::"
E2E = "tests/e2e/test_history.py::"
SQL = "smart_sync/history_sql.py"

PROMISES: tuple[Promise, ...] = (
    Promise(
        HISTORY,
        "Each version that a run sees is kept.",
        E2E + "test_each_version_that_a_run_sees_is_kept_with_the_time_it_held",
        SQL,
        'return " AND ".join([*same, f"{of_table(VALID_FROM)} = {alias}.{quoted(name)}"])',
        'return " AND ".join(same)',
    ),
    Promise(
        HISTORY,
        "A version that comes again with equal content changes nothing.",
        ALIKE + "test_each_version_comes_to_its_place_and_an_end_of_its_key_stays",
        SQL,
        "({STAGED}.{MOVED} OR {_differs(plan)})",
        "({STAGED}.{MOVED} OR TRUE)",
    ),
    Promise(
        HISTORY,
        "A version that comes late is put between its neighbours.",
        ALIKE + "test_any_runs_in_any_order_leave_the_same_table",
        SQL,
        '    return f"IF(({ended}) AND ({NEXT} IS NULL OR {TO} < {NEXT}), {TO}, {NEXT})"\n',
        '    return f"IF(({ended}) AND ({NEXT} IS NULL OR {TO} < {NEXT}), {TO}, NULL)"\n',
    ),
    Promise(
        HISTORY,
        "Of each key one version at most is the current one.",
        ALIKE + "test_any_runs_in_any_order_leave_the_same_table",
        SQL,
        'ends.append(f"{quoted(IS_CURRENT)} = ({STAGED}.{UNTIL} IS NULL)")',
        'ends.append(f"{quoted(IS_CURRENT)} = TRUE")',
    ),
    Promise(
        HISTORY,
        "The end of a key that was gone stays where a version comes before it or after it.",
        ALIKE + "test_each_version_comes_to_its_place_and_an_end_of_its_key_stays",
        SQL,
        'ended = f"{TO} > {FROM} OR ({TO} = {FROM} AND {HELD} > 0)"',
        'ended = "FALSE"',
    ),
    Promise(
        HISTORY,
        "A version that is read again with other content is replaced, and no other.",
        ALIKE + "test_what_is_read_again_with_other_content_replaces_that_version_only",
        SQL,
        '        f" != TO_JSON_STRING(STRUCT({staged}))"\n',
        '        f" > TO_JSON_STRING(STRUCT({staged}))"\n',
    ),
    Promise(
        HISTORY,
        "The neighbour of a version is found in whichever partition it lies.",
        ALIKE + "test_each_version_comes_to_its_place_and_an_end_of_its_key_stays",
        SQL,
        'PARTITIONS: _partitions(merge, f"{IS_STAGED} OR {MOVED}")',
        "PARTITIONS: _partitions(merge, IS_STAGED)",
    ),
    Promise(
        HISTORY,
        "A table that holds a version twice is refused.",
        ALIKE + "test_a_version_that_the_table_holds_twice_or_without_its_beginning_ends_the_run",
        SQL,
        "WHERE {HELD} > 1 OR {FROM} IS NULL)",
        "WHERE FALSE)",
    ),
    Promise(
        HISTORY,
        "A table of versions gets no row from a run that keeps none.",
        "tests/unit/test_history_plan.py::test_nothing_else_writes_into_a_table_that_keeps_versions",
        "smart_sync/history_plan.py",
        "    if is_made_anew or brought or not keeps_versions(target):\n",
        "    if True:\n",
    ),
    Promise(
        HISTORY,
        "A table with rows and without versions is refused.",
        "tests/unit/test_history_plan.py::test_a_table_with_rows_that_keeps_no_versions_is_refused",
        "smart_sync/history_plan.py",
        "    if target.rows != 0:\n",
        "    if False:\n",
    ),
)
