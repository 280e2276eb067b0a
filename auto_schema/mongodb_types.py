"""The type table of MongoDB: which BSON types a field may hold → Arrow → BigQuery.

BSON says a value's type, not a field's: so a field is what a sample shows, joined. The
join is the narrowest form that holds every type seen, exactly; where there is none it is
JSON, in which each value keeps its type.

BSON's types by their names in MongoDB:
https://www.mongodb.com/docs/manual/reference/bson-types/
"""

from collections.abc import Mapping
from types import MappingProxyType

import pyarrow as pa

from auto_schema.bson_fields import BsonField, FieldSample
from auto_schema.postgresql_types import ARRAY_LOSS
from auto_schema.schema import Column
from auto_schema.type_rules import TypeRule
from auto_schema.warehouse_types import (
    BIGNUMERIC_ARROW,
    NULLABLE,
    NUMERIC_ARROW,
    REPEATED,
    UTC_MICROS,
    fits,
)
from auto_schema.widening import is_made

CODES: Mapping[int, str] = MappingProxyType(
    {
        0x01: "double",
        0x02: "string",
        0x03: "object",
        0x04: "array",
        0x05: "binData",
        0x06: "undefined",
        0x07: "objectId",
        0x08: "bool",
        0x09: "date",
        0x0A: "null",
        0x0B: "regex",
        0x0C: "dbPointer",
        0x0D: "javascript",
        0x0E: "symbol",
        0x0F: "javascriptWithScope",
        0x10: "int",
        0x11: "timestamp",
        0x12: "long",
        0x13: "decimal",
        0x7F: "maxKey",
        0xFF: "minKey",
    }
)
"""A type's byte in BSON → its name in `$type`."""
UUID, LEGACY_UUID = "binData:4", "binData:3"
EXTRA = "_extra"
"""The column of fields that no column was planned for."""

_EXTENDED = "key order, int from long; a type JSON lacks is written as"
FORMS: Mapping[str, TypeRule] = MappingProxyType(
    {
        rule.source: rule
        for rule in (
            TypeRule("bool", "bool", pa.bool_(), "BOOL"),
            TypeRule("int", "int, long", pa.int64(), "INT64", "which of the two it was"),
            TypeRule(
                "double",
                "double, int, long",
                pa.float64(),
                "FLOAT64",
                "integers become doubles; a long that none holds is a dead letter",
            ),
            TypeRule(
                "decimal",
                "decimal, int, long",
                BIGNUMERIC_ARROW,
                "BIGNUMERIC",
                "trailing zeros, the sign of zero; NaN and infinity become dead letters",
            ),
            TypeRule("decimal text", "decimal, int, long", pa.string(), "STRING"),
            TypeRule("string", "string", pa.string(), "STRING"),
            TypeRule("symbol", "symbol, string", pa.string(), "STRING", "which of the two it was"),
            TypeRule("text", "string, symbol, objectId, UUID", pa.string(), "STRING"),
            TypeRule("javascript", "javascript", pa.string(), "STRING"),
            TypeRule("objectId", "objectId as 24 hex digits", pa.string(), "STRING"),
            TypeRule(
                "date",
                "date",
                UTC_MICROS,
                "TIMESTAMP",
                "years before 1 and after 9999 become dead letters",
            ),
            TypeRule("binData", "binData of one subtype", pa.binary(), "BYTES"),
            TypeRule(
                "uuid",
                "binData of subtype 4 (or 3)",
                pa.string(),
                "STRING",
                "one that is not 16 bytes long becomes a dead letter",
            ),
            TypeRule("json", "anything", pa.string(), "JSON", f'{_EXTENDED} {{"$oid": …}}'),
            TypeRule("json text", "anything", pa.string(), "STRING", ""),
        )
    }
)
"""Form → what it reads, how it is staged, what it becomes.

In all but JSON, null and a missing field are both NULL.
"""
_ALONE: Mapping[str, str] = MappingProxyType(
    {
        "bool": "bool",
        "int": "int",
        "long": "int",
        "double": "double",
        "decimal": "decimal",
        "string": "string",
        "symbol": "symbol",
        "javascript": "javascript",
        "objectId": "objectId",
        "date": "date",
        UUID: "uuid",
    }
)
"""The form of a field that holds one type only; those not here become JSON."""
REPEATABLE = frozenset({"bool", "int", "double", "string", "objectId", "date", "uuid"})


