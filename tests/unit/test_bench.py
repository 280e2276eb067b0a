"""The benchmark's own arithmetic: what it counts, draws, and says of targets; no speed."""

import doctest
import importlib
import pkgutil
import sys
import xml.etree.ElementTree as ET

import pytest

import bench
from bench import compared, cpu_parts, drawing, many, pages
from bench.counting import counts, reading_statements
from bench.losses import page as losses
from bench.losses.scenarios import SCENARIOS
from bench.losses.tools import TOOLS
from bench.record import LATEST, Record
from bench.run import ALL, USUAL, in_turns, wanted_rows
from bench.syncs import ran
from bench.targets import TARGETS, Target
from tests.fault_rules import Seen

MODULES = [
    *(module.name for module in pkgutil.iter_modules(bench.__path__)),
    *(f"losses.{name}" for name in ("gate", "judge", "lab", "page", "scenarios", "tools")),
]
NAMES = "{http://www.w3.org/2000/svg}"


def a_record(**rows):
    """A record of seconds: row → way → samples."""
    samples = {row.replace("_", "-"): ways for row, ways in rows.items()}
    machine = {"cores": 2, "memory": 8e9, "cpu": "a processor", "python": "3.11.7"}
    content = {"measured": "2026-01-01", "rows": 2_000_000, "times": 3, "seconds": 1}
    return Record(content | {"machine": machine, "versions": {}, "samples": samples})


def seconds(*values, **more):
    return [{"seconds": value} | more for value in values]


@pytest.fixture
def lost():
    """A record in which a peer is faster than we are."""
    ours = [{"seconds": 9.0, "until_staged": 4.0, "cpu": 3.0, "memory": 400e6}]
    return a_record(rows_2m={"floor": seconds(2, 1, 3), "ours": ours, "duckdb": seconds(2.5)})


def test_the_page_and_the_picture_are_of_the_latest_record():
    record = Record.read()
    assert pages.PAGE.read_text(encoding="utf-8") == pages.page(record), "run `make docs`"
    assert pages.PICTURE.read_text(encoding="utf-8") == drawing.svg(record), "run `make docs`"


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings_hold(name):
    if name != "peers":  # of an environment of its own
        assert doctest.testmod(importlib.import_module(f"bench.{name}")).failed == 0


def test_a_record_is_read_as_it_was_written(tmp_path, lost):
    lost.write(tmp_path / "there" / "latest.json")
    again = Record.read(tmp_path / "there" / "latest.json")
    assert again.content == lost.content
    assert again.median("rows-2m", "floor", "seconds") == 2
    assert again.median("rows-2m", "floor", "cpu") is None
    assert again.median("rows-8m", "floor", "seconds") is None


def test_no_path_of_a_machine_stands_in_the_latest_record():
    text = LATEST.read_text(encoding="utf-8")
    assert not any(place in text for place in ("/home", "/root", "/tmp", "/work", "/usr"))


def test_a_target_is_met_at_its_bound_and_told_when_it_is_not(lost):
    assert Target("", None, 1.4, "×", "").verdict(1.4) == "met"
    assert Target("", None, 1.4, "×", "").verdict(1.41) == "**not met**"
    assert Target("", None, 1.2, "×", "", at_least=True).verdict(1.1) == "**not met**"
    figures = {target.what: target.figure(lost) for target in TARGETS}
    assert figures["2M × 13: staged, by the floor"] == 2
    assert figures["2M × 13: peak memory"] == 400
    assert figures["8M × 13: staged, by the floor"] is None
    lines = pages.block(lost).splitlines()
    assert "| 2M × 13: staged, by the floor | 1.87 | 2.00 × | ≤ 1.40 × | **not met** |" in lines
    assert "| 2M × 13: CPU of the whole process | 5.6 | 3.0 s | ≤ 3.0 s | met |" in lines


def test_the_picture_shows_each_way_to_scale_the_fastest_first(lost):
    picture = ET.fromstring(drawing.svg(lost))
    bars = [(bar.get("class"), float(bar.get("width"))) for bar in picture.iter(f"{NAMES}rect")][1:]
    assert [kind for kind, _ in bars] == ["floor", "peer", "ours", "whole"]
    assert [round(width / bars[0][1], 2) for _, width in bars] == [1, 1.25, 2, 4.5]
    told = picture.find(f"{NAMES}desc").text
    assert "DuckDB → zstd Parquet 2.50 s (1.25 ×)" in told
    assert "Smart Sync: all staged, zstd Parquet 4.00 s (2.00 ×)" in told


def a_request(method="POST", path="/bigquery/v2/projects/p/jobs?x=1", **body):
    return Seen(0.0, method, path, body or None)


