"""Forms of queries over one table; names stand in braces."""

from collections.abc import Mapping

QUERIES: Mapping[str, str] = {
    "star": "SELECT * FROM {t}",
    "comment": "SELECT * FROM {t}; -- all of it",
    "where": "SELECT * FROM {t} WHERE {rid} >= 0 OR {rid} IS NULL",
    "ordered": "SELECT * FROM {t} ORDER BY {rid} DESC",
    "cte": "WITH a AS (SELECT * FROM {t}) SELECT * FROM a",
    "alias": "SELECT q.* FROM {t} AS q",
    "view": "SELECT * FROM shown",
    "matview": "SELECT * FROM shown",
    "derived": "SELECT * FROM (SELECT * FROM {t}) AS d",
    "boss": "SELECT e.*, m.{key} AS boss FROM {t} e LEFT JOIN {t} m ON m.{rid} = e.{rid} / 2",
    "boss_derived": "SELECT * FROM (SELECT e.*, m.{key} AS boss FROM {t} e"
    " LEFT JOIN {t} m ON m.{rid} = e.{rid} - 7) AS x",
    "boss_alone": "SELECT * FROM (SELECT e.{rid}, m.{key} AS boss FROM {t} e"
    " LEFT JOIN {t} m ON m.{rid} = e.{rid} - 5) AS x",
    "series": "SELECT * FROM (SELECT g AS serial_number, o.* FROM generate_series(1, 60) g"
    " LEFT JOIN {t} o ON o.{rid} = g) AS x",
    "values": "SELECT * FROM (SELECT e.{rid}, v.n AS other, e.{key} AS twin FROM {t} e"
    " LEFT JOIN (VALUES (1), (2), (NULL)) v (n) ON v.n = e.{rid}) AS x",
    "right": "SELECT m.{key} AS boss, e.* FROM {t} m RIGHT JOIN {t} e ON m.{rid} = e.{rid} - 9",
    "union": "SELECT * FROM {t} WHERE {rid} < 9 UNION ALL SELECT * FROM {t} WHERE {rid} >= 9",
}
"""Each gives one row per `rid`, but for `series`: there the number tells rows apart."""
JOINED = ("boss", "boss_derived", "boss_alone", "series", "values", "right")
NARROW = ("boss_alone", "values")
"""They show hardly any column."""
WITHOUT_CURSOR = ("boss_alone", "values", "series")
