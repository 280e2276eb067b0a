"""The JSON schema of transformation_config judges as the parser does."""

import json

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auto_schema.transform_text import KEYS, OPERATORS, parse
from pipeline.parameters.transformation_schema import json_schema, properties
from sources.secrets import Secret

JUDGE = jsonschema.Draft202012Validator(json_schema())
VALUES = st.sampled_from(["a", 1, 2.5, True, None, [], {}, ["a"], [1, "b"], "sha256", "DATE"])
MASKS = st.sampled_from(
    [*("sha256", "redact", "last4", "null", "md5", None), {"method": "sha256", "salt": "s"}]
) | st.dictionaries(st.sampled_from(["method", "salt"]), st.sampled_from(["sha256", "", None]))
TYPED = st.fixed_dictionaries({"type": st.sampled_from(["DATE", "STRING"]), "value": VALUES})
CONDITION = st.lists(st.sampled_from(["a", *OPERATORS]) | VALUES, min_size=1, max_size=4)
PARTS = {
    "field_mappings": st.dictionaries(st.sampled_from("ab"), st.sampled_from(["x", 1])),
    "select_fields": st.lists(VALUES, max_size=2),
    "exclude_fields": st.lists(st.sampled_from("ab"), max_size=2),
    "type_casts": st.dictionaries(st.sampled_from("ab"), st.sampled_from(["NUMERIC", 5])),
    "default_values": st.dictionaries(st.sampled_from("ab"), VALUES, max_size=1),
    "constants": st.dictionaries(st.sampled_from("ab"), VALUES | TYPED, max_size=1),
    "mask": st.dictionaries(st.sampled_from("ab"), MASKS),
    "filter": st.lists(CONDITION | st.lists(CONDITION, max_size=2), max_size=2),
}
CONFIGS = st.sampled_from(KEYS).flatmap(lambda key: PARTS[key].map(lambda part: {key: part}))


def test_it_is_a_schema_and_has_each_key():
    JUDGE.check_schema(json_schema())
    assert tuple(properties()) == KEYS


@given(CONFIGS)
def test_what_the_schema_takes_the_parser_takes(config):
    if JUDGE.is_valid(config):
        assert parse(json.dumps(config), Secret.of)[1] == []


@pytest.mark.parametrize("key", KEYS)
@given(st.data())
def test_what_the_parser_refuses_the_schema_refuses(key, data):
    config = {key: data.draw(PARTS[key])}
    if parse(json.dumps(config), Secret.of)[1]:
        assert not JUDGE.is_valid(config), config
