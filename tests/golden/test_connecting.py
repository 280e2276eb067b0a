"""What `init` and `doctor` print, on a terminal and piped, of a real PostgreSQL."""

import re

import pytest

from tests.golden.transcripts import check_transcript, piped

TABLES = """
CREATE TABLE orders (id int PRIMARY KEY, created_at timestamptz, updated_at timestamptz);
CREATE INDEX ON orders (updated_at);
CREATE TABLE log (at timestamptz, line text);
"""


@pytest.fixture
def shown(database, sql, dataset, target, tmp_path):
    """The words that lead to the test's own servers, and what of them differs from run to run."""
    sql(TABLES)
    words = [
        f"--source=postgresql://postgres@127.0.0.1:{database.port}/{database.database}",
        "--destination_bigquery_project=demo-project",
        f"--destination_bigquery_dataset={dataset}",
        f"--temp_location={tmp_path}/temp",
    ]
    masks = {
        f":{database.port}": ":PORT",
        database.database: "DATABASE",
        dataset: "DATASET",
        re.escape(str(tmp_path)): "FOLDER",
        r"PostgreSQL \d+(\.\d+)?": "PostgreSQL VERSION",
        r"(?<=python {15})\d\S+": "PYTHON",
        r'("name": "python",\s+"state": "ok",\s+"text": ")[^"]+': r"\1PYTHON",
        r'bigquery-smart-sync [^\s"]+': "bigquery-smart-sync VERSION",
        r"\d+ of \d+ are used": "N of MOST are used",
        r"the source's is [\d.]+ s (ahead of|behind)": "the source's is N s ahead of",
        r"_sync_probe_[0-9a-f]{8}": "PROBE",
        r"[\d,.]+ GB free": "N GB free",
        r"the oldest that is open began \S+ ago": "none is open",
    }
    environ = {**target.environ, "HOME": str(tmp_path)}
    return words, environ, masks


def test_init_tells_what_it_proposes_and_the_next_command(shown, tmp_path):
    words, environ, masks = shown
    words = ["smart-sync", "init", "--force", f"--output={tmp_path}/sync.yaml", *words]
    text = check_transcript("init", words, environ, masks=masks)
    assert "next: smart-sync plan --config=FOLDER/sync.yaml" in text
    check_transcript("init_json", [*words, "--json"], environ, masks=masks)


def test_init_asks_for_nothing_without_a_terminal(tmp_path):
    done = piped(["smart-sync", "init", f"--output={tmp_path}/sync.yaml"])
    assert done.code == 2
    assert "there is no terminal to ask on" in done.stderr


def test_doctor_has_a_line_for_each_thing_and_its_mend(shown):
    words, environ, masks = shown
    words = ["smart-sync", "doctor", *words]
    words += ["--source_table_for_schema=public.orders", "--destination_bigquery_table=orders"]
    text = check_transcript("doctor", words, environ, masks=masks)
    assert "exit code 0" in text
    check_transcript("doctor_json", [*words, "--json"], environ, masks=masks)
