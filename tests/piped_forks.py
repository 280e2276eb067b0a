"""What a program prints into two pipes, run in a process that is forked (`tests/forked.py`).

For who has seen the same program run by Python itself: here it finds modules imported that it
doesn't ask for.
"""

import multiprocessing.connection as pipes
import os
import runpy
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.processes import FORKS

Stream = pipes.Connection


def piped_fork(
    module: str, words: Sequence[str], environ: Mapping[str, str], cwd: Path
) -> tuple[int, str, str]:
    """Run `python -m module words` with both streams piped and nothing at its input.

    Returns:
        Its exit code, what it printed on stdout, and on stderr.
    """
    ours, theirs = zip(*(FORKS.Pipe(duplex=False) for _ in range(2)), strict=True)
    process = FORKS.Process(target=_run, args=(module, words, environ, cwd, theirs), daemon=True)
    process.start()
    for stream in theirs:
        stream.close()
    printed = ["", ""]
    readers = [
        threading.Thread(target=_read, args=(stream, printed, n)) for n, stream in enumerate(ours)
    ]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    process.join()
    assert process.exitcode is not None
    return process.exitcode, printed[0], printed[1]


def _read(stream: Stream, printed: list[str], number: int) -> None:
    with open(stream.fileno(), encoding="utf-8", closefd=False) as text:
        printed[number] = text.read()
    stream.close()


def _run(
    module: str,
    words: Sequence[str],
    environ: Mapping[str, str],
    cwd: Path,
    streams: Sequence[Stream],
) -> None:
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environ)
    for number, stream in enumerate(streams, 1):
        os.dup2(stream.fileno(), number)
        stream.close()
    sys.stdin = Path(os.devnull).open(encoding="utf-8")  # noqa: SIM115
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = os.fdopen(
        2, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False
    )
    sys.path[:0] = environ["PYTHONPATH"].split(os.pathsep)  # a fork has its parent's path
    sys.argv = [module, *words]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
