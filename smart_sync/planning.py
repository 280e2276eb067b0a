"""make_plan(draft, facts): one frozen SyncPlan, which is printed and which is run.

Pure: no clock, no environment, no client. All faults that only rows show are raised at once.
"""

from dataclasses import replace
from datetime import datetime

from auto_schema.canonical import excluded, losses
from auto_schema.conform import Checks
from auto_schema.errors import ConfigError, SyncError, raise_all
from auto_schema.schema import Column
from smart_sync.advice import merge_layout_note
from smart_sync.draft import Draft, Shape, plan_shape
from smart_sync.facts import Facts
from smart_sync.hand_window import partition_faults
from smart_sync.left_out import count_left_out, later_note
from smart_sync.merge_plan import MergePlan, plan_merge
from smart_sync.modes import choose_way, way_in_place
from smart_sync.plan import (
    ColumnChanges,
    DeadLetterPlan,
    Proof,
    PublishPlan,
    ReadPlan,
    RunPlan,
    SyncPlan,
    staging_of,
)
from smart_sync.plan_checks import plan_warnings, span_faults
from smart_sync.read_plan import BigqueryReading, plan_reading
from smart_sync.request import SyncRequest
from smart_sync.schema_plan import plan_columns
from smart_sync.source_labels import renewal_note, renews_server, source_labels
from smart_sync.splits import fingerprint, plan_splits
from smart_sync.stale_columns import plan_stale_columns
from smart_sync.ways import Way
from sources.protocol import InPlaceSource, ProvingSource, Source
from warehouse.names import TableRef


def make_plan(draft: Draft, facts: Facts, *, run_id: str, now: datetime) -> SyncPlan:
    """Settle what a draft left open.

    Args:
        draft: all that needs no rows, of the destination as it is.
        facts: the draft's, and the answers to its open questions.
        run_id: the run's name.
        now: when it was launched, aware UTC.

    Raises:
        SyncError: every fault that can be found before anything is written; several at
            once as ManyErrors.
    """
    request = draft.request
    shape, merge, faults = _settled(draft, facts)
    changes, more = _changes(request, facts, shape)
    bigquery, late = plan_reading(request, facts, shape.schema, keeps_schema=shape.keeps_schema)
    raise_all([*faults, *more, *late])
    reading = _reading(request, facts, shape, bigquery)
    publishing, reading = _publishing(request, facts, shape, merge, reading)
    shape = _as_copied(facts, shape, publishing.way)
    return SyncPlan(
        run=_run(request, facts, run_id, now),
        destination=request.destination,
        schema=shape.schema,
        changes=changes,
        checks=_checks(request, facts, merge),
        reading=reading,
        cursor=facts.cursor,
        window=facts.window,
        publishing=publishing,
        dead_letters=_dead_letters(request),
        warnings=plan_warnings(request, facts),
        notes=_notes(request, facts, shape),
    )


def _settled(draft: Draft, facts: Facts) -> tuple[Shape, MergePlan | None, list[SyncError]]:
    """The draft's shape and merge; planned anew where looks may change a column."""
    if not draft.open.looks:
        merge = draft.merge and replace(draft.merge, first_bytes=facts.merge_bytes)
        return draft.shape, merge, []
    request, current = draft.request, facts.target.by_name()
    columns, faults = plan_columns(request, facts.profile, current, facts.evidence)
    shape, more = plan_shape(request, facts, columns)
    merge, merge_faults = plan_merge(request, facts, shape.schema)
    return shape, merge, [*faults, *more, *merge_faults]


def _changes(
    request: SyncRequest, facts: Facts, shape: Shape
) -> tuple[ColumnChanges, list[SyncError]]:
    """How the columns differ from the destination's, and what of the window can't go into it."""
    mode, schema = shape.mode, shape.schema
    stale, faults = plan_stale_columns(
        request, facts, schema, leaves_none=mode.leaves_none, updates=mode.updates_rows
    )
    faults += span_faults(request, schema.partitioning, facts.evidence)
    if request.replaces_partitions and facts.cursor and facts.window:
        faults += partition_faults(request, facts.cursor, schema.partitioning, facts.window)
    return ColumnChanges(shape.added, shape.target_only, stale), faults


def _reading(
    request: SyncRequest, facts: Facts, shape: Shape, bigquery: BigqueryReading | None
) -> ReadPlan:
    """What is read and in which splits, by workers."""
    splits, why = plan_splits(request, facts)
    rules = request.schema.transformation
    left_out = [c.name for c in facts.profile.columns if not rules.keeps(c.name)]
    left_out += rules.exclude_fields
    return ReadPlan(
        data_source=request.data_source,
        source=facts.source.with_columns(shape.schema.columns, tuple(dict.fromkeys(left_out))),
        splits=splits,
        split_total=len(splits),
        split_fingerprint=fingerprint(splits),
        split_reason=why,
        connections=min(request.connections, len(splits)),
        estimated_rows=facts.evidence.estimated_rows,
        estimated_bytes=facts.evidence.estimated_bytes,
        left_out=count_left_out(facts),
        bigquery=bigquery,
    )


