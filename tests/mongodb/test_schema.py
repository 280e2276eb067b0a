"""Fields without a schema → columns, run by run: nothing lost, nothing overwritten."""

import hashlib
import json
import random
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import bson
import pytest
from google.cloud import bigquery

from auto_schema.evolve import CurrentField
from auto_schema.mongodb_types import EXTRA
from auto_schema.open_fields import field_of, marked
from tests.mongodb.conftest import Collection
from tests.sync import PROJECT, Sync

ALLOWED = {"max_dead_letters": "100"}
SECRET = "s3cr3t-of-a-person"
ID = bson.ObjectId("0123456789abcdef01234567")
DESCRIPTION_CHARACTERS = 1024
"""https://cloud.google.com/bigquery/docs/schemas#column_descriptions"""


def columns(sync: Sync, long: Sequence[str] = ()) -> dict[str, str]:
    """Field → its column, as the columns' descriptions say; `long` names are told by hash."""
    found = {}
    for column in sync.table().schema:
        current = CurrentField(column.name, "", description=column.description or "")
        field = field_of(current, long) or ""
        assert field not in found, f"two columns of {field!r}"
        found[field] = column.name
    return found


def documents(sync: Sync, table: str = "t", long: Sequence[str] = ()) -> dict[Any, dict[str, Any]]:
    """_id → the fields of a document, gathered from its columns and from `_extra`.

    A NULL is no field; text that is JSON in a column of strings stays text.
    """
    names = columns(sync, long)
    kinds = {column.name: column.field_type for column in sync.table(table).schema}
    select = (
        f"TO_JSON_STRING(`{name}`)" if kinds[name] == "JSON" else f"`{name}`"
        for name in names.values()
    )
    found = {}
    for row in sync.rows(", ".join(select), table):
        whole = dict(zip(names, row, strict=True))
        extra = json.loads(whole.pop(EXTRA, None) or "null") or {}
        for field, name in names.items():
            if kinds[name] == "JSON" and field != EXTRA and whole[field] is not None:
                whole[field] = json.loads(whole[field])
        kept = {field: value for field, value in whole.items() if value not in (None, [])}
        assert not kept.keys() & extra.keys(), "a field both in its column and in _extra"
        found[kept["_id"]] = kept | extra
    return found


def replaced(docs: Collection, many: Iterable[Mapping[str, Any]]) -> None:
    """Put these documents in the place of all others."""
    docs.delete_many({})
    docs.insert_many(map(dict, many))


def test_no_field_of_any_document_is_lost_however_few_were_sampled(
    sync: Sync, docs: Collection
) -> None:
    """The newest document always is in the sample, the others hardly ever."""
    wanted: dict[int, dict[str, Any]] = {}
    for run in range(2):
        many = [
            {"_id": i, "n": i, f"f{i % 7}": f"{i}", f"only_{i}": {"x": [i, None]}}
            for i in range(run * 100, run * 100 + 60)
        ]
        many.append({"_id": run * 100 + 99, "n": 1, f"new_{run}": True})
        replaced(docs, many)
        wanted |= {document["_id"]: document for document in many}
        sync.ok(mongodb_sample_size="1")
    assert documents(sync) == wanted
    assert {"new_0", "new_1", "n", EXTRA} <= columns(sync).keys()


def test_a_frozen_destination_keeps_new_fields_in_extra_and_a_later_run_promotes_them(
    sync: Sync, docs: Collection
) -> None:
    replaced(docs, [{"_id": 1, "n": 1}])
    sync.ok()
    replaced(docs, [{"_id": 2, "n": 2, "late": [1], "Name": "x", "a.b": 5}])
    sync.ok(schema_evolution="freeze")
    assert set(sync.types()) == {"_id", "n", EXTRA}
    replaced(docs, [{"_id": 3, "n": 3, "late": [2], "Name": "y", "a.b": 6}])
    sync.ok(schema_evolution="add_columns")
    assert {"late", "Name", "a.b"} <= columns(sync).keys()
    replaced(docs, [{"_id": 4, "late": [3], "later": 1}])
    sync.ok(schema_evolution="freeze")
    assert documents(sync) == {
        1: {"_id": 1, "n": 1},
        2: {"_id": 2, "n": 2, "late": [1], "Name": "x", "a.b": 5},
        3: {"_id": 3, "n": 3, "late": [2], "Name": "y", "a.b": 6},
        4: {"_id": 4, "late": [3], "later": 1},
    }


