"""A run that died, or failed by what passes, is gone on with: the next one reads the rest only."""

import json
import os
import signal
from typing import Any

import pytest

from pipeline.launch import gather
from tests.days import LOCK, lapse, runs, statuses
from tests.fault_rules import job
from tests.many_job import run_job
from tests.processes import Gate, until
from tests.resumes import (
    END_SESSIONS,
    HALF,
    LANES,
    MERGE,
    PER_SPLIT,
    ROWS,
    SPLITS,
    WAITING,
    assert_all,
    assert_clean,
    read_anew,
    resumed,
    stopped_whole,
    stopping,
    taken_over,
)
from tests.sync import GRAPH


@pytest.mark.parametrize("fifth", [1, 2, 3, 4])
def test_killed_at_every_fifth_a_load_is_gone_on_with(sync, sql, load, die, fifth):
    """The second run reads at most the missing share and one split; each row is there once."""
    after = ROWS * fifth // 5
    dead = die(after)
    result = sync.ok(**load)
    assert_all(sync, sql)
    first, second, own = runs(sync)
    assert statuses(sync) == ["abandoned", "succeeded", "succeeded"]
    assert second["resumed_run"] == dead
    assert (second["rows_read"], second["rows_published"]) == (ROWS, ROWS)
    assert read_anew(second) <= ROWS - after + PER_SPLIT
    assert second["window_end"] == first["window_end"]
    assert (own["resumed_run"], own["rows_read"]) == (None, 0)
    assert own["window_start"] == second["watermark_after"]
    assert_clean(sync)
    assert f"{ROWS - read_anew(second):,} of them by run {dead}" in result.out


def test_through_the_graph(sync, sql, load, die):
    """One lane, as of one connection, so that splits are read in their order."""
    words = {"runner": GRAPH, "max_source_connections": "1"}
    dead = die(**words)
    sync.ok(**load | words)
    assert read_anew(resumed(sync, dead)) <= HALF + PER_SPLIT
    assert statuses(sync) == ["abandoned", "succeeded", "succeeded"]
    assert_all(sync, sql)
    assert_clean(sync)


def test_killed_before_its_publishing_job_arrives_nothing_is_read(sync, sql, load, start, proxy):
    gate = Gate(proxy, **job("publish_1"))
    run = start(**load)
    gate.wait(run)
    run.kill()
    lapse(sync)
    dead = runs(sync)[0]["run_id"]
    sync.ok(**load)
    gate.open()
    assert read_anew(resumed(sync, dead)) == 0
    assert_all(sync, sql)
    assert_clean(sync)


def test_one_that_had_published_is_not_taken_over(sync, sql, load, start, proxy):
    gate = Gate(proxy, after=True, **job("publish_1"))
    run = start(**load)
    gate.wait(run)
    run.kill()
    gate.open()
    lapse(sync)
    sync.ok(**load)
    assert statuses(sync) == ["abandoned", "succeeded"]
    assert [run["resumed_run"] for run in runs(sync)] == [None, None]
    assert_all(sync, sql)
    assert_clean(sync)


