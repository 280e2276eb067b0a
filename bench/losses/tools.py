"""The ways that are compared: each as its own documentation says, and with what helps it there."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import distributions
from pathlib import Path

import yaml
from google.api_core.exceptions import NotFound

from bench.losses.judge import Row, as_text
from bench.losses.lab import Case, Lab, Places, Tool, Words, rows_of
from bench.postgresql import PEERS_PYTHON
from bench.syncs import AS_INSTALLED
from demo.servers import ROOT
from demo.sides import PROJECT, make_client

HERE = Path(__file__).parent
DATASET = "peers"
SLING = "sling_linux_amd64/bin/sling-linux-amd64"


def packages() -> Path:
    """Where the peers' environment keeps its packages.

    Raises:
        SystemExit: there is none.
    """
    found = sorted(PEERS_PYTHON.parent.parent.glob("lib/python*/site-packages"))
    if not found:
        raise SystemExit("the peers are not installed: run `make peers`")
    return found[0]


@cache
def versions() -> dict[str, str]:
    """Package → version, of the peers' environment."""
    there = distributions(path=[str(packages())])
    return {one.metadata["Name"].lower().replace("_", "-"): one.version for one in there}


def rows_of_bigquery(lab: Lab, table: str) -> list[Row]:
    """All rows of a table of the local BigQuery; none where it isn't there."""
    client = make_client(lab.target)
    try:
        found = client.query_and_wait(f"SELECT * FROM `{PROJECT}.{DATASET}.{table}`")
    except NotFound:
        return []
    return [{name: as_text(value) for name, value in row.items()} for row in found]


@dataclass(frozen=True)
class Ours:
    """main.py with WRITE_MERGE, on this machine, into the local BigQuery."""

    name: str
    more: Mapping[str, str] = field(default_factory=dict)

    def commands(self, case: Case, places: Places) -> Sequence[Words]:
        """One run."""
        words = {
            "data_source": "postgresql",
            "postgresql_host": "127.0.0.1",
            "postgresql_port": str(places.postgresql),
            "postgresql_database": places.source,
            "postgresql_username": "postgres",
            "postgresql_password": "not-needed-here",
            "enable_smart_sync": "true",
            "enable_auto_schema": "true",
            "source_table_for_schema": f"public.{case.table}",
            "write_disposition": "WRITE_MERGE",
            "merge_keys": case.key,
            "partition_type": "MONTH",
            "destination_bigquery_project": PROJECT,
            "destination_bigquery_dataset": DATASET,
            "destination_bigquery_table": self._table(case),
            "temp_location": str(places.folder),
            **({"delete_missing": "hard", "max_deleted_percent": "50"} if case.deletes else {}),
            **self.more,
        }
        flags = [f"--{name}={value}" for name, value in words.items()]
        return [[sys.executable, ROOT / "main.py", *flags]]

    def environ(self, places: Places) -> Mapping[str, str]:
        """What points it at the local BigQuery."""
        return AS_INSTALLED | {
            "BIGQUERY_EMULATOR_HOST": places.bigquery,
            "BIGQUERY_STORAGE_EMULATOR_HOST": places.grpc,
        }

    def _table(self, case: Case) -> str:
        return f"{case.table}_{self.name}"

    def rows(self, case: Case, lab: Lab) -> list[Row]:
        """Of the destination."""
        return rows_of_bigquery(lab, self._table(case))

    def told(self, case: Case, lab: Lab) -> int:
        """Dead letters, and what the last run that ended well said it left out."""
        letters = len(rows_of_bigquery(lab, f"{self._table(case)}_dead_letters"))
        runs = make_client(lab.target).query_and_wait(
            f"SELECT rows_left_out FROM `{PROJECT}.{DATASET}.sync_runs_latest`"
            f" WHERE destination = '{PROJECT}.{DATASET}.{self._table(case)}'"
            " AND status = 'succeeded' ORDER BY event_time DESC LIMIT 1"
        )
        return letters + sum(run.rows_left_out or 0 for run in runs)


