"""Splits by _id: every document exactly once, whatever its _id is and whoever writes meanwhile."""

import json
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import hypothesis
import hypothesis.strategies as st
import pytest
from bson import Binary, Code, Decimal128, Int64, MaxKey, MinKey, ObjectId, Regex, Timestamp
from bson.datetime_ms import DatetimeMS
from bson.raw_bson import RawBSONDocument

from auto_schema.dead_letters import REFUSED_COLUMN
from auto_schema.errors import ConfigError, SourceRefusedError
from auto_schema.ranges import MAX_MICROS, MIN_MICROS
from demo.mongodb_servers import MongodbServer
from sources.mongodb.connection import MongodbConnection
from sources.secrets import Secret
from sources.values import Window
from tests.contract.planning import Reading, a_request, opened, planned, reading_of
from tests.mongodb.conftest import Client, Collection
from tests.sync import Sync

COUNTS = (1, 2, 7, 50)
NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def look(mongodb: MongodbServer, docs: Collection) -> Callable[..., Reading]:
    """Plan a read of the test's collection in so many splits."""

    def look(splits: int = 1, *, window: Window | None = None, **words: Any) -> Reading:
        return reading_of(the_request(mongodb, docs, splits, **words), window)

    return look


def the_request(server: MongodbServer, docs: Collection, splits: int, **words: Any) -> Any:
    string = Secret(plain=server.url)
    projection = words.pop("projection", "")
    size = words.pop("sample_size", 10_000)
    connection = MongodbConnection(
        docs.database.name, docs.name, string, projection=projection, sample_size=size
    )
    if "cursor" in words:
        words["smart_sync"] = True
    return a_request("mongodb", connection, num_splits=splits, is_local=True, **words)


def numbers(reading: Reading) -> list[int]:
    """The field n of all rows, in ascending order."""
    return sorted(reading.values("n"))


def insert(docs: Collection, keys: Sequence[Any]) -> int:
    """A document for each key; MongoDB takes no second one for an equal key."""
    pending = [{"_id": key, "n": n} for n, key in enumerate(keys)]
    told = docs.database.command(
        {"insert": docs.name, "documents": pending, "ordered": False},
        codec_options=docs.codec_options,
    )
    twice = told.get("writeErrors", [])
    assert all(error["code"] == 11000 for error in twice), twice
    return docs.count_documents({})


def each_once(docs: Collection, reading: Reading) -> None:
    """Fail unless the rows are the documents, each once."""
    assert numbers(reading) == sorted(d["n"] for d in docs.find({}, {"_id": 0, "n": 1}))


STEP = timedelta(hours=7, milliseconds=1)
KINDS: dict[str, list[Any]] = {
    "ObjectId": [ObjectId() for _ in range(120)],
    "int": [n * 37 % 1009 - 500 for n in range(120)],
    "long": [Int64(n * 2**55 - 2**62) for n in range(120)] + [Int64(2**63 - 1), Int64(-(2**63))],
    "double": [n / 7 - 9 for n in range(120)]
    + [float("nan"), float("inf"), -float("inf"), -0.0, 5e-324, 1.7976931348623157e308],
    "int, long and double": [
        kind(n * 3 + i) + (0.5 if kind is float else 0)
        for i, kind in enumerate((int, Int64, float))
        for n in range(40)
    ]
    + [Int64(2**53 + 1), float(2**53), Int64(2**63 - 1), float(2**63)],
    "string": ["", " ", "\x00", "a\x00b", '"', "\\", "{", "$", "ß", "日本", "😀", "\uffff", "\x7f"]
    + [f"k{n}" for n in range(60)]
    + [chr(0x400 + n) * 3 for n in range(60)],
    "UUID": [uuid.UUID(int=n * 2**121 + n) for n in range(120)],
    "binary": [Binary(bytes(range(n)), n % 9) for n in range(120) if n % 9 not in (3, 4)],
    "legacy UUID": [Binary(uuid.UUID(int=n * 2**121).bytes, 3) for n in range(120)],
    "date": [datetime(1960, 1, 1, tzinfo=UTC) + n * STEP for n in range(120)],
    "decimal": [Decimal128(f"{n - 60}.{n:030}") for n in range(120)]
    + [Decimal128(text) for text in ("NaN", "Infinity", "-Infinity", "1E+6000", "1E-6000")],
    "document": [{"a": n % 11, "b": {"c": str(n)}} for n in range(120)]
    + [{}, {"b": 1, "a": 1}, {"a": [1, {"x": 2}]}, {"a": None}, {"": 1}, {"a.b": 1}],
    "code": [Code(f"f({n})", {"x": n} if n % 2 else None) for n in range(60)],
    "timestamp": [Timestamp(n + 1, n) for n in range(60)],
    "bool, null, minKey, maxKey": [True, False, None, MinKey(), MaxKey()],
    "one": [ObjectId()],
}
MIXED = [key for keys in KINDS.values() for key in keys[:25] + keys[-3:]]