def form_of(sample: FieldSample) -> tuple[str, str, str]:
    """The form, the mode and the reason for a field as the sample shows it."""
    types = sample.types
    if types == {"array"} and "null" not in sample.counts:
        return _array_form(sample)
    if len(types) == 1:
        return _form_of_one(next(iter(types)), sample)
    if types <= {"int", "long", "double", "decimal"}:
        form, why = _number_form(types, sample)
        return form, NULLABLE, why
    if types == {"string", "symbol"}:
        return "symbol", NULLABLE, "symbols are texts"
    return "json", NULLABLE, "mixed types: each value keeps its own in JSON"


def _form_of_one(name: str, sample: FieldSample) -> tuple[str, str, str]:
    if name == "decimal":
        form, why = _number_form(frozenset({name}), sample)
        return form, NULLABLE, why
    if name.startswith("binData:") and name != UUID:
        return f"binData:{name.partition(':')[2]}", NULLABLE, ""
    form = _ALONE.get(name, "json")
    why = "" if form != "json" or name in ("object", "array") else f"{name} keeps its type in JSON"
    return form, NULLABLE, why


def _number_form(types: frozenset[str], sample: FieldSample) -> tuple[str, str]:
    if "decimal" not in types:
        if "double" not in types:
            return "int", "int and long are both INT64"
        if sample.beyond_double:
            return "json", "some long has more digits than a double holds"
        return "double", "all integers seen are doubles too"
    if "double" in types:
        return "json", "a double is no decimal, and a decimal no double"
    if sample.is_finite and fits("BIGNUMERIC", sample.integer_digits, sample.scale):
        return "decimal", ""
    why = "NaN or infinity" if not sample.is_finite else "more digits than BIGNUMERIC holds"
    return "decimal text", f"{why} were seen"


def _array_form(sample: FieldSample) -> tuple[str, str, str]:
    items = FieldSample(sample.items, beyond_double=sample.beyond_double)
    if not items.counts:
        return "json", NULLABLE, "only empty arrays were seen"
    form = form_of(items)[0] if "array" not in items.types else "json"
    if "null" in items.counts or form not in REPEATABLE:
        return "json", NULLABLE, f"arrays of {items.display}"
    return form, REPEATED, f"arrays of {items.display} only"


_OF_DESTINATION: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "BOOL": ("bool",),
        "INT64": ("int",),
        "FLOAT64": ("double",),
        "NUMERIC": ("decimal",),
        "BIGNUMERIC": ("decimal",),
        "STRING": ("string", "objectId", "uuid", "symbol", "javascript", "text"),
        "TIMESTAMP": ("date",),
        "BYTES": ("binData:0",),
        "JSON": ("json",),
    }
)
"""The forms that a column of the destination can take, the likeliest first."""


_CURSOR_FORMS = MappingProxyType({"timestamptz": "date", "int8": "int", "objectId": "objectId"})
"""A cursor's type → the form of its column, whatever else a sample shows there."""


def arrow_of(form: str) -> pa.DataType:
    """The type in which a form is staged."""
    return FORMS[form.partition(":")[0]].arrow


def type_of_form(form: str) -> str:
    """The BigQuery type of a column that is of a form.

    >>> type_of_form("date"), type_of_form("binData:0")
    ('TIMESTAMP', 'BYTES')
    """
    return FORMS[form.partition(":")[0]].bigquery


def mongodb_column(
    path: str,
    kind: BsonField,
    *,
    name: str = "",
    current: tuple[str, str] | None = None,
    made_as: str = "",
    json_as_text: bool = False,
    evolves: bool = False,
    cursor_type: str = "",
) -> Column:
    """The destination column for one field.

    Args:
        path: where the field is.
        kind: what the sample shows of it.
        name: the column's; empty: as the field.
        current: (type, mode) of the column in the destination, when it exists: it is kept
            where it holds a type that was seen.
        made_as: the form in which an earlier run made that column; it stays.
        json_as_text: keep JSON as STRING (`json_numbers=text`).
        evolves: whether the column that is there may be made wider.
        cursor_type: of the cursor's column, which holds that and nothing else.
    """
    form, mode, why = _form_of_column(
        kind.sample, current, made_as, cursor_type, json_as_text=json_as_text, evolves=evolves
    )
    rule = FORMS[form.partition(":")[0]]
    if rule.bigquery == "JSON" and json_as_text:
        form, rule = "json text", FORMS["json text"]
    arrow, bigquery, loss = rule.arrow, rule.bigquery, rule.loss
    if current == ("NUMERIC", NULLABLE) and form == "decimal":
        arrow, bigquery = NUMERIC_ARROW, "NUMERIC"
    if mode == REPEATED:
        arrow, loss = pa.list_(arrow), ARRAY_LOSS.partition("; ")[2]
    evidence = "; ".join(filter(None, (kind.sample.display, why))) if path != EXTRA else ""
    return Column(
        name or path, path, kind.display, form, arrow, bigquery, mode, loss=loss, evidence=evidence
    )


