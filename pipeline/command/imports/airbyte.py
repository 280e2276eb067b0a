"""Airbyte's connection, catalog and configurations of source and destination → ours. Pure."""

from dataclasses import dataclass

from pipeline.command.imports.airbyte_rules import RULES
from pipeline.command.imports.airbyte_shapes import opened
from pipeline.command.imports.airbyte_sources import CURSOR, SOURCE, take_configuration
from pipeline.command.imports.connections import source_kind
from pipeline.command.imports.draft import Draft, Values, child, names_of, place_of, text_of
from pipeline.parameters.nodes import Items, Node, Text

__all__ = ["ADVICE", "RULES", "opened", "read"]

ADVICE = (
    "Airbyte's tables have _airbyte_* columns and numbers as NUMERIC: fill new ones beside them:"
    " docs/moving.md#an-existing-table"
)
TARGET = ("destination", "configuration")
MODES = {
    "full_refresh_overwrite": ("full_refresh", "overwrite"),
    "full_refresh_overwrite_deduped": ("full_refresh", "overwrite"),
    "full_refresh_append": ("full_refresh", "append"),
    "full_refresh_update": ("full_refresh", "append_dedup"),
    "incremental_append": ("incremental", "append"),
    "incremental_deduped_history": ("incremental", "append_dedup"),
    "incremental_update": ("incremental", "append_dedup"),
}
"""Of the API; a catalog has both words by themselves."""
BEHAVIOUR = {
    "propagate_columns": "add_columns",
    "propagate_fully": "add_columns",
    "disable_connection": "freeze",
    "disable": "freeze",
}
OF_LOG = "_ab_cdc_"
"""How the columns begin by which Airbyte knows changes of a log."""


def read(root: Node, draft: Draft) -> None:
    """Fill the draft with all streams."""
    take_configuration(root, draft)
    _target(root, draft)
    connection = child(root, "connection")
    streams = next(
        (
            node
            for keys in (("configurations", "streams"), ("sync_catalog", "streams"), ("streams",))
            if isinstance(node := child(connection, *keys), Items)
        ),
        None,
    )
    if streams is None:
        fix = "name the connection as the API, Terraform or octavia shows it."
        draft.refuse("streams", place_of(root), "there are none", fix)
        return
    common = _common(connection, draft)
    for node in streams.items:
        stream = _Stream(root, draft, node)
        stream.take({**common})


def _common(connection: Node | None, draft: Draft) -> Values:
    """What holds of all streams."""
    values: Values = {"enable_auto_schema": True}
    for key in ("non_breaking_schema_updates_behavior", "non_breaking_changes_preference"):
        node = child(connection, key)
        if node is None:
            continue
        if evolution := BEHAVIOUR.get(text_of(node)):
            values["schema_evolution"] = evolution
        else:
            fix = "use propagate_columns (add_columns) or disable_connection (freeze); to leave"
            fix += " columns out name those to read."
            draft.refuse(f"connection.{key}", node.place, "no new column is passed over", fix)
    if text_of(child(connection, "status")) in ("inactive", "deprecated"):
        values["disabled"] = True
    return values


def _target(root: Node, draft: Draft) -> None:
    target = child(root, *TARGET)
    for key, name in (("project_id", "project"), ("dataset_id", "dataset")):
        if text := text_of(child(target, key)):
            draft.parameters[f"destination_bigquery_{name}"] = text.rpartition(":")[2]


def _says_nothing(node: Node) -> bool:
    if isinstance(node, Text):
        return not node.text
    return isinstance(node, Items) and not node.items


