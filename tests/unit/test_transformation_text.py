"""The text of transformation_config: every fault told at once, and never a salt."""

import json

import pytest

from auto_schema.transform import Condition, Constant, Mask
from auto_schema.transform_text import parse
from sources.secrets import Secret

SALT = "pl4nted-s4lt"
NAME = "projects/p/secrets/s/versions/1"


def faults(**words):
    return [str(fault) for fault in parse(json.dumps(words), Secret.of)[1]]


def test_all_that_it_can_say():
    found, wrong = parse(
        json.dumps(
            {
                "field_mappings": {"a": "b"},
                "select_fields": ["a"],
                "exclude_fields": ["c"],
                "type_casts": {"a": " numeric"},
                "default_values": {"a": 1.5},
                "constants": {"k": 1, "d": {"type": "date", "value": None}},
                "mask": {"e": "last4", "f": {"method": "sha256", "salt": NAME}},
                "filter": [["a", "==", 1], ["b", "NOT  in", ["x"]], ["c", "is null"]],
            }
        ),
        Secret.of,
    )
    assert wrong == []
    assert found.type_casts == (("a", "NUMERIC"),)
    assert found.constants == (Constant("k", "", 1), Constant("d", "DATE", None))
    assert found.masks == (("e", Mask("last4")), ("f", Mask("sha256", Secret(NAME))))
    assert found.row_filter == (
        (Condition("a", "=", 1), Condition("b", "not in", ("x",)), Condition("c", "is null")),
    )


def test_the_method_null_may_be_the_null_of_json_and_yaml():
    masks = {"a": None, "b": {"method": None}, "c": "null"}
    found, wrong = parse(json.dumps({"mask": masks}), Secret.of)
    assert (found.masks, wrong) == (tuple((name, Mask("null")) for name in "abc"), [])
    assert "has a salt, which null" in faults(mask={"a": {"method": None, "salt": SALT}})[0]


def test_a_list_of_lists_is_an_or_of_ands():
    both = [[["a", "=", 1], ["b", "=", 2]], [["c", "=", 3]]]
    found, _ = parse(json.dumps({"filter": both}), Secret.of)
    assert [len(part) for part in found.row_filter] == [2, 1]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ({"masks": {}}, "unknown key 'masks'"),
        ({"type_casts": ["a"]}, "type_casts is not {name: text}"),
        ({"type_casts": {"a": 1}}, "type_casts is not {name: text}"),
        ({"default_values": []}, "default_values is not an object"),
        ({"default_values": {"a": None}}, "the default of 'a' is null"),
        ({"constants": {"a": {"value": 1}}}, "the constant 'a' is not a type and a value"),
        ({"mask": {"a": "md5"}}, "the mask of 'a' is no known method"),
        ({"mask": {"a": {"method": "md5"}}}, "the mask of 'a' has no known method"),
        ({"mask": {"a": {"method": "redact", "salt": SALT}}}, "has a salt, which redact"),
        ({"mask": {"a": {"method": "sha256", "salt": ""}}}, "no text, or an empty one"),
        ({"filter": {"a": 1}}, "filter is not a list of conditions"),
        ({"filter": [["a"]]}, "a condition of filter is malformed"),
        ({"filter": [["a", "like", "x"]]}, "the operators are ="),
        ({"filter": [["a", "in", "x"]]}, "in wants a list of values"),
        ({"filter": [["a", "=", [1]]]}, "= wants a single value"),
        ({"filter": [["a", "=", None]]}, "use is null"),
        ({"filter": [["a", "in", []]]}, "an empty list nothing either"),
        ({"filter": [["a", "is null", 1]]}, "is null takes no value"),
        ({"filter": [["a", "="]]}, "= wants a value"),
    ],
)
def test_what_is_wrong_is_told(words, told):
    (fault,) = faults(**words)
    assert told in fault
    assert "To mend: " in fault


def test_a_key_that_stands_twice_is_refused():
    text = '{"mask": {"a": "redact", "a": "null"}, "mask": {"a": "null"}}'
    assert [str(f).partition(" (")[0] for f in parse(text, Secret.of)[1]] == ["'mask' stands twice"]
    text = '{"mask": {"a": "redact", "a": "null"}}'
    assert "'a' stands twice in mask" in str(parse(text, Secret.of)[1][0])


@pytest.mark.parametrize(
    "mask",
    [
        SALT,
        [SALT],
        {"method": SALT},
        {"method": "sha256", "salt": [SALT]},
        {"method": "last4", "salt": SALT},
        {"method": "sha256", "salt": SALT, SALT: 1},
    ],
)
def test_no_fault_shows_what_a_mask_says(mask):
    assert SALT not in str(faults(mask={"a": mask}))


def test_no_repr_shows_a_salt():
    found, _ = parse(json.dumps({"mask": {"a": {"method": "sha256", "salt": SALT}}}), Secret.of)
    assert SALT not in repr(found)
    assert found.has_plain_salt
