"""argv → Options, with the SyncRequest: the only reader of the environment; no Beam.

All faults are collected and raised at once, each naming the parameter and the mend.
"""

import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial

from auto_schema.errors import ConfigError, SyncError, raise_all
from auto_schema.transform import PARAMETER as TRANSFORMATION
from auto_schema.transform_text import parse as parse_transformation
from pipeline.parameters.checks import value_fault, value_faults
from pipeline.parameters.origins import Origins
from pipeline.parameters.paths import is_json_path
from pipeline.parameters.request_of import endpoints_of, request_of, secret_manager
from pipeline.parameters.results import Results
from pipeline.parameters.source_uri import Expanded, expanded, holds_secret
from pipeline.parameters.table import BY_NAME, MANY, PARAMETERS, Kind
from pipeline.parameters.temp_location import default_temp_location
from pipeline.parameters.webhook import Webhook, address_fault
from pipeline.parameters.writing_checks import writing_faults
from smart_sync.request import SyncRequest
from sources.registry import SOURCES
from sources.secrets import Secret, is_half_name
from sources.uri import PARAMETER as SOURCE
from warehouse.names import Endpoints

LOCAL_LEASE = timedelta(seconds=30)
LOCAL_RUNNERS = ("", "direct", "fnapi", "bundlebaseddirect")
"""Beam takes a runner's name with and without `Runner` at its end."""
PLAIN = (
    "{name} is plain text: the launch request and the staged graph"
    " (pipeline.pb) hold it. Name a Secret Manager version instead"
    " (projects/P/secrets/S/versions/V)."
)
SALT = "the salt of a mask in transformation_config"
RUN_JOB = "CLOUD_RUN_JOB"
"""Set where a Cloud Run job runs: https://cloud.google.com/run/docs/container-contract."""
IN_MEMORY = "staged files of an execution of Cloud Run lie in its memory"
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
    origins: Origins = field(default_factory=dict)
    """What said each value, where more than flags may have; the plan shows it."""
    results: Results = field(default_factory=Results, compare=False)
    """What the launch came to."""

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


def endpoints_here() -> Endpoints:
    """Where this process's stand-ins of Google's services listen; empty for the real ones."""
    return endpoints_of(os.environ)


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
    given, beam_argv, faults = split_argv(argv)
    return parse_given(given, beam_argv, environ, faults=faults, beam_faults=beam_faults)


def parse_given(
    given: Mapping[str, str],
    beam_argv: tuple[str, ...],
    environ: Mapping[str, str] | None = None,
    *,
    faults: Sequence[SyncError] = (),
    beam_faults: Callable[[Sequence[str]], Sequence[SyncError]] = unchecked,
    source: Expanded | None = None,
) -> Options:
    """Read the parameters of a command line that is parted already.

    Args:
        given: our parameters; one without a text is as one that isn't there, but for
            partition_field, of which that is a value.
        beam_argv: Beam's flags.
        environ: as of `parse`.
        faults: that parting it has found.
        beam_faults: as of `parse`.
        source: `given` with what its `source` stands for; None: it is found here.

    Raises:
        ConfigError, ManyErrors: everything that is wrong with it.
    """
    environ = os.environ if environ is None else environ
    source = source or expanded(given)
    given = {n: text for n, text in source.given.items() if text or n == "partition_field"}
    faults = [*faults, *source.faults]
    values = {p.name: given.get(p.name, p.default) for p in PARAMETERS}
    flag = partial(beam_flag, beam_argv)
    runner = flag("runner")
    wrong = _parameter_faults(values, given, is_incomplete=source.is_incomplete)
    faults += map(source.placed, wrong)
    salts = partial(Secret.named, endpoint=secret_manager(environ))
    at = values[TRANSFORMATION] if is_json_path(values[TRANSFORMATION]) else ""
    transformation, more = parse_transformation("" if at else values[TRANSFORMATION], salts)
    faults += [] if _is_json_fault(faults) else more
    temp_location = flag("temp_location") or flag("staging_location")
    local = is_local_runner(runner)
    carried = any(flag(name) for name in WORKER_FLAGS)
    worker_image = "" if local or carried else environ.get("SMART_SYNC_IMAGE", "")
    if not local:
        faults += _dataflow_faults(temp_location, reaches_workers=carried or bool(worker_image))
    elif environ.get(RUN_JOB) and not temp_location:
        fix = "give --temp_location=gs://bucket/folder."
        faults.append(ConfigError("missing parameter", "temp_location", IN_MEMORY, fix))
    raise_all([*faults, *beam_faults(beam_argv)])
    if not temp_location:
        temp_location = default_temp_location(tempfile.gettempdir())
    request = request_of(values, given, transformation, temp_location, environ)
    request = replace(request, schema=replace(request.schema, transformation_at=at))
    if local and not flag("template_location"):
        lease = request.run.lease if values["lock_lease"] else LOCAL_LEASE
        request = replace(request, run=replace(request.run, is_local=True, lease=lease))
    warnings = _local_warnings(temp_location, environ) if local else _warnings(values, source)
    webhook = _webhook(values, request.run.endpoints)
    return with_salt_warning(Options(request, beam_argv, runner, worker_image, warnings, webhook))


