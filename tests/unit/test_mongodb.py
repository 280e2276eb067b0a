"""MongoDB as a value: places without secrets, filters, statements, errors, ObjectId cursors."""

from datetime import UTC, datetime, timedelta
from typing import Any

import bson
import pytest
from pymongo import errors

from auto_schema.bson_fields import BsonField, FieldSample
from auto_schema.errors import SourceRefusedError, SourceUnreachableError
from auto_schema.mongodb_types import CODES, EXTRA, mongodb_column
from pipeline.parameters.type_docs import IN_JSON
from smart_sync.cursor import Cursor
from smart_sync.hand_window import before, parse_end
from smart_sync.object_ids import object_id_at, object_id_time
from smart_sync.request import WindowRequest
from smart_sync.window import Watermark, plan_window
from sources.mongodb.connection import MongodbConnection
from sources.mongodb.connection_string import hosts_of
from sources.mongodb.errors import source_error
from sources.mongodb.extended_json import bind, parse, written
from sources.mongodb.source import MongodbSource
from sources.mongodb.statement import BRACKETS, NOTHING, other_types, window_filter
from sources.secrets import Secret
from sources.values import Clock, Extract, Split, Window, is_after
from tests.unit.test_bson import column

PASSWORD = "pl4nted-s3cret"
LOW, HIGH = datetime(2025, 7, 1, tzinfo=UTC), datetime(2025, 7, 2, 1, 2, 3, 456789, tzinfo=UTC)
REFUSED, UNREACHABLE = SourceRefusedError, SourceUnreachableError
ONE = "0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("string", "hosts"),
    [
        ("mongodb://a:27017", "mongodb://a:27017"),
        (f"mongodb://user:{PASSWORD}@a:1,b:2/db?replicaSet=x", "mongodb://a:1,b:2"),
        (f"mongodb+srv://u:{PASSWORD}@cluster.example/?tls=true", "mongodb+srv://cluster.example"),
        (f"mongodb://u:{PASSWORD}@x@host/", ""),
        (f"mongodb://u:a/{PASSWORD}@host/db", ""),
        (f"mongodb://u:p@host/?authMechanismProperties=T:a@{PASSWORD}", "mongodb://host"),
        (f"mongodb://user:27017/{PASSWORD}@host", ""),
        (f"mongodb://user:{PASSWORD}", ""),
        ("mongodb://%2Ftmp%2Fmongodb-27017.sock/db", "mongodb://%2Ftmp%2Fmongodb-27017.sock"),
        (
            "mongodb://user:p%40ss@[::1]:27017,h-1.example_x:1/",
            "mongodb://[::1]:27017,h-1.example_x:1",
        ),
        ("postgresql://host/db", ""),
        (PASSWORD, ""),
    ],
)
def test_a_place_shows_hosts_and_nothing_secret(string: str, hosts: str) -> None:
    assert hosts_of(string) == hosts
    connection = MongodbConnection("db", "things", Secret.of(string))
    assert PASSWORD not in connection.place + repr(connection)


def test_every_bson_type_is_in_a_window_or_asked_for_beside_it() -> None:
    for kind, bracket in BRACKETS.items():
        assert {*other_types(kind), *bracket, *NOTHING} == set(CODES.values())
        assert not {*bracket, *NOTHING} & set(other_types(kind))


def test_every_bson_type_has_its_form_in_json() -> None:
    told = {name.partition(",")[0].partition(" ")[0] for name in IN_JSON}
    assert told == set(CODES.values())


def test_a_window_is_cut_to_the_milliseconds_that_dates_have() -> None:
    found = window_filter("at", "timestamptz", Window(LOW, HIGH))
    within = found["$or"][0]["at"]
    assert within == {"$gt": LOW, "$lte": HIGH.replace(microsecond=456000)}


@pytest.mark.parametrize(
    ("kind", "window", "expected"),
    [
        ("int8", Window(None, 7), {"$lte": bson.Int64(7)}),
        ("int8", Window(3, 7), {"$gt": bson.Int64(3), "$lte": bson.Int64(7)}),
        ("objectId", Window(None, ONE), {"$lte": bson.ObjectId(ONE)}),
    ],
)
def test_a_window_of_each_kind(kind: str, window: Window, expected: dict[str, Any]) -> None:
    assert window_filter("c", kind, window)["$or"][0]["c"] == expected


values = [
    1,
    bson.Int64(1),
    1.5,
    float("inf"),
    "text",
    bson.ObjectId(ONE),
    bson.Decimal128("1.10"),
    bson.Binary(b"x", 5),
    bson.Timestamp(1, 2),
    bson.DatetimeMS(-(2**60)),
    bson.Regex("a", "i"),
    {"b": 1, "a": [None, True]},
    bson.MinKey(),
]


@pytest.mark.parametrize("value", values, ids=repr)
def test_a_bound_is_written_so_that_it_comes_back(value: object) -> None:
    assert bson.encode({"_id": parse(written(value))}) == bson.encode({"_id": value})


def test_the_statement_is_what_mongosh_would_take() -> None:
    source = MongodbSource(
        MongodbConnection("shop", 'odd "name"', host="h"),
        query=written({"status": "active"}),
        extract=Extract("seq", Window(None, 7)),
        cursor_type="int8",
        columns=(column("a", "int"),),
        left_out=("b",),
    )
    text = source.statement(Split(1, "_id", '{"$numberInt": "1"}', None, by_key=True))
    assert text.startswith('db.getCollection("odd \\"name\\"").find({"$and": [{"status": "active"}')
    assert text.endswith(', {"b": 0}).min({_id: {"$numberInt": "1"}}).hint(\'_id_\')')


