"""What a run asks BigQuery for, counted in front of it: requests, jobs, reading statements.

    nothing-new   an hour later, and no row is new
    append        1,000 rows are new
    merge         1,000 rows are new or changed, and are merged by their key

These counts don't depend on the machine; tests/e2e/test_requests.py holds each request.
"""

import contextlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg2
from google.cloud import bigquery

from bench.record import Sample
from bench.syncs import DATASET, flags, of_history, of_postgresql, ran
from demo.servers import BigQueryServer, PostgresqlServer
from demo.sides import PROJECT
from tests.fault_proxy import fault_proxy
from tests.fault_rules import Seen

TABLE = "hourly"
OLD, NEW = 10_000, 1_000
CREATE = f"""
CREATE TABLE {TABLE} (id int8 PRIMARY KEY, name text, amount numeric(12, 2),
                      updated_at timestamptz NOT NULL);
CREATE INDEX ON {TABLE} (updated_at);
INSERT INTO {TABLE} SELECT g, 'name ' || g, g / 100.0,
  timestamptz '2024-01-01' + g * interval '1 minute' FROM generate_series(1, {OLD}) AS g;
ANALYZE {TABLE}
"""
MORE = """
INSERT INTO {table} AS t SELECT g, 'name ' || g, g / 100.0,
  (SELECT max(updated_at) FROM {table}) + (g - {first}) * interval '1 second'
FROM generate_series({first} + 1, {first} + {rows}) AS g
ON CONFLICT (id) DO UPDATE SET name = t.name || '!', updated_at = EXCLUDED.updated_at
"""
MERGED = {"write_disposition": "WRITE_MERGE", "merge_keys": "id"}
ROWS: Mapping[str, tuple[dict[str, str], int]] = {
    "nothing-new": ({}, 0),
    "append": ({}, NEW),
    "merge": (MERGED, NEW),
}
"""Parameters beside those of any run, and new rows."""
TOLD = {
    "nothing-new": "nothing new",
    "append": f"{NEW:,} rows appended",
    "merge": f"{NEW:,} rows merged, half of them updates",
}
ASIDE = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`[^`]*`|--[^\n]*|\bRAISE USING\b""")
READS = re.compile(r"\b(?:FROM|USING|EXECUTE IMMEDIATE)\b")


def reading_statements(script: str) -> int:
    """Statements of a script that read a table; one that is made while it runs counts as such.

    >>> reading_statements("SET x = (SELECT MAX(a) FROM t); SELECT x; MERGE t USING (s) ON TRUE;")
    2
    >>> reading_statements("EXECUTE IMMEDIATE '''SELECT 1 FROM t''' INTO x; SELECT x;")
    1
    """
    return sum(bool(READS.search(part)) for part in ASIDE.sub(" ", script).split(";"))


def is_job(seen: Seen) -> bool:
    """Whether a request starts a job; not one that asks what it would cost."""
    path = seen.path.partition("?")[0]
    if seen.method != "POST" or not path.endswith(("/jobs", "/queries")):
        return False
    body: Any = seen.body if isinstance(seen.body, dict) else {}
    dry = body.get("dryRun") or body.get("configuration", {}).get("dryRun")
    return not dry


def is_load(seen: Seen) -> bool:
    """Whether the job that it starts loads files."""
    body: Any = seen.body if isinstance(seen.body, dict) else {}
    return "load" in body.get("configuration", {})


def asked(seen: Sequence[Seen]) -> list[Seen]:
    """The requests, those that ask again whether one job is done left out.

    How often that is asked depends on how long the job takes, and so on the machine.
    """
    kept, waited_for = [], set()
    for one in seen:
        path = one.path.partition("?")[0]
        if one.method == "GET" and ("/jobs/" in path or "/queries/" in path):
            if path in waited_for:
                continue
            waited_for.add(path)
        kept.append(one)
    return kept


def counts(seen: Sequence[Seen]) -> dict[str, float]:
    """Requests, query jobs, load jobs, and the reading statements of the publishing job."""
    jobs = [one for one in seen if is_job(one)]
    loads = sum(map(is_load, jobs))
    published = [one.body for one in jobs if "publish_" in str(one.body.get("jobReference", {}))]
    scripts = [body["configuration"].get("query", {}).get("query", "") for body in published]
    return {
        "requests": len(asked(seen)),
        "query_jobs": len(jobs) - loads,
        "load_jobs": loads,
        "reading_statements": max(map(reading_statements, scripts), default=0),
    }


@contextmanager
def hourly(
    server: PostgresqlServer, target: BigQueryServer, client: bigquery.Client, row: str
) -> Iterator[Callable[[], Sample]]:
    """A table that was synced whole; the next run as often as it is called.

    The lock of the run before is gone each time, as it goes by itself an hour later.
    """
    more, new = ROWS[row]
    table = f"{TABLE}_{row.replace('-', '_')}"
    words = flags(of_postgresql(server, TABLE) | more | {"lock_lease": "1h"}, table)
    lock = f"{PROJECT}.{DATASET}._sync_lock_{table}"
    with (
        contextlib.closing(psycopg2.connect(server.dsn)) as connection,
        fault_proxy(target.url) as proxy,
    ):
        connection.autocommit = True
        cursor = connection.cursor()
        cursor.execute(CREATE)
        ran(words, target.environ)

        def again(environ: Mapping[str, str]) -> dict[str, float]:
            client.delete_table(lock, not_found_ok=True)
            if new:
                cursor.execute(f"SELECT max(id) FROM {TABLE}")
                first = int((cursor.fetchone() or (0,))[0]) - (new // 2 if more else 0)
                cursor.execute(MORE.format(table=TABLE, first=first, rows=new))
            return ran(words, environ).figures()

        def counted() -> Sample:
            took = again(target.environ)
            before = len(proxy.seen)
            again(target.environ | {"BIGQUERY_EMULATOR_HOST": proxy.url})
            rows = of_history(client, table)["rows"]
            if rows != new:
                raise SystemExit(f"{row}: {rows} rows were published, {new} are new")
            return took | counts(proxy.seen[before:]) | {"rows": rows}

        try:
            yield counted
        finally:
            cursor.execute(f"DROP TABLE {TABLE}")
