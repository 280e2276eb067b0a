"""Sling's replication.yaml → our entries. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.command.imports.connections import SCHEMES, source_kind, take_source
from pipeline.command.imports.draft import (
    Draft,
    Values,
    child,
    names_of,
    place_of,
    text_of,
)
from pipeline.command.imports.sling_columns import transformation_of
from pipeline.command.imports.sling_names import destination_of, entry_name
from pipeline.command.imports.sling_rules import ENV, RULES
from pipeline.parameters.nodes import Node, Pairs, Place, Text
from pipeline.tables.entries import GLOB
from sources.uri import Uri

__all__ = ["ADVICE", "RULES", "read"]

ADVICE = (
    "tables that Sling has made go on where names and types are the source's, which `plan` tells;"
    " else a new table is filled beside: docs/moving.md#an-existing-table"
)
QUERIES = {"postgresql": "postgresql_query", "bigquery": "source_bigquery_query"}
OPTIONS = ("source_options", "target_options")
MERGES = ("delete_insert", "update_insert")
HISTORY = "history_insert"
NO_SYNC = {
    "backfill": (
        "a backfill is a command here, and no standing mode",
        "write mode: incremental, and load the range by smart-sync backfill --sync-start=…"
        " --sync-end=… (its end is not included).",
    ),
    "change-capture": (
        "no log of changes is read",
        "write mode: incremental with update_key and primary_key; delete_missing brings deletes,"
        " and repair what a cursor misses.",
    ),
    "definition-only": (
        "a table is made by its first sync",
        "leave the stream out, or give it disabled: true until rows may come.",
    ),
}
"""Modes of Sling that are no sync of rows here: why, and what is nearest."""
WHERE = "{incremental_where_cond}"


def read(root: Node, draft: Draft) -> None:
    """Fill the draft with all streams."""
    _connections(root, draft)
    _environment(root, draft)
    defaults = _pairs(child(root, "defaults"))
    streams = child(root, "streams")
    if not isinstance(streams, Pairs) or not streams.pairs:
        fix = "name the replication's file, which has `streams`."
        draft.refuse("streams", place_of(root), "there is none", fix)
        return
    for key, node in streams.pairs:
        _Stream(draft, key.text, key.place, _joined(defaults, _pairs(node))).take()


def _pairs(node: Node | None) -> dict[str, Node]:
    return {key.text: value for key, value in node.pairs} if isinstance(node, Pairs) else {}


def _joined(defaults: Mapping[str, Node], own: Mapping[str, Node]) -> dict[str, Node]:
    """What holds of a stream: its own keys, of options key by key, before the defaults'."""
    joined = {**defaults, **own}
    for name in OPTIONS:
        both = {**_pairs(defaults.get(name)), **_pairs(own.get(name))}
        if both:
            joined[name] = Pairs(tuple((Text(key), value) for key, value in both.items()))
    return joined


def _connections(root: Node, draft: Draft) -> None:
    source, target = child(root, "source"), child(root, "target")
    text = text_of(source)
    if Uri.of(text).scheme:
        take_source(draft, text, "source", place_of(source))
    elif not source_kind(draft):
        why = f"{text or 'it'} is a connection that Sling keeps elsewhere"
        fix = "give it here: --source=postgresql://user@host:5432/database."
        draft.refuse("source", place_of(source), why, fix)
    uri = Uri.of(text_of(target))
    if uri.scheme == "bigquery":
        draft.parameters["destination_bigquery_project"] = uri.address
        if uri.path:
            draft.parameters["destination_bigquery_dataset"] = uri.path.strip("/")
    elif uri.scheme in SCHEMES or uri.scheme:
        draft.refuse("target", place_of(target), "it is not BigQuery", "write into BigQuery.")
    elif "destination_bigquery_project" not in draft.given:
        why = f"{text_of(target) or 'it'} is a connection that Sling keeps elsewhere"
        draft.refuse("target", place_of(target), why, "give --destination_bigquery_project.")


