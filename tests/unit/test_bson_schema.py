"""From what a sample shows to columns: joining, forms and names, as properties."""

import hashlib
import itertools
import json
from collections.abc import Mapping
from typing import Any

import bson
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from auto_schema.bson_fields import BsonField, FieldSample
from auto_schema.dead_letters import REFUSED_COLUMN
from auto_schema.evolve import CurrentField
from auto_schema.mongodb_types import (
    CODES,
    EXTRA,
    FORMS,
    REPEATABLE,
    accepted,
    arrow_of,
    form_of,
    mongodb_column,
)
from auto_schema.names import column_fault
from auto_schema.open_fields import (
    MOST_FIELDS,
    column_names,
    field_of,
    form_in,
    marked,
    with_columns,
)
from auto_schema.warehouse_types import REPEATED
from sources.mongodb.rows import Layout, batches
from sources.mongodb.sample import sample_of

TYPES = sorted({*CODES.values()} - {"binData"} | {f"binData:{n}" for n in (0, 2, 3, 4, 5, 128)})
ROOMY = {"json", "json text"}
counts = st.dictionaries(st.sampled_from(TYPES), st.integers(1, 99), max_size=4)
samples = st.builds(
    FieldSample,
    counts,
    counts,
    st.booleans(),
    st.integers(0, 60),
    st.integers(0, 60),
    st.booleans(),
)


def same(one: FieldSample, other: FieldSample) -> bool:
    return one == other and form_of(one) == form_of(other)


@given(samples, samples)
def test_joining_samples_is_commutative(one: FieldSample, other: FieldSample) -> None:
    assert same(one | other, other | one)


@given(samples, samples, samples)
def test_joining_samples_is_associative(a: FieldSample, b: FieldSample, c: FieldSample) -> None:
    assert same((a | b) | c, a | (b | c))


@given(samples)
def test_joining_with_nothing_changes_nothing(one: FieldSample) -> None:
    assert same(one | FieldSample(), one)
    assert form_of(one | one)[:2] == form_of(one)[:2]  # the reason tells how many


@given(samples)
def test_nothing_that_was_sampled_is_refused_by_the_form(sample: FieldSample) -> None:
    form, mode, _ = form_of(sample)
    assume(sample.types)
    if mode == REPEATED:
        assert form in REPEATABLE
        assert sample.types == {"array"}
        assert "null" not in sample.items
        assert set(sample.items) <= accepted(form)
    else:
        assert sample.types <= accepted(form)


@given(samples)
def test_a_form_is_one_of_the_table_and_tells_its_arrow_type(sample: FieldSample) -> None:
    form = form_of(sample)[0]
    assert FORMS[form.partition(":")[0]].arrow == arrow_of(form)


@given(samples, samples)
def test_a_wider_sample_never_gets_a_form_that_refuses_what_a_part_of_it_showed(
    one: FieldSample, other: FieldSample
) -> None:
    form, mode, _ = form_of(one | other)
    if mode != REPEATED:
        assert one.types <= accepted(form)


VALUES: Mapping[str, Any] = {
    "int": st.integers(-(2**31), 2**31 - 1),
    "long": st.integers(-(2**63), 2**63 - 1).map(bson.Int64),
    "double": st.floats(),
    "string": st.text(max_size=5),
    "bool": st.booleans(),
    "null": st.none(),
    "objectId": st.builds(bson.ObjectId, st.binary(min_size=12, max_size=12)),
    "date": st.integers(-62135596800000, 253402300799999).map(bson.DatetimeMS),
    "decimal": st.decimals(allow_nan=True, places=3, min_value=-(10**20), max_value=10**20).map(
        lambda number: bson.Decimal128(str(number))
    ),
    "wide": st.sampled_from(["1E+40", "1E-40", "NaN", "-Infinity", "9" * 34]).map(bson.Decimal128),
    "binary": st.binary(max_size=5),
    "md5": st.binary(max_size=5).map(lambda raw: bson.Binary(raw, 5)),
    "uuid": st.uuids().map(bson.Binary.from_uuid),
    "object": st.dictionaries(st.sampled_from("ab"), st.integers(0, 5), max_size=2),
}
scalars = st.lists(st.sampled_from(sorted(VALUES)), min_size=1, max_size=3).flatmap(
    lambda kinds: st.lists(st.one_of(*(VALUES[kind] for kind in kinds)), min_size=1, max_size=8)
)
fields = scalars | st.lists(scalars, min_size=1, max_size=5)


