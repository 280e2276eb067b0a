"""The graph of a sync from BigQuery: in place one job, through workers streams opened in it."""

from dataclasses import replace

import pytest

from auto_schema.bigquery_types import BigqueryType
from smart_sync.explain import explain
from smart_sync.facts import Facts, Target
from smart_sync.plan import SyncPlan
from smart_sync.plan_json import as_json
from smart_sync.request import SyncRequest
from smart_sync.ways import COPY, LOAD, STATEMENT_IN_PLACE
from sources.bigquery.column_rules import BIGQUERY_COLUMNS
from sources.bigquery.connection import BigqueryConnection
from sources.bigquery.source import BigquerySource
from sources.profile import InBigquery, SourceIdentity, SourceProfile, Texts
from sources.values import Evidence, Extract, SourceColumn
from tests.factories import plan_of, request_of
from tests.graph.test_graph import NOW, built, our_dofns, proto
from warehouse.names import TableRef

CONNECTION = BigqueryConnection("p", "raw", "orders", "p")


def a_request(splits: int = 3, **words: object) -> SyncRequest:
    return request_of(
        "bigquery",
        CONNECTION,
        TableRef("p", "d", "orders"),
        num_splits=splits,
        temp_location="gs://bkt/temp",
        **words,
    )


def facts_of(location: str, protected: tuple[str, ...] = ()) -> Facts:
    """What is found of a table in that location."""
    reads = (("p.raw.orders", ""),)
    kinds = {"id": "INT64", "name": "STRING", "at": "TIMESTAMP"}
    profile = SourceProfile(
        tuple(SourceColumn(name, BigqueryType(kind)) for name, kind in kinds.items()),
        BIGQUERY_COLUMNS,
        identity=SourceIdentity(tables=("p.raw.orders",)),
        texts=Texts(json_is_exact=True),
        in_bigquery=InBigquery(location, reads, layout=(None, ()), protected=protected),
    )
    extract = Extract(run_id="r")
    source = BigquerySource(CONNECTION, location=location, is_direct=True, extract=extract)
    return Facts(profile, Target("US"), source, Evidence(scan_bytes=5))


def a_plan(location: str, splits: int = 3, **words: object) -> SyncPlan:
    facts = facts_of(location)
    return plan_of(a_request(splits, **words), facts, run_id="20250722t150000-ab", now=NOW)


@pytest.mark.parametrize(
    ("location", "steps"),
    [
        ("US", {"_StageInPlace", "_Publish", "_Report"}),
        (
            "EU",
            {"_Give", "_Open", "_ReadLane", "_Transform", "_Conform", "_Stage"}
            | {"_Publish", "_Report"},
        ),
    ],
)
def test_a_way_has_its_own_steps_and_no_others(location, steps):
    assert {type(fn).__name__ for fn in our_dofns(built(a_plan(location)))} == steps


def test_in_place_nothing_is_split_and_a_whole_table_is_copied():
    plan = a_plan("US")
    assert (plan.reading.is_in_place, plan.publishing.way, plan.reading.split_total) == (
        True,
        COPY,
        1,
    )
    assert a_plan("US", verify=True).publishing.way is STATEMENT_IN_PLACE
    assert a_plan("US", method="workers").publishing.way is LOAD


def test_the_graph_of_5000_streams_is_under_5_mb():
    plan = a_plan("EU", 5000)
    assert plan.reading.split_total == 5000
    assert len(proto(built(plan)).SerializeToString()) < 5_000_000


def test_an_unopened_split_is_not_read():
    plan = a_plan("EU")
    with pytest.raises(ValueError, match="was not opened"):
        next(iter(plan.reading.source.read(plan.reading.splits[0])))


def test_a_plan_says_the_same_in_words_and_in_json():
    plan = a_plan("US", method="in_place", query="SELECT 1")
    plan = replace(plan, warnings=("w",))
    assert "bigquery_read_method=in_place" in explain(plan)
    assert "bigquery_read_method=in_place" in as_json(plan)
