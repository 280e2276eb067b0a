"""Statements that the local BigQuery is sent, kept for GoogleSQL itself to judge.

Each is kept once, as a line of JSON: its text, the types of its parameters, the tables that it
names as they were before it ran, the texts that it ran by EXECUTE IMMEDIATE, the test that sent it,
and whether it was refused. Two that
differ by the names of datasets, runs and digests or by moments only are one. What names a table is
found in the text alone, so a table counts in whichever of a script's statements it stands.
"""

import functools
import hashlib
import json
import os
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

STATEMENTS = "SMART_SYNC_TEST_STATEMENTS"
"""The variable that names the file; without it nothing is kept. `tests/conftest.py` sets it."""
SENDER = ".sender"
"""Ends the name of the file beside it that holds the test that runs at present."""
COUNT = ".count"
"""The same, of the file that has a byte for each statement that came."""
NAME = re.compile(r"(?:`[^`]+`|\b[A-Za-z_][\w-]*)(?:\.(?:`[^`]+`|[\w*]+))*")
WORD = re.compile(r"[A-Za-z_]*\d[\w:.-]*")
"""What has a digit in it."""
CHANCE = re.compile(
    r"(?P<name>\b(?:d|test_|graph_|chaos_)\d+(?:_launch)?_[0-9a-f]+"  # a test's dataset, database
    r"|\d{8}t\d{6}[-_][0-9a-f]{8}"  # a run
    r"|(?!\d+\b)[0-9a-f]{16,})"
    r"|\b20\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])(?!\d)"
    r"|(?<![\d.:])(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,6})?(?![\d.:])"
    r"|(?<![\w.])\d{5,18}(?![\w.])"
)
"""What is another one each time, and the same to the analyzer: names, moments, whole numbers.

Moments are such as there are: one that is none stays what it is.
"""
QUESTION = re.compile(r"\s*(?:SELECT|WITH)\b", re.IGNORECASE)
"""A statement that makes no table: one that it has found was there."""
Key = tuple[str, str, str]
"""Project, dataset, table."""
Columns = Callable[[str], list[tuple[Any, ...]] | None]
Listed = Callable[[str, str], frozenset[str]]


class Statements:
    """Those that came so far, by a digest of what the analyzer makes of them."""

    def __init__(self, file: Path, known: Columns, listed: Listed | None) -> None:
        from local_bigquery.catalog import metadata, tables
        from local_bigquery.engine import database
        from local_bigquery.models import Dataset

        self._file, self._sender = file, file.with_name(file.name + SENDER)
        self._count = file.with_name(file.name + COUNT).open("ab", buffering=0)
        self._database, self._metadata, self._tables = database, metadata, tables
        self._dataset, self._known = Dataset, known
        self._listed = listed or self._list
        self._kept = set[str]()
        self._lock = threading.Lock()

    def met(self, project: str, config: Any) -> tuple[dict[str, Any], bool]:
        """A statement with what it is about to meet, and whether all that it names is there.

        Tables that are new in this company come with their schemas, the others without.
        """
        text, default = config.query or "", config.defaultDataset
        at = (default and default.projectId) or project, default and default.datasetId
        parameters = [
            {"name": one.name, "type": one.parameterType and one.parameterType.dump()}
            for one in config.queryParameters or []
        ]
        named = dict(self._named(text, at))
        columns = {name: self._columns(key) for name, key in named.items()}
        met = {name: named[name] for name, found in columns.items() if found}
        lasting = Lasting()
        whole = repr(
            [
                lasting(text),
                parameters,
                sorted((lasting(name), columns[name]) for name in met),
            ]
        )
        digest = hashlib.sha256(whole.encode()).hexdigest()[:32]
        line = {"digest": digest, "sql": text, "parameters": parameters}
        if digest in self._kept and "EXECUTE" not in text.upper():
            return line, True
        schemas = {name: self._schema(key) for name, key in met.items()}
        tables = {name: schema for name, schema in schemas.items() if schema}
        return line | {"tables": tables}, len(tables) == len(named)

    def keep(self, line: dict[str, Any], refusal: str | None, ran: list[str]) -> None:
        """Write a statement down, once refused and once not, and with each text that it ran."""
        lasting = Lasting()
        with self._lock:
            self._count.write(b".")
            place = line["digest"] + ("" if refusal is None else "!") + "".join(map(lasting, ran))
            if place in self._kept or "tables" not in line:
                return
            self._kept.add(place)
            test = self._sender.read_text() if self._sender.exists() else ""
            with self._file.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line | {"ran": ran, "test": test, "refusal": refusal}) + "\n")

    def _named(self, text: str, at: tuple[str, str | None]) -> Iterator[tuple[str, Key]]:
        """Names as the text has them, and the tables that they could mean; a `*` means many."""
        project, dataset = at
        near = self._listed(project, dataset) if dataset else ()
        for name in {match.replace("`", "") for match in NAME.findall(text)}:
            parts = name.split(".", 2)
            if len(parts) == 1 and name not in near and not name.endswith("*"):
                continue
            if len(parts) == 1:
                parts = [project, dataset or "", name]
            elif len(parts) == 2:
                parts = [project, *parts]
            if not self._is_dataset(*parts[:2]):
                continue
            if not name.endswith("*"):
                yield name, (parts[0], parts[1], parts[2])
                continue
            for one in self._tables.list_(*parts[:2]):
                table = one.tableReference.tableId
                if table.startswith(parts[2][:-1]):
                    yield name[: -len(parts[2])] + table, (parts[0], parts[1], table)

    def _list(self, project: str, dataset: str) -> frozenset[str]:
        return frozenset(name for name, *_ in self._database.objects(project, dataset))

    def _is_dataset(self, project: str, name: str) -> bool:
        if name == self._tables.RESULTS:  # those of jobs, which have no dataset of their own
            return True
        return bool(name) and self._metadata.load(self._dataset, project, name) is not None

    def _columns(self, key: Key) -> list[tuple[Any, ...]]:
        """Names, types and NOT NULL of a table's columns; none where there is no such table."""
        import duckdb

        name = self._tables.name(*key)
        try:
            return self._known(name) or self._database.fetch(  # type: ignore[no-any-return]
                'SELECT name, type, "notnull" FROM pragma_table_info($1)', [name]
            )
        except duckdb.Error:
            return []

    def _schema(self, key: Key) -> dict[str, Any] | None:
        """None where only DuckDB, which knows no case, takes the name for a table's."""
        from local_bigquery.errors import BigQueryError

        try:
            table = self._tables.load(*key)
        except BigQueryError:
            return None
        parts = table.timePartitioning
        return {
            "fields": [field.dump() for field in self._tables.fields(table)],
            "is_ingestion_time": parts is not None and not parts.field,
        }


