"""Fields of documents → columns: names that stay the same run by run.

MongoDB allows any field name, BigQuery few. A column made for a field says so in its
description; so a later run finds it whatever its sample shows, and whatever it is called.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence

from auto_schema.bson_types import EXTRA, BsonField
from auto_schema.evolve import CurrentField
from auto_schema.names import column_fault, legal_suggestion

MARK = "MongoDB field "
EXTRA_MARK = "MongoDB fields without a column of their own"
_MARKED = re.compile(re.escape(MARK) + r'("(?:[^"\\]|\\.)*")')
_DIGITS = 6


def marked(path: str) -> str:
    """The description of a field's column.

    >>> marked("meta.updated_at")
    'MongoDB field "meta.updated_at"'
    """
    return EXTRA_MARK if path == EXTRA else MARK + json.dumps(path, ensure_ascii=False)


def field_of(column: CurrentField) -> str:
    """The field that a column was made for; empty when it says nothing of one.

    >>> field_of(CurrentField("n", "INT64", description='MongoDB field "a.b". Edited.'))
    'a.b'
    """
    if column.description.startswith(EXTRA_MARK):
        return EXTRA
    found = _MARKED.match(column.description)
    return str(json.loads(found.group(1))) if found else ""


def of_unsampled(_: CurrentField) -> BsonField:
    """A field that has a column but wasn't sampled: the column says how it is read."""
    return BsonField()


def column_names(paths: Sequence[str], current: Mapping[str, CurrentField]) -> dict[str, str]:
    """The column of each field.

    A field keeps its name where BigQuery takes it; else it gets a legal one that ends in six
    digits of its hash. Of fields that differ only in case, the one that has the column, or
    the first in order, keeps its name.

    Args:
        paths: the fields.
        current: the destination's columns by case-folded name.
    """
    names = {path: column.name for column in current.values() if (path := field_of(column))}
    names = {path: name for path, name in names.items() if path in paths}
    claimed = {name.casefold() for name in names.values()}
    others = {column.name for column in current.values() if not field_of(column)}
    rest = sorted(set(paths) - set(names), key=lambda path: (path not in others, path))
    for path in rest:
        wanted = path if not column_fault(path) else ""
        nested = path.replace(".", "_")
        if not wanted and "." in path and not column_fault(nested):
            wanted = nested
        known = current.get(wanted.casefold()) if wanted else None
        theirs = known is not None and bool(field_of(known))
        if not wanted or theirs or wanted.casefold() in claimed:
            wanted = _with_hash(path)
            known = current.get(wanted.casefold())
        names[path] = known.name if known is not None and not field_of(known) else wanted
        claimed.add(names[path].casefold())
    return names


def _with_hash(path: str) -> str:
    digits = hashlib.sha256(path.encode()).hexdigest()[:_DIGITS]
    return f"{legal_suggestion(path)[:200].rstrip('_')}_{digits}"
