"""Completion typed at a prompt of Debian's zsh and fish; of bash: tests/unit/test_completion.py."""

import pytest

from pipeline.command.completion_scripts import SCRIPTS
from tests.shells.prompt import typed

BECOMES = {
    "smart-sync backf\t--backfill_o\tne\t": {
        "zsh": "smart-sync backfill --backfill_order=newest",
        "fish": "smart-sync backfill --backfill_order newest",
    },
    "smart-sync run --backfill_order=ne\t": "smart-sync run --backfill_order=newest",
    "smart-sync run --log-format js\t": "smart-sync run --log-format json",
    "smart-sync run --merge-k\t": {
        "zsh": "smart-sync run --merge_keys=",
        "fish": "smart-sync run --merge-keys ",
    },
    "smart-sync --quiet rollb\t": "smart-sync --quiet rollback",
    "smart-sync completion fi\t": "smart-sync completion fish",
    "smart-sync run --verify=fa\t": "smart-sync run --verify=false",
    "smart-sync run --no-color --verify-only=tr\t": "smart-sync run --no-color --verify-only=true",
    "smart-sync run --help=repa\t": "smart-sync run --help=repair",
    "smart-sync run --verify_onl\t": "smart-sync run --verify_only",
    "smart-sync plan --config=syn\t": "smart-sync plan --config=sync.yaml",
    "smart-sync plan --config syn\t": "smart-sync plan --config sync.yaml",
}
"""Keys → what then stands there; where shells differ, of each."""


@pytest.mark.parametrize("keys", BECOMES)
@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_keys_become_the_words_that_are_meant(shell, keys, tmp_path):
    (tmp_path / "sync.yaml").touch()
    wanted = BECOMES[keys] if isinstance(BECOMES[keys], str) else BECOMES[keys][shell]
    line = typed(shell, f"{keys}#", tmp_path)
    assert line.removesuffix("#").rstrip() == wanted.rstrip()


def test_zsh_takes_the_script_as_a_file_of_its_own(tmp_path):
    folder = tmp_path / "functions"
    folder.mkdir()
    (folder / "_smart-sync").write_text(SCRIPTS["zsh"](), encoding="utf-8")
    setup = f"fpath=({folder} $fpath); autoload -Uz compinit; compinit -D"
    line = typed("zsh", "smart-sync rollb\t#", tmp_path, setup)
    assert line == "smart-sync rollback #"
