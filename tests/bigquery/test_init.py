"""`smart-sync init` and `doctor` of a dataset: its tables are looked at, and synced as proposed."""

import pytest
import yaml

from pipeline.command.main import main
from tests.sync import PROJECT


@pytest.fixture
def words(source, run, sync, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run("CREATE TABLE `{s}.orders` AS SELECT 1 AS id, TIMESTAMP '2025-01-01' AS updated_at")
    return [
        f"--source=bigquery://{PROJECT}/{source}",
        f"--destination_bigquery_project={PROJECT}",
        f"--destination_bigquery_dataset={sync.dataset}",
        f"--temp_location={tmp_path}/temp",
    ]


def test_tables_of_a_dataset_are_replaced_since_no_key_is_known(
    words, source, sync, tmp_path, capsys
):
    assert main(["init", *words]) == 0, capsys.readouterr().err
    document = yaml.safe_load((tmp_path / "smart-sync.yaml").read_text())
    assert document["parameters"]["source"] == f"bigquery://{PROJECT}"
    assert document["tables"] == {f"{source}.orders": {"write_disposition": "WRITE_TRUNCATE"}}
    assert main(["doctor", "--config=smart-sync.yaml"]) == 0
    assert main(["run", "--config=smart-sync.yaml"]) == 0
    assert sync.rows("id", "orders") == [(1,)]


def test_doctor_looks_at_one_table(words, source, capsys):
    words = [word for word in words if not word.startswith("--source=")]
    words += [f"--source=bigquery://{PROJECT}/{source}/orders"]
    assert main(["doctor", *words, "--destination_bigquery_table=orders"]) == 0
    assert "2 columns can be read" in capsys.readouterr().out
