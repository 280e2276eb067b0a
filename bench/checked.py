"""Ten checks of 2,000,000 staged rows, beside the same run without them."""

import json
from collections.abc import Callable
from functools import partial

from google.cloud import bigquery

from bench.postgresql import OURS
from bench.record import Sample
from bench.syncs import into_new_table, of_postgresql
from demo.servers import BigQueryServer, PostgresqlServer

ROW, UNCHECKED = "checks", "unchecked"
TOLD = {OURS: "ten checks of the rows", UNCHECKED: "the same run without them"}


def _range(low: float, high: float) -> dict[str, object]:
    return {"dbt_utils.accepted_range": {"min_value": low, "max_value": high}}


COLUMNS: dict[str, list[object]] = {
    "id": ["not_null", "unique"],
    "quantity": [_range(0, 1000)],
    "amount": [_range(0, 10_000), {"dbt_utils.not_null_proportion": {"at_least": 0.9}}],
    "is_paid": [{"accepted_values": {"values": ["true", "false"], "quote": False}}],
    "note": [{"dbt_expectations.expect_column_values_to_match_regex": {"regex": "^note "}}],
    "customer": ["not_null"],
    "updated_at": ["not_null"],
}
WHOLE = [{"dbt_utils.expression_is_true": {"expression": "created_at <= updated_at"}}]


def properties(table: str) -> str:
    """Ten checks of the table with 13 columns, as a dbt project would have them."""
    columns = [{"name": name, "data_tests": tests} for name, tests in COLUMNS.items()]
    model = {"name": table, "data_tests": WHOLE, "columns": columns}
    return json.dumps({"version": 2, "models": [model]})


def ways(
    server: PostgresqlServer, target: BigQueryServer, client: bigquery.Client, table: str
) -> dict[str, Callable[[], Sample]]:
    """What is measured in turns."""
    source = of_postgresql(server, table)

    def checked() -> Sample:
        return into_new_table(source, target, client, checks=properties)

    return {UNCHECKED: partial(into_new_table, source, target, client), OURS: checked}
