"""Types of PostgreSQL that BigQuery has no form for: own text, told, or refused; and row types."""

import json

import pytest

OWN_TYPE = """
CREATE SCHEMA mine;
CREATE TYPE mine.vector;
CREATE FUNCTION mine.vectorin(cstring) RETURNS mine.vector AS 'textin'
  LANGUAGE internal IMMUTABLE STRICT;
CREATE FUNCTION mine.vectorout(mine.vector) RETURNS cstring AS 'textout'
  LANGUAGE internal IMMUTABLE STRICT;
CREATE TYPE mine.vector (INPUT = mine.vectorin, OUTPUT = mine.vectorout, LIKE = text,
                         DELIMITER = ':');
CREATE FUNCTION mine.shouted(mine.vector) RETURNS text AS $$ SELECT 'another text' $$
  LANGUAGE sql IMMUTABLE STRICT;
CREATE CAST (mine.vector AS text) WITH FUNCTION mine.shouted(mine.vector);
CREATE DOMAIN mine.place AS mine.vector;
CREATE TABLE v (id int8, one mine.vector, many mine.vector[], place mine.place);
INSERT INTO v VALUES (1, '[1,2]', '{"a:b":"":"c,d"}', 'x'), (2, NULL, NULL, NULL),
  (3, '', '{}', '');
"""
"""A type of the user's own with an extension's name, whose cast to text is not its text."""


def test_a_type_that_nothing_is_known_of_arrives_as_its_own_text_and_the_plan_names_it(sync, sql):
    sql(OWN_TYPE)
    planned = sync.ok(postgresql_query="SELECT * FROM v", plan_only="true")
    assert "one (mine.vector), many (mine.vector[]), place (mine.vector)" in planned.out
    assert "unknown_types=error refuses" in planned.out
    sync.ok(postgresql_query="SELECT * FROM v", verify="true")
    assert sync.types() == {"id": "INTEGER", "one": "STRING", "many": "STRING[]", "place": "STRING"}
    assert sync.rows() == [
        (1, "[1,2]", ["a:b", "", "c,d"], "x"),
        (2, None, [], None),
        (3, "", [], ""),
    ]


def test_a_type_that_nothing_is_known_of_is_refused_if_asked(sync, sql):
    sql(OWN_TYPE)
    done = sync(source_table_for_schema="v", unknown_types="error")
    assert done.code == 4
    for name in ("one", "many", "place"):
        assert f'transformation_config={{"exclude_fields": ["{name}"]}}' in done.err
    assert "unknown_types=text" in done.err
    assert "t" not in sync.tables()
    sync.ok(
        source_table_for_schema="v",
        unknown_types="error",
        transformation_config='{"exclude_fields": ["one", "many", "place"]}',
    )
    assert sync.rows() == [(1,), (2,), (3,)]


@pytest.mark.parametrize("catalog", ["pg_class", "pg_proc", "pg_index", "pg_statistic_ext_data"])
def test_what_only_catalogs_hold_arrives_as_its_own_text_too(sync, sql, catalog):
    """pg_node_tree, oidvector, aclitem[], pg_mcv_list and the like; the proof has them as well."""
    sql(
        "CREATE TABLE a (x int DEFAULT 1, y int); CREATE STATISTICS s (mcv) ON x, y FROM a;"
        "INSERT INTO a SELECT i, i % 3 FROM generate_series(1, 100) i; ANALYZE a;"
        "GRANT SELECT ON a TO PUBLIC; CREATE INDEX ON a ((x + y)) WHERE y > 0"
    )
    sync.ok(postgresql_query=f"SELECT * FROM {catalog}", verify="true")
    ((count,),) = sql(f"SELECT count(*) FROM {catalog}")
    assert sync.rows("COUNT(*)") == [(count,)]


def test_a_pseudo_type_is_refused_whatever_is_asked(sync, sql):
    done = sync(postgresql_query="SELECT 1 AS id, ROW(1, 2) AS pair")
    assert done.code == 4
    assert "column 'pair', type record" in done.err
    assert '"pair"::text' in done.err


COMPOSITES = """
CREATE TYPE point3 AS (x float8, y float8, "größe z" numeric);
CREATE TYPE entry AS (name text, at timestamptz, spot point3, tags text[], doc jsonb, raw bytea);
ALTER TYPE entry ADD ATTRIBUTE gone int, DROP ATTRIBUTE raw;
ALTER TYPE entry DROP ATTRIBUTE gone;
CREATE DOMAIN spot AS point3;
CREATE TABLE c (id int8, e entry, many point3[], s spot);
INSERT INTO c VALUES
  (1, ROW('say "x"', '2024-02-29 12:00+01', ROW(0.1, -2.5, 1.50), '{a,NULL}', '{"k": [1]}'),
   ARRAY[ROW(1, 2, 3)::point3, NULL], ROW(1, 2, NULL)::spot),
  (2, NULL, NULL, NULL),
  (3, ROW(NULL, NULL, NULL, NULL, NULL), '{}', ROW(NULL, NULL, NULL)),
  (4, ROW('n', 'infinity', ROW('NaN', '-Infinity', 0), '{}', 'null'), '{}', NULL),
  (5, ROW('n', NULL, ROW(1, 1, 0.1234567890123456789), NULL, NULL), '{}', NULL);
"""