@dataclass
class _Stream:
    """One stream while it becomes an entry; of a catalog it has two parts."""

    root: Node
    draft: Draft
    node: Node

    def _find(self, *keys: str) -> Node | None:
        """The first of these keys that says something, of the choice before the discovery."""
        for key in keys:
            for part in (child(self.node, "config"), self.node, child(self.node, "stream")):
                said = child(part, key)
                if said is not None and not _says_nothing(said):
                    return said
        return None

    @property
    def name(self) -> str:
        return text_of(self._find("name"))

    @property
    def namespace(self) -> str:
        named = text_of(self._find("namespace"))
        schemas = names_of(child(self.root, *SOURCE, "schemas"))
        if not named and len(schemas) != 1:
            self.draft.tell(f"{self.name}: no namespace is named: public is taken")
        return named or (schemas[0] if len(schemas) == 1 else "public")

    def _refuse(self, key: str, node: Node | None, why: str, fix: str) -> None:
        place = place_of(node or self.node)
        self.draft.refuse(f"stream {self.name}: {key}", place, why, fix)

    def take(self, values: Values) -> None:
        kind = source_kind(self.draft) or "postgresql"
        entry = self.name if kind == "mongodb" else f"{self.namespace}.{self.name}"
        values |= self._mode() | self._destination()
        if fields := self._fields():
            values["transformation_config"] = {"select_fields": fields}
        if text_of(self._find("selected")).lower() == "false":
            values["disabled"] = True
        if entry in self.draft.tables:
            self._refuse("name", self._find("name"), "it stands twice", "write it once.")
        self.draft.tables[entry] = values

    def _mode(self) -> Values:
        node = self._find("sync_mode")
        text = text_of(node)
        read, write = MODES.get(text, (text, text_of(self._find("destination_sync_mode"))))
        values: Values = {}
        if read == "incremental":
            cursor = self._cursor()
            values = {"enable_smart_sync": True, "smart_sync_timestamp_column": cursor}
        elif read != "full_refresh":
            fix = "use full_refresh or incremental, with append, append_dedup or overwrite."
            self._refuse("sync_mode", node, "it is none that is known", fix)
        if write == "overwrite" and read == "full_refresh":
            return {"write_disposition": "WRITE_TRUNCATE"}
        if write == "append":
            if read == "full_refresh":
                self.draft.tell(
                    f"{self.name}: each run adds all rows again, as with Airbyte; load_columns"
                    " tells the runs apart"
                )
            return {**values, "write_disposition": "WRITE_APPEND"}
        if write in ("append_dedup", "update"):
            return {**values, "write_disposition": "WRITE_MERGE", "merge_keys": self._keys()}
        self._refuse("destination_sync_mode", node, "rows can't be written so", "use append_dedup.")
        return values

    def _cursor(self) -> str:
        node = self._find("cursor_field", "default_cursor_field")
        names = names_of(node)
        is_own = not names or names[0].startswith(OF_LOG)
        if len(names) == 1 and not is_own:
            return names[0]
        why = "the cursor is Airbyte's own" if is_own else "it lies within a column"
        self._refuse("cursor_field", node, why, f"{CURSOR} updated_at.")
        return ""

    def _keys(self) -> list[str]:
        node = self._find("primary_key", "source_defined_primary_key")
        is_nested = isinstance(node, Items) and any(
            isinstance(item, Items) and len(item.items) > 1 for item in node.items
        )
        names = names_of(node)
        if not names or is_nested:
            why = "a part of it lies within a column" if is_nested else "there is none"
            fix = "name the columns that tell rows apart, each in a list of its own."
            self._refuse("primary_key", node, why, fix)
        return list(names)

    def _fields(self) -> list[str]:
        node = self._find("selected_fields")
        paths = node.items if isinstance(node, Items) else ()
        fields = [names_of(child(path, "field_path") or path) for path in paths]
        if any(len(field) > 1 for field in fields):
            fix = "name whole columns; parts of a JSON column are taken by transform_sql."
            self._refuse("selected_fields", node, "parts of a column are not read", fix)
        return [field[0] for field in fields if field]

    def _destination(self) -> Values:
        values: Values = {}
        connection = child(self.root, "connection")
        node = child(connection, "namespace_definition")
        definition = text_of(node)
        if definition in ("source", "custom_format", "customformat"):
            text = self.namespace
            if definition != "source":
                pattern = text_of(child(connection, "namespace_format"))
                text = pattern.replace("${SOURCE_NAMESPACE}", self.namespace)
            values["destination_bigquery_dataset"] = text
        elif definition not in ("", "destination"):
            fix = "use source, destination or custom_format."
            self._refuse("namespace_definition", node, "it is none that is known", fix)
        prefix = text_of(child(connection, "prefix"))
        table = text_of(self._find("destination_object_name", "alias_name")) or self.name
        if prefix or table != self.name:
            values["destination_bigquery_table"] = prefix + table
        return values
