"""I/O. What a run would need, looked at one by one: each a finding with its mend.

Nothing is written but probes, which are taken away again: a file in the temp location, and
an empty table in the destination's dataset, since BigQuery tells in no other way whether a
table may be made there.
"""

import platform
import secrets
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType

from google.api_core.exceptions import NotFound
from google.cloud import bigquery

from auto_schema.errors import ManyErrors, SyncError, TargetError
from pipeline.destination.client import asking_client
from pipeline.destination.folder import STORAGE_ERRORS, blob_of
from pipeline.launch.gather import inspecting
from pipeline.parameters.options import Options
from pipeline.parameters.version import VERSION
from smart_sync.request import SyncRequest
from smart_sync.value_text import counted
from sources.decoders import BUILD
from sources.registry import SOURCES
from sources.secrets import Secret
from warehouse.errors import as_target_errors

OK, WARN, FAIL = "ok", "warn", "fail"
LOW, HIGH = (3, 11), (3, 13)
"""The Pythons that are tested."""
MOST_SKEW = timedelta(seconds=10)
"""Between two clocks; it is smart_sync_margin's default."""
LEAST_DISK = 2 << 30
"""Bytes; staged files lie there until they are uploaded."""
PROBE_LIFE = timedelta(hours=1)
DECODERS: Mapping[str, str] = MappingProxyType(
    {
        "postgresql": "sources.postgresql.wire",
        "mongodb": "sources.mongodb.wire",
    }
)
"""data_source → the package of its compiled decoder."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        name: of it, in a word or two.
        state: OK, WARN or FAIL.
        text: what was found.
        fix: how to mend it; empty: nothing is to be mended.
        exit_code: that a run would end with; 0 where it wouldn't.
    """

    name: str
    state: str
    text: str
    fix: str = ""
    exit_code: int = 0

    @classmethod
    def good(cls, name: str, text: str) -> "Finding":
        """One on which nobody has to act."""
        return cls(name, OK, text)

    @classmethod
    def bad(cls, name: str, error: SyncError) -> "Finding":
        """A failure, by what was raised."""
        text = f"{error.what} ({error.where})" + (f": {error.why}" if error.why else "")
        return cls(name, FAIL, text, error.fix, error.exit_code)


def of_faults(error: SyncError) -> list[Finding]:
    """Parameters that are wrong, one by one."""
    errors = error.errors if isinstance(error, ManyErrors) else (error,)
    return [Finding.bad("parameters", one) for one in errors]


def of_machine() -> Iterator[Finding]:
    """Python and the program."""
    version, fits = platform.python_version(), LOW <= sys.version_info[:2] <= HIGH
    fix = f"use one from {LOW[0]}.{LOW[1]} to {HIGH[0]}.{HIGH[1]}, which are tested."
    yield Finding("python", OK, version) if fits else Finding("python", WARN, version, fix)
    yield Finding.good("program", f"bigquery-smart-sync {VERSION}")


def of_launch(
    options: Options, secret_texts: Mapping[str, str], *, is_of_many: bool
) -> Iterator[Finding]:
    """All that a run with these options would need, in the order in which it asks.

    Args:
        options: of one table; or of a launch of many, which name none.
        secret_texts: the parameters that are secrets, as they were given.
        is_of_many: whether a file names the tables.
    """
    request = options.request
    yield Finding.good("parameters", f"{request.data_source} into {request.destination.dataset}")
    yield from (Finding("warning", WARN, text) for text in options.warnings)
    yield from _decoder(request)
    yield from _secrets(request, secret_texts)
    clocks = list[tuple[datetime, datetime]]()
    yield from _server(request)
    yield from _tables(request) if is_of_many else _table(request, clocks)
    yield from _destination(request, clocks)
    yield from _temp_location(request)


def _decoder(request: SyncRequest) -> Iterator[Finding]:
    package = DECODERS.get(request.data_source)
    if package is None:
        return
    if find_spec(f"{package}.compiled") is not None:
        yield Finding.good("decoder", "rows are decoded by compiled code")
        return
    yield Finding("decoder", WARN, "rows are decoded by Python, many times slower", BUILD)


def _secrets(request: SyncRequest, texts: Mapping[str, str]) -> Iterator[Finding]:
    endpoint = request.run.endpoints.secret_manager
    for name, text in texts.items():
        secret = Secret.of(text, endpoint)
        if not secret.name:
            continue
        try:
            secret.resolve()
        except SyncError as error:
            yield Finding.bad("secret", error)
        else:
            yield Finding.good("secret", f"{name}: {secret.name} can be read")


def _server(request: SyncRequest) -> Iterator[Finding]:
    """The source's server, and our role there."""
    try:
        looked = SOURCES[request.data_source].look(request.reading.connection)
    except SyncError as error:
        yield Finding.bad("source", error)
        return
    for told in looked:
        fix = "" if told.is_good else told.fix
        yield Finding(f"source {told.name}", OK if told.is_good else WARN, told.text, fix)


