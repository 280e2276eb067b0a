"""I/O. `run(config)` and `plan_only(config)`: a launch as a call, which raises what went wrong.

Nothing is printed, no handler of signals or logs is set, nobody's process ends. What goes on is
logged below the logger `smart_sync`.
"""

import json
import logging
import traceback
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from auto_schema.errors import ConfigError, SyncError
from pipeline.api.config import Config
from pipeline.api.given import given_by
from pipeline.api.report import RunReport, error_of, report_of, report_of_end, together
from pipeline.api.untouched import untouched
from pipeline.cli import Brought, new_run_id, parse
from pipeline.errors.lookup import see
from pipeline.launch.beam_at_need import check_places
from pipeline.launch.checks_of import with_checks, with_tried_checks
from pipeline.launch.exit_code import ended
from pipeline.launch.gather import inspecting, rehearse
from pipeline.launch.many import begun, many_plans, read_launch
from pipeline.launch.many_history import tell_launch
from pipeline.launch.many_runs import ManyRuns
from pipeline.launch.plan_only import plan_now
from pipeline.launch.program_end import without_secrets
from pipeline.launch.shown_plan import with_origins
from pipeline.launch.sql_of import with_sql
from pipeline.launch.sync import making_ready, run_to_its_end, submit
from pipeline.launch.told_plan import log_plan
from pipeline.launch.transformation_of import with_transformation
from pipeline.parameters.abrupt_end import internal_error
from pipeline.parameters.options import Options, names_tables
from pipeline.parameters.origins import as_values
from pipeline.parameters.results import LAUNCHED
from pipeline.runs.ended import forget
from pipeline.runs.joint_events import JointEvents
from pipeline.runs.many_report import exit_code_of, failure, total
from pipeline.runs.notify import tell_failure
from smart_sync.explain import explained, log_text
from smart_sync.headline import warnings_of
from smart_sync.plan_json import as_json

LOGGER = logging.getLogger("smart_sync")
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class PlanShown:
    """What a run would do.

    Attributes:
        text: as `smart-sync plan` prints it.
        data: as `smart-sync plan --json` does, parsed; its keys are no interface.
    """

    text: str
    data: Any

    def __str__(self) -> str:
        return self.text


def run(config: Config) -> RunReport:
    """Sync one table, or many with `tables`, to the end; on Dataflow, submit the job.

    Args:
        config: the parameters by name, as for `smart-sync run`; Beam's flags too. Or the path of
            a config file, with the environment and `.env` that the command reads beside it.

    Returns:
        How the run ended, which is well. A run that has taken over what a dead one had left is
        followed by that of the launch's own window: then `batch` has both.

    Raises:
        SyncError: what is wrong, with `what`, `where`, `why`, `fix` (the mend) and `exit_code`;
            its subclasses stand for what the operator does. One of a run that had begun has its
            RunReport as `report`.
        KeyboardInterrupt: as anywhere in Python; the run was ended and its lock given back.
    """
    return _calling(config, _run)


def plan_only(config: Config) -> PlanShown:
    """The plan of what `run` would do; no lock is taken and nothing is written.

    Raises:
        SyncError: as `run`, of what can be known before.
    """
    return _calling(config, _plan)


def _calling(config: Config, do: Callable[[list[str], datetime, Brought], Value]) -> Value:
    """Call what is asked for, and leave the process as it was found.

    Raises:
        SyncError: a fault; InternalError where it is ours.
    """
    words, brought = given_by(config)
    with untouched():
        try:
            return do(words, datetime.now(UTC), brought)
        except SyncError as error:
            if address := see(error):
                error.add_note(f"See {address}")
            raise
        except Exception as error:
            told = internal_error(without_secrets(f"{type(error).__name__}: {error}", words))
            text = "".join(traceback.format_exception(error))
            raise told from (error if without_secrets(text, words) == text else None)


