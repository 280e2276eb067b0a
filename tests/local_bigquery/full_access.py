"""`tabledata.list` is refused to who may not see all rows, or not the true values of a column.

https://cloud.google.com/bigquery/docs/using-row-level-security-with-features
https://cloud.google.com/bigquery/docs/column-data-masking-intro

Rows are hidden by `local-bigquery` itself, where it runs as it is; nothing masks values here, so
a column is taken for masked whose policy tag has a name that ends in /masked.
"""

import functools
from typing import Any

MASKED = "/masked"


def list_to_those_who_see_all() -> None:
    """Ask who may see all before rows are listed."""
    from local_bigquery.catalog import metadata, row_access, tabledata
    from local_bigquery.errors import BigQueryError
    from local_bigquery.models import RowAccessPolicy

    list_rows = tabledata.list_rows

    def sees_all(keys: tuple[str, str, str]) -> bool:
        if keys not in row_access.secured():
            return True
        granted = (
            policy.filterPredicate
            for policy in metadata.list_(RowAccessPolicy, *keys)
            if any(row_access._grants(to, row_access.members()) for to in policy.grantees or [])
        )
        return any(text.strip().upper() == "TRUE" for text in granted)

    def masked(keys: tuple[str, str, str], selected: str | None) -> list[str]:
        if keys[1] == tabledata.tables.RESULTS:
            return []
        asked = selected.casefold().split(",") if selected else None
        return [
            field.name
            for field in tabledata.tables.fields(tabledata.tables.load(*keys))
            if field.policyTags
            and any(name.endswith(MASKED) for name in field.policyTags.names or [])
            and (asked is None or field.name.casefold() in asked)
        ]

    @functools.wraps(list_rows)
    def listed(project: str, dataset: str, table: str, *more: Any) -> Any:
        keys = (project, dataset, table)
        if not sees_all(keys) or masked(keys, more[2]):
            said = f"Access Denied: Table {project}:{dataset}.{table}: "
            raise BigQueryError("accessDenied", f"{said}User may not see all of its data.")
        return list_rows(project, dataset, table, *more)

    tabledata.list_rows = listed
