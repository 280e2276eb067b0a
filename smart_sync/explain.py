"""explain(plan) and as_json(plan): the very object that runs, for people and machines."""

import json
from collections.abc import Iterator, Sequence

from auto_schema.evolve import Alteration, layout_text
from auto_schema.reshaping import Reshaping
from auto_schema.schema import Partitioning, TableSchema
from smart_sync.altering import alteration_lines, altering
from smart_sync.check_plan import check_lines, checks_dict
from smart_sync.healing import healing_dict, healing_lines
from smart_sync.history_text import history_dict, history_lines
from smart_sync.marks import mark_dict, mark_lines
from smart_sync.merge_plan import MergePlan
from smart_sync.missing_plan import missing_dict, missing_lines
from smart_sync.plan import Proof, ReadPlan, SyncPlan
from smart_sync.publish_sql import publish_statement
from smart_sync.read_plan import BigqueryReading
from smart_sync.replay_text import replay_dict, replay_lines
from smart_sync.reshape_text import reshaping_dict, reshaping_lines, types_before
from smart_sync.resume import resume_dict, resume_lines
from smart_sync.snapshot import snapshot_dict, snapshot_lines
from smart_sync.sql_lines import sql_dict, sql_lines
from smart_sync.value_text import value_text
from sources.values import Split, Window

SHOWN_SPLITS = 6


def explain(plan: SyncPlan) -> str:
    """The plan in words, some 30 lines."""
    return "\n".join(_lines(plan))


def _lines(plan: SyncPlan) -> Iterator[str]:
    yield f"Plan {plan.fingerprint} of run {plan.run.run_id}"
    yield f"  from         {plan.reading.source.place}"
    yield f"  into         {plan.destination} ({plan.run.location})"
    for warning in (*plan.changes.stale.warnings, *plan.warnings):
        yield f"  WARNING      {warning}"
    yield from _window_lines(plan)
    yield from _reading_lines(plan)
    yield "  columns"
    yield from _column_lines(plan.reading.schema, plan.reshaping)
    yield from reshaping_lines(plan.reshaping)
    publishing = plan.publishing
    yield f"  table        {publishing.mode}: {publishing.mode_reason}"
    if publishing.mode.makes_table:
        yield f"               {layout_text(plan.schema.partitioning, plan.schema.clustering)}"
    changes = plan.changes
    if changes.added:
        yield f"               columns to be added: {', '.join(changes.added)}"
    altered = alteration_lines(plan.destination, changes.altered, changes.looked_bytes)
    yield from (f"               {line}" for line in altered)
    if changes.target_only:
        yield f"               columns that stay NULL in new rows: {', '.join(changes.target_only)}"
    yield from _publish_lines(plan)
    for note in plan.notes:
        yield f"  note         {note}"


def _window_lines(plan: SyncPlan) -> Iterator[str]:
    if plan.publishing.replay is not None:
        yield from replay_lines(plan.publishing.replay)
        return
    if plan.window is None or plan.cursor is None:
        yield "  window       none: the whole result of the query"
        return
    yield f"  window       {window_text(plan.window.window)} of {plan.cursor.source_name}"
    if not plan.cursor.is_integer:
        yield f"               in {plan.window.time_zone}"
    yield f"    start      {plan.window.start_reason}"
    yield f"    end        {plan.window.end_reason}"
    if plan.window.held_back:
        yield f"  HELD BACK    nothing is read: {plan.window.held_back.why}"


def _reading_lines(plan: SyncPlan) -> Iterator[str]:
    if plan.held_back:
        return
    reading = plan.reading
    if reading.estimated_rows is not None:
        yield f"  estimate     about {reading.estimated_rows:,} rows"
    yield from _scan_lines(reading.bigquery)
    if not reading.is_in_place:
        yield f"  splits       {reading.split_total} ({reading.split_reason})"
        yield from _split_lines(reading.splits)
        yield from (f"  RESUMED      {line}" for line in resume_lines(plan))
    if reading.splits and plan.publishing.way.is_staged:
        yield "  query of the first split"
        yield from _sql_lines(reading.source.statement(reading.splits[0]))


