"""An interactive shell on a terminal of its own, at which is typed with completion."""

import fcntl
import os
import pty
import re
import select
import struct
import termios
import time
from pathlib import Path

from pipeline.command.completion_scripts import SCRIPTS

STARTED = {
    "bash": ["bash", "--norc", "--noprofile", "-i"],
    "zsh": ["zsh", "-f", "-i"],
    "fish": ["fish", "--no-config", "-i"],
}
"""Each shell without anybody's settings."""
PROMPT = {"bash": "PS1='> '", "zsh": "PS1='> '", "fish": "function fish_prompt; echo '> '; end"}
PATIENCE_S = 60
ENDED = "#"
"""The last key: a comment, so that nothing would be run."""


def typed(shell: str, keys: str, folder: Path, setup: str = "") -> str:
    """What stands at the shell's prompt after these keys.

    Args:
        shell: its name.
        keys: the last is `ENDED`.
        folder: empty; where the shell begins, and its home.
        setup: what is typed first; not given: the script is read.
    """
    script = folder / f"script.{shell}"
    script.write_text(SCRIPTS[shell](), encoding="utf-8")
    environ = {"HOME": str(folder), "TERM": "dumb", "LANG": "C.UTF-8", "PATH": os.environ["PATH"]}
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(folder)
        os.execvpe(shell, STARTED[shell], environ)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 200, 0, 0))
    try:
        first = f"{PROMPT[shell]}; {setup or f'source {script}'}; echo rea''dy\n"
        os.write(terminal, first.encode())
        _until(terminal, r"\nready.*> ")
        os.write(terminal, keys.encode())
        seen = _until(terminal, ENDED)
    finally:
        os.close(terminal)
        os.waitpid(pid, 0)
    return _line(seen)


def _line(seen: str) -> str:
    """The line of the last key, as a terminal shows it: fish writes it anew with each key, and
    what is below it, too; zsh goes back."""
    line, column = "", 0
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", seen)
    plain = plain[: plain.rindex(ENDED) + len(ENDED)]
    for sign in plain.rpartition("\n")[2]:
        if sign == "\r":
            line, column = "", 0
        elif sign == "\b":
            column -= 1
        elif sign.isprintable():
            line, column = line[:column] + sign + line[column + 1 :], column + 1
    return line.rpartition("> ")[2]


def _until(terminal: int, mark: str) -> str:
    seen, end = b"", time.monotonic() + PATIENCE_S
    while not re.search(mark, seen.decode(errors="replace"), re.DOTALL) and time.monotonic() < end:
        if select.select([terminal], [], [], 0.2)[0]:
            seen += os.read(terminal, 65_536)
    text = seen.decode(errors="replace")
    assert re.search(mark, text, re.DOTALL), text
    return text
