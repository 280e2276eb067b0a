"""argv → SyncRequest: the only reader of strings and of the environment; no Beam.

All faults are collected and raised at once, each naming the parameter and the mend.
"""

import os
import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from functools import partial

from auto_schema import transform
from auto_schema.errors import ConfigError, SyncError, raise_all
from pipeline.parameters.checks import DURATION, value_fault, value_faults
from pipeline.parameters.table import BY_NAME, MANY, PARAMETERS, Kind
from pipeline.parameters.temp_location import default_temp_location
from pipeline.parameters.webhook import Webhook, address_fault
from pipeline.parameters.writing_checks import writing_faults
from smart_sync.request import (
    Guard,
    PublishingRequest,
    ReadingRequest,
    RunRequest,
    SchemaRequest,
    SyncRequest,
    WindowRequest,
    WriteDisposition,
)
from sources.parameters import duration
from sources.registry import SOURCES
from sources.secrets import Secret
from warehouse.names import Endpoints, TableRef

DATAFLOW_LEASE, LOCAL_LEASE = timedelta(minutes=30), timedelta(seconds=30)
"""Dataflow may queue a job for minutes and takes more to start its workers."""
LOCAL_RUNNERS = ("", "direct", "fnapi", "bundlebaseddirect")
"""Beam takes a runner's name with and without `Runner` at its end."""
PLAIN = (
    "{name} is plain text: the launch request and the staged graph"
    " (pipeline.pb) hold it. Name a Secret Manager version instead"
    " (projects/P/secrets/S/versions/V)."
)
WORKER_FLAGS = (
    "sdk_container_image",
    "worker_harness_container_image",
    "setup_file",
    "extra_package",
    "extra_packages",
)
"""Beam's flags that can bring the program to the workers."""


@dataclass(frozen=True, slots=True)
class Options:
    """A parsed command line: our request, and the flags that are Beam's."""

    request: SyncRequest
    beam_argv: tuple[str, ...]
    runner: str
    worker_image: str = ""
    """The image for the workers, where no flag says what brings the program to them."""
    warnings: tuple[str, ...] = ()
    webhook: Webhook | None = None
    """Who is told how the run ends; nobody of a plan that is only shown."""

    @property
    def is_local(self) -> bool:
        """Whether the pipeline runs in this process."""
        return self.request.run.is_local

    def flag(self, name: str) -> str:
        """The value of one of Beam's flags, or empty."""
        return beam_flag(self.beam_argv, name)


def is_local_runner(name: str) -> bool:
    """Whether a runner works in this process.

    >>> is_local_runner("DirectRunner"), is_local_runner("direct"), is_local_runner("Dataflow")
    (True, True, False)
    """
    return name.lower().removesuffix("runner") in LOCAL_RUNNERS


def unchecked(_: Sequence[str]) -> Sequence[SyncError]:
    """Beam's flags as they are given, for whoever starts no job."""
    return ()


def split_argv(argv: Sequence[str]) -> tuple[dict[str, str], tuple[str, ...], list[SyncError]]:
    """Part our parameters from Beam's flags, before Beam sees any of them."""
    ours: dict[str, str] = {}
    rest: list[str] = []
    faults: list[SyncError] = []
    position = 0
    while position < len(argv):
        word = argv[position]
        position += 1
        name, has_value, value = word.removeprefix("--").partition("=")
        if not word.startswith("--") or name not in BY_NAME:
            rest.append(word)
            continue
        if not has_value:
            following = argv[position] if position < len(argv) else "--"
            if following.startswith("--"):
                fix = f"write --{name}=VALUE."
                faults.append(ConfigError("parameter without a value", f"--{name}", "", fix))
                if BY_NAME[name].kind is Kind.SECRET and not _is_ours(following):
                    position += 1  # a secret that begins with dashes: no message may show it
                continue
            value, position = following, position + 1
        if name in ours:
            fix = "give it once."
            faults.append(ConfigError("parameter given twice", f"--{name}", "", fix))
        ours[name] = value
    return ours, tuple(rest), faults


