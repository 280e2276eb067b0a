"""A server that stops answering: given up by its silence, read again, no process held."""

import threading
import time

import pytest

from auto_schema.errors import SourceUnreachableError
from auto_schema.postgresql_types import postgresql_column
from sources.postgresql.connection import PostgresqlConnection
from sources.postgresql.inspector import inspecting
from sources.secrets import Secret
from sources.values import Extract, Split
from tests.processes import until
from tests.tcp_proxy import tcp_proxy

BIG = "SELECT id, repeat('x', 1000000) AS pad, length(pg_sleep(0.02)::text) AS n FROM s"
"""A megabyte per row: 16 rows are a batch."""
TRICKLE = "SELECT id, length(pg_sleep(0.4)::text) AS n FROM s WHERE id <= 6"
SESSIONS = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'bigquery-smart-sync r'"


@pytest.fixture
def source(database, sql):
    sql("CREATE TABLE s AS SELECT g AS id FROM generate_series(1, 100) g")

    def make(query, port):
        at = PostgresqlConnection(
            "127.0.0.1", port, database.database, database.user, Secret(), read_timeout_s=1.2
        )
        with inspecting(at, query, "", "") as inspector:
            made = inspector.source(Extract(run_id="r"))
            columns = tuple(postgresql_column(c.name, c.type) for c in inspector.profile.columns)
        return made.with_columns(columns)

    return make


def test_a_server_that_stops_answering_amid_the_rows_is_given_up_and_its_session_ended(
    source, sql, database
):
    with tcp_proxy("127.0.0.1", database.port) as proxy:
        items = source(BIG, proxy.port).read(Split(0))
        next(items)
        proxy.hold()
        began = time.monotonic()
        with pytest.raises(SourceUnreachableError, match="stopped answering"):
            list(items)
        assert time.monotonic() - began < 20
        left = [thread for thread in threading.enumerate() if thread.name == "read ahead"]
        assert all(thread.daemon for thread in left)
        deadline = time.monotonic() + 10
        while sql(SESSIONS) != [(0,)] and time.monotonic() < deadline:
            time.sleep(0.1)
        assert sql(SESSIONS) == [(0,)]


def test_a_server_that_brings_a_row_now_and_then_is_not_given_up(source, database):
    batches = list(source(TRICKLE, database.port).read(Split(0)))
    assert sum(batch.num_rows for batch in batches) == 6


def test_a_proof_that_the_server_works_at_is_waited_for_though_it_sends_nothing(source, database):
    """Six rows of 0.4 s each: the sums of all of them come at once, after 2.4 s."""
    *batches, sums = source(TRICKLE, database.port).with_proof(digests=False).read(Split(0))
    assert sum(batch.num_rows for batch in batches) == sums.rows == 6


def test_a_proof_whose_answer_is_lost_on_the_way_is_given_up(source, sql, database):
    with tcp_proxy("127.0.0.1", database.port) as proxy:
        items = source(TRICKLE, proxy.port).with_proof(digests=False).read(Split(0))
        next(items)  # the one batch: the proof has begun, or begins now
        proxy.hold()
        with pytest.raises(SourceUnreachableError, match="stopped answering") as given_up:
            list(items)
    assert "at work" not in str(given_up.value)


def test_rows_that_the_server_still_works_at_are_given_up_with_the_parameter_that_mends_it(
    source, database
):
    query = "SELECT count(pg_sleep(0.4)) AS n FROM s WHERE id <= 20"
    with pytest.raises(SourceUnreachableError, match=r"at work .* longer postgresql_read_timeout"):
        list(source(query, database.port).read(Split(0)))


def test_a_run_whose_server_falls_silent_once_reads_the_split_again_and_ends(
    sync, start, sql, database
):
    sql("CREATE TABLE s AS SELECT g AS id FROM generate_series(1, 100) g")
    with tcp_proxy("127.0.0.1", database.port) as proxy:
        run = start(
            postgresql_query=BIG,
            postgresql_host="127.0.0.1",
            postgresql_port=str(proxy.port),
            postgresql_read_timeout="2s",
        )
        until(lambda: list(sync.temp.rglob("rows-*.parquet")))
        proxy.hold()
        assert run.wait() == 0, run.output
    assert "no byte came for 2 s" in run.output
    assert sync.rows("COUNT(*), COUNT(DISTINCT id)") == [(100, 100)]
