"""The JSON schema of transformation_config, by which editors complete; made from its tables."""

import json
from pathlib import Path
from typing import Any

from auto_schema.transform_text import COMPARISONS, METHODS, NULLS, SETS
from auto_schema.typed_values import ARROW

DRAFT = "https://json-schema.org/draft/2020-12/schema"
SHIPPED = Path(__file__).resolve().parents[2] / "docs" / "transformation.schema.json"
NAMES = {"type": "array", "items": {"type": "string"}}
VALUE = {"type": ["string", "number", "boolean"]}
OPERATOR = "What must hold of the field; NULL compares as in SQL, and keeps no row."


def properties() -> dict[str, Any]:
    """Each key, and what may stand under it."""
    return {
        "field_mappings": _map({"type": "string"}, "Old name: new name."),
        "select_fields": NAMES | {"description": "Fields that are kept; not given: all."},
        "exclude_fields": NAMES | {"description": "Fields that are left out."},
        "type_casts": _map({"enum": list(ARROW)}, "Field: the BigQuery type it is cast to."),
        "default_values": _map(VALUE, "Field: what stands for NULL."),
        "constants": _map({"anyOf": [VALUE, _typed()]}, "New column: its value in all rows."),
        "mask": _map({"anyOf": [{"enum": [*METHODS, None]}, _mask()]}, "Field: how it is hidden."),
        "filter": {
            "description": "Rows that are kept: conditions that all hold, or a list of such lists.",
            "anyOf": [_conditions(), {"type": "array", "items": _conditions() | {"minItems": 1}}],
        },
    }


def json_schema() -> dict[str, Any]:
    """The schema of the whole object."""
    return {"$schema": DRAFT, "title": "transformation_config", **members()}


def members() -> dict[str, Any]:
    """The same as a part of another schema."""
    return {"type": "object", "additionalProperties": False, "properties": properties()}


def _map(values: dict[str, Any], description: str) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": values, "description": description}


def _typed() -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["type", "value"],
        "properties": {
            "type": {"enum": list(ARROW)},
            "value": {"type": ["string", "number", "boolean", "null"]},
        },
    }


def _mask() -> dict[str, Any]:
    salt = "What stands before the value that is hashed: text, or a Secret Manager version's name."
    plain = {"method": {"enum": [*(m for m in METHODS if m != "sha256"), None]}}
    salted = {
        "method": {"const": "sha256"},
        "salt": {"type": "string", "minLength": 1, "description": salt},
    }
    return {"anyOf": [_closed(plain, ["method"]), _closed(salted, ["method"])]}


def _closed(parts: dict[str, Any], required: list[str]) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": required,
        "properties": parts,
    }


def _conditions() -> dict[str, Any]:
    single = _condition(COMPARISONS, [VALUE])
    several = _condition(SETS, [{"type": "array", "items": VALUE, "minItems": 1}])
    return {"type": "array", "items": {"anyOf": [single, several, _condition(NULLS, [])]}}


def _condition(operators: tuple[str, ...], values: list[dict[str, Any]]) -> dict[str, Any]:
    parts = [{"type": "string"}, {"enum": list(operators), "description": OPERATOR}, *values]
    return {"type": "array", "prefixItems": parts, "items": False, "minItems": len(parts)}


def written() -> str:
    """The file that is shipped."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"
