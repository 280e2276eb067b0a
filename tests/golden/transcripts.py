"""What a command prints, as files: on a terminal of 80 columns, and with both streams piped.

    check_transcript("help", ["smart-sync", "--help"])

compares with tests/golden/transcripts/help.txt; REWRITE_GOLDEN=1 writes it anew. Escape codes
stand in it as ‹1m›; what differs from run to run (`MASKS`, and those that a test adds) as a word.
Of progress only what stays on the terminal is kept, without its colors.
"""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.program_forks import piped_fork, terminal_fork
from tests.sync import this_test

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent / "transcripts"
AS_INSTALLED = ROOT / "tests" / "as_installed"
"""First on the path: without pandas, as users have it."""
COLUMNS = 80
TESTS_A_PYTHON = 6
"""Of so many tests of transcripts one runs what Python starts."""
PROGRAMS: Mapping[str, tuple[str, ...]] = {
    "smart-sync": ("-m", "pipeline.command"),
    "main.py": (str(ROOT / "main.py"),),
    "smart-sync-schedules": ("-m", "scheduler"),
    "python": ("-c",),
}
LOG_TIME = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}"
MASKS: Mapping[str, str] = {
    r"\d{8}t\d{6}([-_])[0-9a-f]{8}": "RUN_ID",
    LOG_TIME: "LOG_TIME",
    re.escape(str(ROOT)): "ROOT",
}
"""Pattern → the word for what it finds."""
OF_RUNS: Mapping[str, str] = {
    LOG_TIME: "LOG_TIME",
    r"(?i)\b(plan) [0-9a-f]{16}": r"\1 PLAN_ID",
    r'(plan_fingerprint\\*": \\*")[0-9a-f]{16}': r"\1PLAN_ID",
    r"20(?:2[6-9]|[3-9]\d)-\d\d-\d\d[ T]\d\d:\d\d(?::\d\d(?:\.\d+)?)?": "TIME",
    r"20(?:2[6-9]|[3-9]\d)-\d\d-\d\d": "DATE",
    r"(?m)^LOG_TIME INFO read [\d,]+ rows?, .*\n": "",  # how far it is, every few seconds
    r"127\.0\.0\.1:\d+": "127.0.0.1:PORT",
    r"\b\d+(?:\.\d+)? (?=(?:s|min)\b)": "N ",
    r'"id-[0-9a-f]{32}"': '"SERVER"',
    r"backfill-[0-9a-f]{12}": "BACKFILL_ID",
    r"(?m)^(\S.*  (?:succeeded|failed) .*?) +\d+\.\d\b": r"\1  N",
    r'("(?:bytes_staged|cpu_seconds|peak_memory_bytes|seconds)": )\d[\d.]*': r"\1N",
    r'("(?:seconds|timings)": "?)\{[^}]*\}': r"\1{…}",
    r'("version": ")[^"]*': r"\1VERSION",
    r'("fingerprint": ")[0-9a-f]{16}': r"\1PLAN_ID",
    r'("sync_source": ")[0-9a-f]{32}': r"\1SOURCE",
    r'("sync_made(?:": |\\*", \\*)")[0-9a-f-]+': r"\1MADE",
    r'\\"\d+/(\d+)\\"': r'\\"TABLE/\1\\"',
    r'("(?:lag_seconds|age_seconds|longest_s|dollars)": )\d[\d.]*': r"\1N",
    r"· seconds \d+\.\d": "· seconds N",
    r'("sync_source\\*", \\*")[0-9a-f]{32}': r"\1SOURCE",
}
"""The same for runs: whatever is of this run, this server or this minute. The tests' own data are
of 2025, so that their times stay."""
OF_STATUS: Mapping[str, str] = {
    r"\d+ (?:s|min)(?!\w)": "AGE",
    r"─{20,}": "──",
    r" {2,}": "  ",
}
"""The same for `smart-sync status`, whose columns are as wide as what stands in them."""
LIVE = "\x1b[?25l"
"""Hides the cursor: what follows is drawn over."""


@dataclass(frozen=True, slots=True)
class Printed:
    """What a command printed; on a terminal both streams are one."""

    code: int
    stdout: str
    stderr: str = ""


def command_of(words: Sequence[str]) -> list[str]:
    """The process for words that begin with a program's name."""
    return [sys.executable, *PROGRAMS[words[0]], *words[1:]]


def _environ(more: Mapping[str, str]) -> dict[str, str]:
    """The environment without what says how to print, or what to sync."""
    says = ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "CLICOLOR", "TERMINAL_WIDTH")
    kept = {
        name: text
        for name, text in os.environ.items()
        if name not in says and not name.startswith("SMART_SYNC_")
    }
    path = os.pathsep.join(map(str, (AS_INSTALLED, ROOT)))
    return {**kept, "TERM": "xterm-256color", "PYTHONPATH": path, **more}