@given(fields, st.booleans())
def test_values_that_were_all_sampled_are_all_held(values: list[Any], as_text: bool) -> None:
    data = b"".join(bson.encode({"v": value}) for value in values)
    sample = sample_of([data])
    found, documents = sample.fields, sample.documents
    assert documents == len(values)
    column = mongodb_column("v", BsonField(found["v"]), json_as_text=as_text)
    (batch,) = batches(data, Layout((column,)))
    assert REFUSED_COLUMN not in batch.schema.names
    nulls = sum(value is None for value in values)
    if column.select not in ROOMY and not column.is_repeated:
        assert batch.column("v").null_count == nulls


@given(fields, fields)
def test_a_sample_in_parts_shows_what_the_whole_shows(one: list[Any], other: list[Any]) -> None:
    parts = [b"".join(bson.encode({"v": value}) for value in part) for part in (one, other)]
    assert sample_of(parts).fields == sample_of([b"".join(parts)]).fields
    assert sample_of(parts[::-1]).fields == sample_of(parts).fields


@pytest.mark.parametrize("text", [False, True])
@given(first=scalars, more=scalars)
def test_a_column_writes_a_value_in_a_later_run_as_in_the_first(
    text: bool, first: list[Any], more: list[Any]
) -> None:
    """Whatever else the later sample shows; a value may become a dead letter, never another."""
    one = b"".join(bson.encode({"v": value}) for value in first)
    two = one + b"".join(bson.encode({"v": value}) for value in more)
    sample = sample_of([one]).fields["v"]
    assume(sample.types)
    made = mongodb_column("v", BsonField(sample), json_as_text=text)
    later = mongodb_column(
        "v",
        BsonField(sample_of([two]).fields["v"]),
        current=(made.bigquery, made.mode),
        made_as=form_in(CurrentField("v", made.bigquery, description=marked("v", made.select))),
        json_as_text=text,
    )
    assume((later.bigquery, later.mode) == (made.bigquery, made.mode))
    before = batches(one, Layout((made,)))[0].column("v").to_pylist()
    after = batches(one, Layout((later,)))[0].to_pylist()
    kept = [
        (old, row["v"])
        for old, row in zip(before, after, strict=True)
        if row.get(REFUSED_COLUMN) is None
    ]
    assert [repr(new) for _, new in kept] == [repr(old) for old, _ in kept]


PIECES = ["a", "A", "_", ".", "$", " ", "1", "ß", "ss", "é", "~", '"', "\\", "\n", "x" * 150]
names = st.one_of(
    st.lists(st.sampled_from(PIECES), max_size=4).map("".join),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8),
    st.sampled_from([EXTRA, "_EXTRA", "_partition_x", "_TABLE_x", "_id"]),
)
paths = st.lists(names, max_size=8, unique=True)


def table_of(named: Mapping[str, str]) -> dict[str, CurrentField]:
    """The destination as a run leaves it that made these columns."""
    return {
        name.casefold(): CurrentField(name, "STRING", description=marked(path))
        for path, name in named.items()
    }


def injective(named: Mapping[str, str]) -> bool:
    return len({name.casefold() for name in named.values()}) == len(named)


@given(names)
def test_a_mark_tells_its_field(path: str) -> None:
    assert field_of(CurrentField("c", "STRING", description=marked(path))) == path
    assert field_of(CurrentField("c", "STRING", description=marked(path) + ". Edited.")) == path


@given(st.text(max_size=20))
def test_no_description_is_an_error(text: str) -> None:
    for description in (text, 'MongoDB field "' + text, f'MongoDB field "{text}"'):
        field_of(CurrentField("c", "STRING", description=description))


@given(paths)
def test_each_field_has_a_legal_column_of_its_own(some: list[str]) -> None:
    named = column_names(some, {})
    assert set(named) == set(some)
    assert injective(named)
    assert [name for name in named.values() if column_fault(name)] == []


@given(paths, st.randoms(use_true_random=False))
def test_names_depend_on_the_fields_and_not_on_their_order(some: list[str], chance: Any) -> None:
    other = list(some)
    chance.shuffle(other)
    assert column_names(some, {}) == column_names(other, {})


