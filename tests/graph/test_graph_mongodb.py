"""The graph of a sync from MongoDB: small, whole in its splits, and nothing secret in it."""

import json

import bson
import pytest
from apache_beam.internal import pickler

from auto_schema.bson_fields import BsonField, FieldSample
from smart_sync.explain import explain
from smart_sync.facts import Facts, Target
from smart_sync.plan_json import as_json
from sources.mongodb.column_rules import MongodbColumns
from sources.mongodb.connection import MongodbConnection
from sources.mongodb.extended_json import written
from sources.mongodb.source import MongodbSource
from sources.profile import Cuts, SourceIdentity, SourceProfile, Texts
from sources.secrets import Secret
from sources.values import Evidence, SourceColumn
from tests.factories import plan_of, request_of
from tests.graph.test_graph import NAME, NOW, PLAIN, built, our_dofns, proto, visited
from warehouse.names import TableRef

PLAIN_URL = f"mongodb://reader:{PLAIN}@db.example.com/?replicaSet=rs0"


def a_plan(string, splits=3):
    """A sync of a collection, cut by ObjectIds."""
    connection = MongodbConnection("shop", "orders", Secret.of(string))
    request = request_of(
        "mongodb",
        connection,
        TableRef("p", "d", "orders"),
        num_splits=splits,
        temp_location="gs://bkt/temp",
    )
    fields = {"_id": "objectId", "n": "int", "inner": "object"}
    columns = tuple(
        SourceColumn(name, BsonField(FieldSample({kind: 10}))) for name, kind in fields.items()
    )
    ids = [bson.ObjectId(f"{number:024x}") for number in range(1, splits)]
    profile = SourceProfile(
        columns,
        MongodbColumns(),
        is_open=True,
        identity=SourceIdentity(tables=("orders",)),
        cuts=Cuts(key="_id", by_key_only=True),
        texts=Texts(json_is_exact=True),
    )
    evidence = Evidence(bounds=tuple(map(written, ids)))
    facts = Facts(profile, Target("US"), MongodbSource(connection, at=(1, 1)), evidence)
    return plan_of(request, facts, run_id="20250722t150000-ab", now=NOW)


@pytest.mark.parametrize("string", [NAME, PLAIN_URL])
def test_a_connection_string_shows_in_no_plan_and_no_display_data(string):
    plan = a_plan(string)
    assert PLAIN not in repr(plan) + explain(plan) + as_json(plan)
    for transform in visited(built(plan)).transforms:
        assert PLAIN not in str(transform)


def test_one_by_name_is_not_in_the_graph_and_its_name_is():
    lane = next(fn for fn in our_dofns(built(a_plan(NAME))) if type(fn).__name__ == "_ReadLane")
    secret = pickler.loads(pickler.dumps(lane))._plan.reading.source.connection.string
    assert (secret.name, secret.plain) == (NAME, "")


def test_the_graph_of_5000_splits_is_under_5_mb():
    plan = a_plan(NAME, 5000)
    assert plan.reading.split_total == 5000
    assert len(proto(built(plan)).SerializeToString()) < 5_000_000


def test_splits_are_adjacent_ranges_of_the_key():
    plan = a_plan(NAME, 4)
    ends = [(split.lower, split.upper) for split in plan.reading.splits]
    assert ends[0][0] is None
    assert ends[-1][1] is None
    assert [upper for _, upper in ends[:-1]] == [lower for lower, _ in ends[1:]]
    assert json.loads(str(ends[1][0])) == {"$oid": f"{1:024x}"}
