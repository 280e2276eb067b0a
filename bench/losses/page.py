"""docs/peers.md, made of bench/results/peers.json by `make docs`: who loses what."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bench.losses.scenarios import SCENARIOS
from demo.servers import ROOT

RESULTS = ROOT / "bench" / "results" / "peers.json"
PAGE = ROOT / "docs" / "peers.md"
BEGIN, END = "<!-- peers: made by `make docs` -->", "<!-- end of peers -->"
Outcome = Mapping[str, Any]
TITLES = {
    "ours": "Smart Sync",
    "ours_helped": "Smart Sync, helped",
    "dlt": "dlt",
    "dlt_helped": "dlt, helped",
    "sling": "Sling",
    "sling_helped": "Sling, helped",
    "polars": "polars over connectorx",
}
HEADS = {
    "plain": "an ordinary hour",
    "late_commit": "late commit",
    "equal_stamp": "equal stamps",
    "killed": "killed at each step",
    "deleted": "deleted rows",
    "wider": "a wider type",
    "other_type": "another type",
    "renamed": "a renamed column",
    "swapped": "swapped columns",
    "null_key": "NULL keys",
    "null_cursor": "NULL cursor",
    "poison": "a date in the year 15000",
    "infinite": "an infinite date",
    "forever": "an infinite timestamptz",
    "not_a_number": "a numeric NaN",
    "digits": "a numeric of 40 digits",
    "texts": "quotes and line ends",
    "empty_text": "an empty text",
}
DLT_MERGE = "https://dlthub.com/docs/general-usage/merge-loading"
DLT_CURSOR = "https://dlthub.com/docs/general-usage/incremental/cursor"
SLING_MODES = "https://docs.slingdata.io/concepts/replication/modes"
INFINITE = "https://www.psycopg.org/docs/usage.html#infinite-dates-handling"
SLING_NULLS = "https://github.com/slingdata-io/sling-cli/issues/380"
NOT_ITS_OWN, PAID = "doesn't claim it", "needs its paid version"
NOT_HERE = ("not judged here", "local-bigquery.md")
"""The local BigQuery's BIGNUMERIC has other digits than were sent, and it takes any date."""
SLING_PAID = "https://docs.slingdata.io/sling-cli/cli-pro"
UNCLAIMED: Mapping[tuple[str, str], tuple[str, str]] = {
    ("ours", "null_cursor"): (NOT_ITS_OWN, "choosing.md#the-cursor-column"),
    ("ours_helped", "null_cursor"): (NOT_ITS_OWN, "choosing.md#the-cursor-column"),
    ("ours", "digits"): NOT_HERE,
    ("ours_helped", "digits"): NOT_HERE,
    **{
        ("polars", one): NOT_HERE
        for one in ("poison", "infinite", "forever", "not_a_number", "digits")
    },
    ("dlt", "deleted"): (NOT_ITS_OWN, DLT_MERGE),
    ("dlt_helped", "deleted"): (NOT_ITS_OWN, DLT_MERGE),
    ("sling", "null_cursor"): (NOT_ITS_OWN, SLING_NULLS),
    ("sling", "deleted"): (PAID, SLING_PAID),
    ("sling_helped", "deleted"): (PAID, SLING_PAID),
}
"""(tool, scenario) that a tool says isn't its own, and where; not run."""
LINKS: Mapping[tuple[str, str], str] = {
    ("ours", "late_commit"): "smart-sync.md",
    ("ours", "equal_stamp"): "choosing.md#the-margin",
    ("ours_helped", "equal_stamp"): "smart-sync.md#merging",
    ("ours", "killed"): "runs.md",
    ("ours", "deleted"): "deletes.md",
    ("ours", "other_type"): "schema-evolution.md",
    ("ours", "null_key"): "choosing.md#the-merge-keys",
    ("ours", "poison"): "type-mapping.md",
    ("dlt", "late_commit"): "https://github.com/dlt-hub/dlt/issues/2269",
    ("dlt_helped", "late_commit"): "https://dlthub.com/docs/general-usage/incremental/lag",
    ("dlt", "equal_stamp"): DLT_CURSOR,
    ("sling", "late_commit"): SLING_MODES,
    ("sling", "equal_stamp"): SLING_MODES,
    ("sling_helped", "late_commit"): SLING_MODES,
    ("dlt", "digits"): "https://dlthub.com/docs/general-usage/schema",
    ("dlt", "infinite"): INFINITE,
    ("dlt_helped", "infinite"): INFINITE,
    ("dlt", "forever"): INFINITE,
    ("dlt_helped", "forever"): INFINITE,
}
"""Where the tool itself says what a cell shows."""
FAULTS = (
    ("lost", "lost {}"),
    ("doubled", "doubled {}"),
    ("stale", "{} not updated"),
    ("changed", "changed {}"),
    ("left", "{} left behind"),
)


