"""llms.txt: what the project is and where its pages are, for language models (https://llmstxt.org).

python -m tests.llms    rewrites it (`make docs` does), from README and each page's headings
"""

import re
from collections.abc import Iterator

from pipeline.parameters.docs import ROOT

FILE, README = ROOT / "llms.txt", ROOT / "README.md"
OPTIONAL = "Inside"
"""The row of README's table that a short reading may leave out."""
MORE = "More"
"""Pages that README leads to outside of that table."""
LINK = re.compile(r"\[([^]]*)\]\(([^)]*)\)")
LONGEST = 200
"""Characters that are said of a page."""


def text() -> str:
    """The file, made of README's table of pages."""
    first, rest = README.read_text(encoding="utf-8").split("\n", 2)[::2]
    about, _, _ = rest.partition("\n\n")
    lines = [first, "", f"> {plain(about)}", "", *_promises(rest)]
    rows = [*_rows(rest), (MORE, _elsewhere(rest))]
    for name, cell in sorted(rows, key=lambda row: row[0] == OPTIONAL):
        lines += ["", f"## {'Optional' if name == OPTIONAL else name}", "", *_links(cell)]
    return "\n".join(lines) + "\n"


def _promises(page: str) -> Iterator[str]:
    """The points with which README begins."""
    for line in page.split("\n\n")[1].splitlines():
        yield f"- {plain(line.removeprefix('* '))}"


def _rows(page: str) -> Iterator[tuple[str, str]]:
    """The rows of the table of pages: their names and what they lead to."""
    yield from re.findall(r"^\| (\w[^|]*) \| (\[.*\]\(.*) \|$", page, re.M)


def _elsewhere(page: str) -> str:
    """The pages that README leads to in its text alone, each once, with their own titles."""
    listed = {path for _, cell in _rows(page) for _, path in LINK.findall(cell)}
    there = dict.fromkeys(path.partition("#")[0] for _, path in LINK.findall(page))
    pages = [path for path in there if path.startswith("docs/") and path.endswith(".md")]
    return " ".join(f"[{_title(path)}]({path})" for path in pages if path not in listed)


def _title(path: str) -> str:
    return plain((ROOT / path).read_text(encoding="utf-8").splitlines()[0].lstrip("# "))


def _links(cell: str) -> Iterator[str]:
    """A line for each page: its name, its path and what it is about."""
    for name, path in LINK.findall(cell):
        said = about(path)
        yield f"- [{name}]({path})" + (f": {said}" if said else "")


def about(path: str) -> str:
    """The headings of a page, or its first sentence where it has none; empty of a folder."""
    page = ROOT / path
    if not page.is_file():
        return ""
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    heads = [plain(head).replace("`", "") for head in re.findall(r"^## (.+)$", text, re.M)]
    prose = (plain(part) for part in text.split("\n\n") if re.match(r"\s*[\w«`[]", part))
    said = "; ".join(heads) or next((re.split(r"(?<=[.:]) ", one)[0] for one in prose), "")
    return said if len(said) <= LONGEST else said[: said.rfind(" ", 0, LONGEST)] + " …"


def plain(markdown: str) -> str:
    """Text on one line, without links and bold."""
    return " ".join(LINK.sub(r"\1", markdown).replace("**", "").split())


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
