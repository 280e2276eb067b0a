"""Each error has an entry in docs/errors.md, and tells its address where it is told."""

import json
import re
from functools import cache

import pytest

from auto_schema.errors import ConfigError, ManyErrors, SchemaError
from pipeline.command.main import main
from pipeline.errors.entry import ANY
from pipeline.errors.lookup import (
    END,
    MOST_LINKS,
    entry_named,
    entry_of,
    how_to_read,
    see,
    see_text,
    told_data,
    with_address,
)
from pipeline.errors.lookup import PAGE as PLACE
from pipeline.errors.table import SECTIONS
from pipeline.parameters.table import BY_NAME
from tests.errors.page import PAGE, made
from tests.errors.sites import ROOMS, ROOT, Program, Site, Unread
from tests.unit.test_pages import anchors

ENTRIES = [entry for section in SECTIONS for entry in section.entries]
EVER = ROOT / "tests" / "golden" / "error_slugs.txt"
"""Each slug that was ever told: addresses stand in logs, tickets and histories."""


@cache
def found():
    return Program.read().made


def sites():
    return [one for one in found() if isinstance(one, Site)]


def test_what_each_error_says_first_is_known_from_the_text():
    assert [one for one in found() if isinstance(one, Unread)] == []
    assert len(sites()) > 600


def test_each_message_of_the_program_has_an_entry():
    assert [one for one in sites() if entry_of(one.what) is None] == []


def test_no_message_belongs_to_two_entries():
    whats = [what for entry in ENTRIES for what in entry.whats]
    assert sorted(whats) == sorted(set(whats))


def test_each_entry_is_told_by_the_program():
    told = {site.what: entry_of(site.what) for site in sites()}
    unused = [
        what
        for entry in ENTRIES
        for what in entry.whats
        if not any(of is entry and fits(what, one) for one, of in told.items())
    ]
    assert unused == []


def fits(what, told):
    """Whether a message begins with an entry's words."""
    pattern = ".+?".join(map(re.escape, what.split(ANY)))
    return re.match(pattern + END, told) is not None


def test_the_page_is_made_of_the_table_and_the_messages():
    assert PAGE.read_text(encoding="utf-8") == made(), "make docs"


def test_each_address_leads_to_a_heading_of_its_own():
    there = anchors(PAGE)
    slugs = [slug for entry in ENTRIES for slug in (entry.slug, *entry.aliases)]
    assert len(slugs) == len(set(slugs))
    assert [slug for slug in slugs if slug not in there] == []
    assert (ROOT / PLACE) == PAGE


def test_a_slug_that_was_ever_told_still_leads_to_its_entry():
    ever = EVER.read_text(encoding="utf-8").split()
    assert [slug for slug in ever if entry_named(slug) is None] == []
    now = {slug for entry in ENTRIES for slug in (entry.slug, *entry.aliases)}
    assert now - set(ever) == set(), f"add them to {EVER.name}, and never take one away"


def test_an_entry_says_all_that_is_asked_at_three_in_the_morning():
    for section in SECTIONS:
        assert section.again.endswith(".")
        for entry in section.entries:
            assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", entry.slug)
            assert entry.whats
            for text in (entry.means, entry.why, entry.mend or ".", entry.again or "."):
                assert text.endswith((".", "`", ")")), (entry.slug, text)


def test_a_parameter_that_an_entry_sets_is_there():
    named = {
        name
        for section in SECTIONS
        for entry in section.entries
        for text in (entry.means, entry.why, entry.mend, entry.again)
        for name in re.findall(r"`([a-z_]+)=", text)
    }
    assert {"max_dead_letters", "write_disposition", "stale_columns"} & named
    assert named - set(BY_NAME) == set()


LOGIN = ConfigError("missing parameter", "postgresql_host", "needed", "give it.")


def test_an_error_ends_with_the_address_of_its_entry():
    assert with_address(LOGIN.line, see(LOGIN)).endswith(f"give it. See {PLACE}#missing-parameter")
    assert see_text(LOGIN.line) == see(LOGIN)
    assert with_address("no words of ours") == "no words of ours"


def test_several_faults_end_with_the_address_of_each_kind_and_of_many_with_the_page():
    other = SchemaError("type without a mapping", "column 'x'")
    both = ManyErrors([LOGIN, other, ManyErrors([LOGIN])])
    assert see(both) == f"{PLACE}#missing-parameter {PLACE}#type-without-a-mapping"
    assert see_text(both.text) == see(both)
    many = ManyErrors([ConfigError(entry.whats[0]) for entry in ENTRIES[: MOST_LINKS + 1]])
    assert (see(many), see_text(many.text)) == (PLACE, PLACE)


def test_what_is_read_of_an_error_is_an_address_and_the_command_that_prints_it():
    slug = "missing-parameter"
    assert how_to_read(LOGIN.text) == f"{PLACE}#{slug} (smart-sync --help={slug})"
    two = ManyErrors([LOGIN, SchemaError("type without a mapping", "column 'x'")])
    assert how_to_read(two.text) == see(two)
    assert how_to_read("no words of ours") == ""


def test_an_entry_is_found_by_the_longest_of_the_words_that_fit():
    found = {entry.slug: entry_of(f"{entry.whats[0]} (here): why.") for entry in ENTRIES}
    assert {slug: entry and entry.slug for slug, entry in found.items()} == {
        slug: slug for slug in found
    }
    assert entry_of("missing parameters") is None


def test_json_has_the_name_and_the_address_of_each_fault():
    told = told_data(ManyErrors([LOGIN, SchemaError("type without a mapping")]))
    assert [one["slug"] for one in told["errors"]] == [
        "missing-parameter",
        "type-without-a-mapping",
    ]
    assert told["errors"][0]["see"] == f"{PLACE}#missing-parameter"
    calls = {
        path.relative_to(ROOT).as_posix()
        for room in ROOMS
        for path in (ROOT / room).rglob("*.py")
        if re.search(r"\berror_data\(", path.read_text(encoding="utf-8"))
    }
    assert calls == {"auto_schema/errors.py", "pipeline/errors/lookup.py"}


def test_the_command_ends_with_the_address(capsys):
    assert main(["plan", "--json"]) == 2
    out, err = capsys.readouterr()
    assert json.loads(out)["error"]["see"] == f"{PLACE}#missing-parameter"
    assert err.endswith(f" See {PLACE}#missing-parameter\n")


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.title)
def test_help_explains_each_entry(section, capsys):
    for entry in section.entries:
        assert main([f"--help={entry.slug}"]) == 0
        told = capsys.readouterr().out
        assert told.startswith(f"{section.title}: {entry.title}\n\n")
        assert "](" not in told
        assert (entry.again or section.again)[:20] in told
