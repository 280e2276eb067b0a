"""`smart-sync doctor`: what a run would need, looked at on real servers."""

import json

import pytest

from pipeline.command.main import main
from tests.e2e.test_source_uri import home
from tests.secret_manager import secret_manager
from tests.sync import PASSWORD

__all__ = ["home"]
NAME = "projects/demo-project/secrets/pg/versions/7"
LOOKED_AT = {
    "python",
    "program",
    "parameters",
    "decoder",
    "source version",
    "source replication",
    "source statistics",
    "source connections",
    "source prepared",
    "source transactions",
    "source",
    "dataset",
    "jobs",
    "clocks",
    "tables",
    "history",
    "temp_location",
    "disk",
}


@pytest.fixture
def doctor(sync, sql, home, capsys):
    """Call it for the test's own table; exit code, findings by name, and what was printed."""
    sql("CREATE TABLE orders (id int PRIMARY KEY, updated_at timestamptz)")
    sync.defaults["source_table_for_schema"] = "public.orders"
    sync.defaults["runner"] = None

    def call(*more, **parameters):
        words = [*sync.argv(**parameters), *more]
        code = main(["doctor", "--json", *words])
        out = capsys.readouterr()
        assert PASSWORD not in out.out + out.err
        told = json.loads(out.out)
        assert told["exit_code"] == code
        assert main(["doctor", *words]) == code
        text = capsys.readouterr().out
        assert PASSWORD not in text
        findings = {}
        for finding in told["findings"]:
            findings.setdefault(finding["name"], finding)
            assert finding["text"] in text or finding["name"] in (
                "tables",
                "disk",
                "clocks",
                "source transactions",
            )
        return code, findings, text

    return call


def failures(findings):
    return {name for name, finding in findings.items() if finding["state"] == "fail"}


def test_a_sync_that_can_run_has_no_failure_and_nothing_is_left_behind(doctor, sync):
    code, findings, text = doctor()
    assert (code, failures(findings)) == (0, set())
    assert findings.keys() == LOOKED_AT
    assert sync.tables() == set()
    assert list(sync.temp.rglob("*")) == []
    assert "0 failures" in text


def test_the_history_is_read_where_there_is_one(doctor, sync):
    sync.ok()
    _, findings, _ = doctor()
    assert findings["history"]["text"].startswith("can be read")


def test_a_dataset_that_isnt_there_is_the_destinations_failure_with_its_command(doctor):
    code, findings, text = doctor(destination_bigquery_dataset="nowhere")
    assert (code, failures(findings)) == (5, {"destination"})
    assert "bq mk --dataset demo-project:nowhere" in text


def test_all_wrong_parameters_are_told_and_nothing_is_asked(doctor, sync):
    code, findings, text = doctor(num_splits="many", merge_keys="id")
    assert code == 2
    assert failures(findings) == {"parameters"}
    assert "num_splits" in text
    assert "merge_keys" in text
    assert "dataset" not in findings


def test_a_source_out_of_reach_is_told_and_the_destination_is_looked_at_all_the_same(doctor):
    code, findings, text = doctor(postgresql_host="127.0.0.1", postgresql_port="1")
    assert (code, failures(findings)) == (3, {"source"})
    assert "check postgresql_host and postgresql_port" in text
    assert findings["dataset"]["state"] == "ok"


def test_a_table_that_the_role_may_not_read_is_a_failure_with_its_grant(doctor, sql, database):
    role = f"r_{database.database}"
    sql(f"CREATE ROLE {role} LOGIN")
    try:
        code, findings, text = doctor(postgresql_username=role)
    finally:
        sql(f"DROP ROLE {role}")
    assert code == 3
    assert "grant SELECT on it" in text
    assert findings["source statistics"]["state"] == "warn"
    assert f"GRANT pg_read_all_stats TO {role}" in text


def test_a_secret_that_cant_be_read_is_a_failure(doctor, monkeypatch):
    with secret_manager({}) as url:
        monkeypatch.setenv("SECRET_MANAGER_EMULATOR_HOST", url)
        code, findings, _ = doctor(postgresql_password=NAME)
        assert code == 3
        assert "secret" in failures(findings)
    with secret_manager({NAME: PASSWORD}) as url:
        monkeypatch.setenv("SECRET_MANAGER_EMULATOR_HOST", url)
        code, findings, _ = doctor(postgresql_password=NAME)
        assert code == 0
        assert findings["secret"]["text"] == f"postgresql_password: {NAME} can be read"


def test_a_temp_location_that_cant_be_written_is_a_failure(doctor, tmp_path):
    (tmp_path / "file").write_text("")
    code, findings, _ = doctor(temp_location=str(tmp_path / "file" / "temp"))
    assert (code, failures(findings)) == (5, {"temp_location"})


def test_a_transaction_that_is_prepared_is_warned_of(doctor, sql):
    sql("BEGIN; INSERT INTO orders VALUES (1, now()); PREPARE TRANSACTION 'doctors'")
    try:
        code, findings, _ = doctor()
    finally:
        sql("ROLLBACK PREPARED 'doctors'")
    assert code == 0
    assert findings["source prepared"]["state"] == "warn"


def test_many_tables_are_looked_at_as_one_launch(doctor, sync):
    code, findings, _ = doctor(
        tables='{"tables": {"public.*": {}}}',
        source_table_for_schema=None,
        destination_bigquery_table="{table}",
    )
    assert (code, failures(findings)) == (0, set())
    assert findings["source"]["text"].startswith("1 table can be read")
    assert sync.tables() == set()
