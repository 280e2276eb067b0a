"""What a plan says at its head and its foot: warnings, and notes on which nobody has to act.

Pure. Much of it is of lawful choices whose price is easily missed.
"""

from collections.abc import Iterator

from auto_schema.schema import TableSchema
from auto_schema.warehouse_types import PARTITION_TYPES
from smart_sync.another_column import another_column_warnings
from smart_sync.backfill_columns import tested_note
from smart_sync.cursor import Cursor
from smart_sync.cursor_plan import COUNT, late_numbers, reaching, too_coarse
from smart_sync.draft import Draft
from smart_sync.facts import Facts
from smart_sync.history_plan import coarse_warning
from smart_sync.key_proof import unproven_keys
from smart_sync.left_out import later_note, left_out_warnings
from smart_sync.lifetimes import lifetime_warnings, source_lifetime_warnings
from smart_sync.made_anew import made_warning
from smart_sync.marks import mark_warnings
from smart_sync.missing_plan import lacking_warnings
from smart_sync.moved_zone import moved_warning
from smart_sync.other_keys import keys_warning
from smart_sync.predicate import ROWS, SEVERAL
from smart_sync.renaming import renaming_note
from smart_sync.request import SyncRequest, WriteDisposition
from smart_sync.seen_whole import unseen_warnings
from smart_sync.source_labels import SOURCE, is_unclaimed, reads_on, source_labels
from smart_sync.sql_text import SqlText
from smart_sync.unread_rows import unread_warnings
from smart_sync.value_text import counted, have
from smart_sync.whole_days import midnight_warnings
from smart_sync.zone_advice import zone_warnings
from sources.profile import SourceProfile


def plan_advice(draft: Draft) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The warnings and the notes of a draft with all its facts."""
    told = plan_warnings(draft.request, draft.facts)
    keys = unproven_keys(draft.request, draft.shape.schema, draft.facts.profile)
    lifetimes = lifetime_warnings(draft.request, draft.shape.schema.partitioning, draft.facts)
    return (
        (
            *told,
            *_other_rows(draft),
            *lacking_warnings(draft.request, draft.facts),
            *_other_marks(draft),
            *_other_columns(draft),
            *_other_table(draft),
            *_other_keys(draft),
            *_other_zone(draft),
            *_another_column(draft),
            *keys,
            *lifetimes,
            *source_lifetime_warnings(draft.request, draft.facts),
            *_own_texts(draft.shape.reading),
            *_new_columns(draft),
        ),
        _notes(draft),
    )


def _other_rows(draft: Draft) -> Iterator[str]:
    """That rows which were left out so far, and are no more, lie where no window begins."""
    request, facts = draft.request, draft.facts
    if not draft.labels.had_others or not reads_on(request) or facts.is_first:
        return
    is_unsure = dict(facts.target.labels).get(ROWS) == SEVERAL  # a run died, or was undone
    yield (
        "what leaves rows out (query, view, filter or transform_sql) is another than in the runs so"
        f" far, as the label {ROWS} of {request.destination} says: rows that it left out then, and"
        " no more, lie below the window's start, and no window reads them. Bring them by one run"
        " with enable_smart_sync=false and write_disposition=WRITE_MERGE, with repair=true, with"
        " delete_existing_table=true, or with sync_start and sync_end. Where the same rows come as"
        " before, nothing is to be done. This is told until a run has published rows"
        + (", and may be of columns, masks and defaults: they are brought so, too" * is_unsure)
    )


def _other_marks(draft: Draft) -> Iterator[str]:
    """Of rows that the source has marked under another deleted_column, or none."""
    request, facts, labels = draft.request, draft.facts, draft.labels
    merges = request.publishing.write_disposition is WriteDisposition.MERGE
    if not merges or not reads_on(request) or facts.is_first:
        return
    mark = draft.merge.mark if draft.merge else None
    yield from mark_warnings(
        request, facts.target, mark, is_new=labels.is_mark_new, had_other=labels.had_mark
    )


def _other_columns(draft: Draft) -> Iterator[str]:
    """That columns which were left out so far, and are no more, lack their values in older rows."""
    request = draft.request
    if draft.labels.had_fewer and reads_on(request) and not draft.facts.is_first:
        yield (
            "select_fields, exclude_fields, mask or default_values are others than in the runs so"
            f" far, as the label {ROWS} of {request.destination} says: a column that they left out"
            " or made otherwise has NULL, or the value of before, in rows which this run doesn't"
            " bring. Fill it by one run with backfill_columns and its name, or load all rows anew"
            " by delete_existing_table=true. This is told until a run has published rows"
        )


def _other_table(draft: Draft) -> Iterator[str]:
    """That rows of a table that was made anew may lie where no window begins."""
    if draft.labels.is_made_anew and not draft.facts.is_first:
        yield made_warning(draft.request, draft.facts.profile)


def _other_keys(draft: Draft) -> Iterator[str]:
    """That rows whose keys have changed stay; where missing keys are looked for, they go."""
    if draft.labels.had_keys and not draft.request.missing.deletes:
        yield keys_warning(draft.request)


def _other_zone(draft: Draft) -> Iterator[str]:
    """That rows may be stamped below those that were read."""
    if draft.labels.had_zone and not draft.facts.is_first:
        yield moved_warning(draft.request, draft.facts)


def _another_column(draft: Draft) -> Iterator[str]:
    """That a column's values may have changed without a cursor that moved."""
    if reads_on(draft.request) and not draft.facts.is_first:
        yield from another_column_warnings(draft.request, draft.facts)


