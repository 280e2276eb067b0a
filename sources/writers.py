"""Who writes what a query reads, and how a column gets its numbers: values."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Writers:
    """What is known of those who write the relations of a query.

    Attributes:
        read: OIDs of the relations that are read, children and what lies behind views too.
        unseen: why some who write can't be seen; a fixed time is waited for those.
        refreshed: materialized views: rows come with a refresh, however old.
        stopped: why rows of any age are still to come: a subscription that doesn't run.
    """

    read: tuple[int, ...] = ()
    unseen: tuple[str, ...] = ()
    refreshed: tuple[str, ...] = ()
    stopped: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Numbers:
    """How an integer column gets its values.

    Attributes:
        blocks: why lower values may be used after higher ones; empty: nothing says so.
        fix: what ends that, in the server.
        is_told: whether the server gives the values out; if not, nobody here knows.
        restarts: the sequence that begins again after its last value; empty: none does.
        falls: the sequence of the column whose values fall; empty: none does.
        may_repeat: whether nothing says that rows have values of their own: seconds and days are
            written as numbers, too.
    """

    blocks: str = ""
    fix: str = ""
    is_told: bool = True
    restarts: str = ""
    falls: str = ""
    may_repeat: bool = False
