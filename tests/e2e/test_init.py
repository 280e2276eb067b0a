"""`smart-sync init`: a real source is looked at, and the file that is proposed syncs it."""

import json
import sys

import pytest
import yaml

from pipeline.command.main import main
from tests.e2e.test_source_uri import bare, home
from tests.sync import PASSWORD, PROJECT

__all__ = ["bare", "home"]

TABLES = """
CREATE TABLE orders (id int PRIMARY KEY, note text, created_at timestamptz, updated_at timestamptz);
CREATE INDEX ON orders (updated_at);
INSERT INTO orders VALUES (1, 'a', '2025-01-01', '2025-01-02');
INSERT INTO orders VALUES (2, 'b', '2025-01-01', '2025-01-03');
CREATE TABLE "Odd Name" (a int, b int, last_modified date, PRIMARY KEY (a, b));
INSERT INTO "Odd Name" VALUES (1, 2, '2025-01-01');
CREATE TABLE events (id bigserial PRIMARY KEY, at timestamptz DEFAULT now());
CREATE TABLE plain (note text);
CREATE VIEW seen AS SELECT * FROM orders;
"""


@pytest.fixture
def init(bare, database, sql, home, tmp_path, monkeypatch, capsys):
    """Call it for the test's own database; exit code, what it printed, and the file."""
    sql(TABLES)
    monkeypatch.chdir(tmp_path)
    host = database.host.replace("/", "%2F")
    uri = f"postgresql://postgres:{PASSWORD}@{host}:{database.port}/{database.database}"
    path = tmp_path / "smart-sync.yaml"

    def call(*more, source=uri):
        words = [f"--source={source}"] if source else []
        words += [f"--destination_bigquery_project={PROJECT}"]
        words += [f"--destination_bigquery_dataset={bare.dataset}"]
        code = main(["init", *words, *more])
        printed = capsys.readouterr()
        text = path.read_text() if path.exists() else ""
        assert PASSWORD not in text + printed.out + printed.err
        return code, printed, text

    return call


def test_the_file_says_how_each_table_is_best_synced_and_why(init):
    code, printed, text = init()
    assert code == 0, printed.err
    tables = yaml.safe_load(text)["tables"]
    assert list(tables) == ["public.Odd Name", "public.events", "public.orders", "public.plain"]
    assert tables["public.orders"] == {
        "enable_smart_sync": True,
        "write_disposition": "WRITE_MERGE",
        "merge_keys": ["id"],
        "partition_field": "created_at",
        "clustering_fields": ["id"],
    }
    assert tables["public.Odd Name"]["smart_sync_timestamp_column"] == "last_modified"
    assert tables["public.Odd Name"]["merge_keys"] == ["a", "b"]
    for name in ("public.events", "public.plain"):
        assert tables[name] == {"write_disposition": "WRITE_TRUNCATE"}
    assert "an index serves it" in text
    assert "other cursors: at (timestamp with time zone, no index)" in text
    assert "next: smart-sync plan --config=smart-sync.yaml" in printed.out


def test_the_file_holds_the_uri_without_its_password(init, database):
    _, _, text = init()
    source = yaml.safe_load(text)["parameters"]["source"]
    assert source.startswith("postgresql://postgres@")
    assert source.endswith(f"/{database.database}")
    beside = f"--postgresql_password={PASSWORD}"
    assert init("--force", beside, source=source)[0] == 0


def test_the_command_that_comes_next_syncs_the_tables_as_the_file_says(
    init, bare, tmp_path, monkeypatch, capsys
):
    _, printed, _ = init(f"--temp_location={tmp_path}/temp")
    *_, following = printed.out.splitlines()
    assert following == "next: smart-sync plan --config=smart-sync.yaml"
    monkeypatch.setenv("SMART_SYNC_POSTGRESQL_PASSWORD", PASSWORD)
    assert main(["doctor", "--config=smart-sync.yaml"]) == 0
    assert main(["plan", "--config=smart-sync.yaml"]) == 0
    assert main(["run", "--config=smart-sync.yaml"]) == 0
    assert PASSWORD not in "".join(capsys.readouterr())
    assert bare.rows("id, note", "orders") == [(1, "a"), (2, "b")]
    assert len(bare.rows(table="Odd Name")) == 1


def test_a_file_that_is_there_is_left_alone_unless_it_is_forced(init, tmp_path):
    path = tmp_path / "smart-sync.yaml"
    path.write_text("mine\n")
    code, printed, text = init()
    assert (code, text) == (2, "mine\n")
    assert "--force" in printed.err
    assert init("--force")[0] == 0
    assert path.read_text() != "mine\n"


def test_only_some_tables_are_looked_at(init):
    _, printed, text = init("--only=public.ord*,public.plain", "--json")
    told = json.loads(printed.out)
    assert [table["table"] for table in told["tables"]] == ["public.orders", "public.plain"]
    assert list(yaml.safe_load(text)["tables"]) == ["public.orders", "public.plain"]
    assert told["next"] == "smart-sync plan --config=smart-sync.yaml"


def test_no_table_that_is_meant_is_an_error_and_no_file(init):
    code, printed, text = init("--only=public.nothing")
    assert (code, text) == (2, "")
    assert "the role sees 4 tables" in printed.err


def test_what_is_missing_is_named_at_once_without_a_terminal(init):
    code, printed, text = init(source="")
    assert (code, text) == (2, "")
    assert "missing parameter (source)" in printed.err
    assert main(["init"]) == 2


def test_on_a_terminal_what_is_missing_is_asked_for(init, database, monkeypatch, tmp_path, capsys):
    host = database.host.replace("/", "%2F")
    answers = [f"postgresql://postgres@{host}:{database.port}/{database.database}", "shop"]
    asked = []

    def answer(question):
        asked.append(question)
        return answers.pop(0)

    for stream in (sys.stdin, sys.stdout):
        monkeypatch.setattr(stream, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", answer)
    assert main(["init", "--destination_bigquery_project=demo-project"]) == 0
    assert [question.split()[0] for question in asked] == ["Source,", "Dataset"]
    text = (tmp_path / "smart-sync.yaml").read_text()
    assert yaml.safe_load(text)["parameters"]["destination_bigquery_dataset"] == "shop"
