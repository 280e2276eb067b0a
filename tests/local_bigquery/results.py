"""Results of queries: written once, asked for by the job's own name, dropped when they are old.

Most are few rows that the request which sends the query is answered with: they are found and put
into words by one statement, and never written. A later page is taken from the same rows.

A job's result is never altered, so its columns and its number of rows are known from when it was
written. As it was, each look at it searched the whole catalog, most of which are results. Of a
statement that came before, over tables that are as they were, they are known without planning it.
"""

import functools
import threading
import time
from dataclasses import dataclass
from typing import Any

from statements import Columns, Translation, Translator

RESULTS_LIVE_S = 20
"""At least so long can the rows of a query be fetched; real BigQuery keeps them for a day. DuckDB
looks at all of them to list the tables of a dataset."""
FEW = 1_000
"""Rows that aren't written; a client reads more of them through Storage Read, from the table."""
TOLD_AS_JSON = frozenset({"map", "union"})
"""DuckDB's types that `types.cast` has no other for."""


@dataclass(frozen=True)
class Result:
    """What is known of a job's result from its writing on."""

    columns: list[tuple[str, Any]]
    """Name and DuckDB's type."""
    fields: list[Any]
    """As BigQuery describes them."""
    rows: int
    words: list[str] | None = None
    """The rows as the answer has them; None: they lie in a table."""
    int64: bool = True
    """Whether these say timestamps as whole numbers."""


class Caught:
    """A cursor that keeps what it is to execute, and the columns of the question within."""

    def __init__(self, cursor: Any) -> None:
        self._cursor, self.executed = cursor, ""
        self.columns = Columns([], [])

    def sql(self, sql: str, *, params: Any) -> Columns:
        """The columns of a question's rows."""
        relation = self._cursor.sql(sql, params=params)
        self.columns = Columns(relation.columns, relation.types)
        return self.columns

    def execute(self, sql: str, _: Any) -> None:
        """Keep a statement."""
        self.executed = sql


class Foreseen:
    """A cursor that tells the columns of a statement that came before without planning it."""

    def __init__(self, cursor: Any, known: Translation) -> None:
        self._cursor, self._known = cursor, known

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)

    def sql(self, sql: str, *, params: Any) -> Columns:
        """The columns of the statement's rows."""
        if self._known.columns is None:
            relation = self._cursor.sql(sql, params=params)
            self._known.columns = Columns(relation.columns, relation.types)
        return self._known.columns


