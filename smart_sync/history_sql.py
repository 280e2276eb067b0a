"""The script of WRITE_HISTORY: each staged version once, in its place among those of its key.

    versions  one staged row per key and cursor, and whether rows of those differ
    ends      the versions of those keys, held or staged, and until when each of them holds
    one look  at both: what ends the run, the partitions that are touched, how many rows change
    compared  only where a staged version is there already: how many of them have other content
    MERGE     with those partitions as constants, so that BigQuery reads no others

A version holds until the next one of its key. Where the table says that it ended before that, its
key was gone meanwhile: that end stays, and a version that comes to lie before it takes it over.
"""

from collections.abc import Callable

from auto_schema.names import OURS, STAGED, TABLE, of_staged, of_table, quoted
from smart_sync.history_plan import IS_CURRENT, VALID_FROM, VALID_TO, HistoryPlan
from smart_sync.key_text import (
    UNKEYED,
    as_named,
    block,
    joined_or_unkeyed,
    json_text,
    key_text,
    literals,
    names_of,
    on_keys,
    pruned,
    raise_for,
    refuse_unkeyed,
    unkeyed_row,
)
from smart_sync.load_columns import compared_names
from smart_sync.merge_plan import MergePlan
from smart_sync.merge_sql import (
    DIFFERING,
    DOUBLED,
    PARTITION,
    PARTITIONS,
    VARIES,
    as_it_is,
    refuse_differing,
    set_differing,
    varying,
)
from smart_sync.missing_sql import DELETED
from smart_sync.plan import SyncPlan
from smart_sync.stale_columns import assignments, clearing
from smart_sync.vanished_sql import FROM, HELD, UNTIL, VANISHED, vanished

VERSIONS, ENDS = f"{OURS}versions", f"{OURS}ends"
TO, OPEN = f"{OURS}to", f"{OURS}open"
"""Of a version: its end as the table has it, and whether it is open there."""
IS_STAGED, MOVED, NEXT, KNOWN = (
    f"{OURS}is_staged",
    f"{OURS}moved",
    f"{OURS}next",
    f"{OURS}known",
)
"""Whether it is staged; whether its end moves; where the next one
begins; and to which version of the table it lies next."""
SAME, SAME_PARTITIONS = f"{OURS}same", f"{OURS}same_partitions"
ADDED, ENDED, REPLACED = f"{OURS}added", f"{OURS}ended", f"{OURS}replaced"
"""The script's variables, beside those of a merge."""


def history_script(
    plan: SyncPlan,
    merge: MergePlan,
    history: HistoryPlan,
    items: str,
    first: str,
    around: Callable[[str], str] = as_it_is,
) -> str:
    """The whole script; its last statement tells how many rows the MERGE must have touched.

    Args:
        plan: the run's, of mode HISTORY.
        merge: keys and pruning.
        history: the columns of versions.
        items: the columns of staged rows in the destination's types.
        first: statements that add columns, each with its `;`.
        around: what is done in one with the MERGE, and with it.
    """
    counted = {SAME: _is_same(), ADDED: f"{HELD} = 0", ENDED: MOVED}
    missing, lost, beside = plan.publishing.missing, "", ""
    if missing is not None and missing.is_needed:
        lost = vanished(plan, missing, merge, VERSIONS)
        gone = f"SELECT {names_of(merge.keys)}, {FROM}, {UNTIL}, {PARTITION}, {HELD}, FALSE, TRUE"
        beside = f"\nUNION ALL\n{gone}\nFROM {VANISHED}"
    look = {
        DIFFERING: f"(SELECT MIN({key_text(merge.keys)}) FROM {VERSIONS} AS {STAGED}"
        f" WHERE {VARIES})",
        UNKEYED: unkeyed_row(merge.keys, ENDS),
        DOUBLED: f"(SELECT MIN({key_text(merge.keys)}) FROM {ENDS} AS {STAGED}\n"
        f"    WHERE {HELD} > 1 OR {FROM} IS NULL)",
        PARTITIONS: _partitions(merge, f"{IS_STAGED} OR {MOVED}"),
        SAME_PARTITIONS: _partitions(merge, _is_same()),
        **{name: f"(SELECT COUNTIF({which}) FROM {ENDS})" for name, which in counted.items()},
    }
    numbers = [*counted, *([DELETED] if lost else [])]
    if lost:
        look[DELETED] = f"(SELECT COUNTIF({UNTIL} IS NOT NULL) FROM {VANISHED})"
    answers = ",\n".join(f"  {value} AS {name}" for name, value in look.items())
    cleared = clearing(plan.changes.stale, plan.destination, merge.partition_field)
    return (
        f"DECLARE {DIFFERING}, {UNKEYED}, {DOUBLED}, {PARTITIONS}, {SAME_PARTITIONS} STRING;\n"
        f"DECLARE {', '.join(numbers)} INT64;\nDECLARE {REPLACED} INT64 DEFAULT 0;\n"
        f"{first}CREATE TEMP TABLE {VERSIONS} AS\n{_versions(plan, merge, history, items)};\n"
        f"{lost}CREATE TEMP TABLE {ENDS} AS\n{_ends(plan, merge, history, beside)};\n"
        f"EXECUTE IMMEDIATE {block('SELECT' + chr(10) + answers)}\n  INTO {', '.join(look)};\n"
        f"{refuse_differing(plan)}{refuse_unkeyed(plan)}{_refuse_doubled(plan)}"
        f"{around(cleared + _count_replaced(plan, merge, history) + _merge(plan, merge, history))}"
        f"SELECT {ADDED} + {ENDED} + {REPLACED} AS expected,"
        f" {ADDED} AS added, {ENDED} AS ended, {REPLACED} AS replaced"
        f"{f', {DELETED} AS deleted' if lost else ''};"
    )


