"""TOML → the same nodes as YAML's, with the lines of their keys. Pure."""

import re
import tomllib
from collections.abc import Mapping

from auto_schema.errors import ConfigError, SyncError
from pipeline.parameters.nodes import Items, Node, Pairs, Place, Text

_SECTION = re.compile(r"\s*\[\[?\s*([^\]]+?)\s*\]\]?\s*(#.*)?")
_KEY = re.compile(r"\s*([\w.\"'-]+)\s*=")
Path = tuple[str, ...]


def read_toml(text: str, name: str) -> tuple[Node, list[SyncError]]:
    """The document; where it is no TOML an empty mapping, and why.

    No message shows a piece of the text, which may be a secret.
    """
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        at = re.search(r"\(at .*\)", str(error))
        why = f"it can't be read {at.group()}" if at else "it can't be read"
        return Pairs(()), [ConfigError("not TOML", name, why, "mend it, as dlt needs it, too.")]
    return _node(values, (), _lines(text)), []


def _lines(text: str) -> dict[Path, int]:
    """On which line each key and section begins."""
    lines: dict[Path, int] = {}
    section: Path = ()
    for number, line in enumerate(text.splitlines(), 1):
        if match := _SECTION.fullmatch(line):
            section = _parts(match.group(1))
        elif match := _KEY.match(line):
            lines.setdefault((*section, *_parts(match.group(1))), number)
        for length in range(1, len(section) + 1):
            lines.setdefault(section[:length], number)
    return lines


def _parts(dotted: str) -> Path:
    return tuple(part.strip().strip("\"'") for part in dotted.split("."))


def _node(value: object, path: Path, lines: Mapping[Path, int]) -> Node:
    place = Place(lines.get(path, 1))
    if isinstance(value, dict):
        pairs = (
            (Text(key, Place(lines.get((*path, key), place.line))), _node(v, (*path, key), lines))
            for key, v in value.items()
        )
        return Pairs(tuple(pairs), place)
    if isinstance(value, list):
        return Items(tuple(_node(item, path, lines) for item in value), place)
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return Text(text, place, is_bare=not isinstance(value, str))