class Results:
    """What the queries of late have found, by project and job."""

    def __init__(self, translator: Translator) -> None:
        from local_bigquery.catalog import tabledata, tables
        from local_bigquery.engine import database, results, types
        from local_bigquery.jobs import query

        self._tables, self._database, self._results = tables, database, results
        self._types, self._list_rows, self._write = types, tabledata.list_rows, query._write
        self._translator = translator
        self._settings = (*tables.LAYOUT, "schemaUpdateOptions")
        self._kept = dict[tuple[str, str], Result | None]()
        """None: written as `local-bigquery` does."""
        self._answered = dict[tuple[str, str], bool]()
        """Jobs whose rows are answered at once, and whether timestamps are whole numbers there."""

    def answer(self, project: str, job: str, *, int64: bool) -> None:
        """Heed that the request which sends a query is answered with its rows."""
        self._answered[project, job] = int64

    def write(
        self, cursor: Any, sql: str, bound: Any, destination: Any, config: Any, isolated: bool
    ) -> None:
        """`jobs.query._write`; of what isn't a plain result, that itself."""
        project, dataset, job = self._tables.reference(destination)
        if dataset != self._tables.RESULTS:
            self._write(cursor, sql, bound, destination, config, isolated)
            return
        self._kept[project, job] = None
        if isolated or any(getattr(config, name) for name in self._settings):
            self._write(cursor, sql, bound, destination, config, isolated)
            return
        name = self._tables.name(project, dataset, job)
        known = self._translator.known(sql)
        planned = Foreseen(cursor, known) if known else cursor
        caught = Caught(planned)
        self._results.materialise(caught, sql, name, bound)
        int64 = self._answered.pop((project, job), None)
        if int64 is not None:
            select = caught.executed.removeprefix(f"CREATE OR REPLACE TABLE {name} AS ")
            described = known and known.written
            if described is None:
                described = self._described(self._written(cursor, caught.columns), known)
            self._kept[project, job] = self._few(cursor, select, bound, described, int64=int64)
        if self._kept[project, job] is None:
            cursor.execute(caught.executed, bound)
            rows = cursor.fetchone()[0]
            described = self._described(cursor.table(name), known)
            self._kept[project, job] = Result(*described, rows)

    def _written(self, cursor: Any, asked: Columns) -> Columns:
        """A question's columns as `results.materialise` casts them, which nothing has to plan."""
        types = [
            cursor.sqltype("JSON" if kind.id in TOLD_AS_JSON else self._types.normalised(kind))
            for kind in asked.types
        ]
        return Columns(self._results.unique(asked.columns), types)

    def _few(
        self, cursor: Any, select: str, bound: Any, described: Any, *, int64: bool
    ) -> Result | None:
        """The rows of a statement as its answer has them; None: they are to be written.

        Args:
            cursor: Runs it.
            select: The statement.
            bound: Its parameters.
            described: Its columns, as `_described` has them.
            int64: Whether timestamps are whole numbers.
        """
        columns, fields = described
        row = self._types.row(columns, int64)
        found = cursor.execute(f"SELECT {row} FROM ({select})", bound).fetchmany(FEW + 1)
        if len(found) > FEW:
            return None
        return Result(columns, fields, len(found), [words for (words,) in found], int64)

    def _described(
        self, relation: Any, known: Translation | None
    ) -> tuple[list[tuple[str, Any]], list[Any]]:
        """The columns of a result, as DuckDB and as BigQuery describe them."""
        if known and known.written:
            return known.written  # type: ignore[no-any-return]
        columns = list(zip(relation.columns, relation.types, strict=True))
        fields = [self._types.field(column, kind) for column, kind in columns]
        if known:
            known.written = columns, fields
        return columns, fields

    def list_rows(
        self,
        project: str,
        dataset: str,
        table: str,
        most: int | None,
        start: int,
        selected: str | None,
        int64: bool,
    ) -> Any:
        """`tabledata.list_rows`; of a kept result, by one statement."""
        result = self._kept.get((project, table)) if dataset == self._tables.RESULTS else None
        if result is None or selected:
            return self._list_rows(project, dataset, table, most, start, selected, int64)
        limit = self._results.DEFAULT_PAGE_SIZE if most is None else most
        if result.words is not None:
            assert int64 is result.int64, "a page in other words than the first"
            return self._page(result.words[start : start + limit], start, result), result.fields
        with self._database.cursor() as cursor:
            rows = cursor.execute(
                f"SELECT {self._types.row(result.columns, int64)} "
                f"FROM (SELECT * FROM {self._tables.name(project, dataset, table)} "
                f"ORDER BY rowid LIMIT {limit} OFFSET {start})"
            ).fetchall()
        return self._page([row for (row,) in rows], start, result), result.fields

    def _page(self, rows: list[str], start: int, result: Result) -> Any:
        end = start + len(rows)
        following = str(end) if end < result.rows else None
        return self._results.Page(rows, result.rows, following)

    def forget(self) -> None:
        """Drop, for ever, the results that were there at the last look."""
        import duckdb

        old = list[tuple[str, str]]()
        while True:
            time.sleep(RESULTS_LIVE_S)
            for project, job in old:
                result = self._kept.pop((project, job), None)
                if result and result.words is not None:
                    continue
                name = self._tables.name(project, self._tables.RESULTS, job)
                try:
                    self._database.execute(f"DROP TABLE IF EXISTS {name}")
                except duckdb.Error:
                    continue  # is being read
            old = list(self._kept)


def keep_results(translator: Translator) -> None:
    """Write results, and read them, by what is known of them."""
    from local_bigquery.api import jobs as api
    from local_bigquery.catalog import tabledata
    from local_bigquery.jobs import query

    results, run_query = Results(translator), api.run_query
    assert api.tabledata is tabledata  # asks by its name, so gets the new one

    @functools.wraps(run_query)
    def answered(project_id: str, body: Any) -> Any:
        if body.requestId and not body.dryRun:
            options = body.formatOptions
            int64 = bool(options and options.useInt64Timestamp)
            results.answer(project_id, body.requestId, int64=int64)
        return run_query(project_id, body)

    for route in api.router.routes:
        if route.endpoint is run_query:
            route.endpoint = answered
    query._write, tabledata.list_rows = results.write, results.list_rows
    threading.Thread(target=results.forget, daemon=True).start()