def cell(outcome: Outcome) -> str:
    """An outcome in words: bold is what no run has said.

    >>> right = {"lost": 0, "doubled": 0, "stale": 0, "changed": 0, "left": 0, "told": 0}
    >>> cell(right | {"codes": [0, 0]}), cell(right | {"codes": [0, 1], "lost": 2, "stale": 1})
    ('right', 'stopped aloud')
    >>> cell(right | {"codes": [0, 0], "lost": 1}), cell(right | {"codes": [0], "doubled": 2})
    ('**lost 1**', '**doubled 2**')
    >>> cell(right | {"codes": [0], "lost": 1, "told": 1})
    'put aside 1, and told'
    >>> cell(right | {"codes": [0, 1], "lost": 3, "changed": 1})
    'stopped aloud, **changed 1**'
    """
    stopped, waiting = outcome["codes"][-1] != 0, outcome["lost"] + outcome["stale"]
    is_told = stopped or outcome["told"] >= waiting
    silent = [
        words.format(outcome[name])
        for name, words in FAULTS
        if outcome[name] and not (is_told and name in ("lost", "stale"))
    ]
    begun = ["stopped aloud"] if stopped else []
    if waiting and not stopped and is_told:
        begun = [f"put aside {waiting}, and told"]
    return ", ".join([*begun, *(f"**{words}**" for words in silent)]) or "right"


def _linked(record: Mapping[str, Any], tool: str, scenario: str) -> str:
    if unclaimed := UNCLAIMED.get((tool, scenario)):
        return "[{}]({})".format(*unclaimed)
    outcome = record["outcomes"][tool].get(scenario)
    told = cell(outcome) if outcome else "not measured"
    target = LINKS.get((tool, scenario))
    return f"[{told}]({target})" if target else told


def _table(lines: Sequence[Sequence[str]]) -> str:
    head, *rest = (f"| {' | '.join(line)} |" for line in lines)
    return "\n".join([head, "|" + " --- |" * len(lines[0]), *rest])


def _outcomes(record: Mapping[str, Any]) -> Iterator[Sequence[str]]:
    yield "", *TITLES.values()
    for scenario, head in HEADS.items():
        yield f"**{head}**", *(_linked(record, tool, scenario) for tool in TITLES)


def _scenarios() -> Iterator[Sequence[str]]:
    yield "scenario", "what happens between the runs"
    for scenario, head in HEADS.items():
        yield head, (SCENARIOS[scenario].__doc__ or "").partition("\n")[0]


def block(record: Mapping[str, Any]) -> str:
    """All that is made of a record."""
    versions = ", ".join(f"{name} {there}" for name, there in record["versions"].items())
    measured = (
        f"Measured on {record['measured']} by `make peers`, with Python"
        f" {record['python']}, {versions}; every outcome with its exit codes and the last words"
        " of a run that stopped stands in `bench/results/peers.json`."
    )
    return "\n\n".join([measured, _table([*_outcomes(record)]), _table([*_scenarios()])])


def page(record: Mapping[str, Any]) -> str:
    """docs/peers.md with what is made of a record."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{block(record)}\n\n{END}{after}"


def read() -> Mapping[str, Any]:
    """The record of the last whole run."""
    record: Mapping[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8"))
    return record


def rewrite() -> None:
    """The page."""
    PAGE.write_text(page(read()), encoding="utf-8")


if __name__ == "__main__":
    rewrite()
