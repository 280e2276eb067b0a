"""Airbyte's files in all their shapes → one tree with keys in snake_case. Pure."""

import re
from dataclasses import replace

from pipeline.command.imports.draft import child, text_of
from pipeline.parameters.nodes import Items, Node, Pairs, Text

WHOLE = ("connection", "source", "destination")
CHOICES = {"replication_method": "method", "ssl_mode": "mode", "tunnel_method": "tunnel_method"}
"""Keys of a configuration with one of several choices, and which key below says which it is."""
WORDS = {
    "cdc": "CDC",
    "xmin": "Xmin",
    "cursor": "Standard",
    "standard": "Standard",
    "verify_ca": "verify-ca",
    "verify_full": "verify-full",
    **{word: word for word in ("disable", "allow", "prefer", "require")},
    "no_tunnel": "NO_TUNNEL",
    "ssh_key_authentication": "SSH_KEY_AUTH",
    "password_authentication": "SSH_PASSWORD_AUTH",
}
"""What Terraform's names of choices hold → what the connector calls them."""


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
            ends.append((Text(kind, values.place), _chosen(values)))
    return ends


def _chosen(node: Node) -> Node:
    """The tree with choices that Terraform names by a key of their own as the connector has them.

    Terraform shows all keys, and null for those that nobody gave, which are left out. A choice
    that isn't known stays as it is, and is refused like any value that isn't known.
    """
    if not isinstance(node, Pairs):
        return node
    pairs = [(key, _chosen(value)) for key, value in node.pairs if value != Text("", value.place)]
    return replace(node, pairs=tuple((key, _choice(key.text, value)) for key, value in pairs))


def _choice(key: str, node: Node) -> Node:
    said = CHOICES.get(key)
    if said is None or not isinstance(node, Pairs) or child(node, said) is not None:
        return node
    taken = [
        (WORDS[word], below)
        for name, below in node.pairs
        for word in WORDS
        if isinstance(below, Pairs) and word in name.text
    ]
    if len(taken) != 1:
        return node
    ((chosen, below),) = taken
    return replace(below, pairs=((Text(said, node.place), Text(chosen, node.place)), *below.pairs))


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
