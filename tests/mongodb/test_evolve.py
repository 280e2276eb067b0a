"""schema_evolution=evolve of documents: what a later sample shows makes columns wider."""

from decimal import Decimal

import bson
from bson.decimal128 import Decimal128

from tests.mongodb.conftest import Collection
from tests.sync import Sync

ONE_BY_ONE = {"write_disposition": "WRITE_MERGE", "merge_keys": "_id"}
EVOLVE = ONE_BY_ONE | {"schema_evolution": "evolve"}


def test_integers_become_doubles_or_decimals_as_documents_do(sync: Sync, docs: Collection) -> None:
    docs.insert_many([{"_id": 1, "n": 1, "d": 2**60, "s": 5}, {"_id": 2, "n": -7, "d": 3, "s": 6}])
    sync.ok(**ONE_BY_ONE)
    assert sync.types()["n"] == sync.types()["d"] == "INTEGER"
    docs.insert_one({"_id": 3, "n": 0.5, "d": Decimal128("0.25"), "s": 7})
    kept = sync(**ONE_BY_ONE)
    assert kept.code == 7  # documents with doubles are dead letters, as ever
    plan = sync.ok(**EVOLVE, plan_only="true").out
    assert "n: INT64 → FLOAT64" in plan
    assert "d: INT64 → BIGNUMERIC" in plan
    sync.ok(**EVOLVE)
    assert sync.rows("_id, n, d, s") == [
        (1, 1.0, Decimal(2**60), 5),
        (2, -7.0, Decimal(3), 6),
        (3, 0.5, Decimal("0.25"), 7),
    ]
    docs.delete_many({})
    docs.insert_one({"_id": 4, "n": bson.Int64(2**40), "d": 9, "s": 8})
    sync.ok(**ONE_BY_ONE)
    assert sync.rows("_id, n, d")[3:] == [(4, 2.0**40, Decimal(9))]


def test_a_text_among_integers_stays_a_dead_letter(sync: Sync, docs: Collection) -> None:
    docs.insert_one({"_id": 1, "n": 1})
    sync.ok(**ONE_BY_ONE)
    docs.insert_one({"_id": 2, "n": "x"})
    sync.ok(**EVOLVE, max_dead_letters="1")
    assert sync.rows("_id, n") == [(1, 1)]
