"""Google's discovery documents as strict JSON schemas: unknown keys are refused.

They ship inside google-api-python-client, so bodies are checked without a network.
"""

import functools
import importlib.util
import json
from pathlib import Path
from typing import Any

import jsonschema

FORMATS = {
    "int64": {"type": "string", "pattern": "^-?[0-9]+$"},
    "uint64": {"type": "string", "pattern": "^[0-9]+$"},
    "google-duration": {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?s$"},
}


@functools.cache
def document(api: str) -> dict[str, Any]:
    """The discovery document of an API such as `bigquery.v2`."""
    package = importlib.util.find_spec("googleapiclient")
    assert package is not None
    assert package.origin is not None
    folder = Path(package.origin).parent / "discovery_cache" / "documents"
    loaded: dict[str, Any] = json.loads((folder / f"{api}.json").read_text(encoding="utf-8"))
    return loaded


def _converted(node: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in node:
        return {"$ref": f"#/$defs/{node['$ref']}"}
    kind, format_ = node.get("type"), node.get("format")
    if kind == "any":
        return {}
    if kind == "string" and format_ in FORMATS:
        return FORMATS[format_]
    if kind == "array":
        return {"type": "array", "items": _converted(node["items"])}
    if kind == "object":
        properties = {key: _converted(value) for key, value in node.get("properties", {}).items()}
        more = node.get("additionalProperties")
        return {
            "type": "object",
            "properties": properties,
            "additionalProperties": _converted(more) if more else False,
        }
    made: dict[str, Any] = {"type": kind} if kind else {}
    if "enum" in node:
        made["enum"] = node["enum"]
    return made


@functools.cache
def _definitions(api: str) -> dict[str, Any]:
    return {name: _converted(schema) for name, schema in document(api)["schemas"].items()}


def errors(api: str, schema: str, body: Any) -> list[str]:
    """What in a body Google's description doesn't allow."""
    whole = {"$ref": f"#/$defs/{schema}", "$defs": _definitions(api)}
    validator = jsonschema.Draft202012Validator(whole)
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(body)]
