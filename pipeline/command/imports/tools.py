"""The one table of tools whose files are read. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from auto_schema.errors import ConfigError, SyncError
from pipeline.command.imports import airbyte, dlt, dlt_files, google_template, sling
from pipeline.command.imports.draft import Draft
from pipeline.command.imports.rules import Rule
from pipeline.parameters.document import read_document
from pipeline.parameters.nodes import Node, Pairs

Opened = tuple[Node, Sequence[SyncError]]


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool.

    Attributes:
        title: as its makers write it.
        rules: what becomes of each key of its files.
        opened: its files' texts, by name, as one tree, and what is wrong with them.
        read: fills the draft from the keys that are kept.
        advice: about tables that the tool has written.
        in_folder: patterns of what is read of a folder; none: it is one file.
    """

    title: str
    rules: Sequence[Rule]
    opened: Callable[[Mapping[str, str]], Opened]
    read: Callable[[Node, Draft], None]
    advice: str
    in_folder: tuple[str, ...] = ()


def _one(shape: Callable[[Node], Node]) -> Callable[[Mapping[str, str]], Opened]:
    """Of a tool with one file of YAML or JSON, which is given this shape."""

    def opened(texts: Mapping[str, str]) -> Opened:
        (name, text), *_ = texts.items()
        root, faults = read_document(text, name)
        if not faults and not isinstance(root, Pairs):
            fix = "name the tool's own file of settings."
            faults = [ConfigError("no mapping", name, "", fix)]
        return shape(root), faults

    return opened


TOOLS: Mapping[str, Tool] = {
    "dlt": Tool("dlt", dlt.RULES, dlt_files.opened, dlt.read, dlt.ADVICE, dlt_files.IN_FOLDER),
    "sling": Tool("Sling", sling.RULES, _one(lambda root: root), sling.read, sling.ADVICE),
    "airbyte": Tool("Airbyte", airbyte.RULES, _one(airbyte.opened), airbyte.read, airbyte.ADVICE),
    "google-template": Tool(
        "Google's template",
        google_template.RULES,
        _one(google_template.opened),
        google_template.read,
        google_template.ADVICE,
    ),
}