def _publishing(
    request: SyncRequest,
    facts: Facts,
    shape: Shape,
    merge: MergePlan | None,
    reading: ReadPlan,
) -> tuple[PublishPlan, ReadPlan]:
    """How rows become visible, and what of the reading follows from it."""
    proof, source = plan_proof(request, reading.source, shape.schema.columns)
    reading = replace(reading, source=source)
    widened_aside = bool(shape.added and shape.target_only)
    way, why = choose_way(
        request, shape.schema, shape.mode, swaps=shape.swaps, widened_aside=widened_aside
    )
    bigquery = reading.bigquery
    if bigquery is not None and isinstance(source, InPlaceSource):
        if bigquery.is_in_place:
            way, why = way_in_place(request, bigquery)
            reading = _in_place(reading, source)
        elif source.reads_table:
            reading = replace(reading, bigquery=replace(bigquery, scan_bytes=None))
    publishing = PublishPlan(
        mode=shape.mode,
        mode_reason=shape.mode_reason,
        way=way,
        way_reason=why,
        write_disposition=request.publishing.write_disposition,
        create_if_needed=request.publishing.create_if_needed,
        swaps=shape.swaps,
        merge=merge,
        proof=proof,
        labels=source_labels(facts.profile),
        sets_label=_sets_label(request, facts, shape),
    )
    return publishing, reading


def _in_place(reading: ReadPlan, source: InPlaceSource) -> ReadPlan:
    splits = reading.splits[:1]
    return replace(
        reading,
        source=source.in_place(),
        splits=splits,
        split_total=len(splits),
        split_fingerprint=fingerprint(splits),
        split_reason="one job of BigQuery",
        connections=min(reading.connections, len(splits)),
    )


def _sets_label(request: SyncRequest, facts: Facts, shape: Shape) -> bool:
    return (
        shape.mode.makes_table
        or request.replaces
        or request.publishing.accept_source_change
        or renews_server(request, facts)
    )


def _as_copied(facts: Facts, shape: Shape, way: Way) -> Shape:
    """A copy keeps partitioning and clustering of the table that it makes another of."""
    layout = facts.profile.layout
    if not way.copies or shape.keeps_schema or layout is None:
        return shape
    partitioning, clustering = layout
    schema = replace(shape.schema, partitioning=partitioning, clustering=clustering)
    return replace(shape, schema=schema)


def _run(request: SyncRequest, facts: Facts, run_id: str, now: datetime) -> RunPlan:
    folder = f"{request.run.temp_location.rstrip('/')}/{run_id}"
    return RunPlan(
        run_id=run_id,
        launched_at=now,
        location=facts.target.location,
        job_project=request.run.job_project or request.destination.project,
        staging=staging_of(folder, request.destination, run_id),
        history_table=request.history_table,
        lease=request.run.lease,
        max_retries=request.run.max_retries,
        endpoints=request.run.endpoints,
    )


def _checks(request: SyncRequest, facts: Facts, merge: MergePlan | None) -> Checks:
    profile = facts.profile
    return Checks(
        utf8=not (profile.is_utf8 and profile.checks_text),
        json_numbers="exact" if profile.json_is_exact else request.schema.json_numbers,
        not_null=merge.keys if merge else (),
    )


def _dead_letters(request: SyncRequest) -> DeadLetterPlan:
    asked, destination = request.publishing, request.destination
    name = asked.dead_letter_table or f"{destination.table}_dead_letters"
    table = TableRef.parse(name, destination)
    return DeadLetterPlan(table, asked.max_dead_letters, asked.show_values)


def _notes(request: SyncRequest, facts: Facts, shape: Shape) -> tuple[str, ...]:
    advised = (
        later_note(facts),
        renewal_note(request, facts),
        merge_layout_note(request, facts, shape.schema),
    )
    return tuple(filter(None, (*facts.profile.notes, *shape.notes, *advised)))


def plan_proof(
    request: SyncRequest, source: Source, columns: tuple[Column, ...]
) -> tuple[Proof | None, Source]:
    """What verify=true can prove, and the source that makes its half of the proof.

    Rows bring their own digests only when some of them may become dead letters.

    Raises:
        ConfigError: the source can't.
    """
    if not request.publishing.verify:
        return None, source
    if not isinstance(source, ProvingSource):
        why = "it hashes no rows that BigQuery's could be compared with"
        raise ConfigError("a source without proof", "verify", why, "set verify=false.")
    proof = Proof(excluded(columns), losses(columns))
    return proof, source.with_proof(digests=request.publishing.max_dead_letters > 0)
