"""What a merge's script does beside it with rows whose keys are missing at the source: pure text.

Keys that this run has staged are left alone, and rows that are later than what was compared.
"""

from collections.abc import Callable

from auto_schema.canonical import bigquery_row
from auto_schema.key_places import is_ranged
from auto_schema.names import OURS, in_any_partition, quoted, stamp_literal
from smart_sync.deletes import DELETED_AT
from smart_sync.hand_window import bigquery_literal, not_later
from smart_sync.merge_plan import MergePlan
from smart_sync.missing_plan import BACK_KEYS, GONE_KEYS, MissingPlan
from smart_sync.plan import SyncPlan

GONE, DELETED = f"{OURS}gone", f"{OURS}deleted"
NEWEST_STAYS = "newest_stays"
SENT = (
    f"(SELECT key_text, FALSE AS is_back FROM UNNEST(@{GONE_KEYS}) AS key_text\n"
    f"  UNION ALL SELECT key_text, TRUE FROM UNNEST(@{BACK_KEYS}) AS key_text)"
)
"""The keys that come with the script."""


def keys_to_change(plan: SyncPlan, missing: MissingPlan, newest: str) -> str:
    """The statement that gathers them, with its `;`.

    Args:
        plan: the run's.
        missing: with the keys.
        newest: the temporary table of the rows that are merged.
    """
    return (
        f"CREATE TEMP TABLE {GONE} AS\n{_loaded(plan, missing)}\n"
        f"WHERE {_told(missing)} NOT IN (SELECT {key_of(missing)} FROM {newest} AS s);\n"
    )


def script_without_rows(
    plan: SyncPlan, merge: MergePlan, first: str, in_transaction: Callable[[str], str]
) -> str:
    """The whole script of a run that has staged no row: nothing is merged, so nothing is looked at.

    It makes no table: a run that died is counted by the kinds of its statements.

    Args:
        plan: the run's, of mode MERGE, which changes keys.
        merge: how its rows are told apart.
        first: statements that add columns, each with its `;`.
        in_transaction: makes one of a statement.

    Raises:
        ValueError: it changes no key.
    """
    missing = plan.publishing.missing
    if missing is None:
        raise ValueError("no keys to change")
    gone = f"({_loaded(plan, missing)})"
    changing, counted = deleting(plan, missing, merge, gone), ""
    if missing.returned:  # whose rows the statement changes, too
        counted = f"SET {DELETED} = {rows_to_delete(plan, missing, merge, gone)};\n"
    else:
        changing += f";\nSET {DELETED} = @@row_count"
    healed = ", 0 AS healed" if plan.publishing.healing is not None else ""
    return (
        f"DECLARE {DELETED} INT64;\n{first}{counted}{in_transaction(changing)}\n"
        f"SELECT 0 AS expected, {DELETED} AS deleted{healed}{_newest_stays(plan, merge)};"
    )


def _newest_stays(plan: SyncPlan, merge: MergePlan) -> str:
    """Whether a row is left of those that MAX was of, when the window was chosen; as a column."""
    if not plan.publishing.removes_missing or plan.cursor is None or plan.window is None:
        return ""
    column, was = f"s.{quoted(plan.cursor.name)}", plan.window.watermark
    if was is None:
        return ""
    is_it = f"{column} = {bigquery_literal(was, plan.cursor)}{_pruned(merge)}"
    there = f"SELECT 1 FROM {plan.destination.sql} AS s WHERE {is_it}"
    return f",\n  EXISTS ({there}) AS {NEWEST_STAYS}"


def _loaded(plan: SyncPlan, missing: MissingPlan) -> str:
    """The keys that travelled."""
    return f"SELECT {_told(missing)} AS gone_key, is_back FROM {_keys(plan, missing)}"


def _keys(plan: SyncPlan, missing: MissingPlan) -> str:
    """Where their texts are, as SQL."""
    return SENT if missing.is_sent else plan.run.staging.missing_table.sql


