"""I/O. What is said of a table beside its rows and columns, kept while it is restored in place.

Which of it a copy job keeps isn't documented: so it is looked at before, and put back after.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from google.api_core.exceptions import PreconditionFailed
from google.cloud import bigquery

from warehouse.errors import as_target_errors
from warehouse.names import TableRef

OF_TABLE = (
    *("description", "friendlyName", "labels", "expirationTime", "requirePartitionFilter"),
    *("maxStaleness", "resourceTags", "defaultCollation", "defaultRoundingMode"),
)
OF_COLUMN = (
    *("description", "policyTags", "dataPolicies", "dataPolicyList", "dataGovernanceTagsInfo"),
    *("defaultValueExpression", "roundingMode"),
)
PARTITIONS_LIVE = "expirationMs"
"""Of timePartitioning."""
TRIES = 3
Settings = Mapping[str, Any]


def settings_of(table: bigquery.Table) -> dict[str, Any]:
    """What `put_settings_back` puts back, as JSON."""
    resource = table.to_api_repr()
    told = {name: resource[name] for name in OF_TABLE if resource.get(name)}
    lives = (resource.get("timePartitioning") or {}).get(PARTITIONS_LIVE)
    columns = _of_columns(resource.get("schema", {}).get("fields", ()))
    return {"table": told, "partitions_live_ms": lives, "columns": columns}


def _of_columns(fields: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    settings = dict[str, Any]()
    for field in fields:
        told = {name: field[name] for name in OF_COLUMN if field.get(name)}
        if nested := _of_columns(field.get("fields", ())):
            told["fields"] = nested
        if told:
            settings[field["name"].casefold()] = told
    return settings


def put_settings_back(client: bigquery.Client, ref: TableRef, settings: Settings) -> None:
    """Give a table the settings that it had; of columns that it has no more none.

    Raises:
        TargetError: BigQuery refused or can't be reached.
    """
    with as_target_errors(f"table {ref}"):
        for number in range(1, TRIES + 1):
            table = client.get_table(str(ref))
            changed = _change(table, settings)
            try:
                if changed:
                    client.update_table(table, changed)
                return
            except PreconditionFailed:  # somebody has changed it since it was looked at
                if number == TRIES:
                    raise


def _change(table: bigquery.Table, settings: Settings) -> list[str]:
    """Set what differs; the fields that do."""
    resource, wanted = table._properties, settings["table"]
    changed = [name for name in OF_TABLE if (resource.get(name) or None) != wanted.get(name)]
    for name in changed:
        setting = wanted.get(name)
        if name in ("labels", "resourceTags"):  # a patch takes away only what it names
            setting = dict.fromkeys(resource.get(name) or {}) | (setting or {})
        resource[name] = setting
    partitioning, lives = resource.get("timePartitioning"), settings["partitions_live_ms"]
    if partitioning and partitioning.get(PARTITIONS_LIVE) != lives:
        resource["timePartitioning"] = {**partitioning, PARTITIONS_LIVE: lives}
        changed.append("timePartitioning")
    fields = resource.get("schema", {}).get("fields", [])
    described = _described(fields, settings["columns"])
    if described != fields:
        resource["schema"] = {"fields": described}
        changed.append("schema")
    return changed


def _described(
    fields: Sequence[Mapping[str, Any]], settings: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """The same columns, with what was said of them; of one that wasn't there, as it is."""
    columns = list[dict[str, Any]]()
    for field in fields:
        told = dict(settings.get(field["name"].casefold(), {}))
        nested = told.pop("fields", {})
        column = {**field, **told}
        if "fields" in field:
            column["fields"] = _described(field["fields"], nested)
        columns.append(column)
    return columns
