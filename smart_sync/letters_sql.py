"""The table of dead letters as SQL: what is added to it, what a replay takes and marks. Pure.

A row is known by `row_hash`; it has a letter for each column and reason. Letters that wait are
those that no replay has taken, or only one that was undone: `waits` says it, and nobody else.
"""

from collections.abc import Sequence

from auto_schema.names import string_literal
from smart_sync.plan import SyncPlan
from smart_sync.replay import ReplayPlan
from warehouse.names import TableRef

FIELDS = (
    ("run_id", "STRING"),
    ("time", "TIMESTAMP"),
    ("destination", "STRING"),
    ("column_name", "STRING"),
    ("value", "STRING"),
    ("reason", "STRING"),
    ("raw_row", "JSON"),
    ("row_hash", "STRING"),
    ("row_stage", "STRING"),
    ("typed_row", "STRING"),
    ("row_count", "INT64"),
    ("last_run_id", "STRING"),
    ("refused_by", "STRING"),
    ("replayed_by", "STRING"),
    ("replayed_at", "TIMESTAMP"),
)
"""`row_count` equal rows have one letter; `run_id` left them out first, `last_run_id` last;
a replay that tried in vain is `refused_by`. Only replays read `typed_row`."""

OF_FILES, OF_JSON, OF_CHECKS = STEPS = ("dead_letters", "json_letters", "check_letters")
"""The jobs of a run that add letters: of rows that workers refused, BigQuery, and checks."""


def merge_statement(plan: SyncPlan, staging: str) -> str:
    """INSERT of the letters that aren't there by (destination, row, column, reason).

    One that is there waits again, as a letter of this run. A replay, whose rows are letters
    already, notes that it has tried in vain, and what else it finds against a row belongs to the
    run whose letters it replays.

    A row that BigQuery refuses as JSON is kept as a text: no letter keeps others out.
    """
    run_id, replay = string_literal(plan.run.run_id), plan.publishing.replay
    last = string_literal(replay.run_id) if replay else run_id
    void = _listed(replay.void) if replay else ""
    first = f", run_id = IF(t.run_id IN ({void}), {run_id}, t.run_id)" if void else ""
    again = (
        f"refused_by = {run_id}{first}"
        if replay
        else f"last_run_id = {run_id}, row_count = s.row_count, row_stage = s.row_stage,\n"
        "  typed_row = s.typed_row, refused_by = CAST(NULL AS STRING),\n"
        "  replayed_by = CAST(NULL AS STRING), replayed_at = CAST(NULL AS TIMESTAMP)"
    )
    return (
        "CREATE TEMP TABLE letters AS\n"
        "SELECT * EXCEPT (raw_row),\n"
        "  IFNULL(SAFE.PARSE_JSON(raw_row, wide_number_mode=>'round'), TO_JSON(raw_row))\n"
        "    AS raw_row\n"
        f"FROM (SELECT {string_literal(str(plan.destination))} AS destination, column_name,"
        " reason, row_hash,\n"
        "             ANY_VALUE(value) AS value, ANY_VALUE(raw_row) AS raw_row,\n"
        "             ANY_VALUE(row_stage) AS row_stage, ANY_VALUE(typed_row) AS typed_row,\n"
        "             COUNT(*) AS row_count\n"
        f"      FROM {staging} GROUP BY column_name, reason, row_hash);\n"
        f"MERGE {plan.dead_letters.table.sql} AS t\n"
        "USING letters AS s\n"
        "ON t.destination = s.destination AND t.row_hash = s.row_hash\n"
        "   AND t.column_name = s.column_name AND t.reason = s.reason\n"
        f"WHEN MATCHED THEN UPDATE SET {again}\n"
        "WHEN NOT MATCHED THEN INSERT\n"
        "  (run_id, time, destination, column_name, value, reason, raw_row, row_hash,\n"
        "   row_stage, typed_row, row_count, last_run_id)\n"
        f"VALUES ({run_id}, CURRENT_TIMESTAMP(), s.destination, s.column_name, s.value,\n"
        "        s.reason, s.raw_row, s.row_hash,\n"
        f"        s.row_stage, s.typed_row, s.row_count, {last})"
    )


