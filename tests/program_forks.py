"""What a program prints into two pipes or on a terminal, run in a fork (`tests/forked.py`).

For who has seen the same program run by Python itself: here it finds modules imported that it
doesn't ask for.
"""

import fcntl
import multiprocessing.connection as pipes
import os
import runpy
import sys
import termios
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

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
    process = _start(module, words, environ, cwd, theirs)
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


def terminal_fork(
    module: str, words: Sequence[str], environ: Mapping[str, str], cwd: Path, terminal: int
) -> Callable[[], int]:
    """Run `python -m module words` on a terminal, which is closed here and open there.

    Returns:
        What waits for its exit code.
    """
    process = _start(module, words, environ, cwd, [Stream(terminal)])

    def wait() -> int:
        process.join()
        return int(process.exitcode)

    return wait


def _start(
    module: str,
    words: Sequence[str],
    environ: Mapping[str, str],
    cwd: Path,
    streams: Sequence[Stream],
) -> Any:
    process = FORKS.Process(target=_run, args=(module, words, environ, cwd, streams), daemon=True)
    process.start()
    for stream in streams:
        stream.close()
    return process


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
    if len(streams) == 1:
        os.setsid()
        fcntl.ioctl(streams[0].fileno(), termios.TIOCSCTTY, 0)
        streams = [*streams] * 3
    else:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for number, stream in enumerate(reversed(streams)):
        os.dup2(stream.fileno(), 2 - number)
    for stream in {*streams}:
        stream.close()
    sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
    is_terminal = sys.stdin.isatty()
    sys.stdout = os.fdopen(
        1, "w", buffering=1 if is_terminal else -1, encoding="utf-8", closefd=False
    )
    sys.stderr = os.fdopen(
        2, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False
    )
    sys.path[:0] = environ["PYTHONPATH"].split(os.pathsep)  # a fork has its parent's path
    sys.argv = [module, *words]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
