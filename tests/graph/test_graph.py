"""The graph as it is built offline: labels, element types, size, and nothing secret in it."""

import pickle
from dataclasses import replace
from datetime import UTC, datetime

import apache_beam as beam
import pyarrow as pa
import pytest
from apache_beam.internal import pickler
from apache_beam.pipeline import PipelineVisitor
from apache_beam.portability.api import beam_runner_api_pb2
from hypothesis import given, settings
from hypothesis import strategies as st

from auto_schema.postgresql_types import PostgresType
from pipeline.destination.elements import SplitBatch, SplitDone, SplitElement
from pipeline.runs.outcome import Outcome
from pipeline.steps.coders import SplitElementCoder
from pipeline.steps.graph import build, build_note
from smart_sync.cursor import Cursor
from smart_sync.facts import Facts, Target
from smart_sync.holds import HeldBack
from smart_sync.window import WindowPlan
from sources.postgresql.column_rules import POSTGRESQL_COLUMNS
from sources.postgresql.connection import PostgresqlConnection
from sources.postgresql.source import PostgresqlSource
from sources.profile import SourceIdentity, SourceProfile
from sources.secrets import Secret
from sources.values import Evidence, Extract, SourceColumn, Window
from tests.factories import plan_of, request_of
from warehouse.names import TableRef

NOW = datetime(2025, 7, 22, 15, tzinfo=UTC)
PLAIN = "pl4nted-s3cret"
NAME = "projects/p/secrets/s/versions/1"
COLUMNS = (
    SourceColumn("id", PostgresType("bigint", "int8", "b"), origin=(1, 1)),
    SourceColumn("changed", PostgresType("timestamptz", "timestamptz", "b"), origin=(1, 2)),
)
CODER = SplitElementCoder()


def a_plan(splits=3, password=NAME, held_back=None):
    """A smart sync of so many splits into p.d.orders."""
    connection = PostgresqlConnection("db.example.com", 5432, "shop", "r", Secret.of(password))
    request = request_of(
        "postgresql",
        connection,
        TableRef("p", "d", "orders"),
        query="SELECT * FROM orders",
        smart_sync=True,
        cursor="changed",
        num_splits=splits,
        temp_location="gs://bkt/temp",
    )
    window = Window(datetime(1900, 1, 1, tzinfo=UTC), NOW)
    names = tuple(column.name for column in COLUMNS)
    span = (NOW - datetime(2000, 1, 1, tzinfo=UTC)) / splits
    bounds = tuple(datetime(2000, 1, 1, tzinfo=UTC) + span * i for i in range(1, splits))
    identity = SourceIdentity(tables=("public.orders",))
    facts = Facts(
        SourceProfile(COLUMNS, POSTGRESQL_COLUMNS, identity=identity),
        Target("US"),
        PostgresqlSource(
            connection, request.reading.query, names, extract=Extract("changed", window)
        ),
        Evidence(bounds=bounds),
        Cursor("changed", "changed", "timestamptz"),
        window=WindowPlan(window, "start", "end", "UTC", held_back=held_back),
    )
    return plan_of(request, facts, run_id="20250722t150000-ab", now=NOW)


def built(plan):
    root = beam.Pipeline(runner="FnApiRunner")
    build(root, plan)
    return root


class Collected(PipelineVisitor):
    def __init__(self):
        self.transforms, self.collections = [], []

    def enter_composite_transform(self, transform_node):
        self.transforms.append(transform_node)

    def visit_transform(self, transform_node):
        self.transforms.append(transform_node)

    def visit_value(self, value, producer_node):
        self.collections.append((producer_node, value))


def visited(root):
    collected = Collected()
    root.visit(collected)
    return collected


def proto(root):
    made, _ = root.to_runner_api(return_context=True)
    return made


@pytest.fixture(scope="module")
def many():
    """The graph of as many splits as there may be."""
    return built(a_plan(5000))


