"""What a repair does with the staged rows before they are merged: pure text.

Rows of a range that differs are read whole, and most of them are as they are in the table. These
are left out, so that what is published is what was healed, or is new.
"""

from auto_schema.names import OURS, STAGED, TABLE, in_any_partition, of_staged, of_table
from smart_sync.hand_window import bigquery_literal
from smart_sync.key_text import as_named, json_text, on_keys
from smart_sync.load_columns import compared_names
from smart_sync.merge_plan import MergePlan
from smart_sync.plan import SyncPlan

SAME = f"{OURS}same"


def without_equal(plan: SyncPlan, merge: MergePlan, newest: str) -> str:
    """Statements that drop rows which the table has just so, once, each with its `;`.

    A row that is marked as deleted, and removed for that, is dropped never.
    """
    names = compared_names(plan.schema)
    where = ""
    if merge.partition_field is not None:  # the table may want to see it in every filter
        column = of_table(merge.partition_field)
        where = f"\nWHERE {in_any_partition(column)}"
    equal = f"{json_text(TABLE, names)} = {json_text(STAGED, names)}"
    if merge.mark is not None and merge.removes:
        equal += f" AND {merge.mark.lacks(STAGED)}"
    return (
        f"CREATE TEMP TABLE {SAME} AS\nSELECT {as_named(TABLE, merge.keys)}\n"
        f"FROM {plan.destination.sql} AS {TABLE}\n"
        f"JOIN {newest} AS {STAGED} ON {on_keys(merge.keys)}{where}\n"
        f"GROUP BY {of_table(*merge.keys)}\nHAVING COUNT(*) = 1 AND LOGICAL_AND({equal});\n"
        f"DELETE FROM {newest} AS {STAGED}\n"
        f"WHERE EXISTS (SELECT 1 FROM {SAME} AS {TABLE} WHERE {on_keys(merge.keys)});\n"
    )


def healed_rows(plan: SyncPlan, newest: str, newer: str) -> str:
    """How many rows come that no ordinary run would have read, as SQL.

    Args:
        plan: the run's.
        newest: the temporary table of the rows that are merged.
        newer: how many of them the table has in a later version, as SQL of a condition.
    """
    healing, cursor = plan.publishing.healing, plan.cursor
    if healing is None or cursor is None or healing.begun is None:
        return "0"
    begun = bigquery_literal(healing.begun, cursor)
    column = of_staged(cursor.name)
    return f"(SELECT COUNTIF({column} <= {begun}) FROM {newest} AS {STAGED}) - {newer}"
