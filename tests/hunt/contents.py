"""Values of every kind of column, the usual ones and those at the edges, as SQL."""

import random
from collections.abc import Mapping
from dataclasses import dataclass

CANARY = "c4nary"
"""Stands in texts of the source, and so may stand in no log, error or history."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of column.

    Attributes:
        type: SQL.
        values: SQL expressions that arrive.
        odd: ones that few think of; some can't arrive and must be dead letters.
        made: SQL that makes the type.
    """

    type: str
    values: tuple[str, ...]
    odd: tuple[str, ...] = ()
    made: tuple[str, ...] = ()


def _texts(*values: str) -> tuple[str, ...]:
    return tuple("'" + value.replace("'", "''") + "'" for value in values)


def _json(*values: str) -> tuple[str, ...]:
    return _texts(*values)


_WORDS = _texts("a", "A", "b", "B", "ä", "", " ", "z z", f"{CANARY}.1@example.com", "l'été", "日本")
_ODD_WORDS = _texts(
    "\\", "\\'", 'say "x"', "{start_timestamp}", "NULL", "\\N", "e\u0301", "\U0001f600"
)
_STAMPS = _texts("2024-02-29 12:00:00.123456", "1970-01-01 00:00:00", "2026-03-29 02:30:00")
_FAR = _texts("infinity", "-infinity", "0001-01-01", "9999-12-31", "0044-03-15 BC", "0987-06-05")
_DAYS = _texts("2024-02-29", "1999-12-31", "2026-11-01")
_JSON_ODD = _json(
    '"\\ud83d"', '{"a": "\\u0000"}', "1e200000", '{"e": "c4nary.2@example.com", "n": 1e999}',
    '{"a": 1, "a": 2}', "12345678901234567890", "0.1000000000000000055511151231257827",
)  # fmt: skip

KINDS: Mapping[str, Kind] = {
    "bool": Kind("bool", ("true", "false")),
    "int2": Kind("int2", ("0", "-32768", "32767")),
    "int4": Kind("int4", ("1", "-2147483648", "2147483647", "825373492", "1094861636")),
    "int8": Kind("int8", ("0", "-9223372036854775808", "9223372036854775807", "9007199254740993")),
    "oid": Kind("oid", ("0", "2147483648", "4294967295")),
    "float4": Kind("float4", _texts("0", "-0", "1.1", "NaN", "Infinity", "1e-45")),
    "float8": Kind("float8", _texts("0", "-0", "0.1", "NaN", "-Infinity", "5e-324", "1e23")),
    "numeric(10,2)": Kind("numeric(10,2)", _texts("0", "12345678.90", "-0.01"), _texts("NaN")),
    "numeric(50,10)": Kind("numeric(50,10)", _texts("1234567890123456789012345678901234567890.5")),
    "numeric": Kind("numeric", _texts("0", "1.50", "-12345.25"), _texts("NaN", "1e40", "1e-50")),
    "money": Kind("money", _texts("12.34", "-0.01")),
    "text": Kind("text", _WORDS, _ODD_WORDS),
    "varchar": Kind("varchar(40)", _WORDS, _ODD_WORDS),
    "char": Kind("char(5)", _texts("abc", "", "ab de")),
    "name": Kind("name", _texts("abc", "q")),
    '"char"': Kind('"char"', _texts("a", "")),
    "bytea": Kind("bytea", ("'\\x00ff'::bytea", "''::bytea", "decode('c328', 'hex')")),
    "date": Kind("date", _DAYS, _FAR),
    "time": Kind("time", _texts("12:34:56.789", "00:00", "23:59:59.999999"), _texts("24:00")),
    "timetz": Kind("timetz", _texts("12:34:56+02", "00:00-11:30")),
    "timestamp": Kind("timestamp", _STAMPS, _FAR),
    "timestamptz": Kind("timestamptz", _STAMPS, _FAR),
    "interval": Kind("interval", _texts("1 year 2 mons -3 days", "3000000 hours", "-1.5 seconds")),
    "json": Kind("json", _json('{"a": [1, 2.5]}', '"x"', "null", "[]", "67.174118"), _JSON_ODD),
    "jsonb": Kind("jsonb", _json('{"a": [1, 2.5]}', '"x"', "null", "[]", "0.1"), _json("12345678901234567890")),
    "uuid": Kind("uuid", _texts("00000000-0000-0000-0000-000000000001", "f81d4fae-7dec-11d0-a765-00a0c91e6bf6")),
    "inet": Kind("inet", _texts("10.0.0.1", "10.0.0.0/8", "::1", "2001:db8::/32")),
    "cidr": Kind("cidr", _texts("10.0.0.0/8", "10.0.0.1/32")),
    "macaddr": Kind("macaddr", _texts("08:00:2b:01:02:03")),
    "bit": Kind("bit(4)", ("B'1010'", "B'0000'")),
    "varbit": Kind("varbit", ("B'1'", "B''")),
    "tsvector": Kind("tsvector", _texts("a:1 fat:2", "")),
    "point": Kind("point", _texts("(1,2.5)")),
    "int4range": Kind("int4range", _texts("[1,5)", "empty", "(,)")),
    "xml": Kind("xml", _texts("<a>1</a>")),
    "mood": Kind("mood", _texts("sad", "so so"), made=("CREATE TYPE mood AS ENUM ('sad', 'so so')",)),
    "positive": Kind("positive", ("1", "825373492"), made=("CREATE DOMAIN positive AS int4 CHECK (VALUE > 0)",)),
    "int4[]": Kind("int4[]", _texts("{1,2}", "{}", "{825373492}"), _texts("[5:6]={7,8}", "{{1,2},{3,4}}", "{1,NULL}", "[0:1]={7,8}")),
    "int8[]": Kind("int8[]", _texts("{1,2}", "{}"), _texts("[3:3]={9007199254740993}",)),
    "text[]": Kind("text[]", _texts('{a,"b c"}', "{}", '{"NULL",""}'), _texts("[2:3]={x,y}", "{a,NULL}", '{"a\\"b","\\\\"}')),
    "float8[]": Kind("float8[]", _texts("{1.5,0}", "{0.1}"), _texts("{-0}", "{1,NULL,-0}", "{NaN}", "{NULL,Infinity}")),
    "inet[]": Kind("inet[]", _texts("{10.0.0.1,10.0.0.0/8}", "{::1}"), _texts("{10.0.0.1,NULL}", "[2:2]={::1}")),
    "date[]": Kind("date[]", _texts("{2024-02-29}", "{}"), _texts("{infinity}", "[7:7]={2024-01-01}")),
    "mood[]": Kind("mood[]", _texts('{sad,"so so"}'), _texts("[2:2]={sad}"), ("CREATE TYPE mood AS ENUM ('sad', 'so so')",)),
    "json[]": Kind("json[]", _texts('{"{\\"a\\": 1}"}', "{}"), ("ARRAY['\"\\ud83d\"'::json]", "ARRAY['1e200000'::json]", "ARRAY['\"\\u0000\"'::json]")),
}  # fmt: skip
"""By the name that the case says; the edges are those that drivers and parsers stumble over."""

