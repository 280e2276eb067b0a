"""What scripts run, translated once: their variables and temporary tables have new names each time.

A publishing script is a dozen statements, each of which SQLGlot would read into a tree, type and
write anew, as it would the five of a MERGE. A translation depends on the tree, on what the script
has declared so far, and on the tables that it names: as the text of all that, without the names of
datasets, runs and variables, it is known again. Whatever else a translation could depend on is
translated as `local-bigquery` does.
"""

import inspect
import json
import re
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from kept import Kept, kept_translations
from statements import UNREAD, Unread

NAMES = re.compile(
    r"(?<=[`.])(?:d|graph_|hunt_|chaos_)\d+\w*(?=[`.])"  # a test's dataset
    r"|\d{8}t\d{6}[-_][0-9a-f]{8}"  # a run
    r"|__(?:variable|rows)_[0-9a-f]{12}"  # what a variable's value lies in, or a statement's rows
    r"|(?<=\")[0-9a-f]{32}(?=\")"  # a source, in a label
    r"|(?P<literal>(?<=-)[0-9a-f]{12}(?=')"  # a backfill
    r"|(?<=')[0-9a-f]{64}(?=')"  # a digest
    r"|(?<=')20\d\d-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d{1,6})?(?=[+Z']))"  # a moment
)
"""Names, and literals: the latter must stand in a translation as they are, or nothing is known."""
DEPENDENT = re.compile(
    r"@@|INFORMATION_SCHEMA|EXTERNAL_QUERY|_USER\b|\*`|FOR\s+SYSTEM|\bFUNCTION\b|\bPROCEDURE\b|\bVIEW\b",
    re.I,
)
"""What makes a translation depend on the time, the caller or more of the catalog."""
MOST_TEXTS = 5_000
MOST_STATES = 100
"""Translations of one text, for tables that differ."""
OTHERS = 0xE000
"""The first of the characters that mean nothing: each stands for a name."""
NAMELESS = re.compile("[\ue000-\uf8ff]")
Table = tuple[str, str, str]


@dataclass(frozen=True)
class Names:
    """The names in texts that are other ones each time, the longest first."""

    pairs: tuple[tuple[str, str], ...]
    """(name, the character that stands for it)."""
    literals: frozenset[str] = frozenset()
    """Characters that stand for literals, not for names."""

    @classmethod
    def within(cls, texts: Iterable[str]) -> "Names":
        """Those of some texts, numbered as they come."""
        found, literals = dict[str, str](), set[str]()
        for text in texts:
            for match in NAMES.finditer(text):
                other = found.setdefault(match[0], chr(OTHERS + len(found)))
                if match["literal"]:
                    literals.add(other)
        pairs = tuple(sorted(found.items(), key=lambda pair: -len(pair[0])))
        return cls(pairs, frozenset(literals))

    def put_aside(self, text: str) -> str:
        """A text without them."""
        for name, other in self.pairs:
            text = text.replace(name, other)
        return text

    def put_back(self, text: str) -> str:
        """A text with them."""
        for name, other in self.pairs:
            text = text.replace(other, name)
        return text

    def aside(self, table: Table) -> Table:
        """A table's name without them."""
        project, dataset, name = map(self.put_aside, table)
        return project, dataset, name

    def back(self, table: Table) -> Table:
        """A table's name with them."""
        project, dataset, name = map(self.put_back, table)
        return project, dataset, name


@dataclass(frozen=True)
class Known:
    """A translation, without names."""

    sql: str
    used: frozenset[str]
    """Parameters that are bound."""
    referenced: tuple[Table, ...]
    temporary: frozenset[str]
    """Temporary tables that the statement makes."""
    states: tuple[tuple[Table, str], ...]
    """All tables that it names, and what they were like."""

    def as_json(self) -> str:
        """A text of it."""
        sets = sorted(self.used), sorted(self.referenced), sorted(self.temporary)
        return json.dumps([self.sql, *sets, self.states])

    @classmethod
    def of_json(cls, text: str) -> "Known":
        """What a text was of."""
        sql, used, referenced, temporary, states = json.loads(text)
        return cls(
            sql,
            frozenset(used),
            tuple(map(tuple, referenced)),
            frozenset(temporary),
            tuple((tuple(table), state) for table, state in states),
        )


