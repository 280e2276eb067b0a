"""Which staged rows BigQuery's own parser of JSON refuses: asked of it, as SQL from a plan.

Half a surrogate pair, more than 500 levels and the like; one such row ends a whole statement.
"""

from collections.abc import Iterator

from auto_schema.names import STAGED, of_staged, string_literal
from auto_schema.schema import Column
from smart_sync.plan import SyncPlan

REFUSED_JSON = "JSON that BigQuery does not parse"


def refused_json(plan: SyncPlan) -> str:
    """Whether a row of staging, named `STAGED`, has such a text; empty: none can."""
    return " OR ".join(bad for _, bad in _refused(plan))


def refused_json_letters(plan: SyncPlan) -> str:
    """A SELECT of the dead letters that these rows are."""
    names = "".join(
        f" WHEN {bad} THEN {string_literal(column.name)}" for column, bad in _refused(plan)
    )
    values = "".join(f" WHEN {bad} THEN {of_staged(column.name)}" for column, bad in _refused(plan))
    row = f"TO_JSON_STRING({STAGED})"
    return (
        f"SELECT CASE{names} END AS column_name, SUBSTR(CASE{values} END, 1, 1000) AS value,\n"
        f"  {string_literal(REFUSED_JSON)} AS reason, {row} AS raw_row,\n"
        f"  TO_HEX(SHA256({row})) AS row_hash\n"
        f"FROM {plan.staging.table.sql} AS {STAGED}\nWHERE {refused_json(plan)}"
    )


def _refused(plan: SyncPlan) -> Iterator[tuple[Column, str]]:
    if plan.is_in_place:
        return
    for column in plan.schema:
        if column.is_json and not column.is_repeated and column.shape is None:
            text = of_staged(column.name)
            parsed = f"SAFE.PARSE_JSON({text}, wide_number_mode=>'round')"
            yield column, f"(TRIM({text}) != 'null' AND {parsed} IS NULL)"
