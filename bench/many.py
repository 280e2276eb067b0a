"""Many tables in one launch, beside a launch for each of them.

    tables-new       40 tables with 1,000 new rows each: one launch, and forty one after the other
    tables-nothing   nothing new in the same 40 tables
    tables-planned   the plan of 500 tables that the destination lacks

All before a BigQuery that keeps nothing (`quick_bigquery`). A launch of many sends each time other
texts, of as many tables as just wait: these have names that it puts aside, so that it knows the
text again whichever of them waited.
"""

import contextlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import psycopg2
from google.cloud import bigquery

from bench.counting import asked
from bench.measure import Sample as Process
from bench.postgresql import OURS
from bench.record import Sample
from bench.syncs import DATASET, flags, of_postgresql, quick_bigquery, ran
from demo.servers import BigQueryServer, PostgresqlServer
from demo.sides import PROJECT
from tests.fault_proxy import FaultProxy, fault_proxy
from tests.fault_rules import Seen

SINGLE = "single"
TABLES, PLANNED, NEW = 40, 500, 1_000
AT_ONCE = 16
SYNCED, MERELY_PLANNED = "synced", "planned"
"""Schemas of the source."""
TOLD = {
    "tables-new": f"{TABLES} tables, {NEW:,} new rows in each",
    "tables-nothing": f"{TABLES} tables, nothing new",
    "tables-planned": f"{PLANNED} tables planned",
}
WAYS = {OURS: "one launch", SINGLE: "a launch for each, one after the other"}
CREATE = """
CREATE TABLE {schema}.d{n} (id int8 PRIMARY KEY, name text, amount numeric(12, 2),
                            updated_at timestamptz NOT NULL);
CREATE INDEX ON {schema}.d{n} (updated_at)
"""
MORE = """
INSERT INTO {schema}.d{n}
SELECT m.id + g, 'name ' || g, g / 100.0, m.stamp + g * interval '1 second'
FROM (SELECT coalesce(max(id), 0) AS id, coalesce(max(updated_at), '2024-01-01') AS stamp
      FROM {schema}.d{n}) AS m, generate_series(1, {rows}) AS g
"""
OF_ONE_TABLE = re.compile("publish_|stage_|_sync_lock_|_sync_staging_")
"""What a request of one table's own publishing names: its lock, its staged rows, its job."""
ENDED = re.compile(r"([\d,]+) rows? read, ([\d,]+) published")


def own_requests(seen: Sequence[Seen]) -> int:
    """Requests that publishing itself needs: lock, staged rows and job of the table."""
    return sum(bool(OF_ONE_TABLE.search(_told(one))) for one in asked(seen))


def _told(seen: Seen) -> str:
    body: Any = seen.body if isinstance(seen.body, dict) else {}
    return f"{seen.path} {body.get('jobReference')} {body.get('tableReference')}"


def published(told: str) -> int:
    """Rows that a launch says it has published.

    >>> published("succeeded: 1,000 rows read, 1,000 published · p.d.t · run r")
    1000
    """
    end = ENDED.search(told.splitlines()[-1])
    return int(end[2].replace(",", "")) if end else 0


@dataclass(frozen=True)
class _Launches:
    """The source's tables, and launches of them before a proxy that counts."""

    server: PostgresqlServer
    target: BigQueryServer
    client: bigquery.Client
    proxy: FaultProxy
    cursor: Any

    def add_rows(self, rows: int) -> None:
        """New rows in each table; and its lock is gone, as it goes by itself an hour later."""
        for n in range(TABLES):
            if rows:
                self.cursor.execute(MORE.format(schema=SYNCED, n=n, rows=rows))
            lock = f"{PROJECT}.{DATASET}._sync_lock_d{n}"
            self.client.delete_table(lock, not_found_ok=True)

    def launch(self, table: str = "", schema: str = SYNCED, **more: str) -> Process:
        """One launch: of a table by itself, or of all of a schema."""
        words = of_postgresql(self.server, "") | {"lock_lease": "1h"} | more
        words["source_table_for_schema"] = f"{schema}.{table}"
        if not table:
            del words["source_table_for_schema"]
            table = "{table}" if schema == SYNCED else "{schema}_{table}"
            words |= {
                "tables": f"{{tables: {{'{schema}.*': }}}}",
                "max_tables_at_once": str(AT_ONCE),
                "max_source_connections": str(AT_ONCE),
            }
        environ = self.target.environ | {"BIGQUERY_EMULATOR_HOST": self.proxy.url}
        return ran(flags(words, table), environ)

    def counted(self, work: Callable[[], Sequence[Process]]) -> Sample:
        """Processes one after the other: their sums, the most memory, and their requests."""
        before = len(self.proxy.seen)
        processes = work()
        seen = self.proxy.seen[before:]
        return {
            "seconds": sum(one.seconds for one in processes),
            "cpu": sum(one.cpu for one in processes),
            "memory": max(one.memory for one in processes),
            "requests": len(asked(seen)),
            "own_requests": own_requests(seen),
            "rows": sum(published(one.told) for one in processes),
        }

    def synced(self, rows: int, tables: Sequence[str]) -> Sample:
        """All tables with so many new rows, by one launch or by those of each.

        Raises:
            SystemExit: not all rows were published.
        """
        self.add_rows(rows)
        sample = self.counted(lambda: [self.launch(table) for table in tables])
        if sample["rows"] != rows * TABLES:
            raise SystemExit(f"{sample['rows']} rows were published, {rows * TABLES} are new")
        return sample


def _make(cursor: Any) -> None:
    for schema, count, rows in ((SYNCED, TABLES, NEW), (MERELY_PLANNED, PLANNED, 1)):
        cursor.execute(f"CREATE SCHEMA {schema}")
        for n in range(count):
            cursor.execute(CREATE.format(schema=schema, n=n))
            cursor.execute(MORE.format(schema=schema, n=n, rows=rows))
    cursor.execute("ANALYZE")


@contextmanager
def ways(server: PostgresqlServer) -> Iterator[Mapping[str, Mapping[str, Callable[[], Sample]]]]:
    """By row: what is measured in turns; the tables are there, and those of one schema synced."""
    with (
        contextlib.closing(psycopg2.connect(server.dsn)) as connection,
        quick_bigquery("many") as (target, client),
        fault_proxy(target.url) as proxy,
    ):
        connection.autocommit = True
        launches = _Launches(server, target, client, proxy, connection.cursor())
        _make(launches.cursor)
        launches.launch()
        names = [f"d{n}" for n in range(TABLES)]
        planned = partial(launches.launch, "", MERELY_PLANNED, plan_only="true")
        yield {
            "tables-new": {
                OURS: partial(launches.synced, NEW, [""]),
                SINGLE: partial(launches.synced, NEW, names),
            },
            "tables-nothing": {OURS: partial(launches.synced, 0, [""])},
            "tables-planned": {OURS: partial(launches.counted, lambda: [planned()])},
        }
        launches.cursor.execute(f"DROP SCHEMA {SYNCED} CASCADE")