@pytest.mark.parametrize("way", ["bucket"], indirect=True)
def test_from_a_bucket(sync, sql, load, start, database, way):
    with stopping(database, HALF):
        run = start(**load)
        until(lambda: len([name for name in way() if "/split-" in name]) >= SPLITS // 2 - 1)
        run.kill()
    lapse(sync)
    dead = runs(sync)[0]["run_id"]
    sync.ok(**load)
    assert read_anew(resumed(sync, dead)) <= HALF + 2 * PER_SPLIT
    assert_all(sync, sql)
    assert way() == []


def test_a_lost_source_keeps_what_was_staged(sync, sql, load, start, database):
    with stopping(database, HALF):
        run = start(**load, max_retries="0")
        stopped_whole(sql, sync, run, HALF)
        until(lambda: sql(WAITING)[0][0] == LANES)
        sql(END_SESSIONS)
        assert run.wait() == 3, run.output
    (failed,) = runs(sync)
    assert (failed["status"], failed["rows_published"]) == ("failed", 0)
    assert "the next run takes it over" in failed["error"]
    assert sync.table(LOCK).labels["state"] == "released"
    sync.ok(**load)
    assert read_anew(resumed(sync, failed["run_id"])) <= HALF + PER_SPLIT
    assert statuses(sync) == ["failed", "succeeded", "succeeded"]
    assert_all(sync, sql)
    assert_clean(sync)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_load_is_gone_on_with(sync, sql, load, die, number):
    def interrupted(run):
        os.kill(run.pid, number)
        assert run.wait() in (130, 143), run.output

    dead = die(end=interrupted)
    assert statuses(sync) == ["failed"]
    sync.ok(**load)
    assert read_anew(resumed(sync, dead)) <= HALF + PER_SPLIT
    assert_all(sync, sql)
    assert_clean(sync)


def test_new_rows_come_with_the_run_after(sync, sql, load, die):
    """Of rows that were updated meanwhile a merge has the new version, staged before or not."""
    die(**MERGE)
    sql("SELECT pg_sleep(0.1)")
    sql(f"INSERT INTO s VALUES ({ROWS + 1}, 'new', now() - interval '9 s')")
    sql(f"UPDATE s SET name = 'again', changed = now() - interval '9 s' WHERE id IN (10, {ROWS})")
    until(lambda: sql("SELECT max(changed) < now() - interval '10 s' FROM s")[0][0])
    sync.ok(**load | MERGE)
    assert_all(sync, sql)
    *_, own = runs(sync)
    assert own["rows_read"] == 3
    assert_clean(sync)


def test_appended_versions_are_those_of_a_run_that_ended_late(sync, sql, load, die):
    die()
    sql("UPDATE s SET name = 'again', changed = now() - interval '9 s' WHERE id IN (10, 990)")
    until(lambda: sql("SELECT max(changed) < now() - interval '10 s' FROM s")[0][0])
    sync.ok(**load)
    names = sync.rows("id, name", order="id, changed")
    assert [row for row in names if row[0] in (10, 990)] == [
        (10, "name 10"),
        (10, "again"),
        (990, "again"),
    ]
    assert len(names) == ROWS + 1


def test_dead_letters_of_staged_splits_are_there_once(sync, sql, load, start, database):
    """The failed run has told them already; the limit is over all splits."""
    sql("ALTER TABLE s ADD COLUMN at timestamptz")
    sql("UPDATE s SET at = 'infinity' WHERE id IN (7, 8, 990)")
    words = load | {"max_dead_letters": "3"}
    with stopping(database, HALF):
        run = start(**words, max_retries="0")
        stopped_whole(sql, sync, run, HALF)
        until(lambda: sql(WAITING)[0][0] == LANES)
        sql(END_SESSIONS)
        assert run.wait() == 3, run.output
    sync.ok(**words)
    row = resumed(sync, runs(sync)[0]["run_id"])
    assert (row["rows_dead"], row["rows_published"]) == (3, ROWS - 3)
    assert read_anew(row) <= HALF + PER_SPLIT
    assert len(sync.rows(table="t_dead_letters")) == 3
    assert_clean(sync)


def test_too_many_dead_letters_over_all_splits_end_it_and_clear_it(sync, sql, load, die):
    sql("ALTER TABLE s ADD COLUMN at timestamptz")
    sql("UPDATE s SET at = 'infinity' WHERE id IN (7, 990)")
    dead = die(max_dead_letters="1")
    result = sync(**load, max_dead_letters="1")
    assert result.code == 7, result.err
    assert resumed(sync, dead)["rows_dead"] == 2
    assert statuses(sync) == ["abandoned", "failed"]
    assert_clean(sync)


@pytest.mark.parametrize("words", [{}, MERGE, {"max_dead_letters": "2"}])
def test_the_proof_holds_split_by_split(sync, sql, load, die, words):
    sql("UPDATE s SET name = NULL WHERE id = 3")
    dead = die(verify="true", **words)
    sync.ok(**load | words, verify="true")
    row = resumed(sync, dead)
    assert row["status"] == "succeeded"
    assert json.loads(row["verification"])["resumed"]["run"] == dead
    assert_all(sync, sql)


def test_a_plan_says_what_is_taken_over(sync, sql, load, die):
    dead = die()
    left = len(list(sync.temp.rglob("*")))
    text = sync.ok(**load, plan_only="true").out
    told = json.loads(sync.ok(**load, plan_only="true", plan_format="json").out)["resume"]
    assert f"of {SPLITS} splits of run {dead} are taken over" in text
    assert told["run"] == dead
    assert told["splits_taken_over"] + told["splits_read"] == SPLITS
    assert told["bytes_taken_over"] > 0
    assert len(list(sync.temp.rglob("*"))) == left
    assert statuses(sync) == ["running"]


def test_a_plan_leaves_a_run_alone_that_is_at_work(sync, sql, load, start, database):
    with stopping(database, HALF):
        run = start(**load)
        stopped_whole(sql, sync, run, HALF)
        assert "taken over" not in sync.ok(**load, plan_only="true").out
    assert run.wait() == 0, run.output


def test_one_split_notes_nothing(sync, load, start, proxy):
    gate = Gate(proxy, **job("publish_1"))
    run = start(**load | {"num_splits": "1"})
    gate.wait(run)
    assert list(sync.temp.rglob("*.json")) == []
    gate.open()
    assert run.wait() == 0


def test_a_window_by_hand_is_taken_over_by_the_same_alone(sync, sql, load, die):
    words = MERGE | {"sync_start": "2024-01-01", "sync_end": "2024-03-01"}
    dead = die(**words)
    sync.ok(**load | words)
    assert statuses(sync) == ["abandoned", "succeeded"]
    assert read_anew(resumed(sync, dead)) <= HALF + PER_SPLIT
    assert_all(sync, sql)


def test_a_table_of_many_is_gone_on_with_as_alone(sync, sql, load, die):
    file = json.dumps({"tables": {"public.s": dict(load)}})
    words = {"tables": file}
    sync.defaults["runner"] = None
    dead = die()
    result = sync.ok(**words)
    assert [run["status"] for run in runs(sync)] == ["abandoned", "succeeded", "succeeded"]
    assert resumed(sync, dead)["batch_id"]
    assert_all(sync, sql)
    assert_clean(sync)
    assert "1 of 1 table succeeded" in result.out


def test_a_job_of_many_tables_ends_what_was_begun(sync, sql, load, die, monkeypatch):
    """One job is one run: the next launch goes on with what is newer."""
    dead = die(num_splits="4")
    file = json.dumps({"tables": {"public.s": load | {"num_splits": "4"}}})
    results, errors = run_job(sync, monkeypatch, tables=file)
    assert (errors, [end.exit_code for end in results.values()]) == ([], [0])
    assert statuses(sync) == ["abandoned", "succeeded"]
    assert 0 < taken_over(resumed(sync, dead))["splits_taken_over"] < 4
    assert_all(sync, sql)
    assert_clean(sync)


@pytest.mark.parametrize(("tags", "looks"), [("{a,b}", 1), ("{a,NULL}", 2)])
def test_rows_that_the_dead_run_has_looked_at_are_not_looked_at_again(
    sync, sql, load, start, database, proxy, monkeypatch, tags, looks
):
    """A look takes as long as reading a tenth; it is taken where only it shows a column's type."""
    looked, look = list[Any](), gather._evidence

    def seen(draft, inspector, facts):
        looked.append(facts.window)
        return look(draft, inspector, facts)

    monkeypatch.setattr(gather, "_evidence", seen)
    sql("ALTER TABLE s ADD tags text[]")
    sql("UPDATE s SET tags = %s WHERE id > %s", tags, HALF)
    planned = Gate(proxy, **job("event_0"))
    run = start(**load)
    planned.wait(run)
    with stopping(database, HALF):
        planned.open()
        stopped_whole(sql, sync, run, HALF)
        run.kill()
    lapse(sync)
    dead = runs(sync)[-1]["run_id"]
    sync.ok(**load)
    assert read_anew(resumed(sync, dead)) <= HALF + PER_SPLIT
    assert len(looked) == looks
    assert_all(sync, sql)
    assert_clean(sync)