def with_salt_warning(options: Options) -> Options:
    """The options, with a warning where a salt's text itself would travel with the plan."""
    if options.is_local or not options.request.schema.transformation.has_plain_salt:
        return options
    return replace(options, warnings=(*options.warnings, PLAIN.format(name=SALT)))


def _local_warnings(temp_location: str, environ: Mapping[str, str]) -> tuple[str, ...]:
    """What the operator should know of a run in this process."""
    if not environ.get(RUN_JOB) or temp_location.startswith("gs://"):
        return ()
    return (f"temp_location={temp_location}: unless a disk is mounted there, {IN_MEMORY}",)


def _parameter_faults(
    values: Mapping[str, str], given: Mapping[str, str], *, is_incomplete: bool
) -> list[SyncError]:
    """All that is wrong with them.

    Args:
        values: the text of each, its default where it isn't given.
        given: those that were given.
        is_incomplete: `source` says more than is known here.
    """
    faults = value_faults(values)
    faults += _requirement_faults(values, given, is_incomplete=is_incomplete)
    faults += _source_faults(values)
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
        if not (parameter.name == "max_tables_at_once" and given.get("backfill_by"))
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
    return [name for name in secrets if holds_secret(name, given.get(name, ""))]


def _is_json_fault(faults: Sequence[SyncError]) -> bool:
    return any("transformation_config" in fault.where for fault in faults)


def _source_faults(values: Mapping[str, str]) -> list[SyncError]:
    try:
        kind = SOURCES.get(values["data_source"])
    except ConfigError as error:  # its driver isn't installed
        return [error]
    return list(kind.faults(values)) if kind else []


def _requirement_faults(
    values: Mapping[str, str], given: Mapping[str, str], *, is_incomplete: bool
) -> list[SyncError]:
    faults: list[SyncError] = []
    source = values["data_source"]
    if not source.strip() and not is_incomplete:
        fix = "give --data_source=postgresql, or --source=postgresql://user@host/database."
        faults.append(ConfigError("missing parameter", "data_source", "always needed", fix))
    for parameter in PARAMETERS:
        applies = not parameter.source or (parameter.source == source and not is_incomplete)
        if parameter.required and applies and not given.get(parameter.name, "").strip():
            example = f"={parameter.example}" if parameter.example else "=…"
            reason = f"needed for data_source={source}" if parameter.source else "always needed"
            fix = f"give --{parameter.name}{example}."
            faults.append(ConfigError("missing parameter", parameter.name, reason, fix))
    return faults


def _webhook_faults(values: Mapping[str, str]) -> list[SyncError]:
    given = Secret.of(values["notify_webhook"])
    why = address_fault(given.plain) if given.is_plain else ""
    if not why or is_half_name(given.plain):  # which is told of each secret
        return []
    fix = "give the name of a Secret Manager version, or an address that begins with https://."
    return [ConfigError("malformed parameter", "notify_webhook", why, fix)]


def _webhook(values: Mapping[str, str], endpoints: Endpoints) -> Webhook | None:
    if not values["notify_webhook"] or values["plan_only"] == "true":
        return None
    secret = Secret.of(values["notify_webhook"], endpoints.secret_manager)
    return Webhook(secret, every_run=values["notify_on"] == "all")


def _warnings(values: Mapping[str, str], source: Expanded) -> tuple[str, ...]:
    """What the operator should know of secrets given as plain text, those in use only."""
    kinds = ("", values["data_source"])
    used = [name for name in plain_secrets(values) if BY_NAME[name].source in kinds]
    own = [name for name in used if name not in source.said]
    of_uri = any(holds_secret(SOURCE, values[name]) for name in used if name in source.said)
    return tuple(PLAIN.format(name=name) for name in ([SOURCE] if of_uri else []) + own)
