"""What is made from tables: metadata.json, the pages of parameters and of types.

`make docs` writes them, and a test fails when one is stale.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from auto_schema.casts import CASTS
from auto_schema.widening import WIDENINGS, How
from pipeline.parameters import transformation_schema
from pipeline.parameters.checks import REGEXES
from pipeline.parameters.table import PARAMETERS, Kind, Parameter
from pipeline.parameters.type_docs import type_mapping

ROOT = Path(__file__).resolve().parent.parent.parent
BEGIN, END = "<!-- parameters: made by `make docs` -->", "<!-- end of parameters -->"
WIDENINGS_BEGIN, WIDENINGS_END = (
    "<!-- widenings: made by `make docs` -->",
    "<!-- end of widenings -->",
)
PARAMETRISED = ("STRING(n)", "BYTES(n)", "NUMERIC(p, s)", "BIGNUMERIC(p, s)")

CASTS_BEGIN, CASTS_END = "<!-- casts: made by `make docs` -->", "<!-- end of casts -->"
TRANSFORMATIONS = ROOT / "docs" / "transformations.md"

_PARAM_TYPES = {
    Kind.BOOL: "BOOLEAN",
    Kind.ENUM: "ENUM",
    Kind.INT: "NUMBER",
    Kind.DECIMAL: "NUMBER",
}
"""All others are TEXT: BIGQUERY_TABLE is one value for project, dataset and table."""


def metadata() -> dict[str, Any]:
    """The template's metadata.

    See https://cloud.google.com/dataflow/docs/guides/templates/configuring-flex-templates#metadata
    """
    return {
        "name": "Smart Sync to BigQuery",
        "description": "Syncs PostgreSQL, MongoDB or BigQuery into a BigQuery table: once, or"
        " again and again for only what is new. No row is lost or doubled: each run is published"
        " in one atomic step.",
        "parameters": [_metadata_of(p) for p in PARAMETERS],
    }


def _metadata_of(parameter: Parameter) -> dict[str, Any]:
    required = parameter.required and not parameter.source and parameter.of_launch
    entry: dict[str, Any] = {
        "name": parameter.name,
        "label": parameter.label,
        "helpText": _help(parameter),
        "isOptional": not required,
        "paramType": _PARAM_TYPES.get(parameter.kind, "TEXT"),
    }
    if parameter.default:
        entry["defaultValue"] = parameter.default
    if parameter.kind is Kind.ENUM:
        entry["enumOptions"] = [{"value": choice} for choice in parameter.choices if choice]
    elif pattern := REGEXES.get(parameter.kind):
        entry["regexes"] = [pattern if required else f"^$|{pattern}"]
    if parameter.shown_with:
        name, *values = parameter.shown_with
        entry |= {"parentName": name, "parentTriggerValues": values}
    else:
        entry["groupName"] = parameter.group
    return entry


def _help(parameter: Parameter) -> str:
    text = parameter.help
    if parameter.required and parameter.source:
        text += f" Required for data_source={parameter.source}."
    elif parameter.required and not parameter.of_launch:
        text += " Required, but not of a launch of many tables."
    return text + (f" For example: {parameter.example}" if parameter.example else "")


def parameter_tables() -> str:
    """The parameters as Markdown, one table per group."""
    groups: dict[str, list[Parameter]] = {}
    for parameter in PARAMETERS:
        groups.setdefault(parameter.group, []).append(parameter)
    return "\n\n".join(_group(name, members) for name, members in groups.items())


def _group(name: str, members: Iterable[Parameter]) -> str:
    lines = [f"## {name}", "", "| parameter | default | meaning |", "|---|---|---|"]
    for p in members:
        default = "**required**" if p.required else f"`{p.default}`" if p.default else ""
        text = p.help
        if choices := [c for c in p.choices if c]:
            text += " One of " + ", ".join(f"`{c}`" for c in choices) + "."
        if p.example and not p.choices and p.kind is not Kind.BOOL:
            text += f" Example: `{p.example}`"
        lines.append(f"| `{p.name}` | {default} | {text.replace('|', chr(92) + '|')} |")
    return "\n".join(lines)


def usage() -> str:
    """All parameters as plain text, for --help."""
    lines = ["python main.py --name=value …", ""]
    for p in PARAMETERS:
        default = "required" if p.required else p.default
        lines.append(f"  --{p.name}{f' ({default})' if default else ''}")
        lines.append(f"      {p.help}")
    lines += ["", "Other flags are Beam's own: --runner, --temp_location, --region and so on."]
    return "\n".join(lines)


def with_tables(page: str) -> str:
    """The page of parameters with its tables renewed between the two marks."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{parameter_tables()}\n\n{END}{after}"


def with_widenings(page: str) -> str:
    """The page of columns that change, with its table renewed between the two marks."""
    before, _, rest = page.partition(WIDENINGS_BEGIN)
    _, _, after = rest.partition(WIDENINGS_END)
    lines = ["| from | to | by `evolve` | what may change |", "|---|---|---|---|"]
    lines += [f"| {w.before} | {w.after} | {w.how} | {w.loss} |" for w in WIDENINGS]
    lines += [f"| {p} | more, or none declared | {How.IN_PLACE} | |" for p in PARAMETRISED]
    return f"{before}{WIDENINGS_BEGIN}\n{chr(10).join(lines)}\n{WIDENINGS_END}{after}"


def files() -> dict[Path, str]:
    """Every made file and its text."""
    parameters, changes = ROOT / "docs" / "parameters.md", ROOT / "docs" / "schema-evolution.md"
    return {
        ROOT / "metadata.json": json.dumps(metadata(), indent=2, ensure_ascii=False) + "\n",
        parameters: with_tables(parameters.read_text(encoding="utf-8")),
        changes: with_widenings(changes.read_text(encoding="utf-8")),
        ROOT / "docs" / "type-mapping.md": type_mapping(),
        TRANSFORMATIONS: _with_casts(TRANSFORMATIONS.read_text(encoding="utf-8")),
        transformation_schema.SHIPPED: transformation_schema.written(),
    }


def _with_casts(page: str) -> str:
    """The page with its table of casts renewed between the two marks."""
    lines = ["| from | to | dead letters | loses |", "|---|---|---|---|"]
    for rule in sorted(CASTS.values(), key=lambda rule: (rule.source, rule.target)):
        lines.append(f"| {rule.source} | {rule.target} | {rule.refuses} | {rule.loss} |")
    before, _, rest = page.partition(CASTS_BEGIN)
    _, _, after = rest.partition(CASTS_END)
    table = "\n".join(lines)
    return f"{before}{CASTS_BEGIN}\n{table}\n{CASTS_END}{after}"


def main() -> None:
    """Write them."""
    for path, text in files().items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
