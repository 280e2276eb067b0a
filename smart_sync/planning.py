"""make_plan(draft, facts): one frozen SyncPlan, which is printed and which is run.

Pure: no clock, no environment, no client. All faults that only rows show are raised at once.
"""

from dataclasses import replace
from datetime import datetime

from auto_schema.canonical import compared, excluded, losses
from auto_schema.conform import Checks
from auto_schema.errors import ConfigError, SyncError, raise_all
from auto_schema.schema import Column, TableSchema
from smart_sync.advice import plan_advice
from smart_sync.altering import inexact_faults
from smart_sync.carried import carried_record
from smart_sync.draft import Draft, plan_shape, sql_faults
from smart_sync.epoch_units import number_faults
from smart_sync.facts import Facts
from smart_sync.hand_window import partition_faults
from smart_sync.healing import plan_healing
from smart_sync.left_out import count_left_out
from smart_sync.lifetimes import lifetime_faults
from smart_sync.load_columns import for_run
from smart_sync.marks import at_launch
from smart_sync.merge_plan import plan_merge
from smart_sync.missing_plan import plan_missing
from smart_sync.modes import choose_way, way_in_place
from smart_sync.partition_span import span_faults
from smart_sync.plan import ColumnChanges, DeadLetterPlan, PublishPlan, ReadPlan, RunPlan, SyncPlan
from smart_sync.proof_plan import Proof
from smart_sync.read_plan import with_scan
from smart_sync.repair import Repair
from smart_sync.replay import ReplayPlan, plan_replay
from smart_sync.replay_read import letters_source
from smart_sync.request import SyncRequest, WriteDisposition
from smart_sync.resume import may_be_resumed
from smart_sync.slices import slicing_faults
from smart_sync.snapshot import plan_snapshot
from smart_sync.source_labels import plan_labels
from smart_sync.splits import fingerprint, plan_splits
from smart_sync.sql_plan import SqlPlan, over_limit, plan_sql, rounded_columns
from smart_sync.staging import staging_of
from smart_sync.stale_columns import plan_stale_columns
from smart_sync.volume import VolumePlan, plan_volume
from smart_sync.ways import Way
from smart_sync.zone_advice import zone_faults
from sources.profile import SourceProfile
from sources.protocol import InPlaceSource, ProvingSource, Source


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
    draft, faults = _settled(draft, facts)
    changes, more = _changes(draft, now)
    replay, against = replay_of(draft.request, facts)
    missing, refused = plan_missing(draft.request, facts)
    cursors = [*zone_faults(draft.request, facts), *number_faults(draft.request, facts)]
    raise_all([*faults, *more, *against, *refused, *cursors])
    source = _source(draft)
    if replay is not None:
        source = letters_source(draft, replay, source, _left_out(draft), run_id)
    proof, source = plan_proof(draft.request, source, draft.shape.reading.columns)
    reading = _reading(draft, source)
    run = _run(draft, facts, run_id, now)
    publishing = _publishing(draft, reading, proof)
    healing = plan_healing(facts)
    publishing = replace(publishing, replay=replay, missing=missing, healing=healing)
    snapshot = plan_snapshot(draft.request, facts.target, run.staging.before_table, now)
    if publishing.sql and (fault := over_limit(publishing.sql)):
        raise fault
    warnings, notes = plan_advice(draft)
    return SyncPlan(
        run=replace(run, notes_splits=may_be_resumed(draft.request, reading, facts.window)),
        destination=draft.request.destination,
        schema=for_run(at_launch(_schema(draft, publishing.way), now), run_id),
        changes=changes,
        checks=_checks(draft),
        reading=reading,
        cursor=facts.cursor,
        window=facts.window,
        publishing=replace(publishing, snapshot=snapshot),
        dead_letters=_dead_letters(draft.request),
        warnings=warnings,
        notes=notes,
        seen=facts.target.state,
        reshaping=draft.shape.reshaping,
    )


def _settled(draft: Draft, facts: Facts) -> tuple[Draft, list[SyncError]]:
    """The draft with all facts; planned anew where looks may change a column."""
    draft, faults = replace(draft, facts=facts), list[SyncError]()
    if draft.open.looks:
        draft, faults = _planned_anew(draft)
    merge = draft.merge and replace(draft.merge, first_bytes=facts.merge_bytes)
    bigquery, more = with_scan(draft.bigquery, facts.evidence, facts.source.place)
    draft = replace(draft, merge=merge, bigquery=bigquery)
    is_zoned = facts.cursor is not None and facts.cursor.is_naive
    if draft.request.window.by_hand or is_zoned:  # a window, known only now, decides what they say
        draft = replace(draft, labels=plan_labels(draft.request, facts)[0])
    return draft, [*faults, *more]


