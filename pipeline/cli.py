"""main(argv) → exit code: parse, then show a plan, compare, or sync.

Errors become the documented exit code, and one line on stderr after all that is said;
a traceback is shown only for our own bugs.
"""

import logging
import os
import secrets
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial

from auto_schema.errors import SyncError, raise_all
from pipeline.launch.arenas import share_arenas
from pipeline.launch.beam_at_need import beam_flag_faults, check_places
from pipeline.launch.checks_of import with_checks
from pipeline.launch.output import escape_what_it_lacks
from pipeline.launch.plan_only import plan_only
from pipeline.launch.program_end import (
    TerminatedError,
    bug,
    ending_on_signals,
    exit_with_threads,
    print_bug,
    print_error,
    print_interruption,
)
from pipeline.launch.progress import configure_logging
from pipeline.launch.saved_plan import PlanFiles, check_given, save, with_saved
from pipeline.launch.source_of import located
from pipeline.launch.sql_of import with_sql
from pipeline.launch.sync import sync
from pipeline.launch.transformation_of import with_transformation
from pipeline.launch.verify_only import verify_only
from pipeline.parameters import options as option_module
from pipeline.parameters.abrupt_end import InterruptedRunError
from pipeline.parameters.docs import usage
from pipeline.parameters.options import Options, names_tables
from pipeline.parameters.origins import Origins, faults_of, placed
from pipeline.parameters.printed import UNREAD, nobody_reads
from pipeline.parameters.results import Results
from pipeline.runs.notify import tell_failure

LOGGER = logging.getLogger("smart_sync")
NO_FILES = PlanFiles()


def nothing(_: object) -> None:
    """Do nothing."""


@dataclass(frozen=True, slots=True)
class Brought:
    """What a command line was made of by whoever calls with more than flags.

    Attributes:
        origins: what said each value of it.
        faults: that were found on the way, to be told with those of the values.
        results: is told what the launch comes to.
        at_end: is called with the exit code when all is said, whatever ends the launch.
    """

    origins: Origins = field(default_factory=dict)
    faults: tuple[SyncError, ...] = ()
    results: Results = field(default_factory=Results)
    at_end: Callable[[int], None] = nothing


NOTHING = Brought()


def unchanged(options: Options) -> Options:
    """The options as they are."""
    return options


CUT_OFF = (InterruptedRunError.exit_code, TerminatedError.exit_code)


def main(
    argv: Sequence[str] | None = None,
    files: PlanFiles = NO_FILES,
    brought: Brought = NOTHING,
) -> int:
    """Run the template; the return value is the process's exit code.

    Args:
        argv: parameters and Beam's flags; None: the process's own.
        files: of plans that are saved or run.
        brought: what the command line was made of.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    configure_logging()
    escape_what_it_lacks()
    share_arenas()
    code = _code(words, files, brought)
    brought.at_end(code)
    return exit_with_threads(code) if code in CUT_OFF else code


def _code(words: list[str], files: PlanFiles, brought: Brought) -> int:
    results = brought.results
    try:
        with ending_on_signals():
            return _main(words, files, brought)
    except SyncError as error:
        results.fault = error
        print_error(error)
        return error.exit_code
    except KeyboardInterrupt as error:
        results.fault = InterruptedRunError.of(error)
        return print_interruption(error)
    except Exception as error:
        if isinstance(error, BrokenPipeError) and nobody_reads():
            return UNREAD
        results.fault = bug(error, words)
        return print_bug(error, words)


def _main(words: list[str], files: PlanFiles, brought: Brought) -> int:
    if {"--help", "-h"} & set(words):
        print(usage())
        return 0
    now = datetime.now(UTC)
    if names_tables(words):
        from pipeline.launch.one_of_many import asks_for_one, one_of_many  # one table needs no more

        if not (asked := asks_for_one(words, files)):
            from pipeline.launch.many import many

            return many(words, now, new_run_id, brought.origins, brought.faults, brought.results)
        one = one_of_many(words, asked, brought.origins, brought.faults)
        brought = replace(brought, origins=one.origins, faults=())
        return _alone(one.words, files, brought, now, one.completed)
    return _alone(words, files, brought, now)


def _alone(
    words: list[str],
    files: PlanFiles,
    brought: Brought,
    now: datetime,
    completed: Callable[[Options], Options] = unchanged,
) -> int:
    """Launch one table.

    Args:
        words: its command line.
        files: of plans.
        brought: what the command line was made of.
        now: of the launch.
        completed: adds to the options what no parameter says.
    """
    check_given(words, files)
    parsed = completed(with_sql(with_checks(with_transformation(parse(words, brought)))))
    options = with_saved(parsed, words, files)
    for warning in options.warnings:
        LOGGER.warning("%s", warning)
    run_id = new_run_id(now)
    try:
        return _launch(options, run_id, now, words, files)
    except Exception as error:
        tell_failure(options.webhook, options.request, run_id, error)
        raise


def _launch(
    options: Options, run_id: str, now: datetime, words: Sequence[str], files: PlanFiles
) -> int:
    if options.flag("template_location") or not options.is_local:
        check_places(options)
    if options.request.run.rollback_run:
        from pipeline.launch.rollback import rollback  # which nearly no launch is for

        return rollback(options, run_id, now)
    if options.request.run.plan_only and not options.request.window.slicing:
        keep = partial(save, words=words, place=files.save) if files.save else nothing
        return plan_only(options, run_id, now, keep)
    if options.request.run.verify_window:
        return verify_only(options, run_id)
    if options.request.window.slicing:
        from pipeline.launch.backfill import backfill  # most launches need none of it

        return backfill(options, now, new_run_id, words)
    return sync(options, run_id, now, new_run_id)


def parse(words: Sequence[str], brought: Brought = NOTHING) -> Options:
    """Our parameters and Beam's flags; the faults of both told at once.

    Raises:
        SyncError: what is wrong with them; or the source's URI is a secret that can't be read.
    """
    all_faults = list(brought.faults)
    try:
        parsed = _parsed(words, brought.origins)
    except SyncError as error:
        all_faults += placed(faults_of(error), brought.origins)
    raise_all(all_faults)
    return replace(parsed, origins=brought.origins, results=brought.results)


def _parsed(words: Sequence[str], origins: Origins) -> Options:
    given, beam_argv, faults = option_module.split_argv(words)
    login = located(given, beam_argv, os.environ, origins)
    parsed = option_module.parse_given(
        given, beam_argv, faults=faults, beam_faults=beam_flag_faults, source=login.source
    )
    return login.told(parsed)


def new_run_id(now: datetime) -> str:
    """Sortable by time and unique: `20250722t150000-3f9a0c1d`."""
    return f"{now:%Y%m%dt%H%M%S}-{secrets.token_hex(4)}"
