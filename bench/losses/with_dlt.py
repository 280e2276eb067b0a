"""A table of PostgreSQL by dlt into another database, as its documentation says.

Runs in an environment of its own (requirements-bench.txt):

    python with_dlt.py '{"source": URI, "target": URI, "table": …, "key": …, "cursor": …,
                         "folder": …, "more": {…}}'
"""

import json
import sys
from typing import Any

import dlt
from dlt.sources.sql_database import sql_table

ASKED: dict[str, Any] = json.loads(sys.argv[1])
MORE: dict[str, Any] = ASKED["more"]
TABLE = sql_table(
    credentials=ASKED["source"],
    table=ASKED["table"],
    schema="public",
    incremental=dlt.sources.incremental(ASKED["cursor"], **MORE.get("incremental", {})),
    primary_key=ASKED["key"],
    write_disposition="merge",
    **MORE.get("table", {}),
)
PIPELINE = dlt.pipeline(
    pipeline_name=ASKED["table"],
    destination=dlt.destinations.postgres(ASKED["target"]),
    dataset_name=f"of_{ASKED['table']}",
    pipelines_dir=ASKED["folder"],
)
PIPELINE.run(TABLE).raise_on_failed_jobs()
