"""SQL text: scanning, placeholders, quoting, and what kind of query it is."""

import re
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.postgresql.query import names
from sources.postgresql.shape import shape
from sources.postgresql.sql import DIALECT, literal, quote, without_order
from sources.postgresql.tree import parsed_shape
from sources.sql import bind, placeholder_text, placeholders, strip_end, tokens

LOW, HIGH = datetime(2025, 7, 22, tzinfo=UTC), datetime(2026, 1, 1, 12, 30, 0, 500, tzinfo=UTC)
LOW_TEXT, HIGH_TEXT = "2025-07-22 00:00:00", "2026-01-01 12:30:00.000500"
PIECES = st.sampled_from(
    [
        *"'\"$;()?: \n",
        "''",
        "$$",
        "$t$",
        "--",
        "/*",
        "*/",
        "\\",
        "e'",
        "E'",
        "a1",
        "order",
        "{x}",
        "ü",
    ]
)
SCRAPS = st.lists(PIECES, max_size=25).map("".join)


@given(st.one_of(st.text(), SCRAPS))
def test_tokens_cover_any_text_without_gap_or_overlap(text):
    position = 0
    for _, start, end in tokens(text, DIALECT):
        assert start == position < end
        position = end
    assert position == len(text)


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("a_1", ["word"]),
        ("'it''s -- no'", ["string"]),
        (r"'\' 'b'", ["string", "other", "string"]),
        (r"E'\' b'", ["estring"]),
        (r"e'a''b\\'", ["estring"]),
        (r"date'\'", ["word", "string"]),
        ('"a""b--"', ["ident"]),
        ("$$ ' -- $t$ $$", ["dollar"]),
        ("$t$ ' $$ \" $t$", ["dollar"]),
        ("$a$ $b$ $a$", ["dollar"]),
        ("$1", ["other", "other"]),
        ("-- ' \n1", ["line", "other", "other"]),
        ("/* ' /* nested */ \" */", ["block"]),
        ("/* open", ["block"]),
        ("'open", ["other", "word"]),
        ("1-1", ["other", "other", "other"]),
    ],
)
def test_tokens_are_told_apart_as_postgresql_does(text, kinds):
    assert [kind for kind, _, _ in tokens(text, DIALECT)] == kinds


@pytest.mark.parametrize(
    ("query", "bound"),
    [
        ("c > '{start_timestamp}'", f"c > '{LOW_TEXT}'"),
        ("c > {start_timestamp}", f"c > '{LOW_TEXT}'"),
        ("c <= {end_timestamp}::timestamptz", f"c <= '{HIGH_TEXT}'::timestamptz"),
        ("c > timestamptz '{start_timestamp}+00'", f"c > timestamptz '{LOW_TEXT}+00'"),
        ("E'\\'{start_timestamp}'", f"E'\\'{LOW_TEXT}'"),
        ("$${start_timestamp}$$", f"$${LOW_TEXT}$$"),
        ("$t$ $$ {start_timestamp} $t$", f"$t$ $$ {LOW_TEXT} $t$"),
        ('"{end_timestamp}"', f'"{HIGH_TEXT}"'),
        ("'it''s {start_timestamp}', {end_timestamp}", f"'it''s {LOW_TEXT}', '{HIGH_TEXT}'"),
        ("-- '\n{start_timestamp}", f"-- '\n'{LOW_TEXT}'"),
        ("/* ' */ {start_timestamp}", f"/* ' */ '{LOW_TEXT}'"),
        ("({start_timestamp},{end_timestamp})", f"('{LOW_TEXT}','{HIGH_TEXT}')"),
        ("'{a} {start} {}' || {x}", "'{a} {start} {}' || {x}"),
        ("{{start_timestamp}}", "{'" + LOW_TEXT + "'}"),
        ("100 % 3 LIKE '%s' ? $1", "100 % 3 LIKE '%s' ? $1"),
    ],
)
def test_placeholders_get_bare_text_inside_quotes_and_quotes_outside(query, bound):
    assert bind(query, LOW, HIGH, DIALECT) == bound


def test_integers_stay_bare_and_an_open_lower_end_is_the_lowest_integer():
    query = "id > {start_timestamp} AND id <= '{end_timestamp}'"
    assert bind(query, 5, 7, DIALECT) == "id > 5 AND id <= '7'"
    assert bind(query, None, 7, DIALECT) == "id > -9223372036854775808 AND id <= '7'"


@given(SCRAPS)
def test_a_query_without_placeholders_is_left_alone(query):
    assert bind(query, LOW, HIGH, DIALECT) == query
    assert placeholders(query, DIALECT) == set()