def _sql_lines(statement: str) -> Iterator[str]:
    yield from (f"    | {line}" for line in statement.split("\n"))


def _split_lines(splits: Sequence[Split]) -> Iterator[str]:
    ranges = [split for split in splits if split.column is not None]
    for split in ranges[:SHOWN_SPLITS]:
        yield f"    {split.index:>5}      {range_text(split)}"
    if len(ranges) > SHOWN_SPLITS:
        yield f"               … and {len(ranges) - SHOWN_SPLITS:,} more"


def _scan_lines(reading: BigqueryReading | None) -> Iterator[str]:
    if reading is None:
        return
    yield f"  read         {reading.method}: {reading.reason}"
    if reading.scan_bytes is None and reading.is_in_place:
        yield "  scan         none: a copy job reads no bytes that are billed"
        return
    if reading.scan_bytes is None:
        yield "  scan         no query: Storage Read bills the table's bytes at its own price"
        return
    yield (
        f"  scan         {reading.scan_bytes:,} bytes by a dry run, about ${reading.price} at"
        f" ${reading.price_per_tib} per TiB"
    )
    if reading.max_bytes_billed is not None:
        yield f"               at most {reading.max_bytes_billed:,} bytes (max_bytes_billed)"


def _column_lines(schema: TableSchema, reshaping: Reshaping | None) -> Iterator[str]:
    width = max((len(c.name) for c in schema), default=0)
    kind_width = max((len(c.source_type) for c in schema), default=0)
    before = types_before(reshaping)
    for column in schema:
        kind = f"ARRAY<{column.bigquery}>" if column.is_repeated else column.bigquery
        if column.shape is not None:
            kind = "the same" if column.shape.display == column.source_type else kind
        kind = f"{before[column.name]} → {kind}" if column.name in before else kind
        text = f"    {column.name:<{width}}  {column.source_type:<{kind_width}} → {kind}"
        if column.source_name and column.name != column.source_name:
            text += f"  (source column {column.source_name})"
        text += f"  by {column.evidence}" if column.evidence else ""
        yield text + (f"  loses: {column.loss}" if column.loss else "")


def _publish_lines(plan: SyncPlan) -> Iterator[str]:
    if plan.held_back:
        return
    publishing, staging = plan.publishing, plan.run.staging
    if not plan.reading.is_in_place:
        yield f"  staging      {staging.folder}"
    yield from snapshot_lines(publishing.snapshot)
    yield from missing_lines(publishing.missing)
    yield from healing_lines(publishing.healing)
    yield from _way_lines(plan)
    yield from sql_lines(plan)
    if publishing.way.has_statement:
        yield from _merge_lines(plan)
        yield from _sql_lines(publish_statement(plan))
    if publishing.swaps:
        yield f"               built as {staging.new_table.table}, then renamed:"
        yield "               readers may miss the table for seconds while it is swapped"
    yield from _proof_lines(publishing.proof, is_before_sql=publishing.sql is not None)
    yield from check_lines(plan)
    yield f"  dead letters at most {plan.dead_letters.most}, into {plan.dead_letters.table}"
    if exact := [c.name for c in plan.reading.schema if c.wide_numbers == "exact"]:
        names = ", ".join(exact)
        yield f"               also rows with JSON numbers that BigQuery prints otherwise: {names}"
    yield f"  history      {plan.run.history_table}"


def _way_lines(plan: SyncPlan) -> Iterator[str]:
    publishing = plan.publishing
    first, *more = publishing.way.lines(publishing.way_reason, plan.run.staging.table.table)
    yield f"  publish      {first}"
    yield from (f"               {line}" for line in more)