def _run(words: list[str], now: datetime, brought: Brought) -> RunReport:
    if names_tables(words):
        return _many(words, now, brought)
    options = _options(words, brought)
    reports = [_one(options, new_run_id(now), now)]
    while reports[-1].batch:  # it went on with what another had left: its own window is to come
        reports[-1:] = reports[-1].batch
        now = datetime.now(UTC)
        reports.append(_one(options, new_run_id(now), now))
    last = reports[-1]
    return last if len(reports) == 1 else together(last.run_id, 0, "", reports)


def _options(words: Sequence[str], brought: Brought) -> Options:
    """The options of one table, as the command's.

    Raises:
        ConfigError, ManyErrors: all that is wrong with them.
    """
    options = with_sql(with_checks(with_transformation(parse(words, brought))))
    request = options.request
    unfit = {
        "rollback_run": request.run.rollback_run,
        "verify_only": request.run.verify_window,
        "backfill_by": request.window.slicing,
    }
    for name, is_asked in unfit.items():
        if is_asked:
            fix = f"call smart-sync {name.partition('_')[0]}."
            raise ConfigError("not a run that Python can call", name, "", fix)
    for warning in options.warnings:
        LOGGER.warning("%s", warning)
    return options


def _one(options: Options, run_id: str, now: datetime) -> RunReport:
    """One run; of one that is to be followed `batch` holds its report."""
    if not options.is_local:
        check_places(options)
    try:
        with making_ready(options.request, run_id, now) as ready:
            plan = ready.plan
            log_plan(log_text(plan, options.request.run.plan_detail), warnings_of(plan))
            if not options.is_local:
                submit(options, ready)
                return RunReport(LAUNCHED, run_id, str(plan.destination))
            fault = run_to_its_end(options, ready, nullcontext())
            code, row = ended(ready.client, plan, fault)
    except Exception as error:
        tell_failure(options.webhook, options.request, run_id, error)
        raise
    finally:
        forget(run_id)
    if row is None:
        raise internal_error(fault.message if fault else f"run {run_id} has no end")
    report = report_of(row)
    if code:
        raise error_of(report)
    return together(run_id, 0, "", [report]) if ready.is_followed else report


def _many(words: list[str], now: datetime, brought: Brought) -> RunReport:
    """Many tables; each ends by itself.

    Raises:
        SomeFailedError: some failed; the error of one when all failed by one exit code.
    """
    launch = read_launch(words, brought.origins, brought.faults)
    if launch.verifies or not launch.common.is_local:
        what = "verify_only" if launch.verifies else "runner"
        fix = "call smart-sync run."
        raise ConfigError("many tables that Python can't call so", what, "", fix)
    batch_id = new_run_id(now)
    if not launch.tables:
        return RunReport("succeeded", batch_id)
    tables = begun(launch, batch_id)
    runs = ManyRuns(new_run_id, now, words, JointEvents(batch_id), launch.retried)
    results = runs.run(tables, launch.at_once)
    tell_launch(launch.common, tables, batch_id, results, total(results))
    failed = failure(batch_id, results)
    for result in results:
        forget(str(result.row["run_id"]) if result.row else "")
    reports = [report_of_end(result) for result in results]
    code = exit_code_of([result.exit_code for result in results])
    report = together(batch_id, code, failed.line if failed else "", reports)
    if failed is None:
        return report
    failed.exit_code, failed.report = code, report
    raise failed


def _plan(words: list[str], now: datetime, brought: Brought) -> PlanShown:
    if names_tables(words):
        launch = read_launch(words, brought.origins, brought.faults)
        text, told = many_plans(launch, now, new_run_id, words)
        return PlanShown(with_origins(launch.common, text), _data(launch.common, told))
    options, run_id = _options(words, brought), new_run_id(now)
    with inspecting(options.request) as inspector:
        draft, client = rehearse(options.request, inspector, run_id)
        plan = plan_now(draft, client, inspector, run_id=run_id, now=now)
    plan = with_tried_checks(client, plan)
    text = explained(plan, options.request.run.plan_detail)
    return PlanShown(with_origins(options, text), _data(options, as_json(plan)))


def _data(options: Options, told: str) -> Any:
    return {**json.loads(told), **as_values(options.origins)}
