"""Which entry an error belongs to, and the address of it. Pure."""

import re
from collections.abc import Iterable
from functools import cache

from auto_schema.errors import ManyErrors, SyncError, error_data
from pipeline.errors.entry import ANY, Entry, Section

PAGE = "docs/errors.md"
"""Where the entries stand; the one place that says it: a path, as in all texts of ours."""
MOST_LINKS = 3
"""Of several faults at once so many kinds have their addresses told; of more, the page."""
NAMED = re.compile(r"\w+Error: ")
NUMBER = re.compile(r"\d+\. ")
"""How the line of a fault begins where several are told."""
END = r"(?= \(|[:,] |[.!?](?: |$)|$)"
"""What follows the first words of a message: its place, its reason, its end."""


def entry_of(what: str) -> Entry | None:
    """The entry of an error by its `what`, or of a text that begins with it.

    >>> entry_of("missing parameter").slug
    'missing-parameter'
    >>> entry_of("missing parameter (postgresql_host): needed. To mend: give it.").slug
    'missing-parameter'
    """
    plain, patterns = _known()
    fitting = [(len(first), entry) for first, entry in plain.items() if _begins(what, first)]
    if not fitting:
        fitting = [(len(p.pattern), entry) for p, entry in patterns if p.match(what)]
    return max(fitting, key=lambda pair: pair[0])[1] if fitting else None


def entry_named(slug: str) -> tuple[Section, Entry] | None:
    """The entry of a slug, also of one that it once had, and its section."""
    from pipeline.errors.table import SECTIONS  # as below

    pairs = ((section, entry) for section in SECTIONS for entry in section.entries)
    return next((pair for pair in pairs if slug in (pair[1].slug, *pair[1].aliases)), None)


def slugs() -> list[str]:
    """Of all entries, as they are now."""
    from pipeline.errors.table import SECTIONS  # as below

    return [entry.slug for section in SECTIONS for entry in section.entries]


def see(error: SyncError) -> str:
    """The address of an error's entry; empty: it has none.

    >>> see(SyncError("missing parameter"))
    'docs/errors.md#missing-parameter'
    """
    return _addresses(_slugs(one.what for one in _each(error)))


def see_text(text: str) -> str:
    """The same of an error's text, as a run's event and the last line have it.

    >>> see_text("ConfigError: half a login (postgresql_password). To mend: give both.")
    'docs/errors.md#half-a-login'
    """
    return _addresses(_slugs(_faults(text)))


def how_to_read(text: str) -> str:
    """Where an error's text is explained, and the command that prints it; empty: it has no entry.

    >>> how_to_read("ConfigError: half a login (postgresql_password). To mend: give both.")
    'docs/errors.md#half-a-login (smart-sync --help=half-a-login)'
    """
    slugs = _slugs(_faults(text))
    by_help = f" (smart-sync --help={slugs[0]})" if len(slugs) == 1 else ""
    return f"{_addresses(slugs)}{by_help}"


def _faults(text: str) -> list[str]:
    """The text of each fault: of several each has a line with its number."""
    faults = [NUMBER.sub("", line) for line in text.splitlines() if NUMBER.match(line)]
    return [NAMED.sub("", fault, count=1) for fault in faults or [text]]


def _slugs(whats: Iterable[str]) -> list[str]:
    entries = (entry_of(what) for what in whats)
    return list(dict.fromkeys(entry.slug for entry in entries if entry))


def _addresses(slugs: list[str]) -> str:
    if len(slugs) > MOST_LINKS:
        return PAGE
    return " ".join(f"{PAGE}#{slug}" for slug in slugs)


def with_address(text: str, address: str | None = None) -> str:
    """A text with the address of its entry behind it; behind several lines on one of its own.

    Args:
        text: of an error.
        address: None: that of the entry which the text begins with.
    """
    address = see_text(text) if address is None else address
    between = "\n" if "\n" in text else " "
    return f"{text}{between}See {address}" if address else text


def told_data(error: SyncError) -> dict[str, object]:
    """An error in parts, for programs, with the name and the address of its entry."""
    told, entry = error_data(error), entry_of(error.what)
    told |= {"slug": entry.slug if entry else "", "see": see(error)}
    if isinstance(error, ManyErrors):
        told["errors"] = [told_data(one) for one in error.errors]
    return told


def _each(error: SyncError) -> Iterable[SyncError]:
    if isinstance(error, ManyErrors):
        return (one for inner in error.errors for one in _each(inner))
    return (error,)


def _begins(text: str, first: str) -> bool:
    return text == first or (text.startswith(first) and bool(re.match(END, text[len(first) :])))


@cache
def _known() -> tuple[dict[str, Entry], list[tuple[re.Pattern[str], Entry]]]:
    """Entries by their whole first words, and by those that differ from case to case."""
    from pipeline.errors.table import SECTIONS  # who has no error to tell needs none of it

    pairs = [(what, e) for section in SECTIONS for e in section.entries for what in e.whats]
    plain = {what: entry for what, entry in pairs if ANY not in what}
    patterns = [
        (re.compile(".+?".join(map(re.escape, what.split(ANY))) + END, re.S), entry)
        for what, entry in pairs
        if ANY in what
    ]
    return plain, patterns
