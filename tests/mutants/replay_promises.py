"""The promises of replays: each dead letter's row at most once, and never over a newer one."""

from tests.mutants.promises import Promise

REPLAY = "Replay of dead letters"
P = Promise
E2E = "tests/e2e/test_replay.py::test_"

PROMISES: tuple[Promise, ...] = (
    P(
        REPLAY,
        "A replayed row never takes the place of a newer one.",
        f"{E2E}a_newer_version_in_the_table_is_not_beaten_and_its_letter_is_settled",
        "smart_sync/merge_sql.py",
        'return f"{of_staged(cursor)} > {of_table(cursor)}" if cursor else "FALSE"',
        'return f"{of_staged(cursor)} IS NOT NULL" if cursor else "FALSE"',
    ),
    P(
        REPLAY,
        "A replayed row never takes the place of one with the same cursor.",
        f"{E2E}a_row_of_the_same_cursor_in_the_table_stays",
        "smart_sync/merge_sql.py",
        'return f"{of_staged(cursor)} > {of_table(cursor)}" if cursor else "FALSE"',
        'return f"{of_staged(cursor)} >= {of_table(cursor)}" if cursor else "FALSE"',
    ),
    P(
        REPLAY,
        "Without a cursor a replayed row takes no other's place.",
        f"{E2E}without_a_cursor_a_row_whose_key_is_there_stays",
        "smart_sync/merge_sql.py",
        'return f"{of_staged(cursor)} > {of_table(cursor)}" if cursor else "FALSE"',
        'return f"{of_staged(cursor)} > {of_table(cursor)}" if cursor else ""',
    ),
    P(
        REPLAY,
        "A letter whose row was published is marked with the run that took it.",
        f"{E2E}rows_that_a_column_was_too_narrow_for_are_published_once_it_is_wider",
        "smart_sync/letters_sql.py",
        'f"SET replayed_by = {run_id}, replayed_at = CURRENT_TIMESTAMP()\\n"',
        'f"SET refused_by = {run_id}, replayed_at = CURRENT_TIMESTAMP()\\n"',
    ),
    P(
        REPLAY,
        "A row that is refused again stays one letter that waits.",
        f"{E2E}a_row_that_is_refused_again_stays_one_letter_that_waits",
        "smart_sync/letters_sql.py",
        "OR IFNULL(refused_by, '') = {run_id}))\"",
        'OR FALSE))"',
    ),
    P(
        REPLAY,
        "Without keys rows that a later run may have brought are not added.",
        f"{E2E}rows_are_not_appended_when_a_later_run_may_have_brought_them",
        "smart_sync/replay.py",
        "    if not by_key:\n",
        "    if False:\n",
    ),
    P(
        REPLAY,
        "Letters of a run that published nothing are not replayed.",
        f"{E2E}letters_of_a_run_that_published_nothing_are_refused",
        "smart_sync/replay.py",
        "    if run is not None and run.has_published and name not in facts.undone:",
        "    if run is not None:",
    ),
    P(
        REPLAY,
        "Without keys equal rows are replayed as often as they were there.",
        f"{E2E}rows_that_are_equal_are_appended_as_often_as_they_were_there",
        "sources/dead_letters.py",
        '                times = int(row["row_count"]) if self.repeats else 1',
        "                times = 1",
    ),
    P(
        REPLAY,
        "A masked value is kept under its mask, and is not masked twice.",
        f"{E2E}what_is_masked_is_kept_and_published_under_its_mask",
        "auto_schema/dead_letters.py",
        "        seen = [c for c in self.arriving if c.source_name not in self.hidden]",
        "        seen = list(self.arriving)",
    ),
    P(
        REPLAY,
        "A value under another mask than today's is not published.",
        f"{E2E}what_is_masked_is_kept_and_published_under_its_mask",
        "sources/dead_letters.py",
        "        same = masked.get(name) == marks.get(name)",
        "        same = True",
    ),
    P(
        REPLAY,
        "A replayed letter waits again when a later run leaves its row out once more.",
        f"{E2E}a_letter_waits_again_when_a_later_run_leaves_its_row_out_once_more",
        "smart_sync/letters_sql.py",
        "  replayed_by = CAST(NULL AS STRING),",
        "  replayed_by = t.replayed_by,",
    ),
)
