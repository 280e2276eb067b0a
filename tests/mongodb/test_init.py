"""`smart-sync init` and `doctor` of a MongoDB: collections are looked at, and synced as told."""

from datetime import UTC, datetime

import pytest
import yaml

from pipeline.command.main import main
from tests.sync import PROJECT


@pytest.fixture
def words(mongodb, docs, sync, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    docs.insert_many(
        [{"_id": n, "updatedAt": datetime(2025, 1, n + 1, tzinfo=UTC)} for n in range(3)]
    )
    docs.database["notes"].insert_one({"text": "a"})
    uri = f"mongodb://127.0.0.1:{mongodb.members[0].port}/{docs.database.name}"
    return [
        f"--source={uri}",
        f"--destination_bigquery_project={PROJECT}",
        f"--destination_bigquery_dataset={sync.dataset}",
        f"--temp_location={tmp_path}/temp",
    ]


def test_collections_are_synced_as_the_file_says(words, sync, tmp_path, capsys):
    assert main(["init", *words]) == 0, capsys.readouterr().err
    tables = yaml.safe_load((tmp_path / "smart-sync.yaml").read_text())["tables"]
    assert tables["things"]["smart_sync_timestamp_column"] == "updatedAt"
    assert tables["things"]["merge_keys"] == ["_id"]
    assert tables["notes"] == {"write_disposition": "WRITE_TRUNCATE"}
    assert main(["doctor", "--config=smart-sync.yaml"]) == 0
    assert main(["run", "--config=smart-sync.yaml"]) == 0
    assert len(sync.rows(table="things")) == 3
    assert len(sync.rows(table="notes")) == 1


def test_doctor_looks_at_one_collection(words, capsys):
    more = ["--mongodb_collection=things", "--destination_bigquery_table=things"]
    assert main(["doctor", *words, *more]) == 0
    printed = capsys.readouterr().out
    assert "columns can be read: mongodb://127.0.0.1" in printed
    assert "0 failures" in printed
