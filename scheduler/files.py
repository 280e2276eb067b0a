"""schedules.yaml → schedules: many of them, and what they share. Pure but for reading files."""

from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import yaml

from auto_schema.errors import ConfigError, ManyErrors, SyncError, raise_all, shown
from scheduler.hosts import Host, environment_of, nearest, of_other_hosts
from scheduler.paths import BUCKET
from scheduler.schedule import Retry, Schedule, checked
from scheduler.tables import text_of_file

TABLES = "tables"
"""The path of a file whose text becomes the parameter of that name."""
KEYS = {field.name for field in fields(Schedule)} - {"name", "job_name"} | {TABLES}
RUN_JOB = "smart-sync"
"""The Cloud Run job that docs/deploy.md and the Terraform module make."""
RETRY_KEYS = {field.name for field in fields(Retry)}
MAPPINGS = ("parameters", "environment", "retry")


def read_schedules(path: Path, *, allow_plain_secrets: bool = False) -> list[Schedule]:
    """All schedules of a file, checked.

    Raises:
        ConfigError, ManyErrors: everything that is wrong with it.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError("file can't be read", str(path), str(error), "give another.") from error
    return schedules_in(text, str(path), path.parent, allow_plain_secrets=allow_plain_secrets)


def schedules_in(
    text: str, name: str, folder: Path = Path(), *, allow_plain_secrets: bool = False
) -> list[Schedule]:
    """All schedules of a file's text, checked, in its order.

    Args:
        text: YAML.
        name: of the file, for messages.
        folder: in which its paths begin.
        allow_plain_secrets: whether passwords may stand in it.

    Raises:
        ConfigError, ManyErrors: everything that is wrong with it.
    """
    shape = "write `defaults:` (optional) and `schedules:` with one entry for each name."
    try:
        whole = yaml.load(text, _Loader)  # noqa: S506 - makes texts, lists and mappings only
    except yaml.YAMLError as error:
        raise ConfigError("not YAML", name, _problem(error), "see docs/scheduling.md.") from None
    if not isinstance(whole, dict) or not isinstance(whole.get("schedules"), dict):
        raise ConfigError("no schedules", name, "", shape)
    faults: list[SyncError] = [
        ConfigError("unknown", f"{name}: {key}", "", shape)
        for key in sorted(whole.keys() - {"defaults", "schedules"})
    ]
    defaults = whole.get("defaults") or {}
    schedules = []
    for title, entry in whole["schedules"].items():
        try:
            values = merged(defaults, entry or {}, str(title))
            schedule = make_schedule(str(title), _placed(values, folder))
            faults += of_other_hosts(entry or {}, schedule.host, f"schedule {title}: ")
            schedules.append(checked(schedule, allow_plain_secrets=allow_plain_secrets))
        except ManyErrors as error:
            faults += error.errors
        except SyncError as error:
            faults.append(error)
    raise_all(faults)
    return schedules


def _problem(error: yaml.YAMLError) -> str:
    """What is wrong and in which line, but not the line: it may hold a password."""
    mark = getattr(error, "problem_mark", None)
    place = f", line {mark.line + 1}" if mark else ""
    return f"{getattr(error, 'problem', None) or type(error).__name__}{place}"


class _Loader(yaml.BaseLoader):
    """Every value stays as it is written; a name that stands twice is refused."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        names = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = {str(name) for name in names if names.count(name) > 1}
        if twice:
            what = f"stands twice: {', '.join(sorted(twice))}"
            raise yaml.constructor.ConstructorError(None, None, what, node.start_mark)
        return super().construct_mapping(node, deep)


def merged(defaults: Any, entry: Any, name: str) -> dict[str, Any]:
    """An entry over the defaults; parameters, environment and retry key by key."""
    for where, mapping in (("defaults", defaults), (f"schedule {name}", entry)):
        if not isinstance(mapping, dict):
            raise ConfigError("not a mapping", where, "", "write `key: value` lines.")
    whole = {**defaults, **entry}
    for key in MAPPINGS:
        parts = [mapping.get(key) or {} for mapping in (defaults, entry)]
        if not all(isinstance(part, dict) for part in parts):
            raise ConfigError("not a mapping", f"schedule {name}: {key}", "", "write `key: value`.")
        whole[key] = {**parts[0], **parts[1]}
    return whole


