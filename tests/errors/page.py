"""docs/errors.md: the table of errors with what each message says, found in the program's text."""

from collections.abc import Iterable, Iterator

from pipeline.errors.entry import Entry, Section
from pipeline.errors.lookup import entry_of
from pipeline.errors.table import SECTIONS
from tests.errors.sites import ROOT, Program, Site

PAGE = ROOT / "docs" / "errors.md"
MOST_MENDS = 20
"""Ways to mend one message that are shown."""
HEAD = """\
# Errors

Each error says what is wrong, where, why and how to mend it, and ends with the address of its entry here: `See docs/errors.md#half-a-login`. The words before the first bracket or colon are the entry's, whatever the names and figures behind them. With `--json` an error has `slug` and `see`; a webhook's message has `see`; what `error` of the run history begins with is found here by its words; `smart-sync --help=half-a-login` prints the entry.

A run that ends with an error has published nothing, unless its entry says so: a table is published in one atomic step, and the watermark moves with it. What each exit code means: [Exit codes](runs.md#exit-codes).

This page is made by `make docs` of the table in `pipeline/errors` and of the messages in the code.
"""


def page(sites: Iterable[Site], codes: dict[str, int]) -> str:
    """The whole page.

    Args:
        sites: all places that make an error.
        codes: exit codes by class.
    """
    by_entry: dict[str, list[Site]] = {}
    for site in sites:
        entry = entry_of(site.what)
        if entry:
            by_entry.setdefault(entry.slug, []).append(site)
    parts = [HEAD, _contents()]
    for section in SECTIONS:
        parts.append(f"## {section.title}\n")
        parts += [
            _entry(section, one, by_entry.get(one.slug, []), codes) for one in section.entries
        ]
    return "\n".join(parts)


def _contents() -> str:
    lines = []
    for section in SECTIONS:
        links = ", ".join(f"[{one.title}](#{one.slug})" for one in section.entries)
        lines.append(f"* **{section.title}**: {links}")
    return "\n".join(lines) + "\n"


def _entry(section: Section, entry: Entry, sites: list[Site], codes: dict[str, int]) -> str:
    kinds = sorted({site.kind for site in sites})
    ends = sorted({codes[kind] for kind in kinds if kind in codes} | set(entry.codes))
    code = f"Exit code {' or '.join(map(str, ends))}." if ends else ""
    old = "".join(f'<a id="{alias}"></a>' for alias in entry.aliases)
    lines = [
        f"### {entry.title}\n",
        f"{old}{entry.means} **{code}**",
        "",
        f"* **Why.** {entry.why}",
        *([f"* **To mend.** {entry.mend}"] if entry.mend else []),
        f"* **Run it again?** {entry.again or section.again}",
        "",
        *_forms(sites),
        "",
    ]
    return "\n".join(lines)


def _forms(sites: list[Site]) -> Iterator[str]:
    """The messages as they are told: each with its mends."""
    mends: dict[str, set[str]] = {}
    for site in sites:
        mends.setdefault(f"{site.kind}: {site.what}", set()).add(site.mend)
    yield "```text"
    for message, ways in sorted(mends.items()):
        told = sorted(ways - {""})
        yield f"{message} (where): why." + (f" To mend: {told[0]}" if len(told) == 1 else "")
        if len(told) > 1:
            yield from (f"  To mend: {way}" for way in told[:MOST_MENDS])
            if len(told) > MOST_MENDS:
                yield f"  … and {len(told) - MOST_MENDS} more"
    yield "```"


def made() -> str:
    """The page as the code has it now."""
    program = Program.read()
    sites = [one for one in program.made if isinstance(one, Site)]
    return page(sites, program.kinds)