DRAWN = tuple(KINDS)
"""Those that a schema's columns are first drawn from; others come in their place."""
_PAIR = "CREATE TYPE pair AS (n int8, t text, x float8)"
_VECTOR = "CREATE EXTENSION IF NOT EXISTS vector"
_OWN = (
    "CREATE TYPE own",
    "CREATE FUNCTION own_in(cstring) RETURNS own AS 'textin' LANGUAGE internal IMMUTABLE STRICT",
    "CREATE FUNCTION own_out(own) RETURNS cstring AS 'textout' LANGUAGE internal IMMUTABLE STRICT",
    "CREATE TYPE own (INPUT = own_in, OUTPUT = own_out, LIKE = text)",
    "CREATE FUNCTION own_text(own) RETURNS text AS $$ SELECT 'a cast' $$ LANGUAGE sql IMMUTABLE",
    "CREATE CAST (own AS text) WITH FUNCTION own_text(own) AS IMPLICIT",
)
OTHERS: Mapping[str, Kind] = {
    "pair": Kind("pair", _texts('(1,a,0.5)', '(,,)', '(-9223372036854775808,"say ""x"", (b)",1e+23)'), _texts('(9007199254740993,"\\\\",NaN)', '(0,"",-0)'), (_PAIR,)),
    "pair[]": Kind("pair[]", _texts('{"(1,a,0.5)"}', "{}"), _texts('{"(1,\\"a b\\",)",NULL}', '{{"(,,)"}}'), (_PAIR,)),
    "tid": Kind("tid", _texts("(0,1)", "(4294967295,65535)")),
    "refcursor": Kind("refcursor", _texts("c", f"{CANARY} x")),
    "own": Kind("own", _WORDS, _ODD_WORDS, _OWN),
    "own[]": Kind("own[]", _texts('{a,"b c"}', "{}"), _texts('{"a,b","x;y"}', "[2:2]={z}"), _OWN),
    "vector": Kind("vector", _texts("[1,2.5]", "[0.1]", "[-0,1e-45,3.4028235e38]"), (), (_VECTOR,)),
    "halfvec": Kind("halfvec", _texts("[65504,0.1]", "[6e-8]"), (), (_VECTOR,)),
    "sparsevec": Kind("sparsevec", _texts("{1:0.5,3:-2}/3", "{}/1", "{1000000000:1.5e-07}/1000000000"), (), (_VECTOR,)),
}  # fmt: skip
"""Types that PostgreSQL's users bring, or make; pgvector is in the wheel's server."""


