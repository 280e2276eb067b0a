"""A fault that stands at many places is told once, with its places."""

from auto_schema.errors import FEW_PLACES, MOST_PLACES, ConfigError, ManyErrors, TargetError


def told(count, **more):
    faults = [ConfigError("bad", f"place {n}", "because", "mend it.") for n in range(count)]
    return str(ManyErrors([*faults, *more.get("others", ())]))


def test_few_places_stand_in_the_line():
    assert told(FEW_PLACES) == "1. bad (place 0; place 1; place 2): because. To mend: mend it."


def test_many_places_stand_below_it_up_to_a_bound():
    first, *places = told(MOST_PLACES + 2).splitlines()
    assert first == "1. bad (12 places): because. To mend: mend it."
    assert places == [*(f"   place {n}" for n in range(MOST_PLACES)), "   … and 2 more"]


def test_the_line_names_the_first_of_many_places():
    faults = [ConfigError("bad", f"place {n}", "because", "mend it.") for n in range(12)]
    line = ManyErrors([*faults, ConfigError("worse", "here", "", "x.")]).line
    assert line.startswith("ConfigError: 13 faults: bad (place 0, and 11 more); worse (here).")


def test_faults_that_differ_in_more_than_their_places_stay_apart():
    others = [
        ConfigError("bad", "place 0", "because", "mend it otherwise."),
        ConfigError("bad", "place 0", "of something else", "mend it."),
        ConfigError("worse", "place 0", "because", "mend it."),
        TargetError("bad", "place 0", "because", "mend it."),
        ConfigError("bad", "place 9", "because", "mend it."),
    ]
    lines = told(1, others=others).splitlines()
    assert [line[:2] for line in lines] == ["1.", "2.", "3.", "4.", "5."]
    assert lines[0] == "1. bad (place 0; place 9): because. To mend: mend it."


def test_a_login_in_a_place_is_hidden():
    faults = [ConfigError("bad", f"postgresql://me:secret@db{n}", "", "x.") for n in range(5)]
    assert "secret" not in str(ManyErrors(faults))