def _table(request: SyncRequest, clocks: list[tuple[datetime, datetime]]) -> Iterator[Finding]:
    """What is to be read, and the source's clock, which is kept with that of this machine."""
    try:
        with inspecting(request) as inspector:
            columns = len(inspector.profile.columns)
            before = datetime.now(UTC)
            clock = inspector.clock(guard=False).now
            clocks.append((clock, before + (datetime.now(UTC) - before) / 2))
    except SyncError as error:
        yield Finding.bad("source", error)
        return
    yield Finding.good("source", f"{columns} columns can be read: {_place(request)}")


def _tables(request: SyncRequest) -> Iterator[Finding]:
    """Which tables the source shows our role."""
    listing = SOURCES[request.data_source].listing
    if listing is None:
        return
    try:
        listed = listing.tables(request.reading.connection, ["*"])
    except SyncError as error:
        yield Finding.bad("source", error)
        return
    plain = sum(table.is_plain for table in listed)
    yield Finding.good("source", f"{counted(plain, 'table')} can be read: {_place(request)}")


def _place(request: SyncRequest) -> str:
    return str(getattr(request.reading.connection, "place", request.data_source))


def _destination(
    request: SyncRequest, clocks: list[tuple[datetime, datetime]]
) -> Iterator[Finding]:
    table = request.destination
    if not table.dataset:
        text = "each table of the file has its own; only their plans look at them"
        yield Finding("dataset", WARN, text, "see smart-sync plan.")
        return
    where = f"dataset {table.project}.{table.dataset}"
    try:
        client = asking_client(request)
        with as_target_errors(where):
            try:
                location = str(client.get_dataset(f"{table.project}.{table.dataset}").location)
            except NotFound:
                fix = f"make it: bq mk --dataset {table.project}:{table.dataset}"
                raise TargetError("dataset missing", where, "", fix) from None
        yield Finding.good("dataset", f"{table.project}.{table.dataset} in {location}")
        client = asking_client(request, location)
        yield from _jobs(client, where, clocks)
        yield from _may_make_tables(client, request, where)
        yield from _history(client, request)
    except SyncError as error:
        yield Finding.bad("destination", error)


def _jobs(
    client: bigquery.Client, where: str, clocks: list[tuple[datetime, datetime]]
) -> Iterator[Finding]:
    """Whether jobs may run, by one that reads nothing; and its clock beside the source's."""
    before = datetime.now(UTC)
    with as_target_errors(where):
        ((now,),) = client.query_and_wait("SELECT CURRENT_TIMESTAMP() AS now")
    ours = before + (datetime.now(UTC) - before) / 2
    yield Finding.good("jobs", f"queries run in project {client.project}")
    for source, there in clocks:
        skew = (source - there) - (now - ours)
        text = f"the source's is {abs(skew.total_seconds()):.1f} s "
        text += "ahead of BigQuery's" if skew > timedelta(0) else "behind BigQuery's"
        fix = "set both by NTP; stamps of the future are no watermark."
        is_good = abs(skew) <= MOST_SKEW
        yield Finding("clocks", OK if is_good else WARN, text, "" if is_good else fix)


def _may_make_tables(
    client: bigquery.Client, request: SyncRequest, where: str
) -> Iterator[Finding]:
    """By a probe: an empty table that is deleted at once, and expires if that fails."""
    name = f"_sync_probe_{secrets.token_hex(4)}"
    place = f"{request.destination.project}.{request.destination.dataset}.{name}"
    probe = bigquery.Table(place, schema=[bigquery.SchemaField("probe", "INT64")])
    probe.expires = datetime.now(UTC) + PROBE_LIFE
    with as_target_errors(where):
        client.create_table(probe)
        client.delete_table(place, not_found_ok=True)
    yield Finding.good("tables", f"tables may be made (probe {name}, deleted again)")


def _history(client: bigquery.Client, request: SyncRequest) -> Iterator[Finding]:
    table = request.history_table
    with as_target_errors(f"run history {table}"):
        try:
            client.get_table(str(table))
            client.query_and_wait(f"SELECT run_id FROM `{table}` LIMIT 0")
        except NotFound:
            yield Finding.good("history", f"not there yet, the first run makes it: {table}")
            return
    yield Finding.good("history", f"can be read: {table}")


def _temp_location(request: SyncRequest) -> Iterator[Finding]:
    at = request.run.temp_location
    try:
        if at.startswith("gs://"):
            blob = blob_of(f"{at.rstrip('/')}/probe-{secrets.token_hex(4)}", request.run.endpoints)
            blob.upload_from_string(b"", timeout=30)
            blob.delete(timeout=30)
        else:
            Path(at).mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=at):
                pass
    except STORAGE_ERRORS as error:
        why = getattr(error, "strerror", None) or str(error).partition("\n")[0]
        fix = "give a folder that can be written: --temp_location=gs://bucket/folder; of a bucket"
        fix += " roles/storage.objectAdmin is needed."
        yield Finding.bad("temp_location", TargetError("can't be written", at, str(why), fix))
        return
    yield Finding.good("temp_location", f"can be written (a probe, deleted again): {at}")
    folder = tempfile.gettempdir() if at.startswith("gs://") else at
    free = shutil.disk_usage(folder).free
    text, fix = f"{free / 1e9:,.1f} GB free in {folder}", "free some, or stage in a bucket."
    is_good = free >= LEAST_DISK
    yield Finding("disk", OK if is_good else WARN, text, "" if is_good else fix)
