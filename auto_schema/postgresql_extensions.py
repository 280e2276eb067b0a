"""The table of types that extensions of PostgreSQL bring, and what stands for any other type.

A type is one of these only where the extension itself owns it: somebody's own type of the
same name is another type. `{s}` is the quoted schema in which the type lies, and with it the
extension's functions. Extensions of PostgreSQL itself, and those of Debian's packages:
https://www.postgresql.org/docs/current/contrib.html
"""

from collections.abc import Mapping
from dataclasses import replace

import pyarrow as pa

from auto_schema import postgis
from auto_schema.type_rules import AS_TEXT, TypeRule, _table, _text

_TO_JSON = "pg_catalog.to_json({c})::text"
_BY_LETTERS = "its order: texts are sorted by letters"
_FLOATS = TypeRule(
    "",
    "{c}::pg_catalog.float4[]",
    pa.list_(pa.float64()),
    "FLOAT64",
    "its operators; a NULL becomes an empty array, since BigQuery has no NULL array",
)
_QUOTED = """pg_catalog.regexp_replace({c}::text, '([0-9]+):', '"\\1":', 'g')"""
_OBJECT = """'{{"dimensions":\\2,"elements":\\1}}'"""
_SPARSE = f"pg_catalog.regexp_replace({_QUOTED}, '^(.*)/([0-9]+)$', {_OBJECT})"
_TREE = "its operators: ancestry is a prefix of the text"

EXTENSIONS: Mapping[str, TypeRule] = _table(
    _text("citext.citext", "comparison without regard to case"),
    replace(_FLOATS, source="vector.vector"),
    replace(_FLOATS, source="vector.halfvec"),
    TypeRule("vector.sparsevec", _SPARSE, pa.string(), "JSON", "its operators"),
    TypeRule("hstore.hstore", _TO_JSON, pa.string(), "JSON"),  # by the extension's own cast
    _text("ltree.ltree", _TREE),
    _text("ltree.lquery"),
    _text("ltree.ltxtquery"),
    _text("cube.cube"),
    _text("seg.seg", _BY_LETTERS),
    _text("isn.ean13"),
    _text("isn.isbn13"),
    _text("isn.ismn13"),
    _text("isn.issn13"),
    _text("isn.isbn"),
    _text("isn.ismn"),
    _text("isn.issn"),
    _text("isn.upc"),
    _text("ip4r.ip4", _BY_LETTERS),
    _text("ip4r.ip4r", _BY_LETTERS),
    _text("ip4r.ip6", _BY_LETTERS),
    _text("ip4r.ip6r", _BY_LETTERS),
    _text("ip4r.ipaddress", _BY_LETTERS),
    _text("ip4r.iprange", _BY_LETTERS),
    _text("semver.semver", _BY_LETTERS),
    _text("debversion.debversion", _BY_LETTERS),
    _text("prefix.prefix_range"),
    replace(postgis.TEXT, source=postgis.GEOMETRY),
    replace(postgis.TEXT, source=postgis.GEOGRAPHY),
    _text("pgmp.mpz"),
    _text("pgmp.mpq", "its arithmetic: BigQuery has no fractions"),
)
"""Keyed by `extension.typname`; single values of mpz are numbers, and shapes are GEOGRAPHY, where
the data fit."""

COMPOSITE = TypeRule(
    "composite",
    _TO_JSON,
    pa.string(),
    "JSON",
    "key order, trailing zeros of numbers, the sign of zero; NaN and infinity become texts",
)
"""A row within a row: an object by its attributes' names, NULL where one is NULL."""
COMPOSITE_TEXT = TypeRule("composite", AS_TEXT, pa.string(), "STRING")
"""The same where a part of it has a cast to JSON of its own, which may round or leave out."""

OWN_TEXT = TypeRule(
    "any other",
    "CASE WHEN {c} IS NOT NULL THEN pg_catalog.concat({c}) END",
    pa.string(),
    "STRING",
    "all that its text doesn't say",
)
"""A type that nothing is known of: what its output function writes, whatever casts it has."""


def each(select: str) -> str:
    """The same of each element of an array, whatever stands between elements in its text."""
    element = select.format(c="u.e").replace("{", "{{").replace("}", "}}")
    return (
        f"CASE WHEN {{c}} IS NOT NULL THEN ARRAY(SELECT {element}"
        " FROM pg_catalog.unnest({c}) WITH ORDINALITY AS u(e, n) ORDER BY u.n) END"
    )