class Translations:
    """`translate` of statements whose context may be a script's."""

    def __init__(
        self, translate: Callable[..., Any], state: Callable[[Table], Any], kept: Kept | None
    ) -> None:
        from local_bigquery.catalog import row_access
        from local_bigquery.sql.dialect import BigQueryDialect
        from local_bigquery.sql.rules import typing
        from local_bigquery.sql.translate import parse

        self._translate, self._state, self._row_access = translate, state, row_access
        self._parse = parse
        self._dialect, self._schema = BigQueryDialect, typing._schema
        self._known = dict[str, list[Known]]()
        self._kept = kept
        self._now = threading.local()

    def schema(self, tree: Any) -> Any:
        """`rules.typing._schema`, which looks up the columns of all tables that a tree names."""
        from sqlglot import exp

        self._now.tables = {
            (table.catalog, table.db, table.name)
            for table in tree.find_all(exp.Table)
            if table.catalog and table.db
        }
        return self._schema(tree)

    def translate(self, tree: Any, context: Any) -> tuple[str, dict[str, Any]]:
        """`translate`; what is known of it, if the tables are as they were."""
        text = tree.meta.get(UNREAD) or tree.sql(dialect=self._dialect)
        if context.functions or context.settings:
            return self._translate(self._read(tree), context)  # type: ignore[no-any-return]
        if DEPENDENT.search(text) or NAMELESS.search(text) or self._row_access.secured():
            return self._translate(self._read(tree), context)  # type: ignore[no-any-return]
        near = f"`{context.dataset_id}`" if context.dataset_id else None
        means = (context.variables.items(), context.parameters.items(), context.temporary)
        own = repr([near, *map(sorted, means)])
        names = Names.within([text, own])
        marks = [bool(tree.meta.get(mark)) for mark in ("table_function", "snapshot")]
        key = repr([names.put_aside(text), names.put_aside(own), context.project_id, *marks])
        known = self._that_holds(self._translations_of(key), names)
        if known is None:
            return self._anew(self._read(tree), context, key, names)
        context.used.clear()
        context.used.update(known.used)
        context.temporary.update(map(names.put_back, known.temporary))
        context.referenced.update(map(names.back, known.referenced))
        return names.put_back(known.sql), {name: context.values[name] for name in known.used}

    def _read(self, tree: Any) -> Any:
        """The tree of a statement, of which it may be the text alone."""
        if UNREAD not in tree.meta:
            return tree
        (read,) = self._parse(tree.meta[UNREAD])
        return read

    def _translations_of(self, key: str) -> list[Known]:
        if key not in self._known:
            if len(self._known) >= MOST_TEXTS:
                self._known.clear()
            told = self._kept.all_of(key) if self._kept else []
            self._known[key] = [Known.of_json(text) for text in told[:MOST_STATES]]
        return self._known[key]

    def _state_of(self, table: Table) -> str:
        return repr(self._state(table))

    def _that_holds(self, translations: Iterable[Known], names: Names) -> Known | None:
        states = dict[Table, str]()
        for known in translations:
            for nameless, _ in known.states:
                if nameless not in states:
                    states[nameless] = self._state_of(names.back(nameless))
            if all(states[nameless] == state for nameless, state in known.states):
                return known
        return None

    def _anew(self, tree: Any, context: Any, key: str, names: Names) -> tuple[str, dict[str, Any]]:
        temporary, position = set(context.temporary), context.position
        others, self._now.tables = set(context.referenced), set[Table]()
        context.referenced.clear()
        try:
            sql, bound = self._translate(tree, context)
            referenced = set(context.referenced)
        finally:
            context.referenced.update(others)
        tables = sorted(referenced | self._now.tables)
        general = names.put_aside(sql)
        is_general = names.put_back(general) == sql and names.literals <= set(general)
        is_ours = all(project != "emulator" for project, _, _ in tables)
        is_plain = not context.functions and context.position == position
        if is_general and is_ours and is_plain:
            known = Known(
                general,
                frozenset(context.used),
                tuple(map(names.aside, referenced)),
                frozenset(map(names.put_aside, context.temporary - temporary)),
                tuple((names.aside(table), self._state_of(table)) for table in tables),
            )
            self._known[key] = [known, *self._known.get(key, ())][:MOST_STATES]
            if self._kept:
                self._kept.keep(key, known.as_json())
        return sql, bound


def keep_translations_of_scripts(state: Callable[[Table], Any]) -> None:
    """Translate what came before, in a script or beside one, by what came of the first.

    Args:
        state: What of a table bears on a translation.
    """
    from local_bigquery.jobs import merge, query
    from local_bigquery.sql import script
    from local_bigquery.sql.rules import typing

    assert merge.translate is query.translate is script.translate
    assert inspect.getsource(merge).count("sqlglot.") == 1  # what it translates
    translations = Translations(query.translate, state, kept_translations())
    merge.sqlglot = Unread
    typing._schema = translations.schema
    merge.translate = query.translate = script.translate = translations.translate
