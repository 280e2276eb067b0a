"""The script of WRITE_MERGE: staged rows in, each key once, newest by cursor.

    newest   one staged row per key, and whether rows of that key and one cursor differ
    held     key, partition and cursor of those keys in the table, and its rows that lack a key:
             the first query over it
    one look at both: what ends the run, both sides' partitions, how many rows are to be merged
    MERGE    with those partitions as constants, so that BigQuery reads no others

Four statements read rows, each of which is a job of its own and bills 10 MB at the least.

An updated row's old version lies in another partition when the partition column moves
with it. Constants of the staged rows alone would not find it, and insert the row again.
"""

from collections.abc import Callable, Sequence

from auto_schema.names import OURS, STAGED, TABLE, of_staged, of_table, quoted
from smart_sync.deletes import DELETED_AT
from smart_sync.hand_window import bigquery_literal, not_later
from smart_sync.healing_sql import healed_rows, without_equal
from smart_sync.key_text import (
    UNKEYED,
    as_named,
    block,
    joined_or_unkeyed,
    key_text,
    literals,
    names_of,
    on_keys,
    pruned,
    raise_for,
    refuse_unkeyed,
    unkeyed_row,
)
from smart_sync.load_columns import is_of_load
from smart_sync.marks import Mark
from smart_sync.merge_plan import MergePlan
from smart_sync.missing_sql import DELETED, keys_to_change, rows_to_delete
from smart_sync.plan import SyncPlan
from smart_sync.stale_columns import assignments, clearing

NEWEST, HELD = f"{OURS}newest", f"{OURS}held"
HASH, VARIES, DIFFERS = f"{OURS}hash", f"{OURS}varies", f"{OURS}differs"
PARTITION, CURSOR, STAGED_CURSOR = (
    f"{OURS}partition",
    f"{OURS}cursor",
    f"{OURS}staged_cursor",
)
"""Columns beside the keys; BigQuery refuses names that begin with _PARTITION."""
MARKED, WAS_MARKED = f"{OURS}marked", f"{OURS}was_marked"
DIFFERING, DOUBLED = f"{OURS}differing", f"{OURS}doubled"
PARTITIONS, EXPECTED = f"{OURS}partitions", f"{OURS}expected"
HEALED = f"{OURS}healed"
"""The script's variables: no column of the user's is called so."""
TOLD = {EXPECTED: "expected", DELETED: "deleted", HEALED: "healed"}
"""What the last statement tells, and under which names."""


def as_it_is(body: str) -> str:
    """The MERGE by itself."""
    return f"{body};\n"


def merge_script(
    plan: SyncPlan,
    merge: MergePlan,
    items: str,
    first: str,
    around: Callable[[str], str] = as_it_is,
) -> str:
    """The whole script; its last statement tells how many rows the MERGE must have touched.

    Args:
        plan: the run's, of mode MERGE.
        merge: keys and pruning.
        items: the columns of staged rows in the destination's types.
        first: statements that add columns, each with its `;`.
        around: what is done in one with the MERGE, and with it.
    """
    look = {
        DIFFERING: _differing_key(merge),
        UNKEYED: unkeyed_row(merge.keys, HELD),
        DOUBLED: _doubled_key(merge),
        PARTITIONS: _partitions(merge),
        EXPECTED: f"(SELECT COUNT(*) FROM {HELD if merge.filled else NEWEST}) - {_newer(plan)}"
        + _never_added(merge),
    }
    missing, gone, deleted = plan.publishing.missing, "", list[str]()
    if merge.mark:
        deleted.append(_deleted(plan, merge.mark))
    if missing is not None and missing.is_needed:
        gone = keys_to_change(plan, missing, NEWEST)
        deleted.append(rows_to_delete(plan, missing, merge))
    if deleted:
        look[DELETED] = " + ".join(deleted)
    equal = ""
    if plan.publishing.healing is not None:
        equal = without_equal(plan, merge, NEWEST)
        look[HEALED] = healed_rows(plan, NEWEST, _newer_of_old(plan))
    told = "".join(f", {name} AS {as_}" for name, as_ in TOLD.items() if name in look)
    answers = ",\n".join(f"  {value} AS {name}" for name, value in look.items())
    cleared = clearing(plan.changes.stale, plan.destination, merge.partition_field)
    return (
        f"DECLARE {DIFFERING}, {UNKEYED}, {DOUBLED}, {PARTITIONS} STRING;\n"
        f"DECLARE {', '.join(name for name in TOLD if name in look)} INT64;\n"
        f"{first}CREATE TEMP TABLE {NEWEST} AS\n{_newest(plan, merge, items)};\n"
        f"{gone}{equal}CREATE TEMP TABLE {HELD} AS\n{_held(plan, merge)};\n"
        f"EXECUTE IMMEDIATE {block('SELECT' + chr(10) + answers)}\n"
        f"  INTO {', '.join(look)};\n"
        f"{refuse_differing(plan)}{refuse_unkeyed(plan)}{_refuse_doubled(plan)}"
        f"{around(cleared + _merge(plan, merge))}"
        f"SELECT {told.removeprefix(', ')};"
    )


