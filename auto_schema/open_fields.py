"""Fields of documents → columns: names and ways of writing that stay the same run by run.

MongoDB allows any field name, BigQuery few. A column made for a field says so in its
description, and in which form it holds the field; so a later run finds it, and writes it
alike, whatever its own sample shows.
"""

import hashlib
import json
import re
from collections.abc import Container, Iterable, Mapping, Sequence
from types import MappingProxyType

from auto_schema.evolve import CurrentField
from auto_schema.mongodb_types import EXTRA
from auto_schema.names import HASH_DIGITS, column_fault, hashed_name

MARK, HASHED = "MongoDB field ", "sha256 "
EXTRA_MARK = "MongoDB fields without a column of their own"
_MARKED = re.compile(
    re.escape(MARK) + rf'({HASHED})?("(?:[^"\\]|\\.)*")(?: as ([A-Za-z]+(?: text|:[0-9]+)?))?',
    re.DOTALL,
)
MOST_CHARACTERS = 800
"""Of a mark; BigQuery takes 1,024 for a whole description.

https://cloud.google.com/bigquery/docs/schemas#column_descriptions
"""
MOST_FIELDS = 2_000
"""Fields that get columns; the others are keys rather than names, and share one.

BigQuery takes 10,000 columns: https://cloud.google.com/bigquery/quotas#all_tables
"""


def marked(path: str, form: str = "") -> str:
    """The description of a field's column.

    >>> marked("meta.updated_at", "date")
    'MongoDB field "meta.updated_at" as date'
    """
    if path == EXTRA:
        return EXTRA_MARK
    text = json.dumps(path, ensure_ascii=False)
    if len(text) > MOST_CHARACTERS:
        text = HASHED + json.dumps(_hash(path))
    return MARK + text + (f" as {form}" if form else "")


def field_of(column: CurrentField, paths: Iterable[str] = ()) -> str | None:
    """The field that a column was made for; None when it says nothing of one.

    Args:
        column: of the destination.
        paths: fields among which one of a very long name is looked for.

    >>> field_of(CurrentField("n", "INT64", description='MongoDB field "a.b" as int. Edited.'))
    'a.b'
    """
    if column.description.startswith(EXTRA_MARK):
        return EXTRA
    mark = _MARKED.match(column.description)
    if not mark:
        return None
    try:
        text = str(json.loads(mark.group(2), strict=False))
    except ValueError:  # somebody edited it
        return None
    if mark.group(1):
        return next((path for path in paths if _hash(path) == text), None)
    return text


def form_in(column: CurrentField) -> str:
    """The form in which a column was made to hold its field; empty when it doesn't say.

    >>> form_in(CurrentField("n", "STRING", description='MongoDB field "n" as decimal text'))
    'decimal text'
    """
    mark = _MARKED.match(column.description)
    return (mark.group(3) or "") if mark else ""


def with_columns(
    counts: Mapping[str, int], current: Mapping[str, CurrentField], asked: Container[str] = ()
) -> frozenset[str]:
    """The fields that get a column: all that have one or were asked for, then the frequent.

    Args:
        counts: in how many documents of the sample each field was seen.
        current: the destination's columns by case-folded name.
        asked: fields that the parameters name.
    """
    if len(counts) <= MOST_FIELDS:
        return frozenset(counts)
    there = {EXTRA, *(field_of(column, counts) for column in current.values())}
    there |= {path for path in counts if path in asked or path.casefold() in current}
    first = [path for path in counts if path in there]
    rest = sorted(set(counts) - set(first), key=lambda path: (-counts[path], path))
    return frozenset(first + rest[: max(MOST_FIELDS - len(first), 0)])


def column_names(
    paths: Sequence[str],
    current: Mapping[str, CurrentField],
    nested: Container[str] = (),
    counts: Mapping[str, int] = MappingProxyType({}),
) -> dict[str, str]:
    """The column of each field.

    A field that has a column keeps it. Else it keeps its name where BigQuery takes it and no
    other column has it; else it gets a legal one that ends in digits of its hash. Of fields
    that differ only in case, the most frequent keeps its name, or else the first in order.

    Args:
        paths: the fields.
        current: the destination's columns by case-folded name.
        nested: those that lie within documents: they take `_` for the dots of their path.
        counts: in how many documents of the sample each field was seen.
    """
    owners = {column.name: field_of(column, paths) for column in current.values()}
    names = {path: name for name, path in owners.items() if path is not None and path in paths}
    taken = {name.casefold() for name, path in owners.items() if path is not None}
    unmarked = {name.casefold(): name for name, path in owners.items() if path is None}
    rest = [path for path in paths if path not in names]
    for path in sorted(rest, key=lambda path: _turn(path, unmarked, counts.get(path, 0))):
        plain = path.replace(".", "_") if path in nested else path
        plain = "" if column_fault(plain) else plain
        candidates = [plain, *(hashed_name(path, n) for n in range(HASH_DIGITS, 65, 2))]
        wanted = next(name for name in candidates if name and name.casefold() not in taken)
        names[path] = unmarked.get(wanted.casefold(), wanted)
        taken.add(wanted.casefold())
    return names


def _turn(path: str, unmarked: Mapping[str, str], count: int) -> tuple[bool, bool, bool, int, str]:
    """Who chooses first: who finds its very name there, the extra column, then legal names."""
    there = unmarked.get(path.casefold()) == path
    return not there, path != EXTRA, bool(column_fault(path)), -count, path


def _hash(path: str) -> str:
    return hashlib.sha256(path.encode("utf-8", "surrogatepass")).hexdigest()