def _planned_anew(draft: Draft) -> tuple[Draft, list[SyncError]]:
    """The same with what the rows say of columns; of BigQuery's they say nothing."""
    shape, faults = plan_shape(draft.request, draft.facts)
    merge, merge_faults = plan_merge(draft.request, draft.facts, shape.schema)
    faults += [*merge_faults, *sql_faults(draft.request, draft.facts, shape)]
    return replace(draft, shape=shape, merge=merge), faults


def _changes(draft: Draft, now: datetime) -> tuple[ColumnChanges, list[SyncError]]:
    """How the columns differ from the destination's, and what of the window can't go into it."""
    request, facts, shape = draft.request, draft.facts, draft.shape
    mode, schema = shape.mode, shape.schema
    hidden = shape.reshaping.hidden if shape.reshaping else frozenset[str]()
    stale, faults = plan_stale_columns(
        request, facts, schema, hidden, leaves_none=mode.leaves_none, updates=mode.updates_rows
    )
    faults += span_faults(request.destination, schema.partitioning, facts.evidence)
    faults += lifetime_faults(request, schema.partitioning, facts, now)
    if request.replaces_partitions and facts.cursor and facts.window:
        faults += partition_faults(request, facts.cursor, schema.partitioning, facts.window)
    if facts.cursor:
        faults += slicing_faults(request, facts.cursor, schema.partitioning)
    faults += inexact_faults(request, facts, shape.altered)
    history = draft.merge.history if draft.merge else None
    added = (*shape.added, *(history.added if history else ()))
    changes = ColumnChanges(added, shape.altered, shape.target_only, stale, facts.inexact_bytes)
    return changes, faults


def _source(draft: Draft) -> Source:
    """The source, which reads the planned columns and no other."""
    return draft.facts.source.with_columns(draft.shape.arriving, _left_out(draft))


def _left_out(draft: Draft) -> tuple[str, ...]:
    """The fields that nothing may hold."""
    profile, rules = draft.facts.profile, draft.request.schema.transformation
    left_out = [c.name for c in profile.columns if not rules.keeps(c.name)]
    return tuple(dict.fromkeys([*left_out, *rules.exclude_fields]))


def _reading(draft: Draft, source: Source) -> ReadPlan:
    """What is read and in which splits: by workers, or in one job of BigQuery."""
    request, facts, bigquery = draft.request, draft.facts, draft.bigquery
    splits, why = plan_splits(request, facts, draft.open.ranges, draft.open.why_whole)
    if request.replays:
        splits, why = splits[:1], "dead letters are read in one"
    if bigquery is not None and isinstance(source, InPlaceSource):
        if bigquery.is_in_place:
            source, splits, why = source.in_place(), splits[:1], "one job of BigQuery"
        elif source.reads_table:
            bigquery = replace(bigquery, scan_bytes=None)
    return ReadPlan(
        data_source=request.data_source,
        source=source,
        splits=splits,
        split_total=len(splits),
        split_fingerprint=fingerprint(splits),
        split_reason=why,
        connections=min(request.connections, len(splits)),
        schema=draft.shape.reading,
        estimated_rows=facts.evidence.estimated_rows,
        estimated_bytes=facts.evidence.estimated_bytes,
        left_out=count_left_out(facts.evidence) if facts.cursor else None,
        bigquery=bigquery,
        stored=facts.profile.identity.stored,
        estimate_doubt=facts.evidence.estimate_doubt,
    )


def _publishing(draft: Draft, reading: ReadPlan, proof: Proof | None) -> PublishPlan:
    """How rows become visible."""
    request, shape = draft.request, draft.shape
    if reading.bigquery is not None and reading.is_in_place:
        way, why = way_in_place(request, reading.bigquery, draft.audited)
    else:
        widened_aside = bool(shape.added and shape.target_only)
        way, why = choose_way(
            request,
            shape.reading,
            shape.mode,
            swaps=shape.swaps,
            widened_aside=widened_aside,
            audited=draft.audited,
        )
    return PublishPlan(
        mode=shape.mode,
        mode_reason=shape.mode_reason,
        way=way,
        way_reason=why,
        write_disposition=request.publishing.write_disposition,
        create_if_needed=request.publishing.create_if_needed,
        swaps=shape.swaps,
        audits=draft.audits,
        merge=draft.merge,
        proof=proof,
        labels=draft.labels.wanted,
        sets_label=draft.labels.is_set,
        checks=request.publishing.checks,
        checks_keep=request.publishing.checks_keep,
        quarantines=request.publishing.quarantines,
        volume=_volume(draft),
        sql=_sql(draft),
        price_per_tib=request.reading.price_per_tib,
    )


