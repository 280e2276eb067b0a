"""The fenced blocks of the documents, each with the kind that its first line names."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.parameters.docs import ROOT

PAGES = sorted(
    [
        *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")),
        *ROOT.glob("[!.]*/README.md"),
        *ROOT.glob("docs/**/*.md"),
        *ROOT.glob("deploy/**/*.md"),
    ]
)
FENCED = re.compile(r"^( *)(`{3,})([^\n]*)\n(.*?)^ *\2 *$", re.M | re.S)
SPLIT = re.compile(r"(?:&&|\|\||[;|])\s")
OURS = ("smart-sync ", "python main.py ", "python -m ", "make ", "--")
"""How commands begin that are ours, or a part of one."""


@dataclass(frozen=True, slots=True)
class Block:
    """A block of a page.

    Attributes:
        page: below the repository.
        line: of the page, where it begins.
        kind: what its first line says it is.
        text: what stands in it.
    """

    page: str
    line: int
    kind: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks_of(path: Path) -> Iterator[Block]:
    """Those of a page, in its order."""
    text = path.read_text(encoding="utf-8")
    page = str(path.relative_to(ROOT))
    for found in FENCED.finditer(text):
        yield Block(page, text.count("\n", 0, found.start()) + 1, found[3], found[4])


BLOCKS = [block for path in PAGES for block in blocks_of(path)]


def of(*kinds: str) -> list[Block]:
    """The blocks of these kinds."""
    return [block for block in BLOCKS if block.kind in kinds]


def commands(text: str) -> Iterator[list[str]]:
    """The words of each command of a script that is ours, without the Python that runs it.

    >>> list(commands("cd x && .venv/bin/python main.py --a='b c'  # yes"))
    [['python', 'main.py', '--a=b c']]
    """
    for line in re.sub(r"\\\n\s*", " ", text).splitlines():
        for part in SPLIT.split(line):
            told = re.sub(r"^(?:.*\$\(|(?:exec|\w+=\S*) )*\s*", "", part.strip())
            told = told.removeprefix("exec ").removeprefix(".venv/bin/")
            if told.startswith(OURS):
                yield shlex.split(told.rstrip(")"), comments=True)
