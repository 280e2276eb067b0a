"""`smart-sync import`: what another tool's file says is synced from a real server."""

import pytest
import yaml

from pipeline.command.main import main
from tests.e2e.test_source_uri import bare, home
from tests.sync import PASSWORD, PROJECT

__all__ = ["bare", "home"]

TABLES = """
CREATE TABLE orders (id int PRIMARY KEY, amount int, updated_at timestamptz);
INSERT INTO orders VALUES (1, 10, '2025-01-02'), (2, -1, '2025-01-03'), (3, 7, '2025-01-04');
CREATE TABLE lines (id int PRIMARY KEY, note text, secret text, updated_at timestamptz);
INSERT INTO lines VALUES (1, 'a', 'x', '2025-01-02'), (2, 'b', 'y', '2025-01-03');
"""
REPLICATION = """
source: SHOP
target: WAREHOUSE
defaults:
  object: "{dataset}.copy_of_{{stream_table}}"
  mode: incremental
  primary_key: id
  update_key: updated_at
streams:
  public.*:
    select: [id, note, updated_at]
  public.orders:
    select: [id, amount as price, updated_at]
    where: amount > 0
env:
  SLING_THREADS: 2
"""


@pytest.fixture
def source(database, sql, tmp_path, monkeypatch):
    """The test's database, as a URI without its password."""
    sql(TABLES)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SMART_SYNC_POSTGRESQL_PASSWORD", PASSWORD)
    host = database.host.replace("/", "%2F")
    return f"postgresql://postgres:{PASSWORD}@{host}:{database.port}/{database.database}"


def test_a_replication_of_sling_syncs_its_tables_and_then_what_is_new(
    source, bare, sql, tmp_path, capsys
):
    (tmp_path / "replication.yaml").write_text(REPLICATION.format(dataset=bare.dataset))
    words = ["import", "sling", "replication.yaml", f"--source={source}"]
    words += [f"--destination_bigquery_project={PROJECT}", f"--temp_location={tmp_path}/temp"]
    assert main(words) == 0
    text = (tmp_path / "smart-sync.yaml").read_text()
    assert PASSWORD not in text + "".join(capsys.readouterr())
    assert yaml.safe_load(text)["defaults"]["merge_keys"] == ["id"]
    assert main(["plan", "--config=smart-sync.yaml"]) == 0
    assert main(["run", "--config=smart-sync.yaml"]) == 0
    assert bare.rows("id, price", "copy_of_orders") == [(1, 10), (3, 7)]
    assert bare.rows("id, note", "copy_of_lines") == [(1, "a"), (2, "b")]
    assert "secret" not in [field.name for field in bare.table("copy_of_lines").schema]
    sql("UPDATE orders SET amount = 8, updated_at = '2025-02-01' WHERE id = 3")
    sql("INSERT INTO orders VALUES (4, 5, '2025-02-01')")
    assert main(["run", "--config=smart-sync.yaml"]) == 0
    rows = [(1, 10), (3, 8), (4, 5)]
    assert bare.rows("id, price", "copy_of_orders") == rows