@pytest.mark.parametrize("kind", [*KINDS, "all mixed"])
def test_each_document_is_read_once_whatever_its_id_is(
    docs: Collection, look: Callable[..., Reading], kind: str
) -> None:
    insert(docs, KINDS.get(kind, MIXED))
    for count in COUNTS:
        reading = look(count)
        assert reading.plan.reading.split_total >= min(count, docs.count_documents({}) - 1)
        each_once(docs, reading)


def test_dates_that_python_has_no_year_for_cut_a_collection_too(
    docs: Collection, look: Callable[..., Reading]
) -> None:
    far = [DatetimeMS(253402300800000 + n * 10**9) for n in range(20)]
    insert(docs, far + [DatetimeMS(-(10**17) + n) for n in range(20)])
    reading = look(7)
    assert reading.plan.reading.split_total == 7
    read = [n for batch in reading.batches() for n in batch.column("n").to_pylist()]
    assert sorted(read) == list(range(40))


def string_of(raw: bytes) -> bytes:
    return (len(raw) + 1).to_bytes(4, "little") + raw + b"\0"


def raw_document(kind: int, key: bytes, n: int) -> RawBSONDocument:
    """A document whose _id no driver would write."""
    body = bytes([kind]) + b"_id\0" + key + b"\x10n\0" + n.to_bytes(4, "little")
    return RawBSONDocument((len(body) + 5).to_bytes(4, "little") + body + b"\0")


def twice_named(one: int, other: int) -> bytes:
    """A document that has the field `a` twice."""
    body = b"".join(b"\x10a\0" + number.to_bytes(4, "little") for number in (one, other))
    return (len(body) + 5).to_bytes(4, "little") + body + b"\0"


ODD = {
    "symbols": [(0x0E, string_of(b"s%02d" % n)) for n in range(20)],
    "DBPointers": [(0x0C, string_of(b"c") + bytes(11) + bytes([n])) for n in range(20)],
    "texts that are not UTF-8": [(0x02, string_of(b"\xff%02d" % n)) for n in range(20)],
    "documents with a field twice": [(0x03, twice_named(n, 20 - n)) for n in range(20)],
    "code with scope, not UTF-8": [(0x0D, string_of(b"\xfe%02d" % n)) for n in range(20)],
}


@pytest.mark.parametrize("kind", ODD)
def test_ids_that_no_driver_writes_any_more_cut_a_collection_too(
    docs: Collection, look: Callable[..., Reading], kind: str
) -> None:
    documents = [raw_document(type_, key, n) for n, (type_, key) in enumerate(ODD[kind])]
    docs.insert_many(documents)  # type: ignore[arg-type]
    insert(docs, [{"z": n} for n in range(20)])
    reading = look(7)
    assert reading.plan.reading.split_total == 7
    read = sum(batch.num_rows for batch in reading.batches())
    assert read == docs.estimated_document_count() == 40


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
SMALL = st.integers(-(2**31), 2**31 - 1)
DATES = st.integers(MIN_MICROS // 1000, MAX_MICROS // 1000).map(DatetimeMS)
"""That BigQuery holds; others would be dead letters where all keys are dates."""
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    SMALL,
    st.integers(-(2**63), 2**63 - 1).map(Int64),
    st.floats(),
    TEXTS,
    st.binary(min_size=12, max_size=12).map(ObjectId),
    st.uuids(),
    st.builds(Binary, st.binary(max_size=6), st.sampled_from([0, 1, 2, 5, 6, 128, 255])),
    DATES,
    st.decimals(min_value=-(10**20), max_value=10**20, places=5).map(Decimal128),
    st.builds(Timestamp, st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1)),
    st.sampled_from([MinKey(), MaxKey(), Decimal128("NaN"), Decimal128("-0")]),
)
FIELDS = TEXTS.filter(lambda name: "\0" not in name and not name.startswith("$"))
KEYS = SCALARS | st.dictionaries(
    FIELDS, SCALARS | st.lists(SCALARS, max_size=3) | st.builds(Regex, FIELDS), max_size=3
)


