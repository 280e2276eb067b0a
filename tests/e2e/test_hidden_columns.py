"""What the reader adds beside the rows is nobody's column, however columns are called."""

import pytest

OWN_TYPE = """
CREATE TYPE own;
CREATE FUNCTION own_in(cstring) RETURNS own AS 'textin' LANGUAGE internal IMMUTABLE STRICT;
CREATE FUNCTION own_out(own) RETURNS cstring AS 'textout' LANGUAGE internal IMMUTABLE STRICT;
CREATE TYPE own (INPUT = own_in, OUTPUT = own_out, LIKE = text);
"""
"""Of which nothing is known; its arrays are made anew, element by element."""


@pytest.mark.parametrize(
    ("name", "kind", "value"),
    [
        ("x", "int", "1"),
        ("x" * 63, "money", "$1.00"),
        ("ä" * 31, "inet", "10.0.0.1"),
        ('a "b" %s', "own", "a"),
    ],
    ids=("as it is", "cast", "through text", "element by element"),
)
def test_an_array_of_two_dimensions_is_never_made_flat(sync, sql, name, kind, value):
    column = name.replace('"', '""')
    sql(OWN_TYPE)
    sql(f'CREATE TABLE s (id int PRIMARY KEY, "{column}" {kind}[])')
    sql(f"INSERT INTO s VALUES (1, ARRAY['{value}', '{value}']::{kind}[])")
    words = {"source_table_for_schema": "s", "max_dead_letters": "1", "rename_columns": "auto"}
    sync.ok(**words)
    sql("UPDATE s SET id = 2")
    sql(f"UPDATE s SET \"{column}\" = ARRAY[ARRAY['{value}'], ARRAY['{value}']]::{kind}[]")
    sync.ok(**words)
    assert sync.rows("id") == [(1,)]
    assert sync.rows("reason", "t_dead_letters") == [("array of more than one dimension",)]


def test_columns_called_as_the_readers_own_once_were(sync, sql):
    sql('CREATE TABLE s (id int PRIMARY KEY, x int[], "__dimensions_of_x" int, __row_digest text)')
    sql("INSERT INTO s VALUES (1, '{1,2}', 7, 'a')")
    sync.ok(source_table_for_schema="s", verify="true", max_dead_letters="1")
    assert sync.rows() == [(1, [1, 2], 7, "a")]
