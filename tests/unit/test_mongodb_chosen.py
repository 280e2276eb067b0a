"""What a query or a view of MongoDB leaves out, and the stamps that it moves or makes up."""

from datetime import UTC, datetime, timedelta

import pytest

from sources.mongodb.chosen_documents import gives_some, ripening, tells_apart
from sources.mongodb.cut_stamps import cut_by_views, given_by_views

HOURS = timedelta(hours=5)
PAST = datetime(2000, 1, 1, tzinfo=UTC)
CHANCE = {"$expr": {"$lt": [{"$rand": {}}, 0.5]}}


@pytest.mark.parametrize(
    ("query", "stages", "some"),
    [
        ({}, [], ""),
        ({"$or": [{"a": 1}, {"$sampleRate": 0.5}]}, [], "$sampleRate"),
        (CHANCE, [], "$rand"),
        ({"$where": "Math.random() < 0.5"}, [], "Math.random()"),
        ({"$where": "this.a < 0.5"}, [], ""),
        ({}, [{"$limit": 9}], "$limit in its view"),
        ({}, [{"$sort": {"a": 1}}, {"$skip": 9}], "$skip in its view"),
        ({}, [{"$sample": {"size": 9}}], "$sample in its view"),
        ({}, [{"$match": CHANCE}], "$rand in its view"),
        ({}, [{"$set": {"r": {"$rand": {}}}}], ""),
        (
            {},
            [{"$set": {"r": {"$rand": {}}}}, {"$match": {"r": {"$lt": 0.5}}}],
            "$rand in its view",
        ),
        ({}, [{"$unionWith": {"coll": "o", "pipeline": [{"$limit": 9}]}}], "$limit in its view"),
        ({}, [{"$facet": {"a": [{"$limit": 9}]}}], "$limit in its view"),
        ({}, [{"$lookup": {"from": "o", "as": "o", "pipeline": [{"$limit": 1}]}}], ""),
    ],
)
def test_documents_that_are_left_out_by_number_or_chance_are_known(query, stages, some):
    assert gives_some(query, stages) == some


@pytest.mark.parametrize(
    ("condition", "is_told"),
    [
        ({"$expr": {"$lte": ["$from", "$$NOW"]}}, True),
        ({"$and": [{"a": 1}, {"$expr": {"$gt": ["$$NOW", "$from"]}}]}, True),
        ({"$expr": {"$lt": [{"$add": ["$from", 60_000]}, "$$NOW"]}}, True),
        ({"$expr": {"$gt": ["$from", {"$subtract": ["$$NOW", 60_000]}]}}, False),
        ({"$expr": {"$lte": ["$at", "$$NOW"]}}, False),
        ({"from": {"$lte": PAST}}, False),
    ],
)
def test_documents_whose_time_comes_are_known(condition, is_told):
    assert bool(ripening(condition, [], "at")) is is_told
    assert bool(ripening({}, [{"$match": condition}], "at")) is is_told
    later = {"$set": {"at": {"$max": ["$made", "$from"]}}}
    assert not ripening(condition, [later], "at")


@pytest.mark.parametrize(
    ("made", "given"),
    [
        ({"$ifNull": ["$at", "$$NOW"]}, True),
        ({"$ifNull": ["$at", PAST]}, False),
        ({"$cond": [{"$eq": ["$at", PAST]}, "$other", "$$NOW"]}, True),
        ({"$switch": {"branches": [{"case": PAST, "then": "$at"}], "default": PAST}}, False),
        ({"$toDate": {"$ifNull": ["$at", "2000-01-01"]}}, False),
        ("$$NOW", True),
        ({"$ifNull": ["$at", "$other"]}, None),
        ({"$ifNull": ["$at", None]}, None),
        ({"$cond": {"if": PAST, "then": "$at", "else": "$other"}}, None),
        ({"$min": ["$at", "$$NOW"]}, None),
        ({"$dateTrunc": {"date": "$at", "unit": "hour"}}, None),
    ],
)
def test_stamps_that_a_view_gives_are_known(made, given):
    told = given_by_views([{"$set": {"at": made}}, {"$match": {"a": 1}}], "at", {})
    assert (told and told.is_now) is given


@pytest.mark.parametrize(
    ("made", "length"),
    [
        ({"$dateSubtract": {"startDate": "$at", "unit": "hour", "amount": 5}}, HOURS),
        ({"$dateAdd": {"startDate": "$at", "unit": "hour", "amount": -5}}, HOURS),
        ({"$subtract": ["$at", 18_000_000]}, HOURS),
        ({"$add": ["$at", {"$multiply": [-5, 3600, 1000]}]}, HOURS),
        ({"$toDate": {"$subtract": [{"$toLong": "$at"}, 18_000_000]}}, HOURS),
        ({"$dateAdd": {"startDate": "$at", "unit": "hour", "amount": 5}}, None),
        ({"$add": ["$at", 18_000_000]}, None),
    ],
)
def test_stamps_that_a_view_moves_back_are_known(made, length):
    moved = cut_by_views([{"$set": {"at": made}}], "at", {})
    assert (moved and moved.unit) == length
    assert moved is None or moved.is_moved


@pytest.mark.parametrize(
    ("stages", "told"),
    [
        ([{"$match": {"a": 1}}, {"$set": {"a": "$_id"}}], None),
        ([{"$project": {"_id": 1, "a": 1}}], None),
        ([{"$unwind": "$a"}, {"$group": {"_id": "$a"}}], None),
        ([{"$group": {"_id": "$a"}}, {"$unwind": "$a"}], False),
        ([{"$set": {"_id": {"$toString": "$_id"}}}], None),
        ([{"$unwind": "$a"}, {"$set": {"_id": {"$toString": "$_id"}}}], False),
        ([{"$project": {"_id": "$sku"}}], False),
        ([{"$replaceRoot": {"newRoot": "$inner"}}, {"$match": {"a": 1}}], False),
    ],
)
def test_views_whose_ids_may_repeat_are_known(stages, told):
    assert tells_apart(stages) is told
