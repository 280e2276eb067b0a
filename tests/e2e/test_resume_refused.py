"""What keeps a dead run's splits from being taken over: its tables are others by now, or a note."""

import json

import pytest

from tests.days import lapse, runs, statuses
from tests.fault_rules import Rule, answer
from tests.launcher import Launcher
from tests.outages import standing_between
from tests.processes import until
from tests.resumes import LOAD, ROWS, TABLE, stopped_whole, stopping, taken_over

AFTER = ROWS * 4 // 5
WHOLE = "COUNT(*), COUNT(DISTINCT id)"


@pytest.fixture
def die(sync, sql, start, database):
    """A load that is killed with most of its splits staged; its id."""
    sync.defaults["runner"] = None

    def die(table=TABLE, **parameters):
        sql(table)
        with stopping(database, AFTER):
            run = start(**LOAD | parameters)
            stopped_whole(sql, sync, run, AFTER)
            run.kill()
        lapse(sync)
        return runs(sync)[-1]["run_id"]

    return die


COPY = "CREATE TABLE {0} (LIKE s INCLUDING ALL); INSERT INTO {0} SELECT id, 'new', changed FROM s"
REPLACED = {
    "by another of its name": COPY.format("other")
    + "; ALTER TABLE s RENAME TO elder; ALTER TABLE other RENAME TO s; ANALYZE s",
    "made anew": COPY.format("other") + "; DROP TABLE s; ALTER TABLE other RENAME TO s; ANALYZE s",
    "emptied and filled": COPY.format("other")
    + "; TRUNCATE s; INSERT INTO s SELECT * FROM other; ANALYZE s",
}


@pytest.mark.parametrize("how", REPLACED)
def test_a_table_that_was_replaced_is_read_anew(sync, sql, die, caplog, how):
    """Half of the one's rows and half of the other's are what nobody ever had."""
    die()
    sql(REPLACED[how])
    sync.ok(**LOAD)
    assert "planned now, it has another table" in caplog.text
    assert sync.rows("DISTINCT name") == [("new",)]
    assert sync.rows(WHOLE) == [(ROWS, ROWS)]


DIVIDED = "NOT NULL) PARTITION BY RANGE (id); CREATE TABLE s1 PARTITION OF s DEFAULT"


def test_a_table_of_which_a_partition_was_emptied_and_filled_is_read_anew(sync, sql, die, caplog):
    die(TABLE.replace("NOT NULL)", DIVIDED))
    sql("TRUNCATE s1; INSERT INTO s SELECT g, 'new', '2024-01-02' FROM generate_series(1, 9) g")
    sync.ok(**LOAD)
    assert "planned now, it has another table" in caplog.text
    assert sync.rows(WHOLE) == [(9, 9)]


LATER = {
    "a margin": ({"smart_sync_margin": "1s"}, {"smart_sync_margin": "0s"}),
    "a guard": ({"late_commit_guard": "off"}, {}),
}


@pytest.mark.parametrize("rule", LATER)
def test_a_load_whose_window_ended_by_other_rules_is_read_anew(sync, sql, die, caplog, rule):
    """Its splits may lack rows for which the rules of now would have waited."""
    before, now = LATER[rule]
    die(**before)
    sql("INSERT INTO s SELECT 0, 'late', min(changed) + interval '1 minute' FROM s")
    sync.ok(**LOAD | now)
    assert "planned now, it has another margin or guard" in caplog.text
    assert sync.rows(WHOLE) == [(ROWS + 1, ROWS + 1)]


def test_rows_that_come_and_go_are_no_other_table(sync, sql, die):
    dead = die()
    sql("DELETE FROM s WHERE id > 990; CREATE INDEX ON s (name); ANALYZE s")
    sync.ok(**LOAD)
    (row,) = [run for run in runs(sync) if run["resumed_run"] == dead]
    assert taken_over(row)["splits_taken_over"] > 1
    assert sync.rows(WHOLE) == [(990, 990)]


def test_a_plan_says_what_it_would_clear_that_another_can_go_on_with(sync, die, caplog):
    dead = die()
    other = LOAD | {"transformation_config": '{"filter": [["id", ">", 0]]}'}
    told = f"run {dead} has staged 16 of 20 splits, which this run doesn't take over"
    plan = sync.ok(**other, plan_only="true").out
    assert told in plan
    assert "planned now, it has another transformation" in plan
    assert "they are removed when this run begins" in plan
    as_json = json.loads(sync.ok(**other, plan_only="true", plan_format="json").out)
    assert [told in warning for warning in as_json["warnings"]].count(True) == 1
    assert told not in sync.ok(**LOAD, plan_only="true").out
    assert list(sync.temp.rglob("split-*.json")), "a plan clears nothing"


@pytest.fixture
def launcher(sync, tmp_path, bucket, monkeypatch):
    """A launch on Dataflow, whose folders lie in the bucket."""
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", bucket)
    folder = tmp_path / "launch"
    folder.mkdir()
    return Launcher(sync, folder, bucket)


def until_staged(launcher, run):
    def is_so():
        assert not run.has_ended, run.output
        return sum("split-" in name for name in launcher.staged()) >= 15

    until(is_so)


def test_a_job_that_can_not_note_what_it_takes_over_leaves_it_to_the_next(
    sync, sql, start, database, launcher, monkeypatch
):
    sync.defaults |= {"runner": None, "temp_location": f"gs://bkt/{sync.dataset}/tmp"}
    sql(TABLE)
    words = LOAD | {"source_table_for_schema": None}
    with stopping(database, AFTER):
        run = start(**words)
        until_staged(launcher, run)
        run.kill()
    lapse(sync)
    dead = runs(sync)[-1]["run_id"]
    with standing_between(monkeypatch, "STORAGE_EMULATOR_HOST", launcher.bucket) as proxy:
        rule = proxy.add(Rule(answer(403), method="POST", body="resume[.]json"))
        refused = launcher.here(**words, max_retries="0")
        assert rule.acted, [seen.path for seen in proxy.seen]
    assert refused.code == 5, refused.output
    assert statuses(sync) == ["abandoned"]
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", launcher.bucket)
    sync.ok(**words)
    (row,) = [run for run in runs(sync) if run["resumed_run"] == dead]
    assert taken_over(row)["splits_taken_over"] > 1
    assert sync.rows(WHOLE) == [(ROWS, ROWS)]
    assert not [name for name in launcher.staged() if "split-" in name or ".parquet" in name]
