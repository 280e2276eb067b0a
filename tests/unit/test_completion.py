"""Completion in a real bash: asked as readline asks it, and typed at a prompt."""

import os
import pty
import re
import select
import subprocess
import time

import pytest

from pipeline.command.completion_scripts import SCRIPTS, bash
from pipeline.command.table import COMMANDS, FLAGS
from pipeline.parameters.table import PARAMETERS

ASKED = """
{script}
COMP_WORDS=({words}); COMP_CWORD=$(( ${{#COMP_WORDS[@]}} - 1 ))
_smart_sync 2>/dev/null; printf '%s\\n' "${{COMPREPLY[@]}}"
"""


def completed(*words):
    """What bash offers for the last of these words, which readline parts at `=`."""
    quoted = " ".join(f"'{word}'" for word in ("smart-sync", *words))
    program = ASKED.format(script=bash(), words=quoted)
    done = subprocess.run(
        ["bash", "--norc", "-c", program], capture_output=True, text=True, check=True
    )
    return [word for word in done.stdout.split("\n") if word]


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["ro"], ["rollback"]),
        (["--quiet", "pl"], ["plan"]),
        (["completion", "z"], ["zsh"]),
        (["run", "--merge_k"], ["--merge_keys="]),
        (["run", "--merge-k"], ["--merge_keys="]),
        (["run", "--verify_o"], ["--verify_only"]),
        (["run", "--write_disposition", "=", "WRITE_M"], ["WRITE_MERGE"]),
        (["run", "--write-disposition", "WRITE_H"], ["WRITE_HISTORY"]),
        (["run", "--on_check_failure", "="], ["fail", "quarantine"]),
        (["run", "--verify", "=", "f"], ["false"]),
        (["run", "--verify", "--log_f"], ["--log_format="]),
        (["run", "--log_format", "=", "j"], ["json"]),
        (["--help", "=", "plan-"], ["plan-and-proof"]),
        (["run", ""], []),
    ],
)
def test_bash_offers(words, offered):
    assert completed(*words) == offered


def test_bash_offers_files_where_a_path_is_asked_for(tmp_path, monkeypatch):
    (tmp_path / "sync.yaml").touch()
    monkeypatch.chdir(tmp_path)
    assert completed("run", "--config", "=", "sy") == ["sync.yaml"]


def test_bash_offers_all_commands_at_first():
    assert completed("") == [command.name for command in COMMANDS]


def typed(keys):
    """What stands at an interactive bash's prompt after these keys."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvpe("bash", ["bash", "--norc", "--noprofile", "-i"], {"PS1": "> ", "TERM": "dumb"})
    try:
        seen = _until(terminal, b"> ")
        os.write(terminal, b'source /dev/stdin <<"ENDED"\n' + bash().encode() + b"ENDED\n")
        os.write(terminal, b"echo rea''dy\n")
        seen = _until(terminal, b"\nready")
        os.write(terminal, keys.encode())
        seen = _until(terminal, b"#")
    finally:
        os.close(terminal)
        os.waitpid(pid, 0)
    return re.sub(rb"[\x07\r]", b"", seen).decode().rpartition("> ")[2]


def _until(terminal, mark):
    seen, end = b"", time.monotonic() + 20
    while mark not in seen and time.monotonic() < end:
        if select.select([terminal], [], [], 0.2)[0]:
            seen += os.read(terminal, 65_536)
    assert mark in seen, seen
    return seen


def test_keys_at_a_prompt_become_the_words_that_are_meant():
    line = typed("smart-sync backf\t--backfill_o\tne\t #")
    assert line.strip() == "smart-sync backfill --backfill_order=newest  #"


@pytest.mark.parametrize("shell", SCRIPTS)
def test_each_script_knows_each_command_and_flag(shell):
    text = SCRIPTS[shell]()
    names = [p.name for p in PARAMETERS] + [flag.name for flag in FLAGS]
    missing = [name for name in names if not re.search(rf"\b{name}\b", text)]
    assert missing == []
    assert all(re.search(rf"\b{command.name}\b", text) for command in COMMANDS)