def waits(undone: Sequence[str]) -> str:
    """Whether a letter waits to be replayed.

    >>> waits(["r1"])
    '(replayed_by IS NULL OR replayed_by IN ("r1"))'
    """
    taken = f" OR replayed_by IN ({_listed(undone)})" if undone else ""
    return f"(replayed_by IS NULL{taken})"


def letters_of_run(letters: TableRef, destination: TableRef, run_id: str) -> str:
    """A SELECT of all letters of a run, first or last, as `Letter` has them."""
    return (
        "SELECT row_hash, column_name, reason, IFNULL(row_stage, '') AS row_stage,\n"
        "  run_id AS first_run, typed_row IS NOT NULL AS is_whole,\n"
        "  IFNULL(replayed_by, '') AS replayed_by,\n"
        "  IFNULL(last_run_id, run_id) AS last_run, IFNULL(LENGTH(typed_row), 0) AS characters\n"
        f"FROM {letters.sql}\nWHERE {_of_run(destination, run_id)}"
    )


def taken_rows(letters: TableRef, destination: TableRef, replay: ReplayPlan, by: str) -> str:
    """A SELECT of the rows that a replay takes, each once: hash, how many are equal, the row.

    Args:
        letters: their table.
        destination: of the run.
        replay: what it takes.
        by: the replaying run, whose own letters are none of these.
    """
    if not replay.rows:  # a table of an earlier version has not all of these columns
        return (
            "SELECT row_hash, 1 AS row_count, '' AS typed_row, '' AS raw_row\n"
            f"FROM {letters.sql}\nWHERE FALSE"
        )
    return (
        "SELECT row_hash, IFNULL(row_count, 1) AS row_count, typed_row,\n"
        f"  TO_JSON_STRING(raw_row) AS raw_row\nFROM {letters.sql}\n"
        f"WHERE {_taken(destination, replay, by)}\n"
        "QUALIFY ROW_NUMBER() OVER (PARTITION BY row_hash ORDER BY row_count DESC) = 1\n"
        "ORDER BY row_hash"
    )


def unchanged(plan: SyncPlan, replay: ReplayPlan) -> str:
    """IF … RAISE: the rows that are to be marked must be those that were read."""
    taken = _taken(plan.destination, replay, plan.run.run_id)
    message = (
        f"replay_dead_letters: {plan.dead_letters.table} has changed since its letters were read."
        " Nothing was published. To mend: run the replay again."
    )
    return (
        "IF (SELECT TO_HEX(SHA256(IFNULL(STRING_AGG(row_hash, ',' ORDER BY row_hash), '')))\n"
        f"    FROM (SELECT DISTINCT row_hash FROM {plan.dead_letters.table.sql}\n"
        f"      WHERE {taken}))\n"
        f"   != {string_literal(replay.digest)} THEN\n"
        f"  RAISE USING MESSAGE = {string_literal(message)};\nEND IF;\n"
    )


def marks(plan: SyncPlan, replay: ReplayPlan) -> str:
    """UPDATE of all letters of the rows that were taken, and not refused again."""
    letters, run_id = plan.dead_letters.table.sql, string_literal(plan.run.run_id)
    destination = string_literal(str(plan.destination))
    return (
        f"UPDATE {letters} AS t\n"
        f"SET replayed_by = {run_id}, replayed_at = CURRENT_TIMESTAMP()\n"
        f"WHERE destination = {destination} AND {waits(replay.undone)}\n"
        f"  AND row_hash IN (SELECT row_hash FROM {letters}\n"
        f"    WHERE {_taken(plan.destination, replay, plan.run.run_id)})\n"
        f"  AND row_hash NOT IN (SELECT row_hash FROM {letters}\n"
        f"    WHERE destination = {destination}"
        f" AND (run_id = {run_id} OR IFNULL(refused_by, '') = {run_id}))"
    )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(string_literal, names))


def _of_run(destination: TableRef, run_id: str) -> str:
    run = string_literal(run_id)
    return (
        f"destination = {string_literal(str(destination))}"
        f" AND (run_id = {run} OR IFNULL(last_run_id, '') = {run})"
    )


def _taken(destination: TableRef, replay: ReplayPlan, by: str) -> str:
    others = _listed((by, *replay.void))
    return (
        f"{_of_run(destination, replay.run_id)} AND run_id NOT IN ({others})"
        f" AND {waits(replay.undone)} AND typed_row IS NOT NULL"
    )
