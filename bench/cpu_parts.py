"""Where the CPU of one run goes, part by part: reading, conforming, Parquet, and so on.

    python -m bench.cpu_parts PARAMETERS…     runs main() and tells the parts in its last line

Each part is CPU of the thread that works at it, without the parts within it. What no part
is, Beam's own threads above all, is `rest`.
Nothing but Python's own modules is imported before main.py, whose imports are a part too.
"""

import importlib
import json
import runpy
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import Any

MAIN = Path(__file__).resolve().parent.parent / "main.py"
PARTS: Mapping[str, tuple[str, ...]] = {
    "plan": (
        "pipeline.launch.sync:rehearse",
        "pipeline.launch.sync:settled",
        "pipeline.launch.sync:_plan",
        "pipeline.launch.sync:begin",
    ),
    "graph": ("pipeline.launch.sync:build",),
    "reading": ("sources.read_ahead:ReadAhead._fill",),
    "conform": (
        "pipeline.execution.lanes:renamed",
        "pipeline.execution.lanes:conformed_or_failure",
    ),
    "parquet": (
        "pipeline.destination.files:AttemptFiles.write",
        "pipeline.destination.files:AttemptFiles.finish",
    ),
    "publish": ("pipeline.publish.publisher:Publisher.publish",),
}
"""Functions, under whose name all that they call is counted."""
TOLD = {
    "imports": "Python's start and imports",
    "plan": "first look, lock, facts, plan",
    "graph": "building the graph",
    "reading": "reading: COPY BINARY → Arrow",
    "conform": "conforming",
    "parquet": "Parquet, zstd",
    "publish": "publishing",
    "rest": "Beam and all else",
    "exit": "Python's end",
}
"""In the order of a run."""
BEFORE = {
    "imports": 1.64,
    "plan": 0.04,
    "graph": 0.08,
    "reading": 1.34,
    "conform": 0.52,
    "parquet": 1.51,
    "publish": 0.14,
    "rest": 0.38,
    "exit": 0.08,
}
"""CPU seconds of 2,000,000 rows, medians of 3, before anything of it was made faster but the
decoder of rows, which is in them."""
BEFORE_WHOLE = 5.72


class Clock:
    """CPU of threads, each moment under one part."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._adding = threading.Lock()
        self._inner = threading.local()

    def timed(self, part: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, its CPU counted."""

        @wraps(function)
        def call(*values: Any, **named: Any) -> Any:
            outer, self._inner.seconds = getattr(self._inner, "seconds", 0.0), 0.0
            began = time.thread_time()
            try:
                return function(*values, **named)
            finally:
                whole = time.thread_time() - began
                own, self._inner.seconds = whole - self._inner.seconds, outer + whole
                with self._adding:
                    self.seconds[part] += own

        return call


def places() -> list[tuple[str, Any, str]]:
    """(part, module or class, name) of each function that is timed."""
    there = []
    for part, paths in PARTS.items():
        for path in paths:
            module, _, name = path.partition(":")
            owner: Any = importlib.import_module(module)
            *outer, last = name.split(".")
            for step in outer:
                owner = getattr(owner, step)
            there.append((part, owner, last))
    return there


def run(words: list[str]) -> dict[str, float]:
    """Run main() in this process; CPU of each part but the process's end, and of all so far."""
    main = runpy.run_path(str(MAIN), run_name="bench")["main"]
    imports, clock = time.process_time(), Clock()
    for part, owner, name in places():
        setattr(owner, name, clock.timed(part, getattr(owner, name)))
    began = time.process_time()
    if code := main(words):
        raise SystemExit(code)
    run_s = time.process_time() - began
    rest = run_s - sum(clock.seconds.values())
    parts = dict.fromkeys(PARTS, 0.0) | clock.seconds  # a run without Beam builds no graph
    return {"imports": imports, **parts, "rest": rest, "so_far": time.process_time()}


if __name__ == "__main__":
    print(json.dumps(run(sys.argv[1:])), flush=True)