def test_requests_jobs_and_reading_statements_are_counted():
    script = "CREATE TEMP TABLE a AS SELECT * FROM s; MERGE t USING a ON TRUE; SELECT 1;"
    published = {"jobReference": {"jobId": "sync_x_publish_1"}}
    seen = [
        a_request("GET", "/bigquery/v2/projects/p/datasets/d"),
        a_request(path="/bigquery/v2/projects/p/queries", query="SELECT 1"),
        a_request(path="/bigquery/v2/projects/p/queries", query="SELECT 1", dryRun=True),
        a_request(configuration={"query": {"query": "SELECT 1"}, "dryRun": True}),
        a_request(path="/upload/bigquery/v2/projects/p/jobs", configuration={"load": {}}),
        a_request(configuration={"query": {"query": script}}, **published),
        a_request("GET", "/bigquery/v2/projects/p/queries/sync_x_publish_1?maxResults=0"),
        a_request("GET", "/bigquery/v2/projects/p/queries/sync_x_publish_1"),
        a_request(path="/bigquery/v2/projects/p/datasets/d/tables", tableReference={}),
        a_request("GET", "/bigquery/v2/projects/p/datasets/d"),
    ]
    assert counts(seen) == {
        "requests": 9,
        "query_jobs": 2,
        "load_jobs": 1,
        "reading_statements": 2,
    }


def test_requests_that_a_table_s_own_publishing_needs_are_told_from_those_that_all_share():
    def job(name):
        return a_request(jobReference={"jobId": f"sync_20260101t000000-0a1b2c3d_{name}"})

    tables = "/bigquery/v2/projects/p/datasets/d/tables"
    own = [
        a_request(path=tables, tableReference={"tableId": "_sync_lock_t"}),
        a_request("PATCH", f"{tables}/_sync_lock_t"),
        a_request(path=tables, tableReference={"tableId": "_sync_staging_x"}),
        job("stage_0_1"),
        job("publish_1"),
    ]
    shared = [a_request("GET", f"{tables}/t"), job("event_0"), job("events_0a1b2c3d_1")]
    assert many.own_requests([*own, *shared]) == len(own)


@pytest.mark.parametrize(
    ("script", "reading"),
    [
        ("SELECT staged - newer AS expected;", 0),
        ("IF x IS NOT NULL THEN\n RAISE USING MESSAGE = 'rows FROM a; FROM b';\nEND IF;", 0),
        ("-- FROM here\nSET x = (SELECT COUNT(*) FROM t);\nDECLARE y INT64;", 1),
        ("INSERT INTO `p.d.from`\nSELECT * FROM `p.d.s`", 1),
    ],
)
def test_a_statement_reads_when_it_names_a_table_to_read(script, reading):
    assert reading_statements(script) == reading


def test_ways_are_measured_in_turns_and_some_only_once():
    order = []
    ways = {name: lambda name=name: order.append(name) or {"n": len(order)} for name in "abc"}
    taken = in_turns(ways, 2, once=["b"])
    assert "".join(order) == "abcac"
    assert taken == {"a": [{"n": 1}, {"n": 4}], "b": [{"n": 2}], "c": [{"n": 3}, {"n": 5}]}


def test_rows_are_chosen_by_name_and_by_source(monkeypatch):
    for name in ("SOURCE", "ONLY"):
        monkeypatch.delenv(name, raising=False)
    assert wanted_rows() == USUAL
    assert set(ALL) - set(USUAL) == set(compared.TOLD)
    monkeypatch.setenv("SOURCE", "requests")
    assert wanted_rows() == ("nothing-new", "append", "merge")
    monkeypatch.setenv("ONLY", "mongodb,append")
    assert wanted_rows() == ("append", "mongodb")
    monkeypatch.setenv("ONLY", "apend")
    with pytest.raises(SystemExit, match=r"apend.*append"):
        wanted_rows()


def test_programs_of_ours_are_measured_as_they_are_installed():
    with pytest.raises(SystemExit, match="No module named 'pandas'"):
        ran(["-c", "import pandas"], {"PYTHONPATH": ""}, program=(sys.executable,))


def test_each_function_whose_cpu_is_a_part_is_there():
    parts = cpu_parts.places()
    assert {part for part, _, _ in parts} == set(cpu_parts.PARTS) < set(cpu_parts.TOLD)
    assert all(callable(getattr(owner, name)) for _, owner, name in parts)
    assert set(cpu_parts.BEFORE) == set(cpu_parts.TOLD)


def test_cpu_within_another_part_is_counted_once(monkeypatch):
    """By a clock of the test's own, so that it is exact."""
    now = iter([0.0, 1.0, 4.0, 10.0])
    monkeypatch.setattr(cpu_parts.time, "thread_time", lambda: next(now))
    clock = cpu_parts.Clock()
    inner = clock.timed("inner", lambda: None)
    clock.timed("outer", inner)()
    assert clock.seconds == {"inner": 3.0, "outer": 7.0}


def test_the_page_of_losses_is_of_the_latest_record():
    assert losses.PAGE.read_text(encoding="utf-8") == losses.page(losses.read()), "run `make docs`"


def test_each_scenario_and_each_tool_stands_on_the_page_of_losses():
    record = losses.read()
    assert list(losses.HEADS) == list(SCENARIOS)
    assert list(losses.TITLES) == [tool.name for tool in TOOLS]
    pairs = {(tool.name, scenario) for tool in TOOLS for scenario in SCENARIOS}
    told = {(tool, one) for tool, those in record["outcomes"].items() for one in those}
    assert told == pairs - losses.UNCLAIMED.keys()
    assert losses.LINKS.keys() <= told