@given(SCRAPS, SCRAPS)
def test_binding_changes_nothing_but_the_placeholders(before, after):
    bound = bind(f"{before}{{start_timestamp}}{after}", LOW, HIGH, DIALECT)
    assert bound in (f"{before}{LOW_TEXT}{after}", f"{before}'{LOW_TEXT}'{after}")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("a '{start_timestamp}' {end_timestamp}", {"{start_timestamp}", "{end_timestamp}"}),
        ("a -- {start_timestamp}", set()),
        ("a /* {start_timestamp} */ {end_timestamp}", {"{end_timestamp}"}),
        ("'-- {start_timestamp}'", {"{start_timestamp}"}),
        ("{ start_timestamp } {START_TIMESTAMP}", set()),
    ],
)
def test_placeholders_in_comments_do_not_count(query, found):
    assert placeholders(query, DIALECT) == found


@pytest.mark.parametrize(
    ("query", "stripped"),
    [
        (" SELECT 1 ;\n", "SELECT 1"),
        ("SELECT 1", "SELECT 1"),
        ("SELECT 1 -- a;", "SELECT 1 -- a;"),
        ("SELECT 1; -- a;", "SELECT 1 -- a;"),
        ("SELECT 1; /* b */ -- c", "SELECT 1 /* b */ -- c"),
        ("SELECT ';'", "SELECT ';'"),
        ('SELECT 1 AS ";"', 'SELECT 1 AS ";"'),
        ("SELECT $$;$$;", "SELECT $$;$$"),
        ("SELECT 1;;", "SELECT 1;"),
        ("SELECT 1; SELECT 2;", "SELECT 1; SELECT 2"),
        ("", ""),
        (" ; ", ""),
    ],
)
def test_one_trailing_semicolon_is_dropped_and_comments_stay(query, stripped):
    assert strip_end(query, DIALECT) == stripped


@pytest.mark.parametrize(
    ("query", "without"),
    [
        ("SELECT a FROM t ORDER BY a, b DESC NULLS LAST", "SELECT a FROM t"),
        ("SELECT a FROM t order\n by a", "SELECT a FROM t"),
        ("SELECT a FROM t", "SELECT a FROM t"),
        ("SELECT 'ORDER BY' FROM t", "SELECT 'ORDER BY' FROM t"),
        ("SELECT a FROM t -- ORDER BY b", "SELECT a FROM t -- ORDER BY b"),
        ('SELECT "ORDER" FROM t ORDER BY "ORDER"', 'SELECT "ORDER" FROM t'),
        ("SELECT a FROM (SELECT 1 a ORDER BY 1) t", "SELECT a FROM (SELECT 1 a ORDER BY 1) t"),
        ("SELECT a FROM t ORDER BY (SELECT 1 ORDER BY 1), ')'", "SELECT a FROM t"),
        ("SELECT ')' FROM t ORDER BY a -- (\n", "SELECT ')' FROM t"),
        ("SELECT t.order AS order FROM t", "SELECT t.order AS order FROM t"),
        ("SELECT a FROM t ORDER BY t.order", "SELECT a FROM t"),
        ("SELECT a FROM t -- x\nORDER BY a", "SELECT a FROM t -- x"),
    ],
)
def test_the_outermost_order_by_is_dropped_and_no_other(query, without):
    assert without_order(query) == without


@given(st.text())
def test_a_quoted_name_is_one_identifier_and_gives_the_name_back(name):
    quoted = quote(name)
    assert list(tokens(quoted, DIALECT)) == [("ident", 0, len(quoted))]
    assert quoted[1:-1].replace('""', '"') == name


@given(st.text())
def test_a_text_literal_is_one_string_and_gives_the_text_back(text):
    written = literal(text)
    assert list(tokens(written, DIALECT)) == [("estring", 0, len(written))]
    read = re.sub(r"\\(\\)|'(')", lambda pair: pair[1] or pair[2], written[2:-1])
    assert (written[:2], read) == ("E'", text)


@given(st.datetimes())
def test_a_placeholders_text_is_the_stamp_to_the_microsecond(stamp):
    text = placeholder_text(stamp)
    assert datetime.fromisoformat(text) == stamp
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{6})?", text)
    assert not text.endswith(".000000")
    assert literal(stamp) == f"timestamp '{text}'"
    assert literal(stamp.replace(tzinfo=UTC)) == f"timestamptz '{text}+00'"


HOSTILE = ["a'b", 'a"b', "\\", "a\\'b", "--", "/*", "$$", "%s", "{c}", "ü", "😀", "a\nb", "", ";"]


def test_postgresql_reads_back_what_was_quoted(sql):
    values = [
        *HOSTILE,
        -(2**63),
        2**63 - 1,
        date(1, 1, 1),
        datetime(9999, 12, 31, 23, 59, 59, 999999),
        datetime(2024, 3, 31, 2, 30, 0, 1, tzinfo=UTC),
    ]
    ((*found,),) = sql("SELECT " + ", ".join(literal(value) for value in values))
    assert found == values
    names = [name for name in HOSTILE if name]
    columns = ", ".join(f"1 AS {quote(name)}" for name in names)
    ((read,),) = sql(
        f"SELECT array_agg(key) FROM json_each_text((SELECT to_json(q) FROM (SELECT {columns}) q))"
    )
    assert read == names


