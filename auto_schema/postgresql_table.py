"""The table of PostgreSQL's own types: how each is read, what it becomes, and what it loses.

Those of extensions are in `postgresql_extensions.py`; numerics, arrays and what else is decided
by more than a name in `postgresql_types.py`.
"""

from collections.abc import Mapping

import pyarrow as pa

from auto_schema.type_rules import AS_TEXT, PLAIN, TypeRule, _table, _text
from auto_schema.warehouse_types import MICROS, NUMERIC_ARROW, TIME_MICROS, UTC_MICROS

_JSON_LOSS = "key order, duplicate keys and trailing zeros of numbers (1.10 becomes 1.1)"
_REAL_TIME = "infinity, BC and years after 9999 become dead letters"

POSTGRESQL: Mapping[str, TypeRule] = _table(
    TypeRule("bool", PLAIN, pa.bool_(), "BOOL"),
    TypeRule("int2", PLAIN, pa.int64(), "INT64"),
    TypeRule("int4", PLAIN, pa.int64(), "INT64"),
    TypeRule("int8", PLAIN, pa.int64(), "INT64"),
    TypeRule("oid", "{c}::int8", pa.int64(), "INT64"),
    TypeRule("float4", PLAIN, pa.float64(), "FLOAT64"),
    TypeRule("float8", PLAIN, pa.float64(), "FLOAT64"),
    TypeRule("money", "{c}::numeric", NUMERIC_ARROW, "NUMERIC", "the currency sign"),
    TypeRule("text", PLAIN, pa.string(), "STRING"),
    TypeRule("varchar", PLAIN, pa.string(), "STRING"),
    TypeRule("bpchar", PLAIN, pa.string(), "STRING"),
    TypeRule("name", AS_TEXT, pa.string(), "STRING"),
    TypeRule("char", AS_TEXT, pa.string(), "STRING"),
    TypeRule("bytea", PLAIN, pa.binary(), "BYTES"),
    TypeRule("date", PLAIN, pa.date32(), "DATE", _REAL_TIME),
    TypeRule("time", PLAIN, TIME_MICROS, "TIME", "24:00:00 becomes a dead letter"),
    _text("timetz"),
    TypeRule("timestamp", PLAIN, MICROS, "DATETIME", _REAL_TIME),
    TypeRule("timestamptz", PLAIN, UTC_MICROS, "TIMESTAMP", _REAL_TIME),
    _text("interval"),
    TypeRule("json", PLAIN, pa.string(), "JSON", _JSON_LOSS),
    TypeRule("jsonb", PLAIN, pa.string(), "JSON", _JSON_LOSS),
    TypeRule("uuid", PLAIN, pa.string(), "STRING"),
    _text("xml"),
    TypeRule("inet", "pg_catalog.abbrev({c})", pa.string(), "STRING"),
    _text("cidr"),
    _text("macaddr"),
    _text("macaddr8"),
    _text("bit"),
    _text("varbit"),
    _text("tsvector"),
    _text("tsquery"),
    _text("point"),
    _text("line"),
    _text("lseg"),
    _text("box"),
    _text("path"),
    _text("polygon"),
    _text("circle"),
    _text("pg_lsn"),
    _text("jsonpath"),
    _text("xid"),
    _text("xid8"),
    _text("regclass"),
    _text("regtype"),
    _text("regproc"),
    _text("regprocedure"),
    _text("regoper"),
    _text("regoperator"),
    _text("regrole"),
    _text("regnamespace"),
    _text("regcollation"),
    _text("regconfig"),
    _text("regdictionary"),
    _text("tid"),
    _text("cid"),
    _text("aclitem"),
    _text("refcursor"),
    _text("pg_snapshot"),
    _text("txid_snapshot"),
    _text("enum"),
    _text("range"),
    _text("multirange"),
)
"""Keyed by `pg_type.typname`; `enum`, `range` and `multirange` stand for the types of that kind."""