@hypothesis.given(keys=st.lists(KEYS, min_size=1, max_size=40), splits=st.integers(2, 60))
@hypothesis.settings(
    max_examples=60,
    suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture],
)
def test_any_mixture_of_ids_is_read_once(
    mongodb: MongodbServer, docs: Collection, keys: list[Any], splits: int
) -> None:
    docs.delete_many({})
    insert(docs, keys)
    each_once(docs, reading_of(the_request(mongodb, docs, splits)))


def test_ranges_meet_and_no_range_takes_anothers_document(
    docs: Collection, look: Callable[..., Reading]
) -> None:
    insert(docs, MIXED)
    plan = (reading := look(9)).plan
    assert (plan.reading.splits[0].lower, plan.reading.splits[-1].upper) == (None, None)
    for split, following in zip(plan.reading.splits, plan.reading.splits[1:], strict=False):
        assert split.upper == following.lower
    rows = [set(reading.values("n", split)) for split in plan.reading.splits]
    assert all(rows)
    assert sum(map(len, rows)) == len(set().union(*rows)) == docs.count_documents({})


def test_splits_are_about_even(docs: Collection, look: Callable[..., Reading]) -> None:
    insert(docs, [n * n for n in range(3000)])
    plan = (reading := look(10)).plan
    sizes = [len(reading.rows(split)) for split in plan.reading.splits]
    assert sum(sizes) == 3000
    assert max(sizes) <= 2 * 300, sizes


@pytest.mark.parametrize(
    "collation",
    [
        {"locale": "en", "strength": 2},
        {"locale": "de", "caseLevel": True, "strength": 1},
        {"locale": "en", "numericOrdering": True},
        {"locale": "fr_CA", "backwards": True},
    ],
    ids=json.dumps,
)
def test_a_collection_with_a_collation_is_cut_in_the_collations_order(
    docs: Collection, look: Callable[..., Reading], collation: dict[str, Any]
) -> None:
    docs.database.create_collection(docs.name, collation=collation)
    words = ["a", "B", "c", "Ä", "z10", "z9", "é", "E", "côte", "coté", "", "ﬁ", "10", "9"]
    keys = words + [f"{word}{n}" for n in range(12) for word in words]
    insert(docs, keys)
    for count in COUNTS:
        each_once(docs, look(count))


def test_a_query_under_a_collation_keeps_its_meaning_in_splits(
    docs: Collection, look: Callable[..., Reading]
) -> None:
    docs.database.create_collection(docs.name, collation={"locale": "en", "strength": 2})
    docs.insert_many([{"_id": f"k{n}", "n": n, "s": "YES" if n % 2 else "yes"} for n in range(50)])
    for count in (1, 7):
        assert numbers(look(count, query='{"s": "Yes"}')) == list(range(50))


def test_a_capped_collection_is_read_by_ranges(
    docs: Collection, look: Callable[..., Reading]
) -> None:
    docs.database.create_collection(docs.name, capped=True, size=1 << 20, max=100)
    docs.insert_many([{"_id": ObjectId(), "n": n} for n in range(150)])
    for count in COUNTS:
        assert numbers(look(count)) == list(range(50, 150))


