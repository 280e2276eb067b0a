"""Statements that came before, translated once: tests send the same ones to other datasets.

SQLGlot's reading, typing and writing of a statement is a third of the work of the local BigQuery.
A statement's shape is its text with the names of its tables, of the tests' datasets (d12_3) and of
runs (20260102t030405-0a1b2c3d) put aside, letter for letter otherwise, literals and all; its
translation is kept with the columns that each of its tables had, and with its own. When they have
them again, only the names are put back; in all other cases, and for each statement that could
depend on more than its text, it is translated anew.
"""

import functools
import inspect
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

DATASETS = re.compile(r"`[\w-]+\.(d\d+_\d+)\.")
RUNS = re.compile(r"\d{8}t\d{6}[-_][0-9a-f]{8}")
TABLES = re.compile(r"`[\w-]+\.\w+\.(\w+)`")
DEPENDENT = re.compile(r"@@|INFORMATION_SCHEMA|EXTERNAL_QUERY|_USER\b|\*`|FOR\s+SYSTEM", re.I)
"""What makes a translation depend on the time, the caller or the catalog."""
MOST_SHAPES = 5_000
MOST_STATES = 8
"""Translations of one shape, for tables that differ."""
OTHERS = 0xE000
"""The first of the characters that mean nothing, one of which is repeated in a name's place."""
NAMELESS = re.compile("[\ue000-\uf8ff]")
QUESTION = re.compile(r"\s*(?:SELECT|WITH)\b", re.IGNORECASE)
UNREAD = "unread"
"""Under it an empty tree has the text of the statement for which it stands."""


@dataclass(frozen=True)
class Shape:
    """A statement without the names of its tables, datasets and runs."""

    text: str
    tables: tuple[tuple[str, str], ...]
    """(name, what stands for it), the longest first. A table's is a word of its own."""
    names: tuple[tuple[str, str], ...]
    """The same of datasets and runs, wherever they stand."""

    def without_names(self, text: str) -> str:
        """A text in which other names stand, of the same length, so that positions stay."""
        for name, other in self.tables:
            text = _word(name).sub(other, text)
        for name, other in self.names:
            text = text.replace(name, other)
        return text

    def with_names(self, text: str) -> str:
        """A text with its own names."""
        for name, other in (*self.tables, *self.names):
            text = text.replace(other, name)
        return text


def shape_of(text: str) -> Shape | None:
    """The shape of a statement; None: its translation could depend on more than its text."""
    if DEPENDENT.search(text) or NAMELESS.search(text):
        return None
    beside = TABLES.sub("", text)
    tables = {name for name in TABLES.findall(text) if not _word(name).search(beside)}
    names = {*DATASETS.findall(text), *RUNS.findall(text)}
    others = (chr(OTHERS + number) for number in range(len(tables) + len(names)))
    pairs = [
        tuple(
            (name, next(others) * len(name))
            for name in sorted(group, key=lambda name: (-len(name), text.index(name)))
        )
        for group in (tables, names)
    ]
    return Shape(Shape("", *pairs).without_names(text), *pairs)


@functools.lru_cache(MOST_SHAPES)
def _word(name: str, flags: re.RegexFlag = re.NOFLAG) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(name)}(?!\w)", flags)


@dataclass
class Translation:
    """DuckDB's SQL of a shape, when it holds, and what is known of its rows."""

    sql: str
    used: frozenset[str]
    """Parameters that are bound."""
    tables: tuple[tuple[tuple[str, str, str], Any], ...]
    """Each table, and what it was like."""
    columns: "Columns | None" = None
    """Those of its rows, once they were looked at."""
    written: Any = None
    """The same, of the result that was written of it."""


@dataclass(frozen=True)
class Columns:
    """What DuckDB's relation over a statement tells without being run."""

    columns: list[str]
    types: list[Any]


class Unread:
    """Stands in for SQLGlot where what it reads is translated, and nothing else."""

    @staticmethod
    def parse_one(sql: str, *, dialect: Any = None) -> Any:
        """A tree that stands for the text of a statement."""
        from sqlglot import exp

        tree = exp.Select()
        tree.meta[UNREAD] = sql
        return tree