@pytest.mark.parametrize("stray", ["_ID", "Email", "UpdatedAt"])
def test_of_fields_that_differ_in_case_the_frequent_one_keeps_its_name(stray: str) -> None:
    usual = {"_ID": "_id", "Email": "email", "UpdatedAt": "updatedAt"}[stray]
    counts = {stray: 1, usual: 99}
    named = column_names([stray, usual], {}, counts=counts)
    assert named[usual] == usual
    assert injective(named)
    # and one that has its column already keeps it, however rare it has become
    later = column_names([stray, usual], table_of(named), counts={stray: 99, usual: 1})
    assert later == named


def test_of_ten_thousand_fields_the_frequent_and_the_named_get_columns() -> None:
    counts = {f"f{number:05}": 10_000 - number for number in range(10_000)} | {EXTRA: 0}
    current = table_of({"f09998": "f09998"})
    kept = with_columns(counts, current, {"f09999"})
    assert len(kept) == MOST_FIELDS
    assert {"f09999", "f09998", EXTRA, "f00000", f"f{MOST_FIELDS - 4:05}"} <= kept
    assert f"f{MOST_FIELDS - 3:05}" not in kept
    assert with_columns({"a": 1}, current) == {"a"}


@given(st.lists(paths, max_size=5))
def test_a_field_keeps_its_column_in_every_later_run(runs: list[list[str]]) -> None:
    made: dict[str, str] = {}
    for sampled in runs:
        everything = list(dict.fromkeys([*sampled, *made]))
        named = column_names(everything, table_of(made))
        assert {path: named[path] for path in made} == made
        assert injective(named)
        made = named


@given(paths, st.lists(names.filter(lambda name: not column_fault(name)), max_size=4))
def test_a_column_made_by_hand_is_no_fields_but_the_one_that_is_called_so(
    some: list[str], by_hand: list[str]
) -> None:
    current = {name.casefold(): CurrentField(name, "STRING") for name in by_hand}
    named = column_names(some, current)
    assert injective(named)
    for column in current.values():
        if column.name in some:
            assert named[column.name] == column.name


def digits(path: str) -> str:
    return hashlib.sha256(path.encode()).hexdigest()[:6]


def test_a_field_that_is_called_like_the_hashed_name_of_another_has_a_column_of_its_own() -> None:
    path = "~x"
    (hashed,) = column_names([path], {}).values()
    assert hashed.endswith(digits(path))
    assert injective(column_names([path, hashed], {}))
    assert injective(column_names([hashed, path], table_of({hashed: hashed})))
    assert injective(column_names([hashed, path], table_of({path: hashed})))


def test_fields_whose_hashes_share_their_digits_have_columns_of_their_own() -> None:
    seen: dict[str, str] = {}
    for letters in itertools.product("!#%&*+-/:;<=>?", repeat=5):
        path = "".join(letters)
        if digits(path) in seen:
            break
        seen[digits(path)] = path
    other = seen[digits(path)]
    assert injective(column_names([path, other], {}))
    first = column_names([other], {})
    assert injective(column_names([path, other], table_of(first)))


def test_a_field_that_bigquery_takes_keeps_its_name_beside_one_that_it_does_not() -> None:
    """docs/type-mapping.md: a field that BigQuery takes as a column's name keeps it."""
    for legal, other in (("a_b", "a.b"), ("a_b", "a b"), (EXTRA, "_EXTRA"), (EXTRA, "_extra_")):
        assert column_names([other, legal], {})[legal] == legal


def test_a_name_that_bigquery_refuses_ends_in_six_digits_of_its_hash() -> None:
    """docs/type-mapping.md: with dots, dollars or spaces, empty or too long; always the same."""
    for path in ("a.b", "a b", "$a", "", "x" * 301, "1st"):
        for others in ([], ["a_b", "_a", "column"]):
            assert column_names([path, *others], {})[path].endswith(f"_{digits(path)}")


def test_a_mark_is_never_longer_than_a_description_may_be() -> None:
    """https://cloud.google.com/bigquery/docs/schemas#column_descriptions: 1,024 characters."""
    for path in ("x" * 400, "x" * 5000, "\x01" * 400, json.dumps("\\" * 600)):
        assert len(marked(path)) <= 1024