TYPED: Mapping[str, Any] = {
    "i": 5,
    "f": 2.0,
    "s": "text",
    "o": ID,
    "u": bson.Binary(bytes(16), 4),
    "m": bson.Binary(b"\xff" * 16, 5),
    "d": bson.Decimal128("1.5"),
    "w": bson.Decimal128("1E+40"),
    "c": bson.Code("f()"),
    "l": ["a"],
    "j": {"a": 1},
}


def test_a_column_keeps_its_form_in_a_run_whose_sample_does_not_show_its_field(
    sync: Sync, docs: Collection
) -> None:
    replaced(docs, [{"_id": 1} | TYPED])
    sync.ok()
    first = sync.rows(", ".join(TYPED))
    old = [{"_id": i} | TYPED for i in range(2, 4)]
    replaced(docs, [*old, *({"_id": i} for i in range(10, 3000))])
    sync.ok(**ALLOWED, mongodb_sample_size="1")
    if "t_dead_letters" in sync.tables():
        assert sync.rows("column_name, reason", "t_dead_letters") == []
    rows = sync.rows(", ".join(("_id", *TYPED)))
    assert [row[0] for row in rows[:3]] == [1, 2, 3]
    assert [row[1:] for row in rows[:3]] == first * 3


def test_a_value_is_written_the_same_way_in_every_run(sync: Sync, docs: Collection) -> None:
    """The same value in the same column is the same text, or a dead letter."""
    replaced(docs, [{"_id": 0, "s": "abc", "o": ID}])
    sync.ok()
    replaced(docs, [{"_id": 1, "s": "abc", "o": ID}, {"_id": 2, "s": 5}, {"_id": 3, "o": "x"}])
    sync.ok(**ALLOWED)
    rows = {row[0]: row[1:] for row in sync.rows("_id, s, o")}
    assert rows[0] == ("abc", str(ID))
    assert rows.get(1, rows[0]) == rows[0]


HASHED = "_x_" + hashlib.sha256(b"~x").hexdigest()[:6]
HOSTILE = (
    "",
    " ",
    "a b",
    "a.b",
    "a_b",
    "a-b",
    "a$b",
    "$a",
    ".",
    "..",
    "Name",
    "name",
    "NAME",
    "straße",
    "strasse",
    "größe",
    "e\u0301",
    "日本",
    "🎉",
    "1st",
    "x" * 300,
    "x" * 301,
    "y" * 400,
    "é" * 400,
    'say "hi"',
    "back\\slash",
    "back`tick",
    "new\nline",
    "tab\t",
    "\x01\x7f",
    "\u2028",
    "'; DROP TABLE t; --",
    "_partition",
    "_PARTITIONTIME",
    "_TABLE_SUFFIX",
    "_FILE_NAME",
    "_row_timestamp",
    "__root__",
    "_EXTRA",
    "_Extra",
    "select",
    "t",
    "~x",
    HASHED,
)
"""Names that MongoDB takes: BigQuery refuses many, and takes some for the same."""


def test_hostile_names_are_columns_of_their_own_that_stay_in_every_run(
    sync: Sync, docs: Collection
) -> None:
    wanted: dict[int, dict[str, Any]] = {}
    names = list(HOSTILE)
    found: dict[str, str] = {}
    for run, share in enumerate((0.5, 0.4, 1.0)):
        chance = random.Random(run)
        chance.shuffle(names)
        some = names[: int(len(names) * share)]
        many = [{"_id": run * 100 + i, name: f"{run} {name!r}"} for i, name in enumerate(some)]
        replaced(docs, many)
        wanted |= {document["_id"]: document for document in many}
        sync.ok()
        after = columns(sync)
        assert {name: after[name] for name in found} == found
        found = after
    assert set(found) == {*HOSTILE, "_id", EXTRA}
    assert len({name.casefold() for name in found.values()}) == len(found)
    assert documents(sync) == wanted


def test_a_description_is_never_longer_than_bigquery_takes(
    sync: Sync, docs: Collection, sent_jobs: list[dict[str, Any]]
) -> None:
    """The local BigQuery takes any, so what counts is what was sent and is read back."""
    long = ["x" * 1100, "\x01" * 400, "é" * 1200]
    replaced(docs, [{"_id": 1} | dict.fromkeys(long, "v")])
    sync.ok()
    told = [column.description or "" for column in sync.table().schema]
    assert max(map(len, told)) <= DESCRIPTION_CHARACTERS
    assert documents(sync, long=long) == {1: {"_id": 1} | dict.fromkeys(long, "v")}


