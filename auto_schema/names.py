"""Legal BigQuery names, labels and identifiers; a collision is an error.

Column rules: https://cloud.google.com/bigquery/docs/schemas#column_names
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from types import MappingProxyType

from auto_schema.errors import SchemaError, SyncError, shown

MAX_COLUMN_CHARACTERS = 300
FORBIDDEN_PREFIXES = (
    "_table_",
    "_file_",
    "_partition",
    "_row_timestamp",
    "__root__",
    "_colidentifier",
)
OURS = "_smart_sync_"
"""What our aliases and temporary tables begin with: no column may, so that none is taken for one.

GoogleSQL prefers a table's alias to a column of its name, and without AS a table's last name
is its alias: beside either, a bare column of that name would mean the whole row.
"""
TABLE, STAGED = f"{OURS}table", f"{OURS}staged"
"""Aliases of the destination and of staged rows."""
SYNC_SOURCE = "sync_source"
"""The label of a table that a sync fills: which source that is."""
HASH_DIGITS = 6
NO_NAMES: Mapping[str, str] = MappingProxyType({})
_COLUMN = re.compile(r"[^\W\d][\w]*", re.UNICODE)
_FOLDED = re.compile(r"[^\S ]|(?<= ) ")
_LABEL = re.compile(r"[^a-z0-9_-]")


def column_fault(name: str) -> str:
    """Why BigQuery refuses a column name; empty when it doesn't.

    >>> column_fault("order date")
    "only letters, digits and '_' may stand in it, and no digit first"
    >>> column_fault("größe")
    ''
    """
    if not name:
        return "it is empty"
    if len(name) > MAX_COLUMN_CHARACTERS:
        return f"it has {len(name)} characters, the most is {MAX_COLUMN_CHARACTERS}"
    if name.casefold().startswith(FORBIDDEN_PREFIXES):
        return "BigQuery keeps that prefix for itself"
    if name.casefold().startswith(OURS):
        return "Smart Sync's own statements keep that prefix for themselves"
    if not _COLUMN.fullmatch(name):
        return "only letters, digits and '_' may stand in it, and no digit first"
    return ""


def legal_suggestion(name: str) -> str:
    """A legal name near an illegal one, for the message only.

    >>> legal_suggestion("2nd order-date")
    '_2nd_order_date'
    """
    text = re.sub(r"\W", "_", name) or "column"
    text = f"_{text}" if text[0].isdigit() else text
    if text.casefold().startswith((*FORBIDDEN_PREFIXES, OURS)):
        text = "col" + text
    return text[:MAX_COLUMN_CHARACTERS]


def hashed_name(name: str, digits: int = HASH_DIGITS) -> str:
    """A legal name that depends on nothing but the name it stands for.

    >>> hashed_name("order date")
    'order_date_ad8704'
    """
    hashed = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{legal_suggestion(name)[:200].rstrip('_')}_{hashed[:digits]}"


def new_names(
    names: Iterable[str], given: Mapping[str, str], there: Collection[str]
) -> dict[str, str]:
    """Legal names for those of a source's columns that need another (`rename_columns=auto`).

    Each depends on the column's own name, and on what the destination has: so a column that is
    added to the source later changes no name that an earlier run gave. Where the destination has
    a column that could be of either of two, both keep their names, which is a fault.

    Args:
        names: of the source's columns.
        given: the names that the operator gives, by the source's; they stay.
        there: the destination's columns.

    >>> new_names(["order date", "Name", "name", "id"], {}, ["name", "id"])
    {'order date': 'order_date_ad8704', 'Name': 'Name_dcd1d5'}
    """
    names = list(dict.fromkeys(names))
    counts = Counter(given.get(name, name).casefold() for name in names)
    taken = {name.casefold() for name in given.values()}
    owned = {name.casefold() for name in names if name in there}
    unowned = {name.casefold() for name in there} - owned  # of whichever case it was made
    renamed = {}
    for name in names:
        folded, hashed = name.casefold(), hashed_name(name)
        stays = name in there and folded not in taken
        stays = stays or (hashed not in there and (counts[folded] == 1 or folded in unowned))
        if name not in given and (column_fault(name) or not stays):
            renamed[name] = hashed
    return renamed


def name_faults(names: Iterable[str], given: Mapping[str, str] = NO_NAMES) -> list[SyncError]:
    """One SchemaError for all illegal names and all that BigQuery can't tell apart, with one mend.

    Args:
        names: of the destination's columns.
        given: the names that the operator gives, by the source's.
    """
    names = list(names)
    told, refused, seen = list[str](), list[str](), dict[str, str]()
    for name in names:
        if why := column_fault(name):
            told.append(f"{shown(name)}: {why}")
            refused.append(name)
        elif (folded := name.casefold()) in seen:
            pair = f"{shown(seen[folded])} and {shown(name)}"
            told.append(f"{pair}: BigQuery tells names apart without regard to case")
            refused.append(name)
        seen.setdefault(name.casefold(), name)
    if not refused:
        return []
    what = "column names that BigQuery refuses"
    by_itself = "" if set(refused) <= set(given.values()) else "set rename_columns=auto, or "
    fix = f"{by_itself}rename with transformation_config={_mended(names, refused, given)}"
    where = f"{len(refused)} of {len(names)} columns"
    return [SchemaError(what, where, "; ".join(told), f"{fix} or with AS in the query.")]


def _mended(names: Sequence[str], refused: Sequence[str], given: Mapping[str, str]) -> str:
    """A transformation_config that gives each refused name another, and keeps what was given."""
    back, mappings = {new: old for old, new in given.items()}, dict(given)
    taken = {name.casefold() for name in names}
    for name in refused:
        candidates = [legal_suggestion(name), *(hashed_name(name, n) for n in range(6, 65, 2))]
        new = next(name for name in candidates if name.casefold() not in taken)
        mappings[back.get(name, name)] = new
        taken.add(new.casefold())
    pairs = ", ".join(f"{_json(old)}: {_json(new)}" for old, new in mappings.items())
    return f'{{"field_mappings": {{{pairs}}}}}'


def _json(text: str) -> str:
    """As JSON that is the same after white space has been folded for a line of output."""
    return _FOLDED.sub(
        lambda space: f"\\u{ord(space[0]):04x}", json.dumps(text, ensure_ascii=False)
    )


def label(text: str) -> str:
    """A legal label value: lower case, [a-z0-9_-], at most 63 characters.

    >>> label("Orders: Größe")
    'orders__gr__e'
    """
    return _LABEL.sub("_", text.lower())[:63]


def quoted(*path: str) -> str:
    """A BigQuery identifier in backticks.

    >>> quoted("p", "d", "t")
    '`p.d.t`'
    """
    return "`" + ".".join(path).replace("\\", "\\\\").replace("`", "\\`") + "`"


def of_table(*names: str) -> str:
    """Columns of the destination, named `TABLE` in the statement.

    >>> of_table("id", "day")
    '_smart_sync_table.`id`, _smart_sync_table.`day`'
    """
    return ", ".join(f"{TABLE}.{quoted(name)}" for name in names)


def of_staged(*names: str) -> str:
    """Columns of staged rows, named `STAGED` in the statement."""
    return ", ".join(f"{STAGED}.{quoted(name)}" for name in names)


def in_any_partition(column: str) -> str:
    """A condition on the partition column that drops no row, for a table that wants one in WHERE.

    >>> in_any_partition("`day`")
    '`day` IS NULL OR `day` IS NOT NULL'
    """
    return f"{column} IS NULL OR {column} IS NOT NULL"


def string_literal(text: str) -> str:
    r"""A BigQuery string literal.

    >>> print(string_literal('say "hi"\n'))
    "say \"hi\"\n"
    """
    escaped = (
        text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")
    )
    return f'"{escaped}"'


def stamp_literal(kind: str, value: date) -> str:
    """A date or time as a literal of GoogleSQL, exact to the microsecond.

    Args:
        kind: DATE, which leaves out the time of day, DATETIME or TIMESTAMP.
        value: of a TIMESTAMP in UTC.

    >>> stamp_literal("TIMESTAMP", datetime(2025, 7, 22)), stamp_literal("DATE", date(1, 2, 3))
    ("TIMESTAMP '2025-07-22 00:00:00+00'", "DATE '0001-02-03'")
    """
    if not isinstance(value, datetime):
        return f"{kind} '{value.isoformat()}'"
    if kind == "DATE":
        return f"DATE '{value.date().isoformat()}'"
    zone = "+00" if kind == "TIMESTAMP" else ""
    return f"{kind} '{value.replace(tzinfo=None).isoformat(sep=' ')}{zone}'"
