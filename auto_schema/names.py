"""Legal BigQuery names, labels and identifiers; a collision is an error.

Column rules: https://cloud.google.com/bigquery/docs/schemas#column_names
"""

import json
import re
from collections.abc import Iterable
from datetime import date, datetime

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


def name_faults(names: Iterable[str]) -> list[SyncError]:
    """One SchemaError for each illegal name and each pair that BigQuery can't tell apart."""
    faults: list[SyncError] = []
    seen: dict[str, str] = {}
    for name in names:
        if why := column_fault(name):
            faults.append(
                SchemaError(
                    "column name that BigQuery refuses",
                    f"column {shown(name)}",
                    why,
                    "rename it with transformation_config="
                    f'{{"field_mappings": {{{_json(name)}: {_json(legal_suggestion(name))}}}}}'
                    " or with AS in the query.",
                )
            )
        folded = name.casefold()
        if folded in seen:
            faults.append(
                SchemaError(
                    "two columns with one name",
                    f"columns {shown(seen[folded])} and {shown(name)}",
                    "BigQuery tells names apart without regard to case",
                    "rename one of them with field_mappings in transformation_config"
                    " or with AS in the query.",
                )
            )
        seen.setdefault(folded, name)
    return faults


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
