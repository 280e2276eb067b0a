"""Where the driver is silently wrong or fails late, the sync is right or refuses aloud."""

import datetime as dt
import time
from collections.abc import Callable
from decimal import Decimal

import pytest

from tests.e2e.conftest import statements

ALL = "SELECT * FROM s"
BAD_TIMES = {
    "a_stamp": (
        "timestamp",
        ["infinity", "-infinity", "294276-12-31 23:59:59", "0001-01-01 00:00 BC", "10000-01-01"],
    ),
    "b_stamptz": (
        "timestamptz",
        ["infinity", "-infinity", "294276-12-31 00:00+00", "4713-01-02 BC"],
    ),
    "c_date": ("date", ["infinity", "-infinity", "5874897-12-31", "4713-01-01 BC", "10000-01-01"]),
    "d_time": ("time", ["24:00:00"]),
    "e_price": ("numeric(12,2)", ["NaN"]),
    "f_bare": ("numeric", ["NaN", "Infinity", "-Infinity"]),
    "g_stamps": ("timestamp[]", ["{2024-01-01,infinity}"]),
    "h_dates": ("date[]", ["{2024-01-01,infinity}"]),
    "i_times": ("time[]", ["{00:00,24:00}"]),
    "j_prices": ("numeric(12,2)[]", ["{1,NaN}"]),
}


def test_values_outside_of_bigquerys_ranges_are_dead_letters_that_name_their_column(sync, sql):
    columns = ", ".join(f"{name} {kind}" for name, (kind, _) in BAD_TIMES.items())
    sql(f"CREATE TABLE s (id int8, {columns})")
    sql(
        "INSERT INTO s VALUES (0, '2024-01-01', '2024-01-01 00:00+00', '2024-01-01', '23:59', 1, 1,"
        " '{2024-01-01}', '{2024-01-01}', '{12:00}', '{1}')"
    )
    bad = [(name, value) for name, (_, values) in BAD_TIMES.items() for value in values]
    for number, (name, value) in enumerate(bad, 1):
        sql(f"INSERT INTO s (id, {name}) VALUES (%s, %s)", number, value)
    sync.ok(postgresql_query=ALL, max_dead_letters=str(len(bad)))
    ((number, stamp, *_),) = sync.rows()
    assert (number, stamp) == (0, dt.datetime(2024, 1, 1))
    letters = sync.rows(
        "CAST(JSON_VALUE(raw_row, '$.id') AS INT64), column_name, value", "t_dead_letters"
    )
    assert [letter[:2] for letter in letters] == [
        (number, name) for number, (name, _) in enumerate(bad, 1)
    ]
    assert all(letter[2] for letter in letters)
    assert [letter[2] for letter in letters if letter[1] == "d_time"] == ["24:00:00"]


ARRAYS = """
CREATE TABLE s (id int8, flat int[], bounds int[], cube int[], holes text[], numbers numeric[]);
INSERT INTO s VALUES
  (1, '{1,2}', '[0:2]={7,8,9}', '{{1,2},{3,4}}', '{a,NULL}', '{1.50,NaN}'),
  (2, '{}', '{}', '{}', '{}', '{}')
"""


def test_arrays_that_repeated_cannot_hold_become_json_with_all_their_elements(sync, sql):
    sql(ARRAYS)
    result = sync.ok(postgresql_query=ALL)
    assert sync.types() == {
        "id": "INTEGER",
        "flat": "INTEGER[]",
        "bounds": "INTEGER[]",
        "cube": "JSON",
        "holes": "JSON",
        "numbers": "STRING[]",
    }
    assert sync.rows("flat, bounds, `cube`, holes, numbers", order="id") == [
        ([1, 2], [7, 8, 9], [[1, 2], [3, 4]], ["a", None], ["1.50", "NaN"]),
        ([], [], [], [], []),
    ]
    assert result.err == ""


def test_the_plan_tells_what_an_array_loses(sync, sql):
    sql(ARRAYS)
    shown = sync.ok(postgresql_query=ALL, plan_only="true").out
    (line,) = [line for line in shown.splitlines() if line.split()[:1] == ["bounds"]]
    assert "lower bounds" in line