def create_script(plan: SyncPlan, merge: MergePlan, create: str) -> str:
    """For a table that this run makes: the same check, then the table, then the count."""
    return (
        f"DECLARE {DIFFERING} STRING;\n"
        f"{set_differing(plan, merge)}{refuse_differing(plan)}{create};\n"
        f"SELECT {_counted(plan, merge)};"
    )


def _counted(plan: SyncPlan, merge: MergePlan) -> str:
    """The keys that a table has been made with; with a mark those of deleted rows, too."""
    rows, mark = plan.rows_table.sql, merge.mark
    if mark is None:
        return f"COUNT(*) AS expected FROM (SELECT DISTINCT {names_of(merge.keys)} FROM {rows})"
    deleted = "0" if mark.removes else f"COUNTIF({mark.holds()})"
    names = names_of(tuple(dict.fromkeys([*merge.keys, mark.column])))
    added = newest(plan, merge, f"SELECT {names} FROM {rows}", adds=True)
    return f"COUNT(*) AS expected, {deleted} AS deleted FROM ({added})"


def newest(plan: SyncPlan, merge: MergePlan, select: str, *, adds: bool = False) -> str:
    """One staged row of each key: that with the largest cursor.

    Args:
        plan: the run's.
        merge: with the keys.
        select: the staged rows.
        adds: whether only rows are wanted that the table may get: none that is deleted.
    """
    lacks = f" AND {merge.mark.lacks()}" if adds and merge.mark and merge.mark.removes else ""
    keys = names_of(merge.keys)
    order = quoted(plan.cursor.name) + " DESC" if plan.cursor else keys
    return (
        f"{select}\nWHERE TRUE\n"
        f"QUALIFY ROW_NUMBER() OVER (PARTITION BY {keys} ORDER BY {order}) = 1{lacks}"
    )


def comes_later(plan: SyncPlan) -> str:
    """Whether a staged row takes the place of the table's; NULL where the staged cursor is.

    Always, without a cursor: empty. A row that is replayed was read before, so that of two with
    one cursor the table's may be the newer: only what is shown to be newer takes its place.
    """
    cursor, replays = plan.cursor.name if plan.cursor else "", plan.publishing.replay is not None
    if replays:
        return f"{of_staged(cursor)} > {of_table(cursor)}" if cursor else "FALSE"
    if not cursor:
        return ""
    healing = plan.publishing.healing
    if healing is not None and plan.cursor:  # the source is right, whatever the table's cursor says
        return not_later(of_table(cursor), healing.up_to, plan.cursor)
    return f"({of_table(cursor)} IS NULL OR {of_staged(cursor)} >= {of_table(cursor)})"


def _newest(plan: SyncPlan, merge: MergePlan, items: str) -> str:
    """The same, and whether any rows of that key differ from others of the same cursor."""
    select = (
        f"SELECT *, LOGICAL_OR({VARIES}) OVER (PARTITION BY {names_of(merge.keys)}) AS {DIFFERS}\n"
        f"FROM {varying(plan, _versions(plan, merge), items)}"
    )
    return newest(plan, merge, select)