def names_tables(argv: Sequence[str]) -> bool:
    """Whether a command line is that of a launch of many tables."""
    return bool(split_argv(argv)[0].get("tables"))


def _is_ours(word: str) -> bool:
    return word.removeprefix("--").partition("=")[0] in BY_NAME


def beam_flag(argv: Sequence[str], name: str) -> str:
    """The last value of a flag in `--name=value` or `--name value` form, or empty."""
    value = ""
    for position, word in enumerate(argv):
        if word.startswith(f"--{name}="):
            value = word.partition("=")[2]
        elif word == f"--{name}" and position + 1 < len(argv):
            value = argv[position + 1]
    return value


def parse(
    argv: Sequence[str],
    environ: Mapping[str, str] | None = None,
    *,
    beam_faults: Callable[[Sequence[str]], Sequence[SyncError]] = unchecked,
) -> Options:
    """Read a command line.

    Args:
        argv: our parameters and Beam's flags.
        environ: the process's environment; None: its own.
        beam_faults: what is wrong with the flags that are Beam's.

    Raises:
        ConfigError, ManyErrors: everything that is wrong with it.
    """
    environ = os.environ if environ is None else environ
    given, beam_argv, faults = split_argv(argv)
    given = {name: text for name, text in given.items() if text or name == "partition_field"}
    values = {p.name: given.get(p.name, p.default) for p in PARAMETERS}
    flag = partial(beam_flag, beam_argv)
    runner = flag("runner")
    faults += _parameter_faults(values, given)
    transformation, more = transform.parse(values["transformation_config"])
    faults += [] if _is_json_fault(faults) else more
    temp_location = flag("temp_location") or flag("staging_location")
    local = is_local_runner(runner)
    carried = any(flag(name) for name in WORKER_FLAGS)
    worker_image = "" if local or carried else environ.get("SMART_SYNC_IMAGE", "")
    if not local:
        faults += _dataflow_faults(temp_location, reaches_workers=carried or bool(worker_image))
    raise_all([*faults, *beam_faults(beam_argv)])
    if not temp_location:
        temp_location = default_temp_location(tempfile.gettempdir())
    request = _request(values, given, transformation, temp_location, environ)
    if local and not flag("template_location"):
        lease = request.run.lease if values["lock_lease"] else LOCAL_LEASE
        request = replace(request, run=replace(request.run, is_local=True, lease=lease))
    webhook, warnings = _webhook(values, request.run.endpoints), () if local else _warnings(values)
    return Options(request, beam_argv, runner, worker_image, warnings, webhook)


def _parameter_faults(values: Mapping[str, str], given: Mapping[str, str]) -> list[SyncError]:
    faults = value_faults(values) + _requirement_faults(values, given)
    kind = SOURCES.get(values["data_source"])
    faults += kind.faults(values) if kind else []
    faults += _many_faults(given)
    return faults + writing_faults(values) + _webhook_faults(values)


def _many_faults(given: Mapping[str, str]) -> list[SyncError]:
    """Parameters of a launch of many tables, in one of a single table."""
    fix = "leave it out, or see docs/tables.md for what launches many tables."
    what, why = "a parameter of many tables", "this launches one"
    return [
        ConfigError(what, parameter.name, why, fix)
        for parameter in PARAMETERS
        if parameter.group == MANY and given.get(parameter.name)
        if value_fault(parameter, given[parameter.name]) is None
    ]


