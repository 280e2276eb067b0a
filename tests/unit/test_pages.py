"""What the pages name is there: paths, tests, links, headings and make targets."""

import re

import pytest

from pipeline.parameters.docs import ROOT

PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md")),
    *ROOT.glob("[!.]*/README.md"),
    *ROOT.glob("docs/**/*.md"),
    *ROOT.glob("deploy/**/*.md"),
]
TOP = {path.name for path in ROOT.iterdir()}
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
CODE = re.compile(r"`([^`\n]+)`")
SHOWN = re.compile(r"(?<![\w/.-])((?:deploy|docs|examples|findings|tests)/[\w/.-]*\w(?:::\w+)?)")
"""A path within a block of commands; an output or a made file would not begin so."""
LINK = re.compile(r"\]\(([^)#\s]*)(?:#([^)\s]+))?\)")


BLOCK = re.compile(r"^```\w*\n.*?^```$", re.S | re.M)


def without_blocks(page):
    return BLOCK.sub("", page.read_text(encoding="utf-8"))


def in_blocks(page):
    """Paths that the commands of a page name."""
    for block in BLOCK.findall(page.read_text(encoding="utf-8")):
        for word in SHOWN.findall(block):
            path, _, test = word.partition("::")
            yield path, test


def paths(text):
    """Words in code that begin with a file or folder of the repository."""
    for word in CODE.findall(text):
        path, _, test = word.partition("::")
        is_path = re.fullmatch(
            r"[\w.-]+(/[\w.*-]+)+/?|[\w.-]+/|[\w-]+[.](md|py|toml|json|yaml)", path
        )
        if is_path and path.split("/")[0] in TOP:
            yield path, test


def anchors(page):
    """The headings of a page as GitHub links to them, and what is named by hand."""
    text = page.read_text(encoding="utf-8")
    heads = re.findall(r"^#+ (.+)$", without_blocks(page), re.M)
    plain = (re.sub(r"[^\w\s-]", "", head.lower()).strip().replace(" ", "-") for head in heads)
    return {*plain, *re.findall(r'<a id="([^"]+)">', text)}


@pytest.mark.parametrize("page", sorted(PAGES), ids=lambda page: str(page.relative_to(ROOT)))
def test_what_a_page_names_is_there(page):
    text = without_blocks(page)
    missing = []
    for path, test in (*paths(text), *in_blocks(page)):
        there = sorted(ROOT.glob(path.rstrip("/")))
        if not there or (test and f"def {test}(" not in there[0].read_text(encoding="utf-8")):
            missing.append(f"{path}::{test}")
    for target, anchor in LINK.findall(text):
        if re.match(r"https?:|mailto:", target):
            continue
        place = (page.parent / target) if target else page
        if not place.exists() or (anchor and anchor not in anchors(place)):
            missing.append(f"{target}#{anchor}")
    words = (word for word in CODE.findall(text) if word.startswith("make "))
    missing += [word for word in words if word.split()[1] not in TARGETS]
    assert missing == []


def test_paths_are_found_and_missed():
    text = "`tests/unit/test_pages.py::test_x` `pipeline/gone.py` `docs/` `SELECT a/b` `main.py`"
    assert list(paths(text)) == [
        ("tests/unit/test_pages.py", "test_x"),
        ("pipeline/gone.py", ""),
        ("docs/", ""),
        ("main.py", ""),
    ]


def test_each_decision_has_a_number_of_its_own():
    pages = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    numbers = [int(page.name.partition("-")[0]) for page in pages]
    assert numbers == sorted(set(numbers))
    heads = [page.read_text(encoding="utf-8").partition(". ")[0] for page in pages]
    assert heads == [f"# {number}" for number in numbers]


def test_the_first_page_is_read_in_some_minutes():
    words = (ROOT / "README.md").read_text(encoding="utf-8").split()
    assert len(words) < 1500


def test_the_first_page_leads_to_each_page():
    linked = {target for target, _ in LINK.findall((ROOT / "README.md").read_text("utf-8"))}
    pages = {f"docs/{page.name}" for page in (ROOT / "docs").glob("*.md")}
    assert pages - linked == set()
