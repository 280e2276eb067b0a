"""What a source tells of whether it can be synced from, as values."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Told:
    """One thing that was looked at.

    Attributes:
        name: of it, in a word or two.
        is_good: whether nothing is to be mended.
        text: what was found.
        fix: how to mend it.
    """

    name: str
    is_good: bool
    text: str
    fix: str = ""