def plan_warnings(request: SyncRequest, facts: Facts) -> tuple[str, ...]:
    """What the operator should know before the run."""
    doubles = _doubling(request, facts)
    return (
        *([doubles] if doubles else []),
        *(facts.window.warnings if facts.window else ()),
        *(_cursor_warnings(request, facts, facts.cursor) if facts.cursor else ()),
        *_table_warnings(request, facts),
        *_sql_warnings(request, facts),
        *_filter_warnings(request),
        *_moving_keys(request, facts.cursor),
    )


def _moving_keys(request: SyncRequest, cursor: Cursor | None) -> Iterator[str]:
    """That each version of a row is a row of its own where its stamp is one of several keys."""
    asked, missing = request.publishing, request.missing
    rest = [key for key in asked.merge_keys if cursor and key.casefold() != cursor.name.casefold()]
    is_one = 0 < len(rest) < len(asked.merge_keys)
    merges = asked.write_disposition is WriteDisposition.MERGE and not missing.deletes
    if cursor and not cursor.is_integer and is_one and merges:
        yield (
            f"the cursor {cursor.name} is one of the merge keys: a row that is stamped anew has"
            f" another key, and its older version stays beside it in {request.destination}. Where"
            f" stamps change, leave it out, if the others tell rows apart"
            f" (merge_keys={','.join(rest)}), or let delete_missing remove such versions. Where"
            " each row keeps its stamp, nothing is to be done"
        )


def _filter_warnings(request: SyncRequest) -> Iterator[str]:
    """That a merge brings no news of a row that the filter leaves out."""
    asked = request.publishing.write_disposition
    if asked.is_by_key and request.schema.transformation.row_filter and not request.backfills:
        yield (
            "a row that no longer passes the filter keeps its older version in"
            f" {request.destination}: {asked} updates only rows that pass. Where that matters,"
            " leave the filter out, and filter where the table is read"
        )


def _sql_warnings(request: SyncRequest, facts: Facts) -> Iterator[str]:
    if facts.sql is None:
        return
    yield from SqlText(request.publishing.sql).warnings(of_window=facts.window is not None)
    if str(request.destination) in facts.sql.tables:
        yield f"transform_sql reads {request.destination} itself, as it is before the run"
    most = request.reading.max_bytes_billed
    read = (facts.sql.bytes or 0) + (facts.evidence.estimated_bytes or 0)
    if most is not None and read > most:
        yield (
            f"transform_sql reads about {read:,} bytes by the source's estimate of its rows:"
            f" BigQuery refuses it if it is more than max_bytes_billed={most:,}"
        )


def _notes(draft: Draft) -> tuple[str, ...]:
    """What else may be of use."""
    facts, shape = draft.facts, draft.shape
    advised = (
        later_note(facts.evidence) if facts.is_first else "",
        draft.labels.note,
        _unasked_note(draft.request),
        tested_note(shape.reading, shape.schema)
        if draft.request.backfills and not facts.sql
        else "",
        renaming_note(draft.request, shape.reading),
        _merge_layout_note(draft.request, facts, shape.schema),
    )
    return tuple(filter(None, (*facts.profile.notes, *shape.notes, *advised)))


