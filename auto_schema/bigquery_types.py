"""BigQuery's own types, whole: what is nested, their parameters, and how each is staged.

Parquet carries some of them only in another form, which one expression makes of the value
and another turns back, both exact:

    JSON → its text      GEOGRAPHY → WKB      INTERVAL → its text      RANGE → STRUCT of both ends

See https://cloud.google.com/bigquery/docs/loading-data-cloud-storage-parquet#type_conversions
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from dataclasses import field as attribute
from types import MappingProxyType
from typing import Any

import pyarrow as pa

from auto_schema.names import quoted, string_literal
from auto_schema.warehouse_types import (
    BIGNUMERIC_ARROW,
    MICROS,
    NUMERIC_ARROW,
    REPEATED,
    TIME_MICROS,
    UTC_MICROS,
    standard,
)


@dataclass(frozen=True, slots=True)
class BigqueryRule:
    """How a type is staged, with `{c}` for the value; `staged` and `restored` are inverse."""

    arrow: pa.DataType | None
    staged: str = "{c}"
    restored: str = "{c}"


RULES: Mapping[str, BigqueryRule] = MappingProxyType(
    {
        "INT64": BigqueryRule(pa.int64()),
        "FLOAT64": BigqueryRule(pa.float64()),
        "BOOL": BigqueryRule(pa.bool_()),
        "STRING": BigqueryRule(pa.string()),
        "BYTES": BigqueryRule(pa.binary()),
        "DATE": BigqueryRule(pa.date32()),
        "TIME": BigqueryRule(TIME_MICROS),
        "DATETIME": BigqueryRule(MICROS),
        "TIMESTAMP": BigqueryRule(UTC_MICROS),
        "NUMERIC": BigqueryRule(NUMERIC_ARROW),
        "BIGNUMERIC": BigqueryRule(BIGNUMERIC_ARROW),
        "JSON": BigqueryRule(
            pa.string(),
            "IF({c} IS NULL, NULL, TO_JSON_STRING({c}))",
            "PARSE_JSON({c}, wide_number_mode=>'round')",
        ),
        "GEOGRAPHY": BigqueryRule(
            pa.binary(), "ST_ASBINARY({c})", "ST_GEOGFROMWKB({c}, oriented => TRUE)"
        ),
        "INTERVAL": BigqueryRule(pa.string(), "CAST({c} AS STRING)", "CAST({c} AS INTERVAL)"),
        "RANGE": BigqueryRule(
            None,
            "IF({c} IS NULL, NULL, STRUCT(RANGE_START({c}) AS range_start,"
            " RANGE_END({c}) AS range_end))",
            "IF({c} IS NULL, NULL, RANGE({c}.range_start, {c}.range_end))",
        ),
        "STRUCT": BigqueryRule(None),
    }
)
"""Keyed by the standard name; None: the Arrow type follows from what is nested."""

SCALES = MappingProxyType({"NUMERIC": 9, "BIGNUMERIC": 38})
"""Digits after the point of the decimal types without parameters."""
CURSOR_TYPES = MappingProxyType(
    {"TIMESTAMP": "timestamptz", "DATETIME": "timestamp", "DATE": "date", "INT64": "int8"}
)
"""Types that a window can be cut by, under the names that `smart_sync.window` has for them."""


@dataclass(frozen=True, slots=True)
class BigqueryType:
    """The type of a field of BigQuery.

    Attributes:
        name: the standard one, such as INT64 or STRUCT.
        is_array: whether the field is REPEATED.
        fields: of a STRUCT: name, type and description of each.
        parameters: of STRING(n), BYTES(n), NUMERIC(p, s) and BIGNUMERIC(p, s).
        element: of a RANGE: DATE, DATETIME or TIMESTAMP.
        is_protected: whether a policy tag or a data policy guards the field, or one within it.
        collation: by which texts of the source are compared; no difference between two types.
    """

    name: str
    is_array: bool = False
    fields: tuple[tuple[str, "BigqueryType", str], ...] = ()
    parameters: tuple[int, ...] = ()
    element: str = ""
    is_protected: bool = False
    collation: str = attribute(default="", compare=False, repr=False)

    @property
    def cursor_type(self) -> str:
        """The type that a cursor of this column has; empty where it has no order to sync by."""
        return "" if self.is_array else CURSOR_TYPES.get(self.name, "")

    @property
    def precision(self) -> int | None:
        """Digits of a second that a time holds."""
        return 6 if self.name in ("TIMESTAMP", "DATETIME", "TIME") else None

    @property
    def display(self) -> str:
        """As a plan shows it, whole."""
        return self.sql(parameters=True)

    @property
    def one(self) -> "BigqueryType":
        """The type of an array's elements; of anything else itself."""
        return replace(self, is_array=False)

    @property
    def is_plain(self) -> bool:
        """Whether Parquet carries it as it is."""
        if self.name == "STRUCT":
            return all(kind.is_plain for _, kind, _ in self.fields)
        return RULES[self.name].staged == "{c}"

    @property
    def is_streamed(self) -> bool:
        """Whether Storage Read hands it over in its staged form: all but three types."""
        if self.name == "STRUCT":
            return all(kind.is_streamed for _, kind, _ in self.fields)
        return self.name not in ("GEOGRAPHY", "INTERVAL", "RANGE")

    @property
    def has_arrays(self) -> bool:
        """Whether it is an array, or holds one."""
        return self.is_array or any(kind.has_arrays for _, kind, _ in self.fields)

    @property
    def scale(self) -> int:
        """Digits after the point that a decimal type holds."""
        return (*self.parameters, 0)[1] if self.parameters else SCALES.get(self.name, 0)

    def is_rounded_by(self, there: "BigqueryType") -> bool:
        """Whether a column of that type may round values of this one: BigQuery does so silently.

        >>> BigqueryType("NUMERIC").is_rounded_by(BigqueryType("NUMERIC", parameters=(12, 2)))
        True
        """
        pairs = zip(self.fields, there.fields, strict=False)
        if any(here[1].is_rounded_by(other[1]) for here, other in pairs):
            return True
        return bool(there.parameters) and self.scale > there.scale

    def sql(self, *, parameters: bool) -> str:
        """The type as GoogleSQL writes it.

        >>> inner = BigqueryType("NUMERIC", parameters=(10, 2))
        >>> BigqueryType("STRUCT", is_array=True, fields=(("a", inner, ""),)).sql(parameters=True)
        'ARRAY<STRUCT<`a` NUMERIC(10, 2)>>'
        """
        text = self.name
        if self.fields:
            items = (f"{quoted(n)} {kind.sql(parameters=parameters)}" for n, kind, _ in self.fields)
            text = f"STRUCT<{', '.join(items)}>"
        elif self.element:
            text = f"RANGE<{self.element}>"
        elif parameters and self.parameters:
            text += f"({', '.join(map(str, self.parameters))})"
        return f"ARRAY<{text}>" if self.is_array else text

    def definition(self) -> str:
        """The type in CREATE TABLE, with the descriptions of nested fields."""
        if not self.fields:
            return self.sql(parameters=True)
        items = []
        for name, kind, description in self.fields:
            text = f"{quoted(name)} {kind.definition()}"
            if description:
                text += f" OPTIONS (description={string_literal(description)})"
            items.append(text)
        text = f"STRUCT<{', '.join(items)}>"
        return f"ARRAY<{text}>" if self.is_array else text

    def resource(self, name: str, description: str, *, staged: bool) -> dict[str, Any]:
        """A TableFieldSchema of the API; `staged`: of the form in which it is staged.

        Modes other than REPEATED are left out: what a run makes is NULLABLE.
        """
        kind = STAGED_NAMES.get(self.name, self.name) if staged else self.name
        field: dict[str, Any] = {"name": name, "type": kind}
        if self.is_array:
            field["mode"] = REPEATED
        if description and not staged:
            field["description"] = description
        if self.fields:
            field["fields"] = [k.resource(n, d, staged=staged) for n, k, d in self.fields]
        elif self.name == "RANGE" and staged:
            ends = ("range_start", "range_end")
            field["fields"] = [{"name": end, "type": self.element} for end in ends]
        elif self.name == "RANGE":
            field["rangeElementType"] = {"type": self.element}
        elif self.parameters and not staged:
            keys = ("maxLength",) if self.name in ("STRING", "BYTES") else ("precision", "scale")
            pairs = zip(keys, self.parameters, strict=False)
            field |= {key: str(value) for key, value in pairs}
        return field

    @property
    def arrow(self) -> pa.DataType:
        """The type in which it is staged."""
        if self.is_array:
            return pa.list_(self.one.arrow)
        if self.name == "STRUCT":
            return pa.struct([pa.field(name, kind.arrow) for name, kind, _ in self.fields])
        if self.name == "RANGE":
            end = RULES[self.element].arrow
            return pa.struct([pa.field("range_start", end), pa.field("range_end", end)])
        arrow = RULES[self.name].arrow
        if arrow is None:
            raise ValueError(self.name)
        return arrow

    def staged(self, value: str) -> str:
        """The expression that makes the staged form of a value.

        >>> BigqueryType("INTERVAL", is_array=True).staged("c")
        'ARRAY(SELECT CAST(e0 AS STRING) FROM UNNEST(c) AS e0 WITH OFFSET AS o0 ORDER BY o0)'
        """
        return self._expression(value, "staged", 0)

    def restored(self, value: str) -> str:
        """The expression that gives a staged value back.

        >>> BigqueryType("JSON").restored("c")
        "PARSE_JSON(c, wide_number_mode=>'round')"
        """
        return self._expression(value, "restored", 0)

    def filled(self, value: str) -> str:
        """A value, staged or not, with its NULL arrays empty: no table holds the former.

        >>> BigqueryType("DATE", is_array=True).filled("c")
        'ARRAY(SELECT e0 FROM UNNEST(c) AS e0 WITH OFFSET AS o0 ORDER BY o0)'
        """
        return self._expression(value, "filled", 0)

    def _expression(self, value: str, way: str, depth: int) -> str:
        if not self.has_arrays if way == "filled" else self.is_plain:
            return value
        if self.is_array:
            element = f"e{depth}"
            item = self.one._expression(element, way, depth + 1)
            return (
                f"ARRAY(SELECT {item} FROM UNNEST({value}) AS {element}"
                f" WITH OFFSET AS o{depth} ORDER BY o{depth})"
            )
        if self.name == "STRUCT":
            items = ", ".join(
                f"{kind._expression(f'{value}.{quoted(name)}', way, depth)} AS {quoted(name)}"
                for name, kind, _ in self.fields
            )
            return f"IF({value} IS NULL, NULL, STRUCT({items}))"
        rule = RULES[self.name]
        return (rule.staged if way == "staged" else rule.restored).replace("{c}", value)


