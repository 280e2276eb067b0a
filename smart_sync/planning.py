"""make_plan(request, facts): one frozen SyncPlan, which is printed and which is run.

Pure: no clock, no environment, no client. All faults of a plan are raised at once.
"""

from dataclasses import replace
from datetime import datetime

from auto_schema.canonical import excluded, losses
from auto_schema.conform import Checks
from auto_schema.errors import SchemaError, SyncError, raise_all
from auto_schema.evolve import AddColumn, conflict_error, diff, layout_conflict
from auto_schema.limits import fitting_schema
from auto_schema.schema import Column, Partitioning, TableSchema
from smart_sync.advice import merge_layout_note
from smart_sync.facts import Facts, Target
from smart_sync.hand_window import partition_faults
from smart_sync.left_out import count_left_out, later_note
from smart_sync.merge_plan import plan_merge
from smart_sync.modes import choose_mode, choose_way, way_in_place
from smart_sync.plan import (
    ColumnChanges,
    DeadLetterPlan,
    Mode,
    Proof,
    PublishPlan,
    ReadPlan,
    RunPlan,
    SyncPlan,
    staging_of,
)
from smart_sync.plan_checks import plan_warnings, target_faults
from smart_sync.read_plan import plan_reading
from smart_sync.request import SyncRequest
from smart_sync.schema_plan import plan_columns, plan_layout
from smart_sync.source_labels import renewal_note, renews_server, source_labels
from smart_sync.splits import cut, fingerprint, make_splits, split_count
from smart_sync.stale_columns import plan_stale_columns
from smart_sync.ways import Way
from sources.protocol import InPlaceSource, Source
from sources.values import Split
from warehouse.names import TableRef


def make_plan(request: SyncRequest, facts: Facts, *, run_id: str, now: datetime) -> SyncPlan:
    """Compute the plan.

    Args:
        request: what the operator asked for.
        facts: what source and destination look like.
        run_id: the run's name.
        now: when it was launched, aware UTC.

    Raises:
        SyncError: every fault that can be found before anything is written; several at
            once as ManyErrors.
    """
    columns, faults = plan_columns(request, facts.profile, facts.target.by_name(), facts.evidence)
    layout, more, notes = plan_layout(request, columns, facts.profile)
    faults = [*faults, *more]
    schema, cut = fitting_schema(TableSchema(columns, *layout, facts.profile.description))
    mode, mode_reason = choose_mode(request, facts.target)
    keeps_schema = not mode.makes_table
    columns, notes = schema.columns, [*([] if keeps_schema else notes), *cut]
    added, more = _changes(request, facts.target, schema, mode)
    schema, layout_note = _kept_layout(request, facts.target, schema, mode)
    merge, merge_faults = plan_merge(request, facts, schema)
    stale, stale_faults = plan_stale_columns(
        request, facts, schema, leaves_none=mode.leaves_none, updates=mode.updates_rows
    )
    faults += more + merge_faults + stale_faults + target_faults(request, facts, schema)
    if request.replaces_partitions and facts.cursor and facts.window:
        partitioning = schema.partitioning
        faults += partition_faults(request, facts.cursor, partitioning, facts.window)
    reading, more = plan_reading(request, facts, schema, keeps_schema=keeps_schema)
    raise_all([*faults, *more])
    is_rebuilt = mode.makes_table and not mode.is_new
    swaps = is_rebuilt and _layout_of(facts.target) != _layout_of(schema)
    splits, split_reason = plan_splits(request, facts)
    keeps = request.schema.transformation.keeps
    left_out = [c.name for c in facts.profile.columns if not keeps(c.name)]
    left_out += request.schema.transformation.exclude_fields
    source = facts.source.with_columns(columns, tuple(dict.fromkeys(left_out)))
    proof, source = plan_proof(request, source, columns)
    target_only = () if is_rebuilt else _target_only(facts.target, schema)
    widened_aside = bool(added and target_only)
    way, way_reason = choose_way(request, schema, mode, swaps=swaps, widened_aside=widened_aside)
    if reading is not None and reading.is_in_place and isinstance(source, InPlaceSource):
        way, way_reason = way_in_place(request, reading)
        source, splits, split_reason = source.in_place(), splits[:1], "one job of BigQuery"
    elif reading is not None and isinstance(source, InPlaceSource) and source.reads_table:
        reading = replace(reading, scan_bytes=None)
    if way is Way.COPY and not keeps_schema and facts.profile.layout is not None:
        schema = replace(schema, partitioning=facts.profile.layout[0])  # a copy keeps both
        schema = replace(schema, clustering=facts.profile.layout[1])
    destination = request.destination
    advised = (
        later_note(facts),
        renewal_note(request, facts),
        merge_layout_note(request, facts, schema),
    )
    return SyncPlan(
        run=RunPlan(
            run_id=run_id,
            launched_at=now,
            location=facts.target.location,
            job_project=request.run.job_project or destination.project,
            staging=staging_of(
                f"{request.run.temp_location.rstrip('/')}/{run_id}", destination, run_id
            ),
            history_table=request.history_table,
            lease=request.run.lease,
            max_retries=request.run.max_retries,
            endpoints=request.run.endpoints,
        ),
        destination=destination,
        schema=schema,
        changes=ColumnChanges(added, target_only, stale),
        checks=Checks(
            utf8=not (facts.profile.is_utf8 and facts.profile.checks_text),
            json_numbers="exact" if facts.profile.json_is_exact else request.schema.json_numbers,
            not_null=merge.keys if merge else (),
        ),
        reading=ReadPlan(
            data_source=request.data_source,
            source=source,
            splits=splits,
            split_total=len(splits),
            split_fingerprint=fingerprint(splits),
            split_reason=split_reason,
            connections=min(request.connections, len(splits)),
            estimated_rows=facts.evidence.estimated_rows,
            estimated_bytes=facts.evidence.estimated_bytes,
            left_out=count_left_out(facts),
            bigquery=reading,
        ),
        cursor=facts.cursor,
        window=facts.window,
        publishing=PublishPlan(
            mode=mode,
            mode_reason=mode_reason,
            way=way,
            way_reason=way_reason,
            write_disposition=request.publishing.write_disposition,
            create_if_needed=request.publishing.create_if_needed,
            swaps=swaps,
            merge=merge,
            proof=proof,
            labels=source_labels(facts.profile),
            sets_label=mode.makes_table
            or request.replaces
            or request.publishing.accept_source_change
            or renews_server(request, facts),
        ),
        dead_letters=DeadLetterPlan(
            TableRef.parse(
                request.publishing.dead_letter_table or f"{destination.table}_dead_letters",
                destination,
            ),
            request.publishing.max_dead_letters,
            request.publishing.show_values,
        ),
        warnings=plan_warnings(request, facts),
        notes=tuple(filter(None, (*facts.profile.notes, *notes, layout_note, *advised))),
    )


