"""The tables of docs/moving.md, from the importers' own rules: `make docs` writes them."""

from collections.abc import Iterator, Sequence

from pipeline.command.imports import (
    airbyte_rules,
    dlt_rules,
    google_template,
    ingestr_rules,
    sling_rules,
)
from pipeline.command.imports.rules import How, Rule
from pipeline.parameters.docs import ROOT

PAGE = ROOT / "docs" / "moving.md"
TABLES: dict[str, Sequence[Rule]] = {
    "sling": (
        *(rule for rule in sling_rules.RULES if rule.parts[0] not in ("defaults", "streams")),
        *sling_rules.STREAM,
    ),
    "dlt": (*dlt_rules.SETTINGS, *dlt_rules.SCHEMA),
    "ingestr": ingestr_rules.RULES,
    "airbyte": (
        *airbyte_rules.CONNECTION_ALONE,
        *airbyte_rules.STREAM,
        *(rule for rule in airbyte_rules.RULES if rule.parts[1] == "configuration"),
    ),
    "google-template": google_template.OURS,
}
"""By the mark in the page; rules that stand in several places once."""


def table(rules: Sequence[Rule]) -> str:
    """A Markdown table: keys that are kept, then others with the same fate together."""
    lines = ["| key | here | |", "|---|---|---|"]
    lines += [
        f"| `{rule.key}` | {_code(rule.ours)} | {rule.why} |"
        for rule in rules
        if rule.how is How.KEPT
    ]
    for how, said in ((How.TOLD, "not needed"), (How.REFUSED, "**refused**; nearest")):
        for (ours, why), keys in _grouped(rules, how):
            here = f"{said}: {_code(ours)}" if how is How.REFUSED else said
            more = f"{why}: {_code(ours)}" if how is How.TOLD and ours else why
            lines.append(f"| {', '.join(_folded(keys))} | {here} | {more} |")
    return "\n".join(lines)


def _grouped(rules: Sequence[Rule], how: How) -> Iterator[tuple[tuple[str, str], list[str]]]:
    groups: dict[tuple[str, str], list[str]] = {}
    for rule in rules:
        if rule.how is how:
            groups.setdefault((rule.ours, rule.why), []).append(rule.key)
    yield from groups.items()


def _folded(keys: Sequence[str]) -> Iterator[str]:
    """Keys as code, those under the same ones together.

    >>> list(_folded(["a.b", "a.c", "d"]))
    ['`a.{b, c}`', '`d`']
    """
    below: dict[str, list[str]] = {}
    for key in dict.fromkeys(keys):
        above, _, last = key.rpartition(".")
        below.setdefault(above, []).append(last)
    for above, lasts in below.items():
        if not above:
            yield from (f"`{last}`" for last in lasts)
        elif len(lasts) == 1:
            yield f"`{above}.{lasts[0]}`"
        else:
            yield f"`{above}.{{{', '.join(lasts)}}}`"


def _code(text: str) -> str:
    """Names of parameters as code."""
    words = (f"`{w.strip(',;')}`{w[-1]}" if w[-1:] in ",;" else f"`{w}`" for w in text.split())
    pairs = zip(text.split(), words, strict=True)
    return " ".join(code if "_" in word.strip(",;") else word for word, code in pairs)


def page() -> str:
    """The page with all of its tables renewed between their marks."""
    text = PAGE.read_text(encoding="utf-8")
    for name, rules in TABLES.items():
        begin, end = f"<!-- {name}: made by `make docs` -->", f"<!-- end of {name} -->"
        before, _, rest = text.partition(begin)
        _, _, after = rest.partition(end)
        text = f"{before}{begin}\n{table(rules)}\n{end}{after}"
    return text


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