def _unasked_note(request: SyncRequest) -> str:
    """That checks are of whole rows, which a run that fills columns doesn't bring; or empty."""
    asked = request.backfills and request.publishing.checks_at
    return "backfill_columns brings no whole rows: the checks aren't asked" if asked else ""


def _cursor_warnings(request: SyncRequest, facts: Facts, cursor: Cursor) -> Iterator[str]:
    """Of rows that windows of this cursor don't hold, or may miss."""
    evidence, name = facts.evidence, cursor.source_name
    if evidence.null_cursors:
        yield (
            f"{have(evidence.null_cursors)} NULL in {name}: no window ever holds such a row, and it"
            " is not synced; give the column a value or use another cursor"
        )
    for kind, count in sorted(evidence.other_cursors.items()):
        yield (
            f"{have(count, 'document')} a {kind} in {name}, which no window of its usual type"
            " holds: each run reads that and refuses it as a dead letter; give it a value of the"
            " usual type"
        )
    keeps_versions = request.publishing.write_disposition is WriteDisposition.HISTORY
    if keeps_versions and (coarse := coarse_warning(cursor)):
        yield coarse
    yield from _number_warnings(request, cursor, facts.profile)
    yield from _stamp_warnings(request, cursor, facts.profile)
    yield from midnight_warnings(request, facts, cursor)
    yield from zone_warnings(request, facts)
    yield from unread_warnings(request, facts)
    yield from left_out_warnings(evidence, cursor, facts.floor)


def _table_warnings(request: SyncRequest, facts: Facts) -> Iterator[str]:
    """Of what source and destination are, whatever the rows."""
    profile, target = facts.profile, facts.target
    has_no_label = target.exists and SOURCE not in dict(target.labels) and not is_unclaimed(facts)
    takes = request.replaces or request.publishing.accept_source_change
    if has_no_label and request.window.smart_sync and not takes:
        told = (
            f"{request.destination} has no sync_source label: nothing guards it against a second"
            " source with the same cursor"
        )
        mend = (
            ", nor against one that is made anew. If its rows are of this source, one run with"
            " accept_source_change=true gives it labels, once it publishes rows"
        )
        yield told + (mend if source_labels(profile) else "")
    if profile.in_bigquery and profile.in_bigquery.protected:
        names = ", ".join(profile.in_bigquery.protected)
        yield (
            f"policy tags guard {names} in the source, and don't go with the rows: put tags on the"
            " destination's columns before the first run, or leave the columns out"
        )
    yield from unseen_warnings(profile)
    if not profile.texts.are_utf8:
        yield "the database is SQL_ASCII: rows with bytes that aren't UTF-8 are refused"


def _stamp_warnings(request: SyncRequest, cursor: Cursor, profile: SourceProfile) -> list[str]:
    """That a column's default gives one stamp to all rows of a day, or stamps are moved back."""
    coarse = too_coarse(request, profile)
    if coarse is None or not (coarse.is_default or coarse.is_moved):
        return []
    if coarse.is_moved:
        return [
            f"the stamps of {cursor.source_name} are moved back ({coarse.by}), and windows end by"
            " the clock: rows that commit after a run has read later ones lie below its watermark"
            " and are lost. Use the column as it is, or a difference that is the source's zone by"
            f" source_timezone; else {reaching(coarse)}. Where stamps are ahead of the clock by"
            " just that, nothing is to be done"
        ]
    return [
        f"the default of {cursor.source_name} is cut ({coarse.by}): of rows that take it, those"
        f" that come after a run lie at its watermark and are lost; {reaching(coarse)}"
    ]


