"""Every PostgreSQL type end to end: the published value and the BigQuery type."""

import datetime as dt
import json
import math
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from auto_schema.postgresql_table import POSTGRESQL
from auto_schema.warehouse_types import standard

ALL = "SELECT * FROM all_types"
UTC = dt.UTC


@dataclass(frozen=True)
class Case:
    """A column of a PostgreSQL type holding `literal`, and what must arrive."""

    source: str
    literal: str
    bigquery: str
    value: Any


MAKE_TYPES = """
CREATE TYPE mood AS ENUM ('sad', 'so-so', 'glücklich, "sehr"');
CREATE TYPE float_span AS RANGE (subtype = float8);
CREATE DOMAIN positive AS int4 CHECK (value > 0);
CREATE DOMAIN price AS numeric(12, 2);
CREATE DOMAIN net_price AS price;
CREATE DOMAIN tags AS text[];
CREATE DOMAIN feeling AS mood;
"""

SCALARS = {
    "bool": Case("bool", "true", "BOOL", True),
    "int2": Case("int2", "-32768", "INT64", -(2**15)),
    "int4": Case("int4", "2147483647", "INT64", 2**31 - 1),
    "int8": Case("int8", "-9223372036854775808", "INT64", -(2**63)),
    "oid": Case("oid", "4294967295", "INT64", 2**32 - 1),
    "float4": Case("float4", "1.5", "FLOAT64", 1.5),
    "float8": Case("float8", "0.1", "FLOAT64", 0.1),
    "money": Case("money", "-12.34", "NUMERIC", Decimal("-12.34")),
    "text": Case("text", 'Größe 😀 "q" o \\ %', "STRING", 'Größe 😀 "q" o \\ %'),
    "varchar": Case("varchar(5)", "abcde", "STRING", "abcde"),
    "bpchar": Case("char(5)", "abc", "STRING", "abc  "),
    "name": Case("name", "pg_class", "STRING", "pg_class"),
    "char": Case('"char"', "x", "STRING", "x"),
    "bytea": Case("bytea", "\\x00ff10", "BYTES", b"\x00\xff\x10"),
    "date": Case("date", "2024-02-29", "DATE", dt.date(2024, 2, 29)),
    "time": Case("time", "23:59:59.999999", "TIME", dt.time(23, 59, 59, 999999)),
    "timetz": Case("timetz", "24:00:00+05:30", "STRING", "24:00:00+05:30"),
    "timestamp": Case(
        "timestamp",
        "2024-03-31 02:30:00.123456",
        "DATETIME",
        dt.datetime(2024, 3, 31, 2, 30, 0, 123456),
    ),
    "timestamptz": Case(
        "timestamptz",
        "2024-03-31 02:30:00.123456+05:30",
        "TIMESTAMP",
        dt.datetime(2024, 3, 30, 21, 0, 0, 123456, UTC),
    ),
    "interval": Case(
        "interval",
        "1 year 2 mons 3 days 04:05:06.789",
        "STRING",
        "1 year 2 mons 3 days 04:05:06.789",
    ),
    "json": Case(
        "json", '{"b": [1, 2.5, null], "a": "ü"}', "JSON", {"a": "ü", "b": [1, 2.5, None]}
    ),
    "jsonb": Case("jsonb", '{"n": {"m": true}}', "JSON", {"n": {"m": True}}),
    "uuid": Case(
        "uuid",
        "A0EEBC99-9c0b-4ef8-bb6d-6bb9bd380a11",
        "STRING",
        "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
    ),
    "inet": Case("inet", "192.168.0.1/24", "STRING", "192.168.0.1/24"),
    "cidr": Case("cidr", "2001:db8::/32", "STRING", "2001:db8::/32"),
    "macaddr": Case("macaddr", "08:00:2b:01:02:03", "STRING", "08:00:2b:01:02:03"),
    "macaddr8": Case("macaddr8", "08:00:2b:01:02:03:04:05", "STRING", "08:00:2b:01:02:03:04:05"),
    "bit": Case("bit(5)", "00101", "STRING", "00101"),
    "varbit": Case("varbit", "0010", "STRING", "0010"),
    "tsvector": Case("tsvector", "a:1 fat:2 cat:3A", "STRING", "'a':1 'cat':3A 'fat':2"),
    "tsquery": Case("tsquery", "fat & !cat", "STRING", "'fat' & !'cat'"),
    "point": Case("point", "(1.5,-2)", "STRING", "(1.5,-2)"),
    "line": Case("line", "{1,2,3}", "STRING", "{1,2,3}"),
    "lseg": Case("lseg", "[(0,0),(1,1)]", "STRING", "[(0,0),(1,1)]"),
    "box": Case("box", "(1,1),(0,0)", "STRING", "(1,1),(0,0)"),
    "path": Case("path", "((0,0),(1,1))", "STRING", "((0,0),(1,1))"),
    "polygon": Case("polygon", "((0,0),(1,1),(1,0))", "STRING", "((0,0),(1,1),(1,0))"),
    "circle": Case("circle", "<(0,0),2>", "STRING", "<(0,0),2>"),
    "pg_lsn": Case("pg_lsn", "16/B374D848", "STRING", "16/B374D848"),
    "jsonpath": Case("jsonpath", "$.a[*]", "STRING", '$."a"[*]'),
    "xid": Case("xid", "4294967295", "STRING", "4294967295"),
    "xid8": Case("xid8", "18446744073709551615", "STRING", "18446744073709551615"),
    "regclass": Case("regclass", "pg_type", "STRING", "pg_type"),
    "regtype": Case("regtype", "int4", "STRING", "integer"),
    "regproc": Case("regproc", "now", "STRING", "now"),
    "regprocedure": Case("regprocedure", "abs(int4)", "STRING", "abs(integer)"),
    "regoper": Case("regoper", "||/", "STRING", "||/"),
    "regoperator": Case("regoperator", "+(int4,int4)", "STRING", "+(integer,integer)"),
    "regrole": Case("regrole", "postgres", "STRING", "postgres"),
    "regnamespace": Case("regnamespace", "public", "STRING", "public"),
    "regcollation": Case("regcollation", '"C"', "STRING", '"C"'),
    "regconfig": Case("regconfig", "english", "STRING", "english"),
    "regdictionary": Case("regdictionary", "simple", "STRING", "simple"),
    "tid": Case("tid", "(4294967295,65535)", "STRING", "(4294967295,65535)"),
    "cid": Case("cid", "4294967295", "STRING", "4294967295"),
    "aclitem": Case("aclitem", "postgres=r*w/postgres", "STRING", "postgres=r*w/postgres"),
    "refcursor": Case("refcursor", '<unnamed "1">', "STRING", '<unnamed "1">'),
    "pg_snapshot": Case("pg_snapshot", "10:20:10,14,15", "STRING", "10:20:10,14,15"),
    "txid_snapshot": Case("txid_snapshot", "10:20:10,14,15", "STRING", "10:20:10,14,15"),
    "enum": Case("mood", 'glücklich, "sehr"', "STRING", 'glücklich, "sehr"'),
    "range": Case("int4range", "[1,5]", "STRING", "[1,6)"),
    "multirange": Case("nummultirange", "{[1.5,2],(3,)}", "STRING", "{[1.5,2],(3,)}"),
}
"""One case for each row of the type table; xml needs a server built with libxml."""

