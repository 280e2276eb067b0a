"""Completion in a real bash: asked as readline asks it, and typed at a prompt.

The other shells, which are Debian's packages: tests/shells.
"""

import re
import subprocess

import pytest

from pipeline.command.completion_scripts import SCRIPTS, bash
from pipeline.command.table import COMMANDS, FLAGS
from pipeline.parameters.table import PARAMETERS
from tests.shells.prompt import typed

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


def test_keys_at_a_prompt_become_the_words_that_are_meant(tmp_path):
    line = typed("bash", "smart-sync backf\t--backfill_o\tne\t #", tmp_path)
    assert line == "smart-sync backfill --backfill_order=newest  #"


@pytest.mark.parametrize("shell", SCRIPTS)
def test_each_script_knows_each_command_and_flag(shell):
    text = SCRIPTS[shell]()
    names = [p.name for p in PARAMETERS] + [flag.name for flag in FLAGS]
    missing = [name for name in names if not re.search(rf"\b{name}\b", text)]
    assert missing == []
    assert all(re.search(rf"\b{command.name}\b", text) for command in COMMANDS)