def plan_proof(
    request: SyncRequest, source: Source, columns: tuple[Column, ...]
) -> tuple[Proof | None, Source]:
    """What verify=true can prove, and the source that makes its half of the proof.

    Rows bring their own digests only when some of them may become dead letters.
    """
    if not request.publishing.verify:
        return None, source
    proof = Proof(excluded(columns), losses(columns))
    return proof, source.with_proof(digests=request.publishing.max_dead_letters > 0)


def plan_splits(request: SyncRequest, facts: Facts) -> tuple[tuple[Split, ...], str]:
    """The splits and the reason for their number."""
    if facts.window is not None and facts.window.held_back is not None:
        return (), "held back: nothing is read"
    if facts.profile.deals_rows:
        count, why = split_count(
            request.reading.num_splits, facts.evidence.estimated_bytes, request.connections
        )
        return tuple(Split(index) for index in range(count)), f"{why}, by streams of Storage Read"
    column, why_not = split_column(request, facts)
    if column is None:
        return (Split(0),), f"one split: {why_not}"
    count, why = split_count(
        request.reading.num_splits, facts.evidence.estimated_bytes, request.connections
    )
    cuts = cut(facts.evidence.bounds, count)
    by_key = facts.cursor is None or column != facts.cursor.source_name
    splits = make_splits(column, cuts, by_key=by_key)
    if len(splits) < count:
        why += f"; {column} has values for {len(splits)} only"
    return splits, why if len(splits) == 1 else f"{why}, cut by {column}"


def split_column(request: SyncRequest, facts: Facts) -> tuple[str | None, str]:
    """The column that cuts the rows into splits, or None and why there is none.

    The cursor where an index begins with it, else a unique key. Without an index each
    split would scan the whole table, so then only num_splits makes more than one.
    """
    profile, cursor = facts.profile, facts.cursor
    if profile.split_reason:
        return None, profile.split_reason
    stored = cursor is not None and _is_stored(facts, cursor.source_name)
    indexed = cursor is not None and cursor.source_name in profile.indexed
    if cursor and stored and not profile.cuts_by_key and (request.reading.num_splits or indexed):
        return cursor.source_name, ""
    if profile.unique_key and (request.reading.num_splits or not profile.key_scans):
        return profile.unique_key, ""
    if profile.unique_key:
        return None, (
            f"the order of {profile.unique_key} is a library's, so no index serves its ranges"
            " and each would scan the table; num_splits makes them all the same"
        )
    if cursor and not stored:
        return None, f"{cursor.source_name} is computed, and could differ in each"
    if cursor:
        return None, f"no index begins with {cursor.source_name}, so each would scan the table"
    return None, "no window, and no unique NOT NULL key in the result"


def _is_stored(facts: Facts, name: str) -> bool:
    """Whether a column of the result is one of a table as it stands there."""
    column = facts.profile.column(name)
    return column is not None and column.origin is not None


def _changes(
    request: SyncRequest, target: Target, schema: TableSchema, mode: Mode
) -> tuple[tuple[str, ...], list[SyncError]]:
    if mode.makes_table:
        return (), []
    changes = diff(target.by_name(), schema)
    added = tuple(change.column.name for change in changes if isinstance(change, AddColumn))
    error = conflict_error(str(request.destination), changes)
    faults: list[SyncError] = [error] if error else []
    if added and request.schema.evolution == "freeze":
        faults.append(
            SchemaError(
                "destination lacks columns",
                f"table {request.destination}",
                ", ".join(added) + " (schema_evolution=freeze)",
                "set schema_evolution=add_columns, or leave the columns out with"
                ' transformation_config={"exclude_fields": […]}.',
            )
        )
    return added, faults


def _layout_of(of: Target | TableSchema) -> tuple[Partitioning | None, tuple[str, ...]]:
    return of.partitioning, of.clustering


def _kept_layout(
    request: SyncRequest, target: Target, schema: TableSchema, mode: Mode
) -> tuple[TableSchema, str]:
    """An existing table keeps its layout; a different wish is told."""
    if mode.makes_table:
        return schema, ""
    asked = request.schema.auto_schema and (
        request.schema.partition_given or request.schema.clustering_fields
    )
    note = ""
    if asked:
        note = layout_conflict(str(request.destination), _layout_of(target), _layout_of(schema))
    kept = replace(schema, partitioning=target.partitioning, clustering=target.clustering)
    return kept, note


def _target_only(target: Target, schema: TableSchema) -> tuple[str, ...]:
    wanted = {column.name.casefold() for column in schema}
    return tuple(f.name for f in target.fields if f.name.casefold() not in wanted)
