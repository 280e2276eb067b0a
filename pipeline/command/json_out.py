"""`--json`: stdout holds one JSON document and nothing else; all that is said goes to stderr.

The document is there however the command ends: a report, or `{"error": …}`.
"""

import json
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import asdict
from typing import Any

from pipeline.api.report import RunReport, error_of, report_of_end, together
from pipeline.cli import Brought
from pipeline.errors.lookup import told_data
from pipeline.parameters.printed import print_json
from pipeline.parameters.results import COMPARED, End, Results

Document = dict[str, Any]


def in_json(launch: Callable[[Brought], int], brought: Brought) -> int:
    """Launch, and print what it came to; the exit code.

    Args:
        launch: is given what says the end.
        brought: what its command line was made of.
    """
    stdout, results = sys.stdout, Results(is_handed_on=True)

    def at_end(code: int) -> None:
        print_json(document(results, code), stdout)

    with redirect_stdout(sys.stderr):
        return launch(Brought(brought.origins, brought.faults, results, at_end))


def document(results: Results, code: int) -> Document:
    """What a launch came to.

    Args:
        results: as the launch has filled them.
        code: the exit code.
    """
    if results.plan:
        told: Document = json.loads(results.plan)
        return told
    fault, runs = results.fault, [_of_end(end) for end in results.ends]
    if not runs and fault:
        return {"error": told_data(fault)}
    report = runs[0] if len(runs) == 1 and not results.launch_id else _whole(results, runs, code)
    if fault:
        report["error"] = told_data(fault)
    return report | {"exit_code": code} | ({"note": results.note} if results.note else {})


def _whole(results: Results, runs: list[Document], code: int) -> Document:
    """Several runs as one, with each of them in it."""
    reports = [report_of_end(end) for end in results.ends]
    launch_id = results.launch_id or (reports[-1].run_id if reports else "")
    whole = together(launch_id, code, "", reports)
    status = {report.status for report in reports}
    only = status.pop() if len(status) == 1 and not code else whole.status
    return _data(whole) | {"status": only} | _compared(runs) | {"batch": runs}


def _compared(runs: list[Document]) -> Document:
    """The figures of all tables that were compared, added up; none: nothing was."""
    told = [run.get("verification", {}) for run in runs]
    compared = [figures for figures in told if figures.keys() >= set(COMPARED)]
    if not compared:
        return {}
    sums = {name: sum(figures[name] for figures in compared) for name in COMPARED}
    return {"verification": sums}


def _of_end(end: End) -> Document:
    verified = end.row.get("verification") if end.row else None
    return _data(report_of_end(end)) | ({"verification": json.loads(verified)} if verified else {})


def _data(report: RunReport) -> Document:
    """The report's fields; its error in parts."""
    error = told_data(error_of(report)) if report.exit_code else None
    return asdict(report) | {"error": error}
