"""Values of parameters that were found to be right → a SyncRequest; pure."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal

from auto_schema.transform import Transformation
from pipeline.parameters.checks import DURATION
from pipeline.parameters.missing_checks import parse_where
from smart_sync.deletes import DeletesRequest
from smart_sync.missing_keys import INVALIDATE, MissingRequest
from smart_sync.request import (
    Guard,
    Pause,
    PublishingRequest,
    ReadingRequest,
    RunRequest,
    SchemaRequest,
    Slicing,
    SyncRequest,
    WindowRequest,
    WriteDisposition,
)
from sources.parameters import duration
from sources.registry import SOURCES
from warehouse.names import Endpoints, TableRef

A_MINUTE = timedelta(minutes=1)
DATAFLOW_LEASE = timedelta(minutes=30)
"""Dataflow may queue a job for minutes and takes more to start its workers."""

SNAPSHOT_LIFE = timedelta(days=7)


def request_of(
    values: Mapping[str, str],
    given: Mapping[str, str],
    transformation: Transformation,
    temp_location: str,
    environ: Mapping[str, str],
) -> SyncRequest:
    """The request that they say.

    Args:
        values: the text of each parameter, its default where it isn't given.
        given: those that were given.
        transformation: what transformation_config says.
        temp_location: where files are staged.
        environ: the process's environment, which may name stand-ins of the services.
    """
    endpoints = endpoints_of(environ)
    return SyncRequest(
        data_source=values["data_source"],
        destination=TableRef(
            values["destination_bigquery_project"],
            values["destination_bigquery_dataset"],
            values["destination_bigquery_table"],
        ),
        reading=_reading(values, endpoints),
        window=_window(values),
        schema=_schema(values, transformation, partition_given="partition_field" in given),
        publishing=_publishing(values),
        run=_run(values, temp_location, endpoints),
        deletes=DeletesRequest(values["deleted_column"].strip(), values["deleted_rows"]),
        missing=MissingRequest(
            values["hard_deletes"]
            if values["hard_deletes"] == INVALIDATE
            else values["delete_missing"],
            parse_where(values["delete_missing_where"])[0],
            Decimal(values["max_deleted_percent"]),
            heals=values["repair"] == "true",
        ),
    )


def _reading(values: Mapping[str, str], endpoints: Endpoints) -> ReadingRequest:
    kind = SOURCES[values["data_source"]]
    return ReadingRequest(
        connection=kind.connection(values, endpoints),
        query=kind.query(values),
        schema_table=values["source_table_for_schema"].strip(),
        batch_rows=int(values["batch_size"]) if values["batch_size"] else None,
        num_splits=int(values["num_splits"]),
        max_source_connections=int(values["max_source_connections"]),
        lanes=kind.lanes,
        method=values["bigquery_read_method"],
        max_bytes_billed=int(values["max_bytes_billed"]) if values["max_bytes_billed"] else None,
        price_per_tib=Decimal(values["bigquery_price_per_tib"]),
    )


def _window(values: Mapping[str, str]) -> WindowRequest:
    return WindowRequest(
        smart_sync=values["enable_smart_sync"] == "true",
        cursor=values["smart_sync_timestamp_column"],
        sync_all_on_empty_table=values["sync_all_on_empty_table"] == "true",
        fallback=timedelta(days=int(values["fallback_days"])),
        margin=duration(values["smart_sync_margin"]),
        lookback=_lookback(values["smart_sync_lookback"]),
        lookback_numbers=_lookback_numbers(values["smart_sync_lookback"]),
        by_hand=_by_hand(values),
        slicing=_slicing(values),
        guard=_guard(values),
        source_timezone=values["source_timezone"],
    )


def _schema(
    values: Mapping[str, str], transformation: Transformation, *, partition_given: bool
) -> SchemaRequest:
    return SchemaRequest(
        auto_schema=values["enable_auto_schema"] == "true",
        partition_field=values["partition_field"].strip(),
        partition_given=partition_given,
        partition_type=values["partition_type"],
        clustering_fields=_fields(values["clustering_fields"]),
        evolution=values["schema_evolution"],
        stale_columns=values["stale_columns"],
        json_numbers=values["json_numbers"],
        unknown_types=values["unknown_types"],
        rename_columns=values["rename_columns"],
        transformation=transformation,
    )


def _publishing(values: Mapping[str, str]) -> PublishingRequest:
    filled = _fields(values["backfill_columns"])
    asked = WriteDisposition(values["write_disposition"])
    return PublishingRequest(
        write_disposition=WriteDisposition.MERGE if filled else asked,
        merge_keys=_fields(values["merge_keys"]),
        backfill_columns=filled,
        create_if_needed=values["create_disposition"] == "CREATE_IF_NEEDED",
        delete_existing_table=values["delete_existing_table"] == "true",
        accept_source_change=values["accept_source_change"] == "true",
        verify=values["verify"] == "true",
        dead_letter_table=values["dead_letter_table"],
        max_dead_letters=int(values["max_dead_letters"]),
        show_values=values["show_values"] == "true",
        checks_at=values["checks"],
        checks_keep=duration(values["checks_keep"]),
        volume_check=""
        if filled or values["replay_dead_letters"] or values["volume_check"] == "off"
        else values["volume_check"],
        quarantines=values["on_check_failure"] == "quarantine",
        keep_snapshots=_kept(values["keep_snapshots"]),
        sql=values["transform_sql"],
        replayed_run=values["replay_dead_letters"],
        load_columns=values["load_columns"] == "true",
    )


def _volume_check(values: Mapping[str, str], *, is_sync: bool) -> str:
    return values["volume_check"] if is_sync and values["volume_check"] != "off" else ""


def _run(values: Mapping[str, str], temp_location: str, endpoints: Endpoints) -> RunRequest:
    return RunRequest(
        temp_location=temp_location,
        history_table=values["run_history_table"],
        job_project=values["bigquery_job_project"],
        lease=duration(values["lock_lease"]) if values["lock_lease"] else DATAFLOW_LEASE,
        max_retries=int(values["max_retries"]),
        longest=A_MINUTE * int(values["max_run_minutes"]),
        pause=_pause(values),
        plan_only=values["plan_only"] == "true",
        plan_format=values["plan_format"],
        plan_detail=values["plan_detail"],
        verify_window=_verify_window(values),
        resume=values["resume"] == "true",
        rollback_run=values["rollback_run"],
        rollback_to=values["rollback_to"],
        endpoints=endpoints,
    )


def _pause(values: Mapping[str, str]) -> Pause:
    since = values["failures_counted_from"]
    return Pause(
        int(values["pause_after_failures"]), datetime.fromisoformat(since) if since else None
    )


def endpoints_of(environ: Mapping[str, str]) -> Endpoints:
    """Where stand-ins of the services listen; empty: the real ones are asked."""
    return Endpoints(
        bigquery=_url(environ.get("BIGQUERY_EMULATOR_HOST", "")),
        bigquery_storage=environ.get("BIGQUERY_STORAGE_EMULATOR_HOST", ""),
        storage=_url(environ.get("STORAGE_EMULATOR_HOST", "")),
        secret_manager=secret_manager(environ),
    )


def secret_manager(environ: Mapping[str, str]) -> str:
    """Where a stand-in of Secret Manager listens; empty: the real one is asked."""
    return _url(environ.get("SECRET_MANAGER_EMULATOR_HOST", ""))


def _url(host: str) -> str:
    return host if not host or re.match(r"https?://", host) else f"http://{host}"


def _lookback(text: str) -> timedelta:
    return duration(text) if text and not text.isdigit() else timedelta(0)


def _lookback_numbers(text: str) -> int:
    return int(text) if text.isdigit() else 0


def _guard(values: Mapping[str, str]) -> Guard:
    text, longest = values["late_commit_guard"], duration(values["late_commit_guard_max"])
    fixed = duration(text) if re.fullmatch(DURATION, text) else timedelta(0)
    return Guard(auto=text == "auto", duration=fixed, longest=longest)


def _by_hand(values: Mapping[str, str]) -> tuple[str, str] | None:
    ends = (values["sync_start"], values["sync_end"])
    return ends if all(ends) else None


def _slicing(values: Mapping[str, str]) -> Slicing | None:
    if not values["backfill_by"]:
        return None
    return Slicing(
        values["backfill_by"],
        newest_first=values["backfill_order"] == "newest",
        name=values["backfill_id"],
        at_once=int(values["max_tables_at_once"]),
    )


def _verify_window(values: Mapping[str, str]) -> tuple[str, str] | None:
    only = values["verify_only"] == "true"
    return (values["verify_start"], values["verify_end"]) if only else None


def _kept(text: str) -> timedelta | None:
    if text in ("true", "false"):
        return SNAPSHOT_LIFE if text == "true" else None
    return duration(text)


def _fields(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())