REASONS = [
    ("SELECT * FROM t", ""),
    ("SELECT a, b + 1, lower(c) FROM s.t WHERE d > 1 ORDER BY a", ""),
    ("SELECT a FROM t JOIN u USING (id) LEFT JOIN v ON v.x = t.x", ""),
    ("SELECT a FROM t WHERE EXISTS (SELECT FROM u WHERE u.x = t.x)", ""),
    ("SELECT t.limit, b AS offset, c::time with time zone FROM t WHERE a IS DISTINCT FROM 1", ""),
    ("SELECT a, ' LIMIT 1' FROM \"limit\" -- LIMIT 2", ""),
    ("SELECT substring(a FROM 1 FOR 2) FROM t WHERE over > 1", ""),
    ("SELECT a FROM t WHERE EXISTS (SELECT count(*) FROM u GROUP BY x)", "aggregate"),
    ("SELECT a FROM t WHERE EXISTS (SELECT FROM u GROUP BY x)", "GROUP BY"),
    ("SELECT (SELECT max(x) FROM u WHERE u.id = t.id) AS m FROM t", "aggregate"),
    ("SELECT (SELECT x FROM u LIMIT 1) AS m FROM t", "LIMIT"),
    ("SELECT a FROM t WHERE a IN (SELECT x FROM u ORDER BY random() OFFSET 3)", "OFFSET"),
    ("SELECT a FROM t WHERE a IN (SELECT x FROM u FETCH NEXT ROW WITH TIES)", "LIMIT"),
    ("SELECT a FROM t WHERE a = ANY (SELECT rank() OVER (ORDER BY x) FROM u)", "window function"),
    ("SELECT a FROM t WHERE a IN (SELECT x FROM u FOR NO KEY UPDATE)", "FOR UPDATE"),
    ("SELECT a FROM t, LATERAL (SELECT 1 AS x) AS y", "LATERAL"),
    ("SELECT a FROM t, LATERAL f(t.a) AS y", "LATERAL"),
    ("SELECT a FROM t, f(t.a) AS y", "more than tables"),
    ("SELECT a FROM t, ROWS FROM (f(1), g(2)) AS y", "more than tables"),
    ("SELECT a FROM (VALUES (1)) AS v(a)", "more than tables"),
    ("SELECT a FROM t WHERE a IN (VALUES (1), (2))", "VALUES"),
    ("SELECT json_objectagg(a : b) FROM t", "aggregate"),
    ('SELECT U&"\\0066"(a) FROM t', "Unicode escapes"),
    ("SELECT a FROM (SELECT a, b FROM t WHERE b > 1) x", ""),
    ("SELECT a FROM t LIMIT 5", "LIMIT"),
    ("SELECT a FROM t OFFSET 5", "OFFSET"),
    ("SELECT a FROM t FETCH FIRST 3 ROWS ONLY", "LIMIT"),
    ("SELECT a FROM t GROUP BY a", "GROUP BY"),
    ("SELECT a FROM t GROUP BY a HAVING a > 1", "GROUP BY"),
    ("SELECT DISTINCT a FROM t", "DISTINCT"),
    ("SELECT DISTINCT ON (a) a, b FROM t ORDER BY a", "DISTINCT"),
    ("SELECT a FROM t FOR UPDATE", "FOR UPDATE"),
    ("SELECT a FROM t FOR SHARE", "FOR UPDATE or FOR SHARE"),
    ("WITH x AS (SELECT 1 AS a) SELECT a FROM x", "WITH"),
    ("SELECT a FROM t UNION ALL SELECT a FROM u", "set operation"),
    ("SELECT a FROM t EXCEPT SELECT a FROM u", "set operation"),
    ("SELECT a FROM t INTERSECT SELECT a FROM u", "set operation"),
    ("SELECT max(a) FROM t", "aggregate"),
    ("SELECT 1 + count(*) FROM t", "aggregate"),
    ("SELECT string_agg(a, ',') FROM t", "aggregate"),
    ("SELECT row_number() OVER (ORDER BY a) FROM t", "window function"),
    ("SELECT sum(a) OVER w FROM t WINDOW w AS (ORDER BY b)", "window function"),
    ("SELECT unnest(a) FROM t", "set-returning"),
    ("SELECT generate_series(1, a) FROM t", "set-returning"),
    ("SELECT a FROM t TABLESAMPLE BERNOULLI (10)", "TABLESAMPLE"),
    ("SELECT a FROM (SELECT * FROM t LIMIT 10) x", "LIMIT"),
    ("SELECT a FROM (SELECT DISTINCT ON (b) * FROM t) x", "DISTINCT"),
    ("SELECT a FROM (SELECT *, row_number() OVER (ORDER BY b) r FROM t) x", "window function"),
    ("SELECT a FROM u JOIN (SELECT * FROM t LIMIT 10) x USING (id)", "LIMIT"),
    ("VALUES (1), (2)", "not a SELECT"),
    ("UPDATE t SET a = 1", "not a SELECT"),
    ("SELECT 1; SELECT 2", "not one statement"),
    ("SELECT FROM WHERE ((", "could not be parsed"),
    ("", "not one statement"),
]