def test_a_composite_arrives_as_json(sync, sql):
    sql(COMPOSITES)
    sync.ok(postgresql_query="SELECT * FROM c", max_dead_letters="1", verify="true")
    assert sync.types() == {"id": "INTEGER", "e": "JSON", "many": "JSON", "s": "JSON"}
    empty = dict.fromkeys(("name", "at", "spot", "tags", "doc"))
    first = {
        "name": 'say "x"',
        "at": "2024-02-29T11:00:00+00:00",
        "spot": {"x": 0.1, "y": -2.5, "größe z": 1.5},
        "tags": ["a", None],
        "doc": {"k": [1]},
    }
    odd = {"name": "n", "at": "infinity", "spot": {"x": "NaN", "y": "-Infinity", "größe z": 0}}
    three = {"x": 1, "y": 2, "größe z": 3}
    assert sync.rows() == [
        (1, first, [three, None], {"x": 1, "y": 2, "größe z": None}),
        (2, None, None, None),
        (3, empty, [], dict.fromkeys(three)),
        (4, odd | {"tags": [], "doc": None}, [], None),
    ]
    ((column, reason),) = sync.rows("column_name, reason", "t_dead_letters")
    assert column == "e"
    assert "json_numbers=text" in reason


def test_a_composite_arrives_as_text_where_a_cast_of_its_own_would_write_a_part(sync, sql):
    sql(OWN_TYPE)
    sql(
        "CREATE FUNCTION mine.j(mine.vector) RETURNS json AS $$ SELECT '0'::json $$ LANGUAGE sql;"
        "CREATE CAST (mine.vector AS json) WITH FUNCTION mine.j(mine.vector);"
        "CREATE TYPE mine.pair AS (a int, b mine.place[]);"
        "CREATE TABLE p (id int8, p mine.pair, many mine.pair[], nulls mine.vector[]);"
        "INSERT INTO p VALUES (1, ROW(1, '{x}'), ARRAY[ROW(2, '{y}')::mine.pair], '{a:NULL}')"
    )
    sync.ok(postgresql_query="SELECT * FROM p")
    assert sync.types() == {"id": "INTEGER", "p": "STRING", "many": "STRING[]", "nulls": "JSON"}
    assert sync.rows() == [(1, "(1,{x})", ["(2,{y})"], "{a:NULL}")]


def test_a_user_type_is_not_taken_for_one_of_postgresql_by_its_name(sync, sql):
    sql(
        "CREATE TYPE public.numeric AS ENUM ('one', 'two');"
        "CREATE TYPE public.hstore AS (k text, v text);"
        "CREATE TABLE n (id int8, n public.numeric, ns public.numeric[], h public.hstore);"
        "INSERT INTO n VALUES (1, 'one', '{two,one}', ROW('a', 'b'))"
    )
    sync.ok(postgresql_query="SELECT * FROM n")
    assert sync.types() == {"id": "INTEGER", "n": "STRING", "ns": "STRING[]", "h": "JSON"}
    assert sync.rows() == [(1, "one", ["two", "one"], {"k": "a", "v": "b"})]


VECTORS = """
CREATE SCHEMA "my ext {c}";
CREATE EXTENSION vector SCHEMA "my ext {c}";
SET search_path = public, "my ext {c}";
CREATE DOMAIN unit AS vector(2);
CREATE TABLE v (id int8, e vector(3), h halfvec(2), s sparsevec, d unit, many vector[]);
INSERT INTO v VALUES
  (1, '[0.1,-0,3.4028235e38]', '[65504,6e-8]', '{1:0.1,1000000000:-2.5e-07}/1000000000', '[1,2]',
   '{"[1,2]","[3]"}'),
  (2, NULL, NULL, NULL, NULL, NULL),
  (3, '[1e-45,1,16777216]', '[-0.5,0.1]', '{}/3', '[3,4]', '{}');
"""


def test_a_vector_is_an_array_of_exactly_its_numbers_and_a_sparse_one_is_json(sync, sql):
    sql(VECTORS)
    sync.ok(postgresql_query="SELECT * FROM v", verify="true")
    types = {"id": "INTEGER", "e": "FLOAT[]", "h": "FLOAT[]", "s": "JSON", "d": "FLOAT[]"}
    assert sync.types() == types | {"many": "STRING[]"}
    first, second, third = sync.rows()
    assert first[1] == [0.10000000149011612, 0.0, 3.4028234663852886e38]
    assert first[2] == [65504.0, 5.960464477539063e-08]
    wide = {"dimensions": 1000000000, "elements": {"1": 0.1, "1000000000": -2.5e-07}}
    assert json.loads(json.dumps(first[3])) == wide
    assert first[4:] == ([1.0, 2.0], ["[1,2]", "[3]"])
    assert second == (2, [], [], None, [], [])
    assert third[1:3] == ([1.401298464324817e-45, 1.0, 16777216.0], [-0.5, 0.0999755859375])
    assert third[3:] == ({"dimensions": 3, "elements": {}}, [3.0, 4.0], [])


def test_a_vector_goes_as_text_into_a_column_of_texts(sync, sql):
    sql(VECTORS)
    sync.ok(postgresql_query="SELECT id, e::text AS e FROM v")
    sync.ok(postgresql_query="SELECT id + 10 AS id, e FROM v")
    assert sync.rows("id, e") == [
        (number + tens, text)
        for tens in (0, 10)
        for number, text in (
            (1, "[0.1,-0,3.4028235e+38]"),
            (2, None),
            (3, "[1e-45,1,1.6777216e+07]"),
        )
    ]