def varying(plan: SyncPlan, by: Sequence[str], items: str) -> str:
    """A sub-query: the staged rows, and in `VARIES` whether others of the same version differ.

    Args:
        plan: the run's.
        by: the columns that tell versions apart.
        items: the columns of staged rows in the destination's types.
    """
    window = f"OVER (PARTITION BY {of_staged(*by)})"
    return (
        f"(\n  SELECT {items},\n"
        f"    MIN({HASH}) {window} != MAX({HASH}) {window} AS {VARIES}\n"
        f"  FROM (SELECT *, SHA256(TO_JSON_STRING({STAGED})) AS {HASH}\n"
        f"    FROM {plan.rows_table.sql} AS {STAGED}) AS {STAGED})"
    )


def _versions(plan: SyncPlan, merge: MergePlan) -> list[str]:
    """What tells versions of a row apart: its keys and the cursor."""
    cursor = [plan.cursor.name] if plan.cursor else []
    return list(dict.fromkeys([*merge.keys, *cursor]))


def set_differing(plan: SyncPlan, merge: MergePlan) -> str:
    """Find the first key of which staged rows of one cursor differ."""
    return (
        f"SET {DIFFERING} = (SELECT MIN(k) FROM (\n  SELECT {key_text(merge.keys)} AS k\n"
        f"  FROM {plan.rows_table.sql} AS {STAGED}\n"
        f"  GROUP BY {of_staged(*_versions(plan, merge))}\n"
        f"  HAVING COUNT(DISTINCT TO_JSON_STRING({STAGED})) > 1));\n"
    )


def refuse_differing(plan: SyncPlan) -> str:
    """End the run when rows of one key and cursor differ: which of them is right?"""
    beyond = f" and the same {plan.cursor.name}" if plan.cursor else ""
    asked = plan.publishing.write_disposition
    message = (
        f"{asked}: rows with the same merge_keys{beyond} differ. Nothing was published."
        " To mend: name merge_keys that tell rows apart, or deliver one row per key. The first: "
    )
    return raise_for(plan, DIFFERING, message)


def _held(plan: SyncPlan, merge: MergePlan) -> str:
    names = [as_named(TABLE, merge.keys)]
    if merge.partition:
        names.append(f"{merge.partition.of(TABLE)} AS {PARTITION}")
    if plan.cursor:
        name = plan.cursor.name
        names.append(f"{of_table(name)} AS {CURSOR}, {of_staged(name)} AS {STAGED_CURSOR}")
    if merge.mark:
        names.append(f"{merge.mark.holds(STAGED)} AS {MARKED}")
        if not merge.mark.removes:
            names.append(f"{of_table(DELETED_AT)} IS NOT NULL AS {WAS_MARKED}")
    return (
        f"SELECT {', '.join(names)}\nFROM {plan.destination.sql} AS {TABLE}\n"
        f"{joined_or_unkeyed(merge, NEWEST)}"
    )


def _differing_key(merge: MergePlan) -> str:
    """The first key of which rows of one cursor differ."""
    return f"(SELECT MIN({key_text(merge.keys)}) FROM {NEWEST} AS {STAGED} WHERE {DIFFERS})"


def _doubled_key(merge: MergePlan) -> str:
    """The first key that the table holds more than once."""
    return (
        f"(SELECT MIN(k) FROM (SELECT {key_text(merge.keys)} AS k FROM {HELD} AS {STAGED}\n"
        f"    GROUP BY {of_staged(*merge.keys)} HAVING COUNT(*) > 1))"
    )


def _refuse_doubled(plan: SyncPlan) -> str:
    message = (
        f"WRITE_MERGE: {plan.destination} holds a key more than once. Nothing was published."
        " To mend: leave one row of each merge_keys in the table, or rebuild it with"
        " delete_existing_table=true. The first: "
    )
    return raise_for(plan, DOUBLED, message)


def _newer(plan: SyncPlan) -> str:
    """How many keys the table has in a newer version."""
    is_newer = _is_newer(plan)
    return f"(SELECT COUNT(*) FROM {HELD} WHERE {is_newer})" if is_newer else "0"


def _is_newer(plan: SyncPlan) -> str:
    """Whether the table's row of a key in `HELD` stays as it is; empty: never."""
    if plan.publishing.replay is not None:
        later = f"IFNULL({STAGED_CURSOR} > {CURSOR}, FALSE)" if plan.cursor else "FALSE"
        return f"NOT {later}"
    if plan.publishing.healing is not None:
        return f"{CURSOR} > {_up_to(plan)}"
    return f"{CURSOR} > {STAGED_CURSOR}" if plan.cursor else ""


