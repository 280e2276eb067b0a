"""The Python that docs/python.md shows is run as it stands, with the servers of the tests."""

import ast

import pytest

from tests.blocks import of

PLACES = {
    *("postgresql_host", "postgresql_database", "postgresql_username", "postgresql_password"),
    *("destination_bigquery_project", "destination_bigquery_dataset", "temp_location"),
}
"""Parameters whose values are the servers' of the tests."""


def shown(first):
    """The one block of the page that begins so."""
    (block,) = [one for one in of("python") if one.text.startswith(first)]
    return block.text


class Here(ast.NodeTransformer):
    """Puts the servers of the tests in the place of those that are shown."""

    def __init__(self, values):
        self.values = values

    def visit_Dict(self, node):
        for place, key in enumerate(node.keys):
            if key.value in PLACES:
                node.values[place] = ast.Constant(self.values[key.value])
        more = [name for name in ("postgresql_port",) if name in self.values]
        node.keys += [ast.Constant(name) for name in more]
        node.values += [ast.Constant(self.values[name]) for name in more]
        return node


def run(text, values, **names):
    tree = ast.fix_missing_locations(Here(values).visit(ast.parse(text)))
    exec(compile(tree, "shown", "exec"), names)


@pytest.fixture
def servers(sync, target, monkeypatch):
    for name, value in target.environ.items():
        monkeypatch.setenv(name, value)
    return {name: str(value) for name, value in sync.defaults.items() if value is not None}


def test_a_run_as_a_call_syncs_the_table(sync, servers, sql, capsys):
    sql(
        "CREATE TABLE orders (id int PRIMARY KEY, updated_at timestamptz NOT NULL);"
        " INSERT INTO orders SELECT i, '2025-01-01'::timestamptz + i * '1 s'::interval"
        " FROM generate_series(1, 50) AS i"
    )
    run(shown("from datetime import"), servers)
    assert capsys.readouterr().out == "50 2025-01-01 00:00:50\n"
    rows = sync.client.query_and_wait(f"SELECT COUNT(*) FROM {sync.dataset}.orders")
    assert [tuple(row) for row in rows] == [(50,)]


def test_an_error_tells_a_task_whether_to_try_again(servers):
    import smart_sync

    class LaterError(Exception):
        pass

    config = {
        **servers,
        "postgresql_host": "127.0.0.1",
        "postgresql_port": "1",
        "destination_bigquery_table": "orders",
        "source_table_for_schema": "public.orders",
        "max_retries": "0",
    }
    names = {"AirflowException": LaterError, "AirflowSkipException": LaterError, "config": config}
    with pytest.raises(LaterError, match="later"):
        run(shown("try:\n"), {}, smart_sync=smart_sync, **names)