def _form_of_column(
    sample: FieldSample,
    current: tuple[str, str] | None,
    made_as: str,
    cursor_type: str,
    *,
    json_as_text: bool,
    evolves: bool,
) -> tuple[str, str, str]:
    """Form and mode of a field's column, and why: cursor and destination come before the sample."""
    windowed = _CURSOR_FORMS.get(cursor_type, "")
    if windowed and (current or (FORMS[windowed].bigquery,))[0] == FORMS[windowed].bigquery:
        return windowed, NULLABLE, _told("the cursor", sample.types - accepted(windowed))
    if current is None or (evolves and _outgrows(current, sample)):
        return form_of(sample)
    if _holds(current, made_as):
        left = _seen(current[1], sample) - accepted(made_as)
        return made_as, current[1], _told(_there(current[0]), left)
    return _kept(current, sample, form_of(sample), json_as_text=json_as_text)


def _outgrows(current: tuple[str, str], sample: FieldSample) -> bool:
    """Whether a column that is there is too narrow for the field, and is made wider in place."""
    form, mode, _ = form_of(sample)
    bigquery = FORMS[form.partition(":")[0]].bigquery
    if REPEATED in (mode, current[1]) or not is_made(current[0], bigquery):
        return False
    fits_there = fits("NUMERIC", sample.integer_digits, sample.scale)
    return not (current[0] == "NUMERIC" and fits_there)


def _holds(current: tuple[str, str], form: str) -> bool:
    """Whether a column of that type can be one of that form."""
    rule = FORMS.get(form.partition(":")[0])
    wide = current[0] == "NUMERIC" and form == "decimal"
    return rule is not None and (rule.bigquery == current[0] or wide)


def _seen(mode: str, sample: FieldSample) -> frozenset[str]:
    """The types seen, of a REPEATED column those of the items."""
    if mode != REPEATED:
        return sample.types
    others = sample.types - {"array"}
    return frozenset(sample.items) | others


def _kept(
    current: tuple[str, str],
    sample: FieldSample,
    natural: tuple[str, str, str],
    *,
    json_as_text: bool,
) -> tuple[str, str, str]:
    """The form in which the destination's column takes the field, if any fits."""
    bigquery, mode = current
    if (FORMS[natural[0].partition(":")[0]].bigquery, natural[1]) == current:
        return natural
    seen = _seen(mode, sample)
    if current == ("STRING", NULLABLE) and natural[0] == "json":
        if json_as_text or not seen & accepted("text"):
            return "json text", NULLABLE, "JSON as text, since the destination holds STRING"
        return "text", NULLABLE, _told(_there(bigquery), seen - accepted("text"))
    if current == ("STRING", NULLABLE) and natural[0] == "decimal":
        return "decimal text", NULLABLE, _told(_there(bigquery), frozenset())
    for form in _OF_DESTINATION.get(bigquery, ()):
        takes = seen if form == "json" else seen & accepted(form)
        if takes or not seen:
            form = "text" if not seen and bigquery == "STRING" else form
            return form, mode, _told(_there(bigquery), seen - takes)
    return natural


def _there(bigquery: str) -> str:
    return f"{bigquery} in the destination"


def _told(why: str, left: frozenset[str]) -> str:
    others = ", ".join(sorted(left))
    return f"{why}: documents with {others} become dead letters" if others else why


def accepted(form: str) -> frozenset[str]:
    """The types that a form takes, binData with its subtype."""
    if form.startswith("binData:"):
        return frozenset({form})
    return _ACCEPTED.get(form, frozenset({form}))


_NUMBERS = frozenset({"int", "long"})
_ACCEPTED: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "int": _NUMBERS,
        "double": _NUMBERS | {"double"},
        "decimal": _NUMBERS | {"decimal"},
        "decimal text": _NUMBERS | {"decimal"},
        "symbol": frozenset({"symbol", "string"}),
        "uuid": frozenset({UUID}),
        "text": frozenset({"string", "symbol", "objectId", UUID}),
        "json": frozenset([*CODES.values(), *(f"binData:{n}" for n in range(256))]),
        "json text": frozenset([*CODES.values(), *(f"binData:{n}" for n in range(256))]),
    }
)
"""A form's types, where they are not just itself."""
