"""Zones of a real PostgreSQL: its own arithmetic decides, and no environment of ours."""

import contextlib
import os
import re
from datetime import UTC, datetime
from pathlib import Path

import psycopg2
import pytest

from auto_schema.errors import ConfigError
from auto_schema.postgresql_types import PostgresType, postgresql_column
from smart_sync.cursor import WallClock, following
from sources.postgresql.catalog import session
from sources.postgresql.clock import read_clock, wall_clock
from sources.postgresql.source import PostgresqlSource
from sources.values import Split
from tests.servers.test_clock import connection_to

ROOT = Path(__file__).resolve().parents[2]
SUMMER, WINTER = datetime(2025, 7, 1, 12, tzinfo=UTC), datetime(2026, 12, 1, 12, 0, 0, 1, UTC)


@pytest.fixture
def ours(database):
    with session(connection_to(database)) as opened:
        yield opened


@pytest.mark.parametrize(
    "zone", ["CET", "EST5EDT", "America/Edmonton", "Asia/Kathmandu", "<-05>+05", "Europe/Berlin"]
)
def test_a_wall_clock_shows_what_the_servers_sessions_stamp(ours, database, zone):
    with contextlib.closing(psycopg2.connect(database.dsn)) as other, other.cursor() as cursor:
        cursor.execute("SELECT set_config('TimeZone', %s, false)", (zone,))
        cursor.execute(
            "SELECT %s::timestamptz::timestamp, %s::timestamptz::timestamp", (SUMMER, WINTER)
        )
        assert wall_clock(ours, zone, (SUMMER, WINTER)) == list(cursor.fetchone())


def test_the_server_knows_the_hour_that_comes_twice(ours):
    before = datetime(2025, 10, 26, 0, 30, tzinfo=UTC)
    asked = following(before)
    wall = WallClock(
        "Europe/Berlin", tuple(zip(asked, wall_clock(ours, "Europe/Berlin", asked), strict=True))
    )
    assert wall.at(before) == datetime(2025, 10, 26, 2, 30)
    assert wall.from_then_on(before) == datetime(2025, 10, 26, 2)


@pytest.fixture
def role(sql):
    """Makes roles that go when the test ends."""
    made = []

    def make(options="LOGIN", *granted):
        name = f"zone_{os.getpid()}_{len(made)}"
        sql(f"CREATE ROLE {name} {options}")
        made.append(name)
        for grant in granted:
            sql(f"GRANT {grant} TO {name}")
        return name

    yield make
    for name in reversed(made):
        sql(f"DROP OWNED BY {name}")
        sql(f"DROP ROLE {name}")


@pytest.fixture
def others(database, sql):
    """The other zones that a reader of this name is told of."""
    sql(f"ALTER DATABASE {database.database} SET timezone = 'Europe/Berlin'")
    sql("CREATE TABLE t (id int, at timestamp)")

    def look(user=""):
        with session(connection_to(database, user)) as opened:
            return read_clock(opened, guard=False).other_zones

    return look


def test_roles_that_stamp_in_another_zone_are_told(database, sql, role, others):
    writer = role("LOGIN", "INSERT ON t")
    sql(f"ALTER ROLE {writer} SET timezone = 'UTC'")
    sql(f"ALTER ROLE {writer} IN DATABASE {database.database} SET timezone = 'Asia/Tokyo'")
    sql(f"ALTER ROLE {writer} SET search_path = public")
    assert others() == ((writer, "Asia/Tokyo"),)
    sql(f"ALTER DATABASE {database.database} SET timezone = 'Etc/UTC'")
    sql(f"ALTER ROLE {writer} IN DATABASE {database.database} SET timezone = 'utc'")
    assert others() == ()


def test_roles_that_can_write_nothing_here_are_not_told(sql, role, others):
    for name in (role("LOGIN", "SELECT ON t"), role("NOLOGIN", "INSERT ON t")):
        sql(f"ALTER ROLE {name} SET timezone = 'Asia/Tokyo'")
    provider = "rdsadmin"
    sql(f"CREATE ROLE {provider} LOGIN SUPERUSER")
    try:
        sql(f"ALTER ROLE {provider} SET timezone = 'utc'")
        assert others() == ()
    finally:
        sql(f"DROP ROLE {provider}")


