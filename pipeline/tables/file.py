"""The text of a file of tables → entries; all that is wrong with it told at once, by place."""

import difflib
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import TypeVar

from auto_schema.errors import ConfigError, SyncError, raise_all, shown
from pipeline.parameters.checks import value_fault
from pipeline.parameters.document import read_document
from pipeline.parameters.launch_names import BEAM_FLAGS, LAUNCH_NAMES, TABLES
from pipeline.parameters.nodes import Items, Node, Pairs, Place, Text, json_text, unclear
from pipeline.parameters.table import BY_NAME, PARAMETERS, Kind, Parameter
from pipeline.tables.entries import Entry, LaunchPart, NewTables, TablesFile, WithoutCursor
from sources.registry import SOURCES

DEFAULTS, EXCLUDE = "defaults", "exclude"
LAUNCH = "parameters"
"""What the file says of the launch itself, as flags would."""
DISABLED, TAGS = "disabled", "tags"
WITHOUT_CURSOR, NEW_TABLES = "without_cursor", "new_tables"
TOP = (LAUNCH, DEFAULTS, TABLES, EXCLUDE)
OF_ENTRIES = (DISABLED, TAGS, WITHOUT_CURSOR, NEW_TABLES)
"""Keys of an entry that are no parameters."""
OF_DEFAULTS = (WITHOUT_CURSOR, NEW_TABLES)
AUTO = "auto"
DOCUMENTS = ("mongodb_query", "mongodb_projection", "checks")
"""Parameters of the kind TEXT that are documents, which YAML may write as mappings, too."""
QUERIES = ("postgresql_query", "postgresql_base_query", "source_bigquery_query")
"""Parameters that say what is read in place of the table: of one table only."""
OF_ONE_TABLE = {
    "a backfill of many tables": ("backfill_by", "backfill_order", "backfill_id"),
    "a rollback of many tables": ("rollback_run", "rollback_to"),
}
"""Parameters of a launch that no launch of many tables may have, by what they would make of it."""
OF_ONE = ("rollback_run", "backfill_by", "replay_dead_letters")
"""Parameters by which a launch means one table, also where a file of tables names it."""
ASIDE = (*OF_ONE, "rollback_to", "backfill_order", "backfill_id", "sync_start", "sync_end")
"""What such a launch says of that table, and no launch of many could."""
QUERY_FIX = "write it in the entry of one table, under the table's exact name."
ONE_QUERY = "one query for many tables"
Choice = TypeVar("Choice", bound=StrEnum)


def named_by_entries(source: str) -> tuple[str, ...]:
    """The parameters that an entry's own name stands for."""
    kind = SOURCES.get(source)
    return kind.listing.parameters if kind and kind.listing else ()


def is_document(parameter: Parameter) -> bool:
    """Whether its text is JSON, which a file may write as a mapping."""
    return parameter.kind is Kind.JSON or parameter.name in DOCUMENTS


def keys_of(source: str) -> tuple[str, ...]:
    """The parameters that a file may say of each table of a source, in the table's order."""
    named = named_by_entries(source)
    return tuple(
        parameter.name
        for parameter in PARAMETERS
        if not parameter.of_launch
        and parameter.source in ("", source)
        and parameter.name not in named
    )


def read_tables(text: str, name: str, source: str) -> TablesFile:
    """Read the file.

    Args:
        text: YAML or JSON.
        name: of the file, or `tables` where the parameter holds the text itself.
        source: the launch's data_source.

    Raises:
        ConfigError, ManyErrors: everything that is wrong with it.
    """
    root, faults = read_document(text, name)
    reader = _Reader(name, source)
    tables = reader.tables(root) if not faults else TablesFile(name, ())
    raise_all([*faults, *reader.sorted_faults()])
    return tables


def read_launch_part(text: str, name: str) -> tuple[LaunchPart | None, list[SyncError]]:
    """What the file says of the launch, or None for what is no YAML; and what is wrong with it.

    That a value is malformed is told with the launch's other values.

    Args:
        text: YAML or JSON.
        name: of the file, or `tables` where the parameter holds the text itself.
    """
    root, faults = read_document(text, name)
    if faults:
        return None, faults
    reader = _Reader(name, "")
    part = reader.launch_part(root)
    return part, reader.sorted_faults()


