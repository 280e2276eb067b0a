"""What MongoDB and its drivers do, run by themselves: see docs/behaviours.md."""

import datetime as dt
import math
import warnings

import bson
import bson.errors
import pyarrow as pa
import pymongo
import pymongo.errors
import pytest
from bson.raw_bson import RawBSONDocument
from pymongoarrow.api import Schema, find_arrow_all


def raw(*elements: bytes) -> RawBSONDocument:
    """A document of elements as they lie on the wire, whatever a driver would write."""
    body = b"".join(elements)
    return RawBSONDocument((len(body) + 5).to_bytes(4, "little") + body + b"\x00")


def element(document: dict[str, object]) -> bytes:
    """The bytes of a document's elements."""
    return bson.encode(document)[4:-1]


def far_date(millis: int) -> bytes:
    """An element `at` that holds a date of any year."""
    return b"\x09at\x00" + millis.to_bytes(8, "little", signed=True)


def test_of_a_field_that_stands_twice_the_server_sees_the_first_and_python_the_last(docs):
    docs.insert_one(raw(element({"_id": 1}), element({"a": "first"}), element({"a": "last"})))
    assert docs.count_documents({"a": "first"}) == 1
    assert docs.count_documents({"a": "last"}) == 0
    assert docs.find_one() == {"_id": 1, "a": "last"}
    assert docs.find_one({}, {"a": 1}) == {"_id": 1, "a": "first"}


def test_a_comparison_holds_within_one_type_only(docs):
    stamp = dt.datetime(2025, 1, 2)
    docs.insert_many([{"_id": 1, "at": stamp}, {"_id": 2, "at": "2025-01-03"}, {"_id": 3}])
    assert [found["_id"] for found in docs.find({"at": {"$gt": dt.datetime(2025, 1, 1)}})] == [1]


def test_a_range_is_met_by_two_different_elements_of_an_array(docs):
    docs.insert_one({"n": [1, 10]})
    assert docs.count_documents({"n": {"$gt": 4, "$lt": 6}}) == 1
    assert docs.count_documents({"n": {"$type": "int"}}) == 1


def test_an_array_sorts_by_its_lowest_element_upwards_and_its_highest_downwards(docs):
    docs.insert_many([{"_id": "array", "n": [1, 10]}, {"_id": "number", "n": 5}])
    up = [found["_id"] for found in docs.find().sort("n", 1)]
    down = [found["_id"] for found in docs.find().sort("n", -1)]
    assert up == down == ["array", "number"]


def test_bounds_of_an_index_follow_the_order_over_all_types(docs):
    identities = [1, "a", bson.ObjectId(), True]
    docs.insert_many([{"_id": identity} for identity in identities])
    assert docs.count_documents({"_id": {"$gte": 1}}) == 1
    assert len(list(docs.find().hint([("_id", 1)]).min([("_id", 1)]))) == 4


def test_a_collection_that_is_not_there_is_an_empty_one(docs):
    assert list(docs.find()) == []
    assert docs.estimated_document_count() == 0


def test_an_integer_and_a_double_of_one_value_are_one_key(docs):
    docs.insert_one({"_id": 1})
    with pytest.raises(pymongo.errors.DuplicateKeyError):
        docs.insert_one({"_id": 1.0})


def test_the_server_keeps_dates_that_python_has_no_year_for(docs):
    docs.insert_one(raw(element({"_id": 1}), far_date(2**53)))
    assert docs.count_documents({"at": {"$gt": dt.datetime(9999, 12, 31)}}) == 1
    with pytest.raises(bson.errors.InvalidBSON, match="out of range"):
        docs.find_one()


def test_the_server_keeps_texts_that_are_not_utf8(docs):
    text = bson.encode({"t": "abc"})[4:-1].replace(b"abc", b"ab\xe9")
    docs.insert_one(raw(element({"_id": 1}), text))
    with pytest.raises(bson.errors.InvalidBSON, match="utf-8"):
        docs.find_one()


def test_undefined_becomes_none_and_a_symbol_a_text(docs):
    docs.insert_one(
        raw(element({"_id": 1}), b"\x06u\x00", b"\x0es\x00\x02\x00\x00\x00x\x00", element({"n": 1}))
    )
    assert docs.find_one() == {"_id": 1, "u": None, "s": "x", "n": 1}
    assert docs.count_documents({"s": {"$type": "symbol"}}) == 1


def test_an_option_that_the_driver_does_not_know_is_only_warned_about():
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        url = "mongodb://127.0.0.1:1/?readPreferense=secondary"
        client = pymongo.MongoClient(url, connect=False)
    assert client.read_preference == pymongo.ReadPreference.PRIMARY
    assert [str(one.message)[:14] for one in told] == ["Unknown option"]


def test_pymongoarrow_cuts_doubles_and_reads_nan_as_null(docs):
    docs.insert_many([{"_id": 1, "n": 2, "x": math.nan}, {"_id": 2, "n": 1.9, "x": 1.0}])
    table = find_arrow_all(docs, {}, schema=Schema({"n": pa.int64(), "x": pa.float64()}))
    assert table.to_pydict() == {"n": [2, 1], "x": [None, 1.0]}


def test_an_object_id_is_stamped_by_its_maker_to_the_second():
    made = bson.ObjectId()
    assert made.generation_time.microsecond == 0
    assert bson.ObjectId(made.binary[:4] + bytes(8)).generation_time == made.generation_time