def history_create_script(
    plan: SyncPlan, merge: MergePlan, history: HistoryPlan, create: str
) -> str:
    """For a table that this run makes: the same check, then the table, then the count."""
    told_apart = names_of([*merge.keys, history.cursor])
    return (
        f"DECLARE {DIFFERING} STRING;\n"
        f"{set_differing(plan, merge)}{refuse_differing(plan)}{create};\n"
        f"SELECT COUNT(*) AS expected, COUNT(*) AS added, 0 AS ended, 0 AS replaced FROM"
        f" (SELECT DISTINCT {told_apart} FROM {plan.rows_table.sql});"
    )


def versions_of(merge: MergePlan, history: HistoryPlan, select: str) -> str:
    """The rows of a table that is made: each staged version once, with its own columns behind."""
    keys, cursor = names_of(merge.keys), quoted(history.cursor)
    follows = f"LEAD({cursor}) OVER (PARTITION BY {keys} ORDER BY {cursor})"
    return (
        f"SELECT *, {cursor} AS {quoted(VALID_FROM)}, {follows} AS {quoted(VALID_TO)},\n"
        f"  {follows} IS NULL AS {quoted(IS_CURRENT)}\n"
        f"FROM (\n{_each_once(merge, history, select)}\n)"
    )


def _each_once(merge: MergePlan, history: HistoryPlan, select: str) -> str:
    """One of equal rows: rows of one key and cursor are equal, or the run ends."""
    cursor = quoted(history.cursor)
    by = f"PARTITION BY {names_of(merge.keys)}, {cursor} ORDER BY {cursor}"
    return f"{select}\nWHERE TRUE\nQUALIFY ROW_NUMBER() OVER ({by}) = 1"


def _versions(plan: SyncPlan, merge: MergePlan, history: HistoryPlan, items: str) -> str:
    staged = varying(plan, (*merge.keys, history.cursor), items)
    return _each_once(merge, history, f"SELECT *\nFROM {staged}")


def _ends(plan: SyncPlan, merge: MergePlan, history: HistoryPlan, beside: str) -> str:
    """The versions of the staged keys, and until when each of them holds; and others beside."""
    keys = names_of(merge.keys)
    by_key = f"PARTITION BY {keys} ORDER BY {FROM}"
    moved = f"{TO} IS DISTINCT FROM {UNTIL} OR {OPEN} IS DISTINCT FROM ({UNTIL} IS NULL)"
    return (
        f"SELECT {keys}, {FROM}, {UNTIL}, {PARTITION}, {HELD}, {IS_STAGED},"
        f" {HELD} > 0 AND ({moved}) AS {MOVED}\n"
        f"FROM (\nSELECT * EXCEPT ({TO}), {_end(plan)} AS {UNTIL},\n"
        f"  IF({HELD} > 0, {TO}, NULL) AS {TO}\n"
        f"FROM (\nSELECT * EXCEPT ({TO}), MAX({TO}) OVER (PARTITION BY {keys}, {KNOWN}) AS {TO}\n"
        f"FROM (\nSELECT *, LEAD({FROM}) OVER ({by_key}) AS {NEXT},\n"
        f"  COUNTIF({HELD} > 0) OVER ({by_key} ROWS UNBOUNDED PRECEDING) AS {KNOWN}\n"
        f"FROM (\n{_each_version(plan, merge, history)}\n)))){beside}"
    )


