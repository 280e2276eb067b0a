"""I/O. A launch of many tables: the file, the plan of each, then each table's own run.

What befalls one table is a line of the report, and never another table's matter.
"""

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from auto_schema.errors import SyncError, raise_all
from pipeline.launch.beam_at_need import beam_flag_faults, check_places, run_note
from pipeline.launch.beside import answered
from pipeline.launch.checks_of import with_tried_checks
from pipeline.launch.gather import inspecting, patiently, rehearse
from pipeline.launch.many_chosen import failed_before, unread_tables, without_ignored
from pipeline.launch.many_history import record, tell_launch
from pipeline.launch.many_job import ManyJob
from pipeline.launch.many_runs import ManyRuns
from pipeline.launch.many_verify import ManyVerdicts, total_verified, verdicts
from pipeline.launch.output import say, width_here
from pipeline.launch.plan_only import plan_now
from pipeline.launch.program_end import bug_text, print_error
from pipeline.launch.progress import progress
from pipeline.launch.shared import Shared, shared_by
from pipeline.launch.shown_plan import print_plan
from pipeline.launch.side_by_side import side_by_side
from pipeline.launch.source_of import Located, located
from pipeline.launch.tables_checks import tables_with_checks
from pipeline.launch.tables_document import completed
from pipeline.parameters.abrupt_end import internal_error
from pipeline.parameters.options import Options, split_argv
from pipeline.parameters.origins import Origins, faults_of, placed
from pipeline.parameters.results import Results
from pipeline.parameters.table import BY_NAME
from pipeline.runs.joint_events import JointEvents
from pipeline.runs.many_report import (
    TableResult,
    exit_code_of,
    failure,
    message_of_none,
    report,
    total,
)
from pipeline.runs.notify import tell
from pipeline.runs.outcome import Outcome
from pipeline.runs.retry import PARAMETER as RETRY
from pipeline.tables.entries import TablesFile
from pipeline.tables.file import one_table_faults
from pipeline.tables.patterns import choose, unknown_exclusions, unread
from pipeline.tables.requests import (
    TableOptions,
    launch_options,
    listing_of,
    table_options,
    unheard,
    unread_options,
)
from pipeline.tables.selection import select
from smart_sync.cursor_plan import lacks_cursor
from smart_sync.draft import is_without_rows
from smart_sync.explain_many import Planned, explain_many, many_as_json
from smart_sync.request import SyncRequest
from smart_sync.value_text import counted

LOGGER = logging.getLogger("smart_sync")
NewRunId = Callable[[datetime], str]
MISSING = "missing parameter"
NO_ORIGINS: Origins = {}


@dataclass(frozen=True, slots=True)
class ManyOptions:
    """A launch of many tables, its source asked which there are.

    Attributes:
        common: what all tables have in common; of no real table.
        tables: those that are to be synced.
        at_once: how many of them side by side.
        note: why there is none to sync; empty: there is one.
        retried: the launch whose failed tables these are; empty: it is none's.
        given: the launch's own parameters.
        file: the name of the file of tables.
    """

    common: Options
    tables: tuple[TableOptions, ...]
    at_once: int
    note: str = ""
    retried: str = ""
    given: Mapping[str, str] = field(default_factory=dict, repr=False)
    file: str = ""

    @property
    def verifies(self) -> bool:
        """Whether it only compares."""
        return self.common.request.run.verify_window is not None


def many(
    argv: list[str],
    now: datetime,
    new_run_id: NewRunId,
    origins: Origins = NO_ORIGINS,
    faults: Sequence[SyncError] = (),
    came_to: Results | None = None,
) -> int:
    """Plan all tables, then sync them; the exit code of all.

    Args:
        argv: the command line, which is completed by what the file says of the launch.
        now: of the launch.
        new_run_id: makes names of runs.
        origins: what said each value of the command line, where not all are flags.
        faults: that were found on the way, to be told with those of the launch.
        came_to: is told what the launch comes to.

    Raises:
        SyncError: a fault of the launch or its file, before anything is written.
    """
    launch = read_launch(argv, origins, faults)
    if came_to is not None:
        launch = replace(launch, common=replace(launch.common, results=came_to))
    for warning in launch.common.warnings:
        LOGGER.warning("%s", warning)
    if launch.common.flag("template_location") or not launch.common.is_local:
        check_places(launch.common)
    if launch.common.request.run.plan_only:
        return _show(launch, now, new_run_id, argv)
    if not launch.tables:
        launch.common.results.note = launch.note
        say(launch.note)
        _note(launch, launch.note, "planned")
        return 0
    batch_id = new_run_id(now)
    tables = begun(launch, batch_id)
    if launch.verifies:
        results = ManyVerdicts(new_run_id, now, argv).run(tables, launch.at_once)
        code = _told(launch, tables, batch_id, results)
        _note(launch, verdicts(results), "verified")
        return code
    runs = ManyRuns(new_run_id, now, argv, JointEvents(batch_id), launch.retried)
    if launch.common.is_local:
        with progress(len(tables)) as runs.board:
            results = runs.run(tables, launch.at_once)
        return _told(launch, tables, batch_id, results)
    return _submitted(launch, tables, batch_id, runs)


