"""The modes of publishing, one value each, and which of them a request has; each with its reason.

A mode says all that differs between them: its statement, who counts the rows it must publish
and has published, why it needs a staging table. Another mode is a value beside them in MODES.
"""

from auto_schema.errors import SyncError, TargetError
from auto_schema.schema import TableSchema
from smart_sync.facts import Target
from smart_sync.plan import Mode, SyncPlan
from smart_sync.publish_sql import (
    append_statement,
    create_statement,
    fill_statement,
    history_statement,
    merge_statement,
    partitions_statement,
    rebuild_statement,
    replace_statement,
)
from smart_sync.read_plan import BigqueryReading
from smart_sync.replay import MODE as REPLAYS
from smart_sync.replay import PARAMETER as REPLAYED
from smart_sync.replay_sql import replay_statement
from smart_sync.request import SyncRequest, WriteDisposition
from smart_sync.ways import COPY, LOAD, QUERY, STATEMENT, STATEMENT_IN_PLACE, Count, Way

REPLACES_WINDOW = "rows of the window are deleted and inserted in one transaction"
MARKS = "rows and the marks of their letters are written in one transaction"
SWAPS = "the table is rebuilt with another layout"


def _asked(disposition: WriteDisposition, request: SyncRequest) -> str:
    wanted = request.publishing.write_disposition is disposition
    return f"write_disposition={disposition}" if wanted else ""


def _creates(_: SyncRequest, target: Target) -> str:
    return "" if target.exists else "the table is missing"


def _rebuilds(request: SyncRequest, _: Target) -> str:
    return "delete_existing_table=true" if request.publishing.delete_existing_table else ""


def _replaces_partitions(request: SyncRequest, _: Target) -> str:
    asked = _asked(WriteDisposition.TRUNCATE, request)
    return f"{asked} within sync_start, sync_end" if request.replaces_partitions else ""


def _replaces(request: SyncRequest, _: Target) -> str:
    return _asked(WriteDisposition.TRUNCATE, request)


def _merges(request: SyncRequest, _: Target) -> str:
    asked = _asked(WriteDisposition.MERGE, request)
    return asked and f"{asked} on {', '.join(request.publishing.merge_keys)}"


def _backfills(request: SyncRequest, _: Target) -> str:
    names = ", ".join(request.publishing.backfill_columns)
    return names and f"backfill_columns fills {names} in rows that are there"


def _keeps_versions(request: SyncRequest, _: Target) -> str:
    asked = _asked(WriteDisposition.HISTORY, request)
    keys = ", ".join(request.publishing.merge_keys)
    return asked and f"{asked} keeps each version of a row seen by a run, by {keys}"


def _compares(request: SyncRequest) -> str:
    return f"{request.publishing.write_disposition} compares rows by their keys"


def _replays(request: SyncRequest, _: Target) -> str:
    run_id = request.publishing.replayed_run
    if not run_id:
        return ""
    how = "rows are added"
    keys = ", ".join(request.publishing.merge_keys)
    if request.publishing.write_disposition is WriteDisposition.MERGE:
        how = f"by {keys}, where no row is as new"
    if request.publishing.write_disposition is WriteDisposition.HISTORY:
        how = f"as versions by {keys}, where there is none of its stamp"
    return f"{REPLAYED} of run {run_id}, {how}"


def _fills(request: SyncRequest, _: Target) -> str:
    return _asked(WriteDisposition.EMPTY, request)


def _appends(request: SyncRequest, _: Target) -> str:
    return f"write_disposition={request.publishing.write_disposition}"


def _in_the_table_to_be(request: SyncRequest, swaps: bool) -> str:
    """Why a table that the run makes needs a staging table: what is asked of its rows."""
    if request.publishing.write_disposition.is_by_key:
        return _compares(request)
    if request.replaces_partitions:
        return REPLACES_WINDOW
    return SWAPS if swaps else ""


