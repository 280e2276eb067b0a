"""YAML → values with their places: what YAML says, what is refused, and how much is borne."""

import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pipeline.parameters.document import DEEPEST, MOST_VALUES, read_document
from pipeline.parameters.nodes import MOST_BYTES, Items, Pairs, Place, Text, json_text, unclear

TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=8)
VALUES = st.recursive(
    TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=12,
)


def plain(node):
    """As the library's own reader would say it, all scalars as texts."""
    if isinstance(node, Text):
        return node.text
    if isinstance(node, Items):
        return [plain(item) for item in node.items]
    return {key.text: plain(value) for key, value in node.pairs}


def told(text):
    """The faults of a document, each as what and where."""
    _, faults = read_document(text, "tables")
    return [(fault.what, fault.where) for fault in faults]


@given(VALUES)
def test_json_is_read_as_json_says_it(value):
    node, faults = read_document(json.dumps(value, ensure_ascii=False), "tables")
    assert not faults
    assert plain(node) == value


@given(VALUES)
def test_yaml_is_read_as_its_library_says_it(value):
    text = yaml.safe_dump(value, allow_unicode=True)
    node, faults = read_document(text, "tables")
    assert not faults
    assert plain(node) == yaml.load(text, Loader=yaml.BaseLoader)


def test_scalars_stay_as_they_are_written_and_nothing_is_empty():
    node, _ = read_document("a: true\nb: 1.10\nc: 2025-07-01\nd: null\ne: ~\nf:\ng: 'null'", "t")
    assert plain(node) == {
        "a": "true",
        "b": "1.10",
        "c": "2025-07-01",
        "d": "",
        "e": "",
        "f": "",
        "g": "null",
    }


def test_a_key_is_a_name_whatever_yaml_makes_of_it():
    node, faults = read_document("null: 1\n~: 2\ntrue: 3\n2025-07-01: 4\n010: ~\n", "t")
    assert not faults
    assert plain(node) == {"null": "1", "~": "2", "true": "3", "2025-07-01": "4", "010": ""}


def test_each_value_knows_its_line_and_column():
    node, _ = read_document("tables:\n  public.orders: [id, 'b']\n", "t")
    assert isinstance(node, Pairs)
    ((_, inner),) = node.pairs
    assert isinstance(inner, Pairs)
    ((key, items),) = inner.pairs
    assert key == Text("public.orders", Place(2, 3))
    assert items == Items((Text("id", Place(2, 19)), Text("b", Place(2, 23))), Place(2, 18))


def test_aliases_and_merge_keys_are_followed():
    node, faults = read_document(
        "base: &b {x: 1, y: 2}\nother: &o {y: 9, z: 3}\none: {<<: *b, y: 5}\n"
        "two: {<<: [*b, *o]}\nthree: *b\nfour: {'<<': 7}\n",
        "t",
    )
    assert not faults
    read = plain(node)
    assert read["one"] == {"x": "1", "y": "5"}
    assert read["two"] == {"x": "1", "y": "2", "z": "3"}
    assert (read["three"], read["four"]) == ({"x": "1", "y": "2"}, {"<<": "7"})


def test_all_faults_are_told_by_their_places():
    text = "a: 1\nb: 2\na: 3\nc: !python/object x\n? [k]\n: 4\nd: {<<: 5}\n"
    assert told(text) == [
        ("a key stands twice", "tables, line 3, column 1"),
        ("a tag", "tables, line 4, column 4"),
        ("a key that is no text", "tables, line 5, column 3"),
        ("`<<` of no mapping", "tables, line 7, column 9"),
    ]


@pytest.mark.parametrize(
    ("text", "what", "where"),
    [
        ("a: {b\n c: *\n", "not YAML", "tables, line 2, column 3"),
        ("a: b\n---\nc: d\n", "a second document", "tables, line 2, column 1"),
        ("a: *nobody\n", "an alias of nothing", "tables, line 1, column 4"),
        ("a: &a [*a]\n", "an alias within what it names", "tables, line 1, column 8"),
        ("a: \x00", "not YAML", "tables, line 1, column 4"),
        ("[" * (DEEPEST + 1), "nested too deep", f"tables, line 1, column {DEEPEST + 1}"),
        ("#" * (MOST_BYTES + 1), "too large", "tables"),
    ],
    ids=["syntax", "documents", "alias", "circle", "control", "deep", "large"],
)
def test_a_document_that_can_not_be_read_is_one_fault(text, what, where):
    assert told(text) == [(what, where)]


def test_aliases_that_stand_for_more_than_is_borne_are_refused_before_they_are_followed():
    lines = ["a: &a [" + "x," * 9 + "]"]
    for name, before in zip("bcdefghi", "abcdefgh", strict=True):
        lines.append(f"{name}: &{name} [" + f"*{before}," * 9 + "]")
    ((what, where),) = told("\n".join(lines))
    assert (what, where.partition(",")[0]) == ("too large", "tables")
    assert MOST_VALUES < 9**6


def test_nothing_at_all_is_an_empty_mapping():
    assert [read_document(text, "t") for text in ("", "# words\n")] == [(Pairs(()), [])] * 2


JSON_VALUES = st.recursive(
    TEXTS | st.integers() | st.booleans() | st.none() | st.floats(-9e9, 9e9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=12,
)


@given(JSON_VALUES)
def test_what_is_json_is_given_on_as_the_same_json(value):
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    node, faults = read_document(text, "tables")
    assert not faults
    assert json.loads(json_text(node)) == value
    assert not list(unclear(node))


@pytest.mark.parametrize("word", ["1_000", "+5", ".5", "012", "0x1F", "yes", "True", ".inf", "1."])
def test_a_word_that_may_be_a_number_or_a_text_is_unclear_without_quotes_only(word):
    node, _ = read_document(f"{{age: [{word}, '{word}', 2025-07-01, 5m, id]}}", "tables")
    assert [text.place for text in unclear(node)] == [Place(1, 8)]


@pytest.mark.parametrize("character", ["\0", "\x07", "\ufffe", "\udcff"])
def test_characters_that_yaml_does_not_take_are_told_by_their_place(character):
    assert told(f"ä: ü\nö: x{character}") == [("not YAML", "tables, line 2, column 5")]