def _number_warnings(request: SyncRequest, cursor: Cursor, profile: SourceProfile) -> list[str]:
    """What stands behind an integer cursor, for the plan's head."""
    if not cursor.is_integer or request.replaces:
        return []
    late = [why for why, _ in late_numbers(profile)]
    if late and request.window.lookback_numbers:
        return [
            f"lower values of {cursor.source_name} may come after higher ones"
            f" ({'; '.join(late)}): those that are more than smart_sync_lookback="
            f"{request.window.lookback_numbers:,} lower are lost"
        ]
    if request.window.lookback_numbers:
        return []
    told = list[str]()
    if profile.numbers.may_repeat:
        told.append(
            f"nothing says that values of {cursor.source_name} are unique: rows that come with one"
            " that a run has read (a day as a number, a version) are lost, but for those of"
            f" smart_sync_margin; use {COUNT}, or a column of dates and times"
        )
    if not profile.numbers.is_told:
        told.append(
            f"no sequence gives out {cursor.source_name}: should an application use lower values"
            " after higher ones (blocks of numbers, as Hibernate takes them), they are lost; use"
            f" {COUNT}"
        )
    return told


def _own_texts(schema: TableSchema) -> Iterator[str]:
    """Of columns whose type has no agreed form."""
    names = [f"{column.name} ({column.source_type})" for column in schema if column.is_own_text]
    if names:
        yield (
            f"no form in BigQuery is on record for the type of {', '.join(names)}: STRING with"
            " PostgreSQL's own text; unknown_types=error refuses such columns, exclude_fields in"
            " transformation_config leaves them out"
        )


def _new_columns(draft: Draft) -> Iterator[str]:
    """Of columns that the destination gets: its rows that this run doesn't read have none."""
    request, target, profile = draft.request, draft.facts.target, draft.facts.profile
    brings_all = not request.window.smart_sync or request.replaces or target.rows == 0
    if brings_all or request.backfills or not target.exists or profile.is_open:
        return
    added = [column for name in draft.shape.added if (column := draft.shape.schema.find(name))]
    sources = {c.name: source for c in added if (source := profile.column(c.source_name))}
    filled = [name for name, source in sources.items() if source.has_default]
    others = [name for name in sources if name not in filled]
    keeps_versions = request.publishing.write_disposition is WriteDisposition.HISTORY
    for names, told, how in (
        (
            filled,
            "has filled new columns of old rows with their DEFAULT",
            "without moving the cursor",
        ),
        (
            others,
            "may hold values in new columns of old rows",
            "as where they were left out so far",
        ),
    ):
        until = f"a run with backfill_columns={','.join(names)} fills them"
        if keeps_versions:
            until = "sync_start and sync_end bring what the source still has"
        if names:
            yield (
                f"the source {told} ({', '.join(names)}), {how}: rows of the destination that this"
                f" run doesn't bring keep NULL there until {until}"
            )


def _doubling(request: SyncRequest, facts: Facts) -> str:
    """That a plain append writes rows again which an earlier run has written; empty: it doesn't."""
    target, appends = facts.target, request.publishing.write_disposition is WriteDisposition.APPEND
    if request.window.smart_sync or not appends or request.replaces or not target.exists:
        return ""
    mine = dict(source_labels(facts.profile)).get(SOURCE)
    if target.rows == 0 or mine is None or dict(target.labels).get(SOURCE) != mine:
        return ""
    rows = "rows" if target.rows is None else counted(target.rows, "row")
    return (
        f"{request.destination} already holds {rows} of this source, and WRITE_APPEND without smart"
        " sync adds all that the query delivers once more: what is there already will be there"
        " twice. Set enable_smart_sync=true for only what is new, WRITE_TRUNCATE to replace, or"
        " WRITE_MERGE with merge_keys"
    )


def _merge_layout_note(request: SyncRequest, facts: Facts, schema: TableSchema) -> str:
    """That merges cost less where the partition column of a row never moves; empty: it may not."""
    merges = request.publishing.write_disposition.is_by_key
    cursor, partitioning = facts.cursor, schema.partitioning
    if not merges or cursor is None or partitioning is None:
        return ""
    if not facts.target.is_made_by(request):
        return ""
    if partitioning.field.casefold() != cursor.name.casefold():
        return ""
    fit = [c.name for c in schema if c.is_single(PARTITION_TYPES)]
    others = ", ".join(name for name in fit if name.casefold() != cursor.name.casefold())
    others = f"perhaps {others}" if others else "such as created_at"
    keys = ",".join(request.publishing.merge_keys)
    return (
        f"the table is partitioned by {cursor.name}, which moves with each update: a merge then"
        " looks for the older version of a row in another partition. A column that stays as it was"
        f" made ({others}) as partition_field and clustering_fields={keys}"
        " read fewer bytes"
    )