def test_where_the_destination_is_repeated_what_does_not_fit_is_a_dead_letter(sync, sql):
    sql("CREATE TABLE s (id int8, n int[], t text[], u uuid[])")
    columns = "id INT64, n ARRAY<INT64>, t ARRAY<STRING>, u ARRAY<STRING>"
    sync.client.query_and_wait(f"CREATE TABLE {sync.dataset}.t ({columns})")
    sql(
        "INSERT INTO s VALUES (1, '{1}', '{a}', NULL), (2, '{1,NULL}', '{a}', NULL),"
        " (3, '{{1,2},{3,4}}', '{a}', NULL),"
        " (4, '{1,2}', '{NULL}', NULL), (5, '{5}', '{{a},{b}}', NULL), (6, NULL, '{\"NULL\"}',"
        " '{NULL}'), (7, '{7}', '{}', '{}')"
    )
    sync.ok(postgresql_query=ALL, max_dead_letters="5")
    assert sync.rows("id, n, t, u") == [(1, [1], ["a"], []), (7, [7], [], [])]
    letters = sync.rows(
        "JSON_VALUE(raw_row, '$.id'), column_name, reason, TO_JSON_STRING(raw_row)",
        "t_dead_letters",
    )
    assert [letter[:3] for letter in letters] == [
        ("2", "n", "array with a NULL element"),
        ("3", "n", "array of more than one dimension"),
        ("4", "t", "array with a NULL element"),
        ("5", "t", "array of more than one dimension"),
        ("6", "u", "array with a NULL element"),
    ]
    assert '"n":["1",null]' in letters[0][3].replace(" ", "")


AS_TEXT = """
SELECT 1 AS id, int8range(1, 5) AS a, '{[1,2),[5,)}'::int4multirange AS b, inet '10.0.0.1' AS c,
  cidr '10.0.0.0/8' AS d, macaddr '08:00:2b:01:02:03' AS e, bit '0101' AS f, varbit '01' AS g,
  'a:1 b'::tsvector AS h, point(1, 2) AS i, pg_lsn '0/1' AS j, timetz '12:00+02' AS k,
  'pg_type'::regclass AS l, interval '3000000 hours' AS m, interval '-178000000 years' AS n,
  daterange('2024-01-02', 'infinity') AS o, tstzrange('2024-01-02 03:04:05.678+01', NULL) AS p,
  numrange(1.50, NULL) AS q, interval '1 day -02:03:04.5' AS r, xid8 '9' AS s
"""
SETTINGS = {
    "TimeZone": "America/New_York",
    "DateStyle": "German, DMY",
    "IntervalStyle": "sql_standard",
    "extra_float_digits": "-3",
    "bytea_output": "escape",
}


def test_wire_formats_arrive_as_postgresqls_text_whatever_the_databases_settings(
    sync, sql, database
):
    sql("SET TimeZone = 'UTC'")
    names = "abcdefghijklmnopqrs"
    shown = ", ".join(f"format('%s', {name})" for name in names)  # as psql shows them
    ((wanted,),) = sql(f"SELECT ARRAY[{shown}] FROM ({AS_TEXT}) q")
    for name, value in SETTINGS.items():
        sql(f"ALTER DATABASE {database.database} SET {name} = '{value}'")
    sync.ok(
        postgresql_query=AS_TEXT.replace(
            "xid8 '9' AS s", "xid8 '9' AS s, 0.1::float8 AS t, '\\xff00'::bytea AS u"
        )
    )
    types = sync.types()
    assert [types[name] for name in names] == ["STRING"] * len(names)
    (row,) = sync.rows(", ".join((*names, "t", "u")))
    assert list(row[:-2]) == wanted
    assert row[-2:] == (0.1, b"\xff\x00")