NUMERICS = {
    "n12_2": Case("numeric(12,2)", "1234567890.10", "NUMERIC", Decimal("1234567890.1")),
    "n5": Case("numeric(5)", "-99999", "NUMERIC", Decimal(-99999)),
    "n_negative_scale": Case("numeric(3,-2)", "12345", "NUMERIC", Decimal(12300)),
    "n_all_scale": Case("numeric(2,5)", "0.00099", "NUMERIC", Decimal("0.00099")),
    "n38_9": Case(
        "numeric(38,9)",
        "99999999999999999999999999999.999999999",
        "NUMERIC",
        Decimal("99999999999999999999999999999.999999999"),
    ),
    "n30_10": Case("numeric(30,10)", "-1.0000000001", "BIGNUMERIC", Decimal("-1.0000000001")),
    "n76_38": Case("numeric(76,38)", "7.5", "BIGNUMERIC", Decimal("7.5")),
    "n39": Case("numeric(39)", "9" * 39, "STRING", "9" * 39),
    "n50_5": Case("numeric(50,5)", "1.50000", "STRING", "1.50000"),
    "n20_39": Case(
        "numeric(20,39)", "0." + "0" * 19 + "1" * 20, "STRING", "0." + "0" * 19 + "1" * 20
    ),
    "bare": Case("numeric", "12.500", "BIGNUMERIC", Decimal("12.5")),
    "bare_wide": Case("numeric", "1" + "0" * 40, "STRING", "1" + "0" * 40),
    "bare_deep": Case("numeric", "0." + "0" * 40 + "1", "STRING", "0." + "0" * 40 + "1"),
}

