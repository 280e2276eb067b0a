"""Which run history a subcommand looks at, how far back, and for which destinations."""

import os
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from google.cloud import bigquery

from auto_schema.errors import ConfigError, SyncError, raise_all, shown
from pipeline.command.said import Said
from pipeline.command.settings import read_settings
from pipeline.launch.settings import Settings
from pipeline.parameters.request_of import endpoints_of
from pipeline.parameters.table import BY_NAME
from warehouse.client import make_client
from warehouse.names import TableRef

PROJECT, DATASET, TABLE, HISTORY = (
    "destination_bigquery_project",
    "destination_bigquery_dataset",
    "destination_bigquery_table",
    "run_history_table",
)
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


@dataclass(frozen=True, slots=True)
class LookBack:
    """A look at a run history.

    Attributes:
        client: of BigQuery.
        table: the history.
        destinations: those that are meant; none: all that it knows.
        text: how far back, as it was said.
        since: from when on, included.
        now: when it is looked at.
    """

    client: bigquery.Client
    table: TableRef
    destinations: tuple[str, ...]
    text: str
    since: datetime
    now: datetime


def look_back(said: Said, default: str) -> LookBack:
    """What the words, the environment and the config file mean.

    Args:
        said: the words, `--since` among them.
        default: how far back it looks where they don't say it.

    Raises:
        ConfigError, ManyErrors: something is missing or malformed.
    """
    settings, now = read_settings(said, os.environ), datetime.now(UTC)
    text = said.flags.get("since", default)
    raise_all([*settings.faults, *_missing(settings), *_since_faults(text)])
    table = _history(settings)
    project = settings.text("bigquery_job_project") or table.project
    client = make_client(project, None, endpoints_of(os.environ), 1)
    return LookBack(client, table, _destinations(settings), text, now - _span(text), now)


def _missing(settings: Settings) -> list[SyncError]:
    fix = "give it as a flag, in the environment, or in the file of --config."
    wanted = [PROJECT] if settings.text(HISTORY).count(".") else [PROJECT, DATASET]
    return [ConfigError("missing", name, "", fix) for name in wanted if not settings.text(name)]


def _history(settings: Settings) -> TableRef:
    """The history that runs with these settings write."""
    parts = (settings.text(HISTORY) or BY_NAME[HISTORY].default).split(".")
    names = [settings.text(PROJECT), settings.text(DATASET)][: 3 - len(parts)] + parts
    return TableRef(*names[-3:])


def _destinations(settings: Settings) -> tuple[str, ...]:
    names = [settings.text(name) for name in (PROJECT, DATASET, TABLE)]
    return (".".join(names),) if all(names) else ()


def _since_faults(text: str) -> list[SyncError]:
    if re.fullmatch(r"\d{1,5}[smhd]", text):
        return []
    return [ConfigError("malformed flag", "--since", shown(text), "write a duration such as 7d.")]


def _span(text: str) -> timedelta:
    return timedelta(**{UNITS[text[-1]]: int(text[:-1])})
