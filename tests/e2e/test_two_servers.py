"""Shards: servers with databases and tables of the same name never share one MAX."""

import contextlib

import psycopg2
import pytest

from demo.servers import PostgresqlServer, postgresql_server
from sources.postgresql.connection import PostgresqlConnection
from sources.postgresql.inspector import inspecting
from sources.secrets import Secret
from tests.sync import reading

SMART = {"enable_smart_sync": "true", "source_table_for_schema": "orders"}


def fill(server, number, stamp):
    with contextlib.closing(psycopg2.connect(server.dsn)) as opened:
        opened.autocommit = True
        cursor = opened.cursor()
        cursor.execute("CREATE TABLE IF NOT EXISTS orders (id int8, updated_at timestamptz)")
        cursor.execute("INSERT INTO orders VALUES (%s, %s)", (number, stamp))


@pytest.fixture(scope="module")
def other_server():
    with postgresql_server() as server:
        yield server


@pytest.fixture
def other(other_server, database):
    """A database of the same name on another server."""
    with contextlib.closing(psycopg2.connect(other_server.dsn)) as admin:
        admin.autocommit = True
        admin.cursor().execute(f"CREATE DATABASE {database.database}")
    return PostgresqlServer(
        other_server.host, other_server.port, other_server.user, database.database
    )


def test_a_second_shard_is_refused_and_a_server_that_moved_is_accepted_once(sync, database, other):
    fill(database, 1, "2024-05-02")
    fill(other, 2001, "2024-05-01")
    sync.ok(**SMART)
    refused = sync(**SMART | reading(other))
    assert refused.code == 5
    assert "the destination belongs to another server" in refused.err
    assert "set accept_source_change=true for one run" in refused.err
    fill(other, 2002, "2024-05-03")
    sync.ok(**SMART | reading(other), accept_source_change="true")
    sync.ok(**SMART | reading(other))
    assert sync(**SMART).code == 5
    assert [row[0] for row in sync.rows("id")] == [1, 2002]


def test_a_table_of_an_earlier_version_learns_its_server_once(sync, database, other):
    fill(database, 1, "2024-05-01")
    fill(other, 2, "2024-05-02")
    sync.ok(**SMART)
    table = sync.table()
    mine = table.labels["sync_server"]
    table.labels = {**table.labels, "sync_server": None}
    sync.client.update_table(table, ["labels"])
    assert "sync_server" not in sync.table().labels
    fill(database, 3, "2024-05-03")
    shown = sync.ok(**SMART, plan_only="true")
    assert f"the run's publishing adds {mine}" in shown.out
    sync.ok(**SMART)
    assert sync.table().labels["sync_server"] == mine
    assert "the run's publishing adds" not in sync.ok(**SMART, plan_only="true").out
    assert sync(**SMART | reading(other)).code == 5


def test_an_ordinary_role_may_ask_for_the_servers_id_and_else_its_address_counts(database, sql):
    sql("DROP ROLE IF EXISTS plain_reader")
    sql("CREATE ROLE plain_reader LOGIN")
    connection = PostgresqlConnection(
        database.host, database.port, database.database, "plain_reader", Secret.of("")
    )

    def seen():
        with inspecting(connection, "SELECT 1 AS n", "", "") as inspector:
            return inspector.profile.identity.server

    ((own,),) = sql("SELECT system_identifier FROM pg_control_system()")
    assert seen() == f"id:{own}"
    sql("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC")
    assert seen() == f"host:{database.host}:{database.port}"
    sql("DROP ROLE plain_reader")