def stay_after(plan: SyncPlan, missing: MissingPlan, rows: str, *, without_keys: bool) -> str:
    """Whether a row of the destination is none that this run removes, or ends; never NULL.

    Args:
        plan: the run's.
        missing: with the keys.
        rows: the name that the destination's rows have; none of a key that the run has staged.
        without_keys: of a question that is only tried: the keys aren't there yet.
    """
    table = _keys(plan, missing)
    if without_keys:
        table = "(SELECT CAST(NULL AS STRING) AS key_text, FALSE AS is_back)"
    keys = f"SELECT {_told(missing)} FROM {table} WHERE NOT is_back"
    gone = [f"{key_of(missing, rows)} IN ({keys})", *_not_later(plan, missing, rows)]
    return f"NOT COALESCE({' AND '.join(gone)}, FALSE)"


def key_of(missing: MissingPlan, rows: str = "s") -> str:
    """The key of a row of that name, as `gone_key` has it: an integer as it is, else its text.

    So that a text isn't made of each row of the table, and clusters are pruned by the key.
    """
    if is_ranged(missing.keys):
        return f"{rows}.{quoted(missing.keys[0].name)}"
    return bigquery_row(missing.keys, rows)


def _told(missing: MissingPlan) -> str:
    """The same of the keys that travelled, which are texts."""
    return "CAST(key_text AS INT64)" if is_ranged(missing.keys) else "key_text"


def rows_to_delete(plan: SyncPlan, missing: MissingPlan, merge: MergePlan, gone: str = GONE) -> str:
    """How many rows go, or are marked, as SQL."""
    return (
        f"(SELECT COUNT(*) FROM {plan.destination.sql} AS s\n"
        f"    WHERE {_meant(plan, missing, merge, gone, 'NOT is_back')})"
    )


def deleting(plan: SyncPlan, missing: MissingPlan, merge: MergePlan, gone: str = GONE) -> str:
    """The statement that removes or marks them, and clears the marks of those that are back.

    Args:
        plan: the run's.
        missing: how rows go.
        merge: how they are told apart.
        gone: the table of keys.
    """
    if not missing.marks:
        meant = _meant(plan, missing, merge, gone)
        return f"DELETE FROM {plan.destination.sql} AS s\nWHERE {meant}"
    at, stamp = quoted(DELETED_AT), stamp_literal("TIMESTAMP", plan.run.launched_at)
    return (
        f"UPDATE {plan.destination.sql} AS s\n"
        f"SET {at} = IF({_is_in(missing, gone, 'NOT is_back')}, {stamp}, NULL)\n"
        f"WHERE {_meant(plan, missing, merge, gone)}"
    )


def _is_in(missing: MissingPlan, gone: str, which: str) -> str:
    """Whether the key of a row named `s` is one of these."""
    return f"{key_of(missing)} IN (SELECT gone_key FROM {gone} WHERE {which})"


def _meant(
    plan: SyncPlan, missing: MissingPlan, merge: MergePlan, gone: str, which: str = "TRUE"
) -> str:
    """Whether a row of the destination named `s` is one of them."""
    parts = [_is_in(missing, gone, which)]
    if missing.marks:
        is_gone = _is_in(missing, gone, "NOT is_back")
        parts.append(f"(s.{quoted(DELETED_AT)} IS NULL) = ({is_gone})")
    parts += _not_later(plan, missing, "s")
    return "\n  AND ".join(parts) + _pruned(merge)


def _pruned(merge: MergePlan) -> str:
    """A condition that is always true; the table may want to see its partitions in each filter."""
    if merge.partition_field is None:
        return ""
    column = f"s.{quoted(merge.partition_field)}"
    return f"\n  AND ({in_any_partition(column)})"


def _not_later(plan: SyncPlan, missing: MissingPlan, rows: str) -> list[str]:
    """That a row of that name isn't later than what was compared, where it has a cursor."""
    if plan.cursor is None or missing.up_to is None:
        return []
    return [not_later(f"{rows}.{quoted(plan.cursor.name)}", missing.up_to, plan.cursor)]