ARRAYS = {
    "bools": Case("bool[]", "{t,f}", "BOOL[]", [True, False]),
    "int2s": Case("int2[]", "{1,-2}", "INT64[]", [1, -2]),
    "int4s": Case("int4[]", "{2147483647}", "INT64[]", [2**31 - 1]),
    "int8s": Case("int8[]", "{9223372036854775807}", "INT64[]", [2**63 - 1]),
    "float4s": Case("float4[]", "{1.5}", "FLOAT64[]", [1.5]),
    "float8s": Case("float8[]", "{0.1,Infinity}", "FLOAT64[]", [0.1, math.inf]),
    "texts": Case(
        "text[]", '{a,"",NULLnot,"x,y","{}"}', "STRING[]", ["a", "", "NULLnot", "x,y", "{}"]
    ),
    "varchars": Case("varchar(3)[]", "{abc}", "STRING[]", ["abc"]),
    "byteas": Case("bytea[]", '{"\\\\x00ff"}', "BYTES[]", [b"\x00\xff"]),
    "dates": Case("date[]", "{0001-01-01,9999-12-31}", "DATE[]", [dt.date.min, dt.date.max]),
    "times": Case("time[]", "{00:00,23:59}", "TIME[]", [dt.time(0), dt.time(23, 59)]),
    "stamps": Case(
        "timestamp[]",
        '{"2024-01-01 00:00:00.5"}',
        "DATETIME[]",
        [dt.datetime(2024, 1, 1, 0, 0, 0, 500000)],
    ),
    "utc_stamps": Case(
        "timestamptz[]",
        '{"2024-01-01 01:00+01"}',
        "TIMESTAMP[]",
        [dt.datetime(2024, 1, 1, tzinfo=UTC)],
    ),
    "prices": Case("numeric(12,2)[]", "{1.10,-2}", "NUMERIC[]", [Decimal("1.1"), Decimal(-2)]),
    "oids": Case("oid[]", "{4294967295}", "INT64[]", [2**32 - 1]),
    "moneys": Case("money[]", "{12.34,-5}", "NUMERIC[]", [Decimal("12.34"), Decimal(-5)]),
    "uuids": Case(
        "uuid[]",
        "{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}",
        "STRING[]",
        ["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"],
    ),
    "moods": Case("mood[]", "{sad,so-so}", "STRING[]", ["sad", "so-so"]),
    "inets": Case("inet[]", "{10.0.0.0/8}", "STRING[]", ["10.0.0.0/8"]),
    "ranges": Case("int4range[]", '{"[1,2)",empty}', "STRING[]", ["[1,2)", "empty"]),
    "boxes": Case("box[]", "{(1,1),(0,0);(3,3),(2,2)}", "STRING[]", ["(1,1),(0,0)", "(3,3),(2,2)"]),
    "intervals": Case("interval[]", "{3 days}", "STRING[]", ["3 days"]),
    "chars": Case("char(3)[]", "{a}", "STRING[]", ["a  "]),
    "jsonbs": Case("jsonb[]", '{"{\\"a\\": 1}"}', "JSON", [{"a": 1}]),
    "empty_array": Case("int4[]", "{}", "INT64[]", []),
    "a_domain": Case("positive", "3", "INT64", 3),
    "a_price": Case("net_price", "1.5", "NUMERIC", Decimal("1.5")),
    "a_feeling": Case("feeling", "sad", "STRING", "sad"),
    "a_tags": Case("tags", "{x}", "STRING[]", ["x"]),
    "positives": Case("positive[]", "{1,2}", "INT64[]", [1, 2]),
    "spans": Case("float_span", "[1.5,2)", "STRING", "[1.5,2)"),
}


def _make(sql: Any, cases: dict[str, Case]) -> None:
    """A table of these columns with two rows: 1 holds the values, 2 holds NULLs."""
    sql(MAKE_TYPES)
    columns = ", ".join(f'"{name}" {case.source}' for name, case in cases.items())
    sql(f"CREATE TABLE all_types (id int8, {columns})")
    marks = ", ".join(f"%s::{case.source}" for case in cases.values())
    sql(f"INSERT INTO all_types VALUES (1, {marks})", *(case.literal for case in cases.values()))
    sql("INSERT INTO all_types (id) VALUES (2)")


