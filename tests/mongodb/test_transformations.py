"""transformation_config on documents: forms stay, and masks hold everywhere."""

import json
from datetime import UTC, datetime

import pytest
from bson import Decimal128, ObjectId
from bson.raw_bson import RawBSONDocument

from tests.planted import Kept

PLANTED = "pl4nted-m4il@x.org"


def config(**words):
    return {"transformation_config": json.dumps(words)}


@pytest.fixture
def kept(sync, monkeypatch, caplog):
    return Kept(sync, monkeypatch, caplog)


def test_fields_are_cast_filled_masked_and_filtered(sync, docs):
    at = datetime(2024, 1, 2, 23, 30, tzinfo=UTC)
    docs.insert_many(
        [
            {"_id": 1, "n": 5, "at": at, "mail": "ann@x.org", "paid": Decimal128("1.50")},
            {"_id": 2, "n": None, "at": None, "mail": None, "paid": None},
            {"_id": 3, "n": 7, "at": at, "mail": "eve@x.org", "paid": Decimal128("2")},
        ]
    )
    words = config(
        type_casts={"n": "STRING", "at": "DATE", "paid": "FLOAT64"},
        default_values={"n": "none"},
        constants={"tenant": "acme"},
        mask={"mail": "last4"},
        filter=[["n", "!=", "7"]],
        exclude_fields=["_extra"],
    )
    sync.ok(**words, partition_field="")
    assert sync.rows("_id, n, `at`, mail, paid, tenant") == [
        (1, "5", at.date(), "****.org", 1.5, "acme"),
        (2, "none", None, None, None, "acme"),
    ]
    run = sync.history()[-1]
    assert (run["rows_read"], run["rows_staged"], run["rows_filtered"]) == (3, 2, 1)
    sync.ok(**words, partition_field="", write_disposition="WRITE_TRUNCATE")
    assert [row[0] for row in sync.rows("_id")] == [1, 2]


def test_the_form_of_a_masked_field_stays_whatever_a_later_sample_shows(sync, docs):
    docs.insert_one({"_id": 1, "key": ObjectId("64b7f0a2c3d4e5f6a7b8c9d0")})
    words = config(mask={"key": "sha256"})
    sync.ok(**words)
    first = sync.rows("key")
    docs.insert_one({"_id": 2, "key": "text"})
    result = sync(**words, write_disposition="WRITE_TRUNCATE", max_dead_letters="1")
    assert result.code == 0, result.err
    assert sync.rows("key") == first


@pytest.mark.parametrize(
    "document",
    [{"mail": {"inner": PLANTED}, "n": 1}, {"mail": PLANTED, "n": "x"}, {"mail": [PLANTED]}],
    ids=["itself", "beside", "array"],
)
def test_masked_values_are_in_no_dead_letter_of_a_document(kept, sync, docs, document):
    docs.insert_many([{"_id": i, "mail": f"x{i}", "n": i} for i in range(5)])
    words = config(mask={"mail": "redact"}) | {"max_dead_letters": "3", "show_values": "true"}
    sync.ok(**words)
    docs.insert_one({"_id": 9, **document})
    result = kept(**words, write_disposition="WRITE_TRUNCATE", num_splits="2")
    assert result.code == 0, result.err
    (letter,) = sync.rows("raw_row", "t_dead_letters", order="row_hash")
    assert json.loads(json.dumps(letter[0]))["mail"] == "(masked)"
    assert kept.holding(PLANTED) == []


@pytest.mark.parametrize("method", ["redact", "null"])
def test_under_a_masked_extra_no_field_without_a_column_is_in_a_dead_letter(
    kept, sync, docs, method
):
    """Neither beside a value that its column can't hold, nor where it stands twice itself."""
    docs.insert_one({"_id": 1, "n": 1})
    words = config(mask={"_extra": method}) | {"max_dead_letters": "2", "show_values": "true"}
    sync.ok(**words)
    docs.insert_one({"_id": 2, "n": "x", "ssn": PLANTED, "_extra": PLANTED})
    pair = b"\x02ssn\0" + (len(PLANTED) + 1).to_bytes(4, "little") + PLANTED.encode() + b"\0"
    document = b"\x10_id\0\xe7\x03\0\0" + pair * 2
    docs.insert_one(RawBSONDocument((len(document) + 5).to_bytes(4, "little") + document + b"\0"))
    result = kept(**words, write_disposition="WRITE_TRUNCATE", schema_evolution="freeze")
    assert result.code == 0, result.err
    letters = sync.rows("column_name, value", "t_dead_letters", order="column_name")
    assert letters == [("_extra", "(masked)"), ("n", '"x"')]
    assert kept.holding(PLANTED) == []


def test_a_masked_key_of_documents_is_no_end_of_a_split(kept, sync, docs):
    docs.insert_many([{"_id": f"{PLANTED}{i}", "n": i} for i in range(50)])
    kept(**config(mask={"_id": "sha256"}), num_splits="4")
    assert kept.holding(PLANTED) == []
    assert len(sync.rows("_id")) == 50


def test_a_field_within_documents_cannot_be_masked_by_its_path(sync, docs):
    docs.insert_one({"_id": 1, "user": {"mail": "a"}})
    result = sync(**config(mask={"user.mail": "redact"}))
    assert result.code == 2
    assert "mask can't reach into documents: 'user.mail'" in result.err