def test_a_clustered_collection_is_read_by_ranges(
    docs: Collection, look: Callable[..., Reading]
) -> None:
    words = {"clusteredIndex": {"key": {"_id": 1}, "unique": True}}
    docs.database.create_collection(docs.name, **words)
    insert(docs, MIXED)
    for count in COUNTS:
        each_once(docs, look(count))


def reason(reading: Reading) -> str:
    assert reading.plan.reading.split_total == 1
    return reading.plan.reading.split_reason


def test_a_view_is_read_in_one_and_says_so(docs: Collection, mongodb: MongodbServer) -> None:
    docs.insert_many([{"_id": n, "n": n} for n in range(50)])
    view = docs.database["seen"]
    pipeline = [{"$match": {"n": {"$gte": 40}}}, {"$set": {"_id": 1}}]
    docs.database.command("create", "seen", viewOn=docs.name, pipeline=pipeline)
    reading = reading_of(the_request(mongodb, view, 7))
    assert "a view" in reason(reading)
    assert numbers(reading) == list(range(40, 50))


@pytest.fixture
def series(docs: Collection) -> Collection:
    name = "measured"
    words = {"timeField": "at", "metaField": "m"}
    docs.database.create_collection(name, timeseries=words)
    found = docs.database[name]
    start = datetime(2024, 5, 1, tzinfo=UTC)
    found.insert_many(
        [{"at": start + timedelta(minutes=n), "m": n % 3, "n": n} for n in range(500)]
    )
    return found


def test_a_time_series_collection_is_read_in_one_and_says_so(
    series: Collection, mongodb: MongodbServer
) -> None:
    reading = reading_of(the_request(mongodb, series, 7))
    assert "timeseries" in reason(reading).replace(" ", "").replace("-", "")
    assert numbers(reading) == list(range(500))


def test_a_window_over_a_time_series_is_exact(series: Collection, mongodb: MongodbServer) -> None:
    low, high = (datetime(2024, 5, 1, hour, tzinfo=UTC) for hour in (1, 2))
    request = the_request(mongodb, series, 7, cursor="at")
    assert numbers(reading_of(request, Window(low, high))) == list(range(61, 121))


def test_documents_written_while_it_is_read_double_none_that_were_there(
    docs: Collection, look: Callable[..., Reading]
) -> None:
    docs.insert_many([{"_id": n * 10, "n": n, "pad": ""} for n in range(400)])
    plan = (reading := look(8)).plan
    found: list[int] = []
    for number, split in enumerate(plan.reading.splits):
        for batch in reading.batches(split):
            found += reading.conformed(batch).column("n").to_pylist()
        more = [{"_id": n * 10 + 1 + number, "n": -1, "pad": "x" * 500} for n in range(0, 400, 3)]
        docs.insert_many(more)
        docs.update_many({"n": {"$gte": 0}}, {"$set": {"pad": "y" * 900 * (number + 1)}})
    assert sorted(n for n in found if n >= 0) == list(range(400))