class _Reader:
    """One file; its faults are kept as they are found."""

    def __init__(self, name: str, source: str) -> None:
        self._name, self._source = name, source
        self._keys = keys_of(source)
        self.faults: dict[tuple[str, ...], tuple[Place, SyncError]] = {}

    def sorted_faults(self) -> list[SyncError]:
        """All that was found, in the order of the file."""
        ordered = sorted(self.faults.values(), key=lambda told: told[0])
        return [fault for _, fault in ordered]

    def tables(self, root: Node) -> TablesFile:
        parts = self._mapping(root, TOP, "the file")
        defaults = self._of_defaults(parts.get(DEFAULTS))
        written = parts.get(TABLES)
        entries = list[Entry]()
        if isinstance(written, Pairs):
            entries = [self._entry(key, value, defaults) for key, value in written.pairs]
        elif written is not None and written != Text("", written.place):
            self._fault("tables are a mapping", written.place, "", "write `name: {}` for each.")
        if not entries and not self.faults:
            fix = 'name at least one, such as tables: {"public.*": {}}.'
            self._fault("a file without tables", root.place, "", fix)
        exclude = self._texts(parts.get(EXCLUDE), EXCLUDE)
        return TablesFile(self._name, tuple(entries), exclude)

    def launch_part(self, root: Node) -> LaunchPart:
        """Of the file only what it says of the launch."""
        pairs = root.pairs if isinstance(root, Pairs) else ()
        parts = {key.text: value for key, value in pairs}
        said = self._mapping(parts.get(LAUNCH, Text("")), LAUNCH_NAMES, LAUNCH)
        texts = {name: self._launch_text(name, node) for name, node in said.items()}
        is_of_many = any(name in parts for name in (DEFAULTS, TABLES, EXCLUDE))
        if not is_of_many:  # else the reader of its tables looks at the rest
            self._mapping(root, TOP, "the file")
        return LaunchPart(self._name, texts, is_of_many)

    def _launch_text(self, name: str, node: Node) -> Text:
        if name in BY_NAME:
            return self._text(BY_NAME[name], node)
        if isinstance(node, Text):
            return node
        self._fault("malformed parameter", node.place, f"{name} is no text", "write a text.")
        return Text("", node.place)

    def _of_defaults(self, node: Node | None) -> dict[str, Node]:
        if node is None:
            return {}
        defaults = self._mapping(node, (*OF_DEFAULTS, *self._keys), DEFAULTS)
        keys = node.pairs if isinstance(node, Pairs) else ()
        for key in (key for key, _ in keys if key.text in QUERIES):
            self._fault(ONE_QUERY, key.place, key.text, QUERY_FIX)
        return {name: value for name, value in defaults.items() if name not in QUERIES}

    def _entry(self, pattern: Text, node: Node, defaults: Mapping[str, Node]) -> Entry:
        own = self._mapping(node, (*OF_ENTRIES, *self._keys), shown(pattern.text))
        said = {**defaults, **own}
        parameters = {
            name: self._parameter(BY_NAME[name], value)
            for name, value in said.items()
            if name in BY_NAME
        }
        return Entry(
            pattern.text,
            pattern.place,
            parameters,
            self._is_disabled(said.get(DISABLED)),
            tuple(tag.text for tag in self._texts(said.get(TAGS), TAGS)),
            self._choice(said.get(WITHOUT_CURSOR), WITHOUT_CURSOR, WithoutCursor.FAIL),
            self._choice(said.get(NEW_TABLES), NEW_TABLES, NewTables.LOAD),
        )

    def _mapping(self, node: Node, known: Iterable[str], where: str) -> dict[str, Node]:
        """The pairs of a mapping whose keys are known; empty for a text that says nothing."""
        known = tuple(known)
        if isinstance(node, Text) and not node.text:
            return {}
        if not isinstance(node, Pairs):
            fix = f"write keys and values, of {', '.join(known[:4])} …"
            self._fault(f"{where} is no mapping", node.place, "", fix)
            return {}
        pairs = dict[str, Node]()
        for key, value in node.pairs:
            if key.text in known:
                pairs[key.text] = value
            else:
                self._unknown(key, known)
        return pairs

    def _unknown(self, key: Text, known: tuple[str, ...]) -> None:
        parameter = BY_NAME.get(key.text)
        is_launchs = key.text in BEAM_FLAGS or (parameter is not None and parameter.of_launch)
        if known == LAUNCH_NAMES and key.text == TABLES:
            fix = f"write `{TABLES}:` at the file's top, beside `{LAUNCH}:`."
            self._fault("tables within parameters", key.place, "", fix)
        elif known == TOP and key.text in LAUNCH_NAMES:
            fix = f"write it under `{LAUNCH}:`."
            self._fault("a parameter at the top", key.place, key.text, fix)
        elif is_launchs and known != LAUNCH_NAMES:
            fix = f"give it to the launch: --{key.text}=…, or write it under `{LAUNCH}:`."
            self._fault("a key of the launch", key.place, f"{key.text} is one for all tables", fix)
        elif key.text in named_by_entries(self._source):
            fix = "leave it out: the entry's own name says it."
            self._fault("told twice", key.place, key.text, fix)
        else:
            near = difflib.get_close_matches(key.text, known, 1)
            others = ", ".join(known if len(known) < 5 else known[:4]) + (
                "" if len(known) < 5 else " …"
            )
            fix = f"did you mean {near[0]}?" if near else f"known here: {others}."
            self._fault("unknown key", key.place, shown(key.text), fix)

    def _parameter(self, parameter: Parameter, node: Node) -> Text:
        """A parameter's text of which no value is told to be malformed later."""
        text = self._text(parameter, node).text
        checked = parameter.name != "destination_bigquery_table" and text != AUTO
        fault = value_fault(parameter, text) if text and checked else None
        if fault:
            self._fault(fault.what, node.place, f"{parameter.name}: {fault.why}", fault.fix)
        return Text(text, node.place)

    def _text(self, parameter: Parameter, node: Node) -> Text:
        """A parameter's text, as a flag would give it: lists by commas, mappings as JSON."""
        text = ""
        if isinstance(node, Text):
            text = node.text
        elif isinstance(node, Items) and parameter.kind is Kind.FIELDS:
            text = self._columns(parameter, node)
        elif isinstance(node, Pairs) and is_document(parameter):
            for word in unclear(node):
                fix = (
                    "put it in quotes for a text, or write it as JSON writes numbers and booleans."
                )
                self._fault("a number or a text", word.place, shown(word.text), fix)
            text = json_text(node)
        else:
            what = "a list" if isinstance(node, Items) else "a mapping"
            self._fault(
                "malformed parameter", node.place, f"{parameter.name} is {what}", "write a text."
            )
        return Text(text, node.place)

    def _columns(self, parameter: Parameter, node: Items) -> str:
        """The names by commas; empty where one isn't a name, which is told."""
        names = list[str]()
        for item in node.items:
            if isinstance(item, Text) and item.text and "," not in item.text:
                names.append(item.text)
                continue
            why = f"{parameter.name}: not the name of a column"
            self._fault("malformed parameter", item.place, why, "write one name for each.")
        return ",".join(names) if len(names) == len(node.items) else ""

    def _is_disabled(self, node: Node | None) -> bool:
        if node is None:
            return False
        if not isinstance(node, Text) or node.text not in ("true", "false"):
            self._fault("malformed key", node.place, DISABLED, "write true or false.")
        return node == Text("true", node.place)

    def _choice(self, node: Node | None, name: str, default: Choice) -> Choice:
        choices = type(default)
        if node is None:
            return default
        if isinstance(node, Text) and node.text in list(choices):
            return choices(node.text)
        fix = f"write one of {', '.join(choices)}."
        self._fault("malformed key", node.place, name, fix)
        return default

    def _texts(self, node: Node | None, name: str) -> tuple[Text, ...]:
        """A list of texts, or one text."""
        if node is None or node == Text("", node.place):
            return ()
        items = node.items if isinstance(node, Items) else (node,)
        texts = tuple(item for item in items if isinstance(item, Text) and item.text)
        if len(texts) < len(items):
            self._fault("malformed key", node.place, name, "write a list of names.")
        return texts

    def _fault(self, what: str, place: Place, why: str, fix: str) -> None:
        fault = ConfigError(what, f"{self._name}, {place}", why, fix)
        self.faults.setdefault(fault.args, (place, fault))


def one_table_faults(given: Mapping[str, str]) -> list[SyncError]:
    """What a launch of many tables is given that is for one."""
    why, fix = "it is of one table", "say it beside --tables, and which by --select=NAME."
    return [
        ConfigError(what, ", ".join(names), why, fix)
        for what, all_names in OF_ONE_TABLE.items()
        if (names := [name for name in all_names if given.get(name)])
    ]
