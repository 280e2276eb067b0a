"""make chaos: trials side by side, a line for each, and whether a row was lost or doubled.

In the end GoogleSQL judges the statements that were sent.
"""

import argparse
import contextlib
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import psycopg2

from demo.servers import PostgresqlServer, bigquery_server, postgresql_server
from tests.chaos.actions import lacking, table_of
from tests.chaos.kinds import MODES, USUAL, Kind
from tests.chaos.result import Result
from tests.chaos.trial import Trial
from tests.sent_statements import HERE, keeping, refusals

AS_IT_IS = Path(__file__).resolve().parents[1] / "local_bigquery" / "as_it_is.py"
HEAD = (
    "   seed  kind            runs  killed  faults  settled  resumed  undone"
    "  slices  replayed  rows written  in source  deleted  lost  doubled  resurrected"
    "  wrongly deleted  held back s (median/longest)"
    "  exit codes"
)


@contextlib.contextmanager
def a_database(server: PostgresqlServer, name: str) -> Iterator[PostgresqlServer]:
    with contextlib.closing(psycopg2.connect(server.dsn)) as admin:
        admin.autocommit = True
        admin.cursor().execute(f"CREATE DATABASE {name}")
        yield PostgresqlServer(server.host, server.port, server.user, name)


def run_trials(
    seeds: Sequence[int],
    folder: Path,
    *,
    seconds: float,
    guard: bool,
    parallel: int,
    kinds: tuple[Kind, ...] = USUAL,
) -> Iterator[Result]:
    """Run one trial per seed, some at a time, on one PostgreSQL and one local BigQuery."""
    with (
        postgresql_server(settings={"max_connections": "200"}) as server,
        bigquery_server(folder / "bigquery", AS_IT_IS) as target,
    ):

        def one(seed: int) -> Result:
            with a_database(server, f"chaos_{seed}") as database:
                return judged(Trial(seed, seconds, guard, folder, database, target, kinds))

        with ThreadPoolExecutor(parallel) as pool:
            for done in as_completed([pool.submit(one, seed) for seed in seeds]):
                yield done.result()


def judged(trial: Trial) -> Result:
    """What came of a trial; of one that broke off that it did, so that the others are told."""
    try:
        return trial.run()
    except Exception as error:
        told = str(error).strip().splitlines() or [""]
        broke = f"broke off and was not judged: {type(error).__name__}: {told[0]}"
        trial.result.complaints.append(broke)
        return trial.result


def line(result: Result) -> str:
    codes = " ".join(f"{code}:{count}" for code, count in sorted(result.codes.items()))
    return (
        f"{result.seed:>7}  {result.kind:<14}  {result.runs:>4}  {result.kills:>6}"
        f"  {result.faults:>6}  {result.abandoned:>7}  {result.resumed:>7}  {result.undone:>6}"
        f"  {result.slices:>6}  {result.replayed:>8}"
        f"  {result.rows_written:>12,}  {result.rows_source:>9,}"
        f"  {result.rows_deleted:>7,}  {result.lost:>4}  {result.doubled:>7}"
        f"  {result.resurrected:>11}  {result.wrongly_deleted:>15}  {result.held:>28}  {codes}"
    )


def total(results: Sequence[Result], seconds: float) -> str:
    runs, kills = sum(r.runs for r in results), sum(r.kills for r in results)
    faults, rows = sum(r.faults for r in results), sum(r.rows_written for r in results)
    resumed, undone = sum(r.resumed for r in results), sum(r.undone for r in results)
    slices, replayed = sum(r.slices for r in results), sum(r.replayed for r in results)
    lost, doubled = sum(r.lost for r in results), sum(r.doubled for r in results)
    raised = sum(r.resurrected for r in results)
    removed = sum(r.wrongly_deleted for r in results)
    return (
        f"{len(results)} trials, {runs} runs, {kills} killed, {resumed} resumed, {undone} undone,"
        f" {slices} slices of backfills, {replayed} replays,"
        f" {faults} faults injected, {rows:,} rows written:"
        f" {lost} lost, {doubled} doubled, {raised} resurrected, {removed} wrongly deleted"
        f" ({seconds:.0f} s)"
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0, help="of the first trial; 0: by chance")
    parser.add_argument("--seconds", type=float, default=12.0, help="of writing per trial")
    parser.add_argument("--guard", choices=("on", "off"), default="on")
    parser.add_argument("--parallel", type=int, default=2)
    parser.add_argument("--modes", choices=tuple(MODES), default="usual", help="kinds of trials")
    given = parser.parse_args()
    first = given.seed or random.SystemRandom().randrange(1, 100_000)
    asked = f"SEED={first} TRIALS={given.trials} GUARD={given.guard} MODES={given.modes}"
    print(f"make chaos {asked}")
    print(HEAD, flush=True)
    began, results = time.monotonic(), list[Result]()
    seeds, guard = range(first, first + given.trials), given.guard == "on"
    with tempfile.TemporaryDirectory(prefix="chaos-") as made:
        statements = Path(made) / "statements.jsonl"
        with keeping(statements) as senders:
            senders.name(f"make chaos SEED={first}")
            for result in run_trials(
                seeds,
                Path(made),
                seconds=given.seconds,
                guard=guard,
                parallel=given.parallel,
                kinds=MODES[given.modes],
            ):
                results.append(result)
                print(line(result), flush=True)
                for what, count in sorted(result.edits.items()):
                    print(f"         {count:>3}  {what}", flush=True)
                for complaint in filter(None, [result.wrong, *result.complaints]):
                    print(f"         {complaint}", flush=True)
        seconds = time.monotonic() - began
        refused = refusals(statements)
    tally = sum((result.tally for result in results), Counter())
    parts = [*refused, f"statements: {HERE.told}", table_of(tally), total(results, seconds)]
    lacks = lacking(tally, MODES[given.modes], len(results)) if given.modes == "all" else []
    if lacks:
        parts.append(f"nothing came of any {', '.join(lacks)}: this proves nothing of it")
    print("\n\n".join(parts))
    return 0 if all(result.holds for result in results) and not (refused or lacks) else 1


if __name__ == "__main__":
    sys.exit(main())
