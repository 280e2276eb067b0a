"""PostGIS: which values BigQuery's GEOGRAPHY takes, how they travel, and as what text others do.

`{c}` is the column, `{s}` the quoted schema of the extension. A value travels as WKB in hex,
which keeps each coordinate, or as its text where GEOGRAPHY doesn't take it: no WKB begins so.
https://cloud.google.com/bigquery/docs/geospatial-data
"""

import re
from collections.abc import Mapping
from types import MappingProxyType

import pyarrow as pa

from auto_schema.type_rules import TypeRule

GEOMETRY, GEOGRAPHY = "postgis.geometry", "postgis.geography"
HEX_BEGINS = "0"
"""WKB's first byte is 0 or 1."""
REFUSED = (
    "no valid, plain shape of longitudes and latitudes (SRID 4326, neither Z nor M, not empty)"
)
_SHAPES = ("POINT", "LINESTRING", "POLYGON", "MULTIPOINT", "MULTILINESTRING", "MULTIPOLYGON")
_NAMES = ", ".join(f"'{shape}'" for shape in _SHAPES)
_EVERY_DIGIT = 400
"""Decimals; a text has as many as are needed to read the same double back."""
_DECLARED = re.compile(
    r"(geometry\((Geometry|{0}),4326\)|geography(\((Geometry|{0})(,4326)?\))?)$".format(
        "|".join(_SHAPES)
    ),
    re.IGNORECASE,
)
_POINTS = re.compile(r"\((Multi)?Point(,\d+)?\)$", re.IGNORECASE)
_REFUSES = (
    "coordinates may come back with another last digit; what is not valid, has another SRID,"
    " Z or M, or is empty becomes a dead letter"
)
LOSSES: Mapping[str, str] = MappingProxyType(
    {
        GEOMETRY: "edges longer than some kilometres get points in between, by which they stay"
        f" straight in longitude and latitude; {_REFUSES}",
        GEOGRAPHY: f"edges follow a sphere, not the spheroid; {_REFUSES}",
    }
)
TEXT = TypeRule(
    "",
    f"{{s}}.ST_AsEWKT({{c}}, {_EVERY_DIGIT})",
    pa.string(),
    "STRING",
    "the sign of a zero coordinate",
)
"""WKT, with its SRID before it where there is one; PostGIS 3.1 and later."""


def is_fit(name: str) -> str:
    """The condition that GEOGRAPHY takes a value; NULL for NULL.

    Kinds come first: ST_IsValid raises an error for some that GEOGRAPHY doesn't have.
    """
    shape = "{c}" if name == GEOMETRY else "{c}::{s}.geometry"
    box = f"{shape}::{{s}}.box3d"
    return (
        f"CASE WHEN {{c}} IS NULL THEN NULL WHEN {{s}}.ST_SRID({shape}) = 4326"
        f" AND {{s}}.ST_CoordDim({shape}) = 2 AND {{s}}.GeometryType({shape}) IN ({_NAMES})"
        f" AND NOT {{s}}.ST_IsEmpty({shape})"
        f" THEN {{s}}.ST_XMin({box}) >= -180 AND {{s}}.ST_XMax({box}) <= 180"
        f" AND {{s}}.ST_YMin({box}) >= -90 AND {{s}}.ST_YMax({box}) <= 90"
        f" AND {{s}}.ST_IsValid({shape}) ELSE false END"
    )


def geography_rule(name: str) -> TypeRule:
    """How a value travels that becomes GEOGRAPHY."""
    select = (
        f"CASE WHEN {is_fit(name)} THEN pg_catalog.encode({{s}}.ST_AsBinary({{c}}, 'NDR'), 'hex')"
        f" ELSE {TEXT.select} END"
    )
    return TypeRule(name, select, pa.string(), "GEOGRAPHY", LOSSES[name])


def is_declared(display: str) -> bool:
    """Whether a type itself says that its values are longitudes and latitudes.

    >>> is_declared("geometry(Point,4326)"), is_declared("geometry"), is_declared("geography")
    (True, False, True)
    >>> is_declared("geometry(PointZ,4326)"), is_declared("geography(Point,4269)")
    (False, False)
    """
    return _DECLARED.search(display) is not None


def is_planar(name: str, display: str) -> bool:
    """Whether edges are straight in longitude and latitude; single points have none.

    >>> is_planar(GEOMETRY, "geometry(Polygon,4326)"), is_planar(GEOMETRY, "geometry(Point,4326)")
    (True, False)
    """
    return name == GEOMETRY and _POINTS.search(display) is None
