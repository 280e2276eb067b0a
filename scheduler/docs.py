"""The table of named patterns in docs/scheduling.md, made from the patterns themselves.

`make docs` writes it, and a test fails when it is stale.
"""

from pathlib import Path

from scheduler.cron import PATTERNS

PAGE = Path(__file__).resolve().parent.parent / "docs" / "scheduling.md"
BEGIN, END = "<!-- patterns: made by `make docs` -->", "<!-- end of patterns -->"


def patterns_table() -> str:
    """The patterns as Markdown."""
    heads = ("pattern", "cron", "runs", "good for")
    rows = [(f"`{p.name}`", f"`{p.cron}`", p.runs, p.good_for) for p in PATTERNS]
    lines = [heads, ("---",) * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def page() -> str:
    """The page as it should be."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{patterns_table()}\n\n{END}{after}"


def main() -> None:
    """Write it."""
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
