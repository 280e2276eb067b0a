"""Cursors without a zone whose rows are stamped by another clock than that by which windows end:
the guard would hold none of their windows."""

import pytest

from tests.writers import EXACT, lost

WARNED = "stamps updated_at by the time of utc, and windows end by that of Europe/Berlin"
TRIGGER = """
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN NEW.updated_at = timezone('utc', now()); RETURN NEW; END $$;
CREATE TRIGGER touch BEFORE INSERT OR UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION touch()
"""
MADE = {
    "default": ("DEFAULT (now() AT TIME ZONE 'utc')", ""),
    "rounded": ("DEFAULT (now() AT TIME ZONE 'utc')::timestamp(0)", ""),
    "trigger": ("DEFAULT now()", TRIGGER),
}


@pytest.fixture
def berlin(sql, database):
    """The server's clock on the wall is that of Berlin; stamps are made by UTC, an hour behind."""
    sql(f"ALTER DATABASE {database.database} SET timezone = 'Europe/Berlin'")

    def made(kind):
        default, more = MADE[kind]
        sql(f"CREATE TABLE orders (id int8, updated_at timestamp {default}); {more}")

    return made


@pytest.mark.parametrize(("zone", "missing"), [("UTC", []), (None, [2])])
def test_rows_that_utc_stamps_and_commit_late_arrive_where_the_zone_is_named(
    sync, sql, begin, berlin, zone, missing
):
    berlin("default")
    late = begin()
    late.execute("INSERT INTO orders VALUES (2)")
    sql("INSERT INTO orders VALUES (1)")
    sync.ok(**EXACT, source_timezone=zone)
    late.connection.commit()
    sync.ok(**EXACT, source_timezone=zone)
    assert lost(sync, sql) == missing


@pytest.mark.parametrize("kind", MADE)
def test_a_default_or_a_trigger_that_stamps_by_another_zone_is_told(sync, berlin, kind):
    berlin(kind)
    told = sync.ok(**EXACT, plan_only="true").out
    assert WARNED in told
    assert "; set source_timezone=UTC" in told
    assert "stamps updated_at" not in sync.ok(**EXACT, plan_only="true", source_timezone="UTC").out


QUERIES = {
    "query": "SELECT id, at AT TIME ZONE 'America/New_York' AS updated_at FROM times",
    "twice": "SELECT id, at AT TIME ZONE 'UTC' AT TIME ZONE 'UTC' AT TIME ZONE 'America/New_York'"
    " AS updated_at FROM times",
    "date": "SELECT id, (at AT TIME ZONE 'America/New_York')::date AS updated_at FROM times",
    "view": "SELECT * FROM local",
}


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_that_brings_stamps_to_another_zone_is_refused_until_the_zone_is_named(
    sync, sql, name
):
    sql("CREATE TABLE times (id int8, at timestamptz)")
    sql("CREATE VIEW local AS SELECT id, timezone('America/New_York', at) AS updated_at FROM times")
    plan = EXACT | {"plan_only": "true", "postgresql_query": QUERIES[name]}
    refused = sync(**plan)
    assert refused.code == 2, refused.out
    assert "cursor stamped by another clock than its windows" in refused.err
    assert "To mend: set source_timezone=America/New_York." in refused.err
    assert "stamps updated_at" not in sync.ok(**plan, source_timezone="America/New_York").out
    other = sync.ok(**plan, source_timezone="Asia/Tokyo").out
    assert "by the time of America/New_York, and windows end by that of Asia/Tokyo" in other


def test_stamps_of_the_servers_own_zone_and_with_a_zone_are_read(sync, sql, database):
    sql(f"ALTER DATABASE {database.database} SET timezone = 'Etc/UTC'")
    sql(
        "CREATE TABLE orders (id int8, at timestamptz DEFAULT now(),"
        " updated_at timestamp DEFAULT (now() AT TIME ZONE 'utc'))"
    )
    for query in (
        "SELECT * FROM orders",
        "SELECT id, at AS updated_at, at AT TIME ZONE 'Asia/Tokyo' AS there FROM orders",
        "SELECT id, updated_at AT TIME ZONE 'Asia/Tokyo' AS updated_at FROM orders",
    ):
        plan = EXACT | {"plan_only": "true", "postgresql_query": query}
        assert "windows end by" not in sync.ok(**plan).out
