"""The JSON schema of a config file, or one of tables, by which editors complete; from the table."""

import json
from pathlib import Path
from typing import Any

from auto_schema.transform import PARAMETER as TRANSFORMATION
from pipeline.parameters.checks import REGEXES
from pipeline.parameters.launch_names import LAUNCH_NAMES, TABLES
from pipeline.parameters.table import BY_NAME, Kind, Parameter
from pipeline.parameters.transformation_schema import members
from pipeline.tables.entries import NewTables, WithoutCursor
from pipeline.tables.file import (
    DEFAULTS,
    DISABLED,
    EXCLUDE,
    LAUNCH,
    NEW_TABLES,
    QUERIES,
    TAGS,
    WITHOUT_CURSOR,
    is_document,
    keys_of,
)
from pipeline.tables.naming import PARAMETER
from sources.registry import SOURCES

DRAFT = "https://json-schema.org/draft/2020-12/schema"
SHIPPED = Path(__file__).resolve().parents[2] / "docs" / "tables.schema.json"
TEXTS = {"type": "array", "items": {"type": "string"}}


def json_schema() -> dict[str, Any]:
    """The schema; of keys that belong to one source, those of all sources are known."""
    names = dict.fromkeys(name for source in SOURCES for name in keys_of(source))
    keys: dict[str, Any] = {name: _parameter(BY_NAME[name]) for name in names}
    keys |= {
        WITHOUT_CURSOR: {
            "enum": list(WithoutCursor),
            "description": "What becomes of a table that a pattern brings without the cursor.",
        },
        NEW_TABLES: {
            "enum": list(NewTables),
            "description": "What becomes of a table that a pattern brings and that no destination"
            " holds yet.",
        },
    }
    entry = keys | {
        DISABLED: {"type": "boolean", "description": "Leave its tables alone."},
        TAGS: {"anyOf": [{"type": "string"}, TEXTS], "description": "What `select` may name."},
    }
    return {
        "$schema": DRAFT,
        "title": "One launch: its parameters, and for many tables which and how",
        "type": "object",
        "additionalProperties": False,
        "anyOf": [{"required": [TABLES]}, {"required": [LAUNCH], "maxProperties": 1}],
        "properties": {
            LAUNCH: _mapping({name: _of_launch(name) for name in LAUNCH_NAMES})
            | {"description": "What flags would say, which beat it; Beam's as well."},
            DEFAULTS: _mapping({key: keys[key] for key in keys if key not in QUERIES}),
            TABLES: {
                "type": "object",
                "minProperties": 1,
                "description": "schema.table, dataset.table or collection, or a glob of it.",
                "additionalProperties": _mapping(entry),
            },
            EXCLUDE: {"anyOf": [{"type": "string"}, TEXTS]},
        },
    }


def _mapping(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": ["object", "null"], "additionalProperties": False, "properties": properties}


def _of_launch(name: str) -> dict[str, Any]:
    if name in BY_NAME:
        return _parameter(BY_NAME[name])
    return {"description": "A flag of Beam's.", "type": ["string", "number"]}


def _parameter(parameter: Parameter) -> dict[str, Any]:
    """What a parameter's value may be; a number or true where its text looks like one."""
    told: dict[str, Any] = {"description": parameter.help}
    if parameter.kind is Kind.BOOL:
        return told | {"enum": [True, False, "true", "false"]}
    if parameter.kind is Kind.INT:
        return told | {"type": ["integer", "string"], "pattern": REGEXES[Kind.INT]}
    if parameter.kind is Kind.ENUM:
        return told | {"enum": list(parameter.choices)}
    if parameter.kind is Kind.FIELDS:
        return told | {"anyOf": [{"type": "string"}, TEXTS]}
    if parameter.name == TRANSFORMATION:
        return told | {"anyOf": [{"type": "string"}, members()]}
    if is_document(parameter):
        return told | {"type": ["string", "object"]}
    pattern = REGEXES.get(parameter.kind) if parameter.name != PARAMETER else None
    typed = {"type": ["string", "number"]} if pattern else {"type": "string"}
    return told | typed | ({"pattern": f"^$|{pattern}"} if pattern else {})


def written() -> str:
    """The file that is shipped."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    SHIPPED.write_text(written(), encoding="utf-8")
