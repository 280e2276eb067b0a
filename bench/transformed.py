"""Rows that are selected, cast, masked and filtered on their way, beside the same run without."""

import json
from collections.abc import Callable
from functools import partial

from google.cloud import bigquery

from bench.postgresql import OURS
from bench.record import Sample
from bench.syncs import into_new_table, of_postgresql
from demo.servers import BigQueryServer, PostgresqlServer

ROW, PLAIN = "transformed", "plain"
TOLD = {OURS: "select, casts, masks and a filter", PLAIN: "the same run without them"}
CONFIG = {
    "exclude_fields": ["token"],
    "type_casts": {"quantity": "NUMERIC", "amount": "STRING", "due": "DATETIME"},
    "default_values": {"weight": 0},
    "constants": {"tenant": "acme"},
    "mask": {"customer": {"method": "sha256", "salt": "a salt of the benchmark"}, "note": "last4"},
    "filter": [["id", ">", 0], ["is_paid", "is not null"]],
    "field_mappings": {"customer": "customer_hash"},
}
"""Each of the steps, on columns of the table with 13; the filter keeps all rows, so that as many
are staged."""


def ways(
    server: PostgresqlServer, target: BigQueryServer, client: bigquery.Client, table: str
) -> dict[str, Callable[[], Sample]]:
    """What is measured in turns."""
    source = of_postgresql(server, table)
    transformed = source | {"transformation_config": json.dumps(CONFIG)}
    return {
        PLAIN: partial(into_new_table, source, target, client),
        OURS: partial(into_new_table, transformed, target, client),
    }
