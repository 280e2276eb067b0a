"""Each parameter's text against its kind; every fault told, none raised."""

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from auto_schema.errors import ConfigError, SyncError, shown
from auto_schema.transform import PARAMETER as TRANSFORMATION
from auto_schema.warehouse_types import MAX_CLUSTERING
from pipeline.parameters import zones
from pipeline.parameters.paths import is_json_path
from pipeline.parameters.table import PARAMETERS, Kind, Parameter
from smart_sync.hand_window import FORM
from sources.parameters import SECONDS
from sources.secrets import NAME_FIX, is_half_name

DURATION = r"[0-9]+(s|m|h|d)"
MAX_DIGITS = 19
LONGEST = timedelta(days=36_500)

REGEXES: Mapping[Kind, str] = {
    Kind.BOOL: "^(true|false)$",
    Kind.INT: "^[0-9]+$",
    Kind.DURATION: f"^{DURATION}$",
    Kind.STAMP: FORM,
    Kind.PROJECT: "^([a-z0-9.-]+:)?[a-z][a-z0-9-]{1,61}[a-z0-9]$",
    Kind.DATASET: "^[A-Za-z0-9_]{1,1024}$",
    Kind.TABLE: "^[^`./\\\\@:!]{1,1024}$",
    Kind.DECIMAL: "^[0-9]{1,9}([.][0-9]{1,9})?$",
    Kind.GUARD: f"^(auto|off|{DURATION})$",
    Kind.LOOKBACK: f"^({DURATION}|[0-9]{{1,18}})$",
    Kind.TABLE_PATH: "^([^.`{}$*]+[.]){0,2}[^.`{}$*]+$",
    Kind.ZONE: "^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*$",
    Kind.FIELDS: "^[^,]+(,[^,]+)*$",
    Kind.LAUNCH: "^[0-9]{8}t[0-9]{6}-[0-9a-f]{8}$",
    Kind.SLICE: "^(hour|day|month|year|[1-9][0-9]{0,18})$",
    Kind.NAME: "^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$",
    Kind.RUN: "^[0-9]{8}t[0-9]{6}-[0-9a-f]{8}$",
    Kind.MOMENT: "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$",
    Kind.KEPT: "^(true|false|0*[1-9][0-9]*(s|m|h|d))$",
}
"""POSIX extended, as the template's metadata wants them.

Names: https://cloud.google.com/bigquery/docs/datasets#dataset-naming and tables#table_naming.
"""
WORDS: Mapping[Kind, str] = {
    Kind.BOOL: "write true or false.",
    Kind.DURATION: "write a number and s, m, h or d, such as 30s, 5m, 6h or 1d.",
    Kind.STAMP: "write a stamp such as 2025-07-01, 2025-07-01T12:30:00Z, or an integer.",
    Kind.PROJECT: "write a project id, such as my-analytics-project.",
    Kind.DATASET: "use letters, digits and '_' only, without the project.",
    Kind.TABLE: "write the table's name alone; project and dataset have parameters of their own.",
    Kind.DECIMAL: "write a number such as 6.25.",
    Kind.GUARD: "write auto, off or a duration such as 30m.",
    Kind.LOOKBACK: "write a duration such as 30s, 5m, 6h or 1d, or a count such as 1000.",
    Kind.TABLE_PATH: "write table, dataset.table or project.dataset.table.",
    Kind.RUN: "write the run's id as its history has it, such as 20250722t150000-3f9a0c1d.",
    Kind.KEPT: "write true, false or a duration such as 14d.",
    Kind.MOMENT: "write a moment in UTC, such as 2025-07-01T12:30:00Z.",
    Kind.LAUNCH: "write the batch_id that the launch has told, such as 20250722t150000-3f9a0c1d.",
    Kind.SLICE: "write hour, day, month, year, or of an integer cursor a count such as 100000.",
    Kind.NAME: "write letters, digits, '_', '-' and '.', at most 100; a letter or digit first.",
}


def value_faults(values: Mapping[str, str]) -> list[SyncError]:
    """Everything that is wrong with single values."""
    faults: list[SyncError] = []
    for parameter in PARAMETERS:
        value = values[parameter.name]
        if value and (fault := value_fault(parameter, value)):
            faults.append(fault)
    return faults + _special_faults(values)


def value_fault(parameter: Parameter, value: str) -> SyncError | None:
    """What is wrong with one value, by its kind."""
    check = _CHECKS.get(parameter.kind, _matches)
    fault = check(parameter, value)
    if fault is None:
        return None
    why, fix = fault
    return _fault("malformed parameter", parameter, why, fix)


def _fault(what: str, parameter: Parameter, why: str, fix: str) -> ConfigError:
    return ConfigError(what, parameter.name, why, fix)


Found = tuple[str, str] | None