def begun(launch: ManyOptions, batch_id: str) -> list[TableOptions]:
    """The tables of a launch that begins, which is noted."""
    LOGGER.info("launch %s of %s", batch_id, counted(len(launch.tables), "table"))
    tables = [of_batch(table, batch_id) for table in launch.tables]
    record(launch.common, tables, batch_id)
    return tables


def _submitted(
    launch: ManyOptions, tables: Sequence[TableOptions], batch_id: str, runs: ManyRuns
) -> int:
    """Make the tables ready and submit one job of them; the exit code.

    Raises:
        SyncError: it could not be submitted.
    """
    try:
        job = ManyJob(of_launch(launch.common, batch_id), batch_id, launch.at_once)
        results, has_job = job.launch(tables, runs)
    except SyncError as error:
        if launch.common.webhook:
            tell(launch.common.webhook, message_of_none(error))
        raise
    if not has_job:
        return _told(launch, tables, batch_id, results)
    told = f"launched {len(results)} tables as launch {batch_id}"
    launch.common.results.ran_many(batch_id, results, told)
    say(report(results, width_here()))
    say(told)
    return 0


def _told(
    launch: ManyOptions,
    tables: Sequence[TableOptions],
    batch_id: str,
    results: Sequence[TableResult],
) -> int:
    """Say how all tables ended; the exit code."""
    show, text = (verdicts, total_verified) if launch.verifies else (report, total)
    say(show(results, width_here()))
    failed = failure(batch_id, results)
    launch.common.results.ran_many(batch_id, results, text(results), failed)
    tell_launch(launch.common, tables, batch_id, results, text(results))
    if failed:
        print_error(failed, is_told=True)
    return exit_code_of([result.exit_code for result in results])


def of_launch(common: Options, batch_id: str) -> Options:
    """Options whose runs are told as those of a launch."""
    return replace(common, request=_request_of(common.request, batch_id))


def _request_of(request: SyncRequest, batch_id: str) -> SyncRequest:
    return replace(request, run=replace(request.run, batch_id=batch_id))


def _note(launch: ManyOptions, text: str, status: str) -> None:
    run_note(launch.common, text, Outcome(status=status))


def of_batch(table: TableOptions, batch_id: str) -> TableOptions:
    """The table as one of a launch, which tells the webhook of all of them."""
    if table.request is None:
        return table
    request = _request_of(table.request, batch_id)
    if table.options is None:
        return replace(table, stand_in=request)
    without = of_batch(table.without, batch_id) if table.without else None
    options = replace(table.options, request=request, webhook=None)
    return replace(table, options=options, without=without)


def read_launch(
    argv: list[str],
    origins: Origins = NO_ORIGINS,
    faults: Sequence[SyncError] = (),
    aside: Sequence[str] = (),
) -> ManyOptions:
    """The parameters, the file, and what the source shows: all faults of each step at once.

    Args:
        argv: as of `many`.
        origins: as of `many`.
        faults: as of `many`.
        aside: parameters that are taken for not given.

    Raises:
        SyncError: what is wrong with them, or the source can't be asked.
    """
    document, origins = completed(argv, origins, os.environ)
    given, beam_argv, launch_faults = split_argv(argv)
    given = {n: text for n, text in given.items() if text or n == "partition_field"}
    given = {n: text for n, text in given.items() if n not in aside}
    launch_faults += one_table_faults(given)
    login = located(given, beam_argv, os.environ, origins)
    launch_faults += login.source.faults
    given = dict(login.source.given)
    document = document.of_source(given.get("data_source", ""))
    common = None
    if not (login.source.faults and login.source.is_incomplete):
        try:
            common = login.told(launch_options(given, beam_argv, os.environ, beam_flag_faults))
        except SyncError as error:
            missing = "" if document.is_read else MISSING  # which the file may say
            launch_faults += [fault for fault in faults_of(error) if fault.what != missing]
    launch_faults = [*faults, *placed(launch_faults, origins)]
    if launch_faults or common is None:
        raise_all([*launch_faults, *document.faults])
        raise AssertionError(document.name)
    try:
        common = replace(common, origins=origins)
        return _asked(common, document.whole(), given, beam_argv, login)
    except SyncError as error:
        if common.webhook:
            tell(common.webhook, message_of_none(error))
        raise