def _merge_lines(plan: SyncPlan) -> Iterator[str]:
    merge = plan.publishing.merge
    if merge is None:
        return
    if merge.history:
        is_there = plan.publishing.mode.updates_rows
        yield from history_lines(merge, merge.history, is_there=is_there)
        return
    newest = f", the newest by {plan.cursor.name} wins" if plan.cursor else ""
    yield f"  merge        on {', '.join(merge.keys)}{newest}"
    yield from (f"               {line}" for line in mark_lines(merge.mark))
    if merge.filled:
        rows = "the rows" if merge.rows is None else f"the {merge.rows:,} rows"
        yield f"               only {', '.join(merge.filled)} of {rows} that are there: no row is"
        yield "               added, no other column touched, no watermark moved"
    if not plan.publishing.mode.updates_rows:
        return
    if merge.first_bytes is not None:
        yield (
            "               the first query reads keys, partitions and cursors of the table:"
            f" {merge.first_bytes:,} bytes"
        )
    size = f" of {merge.bytes:,} bytes" if merge.bytes is not None else ""
    if merge.partition:
        yield (
            f"               the MERGE reads those partitions by {merge.partition.field}{size}"
            " that the staged rows come from or go to"
        )
    else:
        yield f"               NOT PRUNED: the MERGE reads all{size}, since {merge.why_whole}"


def _proof_lines(proof: Proof | None, *, is_before_sql: bool) -> Iterator[str]:
    if proof is None:
        return
    yield "  verify       source and BigQuery hash the same rows before they are published:"
    yield "               the source computes each split once more, BigQuery reads what was staged"
    if is_before_sql:
        yield "               that is before transform_sql: what it makes of the rows isn't proven"
    proven = ", ".join(proof.compared) or "none: rows are counted, and that is all"
    yield f"               columns that are proven: {proven}"
    for name, why in proof.left_out:
        yield f"               {name} is left out: {why}"
    for name, loss in proof.losses:
        yield f"               {name} is compared but for {loss}"


def window_text(window: Window) -> str:
    """A window with the right brackets."""
    low = "-∞" if window.low is None else value_text(window.low)
    return f"({low}, {value_text(window.high)}]"


def range_text(split: Split) -> str:
    """A split's range with the right brackets."""
    low = "-∞" if split.lower is None else value_text(split.lower)
    high = "∞" if split.upper is None else value_text(split.upper)
    opening, closing = ("[", ")") if split.by_key else ("(", "]")
    return f"{split.column} {opening}{low}, {high}{closing}"


def as_json(plan: SyncPlan) -> str:
    """The plan as JSON with sorted keys; the same plan gives the same text."""
    return json.dumps(as_dict(plan), indent=2, sort_keys=True, ensure_ascii=False)


def as_dict(plan: SyncPlan) -> dict[str, object]:
    """The plan as JSON-ready values, without secrets."""
    reading, publishing, run = plan.reading, plan.publishing, plan.run
    return {
        "run_id": run.run_id,
        "fingerprint": plan.fingerprint,
        "data_source": reading.data_source,
        "source": reading.source.place,
        "destination": str(plan.destination),
        "location": run.location,
        "job_project": run.job_project,
        "window": _window_dict(plan),
        "estimated_rows": reading.estimated_rows,
        "estimated_bytes": reading.estimated_bytes,
        "rows_left_out": reading.left_out,
        "reading": _reading_dict(reading.bigquery),
        "splits": _splits_dict(reading),
        "sql": [reading.source.statement(split) for split in reading.splits[:1]],
        "columns": [column.describe() for column in plan.reading.schema],
        "transform_sql": sql_dict(plan),
        "transformation": reshaping_dict(plan.reshaping),
        "table": _table_dict(plan),
        "publish": _publish_dict(plan),
        "replay": replay_dict(publishing.replay),
        **healing_dict(publishing.healing),
        **({"missing": told} if (told := missing_dict(publishing.missing)) else {}),
        "verify": _proof_dict(publishing.proof),
        "checks": checks_dict(plan),
        "max_dead_letters": plan.dead_letters.most,
        "dead_letter_table": str(plan.dead_letters.table),
        "history_table": str(run.history_table),
        "warnings": [*plan.changes.stale.warnings, *plan.warnings],
        "notes": list(plan.notes),
        **({"resume": told} if (told := resume_dict(plan)) else {}),
    }