def _up_to(plan: SyncPlan) -> str:
    """Where the window of a repair ends: rows of the table that are later aren't touched."""
    if plan.publishing.healing is None or plan.cursor is None:
        raise ValueError("no rows to heal")
    return bigquery_literal(plan.publishing.healing.up_to, plan.cursor)


def _newer_of_old(plan: SyncPlan) -> str:
    """How many of the rows that only a repair reads the table has in a later version."""
    healing = plan.publishing.healing
    if healing is None or healing.begun is None or plan.cursor is None:
        return "0"
    begun = bigquery_literal(healing.begun, plan.cursor)
    return f"(SELECT COUNTIF({_is_newer(plan)} AND {STAGED_CURSOR} <= {begun}) FROM {HELD})"


def _never_added(merge: MergePlan) -> str:
    """Less the keys that are marked and not in the table, where these are never added."""
    if merge.mark is None or not merge.mark.removes:
        return ""
    marked = f"(SELECT COUNTIF({merge.mark.holds()}) FROM {NEWEST})"
    return f" - ({marked} - (SELECT COUNTIF({MARKED}) FROM {HELD}))"


def _deleted(plan: SyncPlan, mark: Mark) -> str:
    """How many rows of the table are removed, or are deleted there since this run."""
    newer = f"COALESCE({_is_newer(plan) or 'FALSE'}, FALSE)"
    if mark.removes:
        return f"(SELECT COUNTIF({MARKED} AND NOT {newer}) FROM {HELD})"
    marked = f"(SELECT COUNTIF({mark.holds()}) FROM {NEWEST})"
    return f"{marked} - (SELECT COUNTIF({MARKED} AND ({newer} OR {WAS_MARKED})) FROM {HELD})"


def _merge(plan: SyncPlan, merge: MergePlan) -> str:
    on = on_keys(merge.keys)
    head = f"MERGE {plan.destination.sql} AS {TABLE}\nUSING {NEWEST} AS {STAGED}\nON {on}"
    later = comes_later(plan)
    newer = f" AND {later}" if later else ""
    names = [column.name for column in plan.schema]
    ours = [column.name for column in plan.schema if is_of_load(column)]
    filled = [*merge.filled, *ours] if merge.filled else []
    values = [f"{quoted(name)} = {_updated(merge, name)}" for name in filled or names]
    gone = merge.mark if merge.removes else None
    tail = f"WHEN MATCHED{newer} AND {gone.holds(STAGED)} THEN DELETE\n" if gone else ""
    tail += f"WHEN MATCHED{newer} THEN UPDATE SET "
    tail += ", ".join([*values, *assignments(plan.changes.stale)])
    if not merge.filled:
        stays = f" AND {gone.lacks(STAGED)}" if gone else ""
        tail += f"\nWHEN NOT MATCHED{stays} THEN INSERT ({names_of(names)})\n"
        tail += f"  VALUES ({of_staged(*names)})"
    if merge.partition is None:
        return f"{head}\n{tail}"
    return pruned(head, merge.partition, PARTITIONS, tail)


def _updated(merge: MergePlan, name: str) -> str:
    """What a column of an updated row gets.

    A mark that says no time has that of the run which saw it first.
    """
    mark = merge.mark
    if mark is None or mark.timed or name.casefold() != DELETED_AT:
        return of_staged(name)
    return f"IF({of_staged(name)} IS NULL, NULL, COALESCE({of_table(name)}, {of_staged(name)}))"


def _partitions(merge: MergePlan) -> str:
    """The partitions of both sides, as a list of literals; NULL where nothing is pruned."""
    partition = merge.partition
    if partition is None:
        return "CAST(NULL AS STRING)"
    staged = f"SELECT {partition.of(STAGED)} AS p FROM {NEWEST} AS {STAGED} UNION DISTINCT "
    if not partition.is_staged:
        staged = ""
    return literals(partition, f"{staged}SELECT DISTINCT {PARTITION} AS p FROM {HELD}")
