"""PostGIS: GEOGRAPHY where every value is one, WKT elsewhere, and dead letters for later ones."""

import pytest

from auto_schema.postgis import REFUSED

MADE = 'CREATE SCHEMA "my gis {c}"; CREATE EXTENSION postgis SCHEMA "my gis {c}";'
SEARCH = "SELECT set_config('search_path', 'public, \"my gis {c}\"', false)"
POINTS = """
CREATE TABLE places (id int8, at geometry(Point, 4326), spot geography(Point),
                     many geometry(MultiPoint,4326));
INSERT INTO places VALUES
  (1, 'POINT(13.376935 52.516181)', 'POINT(-180 -90)', 'MULTIPOINT(1 2,3 4)'),
  (2, NULL, NULL, NULL),
  (3, 'POINT(180 90)', 'POINT(0 0)', NULL)
"""


@pytest.fixture
def gis(sql):
    """SQL in a database with PostGIS, in a schema of its own."""
    sql(MADE.replace("%", "%%"))
    sql(SEARCH)
    return sql


def test_points_of_longitudes_and_latitudes_become_geography(sync, gis):
    gis(POINTS)
    asked = {"postgresql_query": "SELECT * FROM places", "verify": "true"}
    plan = sync.ok(**asked, plan_only="true").out
    assert "at is left out: GEOGRAPHY has no form that both sides write alike" in plan
    assert "ST_GEOGFROMWKB(FROM_HEX(`at`)) AS `at`" in plan
    sync.ok(**asked, max_dead_letters="1")
    types = {"id": "INTEGER", "at": "GEOGRAPHY", "spot": "GEOGRAPHY", "many": "GEOGRAPHY"}
    assert sync.types() == types
    assert sync.rows("id, ST_ASTEXT(`at`), ST_ASTEXT(spot), ST_ASTEXT(many)") == [
        (1, "POINT(13.376935 52.516181)", "POINT(-180 -90)", "MULTIPOINT(1 2, 3 4)"),
        (2, None, None, None),
        (3, "POINT(180 90)", "POINT(0 0)", None),
    ]


def test_a_shape_is_merged_into_the_row_of_its_key(sync, gis):
    gis("CREATE TABLE m (id int8, at geometry(Point,4326), area geography, updated_at timestamptz)")
    gis(
        "INSERT INTO m VALUES (1, 'POINT(1 2)', 'POLYGON((0 0,1 0,1 1,0 0))', '2024-01-01'),"
        " (2, 'POINT(3 4)', 'LINESTRING(0 0,1 1)', '2024-01-01')"
    )
    merge = {"enable_smart_sync": "true", "write_disposition": "WRITE_MERGE", "merge_keys": "id"}
    merge |= {"source_table_for_schema": "m", "smart_sync_margin": "0s", "max_dead_letters": "5"}
    sync.ok(**merge)
    gis("UPDATE m SET at = 'POINT(5 6)', area = NULL, updated_at = '2024-02-01' WHERE id = 1")
    sync.ok(**merge)
    assert sync.rows("id, ST_ASTEXT(`at`), ST_ASTEXT(area)") == [
        (1, "POINT(5 6)", None),
        (2, "POINT(3 4)", "LINESTRING(0 0, 1 1)"),
    ]


UNFIT = {
    "another SRID": "SRID=3857;POINT(1 2)",
    "no SRID": "POINT(1 2)",
    "Z": "SRID=4326;POINT(1 2 3)",
    "M": "SRID=4326;POINTM(1 2 3)",
    "too far east": "SRID=4326;POINT(180.00000000000003 2)",
    "too far north": "SRID=4326;POINT(1 91)",
    "empty": "SRID=4326;POINT EMPTY",
    "crossing itself": "SRID=4326;POLYGON((0 0,1 1,1 0,0 1,0 0))",
    "a curve": "SRID=4326;CIRCULARSTRING(0 0,1 1,2 0)",
    "a body": "SRID=4326;POLYHEDRALSURFACE(((0 0,0 1,1 1,0 0)))",
    "several kinds": "SRID=4326;GEOMETRYCOLLECTION(POINT(1 2))",
}


def test_a_column_with_any_other_value_is_text_that_rounds_nothing(sync, gis):
    names = [f"c{number}" for number in range(len(UNFIT))]
    gis(f"CREATE TABLE g (id int8, {', '.join(f'{name} geometry' for name in names)})")
    gis("INSERT INTO g (id) VALUES (1)")
    points = ", ".join("'SRID=4326;POINT(0.1234567890123456 1e-300)'" for _ in names)
    gis(f"INSERT INTO g VALUES (2, {points})")
    gis(f"INSERT INTO g VALUES (3, {', '.join('%s' for _ in names)})", *UNFIT.values())
    sync.ok(postgresql_query="SELECT * FROM g", verify="true")
    assert sync.types() == {"id": "INTEGER", **dict.fromkeys(names, "STRING")}
    nothing, points, unfit = sync.rows()
    assert nothing == (1, *(None for _ in names))
    assert points == (2, *("SRID=4326;POINT(0.1234567890123456 1e-300)" for _ in names))
    for text, value in zip(unfit[1:], UNFIT.values(), strict=True):
        (same,) = gis("SELECT ST_GeomFromEWKT(%s)::bytea = %s::geometry::bytea", text, value)[0]
        assert same, value


