"""Rows that the destination would remove at once, because of their dates."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from types import SimpleNamespace

import pytest
from google.cloud import bigquery

from auto_schema.errors import SchemaError
from auto_schema.schema import Partitioning
from pipeline.destination.target import read_target
from smart_sync.facts import DatasetFacts
from smart_sync.lifetimes import lifetime_warnings, source_lifetime_warnings
from smart_sync.missing_keys import MissingRequest
from smart_sync.request import WriteDisposition
from smart_sync.unread_rows import unread_warnings
from sources.bigquery.full_access import PartlySeen
from sources.bigquery.profile import Described, profile_of
from sources.bigquery.tables import ReadTable, TableFacts, table_facts
from sources.profile import InBigquery
from sources.values import Evidence
from tests.factories import NOW, a_plan, a_request, a_target, refused, some_facts, utc
from warehouse.names import TableRef

DAYS = timedelta(days=60)
KEEPS_60 = DatasetFacts("EU", partitions_live=DAYS)
GONE = (SchemaError, "rows that the destination would remove at once")
OLDER = "a row with an older updated_at is gone as soon as it is written"


def missing(in_dataset=KEEPS_60):
    return a_target(exists=False, in_dataset=in_dataset)


def rows_from(low, high=NOW):
    return Evidence(partition_span=(low, high))


def planned(target, evidence, **words):
    return a_plan(a_request(auto_schema=True, **words), target=target, evidence=evidence)


@pytest.mark.parametrize("low", [NOW - DAYS, date(2024, 12, 31), datetime(2025, 1, 1)])
def test_a_table_is_not_made_where_rows_of_this_run_would_be_gone_at_once(low):
    request = a_request(auto_schema=True)
    assert refused(request=request, target=missing(), evidence=rows_from(low)) == [GONE]


def test_the_mend_is_a_statement_for_the_dataset():
    with pytest.raises(SchemaError) as caught:
        planned(missing(), rows_from(utc("2025-01-01 00:00:00")))
    assert "updated_at 2025-01-01" in caught.value.why
    assert "removes each partition of its tables 60 days after its date" in caught.value.why
    assert "SET OPTIONS (default_partition_expiration_days = NULL)" in caught.value.fix


def test_young_rows_are_taken_with_a_warning():
    plan = planned(missing(), rows_from(NOW - DAYS + timedelta(days=1)))
    (warning,) = [text for text in plan.warnings if OLDER in text]
    assert "are removed 60 days after their date (default_partition_expiration_days)" in warning


@pytest.mark.parametrize(("size", "is_gone"), [("DAY", False), ("MONTH", True)])
def test_a_partition_lives_from_where_it_begins(size, is_gone):
    lives = DatasetFacts("EU", partitions_live=timedelta(days=15))  # it is the 22nd
    request = a_request(auto_schema=True, partition_type=size)
    evidence = rows_from(NOW - timedelta(days=14))
    words = {"request": request, "target": missing(lives), "evidence": evidence}
    if is_gone:
        assert refused(**words) == [GONE]
    else:
        assert a_plan(**words).schema.partitioning == Partitioning("updated_at", size)


def test_a_table_that_is_there_keeps_its_own_lifetime_and_is_warned_of():
    there = a_target(partitioning=Partitioning("updated_at"), partitions_live=DAYS)
    plan = planned(there, rows_from(utc("2025-01-01 00:00:00")))
    (warning,) = [text for text in plan.warnings if OLDER in text]
    assert "60 days after their date (partition_expiration_days)" in warning
    for_ever = replace(there, partitions_live=None, in_dataset=KEEPS_60)
    assert not any(OLDER in text for text in planned(for_ever, Evidence()).warnings)


def test_a_table_that_is_made_anew_has_the_datasets_lifetime():
    there = a_target(partitioning=Partitioning("updated_at"), in_dataset=KEEPS_60)
    request = a_request(
        auto_schema=True,
        delete_existing_table=True,
        write_disposition=WriteDisposition.TRUNCATE,
    )
    evidence = rows_from(utc("2025-01-01 00:00:00"))
    assert refused(request=request, target=there, evidence=evidence) == [GONE]


def test_a_table_that_ends_by_itself_is_warned_of():
    lives = DatasetFacts("EU", tables_live=timedelta(hours=36))
    told = [text for text in a_plan(a_request(), target=missing(lives)).warnings if "36 h" in text]
    assert "the dataset removes a table 36 hours after it is made" in told[0]
    ends = a_target(ends=utc("2030-01-01 00:00:00"))
    assert any("is removed at 2030-01-01 00:00 UTC" in t for t in a_plan(target=ends).warnings)


def test_lifetimes_are_read_of_dataset_and_table():
    table = bigquery.Table("p.d.t", schema=[bigquery.SchemaField("at", "TIMESTAMP")])
    table._properties["type"] = "TABLE"
    table.time_partitioning = bigquery.TimePartitioning(field="at", expiration_ms=86_400_000)
    dataset = bigquery.Dataset("p.d")
    dataset.default_partition_expiration_ms = 5_184_000_000
    client = SimpleNamespace(get_dataset=lambda _: dataset, get_table=lambda _: table)
    target = read_target(client, TableRef("p", "d", "t"))
    assert target.partitions_live == timedelta(days=1)
    assert target.in_dataset.partitions_live == DAYS
    assert target.in_dataset.tables_live is None


def test_the_lifetime_of_a_sources_partitions_is_read_behind_its_views():
    days = {"timePartitioning": {"type": "DAY", "field": "day", "expirationMs": "5184000000"}}
    named = {"tableReference": {"projectId": "p", "datasetId": "d", "tableId": "s"}}
    table = bigquery.Table.from_api_repr(named | days | {"type": "TABLE"})
    facts = table_facts(SimpleNamespace(get_table=lambda _: table), "p.d.s")
    reads = (ReadTable("p.d.s", "p.d.v", facts), ReadTable("p.d.v", "", TableFacts("VIEW")))
    seen = profile_of("p", Described((), ("p.d.v",), "EU"), reads, PartlySeen((), ()))
    assert seen.in_bigquery.partitions_live == (("p.d.s", DAYS),)


@pytest.mark.parametrize(
    ("words", "is_told"),
    [({}, True), ({"cursor": "sync_loaded_at"}, False), ({"smart_sync": False}, False)],
    ids=["by the rows' own stamps", "by those of publishing", "all rows"],
)
def test_a_source_that_a_sync_fills_is_told_where_rows_come_late_with_their_stamps(words, is_told):
    named = {"tableReference": {"projectId": "p", "datasetId": "d", "tableId": "s"}}
    table = bigquery.Table.from_api_repr(named | {"type": "TABLE", "labels": {"sync_source": "1"}})
    facts = table_facts(SimpleNamespace(get_table=lambda _: table), "p.d.s")
    reads = (ReadTable("p.d.s", "p.d.v", facts), ReadTable("p.d.v", "", TableFacts("VIEW")))
    seen = profile_of("p", Described((), ("p.d.v",), "EU"), reads, PartlySeen((), ()))
    told = list(unread_warnings(a_request(**words), replace(some_facts(), profile=seen)))
    assert len(told) == is_told
    assert all("p.d.s is filled by a sync of its own" in text for text in told)


@pytest.mark.parametrize("rows", ["off", "hard"])
def test_rows_that_the_source_removes_by_age_are_told_where_they_would_be_deleted(rows):
    here = InBigquery(partitions_live=(("p.d.s", DAYS),))
    facts = replace(some_facts(), profile=replace(some_facts().profile, in_bigquery=here))
    request = replace(a_request(), missing=MissingRequest(rows))
    told = list(source_lifetime_warnings(request, facts))
    assert len(told) == (rows == "hard")
    assert all("removes partitions of p.d.s 60 days after their date" in text for text in told)


def test_a_repair_of_a_table_whose_partitions_expire_is_told_that_it_brings_them_in_vain():
    target = a_target(partitioning=Partitioning("updated_at"), partitions_live=DAYS)
    facts = some_facts(target=target)
    for heals in (False, True):
        request = replace(a_request(), missing=MissingRequest(heals=heals))
        (told,) = lifetime_warnings(request, target.partitioning, facts)
        assert ("each one brings it in vain" in told) == heals
