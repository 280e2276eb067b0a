"""What Sling's `select` and `columns` say → our transformation_config. Pure."""

import re
from collections.abc import Callable, Mapping

from pipeline.command.imports.draft import names_of, text_of
from pipeline.parameters.nodes import Node, Pairs, Text

TYPES = {
    "bigint": "INT64",
    "integer": "INT64",
    "smallint": "INT64",
    "bool": "BOOL",
    "date": "DATE",
    "datetime": "DATETIME",
    "timestamp": "DATETIME",
    "timestampz": "TIMESTAMP",
    "decimal": "NUMERIC",
    "float": "FLOAT64",
    "json": "JSON",
    "string": "STRING",
    "text": "STRING",
    "time": "TIME",
    "binary": "BYTES",
}
"""https://docs.slingdata.io/concepts/replication/columns"""
_ALIAS = re.compile(r"(\S+)\s+as\s+(\S+)", re.IGNORECASE)
Refuse = Callable[[str, str, str], None]


def transformation_of(said: Mapping[str, Node], refuse: Refuse) -> dict[str, object]:
    """The transformation that a stream's keys mean; empty: none.

    Args:
        said: the stream's keys.
        refuse: told of a key, why it can't be honoured, and what to do.
    """
    return {**_selected(said, refuse), **_cast(said.get("columns"), refuse)}


def _selected(said: Mapping[str, Node], refuse: Refuse) -> dict[str, object]:
    names = names_of(said.get("select"))
    if not names or names == ("*",):
        return {}
    left = [name.removeprefix("-") for name in names if name.startswith("-")]
    if any("*" in name for name in names) or 0 < len(left) < len(names):
        fix = "name each column, either those to read or those to leave out."
        refuse("select", "patterns of columns are not read", fix)
        return {}
    if left:
        return {"exclude_fields": left}
    matches = [_ALIAS.fullmatch(name) for name in names]
    aliases = {match.group(1): match.group(2) for match in matches if match}
    fields = [match.group(1) if match else n for n, match in zip(names, matches, strict=True)]
    return {"select_fields": fields} | ({"field_mappings": aliases} if aliases else {})


def _cast(node: Node | None, refuse: Refuse) -> dict[str, object]:
    casts: dict[str, str] = {}
    for key, value in node.pairs if isinstance(node, Pairs) else ():
        kind = TYPES.get(text_of(value).strip().lower())
        if kind is None or "*" in key.text:
            fix = "name a column and a plain type; constraints (`| value > 0`) are checks here,"
            fix += " and digits are those of NUMERIC or BIGNUMERIC in type_casts."
            refuse("columns", f"{key.text}: it can't be cast so", fix)
        else:
            casts[key.text] = kind
    if node is not None and not isinstance(node, Pairs) and node != Text("", node.place):
        refuse("columns", "it is no mapping", "write column: type.")
    return {"type_casts": casts} if casts else {}
