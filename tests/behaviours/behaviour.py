"""One surprise: who does what, how to see it, and what we make of it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Behaviour:
    """A line of docs/behaviours.md.

    Attributes:
        thing: the product, with the version with which it was seen; a service has none.
        does: what it does, in words.
        source: a public address that says so, or the SQL or code that shows it.
        ours: what we do about it.
        shows: the node id of the test that runs the behaviour itself; empty: none does.
        holds: that of the test which holds what we do; empty: only what is shown is held.
    """

    thing: str
    does: str
    source: str
    ours: str
    shows: str = ""
    holds: str = ""

    @property
    def tests(self) -> tuple[str, ...]:
        """Node ids, that of the behaviour itself first."""
        return tuple(filter(None, (self.shows, self.holds)))