class Translator:
    """`parse`, `translate` and what else looks at a statement's tree, by shapes.

    Of a question only its translation is asked for, so it is read only where that isn't known.

    The tree of the first statement of a shape stands for all later ones: nobody alters it, and
    who asks it for a name gets the name that the statement at hand has.
    """

    def __init__(self) -> None:
        from columns import looking
        from local_bigquery.catalog import metadata, row_access, tables
        from local_bigquery.engine import database
        from local_bigquery.jobs import query
        from local_bigquery.models import Table
        from local_bigquery.sql import script
        from local_bigquery.sql.rules.tables import _not_found
        from sqlglot import exp
        from translations import keep_translations_of_scripts

        self._database, self._tables, self._row_access = database, tables, row_access
        self._looking, self._not_found = looking, _not_found
        self._metadata, self._resource = metadata, Table
        self._sql, self._parse = script.Interpreter.sql, script.parse
        self._execute = script.Interpreter.execute
        keep_translations_of_scripts(self._state)
        self._translate, self._target = query.translate, query._target
        self._context = query.Context
        self._from_duckdb = query.from_duckdb
        self._parse_script, self._statement = script.parse_script, script.Statement
        self._kinds = (exp.Query, exp.Insert, exp.Update, exp.Delete)
        self._trees = dict[str, Any]()
        self._translations = dict[tuple[Any, ...], list[Translation]]()
        self._single = dict[str, slice]()
        self._now = threading.local()

    def interpreter_method(self) -> Callable[..., None]:
        """`Interpreter.sql`, which tells `parse` and `translate` the shape of its statement."""

        def sql(interpreter: Any, statement: Any) -> None:
            is_plain = self._is_plain(interpreter.context)
            self._now.text, self._now.translation = statement.text, None
            self._now.shape = shape_of(statement.text) if is_plain else None
            self._now.is_whole = True
            try:
                self._sql(interpreter, statement)
            finally:
                self._now.shape = self._now.translation = None
                self._now.is_whole = False

        return sql

    def interpreter_execute(self) -> Callable[..., None]:
        """`Interpreter.execute`, which only translates a question whose row it puts into names."""

        def execute(interpreter: Any, statement: Any) -> None:
            self._now.is_whole = bool(statement.names)
            try:
                self._execute(interpreter, statement)
            finally:
                self._now.is_whole = False

        return execute

    def parse_script(self, text: str) -> list[Any]:
        """`script.parse_script`; where a text of the same shape was one statement, it is one."""
        shape = shape_of(text)
        if shape is not None and shape.text in self._single:
            return [self._statement("SQL", text[self._single[shape.text]])]
        statements = self._parse_script(text)
        if shape is not None and len(statements) == 1:
            start = text.find(statements[0].text)
            part = slice(start, start + len(statements[0].text))
            if statements == [self._statement("SQL", text[part])]:
                if len(self._single) == MOST_SHAPES:
                    self._single.clear()
                self._single[shape.text] = part
        return statements  # type: ignore[no-any-return]

    def _is_plain(self, context: Any) -> bool:
        """Whether nothing but the tables it names gives a statement its meaning."""
        own = (context.variables, context.functions, context.temporary, context.settings)
        return not (any(own) or context.dataset_id or self._row_access.secured())

    def parse(self, text: str) -> list[Any]:
        """`script.parse`."""
        shape = getattr(self._now, "shape", None)
        if shape is None:
            return self._trees_of(text)
        if shape.text not in self._trees:
            trees = self._trees_of(text)
            if len(trees) != 1 or not isinstance(trees[0], self._kinds):
                return trees  # type: ignore[no-any-return]
            trees[0].meta["shape"] = shape
            if len(self._trees) == MOST_SHAPES:
                self._trees.clear()
            self._trees[shape.text] = trees[0]
        return [self._trees[shape.text]]

    def _trees_of(self, text: str) -> list[Any]:
        """What a text means; a question that is a whole statement stands for itself."""
        if getattr(self._now, "is_whole", False) and QUESTION.match(text) and ";" not in text:
            return [Unread.parse_one(text)]
        return self._parse(text)  # type: ignore[no-any-return]

    def translate(self, tree: Any, context: Any) -> tuple[str, dict[str, Any]]:
        """`query.translate`."""
        first = tree.meta.get("shape")
        if first is None:
            return self._translate(tree, context)  # type: ignore[no-any-return]
        shape = self._now.shape
        key = shape.text, context.project_id, tuple(sorted(context.parameters.items()))
        translations = self._translations.setdefault(key, [])
        known = self._known(translations, shape)
        if known is not None:
            self._now.translation = known
            context.used.clear()
            context.used.update(known.used)
            context.referenced.update(_named(shape, table) for table, _ in known.tables)
            bound = {name: context.values[name] for name in known.used}
            return shape.with_names(known.sql), bound
        own = tree
        if UNREAD in tree.meta:
            own = Unread.parse_one(self._now.text)
        elif (first.tables, first.names) != (shape.tables, shape.names):
            own = self._parse(self._now.text)[0]
        sql, bound = self._translate(own, context)
        if len(self._translations) > MOST_SHAPES:
            self._translations.clear()
        tables = [(table, self._state(table)) for table in sorted(context.referenced)]
        general = shape.without_names(sql)
        if shape.with_names(general) == sql and self._is_general(general, shape, tables):
            nameless = tuple((_nameless(shape, table), state) for table, state in tables)
            known = Translation(general, frozenset(context.used), nameless)
            self._now.translation = known
            translations[MOST_STATES - 1 :] = []
            translations.insert(0, known)
        return sql, bound

    def translate_view(self, project: str, dataset: str, sql: str) -> str:
        """`query.translate_view`, which reads only a view that isn't known."""
        is_one = QUESTION.match(sql) and ";" not in sql
        tree = Unread.parse_one(sql) if is_one else self._parse(sql)[0]
        return self._translate(tree, self._context(project, dataset))[0]  # type: ignore[no-any-return]

    def _is_general(self, general: str, shape: Shape, tables: list[tuple[Any, Any]]) -> bool:
        """Whether SQL stands for all of a shape: no table's own name is left in it.

        A column of that name would be one.
        """
        names = [name for name, _ in shape.tables]
        if any(_word(name, re.IGNORECASE).search(general) for name in names):
            return False
        taken = {name.casefold() for name in names}
        return all(
            state is not None and taken.isdisjoint(column.casefold() for column, _ in state[0])
            for _, state in tables
        )

    def known(self, sql: str) -> Translation | None:
        """What is known of the statement that runs in this thread, if that is its translation."""
        known, shape = getattr(self._now, "translation", None), getattr(self._now, "shape", None)
        return known if known and shape and shape.with_names(known.sql) == sql else None

    def target(self, tree: Any, context: Any) -> tuple[str, ...]:
        """`query._target`."""
        name, first = self._target(tree, context), tree.meta.get("shape")
        return name if first is None else _named(self._now.shape, _nameless(first, name))

    def from_duckdb(self, error: Exception, context: Any = None, tree: Any = None) -> Any:
        """`query.from_duckdb`, whose words hold names and positions of the statement."""
        if tree is not None and ("shape" in tree.meta or UNREAD in tree.meta):
            tree = self._parse(self._now.text)[0]
        return self._from_duckdb(error, context, tree)

    def _known(self, translations: list[Translation], shape: Shape) -> Translation | None:
        """The one that holds for the tables as they are.

        Raises:
            BigQueryError: none does, since a table isn't there.
        """
        states = dict[tuple[str, str, str], Any]()
        for known in translations:
            tables = {_named(shape, table): state for table, state in known.tables}
            for table in tables.keys() - states.keys():
                states[table] = self._state(table)
            differing = [table for table, state in tables.items() if states[table] != state]
            if not differing:
                return known
            if [states[table] for table in differing] == [None] and (
                self._metadata.load(self._resource, *differing[0]) is None
            ):
                raise self._not_found(*differing[0])
        return None

    def _state(self, table: tuple[str, str, str]) -> Any:
        """What of a table bears on a translation; None: it isn't there, or no longer."""
        import duckdb

        stored = self._metadata.load(self._resource, *table)
        if self._tables.expired(stored):
            return None
        try:
            columns = self._columns(self._tables.name(*table))
        except duckdb.Error:
            return None
        if stored is None:
            return columns, None
        partitioning = stored.timePartitioning and stored.timePartitioning.field
        return columns, (stored.type, stored.requirePartitionFilter, partitioning)

    def _columns(self, table: str) -> list[tuple[str, str]]:
        """(name, DuckDB's type) of the columns of a table or view."""
        import duckdb

        cursor = self._looking(self._database)
        try:
            relation = cursor.table(table)
        except duckdb.CatalogException:
            relation = cursor.sql(f"SELECT * FROM {table} LIMIT 0")
        return list(zip(relation.columns, map(str, relation.types), strict=True))


def _named(shape: Shape, name: tuple[str, ...]) -> Any:
    return tuple(shape.with_names(part) for part in name)


def _nameless(shape: Shape, name: tuple[str, ...]) -> Any:
    return tuple(shape.without_names(part) for part in name)


def keep_translations() -> Translator:
    """Translate a statement of a known shape by what came of the first."""
    from local_bigquery.api import tables
    from local_bigquery.jobs import query
    from local_bigquery.sql import script

    assert tables.translate_view is query.translate_view  # which asks by its name
    assert "in parse(statement.text)" in inspect.getsource(script.Interpreter.sql)
    translator = Translator()
    script.Interpreter.sql = translator.interpreter_method()
    script.Interpreter.execute = translator.interpreter_execute()
    script.parse, script.parse_script = translator.parse, translator.parse_script
    query.translate, query._target = translator.translate, translator.target
    query.from_duckdb = translator.from_duckdb
    tables.translate_view = translator.translate_view
    return translator