def test_values_that_the_driver_misreads_arrive_as_they_are(sync, sql):
    sql("CREATE DOMAIN pair AS int[]")
    sql("CREATE TABLE s (id int8, m money, o oid, c char(5), d date, pairs pair[])")
    sql(
        "INSERT INTO s VALUES"
        " (1, '1234.56', 4294967295, 'abc', '2024-01-01', '{\"{1,2}\",\"{3}\"}'),"
        " (2, NULL, NULL, NULL, NULL, '{}')"
    )
    sync.ok(postgresql_query=ALL)
    assert sync.rows("id, m, o, c, pairs") == [
        (1, Decimal("1234.56"), 4294967295, "abc  ", [[1, 2], [3]]),
        (2, None, None, None, []),
    ]


def test_a_second_run_reads_an_enum_that_grew_and_a_table_written_in_capitals(sync, sql):
    """The enum as text, and the table as the same source."""
    sql("CREATE TYPE mood AS ENUM ('sad')")
    sql("CREATE TABLE s (id int8, c mood, cs mood[])")
    sql("INSERT INTO s VALUES (1, 'sad', '{sad}')")
    sync.ok(postgresql_query=ALL)
    sql("ALTER TYPE mood ADD VALUE 'glad'")
    sql("UPDATE s SET id = 2, c = 'glad', cs = '{glad,sad}'")
    sync.ok(postgresql_query="SELECT * FROM Public.S")
    assert sync.rows() == [(1, "sad", ["sad"]), (2, "glad", ["glad", "sad"])]


def test_types_without_a_mapping_are_refused_at_plan_time_all_at_once(sync, sql):
    sql("CREATE TYPE pair AS (a int, b text)")
    sql("CREATE TABLE s (id int8, p pair, ps pair[])")
    result = sync(postgresql_query=f"SELECT *, ctid AS place, ROW(1, 'a') AS whole FROM ({ALL}) s_")
    assert result.code == 3  # a subquery has no ctid: what the server says is passed on
    rows = "ROW(1, 'a') AS whole, ROW(2) AS other"
    result = sync(postgresql_query=f"SELECT *, ctid AS place, {rows} FROM s")
    assert result.code == 4
    for column in ("whole", "other"):
        assert f"column {column!r}, type record" in result.err
    assert "::text" in result.err
    assert sync.tables() == set()


def test_bytes_that_are_not_utf8_are_dead_letters(sync, other_database):
    server = other_database("SQL_ASCII")
    statements(
        server,
        'CREATE TABLE s (id int8, t text, c char(4), ts text[], j json, "größe" int2)',
        "INSERT INTO s VALUES (1, E'caf\\303\\251', 'a', '{b}', '{}')",
        "INSERT INTO s VALUES (2, E'caf\\351', 'a', '{b}', '{}')",
        "INSERT INTO s VALUES (3, 'a', E'\\351', '{b}', '{}')",
        "INSERT INTO s VALUES (4, 'a', 'a', ARRAY['b', E'caf\\351'], '{}')",
        "INSERT INTO s VALUES (5, 'a', 'a', '{b}', E'\"caf\\351\"')",
        "INSERT INTO s VALUES (6, 'z', 'a', '{b}', '{}')",
    )
    sync.ok(postgresql_database=server.database, postgresql_query=ALL, max_dead_letters="4")
    assert sync.rows("id, t") == [(1, "café"), (6, "z")]
    letters = sync.rows("JSON_VALUE(raw_row, '$.id'), column_name, reason, value", "t_dead_letters")
    assert [letter[:2] for letter in letters] == [("2", "t"), ("3", "c"), ("4", "ts"), ("5", "j")]
    assert all("UTF-8" in letter[2] and "\\xe9" in letter[3] for letter in letters)


def test_a_latin1_databases_letters_arrive(sync, other_database):
    server = other_database("LATIN1")
    statements(
        server, 'CREATE TABLE s (id int8, "größe" text)', "INSERT INTO s VALUES (1, 'café ß')"
    )
    sync.ok(postgresql_database=server.database, postgresql_query=ALL)
    assert sync.rows("id, `größe`") == [(1, "café ß")]