def test_a_later_value_that_is_no_geography_is_a_dead_letter(sync, gis):
    gis("CREATE TABLE points (id int8, g geometry(Point,4326))")
    gis("INSERT INTO points VALUES (1, 'SRID=4326;POINT(1 2)')")
    sync.ok(postgresql_query="SELECT * FROM points")
    assert sync.types() == {"id": "INTEGER", "g": "GEOGRAPHY"}
    gis("CREATE TABLE g (id int8, g geometry); INSERT INTO g VALUES (0, NULL)")
    for number, value in enumerate(UNFIT.values(), 2):
        gis("INSERT INTO g VALUES (%s, %s)", number, value)
    later = {"postgresql_query": "SELECT * FROM g", "accept_source_change": "true"}
    assert sync(**later, max_dead_letters=str(len(UNFIT) - 1)).code == 7
    dead = sync.rows("column_name, reason, value", "t_dead_letters")
    assert {row[:2] for row in dead} == {("g", REFUSED)}
    texts = {gis("SELECT ST_AsEWKT(%s::geometry, 400)", value)[0][0] for value in UNFIT.values()}
    assert {row[2] for row in dead} == texts
    assert sync.rows("id") == [(1,)]


def test_where_the_destination_has_texts_a_shape_stays_one(sync, gis):
    gis("CREATE TABLE g (id int8, g geometry); INSERT INTO g VALUES (1, 'POINT(1 2)')")
    sync.ok(postgresql_query="SELECT * FROM g")
    gis("INSERT INTO g VALUES (2, 'SRID=4326;POINT(1 2)')")
    sync.ok(postgresql_query="SELECT * FROM g WHERE id = 2")
    assert sync.rows() == [(1, "POINT(1 2)"), (2, "SRID=4326;POINT(1 2)")]


def test_edges_of_a_geometry_stay_straight_on_the_map_and_those_of_a_geography_are_geodesics(
    sync, gis
):
    gis(
        "CREATE TABLE lines (id int8, planar geometry, round geography, p geometry(Point,4326));"
        "INSERT INTO lines VALUES (1, 'SRID=4326;LINESTRING(0 60,90 60)', 'LINESTRING(0 60,90 60)',"
        " NULL)"
    )
    plan = sync.ok(postgresql_query="SELECT * FROM lines", plan_only="true").out
    assert "ST_GEOGFROMWKB(FROM_HEX(`planar`), planar => TRUE) AS `planar`" in plan
    assert "ST_GEOGFROMWKB(FROM_HEX(`round`)) AS `round`" in plan
    assert "ST_GEOGFROMWKB(FROM_HEX(`p`)) AS `p`" in plan


def test_shapes_in_arrays_and_composites_are_text_that_rounds_nothing(sync, gis):
    gis(
        "CREATE TYPE stop AS (name text, at geometry);"
        "CREATE TABLE a (id int8, g geometry[], gg geography[], deep geometry[], s stop);"
        "INSERT INTO a VALUES (1,"
        " ARRAY['SRID=4326;POINT(0.1234567890123456 1)', 'POINT(1 2)']::geometry[],"
        " ARRAY['POINT(1 2)'::geography], ARRAY[ARRAY['POINT(1 2)'::geometry]],"
        " ROW('a', 'POINT(0.1234567890123456 1)'))"
    )
    sync.ok(postgresql_query="SELECT * FROM a")
    point = "SRID=4326;POINT(0.1234567890123456 1)"
    deep, stop = gis("SELECT deep::text, s::text FROM a")[0]
    wanted = (1, [point, "POINT(1 2)"], ["SRID=4326;POINT(1 2)"], deep, stop)
    assert sync.rows() == [wanted]


def test_a_table_without_rows_has_what_its_types_say(sync, gis):
    gis("CREATE TABLE e (id int8, a geometry(Polygon,4326), b geometry, c geography)")
    sync.ok(postgresql_query="SELECT * FROM e")
    types = {"id": "INTEGER", "a": "GEOGRAPHY", "b": "STRING", "c": "GEOGRAPHY"}
    assert sync.types() == types


def test_sql_over_staged_rows_sees_shapes_and_numbers_as_the_rows_make_them(sync, gis):
    gis(
        "CREATE TABLE s (id int8, g geometry(Point,4326), bare geometry, n numeric);"
        "INSERT INTO s VALUES (1, 'POINT(1 2)', 'POINT(3 4)', 1.5)"
    )
    made = "SELECT id, ST_ASTEXT(g) AS place, UPPER(bare) AS bare, n * 2 AS twice FROM staged"
    sync.ok(postgresql_query="SELECT * FROM s", transform_sql=made)
    assert sync.rows() == [(1, "POINT(1 2)", "POINT(3 4)", 3)]
