"""`select`: which of a file's tables this launch syncs, by tag or pattern. Pure."""

import difflib
from collections.abc import Sequence

from auto_schema.errors import ConfigError, SyncError, shown
from pipeline.tables.patterns import Chosen, matches

TAG = "tag:"
MOST_TABLES = 1000


def select(text: str, chosen: Sequence[Chosen]) -> tuple[tuple[Chosen, ...], list[SyncError]]:
    """The tables that one of the words means; all that are enabled, for no word.

    Args:
        text: names, patterns and tag:NAME, by commas; empty: all.
        chosen: what the file means; disabled tables are never selected.

    Returns:
        Also the words that mean none of them.
    """
    enabled = tuple(one for one in chosen if not one.entry.is_disabled)
    words = [word.strip() for word in text.split(",") if word.strip()]
    kept = enabled
    if words:
        kept = tuple(one for one in enabled if any(_means(word, one) for word in words))
    lost = [word for word in words if not any(_means(word, one) for one in chosen)]
    faults: list[SyncError] = [_unknown(word, chosen) for word in lost]
    if len(kept) > MOST_TABLES:
        why = f"{len(kept):,} tables; {MOST_TABLES:,} are the most of one launch"
        fix = "part them by `select`, or into files of their own."
        faults.append(ConfigError("too many tables", "tables", why, fix))
    return kept, faults


def _means(word: str, one: Chosen) -> bool:
    if word.startswith(TAG):
        return word.removeprefix(TAG) in one.entry.tags
    return matches(word, one.table)


def _unknown(word: str, chosen: Sequence[Chosen]) -> ConfigError:
    tags = {f"{TAG}{tag}" for one in chosen for tag in one.entry.tags}
    near = difflib.get_close_matches(word, [*tags, *(one.table.full_name for one in chosen)], 1)
    fix = f"did you mean {near[0]}?" if near else "name a table, a pattern or tag:NAME."
    return ConfigError("a word that selects nothing", "select", shown(word), fix)