def test_the_steps_are_those_that_the_readme_draws():
    labels = [t.full_label for t in visited(built(a_plan())).transforms if t.full_label]
    top = [label for label in labels if "/" not in label]
    assert top == [
        "Read orders",
        "Transform",
        "Conform to schema",
        "Stage as Parquet",
        "Gather failures",
        "Publish orders",
        "Report the run",
    ]
    ours = {part for label in labels for part in label.split("/")}
    assert {"List splits", "Deal to lanes", "Read lane", "Check and publish"} <= ours
    assert not any("lambda" in label or "20250722" in label for label in labels)


def coders_and_types(root):
    """Element type and coder of each PCollection, by producer and tag."""
    made = proto(root).components
    coders = {p.unique_name: made.coders[p.coder_id] for p in made.pcollections.values()}
    return {
        (node.full_label, value.tag): (
            value.element_type,
            coders[
                next(name for name in coders if name.endswith(f"{node.full_label}.{value.tag}"))
            ],
        )
        for node, value in visited(root).collections
    }


@pytest.mark.parametrize("step", ["Read orders/Read lane", "Transform", "Conform to schema"])
def test_batches_travel_as_split_elements_in_our_own_coder(step):
    found = {
        key: each
        for key, each in coders_and_types(built(a_plan())).items()
        if key[0].startswith(step) and key[1] is None
    }
    ((kind, coder),) = found.values()
    assert kind is SplitElement
    assert b"SplitElementCoder" in coder.spec.payload


def test_no_collection_is_of_any_type():
    found = coders_and_types(built(a_plan()))
    assert [key for key, (kind, _) in found.items() if kind is beam.typehints.Any] == []


def test_splits_stand_in_the_graph_once_and_every_other_step_has_the_plans_header():
    plan = a_plan(5)
    header = plan.header()
    assert header.reading.splits == ()
    assert header == replace(plan, reading=replace(plan.reading, splits=()))
    assert header.reading.split_total == 5
    with_plan = [fn for fn in our_dofns(built(plan)) if hasattr(fn, "_plan")]
    assert len(with_plan) >= 4
    assert [fn for fn in with_plan if fn._plan.reading.splits] == []
    small, large = a_plan(1000), a_plan(2000)
    once = len(pickle.dumps(large.reading.splits)) - len(pickle.dumps(small.reading.splits))
    grown = [len(proto(built(each)).SerializeToString()) for each in (small, large)]
    assert grown[1] - grown[0] < 4 * once


def our_dofns(root):
    return [
        t.transform.fn
        for t in visited(root).transforms
        if isinstance(t.transform, beam.ParDo)
        and type(t.transform.fn).__module__.startswith("pipeline")
    ]


def test_the_graph_of_5000_splits_is_under_5_mb(many):
    assert isinstance(proto(many), beam_runner_api_pb2.Pipeline)
    assert len(proto(many).SerializeToString()) < 5_000_000


def test_every_dofn_pickles(many):
    ours = our_dofns(many)
    assert {type(fn).__name__ for fn in ours} == {
        "_Give",
        "_ReadLane",
        "_Transform",
        "_Conform",
        "_Stage",
        "_Publish",
        "_Report",
    }
    for fn in ours:
        assert type(pickler.loads(pickler.dumps(fn))) is type(fn)
        limit = 1_000_000 if type(fn).__name__ == "_Give" else 50_000  # the splits stand there
        assert len(pickler.dumps(fn)) < limit, fn


def test_plans_pickle_and_compare_equal():
    plan = a_plan()
    assert pickle.loads(pickle.dumps(plan)) == plan
    assert pickle.loads(pickle.dumps(plan)).fingerprint == plan.fingerprint


def test_a_password_by_name_is_not_in_the_graph_and_its_name_is():
    plan = a_plan()
    assert PLAIN not in repr(plan)
    lane = next(fn for fn in our_dofns(built(plan)) if type(fn).__name__ == "_ReadLane")
    secret = pickler.loads(pickler.dumps(lane))._plan.reading.source.connection.password
    assert (secret.name, secret.plain) == (NAME, "")


