"""The promises of WRITE_HISTORY."""

from tests.mutants.promises import Promise

HISTORY = "History mode"
ALIKE = "tests/googlesql/test_keeping_versions.py::"
E2E = "tests/e2e/test_history.py::"
GONE = "tests/e2e/test_history_gone.py::"
BESIDE = "tests/e2e/test_history_and_others.py::"
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
        E2E + "test_a_version_that_comes_late_ends_where_the_next_one_begins",
        SQL,
        "{STAGED}.{IS_STAGED} AND {_differs(plan)}",
        "{STAGED}.{IS_STAGED}",
    ),
    Promise(
        HISTORY,
        "A version that comes late is put between its neighbours.",
        E2E + "test_a_version_that_comes_late_ends_where_the_next_one_begins",
        SQL,
        '    return f"IF(({ended}) AND {is_gap}, {TO}, {NEXT})"\n',
        '    return f"IF(({ended}) AND {is_gap}, {TO}, NULL)"\n',
    ),
    Promise(
        HISTORY,
        "Of each key one version at most is the current one.",
        E2E + "test_each_version_that_a_run_sees_is_kept_with_the_time_it_held",
        SQL,
        'ends.append(f"{quoted(IS_CURRENT)} = ({STAGED}.{UNTIL} IS NULL)")',
        'ends.append(f"{quoted(IS_CURRENT)} = TRUE")',
    ),
    Promise(
        HISTORY,
        "An end of a key that was gone stays, whatever comes before it or after it.",
        E2E + "test_an_end_by_hand_stays_and_a_row_that_comes_back_begins_after_the_gap",
        SQL,
        'ended = f"{TO} > {FROM} OR ({TO} = {FROM} AND {HELD} > 0)"',
        'ended = "FALSE"',
    ),
    Promise(
        HISTORY,
        "A version that is read again with other content is replaced, and no other.",
        E2E + "test_a_row_that_changed_without_its_stamp_is_replaced_in_its_version",
        SQL,
        "{json_text(TABLE, names)} != {json_text(STAGED, names)}",
        "{json_text(TABLE, names)} IS NULL AND '' = {json_text(STAGED, names)}",
    ),
    Promise(
        HISTORY,
        "The version of a row that the source has no more ends.",
        GONE + "test_the_version_of_a_row_that_vanished_ends_and_stays_ended",
        "smart_sync/history_sql.py",
        '        beside = f"\\nUNION ALL\\n{gone}\\nFROM {VANISHED}"\n',
        "",
    ),
    Promise(
        HISTORY,
        "A key that is there again with its old stamp is open again.",
        GONE + "test_a_row_that_is_there_again_with_its_old_stamp_is_open_again",
        "smart_sync/missing_plan.py",
        "compared.returned if asked.marks or asked.ends else ()",
        "compared.returned if asked.marks else ()",
    ),
    Promise(
        HISTORY,
        "A key that came back behind the window's end opens no version that has ended.",
        GONE + "test_a_row_that_came_back_behind_the_windows_end_opens_nothing_and_the_gap_stays",
        "smart_sync/key_descent.py",
        "_EARLIER if of_versions else _THERE",
        "_THERE",
    ),
    Promise(
        HISTORY,
        "Of MongoDB, too, a document that is later than the window opens nothing.",
        "tests/mongodb/test_history.py"
        "::test_a_document_that_is_back_is_open_again_unless_it_is_later_than_the_window",
        "sources/mongodb/key_snapshot.py",
        "        letters |= dict.fromkeys(self.later, LETTER_OTHER)\n",
        "",
    ),
    Promise(
        HISTORY,
        "A row that the run reads where vanished keys end is there: its newest version is open.",
        GONE + "test_a_row_of_the_lookback_that_is_there_again_is_open_again",
        SQL,
        'last = f"NOT {IS_STAGED}" if _vanished_end(plan) else "TRUE"',
        'last = "TRUE"',
    ),
    Promise(
        HISTORY,
        "A version that is read again as it is keeps what the source has no more.",
        BESIDE
        + "test_a_column_that_is_gone_keeps_its_values_in_a_version_of_which_only_the_end_moves",
        SQL,
        "{STAGED}.{IS_STAGED} AND {_differs(plan)}",
        "{STAGED}.{IS_STAGED} AND ({STAGED}.{MOVED} OR {_differs(plan)})",
    ),
    Promise(
        HISTORY,
        "The neighbour of a version is found in whichever partition it lies.",
        E2E + "test_each_version_that_a_run_sees_is_kept_with_the_time_it_held",
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
        "    if target.is_made_by(request) or brought or not keeps_versions(target):\n",
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
