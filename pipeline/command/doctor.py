"""I/O. `smart-sync doctor`: what a run would need, each a line with its mend."""

import os
import shutil
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import asdict, replace

from auto_schema.errors import SyncError, raise_all
from pipeline.cli import Brought, parse
from pipeline.command.said import Said
from pipeline.command.settings import read_settings
from pipeline.launch.beam_at_need import beam_flag_faults
from pipeline.launch.health import FAIL, WARN, Finding, of_faults, of_launch, of_machine
from pipeline.launch.progress import configure_logging
from pipeline.launch.settings import Settings
from pipeline.launch.source_of import located
from pipeline.launch.tables_document import completed
from pipeline.parameters.options import Options, names_tables, split_argv
from pipeline.parameters.printed import print_json
from pipeline.parameters.table import BY_NAME, Kind
from pipeline.tables.requests import launch_options

NAME_WIDTH = 20


def main(said: Said) -> int:
    """Look at all of it; the exit code of the first failure, 0 without one."""
    configure_logging()
    findings = list[Finding]()
    for finding in _findings(said):
        findings.append(finding)
        if not said.is_json:
            print("\n".join(_lines(finding)), flush=True)
    code = next((one.exit_code for one in findings if one.state == FAIL), 0)
    failed = sum(one.state == FAIL for one in findings)
    warned = sum(one.state == WARN for one in findings)
    if said.is_json:
        told = {"exit_code": code, "findings": [asdict(one) for one in findings]}
        print_json(told)
    else:
        print(f"{len(findings)} looked at, {warned} warnings, {failed} failures")
    return code


def _findings(said: Said) -> Iterator[Finding]:
    yield from of_machine()
    try:
        settings = read_settings(said, os.environ)
        words = list(settings.words)
        options = _options(words, settings)
    except SyncError as error:
        yield from of_faults(error)
        return
    given, _, _ = split_argv(words)
    secret = {n: text for n, text in given.items() if BY_NAME[n].kind is Kind.SECRET}
    yield from of_launch(options, secret, is_of_many=names_tables(words))


def _options(words: list[str], settings: Settings) -> Options:
    """The options of one table, or what all of many have in common.

    Args:
        words: of a command line; what a file of many tables says of the launch comes to them.
        settings: from where they are.

    Raises:
        SyncError: all that is wrong with them.
    """
    if not names_tables(words):
        return parse(words, Brought(settings.origins, settings.faults))
    document, origins = completed(words, settings.origins, os.environ)
    given, beam_argv, faults = split_argv(words)
    login = located(given, beam_argv, os.environ, origins)
    source = login.source.given
    document = document.of_source(source.get("data_source", ""))
    raise_all([*settings.faults, *faults, *login.source.faults, *document.faults])
    options = login.told(launch_options(source, beam_argv, os.environ, beam_flag_faults))
    dataset = source.get("destination_bigquery_dataset", "")
    destination = replace(options.request.destination, dataset=dataset)
    return replace(options, request=replace(options.request, destination=destination))


def _lines(finding: Finding) -> Iterator[str]:
    """As wide as the terminal; whole lines where there is none."""
    head = f"{finding.state:<5} {finding.name:<{NAME_WIDTH}} "
    yield from _wrapped(head + finding.text, len(head))
    if finding.fix:
        yield from _wrapped(f"{'':<{len(head)}}To mend: {finding.fix}", len(head))


def _wrapped(text: str, indent: int) -> list[str]:
    if not sys.stdout.isatty():
        return [text]
    width = max(shutil.get_terminal_size().columns, indent + 20)
    return textwrap.wrap(
        text, width, subsequent_indent=" " * indent, break_long_words=False, break_on_hyphens=False
    )
