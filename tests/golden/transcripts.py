"""What a command prints, as files: on a terminal of 80 columns, and with both streams piped.

    check_transcript("help", ["smart-sync", "--help"])

compares with tests/golden/transcripts/help.txt; REWRITE_GOLDEN=1 writes it anew. Escape codes
stand in it as ‹1m›; what differs from run to run (`MASKS`, and those that a test adds) as a word.
"""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent / "transcripts"
AS_INSTALLED = ROOT / "tests" / "as_installed"
"""First on the path: without pandas, as users have it."""
COLUMNS = 80
PROGRAMS: Mapping[str, tuple[str, ...]] = {
    "smart-sync": ("-m", "pipeline.command"),
    "main.py": (str(ROOT / "main.py"),),
    "smart-sync-schedules": ("-m", "scheduler"),
    "python": ("-c",),
}
MASKS: Mapping[str, str] = {
    r"\d{8}t\d{6}-[0-9a-f]{8}": "RUN_ID",
    r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}": "LOG_TIME",
    re.escape(str(ROOT)): "ROOT",
}
"""Pattern → the word for what it finds."""


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


def on_terminal(
    words: Sequence[str],
    environ: Mapping[str, str] | None = None,
    cwd: Path = ROOT,
    columns: int = COLUMNS,
) -> Printed:
    """Run it on a terminal of so many columns."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    program = subprocess.Popen(
        command_of(words),
        cwd=cwd,
        env=_environ(environ or {}),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
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
    return Printed(program.wait(), printed.decode().replace("\r\n", "\n"))


def masked(text: str, masks: Mapping[str, str]) -> str:
    """The text without what differs from run to run, its escape codes to be seen."""
    for pattern, word in {**masks, **MASKS}.items():
        text = re.sub(pattern, word, text)
    return re.sub(r"\x1b\[([0-9;?]*[A-Za-z])", r"‹\1›", text)


def transcript(
    words: Sequence[str],
    environ: Mapping[str, str] | None = None,
    cwd: Path = ROOT,
    masks: Mapping[str, str] | None = None,
) -> str:
    """The command on a terminal, then piped; it must end alike."""
    shown, plain = on_terminal(words, environ, cwd), piped(words, environ, cwd)
    assert shown.code == plain.code, (shown, plain)
    parts = {
        f"a terminal of {COLUMNS} columns": shown.stdout,
        "stdout, piped": plain.stdout,
        "stderr, piped": plain.stderr,
    }
    lines = [f"$ {' '.join(words)}", f"exit code {plain.code}"]
    for where, text in parts.items():
        lines += [f"──── {where} ────", text.removesuffix("\n")]
    return masked("\n".join(lines) + "\n", masks or {})


def check_transcript(
    name: str,
    words: Sequence[str],
    environ: Mapping[str, str] | None = None,
    cwd: Path = ROOT,
    masks: Mapping[str, str] | None = None,
) -> str:
    """Compare with the file of this name; the text."""
    text, file = transcript(words, environ, cwd, masks), HERE / f"{name}.txt"
    if os.environ.get("REWRITE_GOLDEN") == "1":
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")
    return text
