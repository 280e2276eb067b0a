"""`make verify-cloud`: run the checks of docs/real-service.md on a project, and say which held.

They are run one by one, in a dataset of their own, which is removed at the end.
"""

import argparse
import os
import re
import secrets
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.rule import Rule
from rich.table import Table

from deploy.real_check import Check
from deploy.real_files import write_files
from deploy.real_service import CHECKS

CONSOLE = Console()
PROGRAMS = ("bash", "bq", "gcloud", "curl")
HELD, NOT_HELD, NOT_RUN = "held", "did not hold", "not run"
COLOURS = {HELD: "green", NOT_HELD: "red", NOT_RUN: "yellow"}
SHOWN = 3_000
"""Characters of the output of a check that didn't hold: its end."""
SETUP = (
    "bq --quiet --project_id=$PROJECT --location=$LOCATION mk --dataset"
    " --default_table_expiration=3600 --description='Checks of the real service' $DATASET"
)
TEARDOWN = "bq --quiet --project_id=$PROJECT rm --recursive --force --dataset $DATASET"
CLEAR_BUCKET = "gcloud storage rm --quiet --recursive gs://$BUCKET/$DATASET/"


class PlaceError(Exception):
    """The dataset of the checks could not be made."""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a check; `why` it wasn't run, or what it put out."""

    check: Check
    verdict: str
    seconds: float = 0.0
    why: str = ""


def run(command: str, environ: Mapping[str, str], timeout_s: float) -> tuple[int, str]:
    """Run a command by bash; its exit code and all that it said.

    One that doesn't end in time is ended with all that it started.
    """
    words = ["bash", "-eu", "-o", "pipefail", "-c", command]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        words,
        stdin=subprocess.DEVNULL,
        stdout=pipe,
        stderr=subprocess.STDOUT,
        env={**os.environ, **environ},
        text=True,
        errors="replace",
        start_new_session=True,
    ) as process:
        try:
            said, _ = process.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            said, _ = process.communicate()
            return 124, f"{said.rstrip()}\nno end within {timeout_s:g} s"
    return process.returncode, said


def missing(check: Check, environ: Mapping[str, str]) -> str:
    """Why a check can't be run; empty when it can."""
    for name in check.needs:
        if not environ.get(name):
            if name == "JOB":
                return f"needs the job of {_giver(name)}"
            example = {"BUCKET": "my-bucket", "TEMPLATE": "gs://…"}[name]
            return f"needs {name}={example}"
    return ""


def _giver(variable: str) -> str:
    return next(check.name for check in CHECKS if check.gives == variable)


def verdict(check: Check, code: int, said: str) -> str:
    """Whether the exit code and the output are what the check expects.

    `bq` breaks its messages into lines, so they are also looked at in one.
    """
    ends = (code != 0) == check.is_refused and code != 124
    texts = (said, " ".join(said.split()))
    matches = all(any(re.search(p, t, re.MULTILINE) for t in texts) for p in check.expected)
    return HELD if ends and matches else NOT_HELD


def run_check(check: Check, environ: dict[str, str]) -> Result:
    """Run one check; a variable that it gives is put into `environ`."""
    if why := missing(check, environ):
        return Result(check, NOT_RUN, why=why)
    began = time.monotonic()
    code, said = run(check.command, environ, check.timeout_s)
    told = verdict(check, code, said)
    if check.gives and told == HELD:
        matches = (re.search(pattern, said, re.MULTILINE) for pattern in check.expected)
        groups = {k: v for match in matches if match for k, v in match.groupdict().items()}
        environ[check.gives] = groups[check.gives]
    return Result(check, told, time.monotonic() - began, f"{said.strip()}\nexit code {code}")


def chosen(only: str) -> list[Check]:
    """The checks with this text in their name, and those that give what they need."""
    named = [check for check in CHECKS if only in check.name]
    needed = {name for check in named for name in check.needs}
    return [check for check in CHECKS if check in named or check.gives in needed]


@contextmanager
def place(environ: dict[str, str]) -> Iterator[None]:
    """Files, and a dataset that is removed with all that is in it.

    Raises:
        PlaceError: BigQuery refused to make the dataset.
    """
    with tempfile.TemporaryDirectory(prefix="verify-cloud-") as folder:
        environ["FILES"] = folder
        write_files(Path(folder))
        code, said = run(SETUP, environ, 120)
        if code:
            raise PlaceError(said.strip())
        try:
            yield
        finally:
            endings = [TEARDOWN, *([CLEAR_BUCKET] if environ["BUCKET"] else [])]
            for command in endings:
                code, said = run(command, environ, 120)
                if code and "matched no objects" not in said:
                    CONSOLE.print(f"not removed: {said.strip()}", markup=False)