def _check(sync: Any, cases: dict[str, Case]) -> None:
    first, second = sync.rows(", ".join(("id", *(f"`{name}`" for name in cases))))
    types = {
        name: standard(text.removesuffix("[]")) + ("[]" if text.endswith("[]") else "")
        for name, text in sync.types().items()
    }
    wanted = {"id": "INT64"} | {name: case.bigquery for name, case in cases.items()}
    assert types == wanted
    assert dict(zip(cases, first[1:], strict=True)) == {n: c.value for n, c in cases.items()}
    nulls = {n: [] if c.bigquery.endswith("[]") else None for n, c in cases.items()}
    assert dict(zip(cases, second[1:], strict=True)) == nulls


def test_every_scalar_type_arrives_unchanged_and_so_does_its_null(sync, sql):
    _make(sql, SCALARS)
    sync.ok(postgresql_query=ALL)
    _check(sync, SCALARS)


def test_each_row_of_the_type_table_has_a_case():
    assert set(SCALARS) | {"xml"} == set(POSTGRESQL)


def test_a_numeric_becomes_the_narrowest_type_that_holds_it(sync, sql):
    _make(sql, NUMERICS)
    sync.ok(postgresql_query=ALL)
    _check(sync, NUMERICS)


def test_arrays_are_repeated_and_domains_are_their_base_type(sync, sql):
    _make(sql, ARRAYS)
    sync.ok(postgresql_query=ALL)
    _check(sync, ARRAYS)


def test_xml_becomes_a_string_column(sync, sql):
    sql("CREATE TABLE x (id int, doc xml)")
    sql("INSERT INTO x VALUES (1, NULL)")
    sync.ok(postgresql_query="SELECT * FROM x")
    assert sync.types()["doc"] == "STRING"
    assert sync.rows() == [(1, None)]


EXTREMES = """
CREATE TABLE extremes (
  id int8, tiny float8, huge float8, nan float8, up float8, down float8, small float4,
  first_day date, last_day date, first timestamp, last timestamp,
  first_utc timestamptz, last_utc timestamptz, midnight time,
  nothing text, long text, no_bytes bytea, lowest numeric(38, 9));
INSERT INTO extremes VALUES (
  9223372036854775807, 5e-324, 1.7976931348623157e308, 'NaN', 'Infinity', '-Infinity',
  1.17549435e-38,
  '0001-01-01', '9999-12-31', '0001-01-01', '9999-12-31 23:59:59.999999',
  '0001-01-01+00', '9999-12-31 23:59:59.999999+00', '00:00',
  '', repeat('ä', 300000), '', -99999999999999999999999999999.999999999)
"""


def test_the_ends_of_each_range_arrive_unchanged(sync, sql):
    sql(EXTREMES)
    sync.ok(postgresql_query="SELECT * FROM extremes")
    (row,) = sync.rows(
        "id, tiny, huge, CAST(nan AS STRING), up, down, small, first_day, last_day, first, last,"
        " first_utc, last_utc, midnight, nothing, LENGTH(long), LENGTH(no_bytes), lowest"
    )
    first = dt.datetime(1, 1, 1)
    last = dt.datetime(9999, 12, 31, 23, 59, 59, 999999)
    assert row[:3] == (2**63 - 1, 5e-324, 1.7976931348623157e308)
    assert row[3].lower() == "nan"
    assert row[4:7] == (math.inf, -math.inf, 1.1754943508222875e-38)
    assert row[7:11] == (dt.date.min, dt.date.max, first, last)
    assert row[11:14] == (first.replace(tzinfo=UTC), last.replace(tzinfo=UTC), dt.time(0))
    assert row[14:17] == ("", 300000, 0)
    assert row[17] == Decimal("-99999999999999999999999999999.999999999")


JSON_NUMBERS = {
    1: "[67.174118, 1687473876.057356, 0.1, -0.0, 1.10, 5e-324, 1e22]",
    2: "[9223372036854775807, -9223372036854775808, 18446744073709551615, 9007199254740993]",
    3: '["0.1234567890123456789", {"12345678901234567890.5": 1e2}, null, true]',
    4: "1.0000000000000000000",
    11: '{"a": [0.1234567890123456789]}',
    12: "18446744073709551617",
    13: "[1e400]",
    14: "9007199254740993.0",
    15: "-9223372036854775809",
    16: "1E-400",
    17: "[1,\n12345678901234567.8]",
}
"""Up to 10 they survive as doubles or 64-bit integers, after that they don't."""
MAKE_JSON = "CREATE TABLE j (id int8, doc json, docb jsonb)"