@pytest.mark.parametrize(("encoding", "told"), [("SQL_ASCII", "caf\ufffd"), ("LATIN1", "café")])
def test_a_comment_of_another_encoding_ends_no_run(sync, other_database, encoding, told):
    server = other_database(encoding)
    word = "E'caf\\351'" if encoding == "SQL_ASCII" else "'café'"
    statements(
        server,
        "CREATE TABLE s AS SELECT 1 AS id",
        f"COMMENT ON TABLE s IS {word}; COMMENT ON COLUMN s.id IS {word}",
    )
    words = {"source_table_for_schema": "s", "enable_auto_schema": "true"}
    sync.ok(postgresql_database=server.database, **words)
    table = sync.table("t")
    assert told in table.description
    assert table.schema[0].description == told


def test_a_columns_name_that_is_not_utf8_is_refused_and_says_how_to_rename_it(sync, other_database):
    server = other_database("SQL_ASCII")
    rename = "'ALTER TABLE s RENAME x TO ' || quote_ident(E'caf\\351')"
    statements(server, "CREATE TABLE s (x int)", f"DO $$ BEGIN EXECUTE {rename}; END $$")
    result = sync(postgresql_database=server.database, postgresql_query=ALL)
    assert result.code == 3
    assert "0xe9" in result.err
    assert "RENAME" in result.err


def _sessions_in_transaction(sql: Callable[..., list[tuple[int]]]) -> int:
    """Sessions of ours with an open transaction, once the server has seen them close."""
    deadline = time.monotonic() + 60
    count = -1
    while count and time.monotonic() < deadline:
        ((count,),) = sql(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND application_name LIKE 'bigquery-smart-sync%' AND xact_start IS NOT NULL"
        )
    return count


def test_an_sql_error_amid_the_rows_ends_the_run_with_3_and_is_not_retried(sync, sql, caplog):
    query = "SELECT g AS id, 1000 / (g - 150000) AS n FROM generate_series(1, 200000) AS g"
    result = sync(postgresql_query=query)
    assert result.code == 3
    assert "division by zero" in result.err
    assert "SourceRefusedError" in result.err
    assert "lost its connection" not in caplog.text
    assert "t" not in sync.tables()
    assert [run["status"] for run in sync.history()] == ["failed"]
    assert _sessions_in_transaction(sql) == 0


def test_no_session_stays_in_a_transaction_after_astatements(sync, sql):
    sql("CREATE TABLE s AS SELECT g AS id FROM generate_series(1, 100) g")
    sync.ok(postgresql_query=ALL, num_splits="3")
    assert _sessions_in_transaction(sql) == 0


def test_a_query_is_run_as_it_is_written(sync, sql):
    sql('CREATE TABLE "Kapital ""Täb;le"" {x}" ("Größe" int, "select" int, "A" text)')
    sql('INSERT INTO "Kapital ""Täb;le"" {x}" VALUES (1, 2, %s)', "x")
    query = (
        '/* outer /* inner */ ; */ SELECT "Größe", "select", "A", \'don\'\'t; -- {no}\' AS b,'
        " $$dollar ' ; -- {start} $$ AS c, $t$ $$ $t$ AS d, E'\\'\\n;' AS e, '100%% %s' AS f,"
        " '{\"a\": 1}'::jsonb ? 'a' AS g, '{end}' AS \"ünï\", '\\' AS h -- why; not\n"
        'FROM "Kapital ""Täb;le"" {x}" -- x'
    )
    wanted = (1, 2, "x", "don't; -- {no}", "dollar ' ; -- {start} ", " $$ ", "'\n;", "100%% %s")
    for end in ("", "\n;\n-- after ; it\n"):
        sync.ok(postgresql_query=query + end, write_disposition="WRITE_TRUNCATE")
        assert sync.rows() == [(*wanted, True, "{end}", "\\")]