def test_a_field_that_is_called_extra_is_not_lost(sync: Sync, docs: Collection) -> None:
    replaced(docs, ({"_id": i, "_extra": SECRET, "n": 1} for i in range(3)))
    sync.ok(**ALLOWED)
    kept = [str(row) for row in sync.rows("TO_JSON_STRING(t)")]
    if "t_dead_letters" in sync.tables():
        kept += [str(row) for row in sync.rows("TO_JSON_STRING(raw_row)", "t_dead_letters")]
    assert sum(SECRET in row for row in kept) == 3


HIDDEN = (
    "__refused_column",
    "__refused_reason",
    "__refused_value",
    "__raw_row",
    "__dimensions_of_n",
    "__digest",
)


def test_fields_that_are_called_like_the_programs_own_hidden_columns_arrive(
    sync: Sync, docs: Collection
) -> None:
    replaced(docs, [{"_id": 1, "n": 1}])
    sync.ok()
    good = {"_id": 2, "n": 2} | dict.fromkeys(HIDDEN[:4], "mine") | {HIDDEN[4]: 7, HIDDEN[5]: "x"}
    replaced(docs, [good, good | {"_id": 3, "n": "no int"}])
    sync.ok(**ALLOWED)
    assert documents(sync) == {1: {"_id": 1, "n": 1}, 2: good}
    assert sync.rows("column_name, value", "t_dead_letters") == [("n", '"no int"')]


def test_a_column_of_a_dotted_field_never_holds_what_lies_in_a_document(
    sync: Sync, docs: Collection
) -> None:
    replaced(docs, [{"_id": 1, "a.b": 1}])
    sync.ok()
    replaced(docs, [{"_id": 2, "a": {"b": 2}}])
    sync.ok()
    column = columns(sync)["a.b"]
    assert sync.rows(f"_id, `{column}`") == [(1, 1), (2, None)]
    assert documents(sync)[2] == {"_id": 2, "a": {"b": 2}}


CONFIG = "transformation_config"


def everything(sync: Sync, *outputs: str) -> str:
    """All that a run has left: every table's rows and what it printed and logged."""
    rows = []
    for table in sync.tables():
        rows += [str(row) for row in sync.rows("TO_JSON_STRING(x)", f"{table}` AS x --")]
    return "\n".join([*rows, *outputs])


def test_an_excluded_field_is_in_no_table_and_in_no_log(
    sync: Sync, docs: Collection, caplog: pytest.LogCaptureFixture
) -> None:
    config = json.dumps({"exclude_fields": ["ssn", "rare.ssn", "s s n", "gone"]})
    caplog.set_level("INFO")
    replaced(docs, [{"_id": 1, "n": 1, "ssn": SECRET, "s s n": SECRET, "gone": {"a": SECRET}}])
    result = sync.ok(**{CONFIG: config})
    more = [
        {
            "_id": i,
            "n": "no int",
            "ssn": SECRET,
            "s s n": [SECRET],
            "gone": SECRET,
            "rare.ssn": SECRET,
        }
        for i in range(2, 6)
    ]
    replaced(docs, [*more, {"_id": 6, "n": 6, "x": 1, "ssn": SECRET}, {"_id": 7, "n": 7}])
    again = sync.ok(**ALLOWED, **{CONFIG: config})
    assert [row[0] for row in sync.rows("_id")] == [1, 6, 7]
    assert len(sync.rows("row_hash", "t_dead_letters")) == 4
    left = everything(sync, result.out, result.err, again.out, again.err, caplog.text)
    assert SECRET not in left


def test_excluding_a_field_within_a_document_is_refused_and_never_ignored(
    sync: Sync, docs: Collection
) -> None:
    replaced(docs, [{"_id": 1, "person": {"ssn": SECRET, "name": "Ada"}}])
    result = sync(**{CONFIG: json.dumps({"exclude_fields": ["person.ssn"]})})
    assert result.code == 2
    assert "exclude_fields can't reach into documents: 'person.ssn'" in result.err
    assert "t" not in sync.tables()


def test_only_selected_fields_arrive_under_their_new_names(sync: Sync, docs: Collection) -> None:
    config = {"select_fields": ["_id", "a b", "n"], "field_mappings": {"a b": "ab", "n": "_n"}}
    many = [{"_id": 1, "a b": "x", "n": 1, "ssn": SECRET}]
    replaced(docs, many)
    sync.ok(**{CONFIG: json.dumps(config)})
    replaced(docs, [{"_id": 2, "n": 2, "new": SECRET}, {"_id": 3, "n": "bad", "x": SECRET}])
    sync.ok(**ALLOWED, **{CONFIG: json.dumps(config)})
    assert sync.types() == {"_id": "INTEGER", "ab": "STRING", "_n": "INTEGER"}
    assert sync.rows("_id, ab, _n") == [(1, "x", 1), (2, None, 2)]
    assert SECRET not in everything(sync)