def _asked(
    common: Options,
    file: TablesFile,
    given: Mapping[str, str],
    beam_argv: Sequence[str],
    login: Located,
) -> ManyOptions:
    """The launch, once its own parameters and its file are known to be right.

    Raises:
        SyncError: what is wrong with the file beside the source, or this can't be asked.
    """
    listing = listing_of(given["data_source"])
    schemas = {entry.pattern.partition(".")[0] for entry in file.entries}
    connection, retries = common.request.reading.connection, common.request.run.max_retries
    catalog = patiently(lambda: listing.tables(connection, schemas), retries)
    chosen, faults = choose(file, catalog, has_schemas=listing.has_schemas)
    for warning in unknown_exclusions(file, catalog):
        LOGGER.warning("%s", warning)
    selected, unselected = select(given.get("select", ""), chosen)
    enabled, _ = select("", chosen)
    tables, more = table_options(file, enabled, given, beam_argv, os.environ, selected=selected)
    raise_all([*faults, *unselected, *more])
    for warning in unheard(given, tables):
        LOGGER.warning("%s", warning)
    tables = tables_with_checks([_logging_in(table, login) for table in tables])
    request = common.request
    hidden, _ = select(given.get("select", ""), tuple(unread(file, catalog)))
    tables += unread_tables(tables, [unread_options(file, one, given) for one in hidden], common)
    tables = tuple(table.with_stand_in(request) for table in without_ignored(file, tables, common))
    if request.run.verify_window and tables and all(table.is_skipped for table in tables):
        raise_all([table.fault for table in tables[:1] if table.fault])
    note = "" if tables else f"no table to sync: all that {_by(given)} names are disabled"
    if tables and (batch_id := given.get(RETRY)):
        tables, note = failed_before(tables, batch_id, common)
    most = int(given.get("max_tables_at_once") or BY_NAME["max_tables_at_once"].default)
    at_once = min(most, request.reading.max_source_connections)
    return ManyOptions(common, tables, at_once, note, given.get(RETRY, ""), given, file.name)


def _logging_in(table: TableOptions, login: Located) -> TableOptions:
    """The table, whose plan says from where the password is."""
    without = _logging_in(table.without, login) if table.without else None
    options = login.told(table.options) if table.options else None
    return replace(table, options=options, without=without)


def _by(given: Mapping[str, str]) -> str:
    return "select" if given.get("select") else "the file"


def _show(launch: ManyOptions, now: datetime, new_run_id: NewRunId, argv: Sequence[str]) -> int:
    """Print the plan of the whole; nothing is written."""
    planned = _all_planned(launch, now, new_run_id, argv)
    of_all = (planned, launch.at_once, launch.common.request.reading.max_source_connections)
    shown = explain_many(*of_all, width_here())
    print_plan(launch.common, shown, lambda: many_as_json(*of_all))
    _note(launch, explain_many(*of_all), "planned")
    return exit_code_of([table.exit_code for table in planned])


def many_plans(
    launch: ManyOptions, now: datetime, new_run_id: NewRunId, argv: Sequence[str]
) -> tuple[str, str]:
    """The plan of the whole, as text and as JSON; nothing is written."""
    planned = _all_planned(launch, now, new_run_id, argv)
    of_all = (planned, launch.at_once, launch.common.request.reading.max_source_connections)
    return explain_many(*of_all), many_as_json(*of_all)


def _all_planned(
    launch: ManyOptions, now: datetime, new_run_id: NewRunId, argv: Sequence[str]
) -> Sequence[Planned]:
    shared = shared_by(JointEvents(new_run_id(now)))

    def plan(table: TableOptions) -> Planned:
        return _planned(table, now, new_run_id(now), argv, shared)

    planned = side_by_side(plan, launch.tables, launch.at_once)
    if launch.note:
        LOGGER.warning("%s", launch.note)
    return planned


def _planned(
    table: TableOptions, now: datetime, run_id: str, argv: Sequence[str], shared: Shared
) -> Planned:
    name, pattern = table.chosen.table.full_name, table.chosen.entry.pattern
    if table.options is None:
        return Planned(name, pattern, None, str(table.fault), table.exit_code)
    request = table.options.request
    try:
        with inspecting(request) as inspector:
            draft, client = rehearse(request, inspector, run_id, shared)
            draft = answered(draft, client, shared.ask)
            plan = plan_now(draft, client, inspector, run_id=run_id, now=now)
        return Planned(name, pattern, with_tried_checks(client, plan))
    except SyncError as error:
        if table.without and lacks_cursor(error):
            return _planned(table.without, now, run_id, argv, shared)
        code = 0 if is_without_rows(error) else error.exit_code
        return Planned(name, pattern, None, error.text, code)
    except Exception as error:
        LOGGER.error("planning %s failed\n%s", name, bug_text(error, argv))
        told = internal_error(type(error).__name__)
        return Planned(name, pattern, None, told.text, told.exit_code)
