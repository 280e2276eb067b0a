"""I/O. Whether a launch compares keys, and what it finds."""

from dataclasses import replace

from google.cloud import bigquery

from auto_schema.condition_sql import bigquery_condition
from auto_schema.errors import ConfigError
from auto_schema.names import quoted
from auto_schema.row_filter import RowFilter
from pipeline.destination.table_keys import TableKeys
from pipeline.launch.compare_keys import compare_keys, compare_rows, places_at_first
from smart_sync.deletes import DELETED_AT
from smart_sync.draft import Draft
from smart_sync.facts import Facts
from smart_sync.hand_window import not_later
from smart_sync.healing import PARAMETER as HEALS
from smart_sync.healing import compared_columns, reads_all
from smart_sync.history_plan import IS_CURRENT
from smart_sync.missing_keys import ComparedRows
from smart_sync.missing_question import compares, dead_at_source, key_columns
from smart_sync.missing_scope import scope_of
from sources.protocol import ComparingInspector, Inspector, PlacedSource, RowSnapshot, Source
from sources.questions import KeysQuestion
from sources.values import Extract

NOWHERE = "FALSE"


def with_missing(
    draft: Draft, client: bigquery.Client, inspector: Inspector, facts: Facts, run_id: str
) -> Facts:
    """The facts with what the keys of both sides say, where they are to be compared.

    Raises:
        SyncError: a side can't be asked, or the source never can.
    """
    if not compares(draft, facts):
        return facts
    if not isinstance(inspector, ComparingInspector):
        why = "its keys can't be compared"
        raise ConfigError(
            "a source without keys", draft.request.missing.asked, why, "leave it out."
        )
    request, keys = draft.request, key_columns(draft)
    scope, tested, _ = scope_of(draft.request, facts.target, draft.shape.arriving)
    dead, marking = dead_at_source(draft)
    columns, left_out = compared_columns(draft.shape.arriving, facts.target)
    cursor, window = facts.cursor, facts.window
    asked = KeysQuestion(
        keys,
        scope,
        (*tested, *marking),
        dead,
        cursor.source_name if cursor else None,
        columns if request.missing.heals else (),
        compares_dead=_compares_dead(draft),
        up_to=window.window.high if window else None,
        read_up_to=window.begun if window else None,
        tells_later=request.missing.ends,
    )
    partition = draft.merge.partition_field if draft.merge else None
    table = TableKeys(
        client,
        request.destination,
        keys,
        _counts(scope, facts),
        _marked(draft),
        partition,
        columns,
        cursor.name if cursor else "",
        _compared(draft, facts),
        repeats=request.missing.ends,
    )
    with inspector.comparing(inspector.source(Extract(run_id=run_id)), asked) as source:
        of_all = scope is None and dead is None
        places = places_at_first(source, keys, facts.target.rows)
        compared = compare_keys(source, table, places, request.missing, of_all=of_all)
        facts = replace(facts, keys=compared, key_columns=keys)
        if not request.missing.heals:
            return facts
        if not isinstance(source, RowSnapshot):
            why = "its rows can't be compared"
            raise ConfigError("a source without rows to compare", HEALS, why, f"leave {HEALS} out.")
        seen = replace(compare_rows(source, table, places), left_out=left_out)
    return replace(facts, rows=seen, source=_only_differing(facts.source, seen))


def _only_differing(source: Source, seen: ComparedRows) -> Source:
    """The source, which reads rows of the ranges that differ; all where they are many.

    Raises:
        TypeError: it can't.
    """
    if reads_all(seen):
        return source
    if not isinstance(source, PlacedSource):
        raise TypeError(f"{type(source).__name__} where single ranges of keys are read")
    return source.only_in(seen.places, seen.within)


def _counts(scope: RowFilter | None, facts: Facts) -> str:
    """Whether a row of the table is looked at: within what is asked for, and not later."""
    parts = [bigquery_condition(scope)] if scope else []
    return " AND ".join([*parts, *_not_later(facts)]) or "TRUE"


def _not_later(facts: Facts) -> list[str]:
    """Whether a row of the table isn't later than the window, as parts of a condition."""
    if facts.cursor is None or facts.window is None:
        return []
    column = f"s.{quoted(facts.cursor.name)}"
    return [not_later(column, facts.window.window.high, facts.cursor)]


def _compares_dead(draft: Draft) -> bool:
    """Whether rows that the source marks are compared: the table keeps them."""
    mark = draft.merge.mark if draft.merge else None
    return mark is not None and not mark.removes


def _compared(draft: Draft, facts: Facts) -> str:
    """Which rows of the table are compared with those of the source by what they hold.

    All that aren't later, whatever delete_missing_where says: what isn't compared isn't read. Of
    marked rows those that the source marks, too; the source has no others.
    """
    marked, mark = _marked(draft), draft.merge.mark if draft.merge else None
    if mark is not None and _compares_dead(draft) and marked != NOWHERE:
        is_there = mark.column.casefold() in facts.target.by_name()
        marked = f"({marked} != ({mark.holds('s')}))" if is_there else marked
    return " AND ".join([*_not_later(facts), f"NOT {marked}"])


def _marked(draft: Draft) -> str:
    if draft.request.missing.ends:
        return f"(s.{quoted(IS_CURRENT)} IS NOT TRUE)"
    there = DELETED_AT in draft.facts.target.by_name() and draft.request.missing.marks
    return f"(s.{quoted(DELETED_AT)} IS NOT NULL)" if there else NOWHERE