def _end(plan: SyncPlan) -> str:
    """Until when a version holds: the next one's beginning, or where its key went before that.

    `TO` is here the end of the newest version of the table that isn't later than this one. Where
    vanished keys end, the source still has what was read of it: its newest version is open.
    """
    last = f"NOT {IS_STAGED}" if _vanished_end(plan) else "TRUE"
    ended = f"{TO} > {FROM} OR ({TO} = {FROM} AND {HELD} > 0)"
    is_gap = f"IF({NEXT} IS NULL, {last}, {TO} < {NEXT})"
    return f"IF(({ended}) AND {is_gap}, {TO}, {NEXT})"


def _vanished_end(plan: SyncPlan) -> bool:
    """Whether the versions of vanished keys end: then the source still has what is staged."""
    return plan.publishing.missing is not None and plan.publishing.missing.ends


def _each_version(plan: SyncPlan, merge: MergePlan, history: HistoryPlan) -> str:
    """Each version of the staged keys once, be it held, staged, or both."""
    keys = names_of(merge.keys)
    partition = merge.partition.of(TABLE) if merge.partition else "CAST(NULL AS STRING)"
    return (
        f"SELECT {keys}, {FROM}, MAX({TO}) AS {TO}, LOGICAL_OR({OPEN}) AS {OPEN},\n"
        f"  MAX({PARTITION}) AS {PARTITION}, COUNTIF({HELD}) AS {HELD},"
        f" LOGICAL_OR(NOT {HELD}) AS {IS_STAGED}\n"
        f"FROM (\n  SELECT {as_named(TABLE, merge.keys)},\n"
        f"    {of_table(VALID_FROM)} AS {FROM}, {of_table(VALID_TO)} AS {TO},"
        f" {of_table(IS_CURRENT)} AS {OPEN},\n    {partition} AS {PARTITION}, TRUE AS {HELD}\n"
        f"    FROM {plan.destination.sql} AS {TABLE}\n"
        f"{joined_or_unkeyed(merge, f'(SELECT DISTINCT {keys} FROM {VERSIONS})')}\n"
        f"  UNION ALL\n  SELECT {keys}, {quoted(history.cursor)}, NULL, NULL, NULL, FALSE\n"
        f"    FROM {VERSIONS}\n)\nGROUP BY {keys}, {FROM}"
    )


def _is_same() -> str:
    """Of a version that is staged, and is there with the end that it keeps."""
    return f"{HELD} > 0 AND {IS_STAGED} AND NOT {MOVED}"


def _partitions(merge: MergePlan, which: str) -> str:
    """The partitions in which the table has some versions, as a list of literals."""
    if merge.partition is None:
        return "CAST(NULL AS STRING)"
    places = f"SELECT DISTINCT {PARTITION} AS p FROM {ENDS} WHERE {HELD} > 0 AND ({which})"
    return literals(merge.partition, places)


def _refuse_doubled(plan: SyncPlan) -> str:
    message = (
        f"WRITE_HISTORY: {plan.destination} holds a version more than once, or a row without"
        f" {VALID_FROM}. Nothing was published. To mend: leave one row of each merge_keys and"
        f" {VALID_FROM} in the table. The first: "
    )
    return raise_for(plan, DOUBLED, message)


def _count_replaced(plan: SyncPlan, merge: MergePlan, history: HistoryPlan) -> str:
    """Add how many of the versions that are there already have been read with other content."""
    if plan.publishing.replay is not None:  # they stay as they are
        return ""
    head = (
        f"SELECT COUNT(*) FROM {plan.destination.sql} AS {TABLE}\n"
        f"JOIN {ENDS} AS {OURS}end ON {_on(merge, f'{OURS}end', FROM)}\n"
        f"JOIN {VERSIONS} AS {STAGED} ON {_on(merge, STAGED, history.cursor)}\n"
        f"WHERE {_differs(plan)} AND {_is_same()}"
    )
    if merge.partition is None:
        asked = f"EXECUTE IMMEDIATE {block(head)}"
    else:
        asked = pruned(head, merge.partition, SAME_PARTITIONS, "")
    return f"IF {SAME} > 0 THEN\n{asked}\n  INTO {REPLACED};\nEND IF;\n"


