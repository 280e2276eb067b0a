"""What real BigQuery makes of deep JSON, of GEOGRAPHY, and of values that a column rounds."""

from deploy.real_check import Check, lines, query

_EDGE = "01020000000200000000000000000000000000000000004e40"
_EDGE += "00000000008056400000000000004e40"
"""LINESTRING(0 60, 90 60)."""
_POINT = "01010000007e6fd39ffdc02a4086e8103812424a40"
"""POINT(13.376935 52.516181)."""

TYPES: tuple[Check, ...] = (
    Check(
        "json-depth",
        "JSON of 500 levels is taken, of 501 refused.",
        "Deeper values are dead letters, so that they can't fail the publishing statement.",
        lines(
            query(
                "SELECT CONCAT('taken ', JSON_TYPE(PARSE_JSON(CONCAT(REPEAT('[', 500),"
                " REPEAT(']', 500)))))"
            ),
            query("SELECT JSON_TYPE(PARSE_JSON(CONCAT(REPEAT('[', 501), REPEAT(']', 501))))"),
        ),
        (r"taken array", r"(?i)nest|depth|level"),
        is_refused=True,
    ),
    Check(
        "geography-oriented",
        "ST_GEOGFROMWKB with oriented => TRUE gives a polygon larger than a hemisphere back.",
        "GEOGRAPHY columns through workers, which travel as WKB.",
        query(
            "WITH big AS (SELECT ST_GEOGFROMTEXT('POLYGON((0 0, 0 10, 10 10, 10 0, 0 0))',"
            " oriented => TRUE) AS g) SELECT FORMAT('large %t, same %t', ST_AREA(g) > 3e14,"
            " ST_EQUALS(g, ST_GEOGFROMWKB(ST_ASBINARY(g), oriented => TRUE))) FROM big"
        ),
        (r"large true, same true",),
    ),
    Check(
        "geography-planar",
        "ST_GEOGFROMWKB takes WKB from FROM_HEX, with planar => TRUE keeps an edge along a parallel"
        " there, and under SAFE gives NULL for what it refuses.",
        "PostGIS's shapes, which travel as WKB in hex; those of geometry have straight edges.",
        query(
            f"WITH edge AS (SELECT FROM_HEX('{_EDGE}') AS e, FROM_HEX('{_POINT}') AS p)"
            " SELECT FORMAT('straight %t, bent %t, same %t, none %t',"
            " ST_BOUNDINGBOX(ST_GEOGFROMWKB(e, planar => TRUE)).ymax < 60.001,"
            " ST_BOUNDINGBOX(ST_GEOGFROMWKB(e)).ymax > 67,"
            " ABS(ST_X(ST_GEOGFROMWKB(p)) - 13.376935) < 1e-9,"
            " SAFE.ST_GEOGFROMWKB(FROM_HEX('00'), planar => TRUE) IS NULL) FROM edge"
        ),
        (r"straight true, bent true, same true, none true",),
    ),
    Check(
        "numeric-rounds",
        "A NUMERIC(5, 2) column rounds 1.005 without a word; a STRING(2) column refuses 'abc'.",
        "Numbers that the destination's column would round are dead letters.",
        lines(
            query("CREATE TABLE $DATASET.rounded (n NUMERIC(5, 2), s STRING(2))"),
            query("INSERT INTO $DATASET.rounded (n) VALUES (NUMERIC '1.005')"),
            query("SELECT FORMAT('found %t', n) FROM $DATASET.rounded"),
            query("INSERT INTO $DATASET.rounded (s) VALUES ('abc')"),
        ),
        (r"found 1\.01", r"(?i)length|maximum"),
        is_refused=True,
    ),
)
"""Values and their types."""