QUERIES: dict[str, Callable[[int], bool]] = {
    '{"n": {"$gte": 100}}': lambda n: n >= 100,
    '{"_id": {"$gt": 50, "$lt": 150}}': lambda n: 50 < n < 150,
    '{"_id": {"$in": [5, 6, 7, 199]}}': lambda n: n in (5, 6, 7, 199),
    '{"_id": 42}': lambda n: n == 42,
    '{"$or": [{"n": 3}, {"_id": {"$gte": 190}}]}': lambda n: n == 3 or n >= 190,
    '{"$nor": [{"odd": true}]}': lambda n: n % 2 == 0,
    '{"$expr": {"$eq": [{"$mod": ["$n", 10]}, 0]}}': lambda n: n % 10 == 0,
    '{"s": {"$regex": "^A", "$options": "i"}}': lambda n: n < 26,
    '{"s": {"$regularExpression": {"pattern": "^a", "options": ""}}}': lambda n: n < 26,
    '{"tags": {"$elemMatch": {"$gt": 195}}}': lambda n: n > 195,
    '{"none": {"$exists": true}}': lambda _: False,
    '{"s": "two\\nlines"}': lambda _: False,
}


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_means_the_same_in_splits(
    docs: Collection, look: Callable[..., Reading], query: str
) -> None:
    docs.create_index("n")
    docs.insert_many(
        [
            {"_id": n, "n": n, "odd": n % 2 == 1, "s": chr(97 + n // 26) + "x", "tags": [n, -n]}
            for n in range(200)
        ]
    )
    for count in (1, 7):
        reading = look(count, query=query)
        found = reading.values("n") if reading.plan.schema.find("n") else []
        assert sorted(found) == [n for n in range(200) if QUERIES[query](n)]
        assert all(reading.rows(split) is not None for split in reading.plan.reading.splits)


def test_a_window_and_a_query_are_exact_in_splits(
    docs: Collection, look: Callable[..., Reading]
) -> None:
    stamps = [NOW + timedelta(milliseconds=n) for n in range(200)]
    docs.insert_many([{"_id": ObjectId(), "n": n, "at": at} for n, at in enumerate(stamps)])
    window = Window(stamps[20], stamps[150])
    for count in COUNTS:
        reading = look(count, window=window, cursor="at", query='{"n": {"$mod": [2, 0]}}')
        assert reading.plan.reading.split_total == count
        assert numbers(reading) == list(range(22, 151, 2))


def test_a_query_by_text_is_read_in_one_whatever_the_sample(
    docs: Collection, look: Callable[..., Reading]
) -> None:
    docs.insert_many([{"_id": n, "n": n, "s": "red" if n % 2 else "blue"} for n in range(60)])
    docs.create_index([("s", "text")])
    for size in (10_000, 10):
        reading = look(7, query='{"$text": {"$search": "red"}}', sample_size=size)
        assert "can't be cut" in reason(reading)
        assert numbers(reading) == list(range(1, 60, 2))


ONLY_FIND = {
    "$where": '{"$where": "this.n < 10"}',
    "$near": '{"at": {"$near": {"$geometry": {"type": "Point", "coordinates": [0, 0]},'
    ' "$maxDistance": 1050000}}}',
    "$nearSphere": '{"at": {"$nearSphere": {"$geometry": {"type": "Point", "coordinates": [0, 0]}'
    ', "$maxDistance": 1050000}}}',
}


@pytest.mark.parametrize("operator", ONLY_FIND)
def test_an_operator_that_only_find_knows_is_read_or_refused_by_its_name(
    docs: Collection, look: Callable[..., Reading], operator: str
) -> None:
    def point(n: int) -> dict[str, Any]:
        return {"type": "Point", "coordinates": [float(n), 0.0]}

    docs.insert_many([{"_id": n, "n": n, "at": point(n)} for n in range(60)])
    docs.create_index([("at", "2dsphere")])
    refused = None
    try:
        assert numbers(look(7, query=ONLY_FIND[operator])) == list(range(10))
    except SourceRefusedError as error:
        refused = error
    if refused:
        assert operator in refused.why
        assert "mongodb_query" in refused.fix
        assert "mongodb_sample_size" not in refused.fix  # no size of a sample helps here


def test_a_projection_is_kept_in_splits(docs: Collection, look: Callable[..., Reading]) -> None:
    docs.insert_many([{"_id": n, "n": n, "secret": "s"} for n in range(100)])
    for projection in ('{"n": 1}', '{"n": 1, "_id": 0}', '{"secret": 0}', '{"_id": 0}'):
        reading = look(7, projection=projection)
        assert reading.plan.reading.split_total == 7
        assert numbers(reading) == list(range(100))
        names = [column.name for column in reading.plan.schema]
        assert ("_id" in names) == ('"_id": 0' not in projection)
        assert ("secret" in names) == (projection == '{"_id": 0}')


def test_a_cursor_that_only_the_projection_makes_is_refused(
    mongodb: MongodbServer, docs: Collection
) -> None:
    docs.insert_many([{"_id": n, "n": n, "made": NOW} for n in range(10)])
    request = the_request(
        mongodb, docs, 1, projection='{"n": 1, "at": "$made"}', cursor="at", partition_field=""
    )
    window = Window(datetime(1900, 1, 1, tzinfo=UTC), NOW)
    with (
        pytest.raises(ConfigError, match="mongodb_projection computes it"),
        opened(request) as inspector,
    ):
        planned(inspector, request, window)


def test_a_cursor_within_an_array_of_documents_is_refused_and_never_skipped(
    mongodb: MongodbServer, docs: Collection
) -> None:
    docs.insert_many([{"_id": n, "n": n, "m": {"at": NOW}} for n in range(10)])
    early, late = NOW - timedelta(days=2), NOW + timedelta(days=2)
    docs.insert_one({"_id": 10, "n": 10, "m": [{"at": early}, {"at": late}]})
    request = the_request(mongodb, docs, 1, cursor="m.at", partition_field="")
    reading = reading_of(request, Window(NOW - timedelta(days=1), NOW))
    batches = list(reading.batches())
    told = [row for batch in batches for row in batch.to_pylist() if row.get(REFUSED_COLUMN)]
    assert [row["n"] for row in told] == [10]
    assert sum(reading.evidence.other_cursors.values()) == 1


def test_a_cursor_that_is_not_a_number_is_told_and_never_skipped(
    mongodb: MongodbServer, docs: Collection
) -> None:
    docs.insert_many([{"_id": n, "n": n, "c": n} for n in range(10)])
    docs.insert_many([{"_id": 10, "n": 10, "c": float("nan")}])
    docs.insert_many([{"_id": 11, "n": 11, "c": Decimal128("NaN")}])
    request = the_request(mongodb, docs, 1, cursor="c", sample_size=10, partition_field="")
    reading = reading_of(request, Window(3, 8))
    read = [n for batch in reading.batches() for n in batch.column("n").to_pylist()]
    counted = sum(reading.evidence.other_cursors.values())
    assert (sorted(read), counted) == ([4, 5, 6, 7, 8, 10, 11], 2)


def test_a_whole_run_with_splits_publishes_each_document_once(
    sync: Sync, docs: Collection, alone: Client
) -> None:
    keys = [*KINDS["ObjectId"], *KINDS["string"], *KINDS["date"]]
    docs.insert_many([{"_id": key, "n": n} for n, key in enumerate(keys)])
    plan = json.loads(sync.ok(num_splits="7", plan_only="true", plan_format="json").out)
    assert plan["splits"]["count"] == 7
    result = sync.ok(num_splits="7")
    assert f"{len(keys):,} rows read, {len(keys):,} published" in result.out
    assert sync.rows("COUNT(*), COUNT(DISTINCT n), COUNT(DISTINCT TO_JSON_STRING(_id))") == [
        (len(keys),) * 3
    ]


def test_a_collection_that_is_empty_when_it_is_looked_at_is_read_in_one(
    docs: Collection, look: Callable[..., Reading]
) -> None:
    docs.database.create_collection(docs.name)
    reading = look(50)
    assert reading.plan.reading.split_total == 1
    assert reading.rows() == []


def test_a_collection_that_is_empty_today_does_not_fail_the_sync_of_every_day(
    sync: Sync, docs: Collection
) -> None:
    words = {"enable_smart_sync": "true", "smart_sync_timestamp_column": "at"}
    docs.insert_many([{"_id": n, "n": n, "at": NOW - timedelta(hours=1)} for n in range(5)])
    sync.ok(**words)
    docs.delete_many({})  # as a TTL index does
    assert "0 rows read" in sync.ok(**words).out
    assert len(sync.rows()) == 5


def test_the_statement_of_each_split_runs_in_a_shell_as_it_is_told(
    docs: Collection, look: Callable[..., Reading]
) -> None:
    insert(docs, MIXED)
    plan = look(7).plan
    first, *between, last = (plan.reading.source.statement(split) for split in plan.reading.splits)
    assert ".max({_id: " in first
    assert ".min(" not in first
    assert ".min({_id: " in last
    assert ".max(" not in last
    assert all(".min(" in text and ".max(" in text for text in between)
    assert all(text.endswith(".hint('_id_')") for text in (first, *between, last))