STAGED_NAMES = MappingProxyType(
    {"JSON": "STRING", "GEOGRAPHY": "BYTES", "INTERVAL": "STRING", "RANGE": "STRUCT"}
)


def type_of(field: Mapping[str, Any]) -> BigqueryType:
    """The type of a TableFieldSchema, as the API writes it.

    Raises:
        KeyError: a type without a rule, with its name.

    >>> type_of({"name": "a", "type": "INTEGER", "mode": "REPEATED"}).display
    'ARRAY<INT64>'
    >>> type_of({"name": "a", "type": "TIMESTAMP", "timestampPrecision": "12"})
    Traceback (most recent call last):
    KeyError: 'TIMESTAMP(12)'
    """
    name = standard(str(field["type"]))
    digits = str(field.get("timestampPrecision") or 6)
    name = name if digits == "6" else f"{name}({digits})"
    if name not in RULES:
        raise KeyError(name)
    nested = tuple(
        (str(inner["name"]), type_of(inner), str(inner.get("description", "")))
        for inner in field.get("fields") or ()
    )
    keys = ("maxLength",) if name in ("STRING", "BYTES") else ("precision", "scale")
    lists = (field.get("policyTags") or {}).get("names"), field.get("dataPolicyList")
    return BigqueryType(
        name,
        is_array=field.get("mode") == REPEATED,
        fields=nested,
        parameters=tuple(int(field[key]) for key in keys if field.get(key) is not None),
        element=str((field.get("rangeElementType") or {}).get("type", "")),
        is_protected=any((*lists, field.get("dataPolicies")))
        or any(kind.is_protected for _, kind, _ in nested),
        collation=str(field.get("collation") or ""),
    )


def type_text(field: Mapping[str, Any]) -> str:
    """The type of a field's values without parameters and mode: what tells two types apart."""
    kind = known_type(field)
    return kind.one.sql(parameters=False) if kind else standard(str(field["type"]))


def known_type(field: Mapping[str, Any]) -> BigqueryType | None:
    """The type of a TableFieldSchema; None where there is no rule for it."""
    try:
        return type_of(field)
    except KeyError:
        return None


def display_of(field: Mapping[str, Any]) -> str:
    """The type of a TableFieldSchema whole, as a plan shows it."""
    kind = known_type(field)
    return kind.display if kind else standard(str(field["type"]))


def unknown_types(fields: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """(column, type) of the top-level fields that no rule knows, nested ones included."""
    unknown = []
    for field in fields:
        try:
            type_of(field)
        except KeyError as error:
            unknown.append((str(field["name"]), str(error.args[0])))
    return unknown
