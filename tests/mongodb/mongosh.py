"""MongoDB's own shell, of the npm registry, installed once below the user's cache folder."""

import os
import pty
import select
import shutil
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

VERSION = "2.12.0"
"""Node 16.15 or newer runs it: Debian's does."""
PATIENCE_S = 120
QUIET = ("--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error")


def mongosh(arguments: Sequence[str]) -> list[str]:
    """The command line of the shell.

    Raises:
        CalledProcessError: npm could not install it.
    """
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    kept = home / "smart-sync-tests" / f"mongosh-{VERSION}"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        new = kept.with_name(f"{kept.name}.{os.getpid()}")
        command = ["npm", "install", "--prefix", str(new), *QUIET, f"mongosh@{VERSION}"]
        subprocess.run(command, check=True, cwd=kept.parent, capture_output=True)
        try:
            new.rename(kept)
        except OSError:  # another did it meanwhile
            shutil.rmtree(new)
    return [str(kept / "node_modules" / ".bin" / "mongosh"), *arguments]


def run_on_terminal(command: Sequence[str], folder: Path, asked: str, answer: str) -> str:
    """Run a program on a terminal of its own, and type one answer where it asks; what it said.

    Args:
        command: the program.
        folder: its home.
        asked: the text behind which is typed.
        answer: what is typed, a return after it.

    Raises:
        AssertionError: it didn't ask, or failed.
    """
    environ = os.environ | {"HOME": str(folder), "TERM": "dumb"}
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvpe(command[0], command, environ)
    seen, end, is_answered = b"", time.monotonic() + PATIENCE_S, False
    with suppress(OSError):  # the terminal is closed when the program has ended
        while time.monotonic() < end:
            if select.select([terminal], [], [], 0.2)[0]:
                seen += os.read(terminal, 65_536)
            if not is_answered and asked.encode() in seen:
                os.write(terminal, f"{answer}\r".encode())
                is_answered = True
    os.close(terminal)
    _, status = os.waitpid(pid, 0)
    text = seen.decode(errors="replace")
    assert (is_answered, os.waitstatus_to_exitcode(status)) == (True, 0), text
    return text