def test_a_column_name_of_any_letters_is_read_and_renamed(sync, sql):
    name = "we\"ird {c} %s 'x' ;--"
    quoted = name.replace('"', '""').replace("%", "%%")
    sql(f'CREATE TABLE s (id int8, "{quoted}" int[])'.replace("%%", "%"))
    sql("INSERT INTO s VALUES (1, '{5}'), (2, '{{1},{2}}')")
    sync.client.query_and_wait(f"CREATE TABLE {sync.dataset}.t (id INT64, weird ARRAY<INT64>)")
    refused = sync(postgresql_query=ALL)
    assert refused.code == 4
    assert f"{name!r}: only letters" in refused.err
    assert "field_mappings" in refused.err
    mapping = '{"field_mappings": {' + f'"{name}"'.replace('we"ird', 'we\\"ird') + ': "weird"}}'
    sync.ok(postgresql_query=ALL, transformation_config=mapping, max_dead_letters="1")
    assert sync.rows("id, weird") == [(1, [5])]
    assert sync.rows("reason", "t_dead_letters") == [("array of more than one dimension",)]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("SELECT 1 AS a, 2 AS b, 3 AS a", ["'a'"]),
        ('SELECT 1 AS "A", 2 AS a', ["'A'", "'a'"]),
    ],
)
def test_output_names_that_bigquery_cannot_tell_apart_are_a_schema_error(sync, query, names):
    result = sync(postgresql_query=query)
    assert result.code == 4
    assert all(name in result.err for name in names)
    assert sync.tables() == set()


STRANGE = """
CREATE TABLE s (id int8, ints int[], texts text[], prices numeric(5,2)[], addresses inet[],
  moods varchar[], small int2vector, address inet, net cidr, holes inet[]);
INSERT INTO s VALUES
  (1, '[5:6]={7,8}', '[-3:-3]={x}', '[9:9]={1.5}', '[2:3]={10.0.0.1,10.0.0.0/8}', '{}', '1 2',
   '10.0.0.1', '10.0.0.0/8', '{10.0.0.1,NULL}'),
  (2, NULL, '{}', '{1}', '{::1}', '[2:2]={y}', '3', '10.0.0.1/24', '::1/128', '{}');
UPDATE s SET moods[7] = 'z' WHERE id = 1;
"""


def test_arrays_that_begin_elsewhere_arrive_and_an_address_has_one_text_everywhere(sync, sql):
    sql(STRANGE)
    sync.ok(postgresql_query=ALL, verify="true")
    ten = ["10.0.0.1", "10.0.0.0/8"]
    assert sync.rows() == [
        (1, [7, 8], ["x"], [Decimal("1.5")], ten, ["z"], [1, 2], *ten, ["10.0.0.1", None]),
        (2, [], [], [Decimal(1)], ["::1"], ["y"], [3], "10.0.0.1/24", "::1/128", []),
    ]


def test_json_that_a_parser_refuses_is_a_dead_letter_and_the_other_rows_arrive(sync, sql):
    sql("CREATE TABLE s (id int8, doc json, docs json[], ratios float8[])")
    sql(
        r"""INSERT INTO s VALUES (1, '{"a": 1}', ARRAY['"\u0000x"', '{"b":-0.0}']::json[],
        '{{-0,0},{-1.5,-0}}'), (2, '"\ud83d"', NULL, NULL), (3, NULL, ARRAY['"\ude00"']::json[],
        NULL), (4, NULL, ARRAY['1e200000']::json[], NULL), (5, '"\ud83d\ude00"', '{}', '{{1}}')"""
    )
    sync.ok(postgresql_query=ALL, max_dead_letters="3")
    assert [row[0] for row in sync.rows("id")] == [1, 5]
    staged = "TO_JSON_STRING(docs), TO_JSON_STRING(ratios)"
    assert sync.rows(staged)[0][1].replace(" ", "") == "[[-0.0,0],[-1.5,-0.0]]"
    letters = sync.rows("JSON_VALUE(raw_row, '$.id'), column_name, reason", "t_dead_letters")
    assert [letter[:2] for letter in letters] == [("2", "doc"), ("3", "docs"), ("4", "docs")]
    assert "half a surrogate pair" in letters[0][2]
