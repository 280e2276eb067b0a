"""Airbyte's connection, catalog and configurations of source and destination → ours. Pure."""

import re
from dataclasses import dataclass

from pipeline.command.imports.airbyte_rules import RULES
from pipeline.command.imports.connections import source_kind, take_secret
from pipeline.command.imports.draft import Draft, Values, child, names_of, place_of, text_of
from pipeline.parameters.nodes import Items, Node, Pairs, Text

__all__ = ["ADVICE", "RULES", "opened", "read"]

ADVICE = (
    "Airbyte's tables have _airbyte_* columns and numbers as NUMERIC: fill new ones beside them:"
    " docs/moving.md#an-existing-table"
)
WHOLE = ("connection", "source", "destination")
SOURCE = ("source", "configuration")
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
CURSOR = "use sync mode incremental with cursor_field: a column that each change moves, such as"


def opened(root: Node) -> Node:
    """The tree with keys in snake_case, under `connection`, `source` and `destination`."""
    root = _snaked(root)
    resources = child(root, "values", "root_module", "resources")
    if isinstance(resources, Items):
        return Pairs(tuple(_of_terraform(resources)), root.place)
    if text_of(child(root, "definition_type")) == "connection":  # octavia
        inner = child(root, "configuration") or Pairs(())
        return Pairs(((Text("connection"), inner),), root.place)
    keys = {key.text for key, _ in root.pairs} if isinstance(root, Pairs) else set()
    if "connection" in keys or (keys and keys <= set(WHOLE)):
        return root
    return Pairs(((Text("connection"), root),), root.place)


def _of_terraform(resources: Items) -> list[tuple[Text, Node]]:
    """What `terraform show -json` has of a connection, a source and a destination."""
    ends: list[tuple[Text, Node]] = []
    for resource in resources.items:
        kind = text_of(child(resource, "type")).removeprefix("airbyte_").partition("_")[0]
        values = child(resource, "values")
        if kind in WHOLE and values is not None:
            ends.append((Text(kind, values.place), values))
    return ends


def _snaked(node: Node) -> Node:
    if isinstance(node, Items):
        return Items(tuple(_snaked(item) for item in node.items), node.place)
    if isinstance(node, Pairs):
        return Pairs(
            tuple((Text(_snake(key.text), key.place), _snaked(v)) for key, v in node.pairs),
            node.place,
        )
    return node


def _snake(name: str) -> str:
    """A key of JSON in snake_case.

    >>> _snake("namespaceDefinition"), _snake("sync_mode")
    ('namespace_definition', 'sync_mode')
    """
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).lower()


def read(root: Node, draft: Draft) -> None:
    """Fill the draft with all streams."""
    _source(root, draft)
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


def _source(root: Node, draft: Draft) -> None:
    source = child(root, *SOURCE)
    if not isinstance(source, Pairs):
        return
    if "source" in draft.given or "data_source" in draft.given:
        draft.tell("the source's configuration is not used: the command line names it")
        return
    draft.parameters["data_source"] = "postgresql"
    for name in ("host", "port", "database", "username"):
        if text := text_of(child(source, name)):
            draft.parameters[f"postgresql_{name}"] = text
    if password := text_of(child(source, "password")):
        take_secret(draft, "postgresql_password", password, "source.configuration.password")
    mode = text_of(child(source, "ssl_mode", "mode")).replace("_", "-")
    if mode or text_of(child(source, "ssl")) == "true":
        draft.parameters["postgresql_sslmode"] = mode or "require"
    _method(source, draft)
    tunnel = child(source, "tunnel_method")
    if tunnel is not None and text_of(child(tunnel, "tunnel_method")) != "NO_TUNNEL":
        fix = "let the workers' network reach the database, or run where it is reached."
        key = "source.configuration.tunnel_method"
        draft.refuse(key, tunnel.place, "no tunnel by SSH is made", fix)


def _method(source: Node, draft: Draft) -> None:
    node = child(source, "replication_method")
    if node is None:
        return
    method, key = text_of(child(node, "method")), "source.configuration.replication_method"
    if method == "CDC":
        fix = f"{CURSOR} updated_at; delete_missing brings deletes, repair what a cursor misses."
        fix += f" Then leave it out by --without={key}."
        draft.refuse(key, node.place, "no log of changes is read (CDC)", fix)
    elif method == "Xmin":
        fix = f"{CURSOR} updated_at; late_commit_guard brings what commits late."
        fix += f" Then leave it out by --without={key}."
        draft.refuse(key, node.place, "xmin is no cursor here", fix)


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
        if len(names) == 1:
            return names[0]
        why = "the cursor is Airbyte's own" if not names else "it lies within a column"
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
