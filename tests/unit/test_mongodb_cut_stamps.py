"""How far views of MongoDB cut the stamps of a field, whatever way a pipeline goes."""

from datetime import timedelta

import pytest

from sources.mongodb.cut_stamps import computed_by, cut_by_views, named_in

HOUR, DAY = timedelta(hours=1), timedelta(days=1, hours=1)
TRUNC = {"$dateTrunc": {"date": "$made", "unit": "hour"}}
TEXT = {"$dateToString": {"date": "$made", "format": "%Y-%m-%d"}}
PARTS = {"$dateFromParts": {"year": {"$year": "$made"}, "month": 1, "day": 1, "hour": 5}}
MILLIS = {"$toLong": "$made"}
REST = {"$toDate": {"$subtract": [MILLIS, {"$mod": [MILLIS, 3_600_000]}]}}
SLOTS = {"$trunc": {"$divide": [MILLIS, {"$multiply": [1000, 60, 60]}]}}
SLOT = {"$toDate": {"$multiply": [SLOTS, 3_600_000]}}


def unit(stages, path="at", behind=None):
    cut = cut_by_views(stages, path, behind or {})
    return cut and cut.unit


@pytest.mark.parametrize(
    ("made", "length"),
    [
        (TRUNC, HOUR),
        ({"$dateTrunc": {"date": "$made", "unit": "minute", "binSize": 90}}, HOUR * 1.5),
        ({"$dateTrunc": {"date": "$made", "unit": "second"}}, timedelta(seconds=1)),
        ({"$dateTrunc": {"date": "$made", "unit": "$unit"}}, DAY),
        ({"$dateTrunc": {"date": TRUNC, "unit": "second"}}, HOUR),
        ({"$dateTrunc": {"date": "$made", "unit": "millisecond"}}, None),
        ({"$dateFromString": {"dateString": TEXT}}, DAY),
        ({"$toDate": {"$dateToString": {"date": "$made"}}}, None),
        (PARTS, HOUR),
        (REST, HOUR),
        ({"$mod": [MILLIS, 1e300]}, timedelta(days=366_000)),
        (SLOT, HOUR),
        ({"$ifNull": ["$other", TRUNC]}, HOUR),
        ({"$cond": ["$is_old", TRUNC, "$made"]}, HOUR),
        ({"$cond": {"if": {"$eq": [TRUNC, "$made"]}, "then": "$made", "else": "$other"}}, None),
        ({"$switch": {"branches": [{"case": TRUNC, "then": "$made"}]}}, None),
        ({"$switch": {"branches": [{"case": True, "then": TRUNC}]}}, HOUR),
        ({"$let": {"vars": {"hour": TRUNC}, "in": "$$hour"}}, HOUR),
        ({"$add": ["$made", 1000]}, None),
        ("$made", None),
        ("$$NOW", None),
    ],
)
def test_a_stamp_is_cut_as_far_as_its_expression_does(made, length):
    assert unit([{"$set": {"at": made}}]) == length
    assert unit([{"$project": {"_id": 1, "at": made, "made": 1}}]) == length


def test_a_field_is_followed_to_where_it_is_made():
    hours = {"$addFields": {"hour": TRUNC}}
    assert unit([hours, {"$project": {"at": "$hour"}}]) == HOUR
    assert unit([hours, {"$project": {"at": 1, "hour": 1}}]) is None
    assert unit([hours, {"$match": {"at": 1}}, {"$set": {"at": "$hour"}}, {"$limit": 1}]) == HOUR
    assert unit([hours, {"$set": {"at": "$hour"}}, {"$set": {"at": "$made"}}]) is None
    assert unit([{"$set": {"meta.at": TRUNC}}], "meta.at") == HOUR
    assert unit([{"$set": {"meta": {"at": TRUNC}}}], "meta.at") == HOUR
    assert unit([{"$project": {"meta": {"at": 1}}}], "meta.at") is None
    assert unit([{"$set": {"meta": {"at": TRUNC}}}, {"$replaceRoot": {"newRoot": "$meta"}}]) == HOUR
    whole = {"$mergeObjects": ["$$ROOT", {"at": TRUNC}]}
    assert unit([{"$replaceWith": whole}]) == HOUR
    assert unit([hours, {"$set": {"kept": "$$ROOT.hour"}}], "kept") == HOUR


def test_a_field_of_groups_and_of_other_collections_is_followed_too():
    groups = {"$group": {"_id": {"hour": TRUNC}, "at": {"$max": "$made"}}}
    assert unit([groups]) is None
    assert unit([groups], "_id.hour") == HOUR
    assert unit([{"$group": {"_id": TRUNC}}, {"$project": {"at": "$_id"}}]) == HOUR
    assert unit([{"$sortByCount": TRUNC}], "_id") == HOUR
    assert unit([{"$bucket": {"groupBy": "$made", "boundaries": []}}], "_id") == DAY
    output = {"at": {"$max": TRUNC, "window": {"documents": ["unbounded", "current"]}}}
    assert unit([{"$setWindowFields": {"sortBy": {"made": 1}, "output": output}}]) == HOUR
    hours = [{"$set": {"at": TRUNC}}]
    assert unit([{"$unionWith": {"coll": "x", "pipeline": hours}}]) == HOUR
    assert unit([{"$unionWith": "hours"}], behind={"hours": hours}) == HOUR
    looked = {"from": "hours", "as": "x", "localField": "a", "foreignField": "b"}
    stages = [{"$lookup": looked}, {"$unwind": "$x"}, {"$project": {"at": "$x.at"}}]
    assert unit(stages, behind={"hours": hours}) == HOUR
    assert unit(stages) is None
    facets = [{"$facet": {"x": hours}}, {"$unwind": "$x"}, {"$replaceRoot": {"newRoot": "$x"}}]
    assert unit(facets) == HOUR


def test_views_of_which_stages_read_are_named_in_any_depth():
    inner = {"$facet": {"x": [{"$unionWith": "c"}]}}
    stages = [{"$lookup": {"from": "a", "pipeline": [{"$unionWith": {"coll": "b"}}]}}, inner]
    assert list(named_in(stages)) == ["a", "b", "c"]


def test_a_pipeline_that_doubles_at_each_stage_is_looked_at_once():
    stages = [{"$set": {"at": {"$ifNull": ["$at", "$at"]}}} for _ in range(60)]
    assert unit([{"$set": {"at": TRUNC}}, *stages]) == HOUR


@pytest.mark.parametrize(
    ("projection", "is_computed"),
    [
        ({"at": 1}, False),
        ({"at": 0}, False),
        ({"other": 1}, False),
        ({"meta": {"at": 1}}, False),
        ({"meta.at": 1}, False),
        ({"meta.at": TRUNC}, True),
        ({"meta": {"at": TRUNC}}, True),
        ({"meta": "$other"}, True),
    ],
)
def test_a_projection_that_computes_a_nested_field_is_known_for_that(projection, is_computed):
    path = "at" if "at" in projection else "meta.at"
    assert computed_by(projection, path) is is_computed
