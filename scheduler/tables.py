"""A file of tables in a schedule: its text travels in the launch, or lies in a bucket.

Pure but for `text_of_file`.
"""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from auto_schema.errors import ConfigError, ManyErrors, SyncError, shown
from pipeline.parameters import options
from pipeline.parameters.nodes import MOST_BYTES
from pipeline.parameters.source_uri import expanded
from pipeline.parameters.table import BY_NAME
from pipeline.tables.entries import TablesFile
from pipeline.tables.file import ASIDE, OF_ONE, read_launch_part, read_tables
from pipeline.tables.named import named_faults
from pipeline.tables.place import is_text
from pipeline.tables.requests import launch_options
from scheduler.paths import BUCKET, path_faults, path_faults_of


def text_of_file(path: str) -> str:
    """What `tables` is to be for a file: its text, or the path itself when it lies in a bucket.

    Raises:
        ConfigError: there is no such file, or it is no text.
    """
    if path.startswith(BUCKET):
        return path
    fix = "give a file of this machine, or one in a bucket: gs://bucket/tables.yaml."
    try:
        with Path(path).open("rb") as file:  # a device may have no end
            data = file.read(MOST_BYTES + 1)
        text = data.decode()
    except (OSError, ValueError) as error:
        why = f"{shown(path)}: {getattr(error, 'strerror', None) or error}"
        raise ConfigError("file can't be read", "tables", why, fix) from None
    if len(data) > MOST_BYTES:
        raise ConfigError("too large", f"tables: {path}", f"more than {MOST_BYTES:,} bytes", fix)
    return text if text.endswith("\n") else f"{text}\n"  # by which it is known as text


def launch_faults(given: Mapping[str, str], beam_argv: Sequence[str]) -> list[SyncError]:
    """What a launch with these parameters would be refused for before it asks any server."""
    faults: list[SyncError] = [*path_faults(given)]
    try:
        if given.get("tables"):
            _check_many(given, beam_argv)
        else:
            words = [f"--{name}={text}" for name, text in given.items()]
            options.parse([*words, *beam_argv], {})
    except ManyErrors as error:
        faults += error.errors
    except SyncError as error:
        faults.append(error)
    return faults


def _check_many(given: Mapping[str, str], beam_argv: Sequence[str]) -> None:
    """The launch's own parameters and the file, then the tables that this names.

    Raises:
        ConfigError, ManyErrors: what is wrong with them.
    """
    said = {name: text for name, text in given.items() if text or name == "partition_field"}
    source = expanded(said)
    said = dict(source.given)
    aside = ASIDE if any(said.get(name) for name in OF_ONE) else ()
    of_all = {name: text for name, text in said.items() if name not in aside}
    faults: list[SyncError] = [*_place_faults(said), *source.faults]
    for check in (
        lambda: launch_options(of_all, beam_argv, {}, options.unchecked),
        lambda: file_of(said),
    ):
        try:
            check()
        except ManyErrors as error:
            faults += error.errors
        except SyncError as error:
            faults.append(error)
    if not faults and (file := file_of(said)):
        faults += [*path_faults_of(file), *named_faults(file, said, beam_argv)]
    if faults:
        raise ManyErrors(faults)


def file_of(given: Mapping[str, str]) -> TablesFile | None:
    """The file, where its text is at hand.

    Raises:
        ConfigError, ManyErrors: what is wrong with it.
    """
    _refuse_parameters(given["tables"])
    source = given.get("data_source", "")
    if is_text(given["tables"]) and source in BY_NAME["data_source"].choices:
        return read_tables(given["tables"], "tables", source)
    return None


def _refuse_parameters(tables: str) -> None:
    """What the file says of the launch, which is for those who call the launch by hand.

    Raises:
        ConfigError: it says something, which no look at the schedule would show.
    """
    part, _ = read_launch_part(tables, "tables") if is_text(tables) else (None, ())
    if part is not None and part.texts:
        where = part.at(next(iter(part.texts.values())).place)
        fix = "write them in the schedule: -p NAME=VALUE, in a file of schedules `parameters`."
        raise ConfigError("parameters of the launch in its file of tables", where, "", fix)


def _place_faults(given: Mapping[str, str]) -> list[SyncError]:
    """What a schedule of many tables needs beyond a launch."""
    faults: list[SyncError] = []
    tables = given["tables"]
    if not is_text(tables) and not tables.startswith(BUCKET):
        fix = "give --tables=FILE (in a file of schedules `tables: FILE` beside `cron`), which"
        fix += " sends the text, or a gs:// path."
        why = f"{shown(tables)}: a path of this machine means nothing where the sync runs"
        faults.append(ConfigError("a local path", "tables", why, fix))
    history = given.get("run_history_table", "")
    if not given.get("destination_bigquery_dataset") and "." not in history:
        why = "the file may name a dataset for each table, and each has its own run history"
        fix = "give it, or one history for all: run_history_table=DATASET.TABLE."
        faults.append(ConfigError("missing", "destination_bigquery_dataset", why, fix))
    return faults


def told(tables: str) -> str:
    """The file in few words; two texts that differ are told apart."""
    if not is_text(tables):
        return tables
    data = tables.encode()
    lines = tables.count("\n")
    return f"{lines:,} lines, {len(data):,} bytes, sha256 {hashlib.sha256(data).hexdigest()[:12]}"
