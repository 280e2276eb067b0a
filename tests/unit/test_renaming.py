"""Names that BigQuery refuses: one mend for all, and names of their own that never change."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auto_schema.names import column_fault, hashed_name, name_faults, new_names

LETTERS = "aA ."
SOME = st.lists(st.text(LETTERS, max_size=3), unique=True, max_size=8)


def _called(names, given, there):
    new = new_names(names, given, there)
    return {name: given.get(name) or new.get(name, name) for name in names}


@given(SOME)
def test_new_names_are_legal_and_no_two_are_alike(names):
    called = _called(names, {}, ())
    assert not any(map(column_fault, called.values()))
    assert len({name.casefold() for name in called.values()}) == len(names)


@given(SOME, SOME, st.data())
def test_what_comes_and_goes_in_the_source_changes_no_name_that_a_run_gave(first, later, data):
    before = _called(first, {}, ())
    staying = [name for name in first if data.draw(st.booleans())]
    now = list(dict.fromkeys([*later, *staying]))
    after = _called(data.draw(st.permutations(now)), {}, before.values())
    assert {name: after[name] for name in staying} == {name: before[name] for name in staying}


def test_one_of_two_that_is_left_alone_keeps_the_name_that_it_was_given():
    there = [hashed_name("Name"), hashed_name("name")]
    assert _called(["name"], {}, there) == {"name": hashed_name("name")}
    assert _called(["name", "NAME"], {}, ["name"]) == {"name": "name", "NAME": hashed_name("NAME")}


def test_a_name_that_the_operator_gives_comes_first():
    given = {"a b": "x", "c": "d"}
    assert _called(["a b", "c", "d", "X"], given, ()) == {
        **given,
        "d": hashed_name("d"),
        "X": hashed_name("X"),
    }
    assert not name_faults(_called(["a b", "c", "d", "X"], given, ()).values())


def test_of_two_that_a_column_of_the_destination_could_be_neither_is_guessed():
    called = _called(["name", "Name"], {}, ["NAME"])
    assert called == {"name": "name", "Name": "Name"}
    assert len(name_faults(called.values())) == 1


@given(SOME)
def test_the_mend_of_all_names_is_one_configuration_that_works(names):
    faults = name_faults(names)
    assert len(faults) == bool(faults)
    for fault in faults:
        text = fault.fix.partition("transformation_config=")[2].partition(" or with AS")[0]
        mappings = json.loads(text)["field_mappings"]
        assert name_faults([mappings.get(name, name) for name in names]) == []


def test_the_mends_of_two_names_that_differ_in_letters_that_are_refused_are_told_apart():
    (fault,) = name_faults(["A b", "a.b"])
    text = fault.fix.partition("transformation_config=")[2].partition(" or with AS")[0]
    assert json.loads(text)["field_mappings"] == {"A b": "A_b", "a.b": hashed_name("a.b")}


def test_the_mend_keeps_what_was_given_and_speaks_of_the_sources_names():
    (fault,) = name_faults(["b c", "e", "f g", "F-g", "F_G"], {"a": "b c", "d": "e"})
    text = fault.fix.partition("transformation_config=")[2].partition(" or with AS")[0]
    assert json.loads(text)["field_mappings"] == {
        "a": "b_c",
        "d": "e",
        "f g": hashed_name("f g"),
        "F-g": hashed_name("F-g"),
    }
    assert "rename_columns=auto" in fault.fix


@pytest.mark.parametrize("name", ["a" * 301, "_PARTITION_x", "_smart_sync_a", "", "🎉"])
def test_any_name_has_a_legal_one_that_depends_on_it_alone(name):
    assert not column_fault(hashed_name(name))
    assert hashed_name(name) == hashed_name(name)