@dataclass(frozen=True)
class Dlt:
    """dlt's sql_table with an incremental cursor, merged by primary key into PostgreSQL."""

    name: str
    more: Mapping[str, Mapping[str, object]] = field(default_factory=dict)

    def commands(self, case: Case, places: Places) -> Sequence[Words]:
        """One run of a pipeline."""
        asked = {
            "source": places.uri(places.source).replace("postgresql:", "postgresql+psycopg2:"),
            "target": places.uri(places.target),
            "table": case.table,
            "key": case.key,
            "cursor": "updated_at",
            "folder": str(places.folder),
            "more": self.more,
        }
        return [[PEERS_PYTHON, "-P", HERE / "with_dlt.py", json.dumps(asked)]]

    def environ(self, places: Places) -> Mapping[str, str]:
        """It tells nobody."""
        return {"RUNTIME__DLTHUB_TELEMETRY": "false", "DLT_DATA_DIR": str(places.folder)}

    def rows(self, case: Case, lab: Lab) -> list[Row]:
        """Of the destination; what lies in a variant column counts as the column's."""
        rows = rows_of(lab, lab.places.target, f"of_{case.table}", case.table)
        return [_with_variants(row) for row in rows]

    def told(self, case: Case, lab: Lab) -> int:
        """It keeps no such list."""
        return 0


def _with_variants(row: Row) -> Row:
    """A value of another type than its column's goes to `column__v_type`, as dlt documents."""
    whole = dict(row)
    for name, value in row.items():
        column, is_variant, _ = name.partition("__v_")
        if is_variant and value is not None:
            whole[column] = value
    return whole


@dataclass(frozen=True)
class Sling:
    """A replication of Sling, merged by primary key into PostgreSQL."""

    name: str
    defaults: Mapping[str, object]
    options: Mapping[str, object] = field(default_factory=dict)

    def commands(self, case: Case, places: Places) -> Sequence[Words]:
        """One run of a replication."""
        options = {**self.options, **({"delete_missing": "hard"} if case.deletes else {})}
        replication = {
            "source": "THE_SOURCE",
            "target": "THE_TARGET",
            "defaults": {
                **self.defaults,
                "primary_key": [case.key],
                "object": f"public.{case.table}",
                "target_options": options,
            },
            "streams": {f"public.{case.table}": {}},
        }
        file = places.folder / f"{case.table}.yaml"
        file.write_text(yaml.safe_dump(replication), encoding="utf-8")
        return [[packages() / SLING, "run", "-r", file]]

    def environ(self, places: Places) -> Mapping[str, str]:
        """Connections by their URLs."""
        plain = "?sslmode=disable"
        return {
            "THE_SOURCE": places.uri(places.source) + plain,
            "THE_TARGET": places.uri(places.target) + plain,
            "SLING_HOME_DIR": str(places.folder),
            "SLING_DISABLE_TELEMETRY": "true",
        }

    def rows(self, case: Case, lab: Lab) -> list[Row]:
        """Of the destination."""
        return rows_of(lab, lab.places.target, "public", case.table)

    def told(self, case: Case, lab: Lab) -> int:
        """It keeps no such list."""
        return 0


@dataclass(frozen=True)
class Polars:
    """polars over connectorx into a Parquet file, the whole table, and one load job."""

    name: str

    def commands(self, case: Case, places: Places) -> Sequence[Words]:
        """The two steps of such a script."""
        file, table = places.folder / f"{case.table}.parquet", f"{DATASET}.{case.table}_{self.name}"
        script, source = HERE / "with_polars.py", places.uri(places.source)
        return [
            [PEERS_PYTHON, "-P", script, source, case.table, file],
            [sys.executable, "-m", "bench.losses.load", places.bigquery, file, table],
        ]

    def environ(self, places: Places) -> Mapping[str, str]:
        """Nothing."""
        return AS_INSTALLED

    def rows(self, case: Case, lab: Lab) -> list[Row]:
        """Of the destination."""
        return rows_of_bigquery(lab, f"{case.table}_{self.name}")

    def told(self, case: Case, lab: Lab) -> int:
        """It keeps no such list."""
        return 0


QUICK = {"lock_lease": "5s"}
"""A dead run's lock is given up sooner, so that the next need not wait half a minute."""
TOOLS: Sequence[Tool] = (
    Ours("ours", QUICK),
    Ours(
        "ours_helped",
        QUICK
        | {"smart_sync_lookback": "1h", "max_dead_letters": "100", "schema_evolution": "evolve"},
    ),
    Dlt("dlt"),
    Dlt(
        "dlt_helped",
        {
            "incremental": {"lag": 3600, "on_cursor_value_missing": "include"},
            "table": {"reflection_level": "full_with_precision"},
        },
    ),
    Sling("sling", {"mode": "incremental", "update_key": "updated_at"}),
    Sling("sling_helped", {"mode": "incremental"}, {"adjust_column_type": True}),
    Polars("polars"),
)