def _splits_dict(reading: ReadPlan) -> dict[str, object]:
    return {
        "count": reading.split_total,
        "reason": reading.split_reason,
        "fingerprint": reading.split_fingerprint,
        "connections": reading.connections,
        "ranges": [range_text(split) for split in reading.splits if split.column],
    }


def _table_dict(plan: SyncPlan) -> dict[str, object]:
    publishing, changes, schema = plan.publishing, plan.changes, plan.schema
    return {
        "mode": str(publishing.mode),
        "reason": publishing.mode_reason,
        "added_columns": list(changes.added),
        "altered_columns": [_alteration_dict(plan, one) for one in changes.altered],
        "target_only_columns": list(changes.target_only),
        "stale_columns": [field.name for field in changes.stale.fields],
        "unmasked_columns": [field.name for field in changes.stale.unmasked],
        "clears_stale_columns": changes.stale.clears,
        "partitioning": _partitioning_dict(schema.partitioning),
        "clustering": list(schema.clustering),
        "labels": dict(publishing.labels),
        "description": schema.description,
    }


def _alteration_dict(plan: SyncPlan, one: Alteration) -> dict[str, str]:
    statement = altering(plan.destination, one)
    return {"change": one.display, "reason": one.reason, "statement": statement}


def _publish_dict(plan: SyncPlan) -> dict[str, object]:
    publishing, staging = plan.publishing, plan.run.staging
    return {
        "way": str(publishing.way),
        "reason": publishing.way_reason,
        "swaps": publishing.swaps,
        "write_disposition": str(publishing.write_disposition),
        "merge": _merge_dict(publishing.merge),
        "statement": publish_statement(plan) if publishing.way.has_statement else None,
        "staging_folder": staging.folder,
        "staging_table": str(staging.table) if publishing.way.has_table else None,
        "snapshot": snapshot_dict(publishing.snapshot),
    }


def _reading_dict(reading: BigqueryReading | None) -> dict[str, object] | None:
    if reading is None:
        return None
    return {
        "method": str(reading.method),
        "reason": reading.reason,
        "no_copy_because": reading.copy_reason or None,
        "scan_bytes": reading.scan_bytes,
        "price_usd": None if reading.price is None else str(reading.price),
        "price_per_tib": str(reading.price_per_tib),
        "max_bytes_billed": reading.max_bytes_billed,
    }


def _window_dict(plan: SyncPlan) -> dict[str, object] | None:
    if plan.window is None or plan.cursor is None:
        return None
    window = plan.window.window
    return {
        "column": plan.cursor.source_name,
        "destination_column": plan.cursor.name,
        "start": None if window.low is None else value_text(window.low),
        "start_included": False,
        "start_reason": plan.window.start_reason,
        "end": value_text(window.high),
        "end_included": True,
        "end_reason": plan.window.end_reason,
        "time_zone": plan.window.time_zone,
        "held_back": plan.window.held_back.why if plan.window.held_back else None,
    }


def _proof_dict(proof: Proof | None) -> dict[str, object] | None:
    if proof is None:
        return None
    return {
        "compared": list(proof.compared),
        "left_out": dict(proof.left_out),
        "losses": dict(proof.losses),
    }


def _merge_dict(merge: MergePlan | None) -> dict[str, object] | None:
    if merge is None:
        return None
    return {
        "keys": list(merge.keys),
        "pruned_by": merge.partition.field if merge.partition else None,
        "not_pruned_because": merge.why_whole or None,
        "table_rows": merge.rows,
        "table_bytes": merge.bytes,
        "first_query_bytes": merge.first_bytes,
        **mark_dict(merge.mark),
        **({"history": history_dict(merge.history)} if merge.history else {}),
    }


def _partitioning_dict(partitioning: Partitioning | None) -> dict[str, str] | None:
    return {"field": partitioning.field, "type": partitioning.type} if partitioning else None
