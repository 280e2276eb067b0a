"""Columns that BigQuery can't call as the source does, renamed where that is asked for. Pure."""

from collections.abc import Mapping
from dataclasses import replace

from auto_schema.evolve import CurrentField
from auto_schema.names import hashed_name, new_names
from auto_schema.schema import TableSchema
from smart_sync.request import SyncRequest
from sources.profile import SourceProfile

AUTO = "auto"


def with_new_names(
    request: SyncRequest, profile: SourceProfile, current: Mapping[str, CurrentField]
) -> SyncRequest:
    """The request as if the operator had given the names that `rename_columns=auto` gives.

    Args:
        request: what was asked for; it comes back as it is where nothing needs another name.
        profile: what the source delivers; a source of documents has names of its own.
        current: the destination's columns by case-folded name, also of one that is rebuilt.
    """
    if request.schema.rename_columns != AUTO or profile.is_open:
        return request
    asked = request.schema.transformation
    there = {field.name for field in current.values()}
    names = new_names((c.name for c in profile.columns), dict(asked.field_mappings), there)
    if not names:
        return request
    mappings = (*asked.field_mappings, *names.items())
    schema = replace(request.schema, transformation=replace(asked, field_mappings=mappings))
    return replace(request, schema=schema)


def renaming_note(request: SyncRequest, schema: TableSchema) -> str:
    """Which columns have such a name; empty: none."""
    renamed = [
        f"{column.source_name!r} is {column.name}"
        for column in schema
        if column.name == hashed_name(column.source_name)
    ]
    if request.schema.rename_columns != AUTO or not renamed:
        return ""
    return f"renamed, and so in each run (rename_columns=auto): {', '.join(renamed)}"
