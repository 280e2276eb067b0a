"""docs/type-mapping.md, made from the type tables."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from types import MappingProxyType

import pyarrow as pa

from auto_schema import postgis
from auto_schema.bigquery_types import RULES
from auto_schema.bson_fields import FieldSample
from auto_schema.mongodb_types import CODES, FORMS, UUID, form_of
from auto_schema.postgresql_extensions import COMPOSITE, COMPOSITE_TEXT, EXTENSIONS, OWN_TEXT
from auto_schema.postgresql_table import POSTGRESQL
from auto_schema.postgresql_types import (
    ARRAY_JSON_LOSS,
    ARRAY_LOSS,
    BIG_INTEGER,
    PostgresType,
    numeric_rule,
)
from auto_schema.type_rules import describe_rules

IN_JSON: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "null": ("null", ""),
        "bool": ("true", ""),
        "int": ("1", "int from long"),
        "long": ("1", "int from long"),
        "double": ("1.0", "the sign of zero, as far as BigQuery prints it"),
        "double NaN or infinite": ('{"$numberDouble":"NaN"}', ""),
        "decimal": ('{"$numberDecimal":"1.10"}', ""),
        "string": ('"text"', ""),
        "objectId": ('{"$oid":"…"}', ""),
        "date, 1970 to 9999": ('{"$date":"2025-07-22T13:00:00.000Z"}', ""),
        "date, other years": ('{"$date":{"$numberLong":"-1"}}', ""),
        "timestamp": ('{"$timestamp":{"t":1,"i":1}}', ""),
        "binData": ('{"$binary":{"base64":"…","subType":"04"}}', ""),
        "regex": ('{"$regularExpression":{"pattern":"^a","options":"i"}}', ""),
        "javascript": ('{"$code":"…"}', ""),
        "javascriptWithScope": ('{"$code":"…","$scope":{}}', ""),
        "symbol": ('{"$symbol":"…"}', ""),
        "dbPointer": ('{"$dbPointer":{"$ref":"…","$id":{"$oid":"…"}}}', ""),
        "undefined": ('{"$undefined":true}', ""),
        "minKey": ('{"$minKey":1}', ""),
        "maxKey": ('{"$maxKey":1}', ""),
        "object": ('{"a":1}', "key order"),
        "array": ("[1,2]", ""),
    }
)
"""How a type is written within JSON, and what of it is lost."""


def type_mapping() -> str:
    """The whole page."""
    lines = [
        "# Types",
        "",
        "Made from `postgresql_table.py`, `postgresql_extensions.py`, `mongodb_types.py` and"
        " `bigquery_types.py` in `auto_schema/` by `make docs`. Every value arrives unchanged, or"
        " its row becomes a dead"
        " letter with column, value and reason."
        " What a type can't carry over at all stands under «loses».",
        "",
        "Where a type can become several, an existing destination column decides.",
        "",
        *_postgresql(),
        *_mongodb(),
        *_bigquery(),
    ]
    return "\n".join(lines)


def _table(heads: str, rows: Iterable[tuple[str, str, str, str]]) -> list[str]:
    lines = (f"| {a} | `{b}` | {c} | {d} |" for a, b, c, d in rows)
    return [heads, "|---|---|---|---|", *lines, ""]


def _postgresql_rows() -> list[tuple[str, str, str, str]]:
    rows = describe_rules(list(POSTGRESQL.values()))
    numerics = [
        ("numeric(p,s), p−s ≤ 29 and s ≤ 9", "NUMERIC"),
        ("numeric(p,s), p−s ≤ 38 and s ≤ 38", "BIGNUMERIC"),
        ("numeric(p,s), wider", "STRING"),
        ("numeric, its data fit", "BIGNUMERIC"),
        ("numeric, its data don't fit or weren't seen", "STRING"),
    ]
    for words, bigquery in numerics:
        rule = numeric_rule(bigquery, PostgresType("numeric", "numeric"))
        rows.append((words, rule.select.format(c="c"), bigquery, rule.loss))
    flat = "T[], one dimension, no NULL inside"
    rows.append((flat, "as it is, or each element cast", "ARRAY<T>", ARRAY_LOSS))
    rows.append(("T[], otherwise", "to_json(c)::text", "JSON", ARRAY_JSON_LOSS))
    others = [COMPOSITE, replace(COMPOSITE_TEXT, source=_CAST), replace(OWN_TEXT, source=_OTHER)]
    return rows + describe_rules(others)


_CAST = "composite, a part of which has a cast to JSON of its own, such as geometry"
_OTHER = "any other, with unknown_types=text"


def _extension_rows() -> list[tuple[str, str, str, str]]:
    rows = []
    for key, rule in EXTENSIONS.items():
        extension, _, name = key.partition(".")
        several = "ARRAY<{}>" if pa.types.is_list(rule.arrow) else "{}"
        select = rule.select.replace("{s}.", "").format(c="c")
        rows.append((f"{extension}: {name}", select, several.format(rule.bigquery), rule.loss))
        if key in postgis.LOSSES:
            fit = f"{extension}: {name}, its data fit"
            rows.append((fit, "WKB in hex", "GEOGRAPHY", postgis.LOSSES[key]))
        if key == BIG_INTEGER:
            fitting = numeric_rule("BIGNUMERIC", PostgresType(name, key))
            select = fitting.select.format(c="c")
            rows.append((f"{extension}: {name}, its data fit", select, "BIGNUMERIC", ""))
    return rows


def _postgresql() -> list[str]:
    return [
        "## PostgreSQL",
        "",
        "Domains are read as their base type. A type that isn't here becomes STRING with what its"
        " own output function writes, and the plan names each such column; with"
        " `unknown_types=error` it is an error that names column and type. A type that no column"
        " of a table can have, such as `record`, is an error in any case.",
        "",
        *_table("| PostgreSQL | read as | BigQuery | loses |", _postgresql_rows()),
        "Types of extensions are known by their name and by the extension that owns them, in"
        " whatever schema it lies; somebody's own type of the same name is another one. Arrays of"
        " `vector` hold its texts. `sparsevec` counts from 1, as its text does:"
        ' `{"dimensions": 5, "elements": {"1": 0.5}}`.',
        "",
        *_table("| extension: type | read as | BigQuery | loses |", _extension_rows()),
        *_places(),
        "JSON is staged as text and becomes JSON by `PARSE_JSON(…, wide_number_mode=>'round')`"
        " when it is published, since BigQuery loads no JSON from Parquet. A number with more"
        " digits than a double holds makes its row a dead letter (`json_numbers=double`), or the"
        " column is kept as STRING (`json_numbers=text`).",
        "",
        "BigQuery does not print every double with its shortest digits: of random ones about one"
        " in 700 gets another digit, so that 67.174118 comes out of `TO_JSON_STRING` as"
        " 67.17411800000001, the same double. With `json_numbers=exact` such a number makes its"
        " row a dead letter before anything is published, and JSON is parsed by"
        " `PARSE_JSON(…, wide_number_mode=>'exact')`: every number that arrives is printed with"
        " the value that it came with. Integers of 64 bits always are. MongoDB's documents are"
        " looked at in the same way; the JSON of a BigQuery source is taken as it is. What is taken"
        " is GoogleSQL's own rule: `tests/googlesql/test_json_numbers.py` holds ours to it.",
        "",
    ]


def _places() -> list[str]:
    return [
        "A column of PostGIS becomes GEOGRAPHY where each value of the rows that the run reads is"
        " valid (`ST_IsValid`), of SRID 4326, without Z and M, not empty, within 180 and 90"
        " degrees, and one of the six plain shapes; without rows, where its type says that, such"
        " as `geometry(Point,4326)` or `geography`. A later value that isn't is a dead letter with"
        " its text. Everywhere else it is STRING with WKT, its SRID before it. It travels as WKB in"
        " hex, and is published by `ST_GEOGFROMWKB(FROM_HEX(c), planar => TRUE)`, without `planar`"
        " for `geography` and for single points. What BigQuery's own rules refuse all the same is"
        " a dead letter, too. GEOGRAPHY is left out of the proof of `verify`, and told there:"
        " BigQuery keeps points on a sphere, and writes none letter for letter as it came.",
        "",
    ]


def _mongodb_rows() -> list[tuple[str, str, str, str]]:
    rows = [_mongodb_row(name, FieldSample({name: 1})) for name in _types()]
    joined = {
        "int and long": FieldSample({"int": 1, "long": 1}),
        "int, long and double": FieldSample({"int": 1, "long": 1, "double": 1}),
        "the same, some long beyond a double": FieldSample(
            {"long": 1, "double": 1}, beyond_double=True
        ),
        "decimal with int or long": FieldSample({"decimal": 1, "int": 1}),
        "decimal of more digits, NaN or infinite": FieldSample({"decimal": 1}, scale=99),
        "decimal and double": FieldSample({"decimal": 1, "double": 1}),
        "string and symbol": FieldSample({"string": 1, "symbol": 1}),
        "arrays of one scalar type, no null inside": FieldSample({"array": 1}, items={"string": 1}),
        "anything else mixed": FieldSample({"string": 1, "int": 1}),
    }
    return rows + [_mongodb_row(words, sample) for words, sample in joined.items()]


def _mongodb() -> list[str]:
    return [
        "## MongoDB",
        "",
        "BSON says a value's type, not a field's: a field is what a sample of its documents shows"
        " (`mongodb_sample_size`), joined to the narrowest form that holds all of it exactly. The"
        " plan tells the evidence of each. A value that comes later and that its column can't hold"
        " makes its document a dead letter; a field that comes later goes into the column"
        " `_extra`.",
        "",
        "In all columns but JSON, null and a missing field are both NULL. A field twice in one"
        " document, and a field name that is not UTF-8, make it a dead letter.",
        "",
        *_table("| in the sample | read as | BigQuery | loses |", _mongodb_rows()),
        "Within JSON columns values are written as relaxed Extended JSON v2:",
        "",
        "| BSON | as JSON | loses |",
        "|---|---|---|",
        *(f"| {name} | `{form}` | {loss} |" for name, (form, loss) in IN_JSON.items()),
        "",
        "BigQuery's own JSON keeps no order of keys. A document that is itself written"
        ' `{"$oid": …}` reads like an ObjectId there.',
        "",
        "## Names of columns",
        "",
        "A column of PostgreSQL or BigQuery whose name BigQuery doesn't take, or that differs from"
        " another's in case only, is an error, which holds one `transformation_config` for all of"
        " them. With `rename_columns=auto` it gets a legal name that ends in six digits of its"
        " name's hash (`order date` becomes `order_date_ad8704`), and `field_mappings` come first."
        " The name depends on nothing else, and a column that the destination has keeps its own:"
        " what comes to the source later changes none. Of two that one column of the destination"
        " could be of by its case neither is guessed: that stays an error.",
        "",
        "## Names of fields",
        "",
        "A field that BigQuery takes as a column's name keeps it. Any other (with dots, dollars or"
        " spaces, empty, too long) gets a legal name that ends in six digits of its hash; so does"
        " one whose name differs from another's in case only. The column's description holds field"
        ' and form: `MongoDB field "a.b" as int`, and by it a later run finds the column again and'
        " writes it alike. A nested cursor takes `_` for its dots: `meta_updated_at`.",
        "",
    ]


def _bigquery() -> list[str]:
    rows = [
        (name, rule.staged.replace("{c}", "c"), "the same", rule.restored.replace("{c}", "c"))
        for name, rule in RULES.items()
    ]
    return [
        "## BigQuery",
        "",
        "Nothing is lost. In place a value is copied as it is; through workers it is staged in a"
        " form that Parquet carries, and comes back when it is published. STRUCTs and ARRAYs are"
        " taken apart to any depth. Parameters (`NUMERIC(10, 2)`) and descriptions go along.",
        "",
        "| BigQuery | staged as | BigQuery | published as |",
        "|---|---|---|---|",
        *(f"| {a} | `{b}` | {c} | `{d}` |" for a, b, c, d in rows),
        "",
        "That these forms give the value back is shown on GoogleSQL itself, but for GEOGRAPHY:"
        " `tests/googlesql/test_staged_values.py` and `tests/googlesql/test_shown_claims.py`.",
        "",
    ]


def _types() -> list[str]:
    others = [name for name in CODES.values() if name not in ("binData", "null")]
    return sorted([*others, "binData:0", "binData:3", UUID, "binData:5"])


def _mongodb_row(words: str, sample: FieldSample) -> tuple[str, str, str, str]:
    form, mode, _ = form_of(sample)
    rule = FORMS[form.partition(":")[0]]
    bigquery = f"ARRAY<{rule.bigquery}>" if mode == "REPEATED" else rule.bigquery
    loss = ARRAY_LOSS.partition("; ")[2] if mode == "REPEATED" else rule.loss
    return words, form, bigquery, loss
