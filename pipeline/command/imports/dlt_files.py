"""The files of a dlt pipeline → one tree: `config`, `secrets` and `schema`. Pure."""

from collections.abc import Mapping, Sequence
from pathlib import PurePath

from auto_schema.errors import ConfigError, SyncError
from pipeline.command.imports.toml_document import read_toml
from pipeline.parameters.document import read_document
from pipeline.parameters.nodes import Node, Pairs, Place, Text

IN_FOLDER = (".dlt/config.toml", ".dlt/secrets.toml", "schemas/export/*.schema.*")
"""What of a pipeline's folder is read."""
FIX = "name the pipeline's folder, its .dlt/config.toml, or an exported schema (….schema.yaml)."


def opened(texts: Mapping[str, str]) -> tuple[Node, Sequence[SyncError]]:
    """The tree, and what is wrong with the files.

    Args:
        texts: by the name of the file.
    """
    parts: dict[str, Node] = {}
    faults: list[SyncError] = []
    for name, text in texts.items():
        path = PurePath(name)
        if path.suffix == ".py":
            why = "a script says what it does only when it runs, and none is run"
            faults.append(ConfigError("Python is not read", name, why, FIX))
            continue
        is_toml = path.suffix == ".toml"
        part = ("secrets" if path.stem == "secrets" else "config") if is_toml else "schema"
        node, wrong = (read_toml if is_toml else read_document)(text, name)
        faults += wrong
        if part in parts:
            fix = "name the file of one of them."
            faults.append(ConfigError("several schemas", name, "each is a pipeline's", fix))
        if not isinstance(node, Pairs):
            faults.append(ConfigError("no mapping", name, "", FIX))
        parts[part] = node
    if not texts:
        faults.append(ConfigError("a folder without dlt's files", "", ", ".join(IN_FOLDER), FIX))
    return Pairs(tuple((Text(part, Place()), node) for part, node in parts.items())), faults
