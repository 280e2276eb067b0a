"""make hunt: cases from seeds until the time is over; what fails is made small and printed.

In the end GoogleSQL judges the statements that were sent.
"""

import argparse
import contextlib
import importlib
import itertools
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from demo.servers import bigquery_server, postgresql_server
from tests.debian_postgresql import PROGRAMS
from tests.hunt.bench import Bench
from tests.hunt.case import Case, Verdict
from tests.hunt.shrink import same_faults, shrink
from tests.sent_statements import HERE, keeping, refusals
from tests.sync import make_client

MAKERS = {
    "postgresql": "tests.hunt.postgresql",
    "mongodb": "tests.hunt.mongodb",
    "bigquery": "tests.hunt.bigquery",
    "extensions": "tests.hunt.extensions",
}
"""Source → the module whose `make_case(seed)` makes its cases."""
ONE_THREAD = Path(__file__).resolve().parents[1] / "local_bigquery"


@dataclass
class Total:
    """What a whole hunt came to."""

    cases: int = 0
    failed: list[int] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)
    sum: Verdict = field(default_factory=Verdict)

    def add(self, seed: int, verdict: Verdict) -> None:
        self.cases += 1
        if verdict.faults:
            self.failed.append(seed)
            self.kinds.update(verdict.kinds)
        self.sum.runs += verdict.runs
        self.sum.rows += verdict.rows
        self.sum.values += verdict.values
        self.sum.codes += verdict.codes

    def line(self, seconds: float) -> str:
        codes = " ".join(f"{code}:{n}" for code, n in sorted(self.sum.codes.items()))
        return (
            f"{self.cases} schemas, {self.sum.runs} runs (exit codes {codes}), {self.sum.rows:,}"
            f" rows, {self.sum.values:,} values compared in {seconds:.0f} s;"
            f" {len(self.failed)} cases failed: {dict(self.kinds)}"
        )


def maker(source: str) -> Callable[[int], Case]:
    """What makes a source's cases."""
    made: Callable[[int], Case] = importlib.import_module(MAKERS[source]).make_case
    return made


@contextlib.contextmanager
def a_bench(folder: Path, source: str = "postgresql") -> Iterator[Bench]:
    """Servers of the hunt's own; that with extensions is Debian's."""
    with (
        postgresql_server(programs=PROGRAMS if source == "extensions" else None) as server,
        bigquery_server(folder / "bigquery", ONE_THREAD) as target,
    ):
        yield Bench(server, target, make_client(target), folder)


def tell(case: Case, verdict: Verdict) -> None:
    print(f"\n=== seed {case.seed}: {', '.join(sorted(verdict.kinds))}")
    for fault in verdict.faults:
        print(f"  {fault.kind}: {fault.text}")
    print(f"{case.script()}\n--- {case!r}", flush=True)


def made_small(case: Case, verdict: Verdict, bench: Bench, seconds: float) -> tuple[Case, Verdict]:
    """The smallest case found that fails alike, and its own verdict."""
    latest = [verdict]

    def fails(smaller: Case) -> bool:
        found = smaller.run(bench)
        if same_faults(verdict, found):
            latest[0] = found
        return same_faults(verdict, found)

    return shrink(case, fails, seconds), latest[0]


def seeds(given: str, first: int, count: int) -> Iterable[int]:
    """Those that were given, else from the first on."""
    if given:
        return [int(word) for word in given.split(",")]
    return range(first, first + count) if count else itertools.count(first)


def one(case: Case, bench: Bench, total: Total) -> Verdict:
    """Run a case, count it and say so."""
    began = time.monotonic()
    verdict = case.run(bench)
    total.add(case.seed, verdict)
    codes = " ".join(str(code) for code in verdict.codes.elements())
    print(f"{case.seed}: {time.monotonic() - began:.0f} s, exit codes {codes}", flush=True)
    return verdict


def main() -> int:
    parser = argparse.ArgumentParser(prog="make hunt", description=__doc__)
    parser.add_argument("--seed", type=int, default=0, help="of the first case; 0: by chance")
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--cases", type=int, default=0, help="at most so many; 0: any number")
    parser.add_argument("--seeds", default="", help="these only, with commas between")
    parser.add_argument("--source", choices=sorted(MAKERS), default="postgresql")
    parser.add_argument("--shrink", type=float, default=120.0, help="seconds for each that fails")
    parser.add_argument(
        "--show", action="store_true", help="only print the cases: --seeds, or the first"
    )
    given = parser.parse_args()
    first = given.seed or random.SystemRandom().randrange(1, 1_000_000)
    make = maker(given.source)
    if given.show:
        print(
            "\n".join(make(seed).script() for seed in seeds(given.seeds, first, given.cases or 1))
        )
        return 0
    print(f"make hunt SEED={first} MINUTES={given.minutes:g} SOURCE={given.source}", flush=True)
    began, total = time.monotonic(), Total()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # its servers go with it
    with tempfile.TemporaryDirectory(prefix="hunt-") as folder:
        statements = Path(folder) / "statements.jsonl"
        with keeping(statements) as senders, a_bench(Path(folder), given.source) as bench:
            for seed in seeds(given.seeds, first, given.cases):
                if time.monotonic() - began >= 60 * given.minutes:
                    break
                case = make(seed)
                senders.name(f"seed {seed}")
                verdict = one(case, bench, total)
                if verdict.faults:
                    small = made_small(case, verdict, bench, given.shrink) if given.shrink else None
                    tell(*(small or (case, verdict)))
        seconds = time.monotonic() - began
        refused = refusals(statements)
    print("\n\n".join([*refused, f"statements: {HERE.told}", total.line(seconds)]))
    return 1 if total.failed or refused else 0


if __name__ == "__main__":
    sys.exit(main())