def _for_merging(request: SyncRequest, _: bool) -> str:
    return _compares(request)


def _for_the_window(*_: object) -> str:
    return REPLACES_WINDOW


def _for_marks(*_: object) -> str:
    return MARKS


def _told_with_keys(plan: SyncPlan) -> Count:
    """Where keys are compared, the script says how many rows it must give."""
    return Count.TOLD if plan.publishing.merge else Count.STAGED


def _told(_: SyncPlan) -> Count:
    return Count.TOLD


def _emptied(_: SyncPlan) -> str:
    """Row access policies, policy tags and descriptions stay, beside new columns as well."""
    return "WRITE_TRUNCATE_DATA"


def _anew(_: SyncPlan) -> str:
    return "WRITE_TRUNCATE"


def _into_an_empty_one(_: SyncPlan) -> str:
    return "WRITE_EMPTY"


def _into_nothing(plan: SyncPlan) -> str:
    fills = plan.publishing.write_disposition is WriteDisposition.EMPTY
    return "WRITE_EMPTY" if fills else "WRITE_APPEND"


REPLAY = Mode(
    REPLAYS,
    _replays,
    replay_statement,
    why_staged=_for_marks,
    rows_expected=_told_with_keys,
    is_aside=True,
    does="Replays {rows} into {table}",
    spares="no watermark moves",
)
CREATE = Mode(
    "create",
    _creates,
    create_statement,
    why_staged=_in_the_table_to_be,
    rows_expected=_told_with_keys,
    rows_published=Count.TABLE,
    load_disposition=_into_nothing,
    copy_disposition="WRITE_EMPTY",
    makes_table=True,
    is_new=True,
    leaves_none=True,
    does="Makes {table} with {rows}",
    spares="the table is missing, and is made: {layout}",
)
REBUILD = Mode(
    "rebuild",
    _rebuilds,
    rebuild_statement,
    why_staged=_in_the_table_to_be,
    rows_expected=_told_with_keys,
    rows_published=Count.TABLE,
    load_disposition=_anew,
    copy_disposition="WRITE_TRUNCATE",
    makes_table=True,
    leaves_none=True,
    removes_rows=True,
    does="Makes {table} anew with {rows}",
    spares="{there} that are there go",
)
PARTITIONS = Mode(
    "replace_partitions",
    _replaces_partitions,
    partitions_statement,
    why_staged=_for_the_window,
    removes_rows=True,
    lowers_watermark=True,
    does="Replaces a window of {table} by {rows}",
    spares="rows that are there in the window go, and none outside of it",
)
REPLACE = Mode(
    "replace",
    _replaces,
    replace_statement,
    load_disposition=_emptied,
    copy_disposition="WRITE_TRUNCATE",
    leaves_none=True,
    removes_rows=True,
    does="Replaces all of {table} by {rows}",
    spares="{there} that are there go",
)
MERGE = Mode(
    "merge",
    _merges,
    merge_statement,
    why_staged=_for_merging,
    rows_expected=_told,
    updates_rows=True,
    does="Updates and adds {rows} in {table}",
    spares="a row that is there is replaced by one of the same {keys} that is as new",
)
HISTORY = Mode(
    "history",
    _keeps_versions,
    history_statement,
    why_staged=_for_merging,
    rows_expected=_told,
    updates_rows=True,
    does="Adds versions of {rows} to {table}",
    spares="versions that are there stay, and end where a later one of the same {keys} begins",
)
BACKFILL = Mode(
    "backfill_columns",
    _backfills,
    merge_statement,
    why_staged=_for_merging,
    rows_expected=_told,
    updates_rows=True,
    is_aside=True,
    does="Fills {filled} in {table} out of {rows}",
    spares="{there} that are there keep all other columns; no row is added, no watermark moves",
)
FILL = Mode(
    "append",
    _fills,
    fill_statement,
    load_disposition=_into_an_empty_one,
    copy_disposition="WRITE_EMPTY",
    does="Fills {table} with {rows}",
    spares="it must hold no row, and publishing looks once more whether it does",
)
APPEND = Mode(
    "append",
    _appends,
    append_statement,
    does="Adds {rows} to {table}",
    spares="rows that are there stay as they are",
)