class Lasting:
    """Texts of one statement as they would be another time; a name is the same in all of them."""

    def __init__(self) -> None:
        self._names: dict[str, int] = {}

    def __call__(self, text: str) -> str:
        return WORD.sub(lambda match: self._word(match[0]), text)

    def _word(self, word: str) -> str:
        lasting, *rest = _pieces(word)
        for name, after in zip(rest[::2], rest[1::2], strict=True):
            lasting += f"·{self._names.setdefault(name, len(self._names))}{after}"
        return lasting


@functools.lru_cache(maxsize=100_000)
def _pieces(word: str) -> tuple[str, ...]:
    """A word's parts that last, and between them the names that are there by chance."""
    pieces, end = [""], 0
    for match in CHANCE.finditer(word):
        pieces[-1] += word[end : match.start()] + ("" if match["name"] else "·")
        pieces += [match["name"], ""] if match["name"] else []
        end = match.end()
    pieces[-1] += word[end:]
    return tuple(pieces)


def record_statements(known: Columns = lambda _: None, listed: Listed | None = None) -> None:
    """Keep what `jobs.query.execute` is asked for: jobs, queries without one, dry runs.

    Args:
        known: (name, type, NOT NULL) of a table's columns; None: they are asked of its catalog.
        listed: Names of the tables and views of a project's dataset; None: the catalog's.
    """
    from local_bigquery.jobs import query, runner

    if STATEMENTS not in os.environ:
        return
    statements, execute = Statements(Path(os.environ[STATEMENTS]), known, listed), query.execute
    assert runner.query is query  # asks by its name, so gets the new one
    ran = texts_that_scripts_run()

    @functools.wraps(execute)
    def recorded(cur: Any, project: str, job: Any, config: Any, **more: Any) -> Any:
        line, is_whole = statements.met(project, config)
        refusal, ran.texts = None, []
        try:
            answer = execute(cur, project, job, config, **more)
            if not is_whole and QUESTION.match(config.query):
                line, _ = statements.met(project, config)  # another may have made it meanwhile
            return answer
        except Exception as error:
            refusal = str(error)
            raise
        finally:
            statements.keep(line, refusal, ran.texts)

    query.execute = recorded


def texts_that_scripts_run() -> threading.local:
    """Where EXECUTE IMMEDIATE leaves each text that it runs: `texts`, of this thread."""
    from local_bigquery.sql import script

    ran, execute = threading.local(), script.Interpreter.execute

    @functools.wraps(execute)
    def executing(interpreter: Any, statement: Any) -> None:
        evaluate = interpreter.evaluate

        def evaluated(sql: str) -> Any:
            value = evaluate(sql)
            if sql is statement.text:
                ran.texts.append(value)
            return value

        interpreter.evaluate = evaluated
        try:
            execute(interpreter, statement)
        finally:
            del interpreter.evaluate

    script.Interpreter.execute = executing
    return ran
