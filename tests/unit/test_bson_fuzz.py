"""Documents from seeds through sample, decoder and checks: each a row as it must be, or refused.

What a row must be is told by the hunt's own decoder, which shares no code with the program's.
"""

import json
import random
import struct
from dataclasses import replace
from typing import Any

import pytest

from auto_schema.bson_fields import BsonField, FieldSample
from auto_schema.conform import Checks, conform
from auto_schema.mongodb_types import EXTRA, mongodb_column
from auto_schema.open_fields import column_names
from auto_schema.schema import Column, TableSchema
from sources.mongodb.rows import Layout, batches
from sources.mongodb.sample import sample_of
from tests.hunt.mongodb_documents import Made, a_document, a_shape
from tests.hunt.mongodb_oracle import Target, difference, refusal

pytestmark = pytest.mark.usefixtures("each_bson_decoder")
SEEDS = range(1, 61)
BY_NAME = 16


def columns_of(raw: bytes) -> tuple[Column, ...]:
    """The columns that a sample of these documents gets."""
    fields = sample_of([raw]).fields
    paths = [path for path in fields if fields[path].types and path != EXTRA]
    names = column_names([*paths, EXTRA], {})
    made = [replace(mongodb_column(p, BsonField(fields[p])), name=names[p]) for p in paths]
    return (*made, mongodb_column(EXTRA, BsonField(FieldSample({"object": 1}))))


def arrived(
    raw: bytes, columns: tuple[Column, ...]
) -> tuple[dict[int, dict[str, Any]], dict[int, Any]]:
    """Rows by key, JSON taken apart, and dead letters by key."""
    rows, dead = dict[int, dict[str, Any]](), dict[int, Any]()
    names = {column.source_name: column.name for column in columns}
    forms = {column.name: column.select for column in columns}
    for batch in batches(raw, Layout(columns)):
        renamed = batch.rename_columns([names.get(name, name) for name in batch.schema.names])
        found = conform(renamed, TableSchema(columns), Checks(utf8=True))
        found.batch.validate(full=True)
        for row in found.batch.to_pylist():
            rows[row["_id"]] = {
                name: json.loads(value) if forms[name] == "json" and value is not None else value
                for name, value in row.items()
            }
        for letter in found.dead.to_pylist() if found.dead is not None else ():
            assert letter["column_name"] is not None
            assert letter["reason"]
            text = json.loads(letter["raw_row"], object_pairs_hook=lambda many: dict(many[::-1]))
            dead[int(text["_id"])] = letter
    return rows, dead


@pytest.mark.parametrize("seed", SEEDS)
def test_each_document_is_a_row_as_it_was_or_is_refused_with_its_reason(seed: int) -> None:
    chance = random.Random(seed)
    shape = a_shape(chance)
    count, part = chance.choice((1, 5, 40)), chance.choice((1, 2, 7))
    made: list[Made] = [
        a_document(chance, shape, [(BY_NAME, b"_id", struct.pack("<i", key))])
        for key in range(count)
    ]
    columns = columns_of(b"".join(each.raw for each in made[::part]))
    rows, dead = arrived(b"".join(each.raw for each in made), columns)
    assert len(rows) + len(dead) == count
    targets = [
        Target(c.name, "" if c.name == EXTRA else c.source_name, c.select, c.is_repeated)
        for c in columns
    ]
    for key, each in enumerate(made):
        if key in rows:
            assert difference(each.raw, targets, rows[key]) == ""
        else:
            assert refusal(each.raw, targets), dead[key]