def _matches(parameter: Parameter, value: str) -> Found:
    pattern = REGEXES.get(parameter.kind)
    if pattern is None or re.fullmatch(pattern, value):
        return None
    return f"{shown(value)} is not a {parameter.kind}", WORDS[parameter.kind]


def _secret(parameter: Parameter, value: str) -> Found:
    del parameter  # nor is the value shown
    return ("it looks like the name of a secret", NAME_FIX) if is_half_name(value) else None


def _boolean(parameter: Parameter, value: str) -> Found:
    del parameter
    return None if value in ("true", "false") else (f"{shown(value)}", WORDS[Kind.BOOL])


def _integer(parameter: Parameter, value: str) -> Found:
    text = f"write a whole number from {parameter.low} to {parameter.high}."
    if not re.fullmatch("[0-9]+", value):
        return f"{shown(value)} is not a whole number", text
    if len(value) > MAX_DIGITS or not parameter.low <= int(value) <= parameter.high:
        return f"{shown(value)} is out of range", text
    return None


def _duration(parameter: Parameter, value: str) -> Found:
    del parameter
    if not re.fullmatch(DURATION, value):
        return f"{shown(value)} is not a duration", WORDS[Kind.DURATION]
    number, unit = value[:-1], value[-1]
    if len(number) > MAX_DIGITS or int(number) * SECONDS[unit] > LONGEST.total_seconds():
        return f"{shown(value)} is out of range", f"write at most {LONGEST.days}d."
    return None


def _guard(parameter: Parameter, value: str) -> Found:
    if value in ("auto", "off") or not _duration(parameter, value):
        return None
    return f"{shown(value)} is neither auto, off nor a duration", WORDS[Kind.GUARD]


def _kept(parameter: Parameter, value: str) -> Found:
    if value in ("true", "false"):
        return None
    if re.fullmatch("0+[smhd]", value):
        return f"{shown(value)} is no time at all", WORDS[Kind.KEPT]
    if not _duration(parameter, value):
        return None
    return f"{shown(value)} is neither true, false nor a duration", WORDS[Kind.KEPT]


def _lookback(parameter: Parameter, value: str) -> Found:
    if re.fullmatch("[0-9]{1,18}", value) or not _duration(parameter, value):
        return None
    return f"{shown(value)} is neither a duration nor a count", WORDS[Kind.LOOKBACK]


def _choice(parameter: Parameter, value: str) -> Found:
    if value in parameter.choices:
        return None
    known = ", ".join(choice for choice in parameter.choices if choice)
    return f"{shown(value)} is unknown", f"use one of {known}."


def _json(parameter: Parameter, value: str) -> Found:
    if parameter.name == TRANSFORMATION and is_json_path(value):
        return None
    try:
        parsed = json.loads(value)
    except (ValueError, RecursionError) as error:
        return f"not JSON: {error}", "send one JSON object; in a shell, quote it with '…'."
    return None if isinstance(parsed, dict) else ("not a JSON object", "send one JSON object.")


def _zone(parameter: Parameter, value: str) -> Found:
    del parameter
    if value in zones.names():
        return None
    return f"{shown(value)} is no IANA time zone", "write one such as Europe/Berlin or UTC."


def _moment(parameter: Parameter, value: str) -> Found:
    fault = f"{shown(value)} is no moment", WORDS[parameter.kind]
    if not re.fullmatch(REGEXES[Kind.MOMENT], value):
        return fault
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return fault
    return None


def _names(parameter: Parameter, value: str) -> Found:
    names = [name.strip() for name in value.split(",")]
    if not all(names):
        return "an empty name between commas", "write column names with single commas."
    if len(set(names)) < len(names):
        return "a name stands twice", "name each column once."
    if parameter.name == "clustering_fields" and len(names) > MAX_CLUSTERING:
        return f"{len(names)} columns", f"BigQuery clusters by {MAX_CLUSTERING} at most."
    return None


_CHECKS: Mapping[Kind, Callable[[Parameter, str], Found]] = {
    Kind.SECRET: _secret,
    Kind.BOOL: _boolean,
    Kind.INT: _integer,
    Kind.ENUM: _choice,
    Kind.DURATION: _duration,
    Kind.GUARD: _guard,
    Kind.LOOKBACK: _lookback,
    Kind.KEPT: _kept,
    Kind.MOMENT: _moment,
    Kind.JSON: _json,
    Kind.ZONE: _zone,
    Kind.FIELDS: _names,
}


def _special_faults(values: Mapping[str, str]) -> list[SyncError]:
    faults: list[SyncError] = []
    if re.fullmatch("0+[smhd]", values["lock_lease"]):
        fix = "write at least 1s, and more than a run may be silent."
        faults.append(ConfigError("malformed parameter", "lock_lease", "no time at all", fix))
    if values["tables"] and values["replay_dead_letters"]:
        why, fix = "a run is one of a single table", "launch that table by itself."
        faults.append(ConfigError("a replay of many tables", "replay_dead_letters", why, fix))
    return faults
