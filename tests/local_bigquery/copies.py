"""Copy jobs that take a snapshot of a table, or restore a table from one, as BigQuery documents.

`local-bigquery` makes a snapshot without its base's layout, columns and time of expiry, and knows
no RESTORE. What is not documented to be kept of a table that is restored in place (labels,
description, time of expiry, what its columns are described as) is lost here.
"""

import functools
from typing import Any

DOCUMENTED = ("timePartitioning", "rangePartitioning", "clustering", "requirePartitionFilter")
"""What of its base a snapshot has beside rows and columns."""


def know_snapshots() -> None:
    """Make copy jobs know `operationType` SNAPSHOT and RESTORE."""
    from local_bigquery.jobs import copy, runner

    plain = copy.run

    @functools.wraps(plain)
    def run(cur: Any, config: Any, upload: str | None) -> Any:
        kinds = {"SNAPSHOT": _snapshot, "RESTORE": _restore}
        return kinds.get(config.operationType, plain)(cur, config, upload)

    assert runner.HANDLERS["copy"] is plain
    runner.HANDLERS["copy"] = run


def _snapshot(cur: Any, config: Any, _: str | None) -> Any:
    """A snapshot, of a table or of `table@milliseconds`; an existing one is never overwritten."""
    from local_bigquery.catalog import metadata, names, tables
    from local_bigquery.errors import BigQueryError, already_exists
    from local_bigquery.jobs import copy
    from local_bigquery.sql.rules.tables import DECORATOR

    source, destination = _ends(config)
    if config.writeDisposition not in (None, "WRITE_EMPTY"):
        raise BigQueryError("invalid", "A snapshot can't overwrite a table.")
    if tables._lookup(*destination) and not tables.expired(
        metadata.load(tables.Table, *destination)
    ):
        raise already_exists("Table", names.label(*destination))
    decorated = DECORATOR.match(source[2])
    base = (*source[:2], decorated[1] if decorated else source[2])
    stored = tables.load(*base)
    tables.forget(*destination)
    copied = _write(cur, copy._source(source), destination, "WRITE_TRUNCATE", "CREATE_IF_NEEDED")
    there = {column.name.casefold() for column in tables.columns(*destination)}
    told = stored.only(*DOCUMENTED).dump() | {
        "type": "SNAPSHOT",
        "schema": {
            "fields": [f.dump() for f in tables.fields(stored) if f.name.casefold() in there]
        },
        "snapshotDefinition": {
            "baseTableReference": dict(
                zip(("projectId", "datasetId", "tableId"), base, strict=True)
            ),
            "snapshotTime": "2025-01-01T00:00:00Z",
        },
    }
    if config.destinationExpirationTime:
        told["expirationTime"] = _milliseconds(config.destinationExpirationTime)
    resource = tables.defaults(*destination).merged(tables.Table.model_validate(told))
    tables.record(*destination, resource)
    return copied


def _restore(cur: Any, config: Any, _: str | None) -> Any:
    """A table with the rows, columns and layout of a snapshot; of its own it keeps its age."""
    from local_bigquery.catalog import metadata, names, tables
    from local_bigquery.errors import BigQueryError, not_found

    source, destination = _ends(config)
    snapshot = metadata.load(tables.Table, *source)
    if snapshot is None or tables.expired(snapshot):
        raise not_found("Table", names.label(*source))
    if snapshot.type != "SNAPSHOT":
        raise BigQueryError("invalid", f"{names.label(*source)} is no snapshot.")
    kept = metadata.load(tables.Table, *destination)
    layouts = [one and one.only(*DOCUMENTED[:3]).dump() for one in (snapshot, kept)]
    if kept is not None and layouts[0] != layouts[1]:
        raise BigQueryError("invalid", "Cannot replace a table with a different partitioning spec.")
    creates = config.createDisposition or "CREATE_IF_NEEDED"
    copied = _write(
        cur, tables.name(*source), destination, config.writeDisposition or "WRITE_EMPTY", creates
    )
    for field in tables.fields(snapshot):
        if field.mode == "REQUIRED":
            table, column = tables.name(*destination), field.name.replace('"', '""')
            cur.execute(f'ALTER TABLE {table} ALTER COLUMN "{column}" SET NOT NULL')
    gone = "description", "policyTags", "dataPolicies", "roundingMode"
    plain = [field.without(*gone).dump() for field in tables.fields(snapshot)]
    told = snapshot.only(*DOCUMENTED[:3]).dump() | {"schema": {"fields": plain}}
    resource = tables.defaults(*destination).merged(tables.Table.model_validate(told))
    if kept is not None and kept.creationTime:
        resource = resource.replace(creationTime=kept.creationTime)
    tables.record(*destination, resource)
    return copied


def _ends(config: Any) -> tuple[tuple[str, str, str], tuple[str, str, str]]:
    from local_bigquery.catalog import datasets, tables

    (source,) = config.sourceTables or [config.sourceTable]
    destination = tables.reference(config.destinationTable)
    datasets.get(*destination[:2])
    return tables.reference(source), destination


def _write(
    cur: Any, source: str, destination: tuple[str, str, str], disposition: str, creates: str
) -> Any:
    from local_bigquery.catalog import tables
    from local_bigquery.models import JobConfigurationTableCopy, JobStatistics5

    select = f"SELECT * FROM {source}"
    (copied,) = cur.sql(f"SELECT count(*) FROM ({select})").fetchone()
    config = JobConfigurationTableCopy(writeDisposition=disposition, createDisposition=creates)
    tables.write(cur, select, None, destination, config)
    return JobStatistics5(copiedRows=str(copied), copiedLogicalBytes="0")


def _milliseconds(stamp: str) -> str:
    from datetime import datetime

    return str(round(datetime.fromisoformat(stamp.replace("Z", "+00:00")).timestamp() * 1000))