def _placed(values: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The values of an entry, the path of its file of tables seen from the file that names it."""
    path = values.get(TABLES)
    if not path or not isinstance(path, str) or path.startswith(BUCKET):
        return values
    return {**values, TABLES: str(folder / path)}


def make_schedule(name: str, values: Mapping[str, Any]) -> Schedule:
    """A schedule from the texts that a file or a command says of it, not yet checked.

    Raises:
        ManyErrors, ConfigError: keys that don't exist, or values of the wrong kind.
    """
    retry = values.get("retry") or {}
    faults: list[SyncError] = [
        *_unknown(name, "", values, KEYS),
        *_unknown(name, "retry.", retry, RETRY_KEYS),
        *_text_faults(name, values),
    ]
    fields: dict[str, Any] = {key: value for key, value in values.items() if value != ""}
    fields["host"] = host = _host(fields.get("host", Host.DATAFLOW), name, faults)
    kinds = {"paused": bool, "attempt_deadline_s": int}
    for key, kind in kinds.items():
        if key in fields:
            fields[key] = _typed(fields[key], kind, f"schedule {name}: {key}", faults)
    fields["retry"] = {
        key: _typed(value, int, f"schedule {name}: retry.{key}", faults)
        for key, value in retry.items()
    }
    raise_all(faults)
    fields["retry"] = Retry(**fields["retry"])
    kinds_there = environment_of(host)
    fields["environment"] = {
        key: typed(value, kinds_there.get(key, str))
        for key, value in values.get("environment", {}).items()
    }
    if path := fields.pop(TABLES, ""):
        fields["parameters"] = {**fields.get("parameters", {}), TABLES: text_of_file(path)}
    fields.pop("run_job" if host is Host.DATAFLOW else "template", None)  # of defaults for both
    if host is Host.CLOUD_RUN:
        fields.setdefault("run_job", RUN_JOB)
    fields.setdefault("location", fields.get("region", ""))
    required = ("cron", "project", "region", "template", "service_account")
    return Schedule(name=name, **dict.fromkeys(required, "") | fields)


def _text_faults(name: str, values: Mapping[str, Any]) -> Iterator[SyncError]:
    """Lists and mappings where one value is wanted."""
    for key, value in values.get("parameters", {}).items():
        if not isinstance(value, str):
            fix = "write one value, in quotes."
            yield ConfigError("not a text", f"schedule {name}: {key}", "", fix)
    for key, value in values.items():
        if key in KEYS - set(MAPPINGS) and not isinstance(value, str | bool | int):
            yield ConfigError("not a text", f"schedule {name}: {key}", "", "write one value.")


def _host(text: object, name: str, faults: list[SyncError]) -> Host:
    if text in list(Host):
        return Host(str(text))
    fix = f"give one of {', '.join(Host)}."
    faults.append(ConfigError("unknown", f"schedule {name}: host", shown(text), fix))
    return Host.DATAFLOW


def _unknown(name: str, where: str, given: Mapping[str, Any], known: set[str]) -> list[SyncError]:
    return [
        ConfigError("unknown", f"schedule {name}: {where}{key}", "", nearest(str(key), known))
        for key in sorted(given.keys() - known)
    ]


def _typed(value: object, kind: type, where: str, faults: list[SyncError]) -> object:
    parsed = typed(value, kind)
    if not isinstance(parsed, kind):
        fix = f"write {'true or false' if kind is bool else 'a whole number'}."
        faults.append(ConfigError("malformed", where, shown(value), fix))
    return parsed


def typed(value: object, kind: type) -> object:
    """A text as the kind of value that is wanted, or as it is if it isn't one.

    >>> typed("4", int), typed("true", bool), typed("many", int)
    (4, True, 'many')
    """
    if kind is bool and value in ("true", "false"):
        return value == "true"
    if kind is int and isinstance(value, str) and value.isdecimal():
        return int(value)
    return value