def test_a_selection_that_holds_extra_takes_no_field_that_is_not_selected(
    sync: Sync, docs: Collection
) -> None:
    replaced(docs, [{"_id": 1, "a": 1, "ssn": SECRET}])
    sync.ok()
    replaced(docs, [{"_id": 2, "a": 2, "ssn": SECRET, "new": 1}])
    sync.ok(**{CONFIG: json.dumps({"select_fields": ["_id", "a"]})})
    assert sync.rows("_id, a, ssn, _extra") == [(1, 1, SECRET, None), (2, 2, None, None)]


def test_an_inclusive_projection_delivers_what_it_names_sampled_or_not(
    sync: Sync, docs: Collection
) -> None:
    many = [{"_id": i, "a": i, "ssn": SECRET} for i in range(2000)]
    many[3]["rare"] = "kept"
    replaced(docs, many)
    words = {"mongodb_projection": '{"a": 1, "rare": 1}', "mongodb_sample_size": "1"}
    sync.ok(**words)
    kept = sync.rows("TO_JSON_STRING(t)", "t` AS t WHERE _id = 3 --")
    assert "kept" in str(kept)
    assert SECRET not in everything(sync)


def test_an_exclusive_projection_leaves_its_fields_out_and_keeps_all_others(
    sync: Sync, docs: Collection
) -> None:
    many: list[dict[str, Any]] = [
        {"_id": i, "a": i, "m": {"x": 1, "ssn": SECRET}, "ssn": SECRET} for i in range(50)
    ]
    many[3]["rare"] = "kept"
    replaced(docs, many)
    words = {"mongodb_projection": '{"ssn": 0, "m.ssn": 0}', "mongodb_sample_size": "1"}
    sync.ok(**words)
    assert documents(sync)[3] == {"_id": 3, "a": 3, "m": {"x": 1}, "rare": "kept"}
    assert SECRET not in everything(sync)


@pytest.mark.parametrize("rules", [{"exclude_fields": [""]}, {"select_fields": ["_id"]}])
def test_a_parameter_left_empty_names_no_field_not_even_one_without_a_name(
    sync: Sync, docs: Collection, rules: dict[str, list[str]]
) -> None:
    replaced(docs, [{"_id": 1, "": 7}])
    sync.ok(partition_field="", transformation_config=json.dumps(rules))
    assert documents(sync) == {1: {"_id": 1}}


def test_json_numbers_text_keeps_documents_and_extra_as_texts(sync: Sync, docs: Collection) -> None:
    deep = {"n": 67.174118, "i": 2**62, "a": [1.0, None]}
    replaced(docs, [{"_id": 1, "j": deep}])
    sync.ok(json_numbers="text")
    replaced(docs, [{"_id": i, "j": deep, "new": deep} for i in range(2, 9)] + [{"_id": 9}])
    sync.ok(json_numbers="text", schema_evolution="freeze")
    assert sync.types() == {"_id": "INTEGER", "j": "STRING", EXTRA: "STRING"}
    rows = sync.rows("j, _extra")
    assert [json.loads(row[0]) for row in rows if row[0]] == [deep] * 8
    assert [json.loads(row[1]) for row in rows if row[1]] == [{"new": deep}] * 7


def test_an_empty_collection_makes_a_table_that_later_documents_fill(
    sync: Sync, docs: Collection
) -> None:
    docs.database.create_collection(docs.name)
    sync.ok()
    assert sync.types() == {EXTRA: "JSON"}
    replaced(docs, [{"_id": 1, "a": 1}])
    sync.ok()
    assert documents(sync) == {1: {"_id": 1, "a": 1}}


def test_a_merge_by_id_updates_columns_and_extra_alike(sync: Sync, docs: Collection) -> None:
    words = {"write_disposition": "WRITE_MERGE", "merge_keys": "_id"}
    replaced(docs, ({"_id": str(i), "a": i} for i in range(5)))
    sync.ok(**words)
    changed = [{"_id": "1", "a": 10, "new": "x"}, {"_id": "2"}, {"_id": "9", "b.c": [1]}]
    replaced(docs, changed)
    sync.ok(**words)
    wanted = {str(i): {"_id": str(i), "a": i} for i in range(5)}
    wanted |= {document["_id"]: document for document in changed}
    assert documents(sync) == wanted


