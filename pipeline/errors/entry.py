"""Entry: one kind of error, as its page explains it. Pure."""

from dataclasses import dataclass

ANY = "…"
"""In the words of an error: what differs from case to case."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One kind of error.

    Attributes:
        slug: its name in addresses, which stays: who renames it adds the old one to `aliases`.
        whats: the first words of its messages, as their `what` has them.
        means: what it says of the run, the table or the source.
        why: what it usually comes of.
        mend: what to do, where the messages don't say it all themselves.
        again: whether a run may be started again; empty: as of its section.
        aliases: slugs that it once had.
        codes: exit codes that no class of its messages has.
    """

    slug: str
    whats: tuple[str, ...]
    means: str
    why: str
    mend: str = ""
    again: str = ""
    aliases: tuple[str, ...] = ()
    codes: tuple[int, ...] = ()

    @property
    def title(self) -> str:
        """Its heading, of which the address of it is made."""
        return self.slug.replace("-", " ")


@dataclass(frozen=True, slots=True)
class Section:
    """Kinds that belong together; `again` holds for those that don't say it themselves."""

    title: str
    again: str
    entries: tuple[Entry, ...]
