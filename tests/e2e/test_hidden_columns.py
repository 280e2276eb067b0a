"""What the reader adds beside the rows is nobody's column, however columns are called."""

import pytest


@pytest.mark.parametrize("name", ["x", "x" * 63, "ä" * 31, 'a "b" %s'])
def test_an_array_of_two_dimensions_is_never_made_flat(sync, sql, name):
    column = name.replace('"', '""')
    sql(f'CREATE TABLE s (id int PRIMARY KEY, "{column}" int[])')
    sql("INSERT INTO s VALUES (1, '{1,2}')")
    words = {"source_table_for_schema": "s", "max_dead_letters": "1", "rename_columns": "auto"}
    sync.ok(**words)
    sql("UPDATE s SET id = 2")
    sql(f"UPDATE s SET \"{column}\" = '{{{{1,2}},{{3,4}}}}'")
    sync.ok(**words)
    assert sync.rows("id") == [(1,)]
    assert sync.rows("reason", "t_dead_letters") == [("array of more than one dimension",)]


def test_columns_called_as_the_readers_own_once_were(sync, sql):
    sql('CREATE TABLE s (id int PRIMARY KEY, x int[], "__dimensions_of_x" int, __row_digest text)')
    sql("INSERT INTO s VALUES (1, '{1,2}', 7, 'a')")
    sync.ok(source_table_for_schema="s", verify="true", max_dead_letters="1")
    assert sync.rows() == [(1, [1, 2], 7, "a")]
