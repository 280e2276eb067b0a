"""docs/behaviours.md, made from the tables beside this module.

python -m tests.behaviours    writes it (`make docs` does)
"""

from pathlib import Path

from tests.behaviours import (
    beam,
    bigquery,
    mongodb,
    parquet,
    postgresql,
    postgresql_drivers,
    python_libraries,
)
from tests.behaviours.behaviour import Behaviour

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "behaviours.md"
PARTS: dict[str, tuple[Behaviour, ...]] = {
    "PostgreSQL": postgresql.BEHAVIOURS,
    "PostgreSQL's drivers": postgresql_drivers.BEHAVIOURS,
    "MongoDB and its driver": mongodb.BEHAVIOURS,
    "BigQuery and GoogleSQL": bigquery.BEHAVIOURS,
    "Arrow and Parquet": parquet.BEHAVIOURS,
    "Beam and Dataflow": beam.BEHAVIOURS,
    "Python and its libraries": python_libraries.BEHAVIOURS,
}
BEHAVIOURS: tuple[Behaviour, ...] = tuple(one for part in PARTS.values() for one in part)

BAR = "\\|"
"""A bar within a cell, which would end it otherwise."""

HEAD = """# What servers, drivers and tools really do

Made by `python -m tests.behaviours` (`make docs`).

Each line is a place where a good guess is wrong, and where this program either depends on what
really happens or guards against it. None of it is our doing: whoever reads PostgreSQL or MongoDB,
loads BigQuery, or writes Parquet with other tools meets the same.

The version is the one with which it was seen. A behaviour is shown by SQL or code to try, or by
the address of a page that says so. Of the tests, the first named runs the behaviour itself where
it lies under a `test_behaviours_….py`, and so fails when a new version changes it; the other
holds what we do about it.

"""


def document() -> str:
    """docs/behaviours.md."""
    text = HEAD
    for part, behaviours in PARTS.items():
        text += (
            f"## {part}\n\n| what | does | shown by | what we do | tests |\n|---|---|---|---|---|\n"
        )
        text += "".join(map(line, behaviours)) + "\n"
    return text.rstrip("\n") + "\n"


def line(one: Behaviour) -> str:
    """One line of a table.

    >>> one = Behaviour("X 1", "Y.", "SELECT a || b", "Z.", holds="tests/x.py::test_z")
    >>> line(one)
    '| X 1 | Y. | `SELECT a \\\\|\\\\| b` | Z. | `tests/x.py::test_z` |\\n'
    """
    is_page = one.source.startswith("https://")
    quotes = "``" if "`" in one.source else "`"
    source = f"[its page]({one.source})" if is_page else f"{quotes}{one.source}{quotes}"
    tests = ", ".join(f"`{test}`" for test in one.tests)
    cells = (one.thing, one.does, source, one.ours, tests)
    return f"| {' | '.join(cell.replace('|', BAR) for cell in cells)} |\n"


def main() -> None:
    """Write it."""
    DOCUMENT.write_text(document(), encoding="utf-8")


if __name__ == "__main__":
    main()