def _on(merge: MergePlan, alias: str, name: str) -> str:
    """Whether a row of the table and one of another table are of one version."""
    same = [f"{of_table(key)} = {alias}.{quoted(key)}" for key in merge.keys]
    return " AND ".join([*same, f"{of_table(VALID_FROM)} = {alias}.{quoted(name)}"])


def _differs(plan: SyncPlan) -> str:
    """Whether a version of the table has other content than the staged one."""
    names = compared_names(plan.schema)
    return f"{json_text(TABLE, names)} != {json_text(STAGED, names)}"


def _merge(plan: SyncPlan, merge: MergePlan, history: HistoryPlan) -> str:
    names = [column.name for column in plan.schema]
    others = [name for name in names if name not in merge.keys]
    ends = [f"{quoted(VALID_TO)} = {STAGED}.{UNTIL}"]
    ends.append(f"{quoted(IS_CURRENT)} = ({STAGED}.{UNTIL} IS NULL)")
    replaced = [f"{quoted(name)} = {of_staged(name)}" for name in names]
    replaced += [*assignments(plan.changes.stale), *ends]
    content = ", ".join(f"{VERSIONS}.{quoted(name)}" for name in others)
    keys = ", ".join(f"{ENDS}.{quoted(key)}" for key in merge.keys)
    joined = " AND ".join(
        [f"{ENDS}.{quoted(key)} = {VERSIONS}.{quoted(key)}" for key in merge.keys]
        + [f"{ENDS}.{FROM} = {VERSIONS}.{quoted(history.cursor)}"]
    )
    head = (
        f"MERGE {plan.destination.sql} AS {TABLE}\n"
        f"USING (SELECT {keys}, {content},\n"
        f"    {', '.join(f'{ENDS}.{name}' for name in (FROM, UNTIL, IS_STAGED, MOVED))}\n"
        f"  FROM {ENDS} LEFT JOIN {VERSIONS} ON {joined}\n"
        f"  WHERE {ENDS}.{IS_STAGED} OR {ENDS}.{MOVED}) AS {STAGED}\n"
        f"ON {_on(merge, STAGED, FROM)}"
    )
    tail = (
        f"WHEN MATCHED AND {STAGED}.{IS_STAGED} AND {_differs(plan)}"
        f" THEN UPDATE SET {', '.join(replaced)}\n"
    )
    if plan.publishing.replay is not None:  # its row was read before, and the table's stays
        tail = ""
    tail += (
        f"WHEN MATCHED AND {STAGED}.{MOVED} THEN UPDATE SET {', '.join(ends)}\n"
        f"WHEN NOT MATCHED AND {STAGED}.{IS_STAGED} THEN"
        f" INSERT ({names_of([*names, VALID_FROM, VALID_TO, IS_CURRENT])})\n"
        f"  VALUES ({of_staged(*names)}, {STAGED}.{FROM}, {STAGED}.{UNTIL},"
        f" {STAGED}.{UNTIL} IS NULL)"
    )
    if merge.partition is None:
        return f"{head}\n{tail}"
    return pruned(head, merge.partition, PARTITIONS, tail)


def current_afterwards(
    plan: SyncPlan, merge: MergePlan, history: HistoryPlan, coming: str, staying: str, there: str
) -> str:
    """The current versions as they will be.

    Args:
        plan: the run's.
        merge: the keys.
        history: the columns of versions.
        coming: a query of the newest staged row of each key.
        staying: one of all rows of the table, up to a condition that more can be added to by AND.
        there: what stands behind FROM for those rows, likewise.
    """
    if history.added:  # it has no row
        return coming
    cursor, same = of_staged(history.cursor), on_keys(merge.keys)
    replays = plan.publishing.replay is not None
    takes_place = f"{cursor} {'>' if replays else '>='} {of_table(VALID_FROM)}"
    ended = f"{of_table(VALID_FROM)} > {cursor}"
    if not _vanished_end(plan):
        ended += f" OR {of_table(VALID_TO)} > {cursor}"
    if replays:
        ended += f" OR {of_table(VALID_FROM)} = {cursor}"
    return (
        f"{staying} AND {of_table(IS_CURRENT)} AND NOT EXISTS (SELECT 1 FROM (\n{coming}) AS"
        f" {STAGED}\n  WHERE {same} AND {takes_place})\nUNION ALL\n"
        f"SELECT {STAGED}.* FROM (\n{coming}) AS {STAGED}\n"
        f"WHERE NOT EXISTS (SELECT 1 FROM {there} AND {same} AND ({ended}))"
    )