def _dataflow_faults(temp_location: str, *, reaches_workers: bool) -> list[SyncError]:
    """What a job on other machines needs beyond a run in this process."""
    faults: list[SyncError] = []
    if not temp_location.startswith("gs://"):
        why = "workers and BigQuery share files through a bucket"
        fix = "give --temp_location=gs://bucket/folder."
        what = "malformed parameter" if temp_location else "missing parameter"
        faults.append(ConfigError(what, "temp_location", why, fix))
    if not reaches_workers:
        why = "Beam's own image for workers doesn't hold this program"
        fix = "give --sdk_container_image=IMAGE, the image of the template."
        faults.append(ConfigError("missing parameter", "sdk_container_image", why, fix))
    return faults


def plain_secrets(given: Mapping[str, str]) -> list[str]:
    """The parameters that hold a secret itself, not its name in Secret Manager."""
    secrets = (p.name for p in PARAMETERS if p.kind is Kind.SECRET)
    return [name for name in secrets if given.get(name) and Secret.of(given[name]).is_plain]


def _is_json_fault(faults: Sequence[SyncError]) -> bool:
    return any("transformation_config" in fault.where for fault in faults)


def _requirement_faults(values: Mapping[str, str], given: Mapping[str, str]) -> list[SyncError]:
    faults: list[SyncError] = []
    source = values["data_source"]
    for parameter in PARAMETERS:
        applies = not parameter.source or parameter.source == source
        if parameter.required and applies and not given.get(parameter.name, "").strip():
            example = f"={parameter.example}" if parameter.example else "=…"
            reason = f"needed for data_source={source}" if parameter.source else "always needed"
            fix = f"give --{parameter.name}{example}."
            faults.append(ConfigError("missing parameter", parameter.name, reason, fix))
    return faults


def _request(
    values: Mapping[str, str],
    given: Mapping[str, str],
    transformation: transform.Transformation,
    temp_location: str,
    environ: Mapping[str, str],
) -> SyncRequest:
    endpoints = _endpoints(environ)
    return SyncRequest(
        data_source=values["data_source"],
        destination=TableRef(
            values["destination_bigquery_project"],
            values["destination_bigquery_dataset"],
            values["destination_bigquery_table"],
        ),
        reading=_reading(values, endpoints),
        window=_window(values),
        schema=_schema(values, transformation, partition_given="partition_field" in given),
        publishing=_publishing(values),
        run=_run(values, temp_location, endpoints),
    )


def _reading(values: Mapping[str, str], endpoints: Endpoints) -> ReadingRequest:
    kind = SOURCES[values["data_source"]]
    return ReadingRequest(
        connection=kind.connection(values, endpoints),
        query=kind.query(values),
        schema_table=values["source_table_for_schema"].strip(),
        batch_rows=int(values["batch_size"]) if values["batch_size"] else None,
        num_splits=int(values["num_splits"]),
        max_source_connections=int(values["max_source_connections"]),
        method=values["bigquery_read_method"],
        max_bytes_billed=int(values["max_bytes_billed"]) if values["max_bytes_billed"] else None,
        price_per_tib=Decimal(values["bigquery_price_per_tib"]),
    )


def _window(values: Mapping[str, str]) -> WindowRequest:
    return WindowRequest(
        smart_sync=values["enable_smart_sync"] == "true",
        cursor=values["smart_sync_timestamp_column"],
        sync_all_on_empty_table=values["sync_all_on_empty_table"] == "true",
        fallback=timedelta(days=int(values["fallback_days"])),
        margin=duration(values["smart_sync_margin"]),
        lookback=_lookback(values["smart_sync_lookback"]),
        lookback_numbers=_lookback_numbers(values["smart_sync_lookback"]),
        by_hand=_by_hand(values),
        guard=_guard(values),
        source_timezone=values["source_timezone"],
    )


def _schema(
    values: Mapping[str, str], transformation: transform.Transformation, *, partition_given: bool
) -> SchemaRequest:
    return SchemaRequest(
        auto_schema=values["enable_auto_schema"] == "true",
        partition_field=values["partition_field"].strip(),
        partition_given=partition_given,
        partition_type=values["partition_type"],
        clustering_fields=_fields(values["clustering_fields"]),
        evolution=values["schema_evolution"],
        stale_columns=values["stale_columns"],
        json_numbers=values["json_numbers"],
        transformation=transformation,
    )


