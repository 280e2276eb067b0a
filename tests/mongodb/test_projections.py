"""A field that stands twice is told whatever the run leaves out, on a real server."""

from typing import Any

import bson
import pytest

from auto_schema.dead_letters import REFUSED_COLUMN, REFUSED_REASON
from auto_schema.mongodb_types import EXTRA
from demo.mongodb_servers import MongodbServer
from sources.mongodb.connection import MongodbConnection
from sources.mongodb.source import MongodbSource
from sources.secrets import Secret
from sources.values import Split
from tests.mongodb.conftest import Collection
from tests.mongodb.test_types import document, inner, items
from tests.unit.test_bson import column

PAIR = (("a", 1), ("a", 2))
DOCUMENTS = {
    0: document(("_id", 0), ("a", 1), ("b", inner(("x", 1), ("y", 2))), ("c", 1), ("d", 9)),
    1: document(("_id", 1), *PAIR, ("b", inner(("x", 1)))),
    2: document(("_id", 2), ("a", 1), ("b", inner(("x", 1), ("x", 2)))),
    3: document(
        ("_id", 3),
        ("a", 1),
        ("b", items(inner(("x", 1), ("x", 2)))),
    ),
    4: document(("_id", 4), ("a", inner(*PAIR)), ("b", 1)),
    5: document(("_id", 5), ("a", 1), ("c", 1), ("c", 2)),
    6: document(("_id", 6), ("a", 1), ("b", inner(("x", inner(*PAIR))))),
}


@pytest.fixture
def odd(docs: Collection) -> Collection:
    docs.insert_many(DOCUMENTS.values())
    return docs


def refused(mongodb: MongodbServer, docs: Collection, columns: list[str], **words: Any) -> set[int]:
    """The documents of which a reason is told; each of them names its field."""
    left_out = words.pop("left_out", ())
    connection = MongodbConnection(docs.database.name, "things", Secret.of(mongodb.url), **words)
    made = tuple(column(name, "int" if name == "_id" else "json") for name in columns)
    source = MongodbSource(connection).with_columns(made, left_out)
    found = set[int]()
    for batch in source.read(Split(0)):
        for row in batch.to_pylist():  # type: ignore[union-attr]
            assert "_smart_sync" not in str(row)
            if row.get(REFUSED_REASON):
                assert "twice" in row[REFUSED_REASON]
                assert row[REFUSED_COLUMN]
                found.add(row["_id"])
    return found


@pytest.mark.parametrize(
    ("columns", "left_out", "expected"),
    [
        (["_id", "a"], ("b", "c", "d"), {1, 4}),
        (["_id", "b"], ("a", "c", "d"), {2, 3, 6}),
        (["_id", "a", "b", EXTRA], ("c",), {1, 2, 3, 4, 6}),
        (["_id", "a", EXTRA], (), {1, 2, 3, 4, 5, 6}),
    ],
)
def test_a_field_twice_is_told_when_others_are_left_out(
    odd: Collection,
    mongodb: MongodbServer,
    columns: list[str],
    left_out: tuple[str, ...],
    expected: set[int],
) -> None:
    assert refused(mongodb, odd, columns, left_out=left_out) == expected


@pytest.mark.parametrize(
    ("projection", "expected"),
    [
        ('{"a": 1}', {1, 4}),
        ('{"b": true, "c": 1}', {2, 3, 5, 6}),
        ('{"b.x": 1}', {2, 3, 6}),
        ('{"b": {"x": 1}}', {2, 3, 6}),
        ('{"a": 0}', {2, 3, 5, 6}),
        ('{"d": 0, "b.y": 0}', {1, 2, 3, 4, 5, 6}),
        ('{"a": {"$slice": 1}}', {1, 2, 3, 4, 5, 6}),
        ('{"e": "$b.x", "c": 1}', {2, 3, 5, 6}),
        ('{"b": {"$elemMatch": {"x": 1}}}', {2, 3, 6}),
    ],
)
def test_a_field_twice_is_told_when_the_operator_projects(
    odd: Collection, mongodb: MongodbServer, projection: str, expected: set[int]
) -> None:
    columns = ["_id", "a", "b", EXTRA]
    assert refused(mongodb, odd, columns, projection=projection) == expected


def test_a_projection_delivers_what_it_did(odd: Collection, mongodb: MongodbServer) -> None:
    odd.delete_many({"_id": {"$ne": 0}})
    connection = MongodbConnection(
        odd.database.name, "things", Secret.of(mongodb.url), projection='{"b.x": 1, "c": 1}'
    )
    made = tuple(column(name, "json") for name in ("_id", "b", "c", EXTRA))
    (batch,) = MongodbSource(connection).with_columns(made).read(Split(0))
    assert batch.to_pylist() == [{"_id": "0", "b": '{"x":1}', "c": "1", EXTRA: None}]  # type: ignore[union-attr]
    assert bson.decode(DOCUMENTS[0].raw)["d"] == 9
