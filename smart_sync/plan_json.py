"""as_json(plan): the plan for machines, the very object that runs. Pure."""

import json

from auto_schema.evolve import Alteration
from auto_schema.schema import Partitioning
from smart_sync.altering import altering
from smart_sync.check_plan import checks_dict
from smart_sync.headline import headline, warnings_of
from smart_sync.healing import healing_dict
from smart_sync.history_text import history_dict
from smart_sync.load_columns import load_dict
from smart_sync.marks import mark_dict
from smart_sync.merge_plan import MergePlan
from smart_sync.missing_plan import missing_dict
from smart_sync.plan import ReadPlan, SyncPlan
from smart_sync.proof_plan import Proof
from smart_sync.publish_sql import publish_statement
from smart_sync.read_plan import BigqueryReading
from smart_sync.replay_text import replay_dict
from smart_sync.reshape_text import reshaping_dict
from smart_sync.resume import resume_dict
from smart_sync.snapshot import snapshot_dict
from smart_sync.sql_lines import sql_dict
from smart_sync.value_text import range_text, value_text


def as_json(plan: SyncPlan) -> str:
    """The plan as JSON with sorted keys; the same plan gives the same text."""
    return json.dumps(as_dict(plan), indent=2, sort_keys=True, ensure_ascii=False)


def as_dict(plan: SyncPlan) -> dict[str, object]:
    """The plan as JSON-ready values, without secrets."""
    reading, publishing, run = plan.reading, plan.publishing, plan.run
    return {
        "headline": list(headline(plan)),
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
        "estimate_doubt": reading.estimate_doubt or None,
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
        "warnings": list(warnings_of(plan)),
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
        **load_dict(schema),
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
