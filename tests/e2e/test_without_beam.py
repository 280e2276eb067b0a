"""A run in this process does in plain code what the graph does: the same end, told alike."""

import re

import pytest

from tests.days import MERGE, SMART, TABLE, TRUNCATE
from tests.sync import GRAPH

MORE = "INSERT INTO s VALUES (20, 'new', '2024-03-01'), (21, 'newer', '2024-03-02')"
CASES = {
    "a new table": [("", SMART)],
    "appended": [("", SMART), (MORE, SMART)],
    "nothing new": [("", SMART), ("", SMART)],
    "merged": [("", MERGE), (f"{MORE}; UPDATE s SET name = '!', changed = '2024-04-01'", MERGE)],
    "several splits": [("", SMART | {"num_splits": "4"})],
    "replaced and proven": [("", TRUNCATE | {"verify": "true"}), (MORE, TRUNCATE)],
    "dead letters": [
        ("INSERT INTO s VALUES (30, 'x', 'infinity')", TRUNCATE | {"max_dead_letters": "5"})
    ],
    "too many of them": [
        ("INSERT INTO s VALUES (30, 'x', 'infinity')", TRUNCATE | {"max_dead_letters": "0"})
    ],
    "a source that refuses": [
        ("", SMART),
        ("", {"postgresql_query": "SELECT id, sum(1 / (id - 5)) AS x FROM s GROUP BY id"}),
    ],
    "empty": [("DELETE FROM s", TRUNCATE)],
}
OWN = re.compile(
    r"\d{8}t\d{6}-[0-9a-f]{8}|\bt_(graph|plain)(?![a-z])|\d+\.\d+ ?s\b|\d{10,}[0-9a-f]*"
    r'|\b\d+(?=/\d+")'
)
"""What two runs can't have in common: their ids, tables, also of the source, times."""
OWN_FIELDS = (
    "event_time",
    "seconds",
    "plan_fingerprint",
    "window_end",
    "window_end_at",
    "window_end_local",
    "started_at",
    "timings",
    "cpu_seconds",
    "peak_memory_bytes",
    "plan",
)


def alike(text):
    return OWN.sub("…", text)


def told(run):
    """A line of the history without what is a run's own."""
    kept = {name: value for name, value in run.items() if name not in OWN_FIELDS}
    return {name: alike(str(value)) for name, value in kept.items()}


@pytest.mark.parametrize("case", CASES)
def test_the_graph_and_plain_code_end_alike(sync, sql, case):
    ends = []
    for runner, table in ((GRAPH, "t_graph"), (None, "t_plain")):
        sql("DROP TABLE IF EXISTS s")
        sql(TABLE)
        runs = []
        for change, parameters in CASES[case]:
            if change:
                sql(change)
            words = parameters | {"destination_bigquery_table": table, "enable_auto_schema": "true"}
            result = sync(runner=runner, **words)
            runs.append((result.code, alike(result.out), alike(result.err).splitlines()[-1:]))
        history = [told(run) for run in sync.history() if run["destination"].endswith(table)]
        there = table in sync.tables()
        ends.append((runs, history, sync.rows(table=table) if there else None))
    assert ends[0] == ends[1]
    assert list(sync.temp.rglob("*")) == []
