"""The catalog of the local BigQuery: kept in memory, and asked by name.

Of each patch, what it stands in for is looked at first, so that another version fails aloud.
"""

import contextlib
import functools
import hashlib
import inspect
import json
import sys
from typing import Any

from columns import (
    DEFINES,
    Definitions,
    Transaction,
    columns_by_relation,
    fetch_by_relation,
    looking,
)

RESULTS = "_results"
TEMPORARY_TABLES = "SELECT table_name FROM duckdb_tables() WHERE temporary"
UNFOLLOWED = frozenset({"begin", "commit", "cursor", "executemany", "rollback"})
"""Ways around a cursor's `execute`, which nobody goes."""


def keep_in_memory(definitions: Definitions) -> None:
    """Make each project a DuckDB in memory instead of a DuckLake in files; and the results."""
    import duckdb
    from local_bigquery.engine import database
    from local_bigquery.jobs import query

    connect = duckdb.connect
    assert TEMPORARY_TABLES in inspect.getsource(query.execute)

    def connect_to_memory(*args: Any, **words: Any) -> Connection:
        return Connection(connect(*args, **words), definitions)

    def attach(connection: Any, project_id: str) -> None:
        connection.execute(f"ATTACH IF NOT EXISTS ':memory:' AS {database.quote(project_id)}")
        database._attached.add(project_id)

    duckdb.connect = connect_to_memory
    database._attach = attach
    database.projects = lambda: sorted(database._attached)


class Connection:
    """A connection to DuckDB whose files lie in memory."""

    def __init__(self, connection: Any, definitions: Definitions) -> None:
        self._connection, self._is_in_memory = connection, False
        self._definitions = definitions

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def execute(self, sql: str, *values: Any) -> Any:
        """As DuckDB's, but for the file of what isn't a project's."""
        if sql.startswith("ATTACH '") and sql.endswith("emulator.duckdb' AS emulator"):
            sql, self._is_in_memory = "ATTACH ':memory:' AS emulator", True
        return self._connection.execute(sql, *values)

    def cursor(self) -> "Cursor":
        """A connection beside this one, with temporary tables of its own."""
        assert self._is_in_memory, "the file is attached in other words"
        return Cursor(self._connection.cursor(), self._definitions)


class Cursor:
    """A cursor whose statements are followed, and which knows that a new one has no tables.

    Each query asks for temporary tables first; DuckDB lists all results of late to say that there
    are none.
    """

    def __init__(self, cursor: Any, definitions: Definitions) -> None:
        self._cursor, self._definitions, self._is_new = cursor, definitions, True
        self._transaction = Transaction()

    def __getattr__(self, name: str) -> Any:
        assert name not in UNFOLLOWED, name
        self._is_new = False
        return getattr(self._cursor, name)

    def execute(self, sql: str, *values: Any) -> Any:
        """As DuckDB's."""
        self._is_new, is_done = False, False
        try:
            done = self._cursor.execute(sql, *values)
            is_done = True
            return done
        finally:
            self._definitions.follow(sql, self._transaction, is_done=is_done)

    def sql(self, sql: str, **words: Any) -> Any:
        """As DuckDB's."""
        if self._is_new and sql == TEMPORARY_TABLES:
            return Nothing()
        self._is_new = False
        assert not DEFINES.match(sql), sql  # is what `execute` is for
        return self._cursor.sql(sql, **words)


class Nothing:
    """The rows of a table that is empty."""

    def fetchall(self) -> list[tuple[Any, ...]]:
        """None of them."""
        return []


def look_up_by_name(definitions: Definitions) -> None:
    """Ask for a named table itself, where all tables of all projects were listed for it."""
    from local_bigquery.catalog import tabledata, tables
    from local_bigquery.engine import database
    from local_bigquery.sql.rules import partitions, typing
    from local_bigquery.sql.rules import tables as rules

    for module in (tables, partitions, rules):
        assert module.database is database  # they ask by its name, so get the new ones
    assert tabledata.columns is typing.tables.columns is tables.columns
    assert "if not database.objects(" in inspect.getsource(rules._check)
    database.objects = Objects(database, definitions)
    rules.database = Uncounted(database, definitions)
    database.fetch = fetch_by_relation(database, definitions)
    tables.columns = tabledata.columns = columns_by_relation(database, definitions)


class Objects:
    """(name, kind, rows) of the tables and views of a dataset, or of the one that is named.

    DuckDB's names know no case, BigQuery's do: as which name a table was made is listed once.
    """

    def __init__(self, database: Any, definitions: Definitions) -> None:
        self._database, self._list = database, database.objects
        self._definitions = definitions

    def __call__(
        self, project_id: str, dataset_id: str | None, table_id: str | None = None
    ) -> list[tuple[str, str, int]]:
        if table_id is None or dataset_id is None:  # of a temporary table no dataset is known
            return self._list(project_id, dataset_id, table_id)  # type: ignore[no-any-return]
        table = self._database.quote(project_id, dataset_id, table_id)
        # results are named by their jobs, and are tables
        kind = "TABLE" if dataset_id == RESULTS else self._definitions.kind(table)
        found = self._look(table, kind)
        if found is None:
            self._definitions.forget(table)
            return []
        if found[0] == kind:
            return [(table_id, *found)]
        listed = self._list(project_id, dataset_id, table_id)
        if [name for name, _, _ in listed] == [table_id]:
            self._definitions.spell(table, found[0])
        return [(name, kind, found[1] if kind == "TABLE" else 0) for name, kind, _ in listed]

    def _look(self, table: str, kind: str | None) -> tuple[str, int] | None:
        """Which it is, a table or a view, and the rows of a table; None if there is none."""
        import duckdb

        cursor = looking(self._database)
        try:
            if kind != "TABLE":
                cursor.table(table)
        except duckdb.CatalogException:
            return ("VIEW", 0) if _is_there(cursor, table) else None
        with contextlib.suppress(duckdb.CatalogException):  # dropped meanwhile
            return "TABLE", self._definitions.rows(table, lambda: _count(cursor, table))
        return None