def test_json_numbers_that_a_double_cannot_hold_are_dead_letters(sync, sql):
    sql(MAKE_JSON)
    for number, text in JSON_NUMBERS.items():
        sql("INSERT INTO j VALUES (%s, %s, '1')", number, text)
        sql("INSERT INTO j VALUES (%s, '1', %s)", number + 100, text)
    sync.ok(postgresql_query="SELECT * FROM j", max_dead_letters="20")
    good = [number for number in JSON_NUMBERS if number <= 10]
    rows = sync.rows("id, doc, docb")
    assert [row[0] for row in rows] == good + [number + 100 for number in good]
    by_id = {row[0]: row[1:] for row in rows}
    for number in good:
        assert by_id[number] == (json.loads(JSON_NUMBERS[number]), 1)
        assert by_id[number + 100] == (1, json.loads(JSON_NUMBERS[number]))
    dead = sync.rows("column_name, reason", "t_dead_letters")
    assert [row[0] for row in dead] == ["doc"] * 7 + ["docb"] * 7
    assert all("json_numbers=text" in row[1] for row in dead)


EXACT_JSON = {
    1: "[67.17411800000001, 0.1, -0.0, 1.10, 1.5e-7, 12.3456]",
    2: "[9223372036854775807, 18446744073709551615, 9007199254740993]",
    3: '["67.174118", {"67.174118": 1e2}, null, "10:00:67.174118"]',
    11: '{"a": [67.174118]}',
    12: "9007199254740993.0",
    13: "[1,\n0.2002386475503002]",
}
"""Up to 10 BigQuery prints each number with the same value, after that it doesn't."""


def test_json_numbers_that_bigquery_prints_otherwise_are_dead_letters_if_asked(
    sync, sql, sent_jobs
):
    sql(MAKE_JSON)
    for number, text in EXACT_JSON.items():
        sql("INSERT INTO j VALUES (%s, %s, '1'), (%s, '1', %s)", number, text, number + 100, text)
    exact = {"postgresql_query": "SELECT * FROM j", "json_numbers": "exact"}
    over = sync(**exact, max_dead_letters="1")
    assert over.code == 7
    assert "a JSON number that BigQuery would print otherwise" in over.err
    assert "t" not in sync.tables()
    sync.ok(**exact, max_dead_letters="6")
    good = [number for number in EXACT_JSON if number <= 10]
    rows = {row[0]: row[1:] for row in sync.rows("id, doc, docb")}
    assert sorted(rows) == good + [number + 100 for number in good]
    for number in good:
        assert rows[number] == (json.loads(EXACT_JSON[number]), 1)
        assert rows[number + 100] == (1, json.loads(EXACT_JSON[number]))
    dead = sync.rows("column_name, reason", "t_dead_letters")
    assert sorted(row[0] for row in dead) == ["doc"] * 3 + ["docb"] * 3
    assert all("json_numbers=double" in row[1] and "json_numbers=text" in row[1] for row in dead)
    queries = [job["configuration"].get("query", {}).get("query", "") for job in sent_jobs]
    assert any(
        "SAFE.PARSE_JSON(_smart_sync_json_1, wide_number_mode=>'exact')" in q for q in queries
    )
    for name in ("doc", "docb"):
        wanted = f"PARSE_JSON(`{name}`, wide_number_mode=>'exact') AS `{name}`"
        assert any(wanted in query for query in queries)


def test_json_numbers_text_keeps_each_json_text_as_a_string(sync, sql):
    sql(MAKE_JSON)
    for number, text in JSON_NUMBERS.items():
        sql("INSERT INTO j VALUES (%s, %s, '1.10')", number, text)
    sync.ok(postgresql_query="SELECT * FROM j", json_numbers="text")
    assert sync.types() == {"id": "INTEGER", "doc": "STRING", "docb": "STRING"}
    assert sync.rows() == [(number, text, "1.10") for number, text in JSON_NUMBERS.items()]


def test_sql_null_and_json_null_are_told_apart(sync, sql):
    sql(MAKE_JSON)
    sql("INSERT INTO j VALUES (1, NULL, 'null'), (2, 'null', NULL)")
    sync.ok(postgresql_query="SELECT * FROM j")
    assert sync.rows("id, doc IS NULL, docb IS NULL") == [(1, True, False), (2, False, True)]


def test_json_of_500_levels_arrives_and_of_501_is_a_dead_letter(sync, sql):
    sql(MAKE_JSON)
    for number, levels in ((1, 500), (2, 501)):
        sql("INSERT INTO j VALUES (%s, %s, NULL)", number, "[" * levels + "]" * levels)
    sync.ok(postgresql_query="SELECT * FROM j", max_dead_letters="1")
    assert sync.rows("id") == [(1,)]
    ((reason,),) = sync.rows("reason", "t_dead_letters")
    assert "500" in reason