def _environment(root: Node, draft: Draft) -> None:
    for name, ours in ENV.items():
        text = text_of(child(root, "env", name))
        if text and ours == "load_columns":
            if text.lower() != "false":
                draft.parameters[ours] = True
                draft.tell("_sling_loaded_at is sync_loaded_at here, a TIMESTAMP")
        elif text:
            draft.parameters[ours] = text


@dataclass
class _Stream:
    """One stream while it becomes an entry."""

    draft: Draft
    name: str
    place: Place
    said: Mapping[str, Node]

    def take(self) -> None:
        kind = source_kind(self.draft) or "postgresql"  # which is told to be missing
        pattern, fault = entry_name(self.name, kind)
        if fault:
            self._refuse("", self.place, *fault)
            return
        values: Values = {"enable_auto_schema": True, **self._mode()}
        values |= self._destination(pattern, kind)
        values |= self._rows(pattern, kind)
        values |= self._options()
        transformation = transformation_of(self.said, self._refuse_key)
        if transformation:
            values["transformation_config"] = transformation
        if text_of(self.said.get("disabled")).lower() == "true":
            values["disabled"] = True
        if tags := names_of(self.said.get("tags")):
            values["tags"] = list(tags)
        if pattern in self.draft.tables:
            fix = "write it once."
            self._refuse("", self.place, f"{pattern} is the table of two streams", fix)
        self.draft.tables[pattern] = values

    def _refuse(self, key: str, place: Place, why: str, fix: str) -> None:
        self.draft.refuse(f"streams.{self.name}{'.' if key else ''}{key}", place, why, fix)

    def _refuse_key(self, key: str, why: str, fix: str) -> None:
        self._refuse(key, place_of(self.said.get(key)), why, fix)

    def _mode(self) -> Values:
        """How it is read and written, as its mode, its keys and its cursor say."""
        mode = text_of(self.said.get("mode")) or "full-refresh"
        keys, cursor = names_of(self.said.get("primary_key")), self._cursor()
        if mode == "full-refresh":
            note = "full-refresh: all rows are replaced in one step; the table itself stays, and"
            self.draft.tell(f"{note} delete_existing_table=true makes it anew")
        if mode in ("full-refresh", "truncate", "snapshot") and (keys or cursor):
            self.draft.tell(f"primary_key and update_key say nothing of mode {mode}")
        if mode in ("full-refresh", "truncate"):
            return {"write_disposition": "WRITE_TRUNCATE"}
        if mode == "snapshot":
            note = "snapshot: each run adds all rows, with sync_loaded_at for _sling_loaded_at;"
            self.draft.tell(f"{note} WRITE_HISTORY keeps only versions that differ")
            return {"write_disposition": "WRITE_APPEND", "load_columns": True}
        if mode == "incremental":
            return self._incremental(keys, cursor)
        unknown = ("it is no mode that is known", "write one of Sling's modes.")
        self._refuse_key("mode", *NO_SYNC.get(mode, unknown))
        return {}

    def _cursor(self) -> str:
        return text_of(self.said.get("update_key"))

    def _incremental(self, keys: tuple[str, ...], cursor: str) -> Values:
        strategy = text_of(child(self.said.get("target_options"), "merge_strategy"))
        if strategy == HISTORY:
            fix = "leave it out, and give the entry write_disposition: WRITE_HISTORY, which keeps"
            fix += " each version of a row that a run has seen."
            self._refuse_key("target_options", "its columns of versions are not ours", fix)
        elif strategy and strategy not in MERGES:
            why = f"merge_strategy={strategy} leaves out updates or new rows"
            fix = "leave it out: WRITE_MERGE updates rows by key and adds new ones."
            self._refuse_key("target_options", why, fix)
        if not keys and not cursor:
            fix = "give primary_key and update_key."
            self._refuse("mode", self.place, "incremental needs update_key or primary_key", fix)
        values: Values = {}
        if cursor:
            values = {"enable_smart_sync": True, "smart_sync_timestamp_column": cursor}
        else:
            self.draft.tell("incremental without update_key: all rows are read, and merged by key")
        if keys:
            return {**values, "write_disposition": "WRITE_MERGE", "merge_keys": list(keys)}
        self.draft.tell(
            "incremental without primary_key adds rows: one that was changed is there twice, as"
            " with Sling; merge_keys with WRITE_MERGE is safer"
        )
        return {**values, "write_disposition": "WRITE_APPEND"}

    def _destination(self, pattern: str, kind: str) -> Values:
        node = self.said.get("object")
        if node is None:
            return {}
        values, fault = destination_of(text_of(node), pattern, kind)
        if fault:
            self._refuse("object", node.place, *fault)
        project = values.pop("destination_bigquery_project", None)
        if project:
            known = self.draft.given.get("destination_bigquery_project") or (
                self.draft.parameters.setdefault("destination_bigquery_project", project)
            )
            if known != project:
                fix = "write a file for each project."
                self._refuse("object", node.place, "one launch writes into one project", fix)
        return values

    def _rows(self, pattern: str, kind: str) -> Values:
        """The query, of `sql` or of `where`."""
        sql, where = text_of(self.said.get("sql")), text_of(self.said.get("where"))
        key = "sql" if sql else "where"
        if not sql and not where:
            return {}
        if kind not in QUERIES:
            self._refuse_key(key, "MongoDB has no SQL", "write the filter as mongodb_query.")
            return {}
        if GLOB.search(pattern):
            fix = "give each table a stream of its own, or use filter in transformation_config."
            self._refuse_key(key, "one query would fill many tables with the same rows", fix)
            return {}
        if not sql:
            sql = f"SELECT * FROM {_quoted(pattern, kind)} WHERE {where}"
        else:
            self.draft.tell(f"{pattern}: the entry of a query is named by a table that is there")
        sql = sql.replace(WHERE, "TRUE")
        if left := re.search(r"\{\w+\}", sql):
            fix = "write the query whole; for a window within it use {start_timestamp} and"
            fix += " {end_timestamp} in postgresql_base_query."
            self._refuse_key(key, f"{left.group()} is filled in by Sling", fix)
        if re.fullmatch(r"\s*(file:.*|\S+\.sql)\s*", sql):
            self._refuse_key(key, "the query lies in a file", "write its text here.")
        return {QUERIES[kind]: sql.strip()}

    def _options(self) -> Values:
        """What its target_options say."""
        target = self.said.get("target_options")
        values: Values = {}
        if text_of(child(target, "add_new_columns")).lower() == "false":
            values["schema_evolution"] = "freeze"
        elif text_of(child(target, "adjust_column_type")).lower() == "true":
            values["schema_evolution"] = "evolve"
        casing = text_of(child(target, "column_casing"))
        if casing not in ("", "source", "normalize"):
            fix = "rename columns by select (`Id as id`), or leave it out: names stay as they are."
            self._refuse_key("target_options", f"column_casing={casing} renames columns", fix)
        missing = child(target, "delete_missing")
        if mode := text_of(missing) or text_of(child(missing, "type")):
            values["delete_missing"] = mode
            self.draft.tell("delete_missing=soft marks rows in _sync_deleted_at here")
        return values | self._keys(child(target, "table_keys"))

    def _keys(self, node: Node | None) -> Values:
        values: Values = {}
        for name, value in _pairs(node).items():
            names = names_of(value)
            if name == "cluster":
                values["clustering_fields"] = list(names)
            elif name == "partition" and len(names) == 1 and re.fullmatch(r"\w+", names[0]):
                values["partition_field"] = names[0]
            else:
                fix = "a column's name alone as partition, names as cluster; keys are merge_keys."
                self._refuse_key("target_options", f"table_keys.{name} can't be said", fix)
        return values


def _quoted(pattern: str, kind: str) -> str:
    mark = '"' if kind == "postgresql" else "`"
    return ".".join(f"{mark}{part}{mark}" for part in pattern.split("."))