def _count(cursor: Any, table: str) -> int:
    ((rows,),) = cursor.execute(f"SELECT count(*) FROM {table}").fetchall()
    return int(rows)


class Uncounted:
    """`database` for who asks of a table only whether it is there: its rows are not counted."""

    def __init__(self, database: Any, definitions: Definitions) -> None:
        self._database, self._definitions = database, definitions

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)

    def objects(self, *names: str) -> list[tuple[str, str, int]]:
        """As `database.objects`, with no rows in a table that is named."""
        import duckdb

        table = self._database.quote(*names)
        if len(names) == 3 and self._definitions.kind(table) == "TABLE":
            with contextlib.suppress(duckdb.CatalogException):
                looking(self._database).table(table)
                return [(names[2], "TABLE", 0)]
        return self._database.objects(*names)  # type: ignore[no-any-return]


def _is_there(cursor: Any, view: str) -> bool:
    import duckdb

    try:
        cursor.sql(f"SELECT * FROM {view} LIMIT 0")
    except duckdb.CatalogException:
        return False
    except duckdb.Error:
        pass  # a view whose table is gone
    return True


def keep_resources() -> None:
    """Keep datasets, tables and all that is said of them as JSON under their names."""
    from local_bigquery.catalog import datasets, metadata, row_access

    exists = datasets.exists
    kept: dict[str, dict[tuple[str, ...], str]] = {kind: {} for kind in metadata.RESOURCES}

    def under(kind: str, keys: tuple[str, ...]) -> list[tuple[str, ...]]:
        if len(keys) == len(metadata.RESOURCES[kind]):
            return [keys] if keys in kept[kind] else []
        return [key for key in list(kept[kind]) if key[: len(keys)] == keys]

    def list_(model: Any, *keys: str) -> list[Any]:
        kind = metadata.KINDS[model]
        texts = [kept[kind].get(key) for key in under(kind, keys)]
        return [model.model_validate_json(text) for text in texts if text]

    def save(resource: Any, *keys: str) -> Any:
        body = {key: value for key, value in resource.dump().items() if key != "etag"}
        etag = hashlib.md5(json.dumps(body, sort_keys=True).encode()).hexdigest()
        kept[metadata.KINDS[type(resource)]][keys] = json.dumps(body | {"etag": etag})
        return resource.replace(etag=etag)

    def delete(model: Any, *keys: str) -> None:
        kind = metadata.KINDS[model]
        for key in under(kind, keys):
            kept[kind].pop(key, None)

    def is_there(project_id: str, dataset_id: str) -> bool:
        return (project_id, dataset_id) in kept["datasets"] or exists(project_id, dataset_id)

    datasets.exists = is_there
    metadata.list_, metadata.save, metadata.delete = list_, save, delete
    row_access.secured = lambda: frozenset(key[:3] for key in list(kept["row_access_policies"]))


def answer_requests_again() -> None:
    """Give a query whose `requestId` came before the answer of that one, as BigQuery does."""
    from local_bigquery.api import jobs
    from local_bigquery.jobs import runner, store

    submit, asked = runner.submit, jobs.run_query.__code__

    @functools.wraps(submit)
    def submit_once(project_id: str, job_id: str, *more: Any, **words: Any) -> Any:
        known = store.load(project_id, job_id)
        if known and sys._getframe(1).f_code is asked:
            return known
        return submit(project_id, job_id, *more, **words)

    runner.submit = submit_once


def keep_jobs() -> None:
    """Keep jobs as JSON under project and id, the newest state of each."""
    from local_bigquery.jobs import store
    from local_bigquery.models import Job, JobConfiguration

    Job.replace = JobConfiguration.replace = _replaced
    kept = dict[tuple[str, str], tuple[int, str | None, str, str]]()
    """(created in ms, id of the parent, state, JSON)"""

    def save(job: Any) -> Any:
        statistics = job.statistics
        kept[job.jobReference.projectId, job.jobReference.jobId] = (
            int(statistics.creationTime),
            statistics.parentJobId,
            job.status.state,
            job.model_dump_json(by_alias=True, exclude_none=True),
        )
        return job

    def load(project_id: str, job_id: str) -> Any:
        job = kept.get((project_id, job_id))
        return Job.model_validate_json(job[-1]) if job else None

    def list_(
        project_id: str,
        states: Any = None,
        parent_id: str | None = None,
        since: int | None = None,
        until: int | None = None,
    ) -> list[Any]:
        chosen = [
            (-created, job_id, text)
            for (project, job_id), (created, parent, state, text) in list(kept.items())
            if (project, parent) == (project_id, parent_id)
            and (states is None or state in states)
            and (since is None or since <= created)
            and (until is None or created <= until)
        ]
        return [Job.model_validate_json(text) for _, _, text in sorted(chosen)]

    def delete(project_id: str, job_id: str) -> None:
        for (project, name), (_, parent, _, _) in list(kept.items()):
            if project == project_id and job_id in (name, parent):
                kept.pop((project, name), None)

    store.save, store.load, store.list_, store.delete = save, load, list_, delete


def _replaced(resource: Any, **changes: Any) -> Any:
    """`Resource.replace`, where only what is changed is read anew, and not all that it holds."""
    changed = resource.model_copy()
    for name, value in changes.items():
        assert name in type(resource).model_fields, name
        resource.__pydantic_validator__.validate_assignment(changed, name, value)
    return changed