def test_a_plain_password_shows_in_no_repr_of_the_plan():
    plan = a_plan(password=PLAIN)
    assert PLAIN not in repr(plan) + str(plan)
    assert PLAIN not in "".join(map(repr, visited(built(plan)).transforms))


def test_no_display_data_tells_the_connection():
    made = proto(built(a_plan(password=PLAIN)))
    shown = [str(d) for t in made.components.transforms.values() for d in t.display_data]
    assert not [each for each in shown if PLAIN in each or "db.example.com" in each]


def test_held_back_and_planned_runs_are_one_step_beside_their_outcome():
    held = a_plan(held_back=HeldBack("why"))
    for root in (built(held), beam.Pipeline(runner="FnApiRunner")):
        if not visited(root).transforms[1:]:
            build_note(root, "the plan", Outcome("planned"))
        labels = [t.full_label for t in visited(root).transforms if t.full_label]
        assert [label for label in labels if "/" not in label] == ["Outcome", "Report the run"]


COLUMNS_OF_ANY_TYPE = st.sampled_from([pa.int64(), pa.string(), pa.binary(), pa.list_(pa.int64())])


@st.composite
def batches(draw):
    rows = draw(st.integers(0, 20))
    types = draw(st.lists(COLUMNS_OF_ANY_TYPE, min_size=1, max_size=4))
    arrays = []
    for kind in types:
        values = {
            pa.int64(): st.integers(-(2**63), 2**63 - 1),
            pa.string(): st.text(),
            pa.binary(): st.binary(),
        }.get(kind, st.lists(st.integers(0, 9)))
        items = draw(st.lists(st.none() | values, min_size=rows, max_size=rows))
        arrays.append(pa.array(items, kind))
    batch = pa.RecordBatch.from_arrays(arrays, names=[f"c{i}" for i in range(len(arrays))])
    start = draw(st.integers(0, rows))
    return batch.slice(start, draw(st.integers(0, rows - start)))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 4999), st.integers(0, 20), batches(), st.none() | batches())
def test_a_batch_comes_back_from_its_coder_as_it_was(split, attempt, batch, dead):
    element = CODER.decode(CODER.encode(SplitBatch(split, attempt, batch, dead)))
    assert isinstance(element, SplitBatch)
    assert (element.split, element.attempt) == (split, attempt)
    assert element.batch.equals(batch, check_metadata=True)
    assert element.dead == dead if dead is None else element.dead.equals(dead)


@given(st.integers(0, 4999), st.integers(0, 20), st.integers(0, 2**62))
def test_the_end_of_a_split_comes_back_from_its_coder_as_it_was(split, attempt, rows):
    done = SplitDone(split, attempt, rows)
    assert CODER.decode(CODER.encode(done)) == done


def test_a_slice_of_a_large_batch_is_coded_small():
    large = pa.RecordBatch.from_pydict(
        {"n": pa.array(range(1_000_000)), "t": pa.array([f"text {i}" for i in range(1_000_000)])}
    )
    element = SplitBatch(0, 0, large.slice(500_000, 100))
    assert len(CODER.encode(element)) < 10_000
    assert CODER.decode(CODER.encode(element)).batch.equals(large.slice(500_000, 100))
    assert not CODER.is_deterministic()


def test_what_is_no_split_element_is_refused_by_the_coder():
    with pytest.raises(TypeError, match="not a split element: dict"):
        CODER.encode({"id": 1})


def test_two_plans_of_one_window_have_one_fingerprint_whatever_their_run():
    plan = a_plan()
    assert replace(plan, run=replace(plan.run, run_id="another")).fingerprint == plan.fingerprint
    assert a_plan(4).fingerprint != plan.fingerprint
