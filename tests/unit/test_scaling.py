"""docs/scaling.md says what its arithmetic and a plan of 5,000 splits give."""

import re
from dataclasses import replace

import pytest

from bench.record import Record
from pipeline.destination.jobs import MAX_URIS
from tests import scaling
from tests.scaling import Measured, Terabyte, simulated

NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
NEAR = 0.1
"""Pickles differ by some bytes from one Python to the next."""
MEASURED = Measured(100e6, 150e6, 0.2, 273, 8_000_000)


def numbers(text):
    return [float(found.replace(",", "")) for found in NUMBER.findall(text)]


def test_the_page_says_what_is_computed():
    written, computed = scaling.PAGE.read_text(encoding="utf-8"), scaling.page(Record.read())
    assert NUMBER.sub("n", written) == NUMBER.sub("n", computed), "run `make docs`"
    assert numbers(written) == pytest.approx(numbers(computed), rel=NEAR), "run `make docs`"


def test_5000_splits_are_far_under_every_limit():
    one, three = simulated(), simulated(parts=3)
    assert (one.splits, one.load_jobs, three.load_jobs) == (5_000, 1, 2)
    assert one.splits * three.parts > MAX_URIS >= one.splits
    assert max(one.graph_bytes, one.load_bytes, three.load_bytes) < 1_000_000
    assert max(one.staged_bytes, three.staged_bytes, one.listed_bytes) < 5_000_000
    assert max(one.header_bytes, one.text_bytes) < 10_000


def test_a_plan_of_few_splits_has_the_same_graph_but_for_its_splits():
    few, many = simulated(10), simulated()
    same = {"steps": few.steps, "load_jobs": 1}
    assert replace(many, **same) == many
    assert few.header_bytes == pytest.approx(many.header_bytes, rel=0.01)
    assert few.graph_bytes < many.graph_bytes


def test_a_terabyte_is_reckoned_by_its_connections():
    way = Terabyte(MEASURED, 100)
    assert MEASURED.lane_rate == 50e6
    assert (way.splits, way.rate, way.files_gb) == (3_726, 5e9, 200)
    assert way.hours * 3600 == pytest.approx(200)
    assert way.worker_hours == pytest.approx(100 * (200 / 3600 + 4 / 60))
    hour = 0.056 + 3.75 * 0.003557 + 25 * 0.000054
    assert way.dollars()["Dataflow"] == pytest.approx(way.worker_hours * hour, rel=0.01)
    assert Terabyte(MEASURED, 3_000).splits == 5_000


def test_a_connection_brings_no_more_than_a_copy_would():
    assert replace(MEASURED, source_rate=20e6).lane_rate == 20e6


def test_a_record_without_what_is_needed_is_told():
    record = Record({"samples": {"rows-2m": {"floor": [], "ours": []}}})
    with pytest.raises(AssertionError, match="rows-2m of the record lacks table_bytes"):
        Measured.of(record)
