"""What the command prints, and the harness itself."""

import pytest

from pipeline.command.completion_scripts import SCRIPTS
from pipeline.command.table import BY_COMMAND
from tests.golden.transcripts import check_transcript, masked, on_terminal

PRINTED = {
    "help": ["smart-sync", "--help"],
    "version": ["smart-sync", "--version"],
    "no_command": ["smart-sync"],
    "unknown_command": ["smart-sync", "rollbak"],
    "help_of_checks": ["smart-sync", "--help=checks"],
    "help_of_a_parameter": ["smart-sync", "--help=merge-keys"],
    "help_of_nothing": ["smart-sync", "--help=reparing"],
    "unknown_shell": ["smart-sync", "completion", "tcsh"],
    "no_parameters": ["smart-sync", "run"],
    **{f"completion_{shell}": ["smart-sync", "completion", shell] for shell in SCRIPTS},
    **{f"help_of_{name}": ["smart-sync", name, "--help"] for name in BY_COMMAND},
}
MASKS = {r"(?s)(\n# smart-sync completion [^\n]*\n).*?(?=\n────)": r"\1…"}
"""Of a shell's script only how it begins: its words are those of the tables."""


@pytest.mark.parametrize("name", PRINTED)
def test_the_command_prints_what_the_file_says(name):
    check_transcript(name, PRINTED[name], masks=MASKS)


CONFIG = """\
parameters:
  data_source: postgresql
  postgresql_hst: db
  postgresql_password: s3cret
  num_splits: many
"""
DOTENV = "SMART_SYNC_POSTGRESQL_PASSWORT='s3cret'\n"


def test_the_faults_of_a_config_file_and_its_neighbours_read_as_the_file_says(tmp_path):
    (tmp_path / "sync.yaml").write_text(CONFIG)
    (tmp_path / ".env").write_text(DOTENV)
    words = ["smart-sync", "run", "--config=sync.yaml", "--fallback-days=x"]
    text = check_transcript("config_faults", words, {"SMART_SYNC_VERFY": "s3cret"}, tmp_path)
    assert "s3cret" not in text


def test_faults_in_json_are_one_object(tmp_path):
    (tmp_path / "sync.yaml").write_text(CONFIG)
    words = ["smart-sync", "run", "--config=sync.yaml", "--log_format=json"]
    masks = {r"\d{4}-\d\d-\d\dT[0-9:.]+\+00:00": "TIME"}
    text = check_transcript("config_faults_json", words, cwd=tmp_path, masks=masks)
    assert text.count('{"severity": "ERROR"') == 2


def test_a_terminal_has_the_columns_that_are_asked_for():
    words = ["python", "import os; print(*os.get_terminal_size(1))"]
    assert {n: on_terminal(words, columns=n).stdout for n in (60, 100)} == {
        60: "60 24\n",
        100: "100 24\n",
    }


def test_what_differs_from_run_to_run_is_a_word_and_escape_codes_are_seen():
    text = "\x1b[1mrun\x1b[0m 20250722t150000-3f9a0c1d of port 4711"
    assert masked(text, {r"port \d+": "PORT"}) == "‹1m›run‹0m› RUN_ID of PORT"


REPLICATION = """\
source: SHOP
target: postgresql://loader:s3cret@warehouse/db
defaults: {mode: incremental, primary_key: id, update_key: updated_at}
streams:
  public.*: {object: "shop.{stream_table}"}
  public.log: {mode: snapshot, object: shop.log, source_options: {chunk_size: 1d}}
env: {SLING_THREADS: 8}
"""


def test_what_an_import_keeps_tells_and_refuses_reads_as_the_files_say(tmp_path):
    file, to = tmp_path / "replication.yaml", "--destination-bigquery-project=my-project"
    file.write_text(REPLICATION + "hooks: {end: []}\n")
    words = ["smart-sync", "import", "sling", "replication.yaml"]
    refused = check_transcript("import_refused", [*words, to], cwd=tmp_path)
    assert "s3cret" not in refused
    file.write_text(REPLICATION.replace("target: postgresql://loader:s3cret@", "target: W # "))
    source = "--source=postgresql://reader:s3cret@db.example.com/shop"
    made = check_transcript("import", [*words, source, to, "--force"], cwd=tmp_path)
    as_json = check_transcript(
        "import_json", [*words, source, to, "--force", "--json"], cwd=tmp_path
    )
    assert "s3cret" not in (made + as_json).replace(source, "")
