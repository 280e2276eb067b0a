"""llms.txt is made of README, leads to each page, and has the form of https://llmstxt.org."""

import re

from tests.llms import FILE, LINK, OPTIONAL, ROOT, text

PAGES = {f"docs/{page.name}" for page in (ROOT / "docs").glob("*.md")}


def written():
    return FILE.read_text(encoding="utf-8")


def test_it_is_made_of_the_first_page():
    assert written() == text(), "make docs"


def test_it_leads_to_each_page_once_and_to_nothing_that_is_not_there():
    linked = [path for _, path in LINK.findall(written())]
    assert PAGES - set(linked) == set()
    assert [path for path in linked if not (ROOT / path).exists()] == []
    assert len(linked) == len(set(linked))


def test_it_has_the_form_of_such_files():
    title, blank, quote, *rest = written().splitlines()
    assert title.startswith("# ")
    assert blank == ""
    assert quote.startswith("> ")
    heads = [line for line in rest if line.startswith("#")]
    assert all(line.startswith("## ") for line in heads)
    assert heads[-1] == "## Optional"
    assert f"## {OPTIONAL}" not in heads
    listed = rest[rest.index(heads[0]) :]
    line = re.compile(r"- \[[^]]+\]\([^)]+\)(: .+)?")
    assert [one for one in listed if one and one not in heads and not line.fullmatch(one)] == []