MODES = (REPLAY, BACKFILL, CREATE, REBUILD, PARTITIONS, REPLACE, MERGE, HISTORY, FILL, APPEND)
"""In the order in which they are looked at."""


def choose_mode(request: SyncRequest, target: Target) -> tuple[Mode, str, list[SyncError]]:
    """What publishing does to the destination: the first that fits, why, and what forbids it."""
    chosen = next((mode, why) for mode in MODES if (why := mode.reason(request, target)))
    return *chosen, _refusals(request, target)


def _refusals(request: SyncRequest, target: Target) -> list[SyncError]:
    """That the destination may not be made, or holds rows where it must be empty."""
    asked, where = request.publishing, f"table {request.destination}"
    if request.backfills and not target.exists:
        fix = "leave backfill_columns out: the first sync brings all columns of all rows."
        return [TargetError("no rows whose columns could be filled", where, "it is missing", fix)]
    if request.replays and not target.exists:
        fix = "run the sync first; letters of runs of which no row is left have nothing to join."
        return [TargetError("no table to replay into", where, "it is missing", fix)]
    if not target.exists and not asked.create_if_needed:
        why = "create_disposition=CREATE_NEVER"
        fix = "create the table, or set create_disposition=CREATE_IF_NEEDED."
        return [TargetError("destination table is missing", where, why, fix)]
    empties = asked.write_disposition is WriteDisposition.EMPTY and not asked.delete_existing_table
    if empties and not request.replays and target.exists and target.rows != 0:
        why = f"it holds {target.rows:,} rows" if target.rows is not None else "it may hold rows"
        fix = "choose WRITE_APPEND or WRITE_TRUNCATE, or another destination_bigquery_table."
        return [TargetError("write_disposition=WRITE_EMPTY on a full table", where, why, fix)]
    return []


def choose_way(
    request: SyncRequest,
    schema: TableSchema,
    mode: Mode,
    *,
    swaps: bool,
    widened_aside: bool,
    audited: str,
) -> tuple[Way, str]:
    """Whether files are loaded straight into the table, and why not.

    Args:
        request: what the operator asked for.
        schema: the planned one.
        mode: the chosen one.
        swaps: the table is rebuilt with another layout.
        widened_aside: columns are added to a table that has others of its own.
        audited: why an audit queries the staged rows; empty: none does.
    """
    for kind in dict.fromkeys(c.bigquery.split("<")[0] for c in schema if c.staged.needs_sql):
        names = ", ".join(c.name for c in schema if c.bigquery.split("<")[0] == kind)
        return STATEMENT, f"BigQuery loads no {kind} from Parquet ({names})"
    if not request.run.temp_location.startswith("gs://"):
        return STATEMENT, "temp_location is a local folder: each file is a load job of its own"
    if widened_aside:
        why = "columns are added to a table that has others of its own"
        return STATEMENT, why
    if audited:
        return STATEMENT, audited
    if request.publishing.load_columns:
        return STATEMENT, "load_columns=true: a statement writes which run published a row"
    if why := mode.why_staged(request, swaps):
        return STATEMENT, why
    return LOAD, "one load job of all files"


def way_in_place(request: SyncRequest, reading: BigqueryReading, audited: str) -> tuple[Way, str]:
    """How rows go from table to table inside BigQuery; `audited` as above."""
    if not reading.copy_reason:
        return COPY, "the source is taken whole"
    if audited:
        return STATEMENT_IN_PLACE, audited
    if request.publishing.write_disposition.is_by_key:
        return STATEMENT_IN_PLACE, "rows are compared before they are published"
    return QUERY, f"one statement over the source: {reading.copy_reason}"