@pytest.mark.parametrize(
    "way",
    [
        ("GRANT UPDATE (at) ON t TO {0}",),
        ("CREATE VIEW v AS SELECT * FROM t", "GRANT UPDATE ON v TO {0}"),
        ("GRANT INSERT ON t TO {1}", "GRANT {1} TO {0}"),
        (
            "CREATE FUNCTION add() RETURNS void LANGUAGE sql SECURITY DEFINER"
            " AS 'INSERT INTO t VALUES (1, localtimestamp)'",
        ),
        ("ALTER ROLE {0} SUPERUSER",),
    ],
    ids=["column", "view", "member", "definer", "superuser"],
)
def test_roles_that_can_write_in_any_way_are_told(sql, role, others, way):
    writer, group = role("LOGIN NOINHERIT"), role("NOLOGIN")
    sql(f"ALTER ROLE {writer} SET timezone = 'Asia/Tokyo'")
    assert others() == ()
    for statement in way:
        sql(statement.format(writer, group))
    assert others() == ((writer, "Asia/Tokyo"),)


def test_a_reader_with_a_zone_of_its_own_is_told_what_others_have(database, sql, role, others):
    reader = role("LOGIN", "SELECT ON t")
    assert others(reader) == ()
    sql(f"ALTER ROLE {reader} SET timezone = 'UTC'")
    assert others(reader) == (("every role without a setting", "Europe/Berlin"),)
    sql(f"ALTER DATABASE {database.database} SET timezone = 'Etc/UTC'")
    assert others(reader) == ()
    sql(f"ALTER DATABASE {database.database} RESET timezone")
    assert others(reader) == (("every role without a setting", "the server's default"),)


def test_a_zone_that_the_server_does_not_know_is_refused(ours):
    with pytest.raises(ConfigError, match="source_timezone 'Mars/Olympus'"):
        wall_clock(ours, "Mars/Olympus", (SUMMER,))


def test_nothing_of_the_environment_reaches_our_sessions(database, sql, monkeypatch, caplog):
    sql(f"ALTER DATABASE {database.database} SET timezone = 'America/Bogota'")
    hostile = {
        "PGTZ": "Asia/Tokyo",
        "PGOPTIONS": "-c timezone=Asia/Tokyo -c search_path=nowhere",
        "PGDATESTYLE": "German",
        "PGSERVICE": "nowhere",
        "PGHOSTADDR": "192.0.2.1",
        "PGSSLMODE": "verify-full",
        "PGTARGETSESSIONATTRS": "standby",
    }
    for name, value in hostile.items():
        monkeypatch.setenv(name, value)
    connection = connection_to(database)
    with session(connection) as opened:
        assert read_clock(opened, guard=False).time_zone == "America/Bogota"
    for name, value in hostile.items():
        monkeypatch.setenv(name, value)
    sql("CREATE TABLE t AS SELECT 1 AS id")
    column = postgresql_column("id", PostgresType("int4", "int4"))
    source = PostgresqlSource(connection, "SELECT * FROM t", ("id",), (column,))
    (batch,) = source.read(Split(0))
    assert batch.num_rows == 1
    assert "PGSSLMODE, PGTARGETSESSIONATTRS, PGTZ of the environment" in caplog.text


def test_zone_files_of_this_machine_decide_nowhere_on_the_way_of_rows():
    found = {
        str(path.relative_to(ROOT))
        for folder in ("auto_schema", "sources", "smart_sync", "pipeline")
        for path in (ROOT / folder).rglob("*.py")
        if re.search(r"^(from|import) (zoneinfo|dateutil|pytz)", path.read_text(), re.MULTILINE)
    }
    assert found == {"pipeline/parameters/zones.py", "pipeline/runs/instants.py"}