@pytest.mark.parametrize(("query", "reason"), REASONS, ids=lambda text: text[:60])
def test_only_a_plain_select_may_be_split_and_the_reason_is_named(query, reason):
    found = shape(query).split_reason
    assert (reason in found) if reason else (found == "")


@pytest.mark.parametrize(
    ("query", "tables", "single"),
    [
        ("SELECT a FROM t", [("", "t")], True),
        ('SELECT a FROM "My S"."T t" AS x', [("My S", "T t")], True),
        ('SELECT a FROM Public.Ts JOIN "Ts" USING (id)', [("", "Ts"), ("public", "ts")], False),
        ("SELECT n FROM generate_series(1, 9) AS n", [], False),
        ("SELECT a FROM b.t, a.t", [("a", "t"), ("b", "t")], False),
        ("SELECT a FROM t x JOIN t y USING (id)", [("", "t")], False),
        ("SELECT a FROM (SELECT x.a FROM t x, t y) z", [("", "t")], False),
        ("SELECT a FROM t x WHERE EXISTS (SELECT FROM t y)", [("", "t")], False),
        ("SELECT a FROM (SELECT * FROM ONLY t) x", [("", "t")], True),
        ("SELECT a FROM ÄRGER", [("", "Ärger")], True),
        ("SELECT a FROM t WHERE id IN (SELECT id FROM s.u)", [("", "t"), ("s", "u")], False),
        (
            "WITH c AS (SELECT * FROM s.u) SELECT * FROM c JOIN t USING (id)",
            [("", "t"), ("s", "u")],
            False,
        ),
        ("SELECT a FROM t UNION SELECT a FROM u", [("", "t"), ("", "u")], False),
        ("SELECT 1 AS one", [], False),
    ],
)
def test_the_tables_of_a_query_are_those_of_all_its_parts(query, tables, single):
    found = shape(query)
    assert (list(found.tables), found.single_table) == (tables, single)


def test_names_and_calls_are_those_that_the_catalog_would_have():
    sql = """SELECT Ä$1(b), "F""g" /* x() */ (c), (SELECT 1 FROM u) FROM T -- i()
        WHERE 'j()' <> t.H AND K($$ l() $$)"""
    whole, rows = names(sql)
    assert whole.called == ('F"g', "k", "Ä$1")
    assert rows.called == ("k",)
    assert set(rows.named) == {"from", "t", "where", "h", "and", "k"}
    assert set(whole.named) == {*rows.named, "select", "Ä$1", "b", 'F"g', "c", "u"}


def test_an_order_by_counts_only_outermost_in_a_plain_select():
    assert shape("SELECT a FROM t ORDER BY a").has_order
    assert not shape("SELECT a FROM (SELECT a FROM t ORDER BY a) x").has_order
    assert not shape("SELECT a FROM t ORDER BY a LIMIT 3").has_order


@given(st.one_of(st.text(), SCRAPS))
def test_any_text_has_a_shape(text):
    assert isinstance(shape(text).split_reason, str)


NAMES = st.one_of(st.text(min_size=1), SCRAPS).filter(lambda name: name and "\0" not in name)


@given(NAMES, NAMES)
def test_a_table_by_itself_has_the_shape_that_the_parser_finds(schema, table):
    sql = f"SELECT * FROM {quote(schema)}.{quote(table)}"
    assert shape(sql) == parsed_shape(sql)


@pytest.mark.parametrize(
    "sql",
    [
        'SELECT * FROM "s"."t" LIMIT 5',
        'SELECT * FROM "s"."t", "s"."u"',
        'SELECT * FROM "s"."t" ORDER BY "a"',
        'SELECT * FROM "s"."t"; SELECT * FROM "s"."u"',
        'SELECT * FROM "s"."t"."u"',
        'SELECT * FROM "s"."t" "u"',
        'SELECT * FROM "t"',
        "SELECT * FROM s.t",
        'SELECT * FROM "s"."t" -- "."',
    ],
)
def test_what_is_more_than_a_table_is_parsed(sql):
    assert shape(sql) == parsed_shape(sql)