def _publishing(values: Mapping[str, str]) -> PublishingRequest:
    return PublishingRequest(
        write_disposition=WriteDisposition(values["write_disposition"]),
        merge_keys=_fields(values["merge_keys"]),
        create_if_needed=values["create_disposition"] == "CREATE_IF_NEEDED",
        delete_existing_table=values["delete_existing_table"] == "true",
        accept_source_change=values["accept_source_change"] == "true",
        verify=values["verify"] == "true",
        dead_letter_table=values["dead_letter_table"],
        max_dead_letters=int(values["max_dead_letters"]),
        show_values=values["show_values"] == "true",
    )


def _run(values: Mapping[str, str], temp_location: str, endpoints: Endpoints) -> RunRequest:
    return RunRequest(
        temp_location=temp_location,
        history_table=values["run_history_table"],
        job_project=values["bigquery_job_project"],
        lease=duration(values["lock_lease"]) if values["lock_lease"] else DATAFLOW_LEASE,
        max_retries=int(values["max_retries"]),
        plan_only=values["plan_only"] == "true",
        plan_format=values["plan_format"],
        verify_window=_verify_window(values),
        endpoints=endpoints,
    )


def _endpoints(environ: Mapping[str, str]) -> Endpoints:
    return Endpoints(
        bigquery=_url(environ.get("BIGQUERY_EMULATOR_HOST", "")),
        bigquery_storage=environ.get("BIGQUERY_STORAGE_EMULATOR_HOST", ""),
        storage=_url(environ.get("STORAGE_EMULATOR_HOST", "")),
        secret_manager=_url(environ.get("SECRET_MANAGER_EMULATOR_HOST", "")),
    )


def _url(host: str) -> str:
    return host if not host or re.match(r"https?://", host) else f"http://{host}"


def _lookback(text: str) -> timedelta:
    return duration(text) if text and not text.isdigit() else timedelta(0)


def _lookback_numbers(text: str) -> int:
    return int(text) if text.isdigit() else 0


def _guard(values: Mapping[str, str]) -> Guard:
    text, longest = values["late_commit_guard"], duration(values["late_commit_guard_max"])
    fixed = duration(text) if re.fullmatch(DURATION, text) else timedelta(0)
    return Guard(auto=text == "auto", duration=fixed, longest=longest)


def _by_hand(values: Mapping[str, str]) -> tuple[str, str] | None:
    ends = (values["sync_start"], values["sync_end"])
    return ends if all(ends) else None


def _verify_window(values: Mapping[str, str]) -> tuple[str, str] | None:
    only = values["verify_only"] == "true"
    return (values["verify_start"], values["verify_end"]) if only else None


def _fields(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _webhook_faults(values: Mapping[str, str]) -> list[SyncError]:
    given = Secret.of(values["notify_webhook"])
    why = address_fault(given.plain) if given.is_plain else ""
    if not why:
        return []
    fix = "give the name of a Secret Manager version, or an address that begins with https://."
    return [ConfigError("malformed parameter", "notify_webhook", why, fix)]


def _webhook(values: Mapping[str, str], endpoints: Endpoints) -> Webhook | None:
    if not values["notify_webhook"] or values["plan_only"] == "true":
        return None
    secret = Secret.of(values["notify_webhook"], endpoints.secret_manager)
    return Webhook(secret, every_run=values["notify_on"] == "all")


def _warnings(values: Mapping[str, str]) -> tuple[str, ...]:
    """What the operator should know of secrets given as plain text, those in use only."""
    source = values["data_source"]
    used = [name for name in plain_secrets(values) if BY_NAME[name].source in ("", source)]
    return tuple(PLAIN.format(name=name) for name in used)