def piped(
    words: Sequence[str], environ: Mapping[str, str] | None = None, cwd: Path = ROOT
) -> Printed:
    """Run it with both streams piped, and without a terminal at its input."""
    done = subprocess.run(
        command_of(words),
        cwd=cwd,
        env=_environ(environ or {}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return Printed(done.returncode, done.stdout, done.stderr)


def _forked(words: Sequence[str], environ: Mapping[str, str] | None, cwd: Path) -> Printed:
    """The same in a fork, in less than half of the time."""
    program, *rest = PROGRAMS[words[0]]
    if program != "-m":
        return piped(words, environ, cwd)
    return Printed(*piped_fork(rest[0], words[1:], _environ(environ or {}), cwd))


def on_terminal(
    words: Sequence[str],
    environ: Mapping[str, str] | None = None,
    cwd: Path = ROOT,
    columns: int = COLUMNS,
    *,
    is_forked: bool = False,
) -> Printed:
    """Run it on a terminal of so many columns, by Python itself or in a fork."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    own, (option, module, *_) = _environ(environ or {}), (*PROGRAMS[words[0]], "")
    if is_forked and option == "-m":
        wait = terminal_fork(module, words[1:], own, cwd, theirs)
    else:
        wait = _start_on(theirs, command_of(words), own, cwd)
    printed = b""
    while True:
        try:
            part = os.read(ours, 65_536)
        except OSError:  # Linux's way to say that the other side is closed
            break
        if not part:
            break
        printed += part
    os.close(ours)
    return Printed(wait(), printed.decode().replace("\r\n", "\n"))


def _start_on(
    terminal: int, command: Sequence[str], environ: Mapping[str, str], cwd: Path
) -> Callable[[], int]:
    program = subprocess.Popen(
        command,
        cwd=cwd,
        env=environ,
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
    )
    os.close(terminal)
    return program.wait


def is_by_python() -> bool:
    """Whether this test's programs are started by Python itself: of six tests one's, by its name.

    A fork takes a fifth of the time, and finds modules imported that it doesn't ask for.
    """
    return zlib.crc32(this_test().encode()) % TESTS_A_PYTHON == 0


def masked(text: str, masks: Mapping[str, str]) -> str:
    """The text without what differs from run to run, its escape codes to be seen."""
    for pattern, word in {**masks, **MASKS}.items():
        text = re.sub(pattern, word, text)
    return re.sub(r"\x1b\[([0-9;?]*[A-Za-z])", r"‹\1›", text)


def on_screen(text: str) -> tuple[list[str], list[str]]:
    """The lines that stay, and all that was ever shown: what a terminal makes of a text."""
    lines, row, column, shown = [""], 0, 0, []
    for part in re.findall(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b.|[\r\n]|[^\x1b\r\n]+", text):
        if part == "\n":
            row, column = row + 1, 0
            lines += [""] * (row + 1 - len(lines))
        elif part == "\r":
            column = 0
        elif part.startswith("\x1b["):
            count = int(re.sub(r"\D", "", part) or 1)
            if part.endswith("A"):
                row = max(row - count, 0)
            elif part.endswith("K"):
                lines[row] = ""
            assert part[-1] in "AKmhl", part
        elif not part.startswith("\x1b"):
            lines[row] = lines[row][:column].ljust(column) + part + lines[row][column + len(part) :]
            column += len(part)
            shown.append(lines[row])
    return lines, shown


def transcript(
    words: Sequence[str],
    environ: Mapping[str, str] | None = None,
    cwd: Path = ROOT,
    masks: Mapping[str, str] | None = None,
    before: Callable[[], Sequence[str]] = tuple,
) -> str:
    """The command on a terminal, then piped; it must end alike.

    `before` is called before each of the two; what it gives are further words.
    """
    asked = [*words, *before()]
    shown = on_terminal(asked, environ, cwd, is_forked=not is_by_python())
    plain = _forked([*words, *before()], environ, cwd)
    assert shown.code == plain.code, (shown, plain)
    is_live = LIVE in shown.stdout
    parts = {
        f"a terminal of {COLUMNS} columns": "\n".join(on_screen(shown.stdout)[0])
        if is_live
        else shown.stdout,
        "stdout, piped": plain.stdout,
        "stderr, piped": plain.stderr,
    }
    lines = [f"$ {' '.join(asked)}", f"exit code {plain.code}"]
    for where, text in parts.items():
        lines += [f"──── {where} ────", text.removesuffix("\n")]
    return masked("\n".join(lines) + "\n", masks or {})


def check_transcript(
    name: str,
    words: Sequence[str],
    environ: Mapping[str, str] | None = None,
    cwd: Path = ROOT,
    masks: Mapping[str, str] | None = None,
    before: Callable[[], Sequence[str]] = tuple,
) -> str:
    """Compare with the file of this name; the text."""
    text, file = transcript(words, environ, cwd, masks, before), HERE / f"{name}.txt"
    if os.environ.get("REWRITE_GOLDEN") == "1":
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")
    return text
