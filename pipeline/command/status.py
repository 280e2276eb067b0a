"""`smart-sync status`: how each destination of a run history does."""

import json
import os
import re
from datetime import UTC, datetime, timedelta

from auto_schema.errors import ConfigError, SyncError, raise_all, shown
from pipeline.command.said import Said
from pipeline.command.settings import Settings, read_settings
from pipeline.parameters.request_of import endpoints_of
from pipeline.parameters.table import BY_NAME
from pipeline.runs.health import HEADINGS, document, healths, table_rows
from pipeline.runs.past_status import read_status
from scheduler.app import console
from scheduler.show import put_rows
from warehouse.client import make_client
from warehouse.names import TableRef

FAILING = 1
SINCE = "30d"
PROJECT, DATASET, TABLE, HISTORY = (
    "destination_bigquery_project",
    "destination_bigquery_dataset",
    "destination_bigquery_table",
    "run_history_table",
)
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def main(said: Said) -> int:
    """Print it; 0, or with --fail 1 where a destination's last run has failed."""
    settings, now = read_settings(said, os.environ), datetime.now(UTC)
    text = said.flags.get("since", SINCE)
    raise_all([*settings.faults, *_missing(settings), *_since_faults(text)])
    table = _history(settings)
    project = settings.text("bigquery_job_project") or table.project
    client = make_client(project, None, endpoints_of(os.environ), 1)
    rows = read_status(client, table, _destinations(settings), now - _span(text))
    tables = healths(rows, now)
    if said.is_json:
        print(json.dumps(document(tables), ensure_ascii=False, indent=2))
    elif tables:
        put_rows(console(), HEADINGS, table_rows(tables, now))
    else:
        print(f"no runs in {table} within {text}")
    return FAILING if "fail" in said.flags and any(one.has_failed for one in tables) else 0


def _missing(settings: Settings) -> list[SyncError]:
    fix = "give it as a flag, in the environment, or in the file of --config."
    wanted = [PROJECT] if settings.text(HISTORY).count(".") else [PROJECT, DATASET]
    return [ConfigError("missing", name, "", fix) for name in wanted if not settings.text(name)]


def _history(settings: Settings) -> TableRef:
    """The history that runs with these settings write."""
    parts = (settings.text(HISTORY) or BY_NAME[HISTORY].default).split(".")
    names = [settings.text(PROJECT), settings.text(DATASET)][: 3 - len(parts)] + parts
    return TableRef(*names[-3:])


def _destinations(settings: Settings) -> list[str]:
    """The one that is named; none: all that the history knows."""
    names = [settings.text(name) for name in (PROJECT, DATASET, TABLE)]
    return [".".join(names)] if all(names) else []


def _since_faults(text: str) -> list[SyncError]:
    if re.fullmatch(r"\d{1,5}[smhd]", text):
        return []
    return [ConfigError("malformed flag", "--since", shown(text), "write a duration such as 7d.")]


def _span(text: str) -> timedelta:
    return timedelta(**{UNITS[text[-1]]: int(text[:-1])})