def _sql(draft: Draft) -> SqlPlan | None:
    request, facts = draft.request, draft.facts
    if facts.sql is None:
        return None
    from smart_sync.sql_tree import computes  # with a parser, which most launches don't need

    text, cursor = request.publishing.sql, facts.cursor
    appends = request.publishing.write_disposition is WriteDisposition.APPEND
    current = facts.target.by_name() if draft.shape.keeps_schema else {}
    return plan_sql(
        text,
        facts.sql,
        staged_bytes=facts.evidence.estimated_bytes,
        max_bytes_billed=request.reading.max_bytes_billed,
        price_per_tib=request.reading.price_per_tib,
        keeps_maximum=appends and cursor is not None and computes(text, cursor.name),
        rounded=rounded_columns(draft.shape.schema, current),
    )


def _volume(draft: Draft) -> VolumePlan | None:
    asked, facts = draft.request.publishing.volume_check, draft.facts
    if not asked:
        return None
    return plan_volume(facts.volumes or (), facts.window, ends=asked == "error")


def _schema(draft: Draft, way: Way) -> TableSchema:
    """The planned one; a copy keeps the layout of the table that it makes another of."""
    schema, layout = draft.shape.schema, draft.facts.profile.layout
    if not way.copies or draft.shape.keeps_schema or layout is None:
        return schema
    partitioning, clustering = layout
    return replace(schema, partitioning=partitioning, clustering=clustering)


def _run(draft: Draft, facts: Facts, run_id: str, now: datetime) -> RunPlan:
    request = draft.request
    folder = f"{request.run.temp_location.rstrip('/')}/{run_id}"
    return RunPlan(
        run_id=run_id,
        launched_at=now,
        location=draft.facts.target.location,
        job_project=request.run.job_project or request.destination.project,
        staging=staging_of(folder, request.destination, run_id),
        history_table=request.history_table,
        lease=request.run.lease,
        max_retries=request.run.max_retries,
        endpoints=request.run.endpoints,
        batch_id=request.run.batch_id,
        carried=carried_record(facts),
        repair=_repair(request),
        holder=request.run.holder,
        longest=request.run.longest,
    )


def _repair(request: SyncRequest) -> Repair:
    replayed = request.publishing.replayed_run
    return replace(request.run.repair, replayed_run=replayed) if replayed else request.run.repair


def _checks(draft: Draft) -> Checks:
    profile = draft.facts.profile
    return Checks(
        utf8=not (profile.texts.are_utf8 and profile.texts.are_checked),
        json_numbers=_checked_numbers(draft.request, profile),
        not_null=draft.merge.keys if draft.merge else (),
        left_out=_left_out(draft),
    )


def _checked_numbers(request: SyncRequest, profile: SourceProfile) -> str:
    """By what numbers in JSON are judged; empty: they are taken as they are."""
    is_exact = request.schema.json_numbers == "exact"
    is_known = profile.in_bigquery if is_exact else profile.texts.json_is_exact
    return "" if is_known else request.schema.json_numbers


def _dead_letters(request: SyncRequest) -> DeadLetterPlan:
    asked = request.publishing
    return DeadLetterPlan(request.dead_letters, asked.max_dead_letters, asked.show_values)


def replay_of(request: SyncRequest, facts: Facts) -> tuple[ReplayPlan | None, list[SyncError]]:
    """What a replay takes, and what forbids it; None: the run is none."""
    if facts.replay is None:
        return None, []
    by_key = request.publishing.write_disposition.is_by_key
    run_id = request.publishing.replayed_run
    return plan_replay(run_id, request.destination, facts.replay, by_key=by_key)


def plan_proof(
    request: SyncRequest, source: Source, columns: tuple[Column, ...]
) -> tuple[Proof | None, Source]:
    """What verify=true can prove, and the source that makes its half of the proof.

    Rows bring their own digests only when some of them may not be staged.

    Raises:
        ConfigError: the source can't.
    """
    if not request.publishing.verify:
        return None, source
    if not isinstance(source, ProvingSource):
        why = "it hashes no rows that BigQuery's could be compared with"
        raise ConfigError("a source without proof", "verify", why, "set verify=false.")
    proven = tuple(column.name for column in compared(columns))
    proof = Proof(excluded(columns), losses(columns), proven)
    apart = request.publishing.max_dead_letters > 0 or request.schema.transformation.row_filter
    return proof, source.with_proof(digests=bool(apart))