def _of(extension: str, *values: str, kind: str = "", odd: tuple[str, ...] = ()) -> Kind:
    made = f"CREATE EXTENSION IF NOT EXISTS {extension}"
    return Kind(kind or extension, _texts(*values), odd, (made,))


EXTENSIONS: Mapping[str, Kind] = {
    "hstore": _of("hstore", "a=>1", "", "a=>NULL, b=>NULL", odd=_texts('"a b"=>"say \\"x\\"", "\\\\"=>"c4nary"', '""=>""')),
    "citext": _of("citext", "Ab", "aB", ""),
    "ltree": _of("ltree", "a.b_c.D", ""),
    "lquery": _of("ltree", "a.*{1,2}.b|c", kind="lquery"),
    "cube": _of("cube", "(1, 2.5)", "(1, 2),(3, 4)", "()"),
    "seg": _of("seg", "1.0 .. 2.50", "~5", "1(+-)0.1"),
    "isbn13": _of("isn", "978-0-393-04002-9", kind="isbn13"),
    "ip4": _of("ip4r", "10.0.0.1", "255.255.255.255", kind="ip4"),
    "ip4r": _of("ip4r", "10.0.0.0/8", "10.0.0.1-10.0.0.9"),
    "ip6r": _of("ip4r", "2001:db8::/32", "::1", kind="ip6r"),
    "semver": _of("semver", "1.2.3", "1.0.0-rc.1+build.5"),
    "debversion": _of("debversion", "1:2.3-4~bpo1", "0"),
    "prefix_range": _of("prefix", "123", "12[3-5]", kind="prefix_range"),
    "mpq": _of("pgmp", "1/3", "-7", kind="mpq"),
    "hstore[]": _of("hstore", '{"\\"a\\"=>\\"1\\""}', "{}", kind="hstore[]", odd=_texts("{NULL}")),
    "ltree[]": _of("ltree", "{a.b,c}", "{}", kind="ltree[]", odd=_texts("[2:2]={a}")),
    "cube[]": _of("cube", '{"(1, 2)","(3)"}', "{}", kind="cube[]"),
}  # fmt: skip
"""Types of extensions, which Debian's PostgreSQL has."""
KINDS = {**KINDS, **OTHERS, **EXTENSIONS}

KEY_KINDS = ("int8", "int4", "text", "uuid", "date", "timestamptz", "timestamp", "varchar")
"""What tables are keyed by."""

CURSOR_EDGES: Mapping[str, tuple[str, ...]] = {
    "timestamptz": _texts("0001-01-01", "1899-12-31", "-infinity", "0044-03-15 BC", "2999-01-01", "infinity"),
    "timestamp": _texts("0001-01-01", "1899-12-31", "-infinity", "2999-01-01"),
    "date": _texts("0001-01-01", "1899-12-31", "2999-01-01", "infinity"),
}  # fmt: skip
"""Sentinels: what applications write where they know no time."""


def a_value(dice: random.Random, kind: str, *, odd: float, null: float) -> str:
    """SQL of one value; `odd` and `null` are chances."""
    found = KINDS[kind]
    if dice.random() < null:
        return "NULL"
    if found.odd and dice.random() < odd:
        return dice.choice(found.odd)
    return dice.choice(found.values)


def key_value(kind: str, number: int) -> str:
    """SQL of the value that stands for a number in a column of keys; each number its own."""
    if kind in ("int8", "int4"):
        return str(number)
    if kind == "uuid":
        return f"md5('{number}')::uuid"
    if kind == "date":
        return FAR_DAYS.get(number, f"DATE '2020-01-01' + {number}")
    if kind in ("timestamptz", "timestamp"):
        return FAR_DAYS.get(number, f"TIMESTAMP '2020-01-01' + {number} * interval '1 hour'")
    letter = "aBcDeFgHäÖ-_ zZ"[number % 15]
    return f"'{letter}{number} {CANARY}@example.com'"


FAR_DAYS = {3: "'0001-01-01'", 4: "'9999-12-31'", 5: "'infinity'", 6: "'0044-03-15 BC'"}
