"""A draft → the text of our config file, and what a launch's own checks say of it."""

import json
from collections.abc import Iterator, Mapping, Sequence

from auto_schema.errors import SyncError
from pipeline.command.imports.connections import without_plain_secrets
from pipeline.command.imports.draft import Draft, Values
from pipeline.command.proposal import yaml_of
from pipeline.launch.beam_at_need import beam_flag_faults
from pipeline.parameters.options import parse_given, split_argv
from pipeline.parameters.origins import faults_of, words_of
from pipeline.parameters.source_uri import expanded
from pipeline.tables.entries import Entry
from pipeline.tables.file import OF_ENTRIES, QUERIES, read_launch_part, read_tables
from pipeline.tables.patterns import Chosen
from pipeline.tables.requests import launch_options, table_options
from sources.tables import SourceTable

KEY = "id"
"""Stands for a table's primary key, which only the source knows."""
OWN = (*OF_ENTRIES, *QUERIES)
"""What entries don't share."""


def config_text(draft: Draft, tool: str, beam: Mapping[str, str]) -> str:
    """The file.

    Args:
        draft: what was read.
        tool: what made the file that was read, for its head.
        beam: flags of Beam's from the command line, by name.
    """
    common, entries = _parted(draft.tables)
    lines = [f"# Made of {tool}'s {draft.file} by smart-sync import: read it, change it."]
    for name, value in draft.parameters.items():
        if name in draft.given and draft.given[name] != str(value):
            draft.tell(f"{name} is that of the command line, not {draft.file}'s")
    parameters = {**draft.parameters, **without_plain_secrets(draft), **beam}
    lines += ["parameters:", *_pairs(parameters, 2)]
    if common:
        lines += ["defaults:", *_pairs(common, 2)]
    if entries:
        lines.append("tables:")
    for name, values in entries.items():
        lines += [f"  {yaml_of(name)}:" if values else f"  {yaml_of(name)}: {{}}"]
        lines += _pairs(values, 4)
    return "\n".join(lines) + "\n"


def _parted(tables: Mapping[str, Values]) -> tuple[Values, dict[str, Values]]:
    """What all entries say alike, and the rest of each."""
    entries = list(tables.values())
    if not entries:
        return {}, {}
    common = {
        name: value
        for name, value in entries[0].items()
        if name not in OWN and all(name in e and e[name] == value for e in entries)
    }
    rest = {
        name: {key: value for key, value in values.items() if key not in common}
        for name, values in tables.items()
    }
    return common, rest


def _pairs(values: Mapping[str, object], indent: int) -> Iterator[str]:
    for name, value in values.items():
        yield f"{' ' * indent}{name}: {_written(value)}"


def _written(value: object) -> str:
    """A value on one line; numbers are texts to us, and need no quotes."""
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    is_number = isinstance(value, str) and value.isascii() and value.isdecimal()
    return str(value) if is_number else yaml_of(value)


def launch_faults(text: str, name: str, environ: Mapping[str, str]) -> Sequence[SyncError]:
    """All that a launch with the file would refuse before it asks the source anything.

    Args:
        text: of our config file.
        name: for messages.
        environ: as of a launch.
    """
    part, faults = read_launch_part(text, name)
    if part is None or faults:
        return faults
    given, beam, wrong = split_argv(words_of(part.origins))
    try:
        if not part.is_of_many:
            parse_given(given, beam, environ, faults=wrong, beam_faults=beam_flag_faults)
            return ()
        given = {**expanded(given).given}
        file = read_tables(text, name, given.get("data_source", ""))
        launch_options({**given, "tables": text}, beam, environ, beam_flag_faults)
        chosen = [Chosen(_stand_in(entry), entry) for entry in file.entries]
        options, wrong = table_options(file, chosen, given, beam, environ, selected=chosen)
        return [*wrong, *(one.fault for one in options if one.fault)]
    except SyncError as error:
        return faults_of(error)


def _stand_in(entry: Entry) -> SourceTable:
    """A table that an entry could mean."""
    schema, dot, name = entry.pattern.rpartition(".")
    name = name if entry.is_exact else "t"
    return SourceTable(name, schema if dot else "", keys=(KEY,))