@pytest.mark.parametrize(
    ("columns", "left_out", "expected"),
    [
        ((), (), None),
        (("a", EXTRA), (), None),
        (("a", EXTRA), ("_id", "b"), {"_id": 0, "b": 0}),
        (("a", "m.at"), ("b", "m"), {"b": 0}),
        (("a",), ("$odd", "x.y", "", "b"), {"b": 0}),
    ],
)
def test_fields_that_nothing_may_hold_are_not_sent(
    columns: tuple[str, ...], left_out: tuple[str, ...], expected: Any
) -> None:
    made = tuple(column(name, "json") for name in columns)
    source = MongodbSource(MongodbConnection("d", "c"), columns=made, nested=("m.at",))
    source = source.with_columns(made, left_out)
    assert source.projection() == expected


def test_placeholders_of_integers_and_object_ids() -> None:
    assert bind('{"n": {"$gt": {start_timestamp}}}', None, 5) == f'{{"n": {{"$gt": {-(2**63)}}}}}'
    bound = parse(bind('{"_id": {"$lte": {end_timestamp}}}', ONE, ONE))
    assert bound == {"_id": {"$lte": bson.ObjectId(ONE)}}
    untouched = '{"a": "{other}", "b": "\\"{x}"}'
    assert bind(untouched, LOW, HIGH) == untouched


@pytest.mark.parametrize(
    ("error", "kind", "mend"),
    [
        (errors.ServerSelectionTimeoutError("h:1: [Errno 111]"), UNREACHABLE, "mongodb_host"),
        (errors.AutoReconnect("connection closed"), UNREACHABLE, "firewall"),
        (errors.CursorNotFound("gone", 43), UNREACHABLE, "firewall"),
        (errors.OperationFailure("too old", 239), UNREACHABLE, "firewall"),
        (errors.OperationFailure("Authentication failed.", 18), REFUSED, "authSource"),
        (errors.OperationFailure("not authorized", 13), REFUSED, "role `read`"),
        (errors.OperationFailure("unknown operator: $x", 2), REFUSED, "mongodb_query"),
        (errors.InvalidURI(f"bad mongodb://u:{PASSWORD}@host"), REFUSED, "percent-encoded"),
    ],
)
def test_an_error_says_whether_to_try_again_and_how_to_mend_it(
    error: Exception, kind: type, mend: str
) -> None:
    told = source_error(error, "mongodb://h/d.c")
    assert type(told) is kind
    assert mend in str(told)
    assert PASSWORD not in str(told)


CURSOR = Cursor("_id", "_id", "objectId", 0)


def test_an_object_id_window_ends_with_the_last_complete_second() -> None:
    now = datetime(2025, 7, 1, 12, 0, 0, 900_000, UTC)
    request = WindowRequest(margin=timedelta(0))
    plan = plan_window(request, CURSOR, Clock(now), Watermark())
    assert plan.window == Window(None, object_id_at(now - timedelta(seconds=1), last=True))
    assert object_id_time(str(plan.window.high)).second == 59


def test_an_object_id_window_starts_at_the_watermark_or_a_lookback_behind_it() -> None:
    clock = Clock(datetime(2025, 7, 1, tzinfo=UTC))
    there = Watermark(ONE, table_exists=True)
    assert plan_window(WindowRequest(), CURSOR, clock, there).window.low == ONE
    back = plan_window(WindowRequest(lookback=timedelta(hours=1)), CURSOR, clock, there)
    assert object_id_time(ONE) - object_id_time(str(back.window.low)) == timedelta(hours=1)


def test_a_window_by_hand_counts_in_the_time_of_object_ids() -> None:
    start = parse_end("2025-07-01", CURSOR, "sync_start")
    assert start == object_id_at(datetime(2025, 7, 1, tzinfo=UTC), last=False)
    assert is_after(start, before(start))
    assert int(str(start), 16) - int(str(before(start)), 16) == 1


@pytest.mark.parametrize(
    ("counts", "current", "form", "says"),
    [
        ({"int": 9, "string": 1}, ("INT64", "NULLABLE"), "int", "with string become dead letters"),
        ({"int": 9}, ("FLOAT64", "NULLABLE"), "double", "FLOAT64 in the destination"),
        ({"objectId": 5, "string": 5}, ("STRING", "NULLABLE"), "text", "STRING in the destination"),
        ({"object": 5}, ("STRING", "NULLABLE"), "json text", "JSON as text"),
        ({"string": 5, "object": 1}, ("STRING", "NULLABLE"), "text", "with object become dead"),
        ({"decimal": 5}, ("STRING", "NULLABLE"), "decimal text", "STRING in the destination"),
        ({"int": 5}, ("STRING", "NULLABLE"), "int", ""),
        ({"int": 5}, ("JSON", "NULLABLE"), "json", "JSON in the destination"),
        ({"date": 5}, ("INT64", "NULLABLE"), "date", ""),
        ({}, ("STRING", "NULLABLE"), "text", "STRING in the destination"),
        ({}, ("INT64", "REPEATED"), "int", "INT64 in the destination"),
    ],
)
def test_a_column_that_is_there_keeps_its_way_of_writing(
    counts: dict[str, int], current: tuple[str, str], form: str, says: str
) -> None:
    made = mongodb_column("f", BsonField(FieldSample(counts)), current=current)
    assert made.select == form
    assert says in made.evidence