def made_by_hand(sync: Sync, *fields: tuple[str, str, str]) -> None:
    schema = [bigquery.SchemaField(*field) for field in fields]
    sync.client.create_table(bigquery.Table(f"{PROJECT}.{sync.dataset}.t", schema=schema))


def test_a_table_made_by_hand_keeps_its_types_and_what_does_not_fit_is_a_dead_letter(
    sync: Sync, docs: Collection
) -> None:
    made_by_hand(
        sync,
        ("_id", "INT64", "REQUIRED"),
        ("I", "INT64", "NULLABLE"),
        ("f", "FLOAT64", "NULLABLE"),
        ("s", "STRING", "NULLABLE"),
        ("n", "NUMERIC", "NULLABLE"),
        ("j", "JSON", "NULLABLE"),
        ("l", "FLOAT64", "REPEATED"),
        ("mine", "STRING", "NULLABLE"),
        ("_extra", "JSON", "NULLABLE"),
    )
    fits = {"I": 1, "f": 5, "s": {"a": 1}, "n": bson.Decimal128("1.5"), "j": "x", "l": [1, 2.5]}
    bad = {
        2: ("I", "2"),
        3: ("f", bson.Int64(2**53 + 1)),
        4: ("n", bson.Decimal128("1E-10")),
        5: ("l", ["x"]),
    }
    rows = [{"_id": 1} | fits, *({"_id": i} | fits | dict([change]) for i, change in bad.items())]
    replaced(docs, rows)
    sync.ok(**ALLOWED)
    found = sync.rows("_id, I, f, s, n, TO_JSON_STRING(j), l, mine, _extra")
    assert [row[0] for row in found] == [1]
    assert found[0][1:3] + found[0][5:] == (1, 5.0, '"x"', [1.0, 2.5], None, None)
    assert json.loads(found[0][3]) == {"a": 1}
    assert str(found[0][4]) == "1.5"
    letters = sync.rows(
        "CAST(JSON_VALUE(raw_row, '$._id') AS INT64), column_name", "t_dead_letters"
    )
    assert letters == [(2, "I"), (3, "f"), (4, "n"), (5, "l")]


@pytest.mark.parametrize(
    ("kind", "mode", "value"),
    [
        ("INT64", "NULLABLE", "text"),
        ("STRING", "NULLABLE", bson.DatetimeMS(5)),
        ("STRING", "NULLABLE", ["a"]),
    ],
)
def test_a_table_made_by_hand_that_cannot_hold_the_field_is_a_conflict_and_stays_as_it_was(
    sync: Sync, docs: Collection, kind: str, mode: str, value: object
) -> None:
    made_by_hand(sync, ("_id", "INT64", "NULLABLE"), ("v", kind, mode))
    replaced(docs, [{"_id": 1, "v": value}])
    result = sync()
    assert result.code == 4
    assert "'v'" in result.err
    assert set(sync.types()) == {"_id", "v"}
    assert sync.rows() == []


def test_a_rebuilt_table_takes_its_types_and_names_from_the_sample_alone(
    sync: Sync, docs: Collection
) -> None:
    made_by_hand(
        sync, ("_id", "STRING", "NULLABLE"), ("v", "STRING", "NULLABLE"), ("x", "DATE", "NULLABLE")
    )
    replaced(docs, [{"_id": 1, "v": 5, "Name": 1, "a b": 2}])
    sync.ok(delete_existing_table="true")
    types = sync.types()
    assert {"_id", "v", "Name", EXTRA} < set(types)
    assert "x" not in types
    assert types["v"] == "INTEGER"
    replaced(docs, [{"_id": 1, "v": "text", "name": 1}])
    sync.ok(delete_existing_table="true")
    assert set(sync.types()) == {"_id", "v", "name", EXTRA}
    assert documents(sync) == {1: {"_id": 1, "v": "text", "name": 1}}


def test_a_mark_that_someone_edited_is_no_mark_and_stops_no_run(
    sync: Sync, docs: Collection
) -> None:
    replaced(docs, [{"_id": 1, "v": 1}])
    sync.ok()
    table = sync.table()
    edited = {"v": marked("v")[:-1] + '\\x"'}
    table.schema = [
        bigquery.SchemaField(
            f.name, f.field_type, f.mode, description=edited.get(f.name, f.description)
        )
        for f in table.schema
    ]
    sync.client.update_table(table, ["schema"])
    replaced(docs, [{"_id": 2, "v": 2}])
    sync.ok()
    assert sync.rows("_id, v") == [(1, 1), (2, 2)]
