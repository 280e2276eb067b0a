"""Where the table stands of which each row of a query has one row; elsewhere there is none."""

import pytest

from sources.postgresql.one_table import OneTable, one_table


@pytest.mark.parametrize(
    ("query", "part"),
    [
        ("SELECT 1 / x FROM t", 'SELECT 1 / x FROM (… "t" …) AS "t"'),
        ('select * from /* t */ "S".T t1', 'select * from /* t */ (… "S"."t" …) t1'),
        ("SELECT * FROM größe AS g(a, b)", 'SELECT * FROM (… "größe" …) AS g(a, b)'),
        ("SELECT '€😀t' FROM t", 'SELECT \'€😀t\' FROM (… "t" …) AS "t"'),
        ("SELECT * FROM (SELECT a FROM t) s", 'SELECT * FROM (SELECT a FROM (… "t" …) AS "t") s'),
        (
            "SELECT * FROM t LEFT JOIN u USING (a), v",
            'SELECT * FROM (… "t" …) AS "t" LEFT JOIN u USING (a), v',
        ),
    ],
)
def test_a_part_is_said_where_the_table_stands(query, part):
    found = one_table(query)
    assert isinstance(found, OneTable)
    assert found.where("c") == part.replace("(… ", "(SELECT * FROM ").replace(" …)", " WHERE c)")


@pytest.mark.parametrize(
    "query",
    [
        "SELECT 1",
        "SELECT * FROM t LIMIT 1",
        "SELECT * FROM ONLY t",
        "SELECT (SELECT a FROM t)",
        "SELECT * FROM t RIGHT JOIN u USING (a)",
        "SELECT * FROM t FULL JOIN u USING (a)",
        "SELECT * FROM t LEFT JOIN (SELECT 1 / x AS y FROM u) s ON true",
        "SELECT * FROM t JOIN (u LEFT JOIN v ON true) ON true",
        "SELECT * FROM (SELECT 1 AS a) s LEFT JOIN t ON true",
        "SELECT * FROM t WHERE EXISTS (SELECT FROM u)",
    ],
)
def test_of_other_queries_no_part_is_said(query):
    assert isinstance(one_table(query), str)
