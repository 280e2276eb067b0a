"""Parts of the scripts that compare rows by their keys: pure text."""

from collections.abc import Sequence

from auto_schema.names import (
    OURS,
    STAGED,
    TABLE,
    in_any_partition,
    of_staged,
    of_table,
    quoted,
    string_literal,
)
from auto_schema.told import HASH_DIGITS
from smart_sync.merge_plan import MergePartition, MergePlan
from smart_sync.plan import SyncPlan

_FORMATTERS = {  # %Y would write the year 1 as 1; a project may have a time zone of its own
    "DATE": ("FORMAT_DATE('%E4Y-%m-%d', p)", "'"),
    "DATETIME": ("FORMAT_DATETIME('%E4Y-%m-%d %H:%M:%S', p)", "'"),
    "TIMESTAMP": ("FORMAT_TIMESTAMP('%E4Y-%m-%d %H:%M:%S', p, 'UTC')", "+00'"),
}


UNKEYED = f"{OURS}unkeyed"
"""A variable of the scripts: the keys of the first row of the table that lacks one."""


def names_of(names: Sequence[str]) -> str:
    """Columns as a list of identifiers.

    >>> names_of(["id", "day"])
    '`id`, `day`'
    """
    return ", ".join(map(quoted, names))


def on_keys(keys: Sequence[str]) -> str:
    """Whether a row of `TABLE` and one of `STAGED` have the same keys; NULL where one is."""
    return " AND ".join(f"{of_table(key)} = {of_staged(key)}" for key in keys)


def joined_or_unkeyed(merge: MergePlan, others: str) -> str:
    """What rows of `TABLE` are joined with by their keys, where those without one stay as well.

    Args:
        merge: its keys, and the table's partitions, of which BigQuery may want to be told.
        others: a table, or a sub-query, whose rows all have keys.
    """
    unkeyed = " OR ".join(f"{of_table(key)} IS NULL" for key in merge.keys)
    met, anywhere = f"{of_staged(merge.keys[0])} IS NOT NULL OR {unkeyed}", ""
    if merge.partition:
        anywhere = f"({in_any_partition(of_table(merge.partition.field))}) AND "
    return f"LEFT JOIN {others} AS {STAGED} ON {on_keys(merge.keys)}\nWHERE {anywhere}({met})"


def unkeyed_row(keys: Sequence[str], table: str) -> str:
    """The keys of the first row of a table that lacks one, as JSON; NULL where each has all."""
    lacks = " OR ".join(f"{of_staged(key)} IS NULL" for key in keys)
    return f"(SELECT MIN({key_text(keys)}) FROM {table} AS {STAGED} WHERE {lacks})"


def as_named(alias: str, names: Sequence[str]) -> str:
    """Columns of a row under their own names.

    >>> as_named("s", ["id", "day"])
    's.`id` AS `id`, s.`day` AS `day`'
    """
    return ", ".join(f"{alias}.{quoted(name)} AS {quoted(name)}" for name in names)


def json_text(alias: str, names: Sequence[str]) -> str:
    """These columns of a row as JSON."""
    return f"TO_JSON_STRING(STRUCT({as_named(alias, names)}))"


def key_text(keys: Sequence[str]) -> str:
    """The keys of a row of `STAGED` as JSON, for a message."""
    return json_text(STAGED, keys)


def literals(partition: MergePartition, places: str) -> str:
    """A sub-query: partitions as a list of literals, NULL where there are none.

    Args:
        partition: by what the table is partitioned.
        places: a query of their first moments, named `p`.
    """
    formatted, end = _FORMATTERS[partition.kind]
    return (
        f'(SELECT STRING_AGG(CONCAT("{partition.kind} \'", {formatted},'
        f" \"{end}\"), ', ' ORDER BY p)\n"
        f"    FROM ({places}) WHERE p IS NOT NULL)"
    )


def pruned(head: str, partition: MergePartition, variable: str, tail: str) -> str:
    """A statement that reads some partitions only, said as constants when it runs.

    Args:
        head: it up to a condition that more can be added to by AND.
        partition: by what the table is partitioned; rows with NULL there are read, too.
        variable: that holds the list of `literals`.
        tail: what follows.
    """
    column, held = of_table(partition.field), escaped(partition.of(TABLE))
    return (
        f"EXECUTE IMMEDIATE CONCAT({block(f'{head}{chr(10)}  AND ({column} IS NULL')},\n"
        f"  IFNULL(CONCAT(' OR {held} IN (', {variable}, ')'), ''),\n"
        f"  {block(')' + chr(10) + tail)})"
    )


def raise_for(plan: SyncPlan, variable: str, message: str) -> str:
    """End the script with the message where a variable holds the first of some keys."""
    told = _with_key(plan, message, variable)
    return f"IF {variable} IS NOT NULL THEN\n  RAISE USING MESSAGE = {told};\nEND IF;\n"


def refuse_unkeyed(plan: SyncPlan) -> str:
    """End the script where the table has rows without a key: no row that comes would meet them."""
    message = (
        f"{plan.publishing.write_disposition}: a row of {plan.destination} has no value in a column"
        " of merge_keys (a key that was added later?), so that its next version would be added"
        " beside it. Nothing was published. To mend: fill that column, by one run with the"
        " merge_keys of before and backfill_columns=<the column> (in a table with several versions"
        " of a row by UPDATE); then delete rows that still lack it, as the source has them no more."
        " The first: "
    )
    return raise_for(plan, UNKEYED, message)


def _with_key(plan: SyncPlan, message: str, variable: str) -> str:
    """A message with the first key behind it, or its hash (see `auto_schema.told`)."""
    if plan.dead_letters.show_values:
        return f"CONCAT({string_literal(message)}, {variable})"
    hashed = f"SUBSTR(TO_HEX(SHA256({variable})), 1, {HASH_DIGITS})"
    return (
        f"CONCAT({string_literal(message + 'sha256 ')}, {hashed},"
        f" {string_literal(' (show_values=true shows it)')})"
    )


def escaped(text: str) -> str:
    """What stands in a literal between single quotes."""
    return text.replace("\\", "\\\\").replace("'", "\\'")


def block(text: str) -> str:
    """A literal over several lines, as it is read."""
    return f"'''{escaped(text)}'''"
