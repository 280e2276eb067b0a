"""The graph of a launch of many tables: its size, what its elements carry, how plans travel."""

import pickle
from dataclasses import replace

import apache_beam as beam
import pytest
from apache_beam.internal import pickler

from auto_schema.errors import TargetError
from pipeline.execution.packing import pack
from pipeline.runs.many_report import TableResult
from pipeline.steps.graph import build_tables
from pipeline.steps.tables import dealt
from tests.graph.test_graph import PLAIN, a_plan, our_dofns, proto, visited
from warehouse.names import TableRef


def plans_of(count):
    """So many tables, each third of them with a thousand splits."""
    one, large = a_plan(1), a_plan(1000)
    return {
        f"public.t{number}": replace(
            one if number % 3 else large,
            destination=TableRef("p", "d", f"t{number}"),
            run=replace(one.run, run_id=f"20250722t150000-{number:08x}"),
        )
        for number in range(count)
    }


def packed_of(plans, ends=(), **more):
    return pack("b", "gs://bkt/temp/b", plans, ends, at_once=4, connections=8, **more)


def launch_of(plans, ends=()):
    """Those tables in one graph, and what it was made of."""
    packed = packed_of(plans, ends)
    root = beam.Pipeline(runner="FnApiRunner")
    build_tables(root, packed)
    return root, packed


def test_one_table_and_a_thousand_are_the_same_steps():
    labels = [
        [t.full_label for t in visited(launch_of(plans_of(count))[0]).transforms]
        for count in (1, 50, 1000)
    ]
    assert labels[0] == labels[1] == labels[2]
    assert {label for label in labels[0] if label and "/" not in label} == {
        "Sync tables",
        "End the launch",
    }
    assert not any("lambda" in label or "20250722" in label for label in labels[0])


def test_the_graph_of_a_thousand_tables_is_far_under_what_dataflow_takes():
    failed = TableResult("public.x", 3, "failed", "x" * 500)
    few, many = launch_of({"t": a_plan()}), launch_of(plans_of(1000), [failed] * 500)
    sizes = [len(proto(root).SerializeToString()) for root, _ in (few, many)]
    assert sizes[1] < 1_000_000, sizes
    assert (few[1].launch.is_stored, many[1].launch.is_stored) == (False, True)
    assert len(many[1].stored) > 10_000_000, "by value they would have been too much"
    stored = sum(len(pickle.dumps(table)) for table in many[1].tables)
    assert stored < 600 * 1000


def carried(splits, **more):
    """Bytes that all splits of one table carry together from the dealing to their lanes."""
    plan = a_plan(splits)
    (table,) = packed_of({"public.orders": plan}, **more).tables
    return sum(len(pickle.dumps(element)) for element in dealt(table, plan.reading.splits))


def test_a_split_carries_nothing_of_the_others():
    most = 1_000_000_000
    assert carried(5000, most_by_value=most) < 5.5 * carried(1000, most_by_value=most) < 20_000_000


def test_five_thousand_splits_carry_little_more_than_themselves():
    """Their table's plan lies in the launch's file, where each would take it along."""
    assert carried(5000) < 3_000_000


def test_plans_come_back_as_they_were_from_the_graph_and_from_the_file(tmp_path):
    plans = plans_of(4)
    for most in (1_000_000_000, 0):
        folder = str(tmp_path / f"b{most}")
        packed = pack("b", folder, plans, [], at_once=4, connections=8, most_by_value=most)
        packed.store()
        for table, plan in zip(packed.tables, plans.values(), strict=True):
            assert packed.launch.plan(table) == plan.header()
            assert packed.launch.splits(table) == plan.reading.splits
        packed.launch.clear()
        assert list(tmp_path.rglob("*")) == []


def test_a_file_of_plans_that_was_changed_is_refused(tmp_path):
    packed = pack(
        "b", str(tmp_path / "b"), plans_of(2), [], at_once=4, connections=8, most_by_value=0
    )
    packed.store()
    file = tmp_path / "b" / "plans"
    file.write_bytes(file.read_bytes()[::-1])
    with pytest.raises(TargetError, match="plans are not as they were written"):
        packed.launch.plan(packed.tables[0])
    file.unlink()
    with pytest.raises(TargetError, match="staging failed"):
        packed.launch.plan(packed.tables[0])


@pytest.mark.parametrize("most", [1_000_000, 0])
def test_a_plain_password_shows_in_no_repr_of_a_launch(most):
    plans = {"public.orders": a_plan(password=PLAIN)}
    packed = pack("b", "gs://b/t", plans, [], at_once=4, connections=8, most_by_value=most)
    root = beam.Pipeline(runner="FnApiRunner")
    build_tables(root, packed)
    assert PLAIN not in repr(packed) + "".join(map(repr, visited(root).transforms))


def test_every_dofn_of_a_launch_pickles():
    root, _ = launch_of(plans_of(1000))
    ours = our_dofns(root)
    assert {type(fn).__name__ for fn in ours} == {
        "_Give",
        "_Deal",
        "_WorkLane",
        "_PublishTables",
        "_EndLaunch",
    }
    for fn in ours:
        assert type(pickler.loads(pickler.dumps(fn))) is type(fn)