def show_results(results: Sequence[Result]) -> None:
    """The outputs of what didn't hold, then one line for each."""
    for result in results:
        if result.verdict == NOT_HELD:
            CONSOLE.print(Rule(result.check.name, align="left"))
            CONSOLE.print(result.check.command, markup=False, highlight=False, soft_wrap=True)
            CONSOLE.print(result.why[-SHOWN:], markup=False, highlight=False, soft_wrap=True)
            ends = "an error" if result.check.is_refused else "no error"
            expected = f"expected: {ends}, and {' and '.join(result.check.expected)}"
            CONSOLE.print(expected, markup=False, highlight=False, soft_wrap=True)
    table = Table(title="What the real service does")
    for heading in ("check", "claim", "verdict", "seconds"):
        table.add_column(heading, justify="right" if heading == "seconds" else "left")
    for result in results:
        told = f"[{COLOURS[result.verdict]}]{result.verdict}[/]"
        if result.verdict == NOT_RUN:
            told += f": {escape(result.why)}"
        seconds = f"{result.seconds:.1f}" if result.seconds else ""
        table.add_row(result.check.name, escape(result.check.claim), told, seconds)
    CONSOLE.print(table)
    counts = (f"{sum(r.verdict == v for r in results)} {v}" for v in COLOURS)
    CONSOLE.print(", ".join(counts) + ".")


def verify(checks: Sequence[Check], environ: dict[str, str]) -> list[Result]:
    """Run checks one after the other, saying each as it ends."""
    results = []
    for number, check in enumerate(checks, 1):
        with CONSOLE.status(f"{number} of {len(checks)}: {check.name}"):
            result = run_check(check, environ)
        told = f"[{COLOURS[result.verdict]}]{result.verdict}[/]"
        CONSOLE.print(f"{number:>3} of {len(checks)}  {check.name}: {told}")
        results.append(result)
    return results


def _parsed(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make verify-cloud", description=__doc__)
    parser.add_argument("--project", default="", help="runs and pays it all")
    parser.add_argument("--location", default="US", help="of the dataset")
    parser.add_argument("--region", default="us-central1", help="of Dataflow")
    parser.add_argument("--bucket", default="", help="in the dataset's location, without gs://")
    parser.add_argument("--template", default="", help="gs://… of a template that was built")
    parser.add_argument("--only", default="", help="text in the names of the checks to be run")
    parser.add_argument("--list", action="store_true", help="show the checks, run none")
    given = parser.parse_args(argv)
    if not given.project and not given.list:
        parser.error("which project? make verify-cloud PROJECT=my-project")
    if given.only and not chosen(given.only):
        parser.error(f"no check has {given.only!r} in its name; --list shows them")
    if gone := [name for name in PROGRAMS if not given.list and not shutil.which(name)]:
        parser.error(f"not found: {', '.join(gone)} (bq and gcloud are in the Google Cloud CLI)")
    return given


def main(argv: Sequence[str] | None = None) -> int:
    """Exit code 0 when all that ran held."""
    given = _parsed(argv)
    checks = chosen(given.only)
    if given.list:
        for check in checks:
            needs = f" (needs {', '.join(check.needs)})" if check.needs else ""
            CONSOLE.print(f"{check.name}: {check.claim}{needs}", markup=False, highlight=False)
        return 0
    environ = {
        "PROJECT": given.project,
        "LOCATION": given.location,
        "REGION": given.region,
        "BUCKET": given.bucket.removeprefix("gs://").rstrip("/"),
        "TEMPLATE": given.template,
        "DATASET": f"smart_sync_verify_{datetime.now(UTC):%Y%m%d_%H%M%S}_{secrets.token_hex(2)}",
    }
    launches = " Dataflow: four jobs of a few minutes, some cents." if given.template else ""
    CONSOLE.print(
        f"{len(checks)} checks in {given.project}.{environ['DATASET']}. BigQuery: a few tables of"
        f" at most 160 kB, less than a cent.{launches}"
    )
    try:
        with place(environ):
            results = verify(checks, environ)
    except PlaceError as error:
        CONSOLE.print(f"the dataset could not be made: {error}", style="red", markup=False)
        return 1
    show_results(results)
    return 1 if any(result.verdict == NOT_HELD for result in results) else 0


if __name__ == "__main__":
    raise SystemExit(main())
