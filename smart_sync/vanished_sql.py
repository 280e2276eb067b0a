"""What the script of WRITE_HISTORY does with keys that the source has no more: pure text.

Their current versions end where the run's window does: the source was read whole up to there, and
a row that comes back has a later stamp. A key whose last version has ended, and that the source
has with no newer one, was never gone for good: that version is open again.
"""

from auto_schema.names import OURS, in_any_partition, quoted
from smart_sync.hand_window import bigquery_literal
from smart_sync.history_plan import IS_CURRENT, VALID_FROM
from smart_sync.key_text import names_of
from smart_sync.merge_plan import MergePlan
from smart_sync.merge_sql import PARTITION
from smart_sync.missing_plan import MissingPlan
from smart_sync.missing_sql import GONE, key_of, keys_to_change
from smart_sync.plan import SyncPlan

VANISHED = f"{OURS}vanished"
FROM, UNTIL, HELD = f"{OURS}from", f"{OURS}until", f"{OURS}held"
"""Of a version: its beginning, its end as it will be, and how often the table has it."""


def vanished(plan: SyncPlan, missing: MissingPlan, merge: MergePlan, staged: str) -> str:
    """The statements that find those versions, each with its `;`.

    Args:
        plan: the run's.
        missing: with the keys.
        merge: the same keys' columns, and the partitions.
        staged: the temporary table of the staged versions, whose keys are left alone.

    Raises:
        ValueError: the plan has no window, where they could end.
    """
    if plan.cursor is None or missing.up_to is None:
        raise ValueError("no end of a window")
    end = bigquery_literal(missing.up_to, plan.cursor)
    keys = ", ".join(f"s.{quoted(key)}" for key in merge.keys)
    start, is_open = f"s.{quoted(VALID_FROM)}", f"s.{quoted(IS_CURRENT)} IS TRUE"
    partition, filtered = "CAST(NULL AS STRING)", ""
    if merge.partition:
        partition, column = merge.partition.of("s"), f"s.{quoted(merge.partition.field)}"
        filtered = f"\n    WHERE {in_any_partition(column)}"
    return (
        f"{keys_to_change(plan, missing, staged)}"
        f"CREATE TEMP TABLE {VANISHED} AS\n"
        f"SELECT {names_of(merge.keys)}, {FROM}, IF(is_back, NULL, {end}) AS {UNTIL},"
        f" {PARTITION}, {HELD}\n"
        f"FROM (\n  SELECT {keys}, {start} AS {FROM}, {partition} AS {PARTITION}, is_back,\n"
        f"    ({is_open}) != is_back AS is_meant,\n"
        f"    COUNT(*) OVER (PARTITION BY {keys}, {start}) AS {HELD},\n"
        f"    ROW_NUMBER() OVER (PARTITION BY {keys} ORDER BY {start} DESC) AS nth\n"
        f"    FROM {plan.destination.sql} AS s\n"
        f"    JOIN {GONE} AS g ON {key_of(missing)} = g.gone_key{filtered}\n)\n"
        f"WHERE nth = 1 AND is_meant AND {FROM} <= {end};\n"
    )
