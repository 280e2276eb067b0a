"""What a query, or a view that it reads, leaves out by number or chance, or until a time comes."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial

from sources.profile import SourceProfile
from sources.ripening import ripening
from sources.some_rows import gives_some

OF_VIEW = "{} (in a view that it reads)"


def with_chosen_rows(
    profile: SourceProfile, query: str, cursor: str, dialect: str
) -> SourceProfile:
    """The profile of a query, with what leaves rows of it out.

    Args:
        profile: which knows the views that are read.
        query: its placeholders bound.
        cursor: its column; empty: it has none.
        dialect: its name in sqlglot.
    """
    views = profile.identity.views
    ripens = partial(ripening, cursor=cursor, dialect=dialect)
    return replace(
        profile,
        some=_first(partial(gives_some, dialect=dialect), query, views),
        ripening=_first(ripens, query, views) if cursor else "",
    )


def _first(told: Callable[[str], str], query: str, views: Iterable[str]) -> str:
    of_views = (OF_VIEW.format(text) for text in map(told, views) if text)
    return told(query) or next(of_views, "")
