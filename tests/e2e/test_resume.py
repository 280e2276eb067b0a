"""A run that died, or failed by what passes, is gone on with: the next one reads the rest only."""

import json
import os
import signal
from pathlib import Path

import pytest

from tests.days import LOCK, lapse, runs, staging_tables, statuses
from tests.fault_rules import job
from tests.many_job import run_job
from tests.processes import Gate, until
from tests.resumes import (
    LOAD,
    PER_SPLIT,
    ROWS,
    SPLITS,
    TABLE,
    WAITING,
    manifests,
    read_anew,
    stopped_whole,
    stopping,
    taken_over,
)
from tests.sync import GRAPH

HALF, LANES = ROWS // 2, 2
MERGE = {"write_disposition": "WRITE_MERGE", "merge_keys": "id"}
END_SESSIONS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND wait_event = 'advisory'
"""


@pytest.fixture
def load(sync, sql):
    """In plain code, in two lanes: what is staged then lies before what isn't."""
    sync.defaults["runner"] = None
    sql(TABLE)
    return LOAD


@pytest.fixture
def die(sync, sql, start, database):
    """A load that is killed when it has staged what lies before a row; its id."""

    def begin(after=HALF, end=lambda run: run.kill(), **parameters):
        with stopping(database, after):
            run = start(**LOAD | parameters)
            splits = int((LOAD | parameters)["num_splits"])
            stopped_whole(sql, sync, run, after, splits)
            end(run)
        lapse(sync)
        return runs(sync)[-1]["run_id"]

    return begin


def assert_clean(sync):
    """Nothing of any run is left."""
    assert [path for path in sync.temp.rglob("*") if path.is_file()] == []
    assert staging_tables(sync) == []


def assert_all(sync, sql, what="id, name, changed"):
    assert sync.rows(what) == sql(f"SELECT {what} FROM s ORDER BY 1")


def resumed(sync, dead):
    """The row of the run that has taken another over."""
    (row,) = [run for run in runs(sync) if run["resumed_run"] == dead]
    return row


@pytest.fixture
def anew(sync, sql, caplog):
    """All was read anew, which one line tells, and nothing of the dead run is left."""
    return lambda why: assert_anew(sync, sql, caplog.messages, why)


def assert_anew(sync, sql, messages, why):
    told = [line for line in messages if "is not taken over" in line]
    assert [why in line for line in told] == [True], messages
    assert [run for run in runs(sync) if run["resumed_run"]] == []
    assert statuses(sync) == ["abandoned", "succeeded"]
    assert_all(sync, sql)
    assert_clean(sync)


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


def test_what_took_over_and_died_is_taken_over(sync, sql, load, die):
    """The third reads what neither of the others had staged, from both folders."""
    first = die(ROWS // 5)
    second = die(ROWS * 3 // 5)
    assert second != first
    sync.ok(**load)
    row = resumed(sync, second)
    assert read_anew(row) <= ROWS * 2 // 5 + 2 * PER_SPLIT
    assert row["window_end"] == runs(sync)[0]["window_end"]
    assert statuses(sync) == ["abandoned", "abandoned", "succeeded", "succeeded"]
    assert_all(sync, sql)
    assert_clean(sync)


def test_what_took_over_died_and_is_not_taken_over_is_cleared_with_its_elders(sync, sql, load, die):
    die(ROWS // 5)
    die(ROWS * 3 // 5)
    sync.ok(**load, resume="false")
    assert statuses(sync) == ["abandoned", "abandoned", "succeeded"]
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


OTHERS = {
    "query": ({"postgresql_query": "SELECT * FROM s WHERE may_read(id) AND id > 0"}, "query"),
    "rows": ({"transformation_config": '{"filter": [["id", ">", 0]]}'}, "transformation"),
    "mode": (MERGE, "destination and another merge_keys"),
    "letters": ({"max_dead_letters": "1"}, "limits"),
    "off": ({"resume": "false"}, "resume=false"),
    "all": ({"enable_smart_sync": "false"}, "as it is now"),
    "replace": ({"write_disposition": "WRITE_TRUNCATE"}, "as it is now"),
}


@pytest.mark.parametrize("which", OTHERS)
def test_a_run_that_asks_for_something_else_reads_all_anew(sync, sql, load, die, anew, which):
    die()
    other, why = OTHERS[which]
    sync.ok(**load | other)
    anew(why)


SALTED = '{"mask": {"name": {"method": "sha256", "salt": "%s"}}}'


def test_with_another_salt_all_is_read_anew(sync, sql, load, die, caplog):
    die(transformation_config=SALTED % "one-salt-1")
    (note,) = sync.temp.rglob("resume.json")
    assert "one-salt-1" not in note.read_text()
    sync.ok(**load, transformation_config=SALTED % "another-2")
    assert "the salt of a mask is another" in caplog.text
    assert statuses(sync) == ["abandoned", "succeeded"]
    assert len(sync.rows("DISTINCT name")) == ROWS
    assert_clean(sync)


def test_with_the_same_salt_equal_values_stay_equal(sync, sql, load, die):
    sql("UPDATE s SET name = 'same'")
    dead = die(transformation_config=SALTED % "one-salt-1")
    sync.ok(**load, transformation_config=SALTED % "one-salt-1")
    assert taken_over(resumed(sync, dead))["splits_taken_over"] > 1
    assert len(sync.rows("DISTINCT name")) == 1


def test_a_wider_window_than_the_dead_runs_is_read_anew(sync, sql, load, die, anew):
    """It would leave out the older rows for ever."""
    sql(f"UPDATE s SET changed = now() - ({ROWS} - id + 1) * interval '1 min'")
    sql("ANALYZE s")
    die(sync_all_on_empty_table="false", fallback_days="1", after=HALF)
    sync.ok(**load)
    anew("begin earlier")


@pytest.mark.parametrize("kind", ["timestamp", "date", "int8 USING extract(epoch FROM changed)"])
def test_a_cursor_of_another_type_is_read_anew(sync, sql, load, die, anew, kind):
    """Windows of two types can't be compared: an instant is none of a wall clock's times."""
    die()
    sql(f"ALTER TABLE s ALTER changed TYPE {kind}")
    if kind.startswith("date"):  # today is no complete day yet
        sql("UPDATE s SET changed = '2024-01-01' WHERE changed > '2024-12-31'")
    sync.ok(**load)
    anew("its cursor was of another type")


def test_a_launch_that_cannot_be_planned_leaves_what_was_staged(sync, sql, load, die):
    dead = die()
    whole = manifests(sync)
    words = MERGE | {"sync_start": "2024-01-01", "sync_end": "2099-01-01"}
    assert sync(**load | words).code == 2
    assert manifests(sync) == whole
    sync.ok(**load)
    assert read_anew(resumed(sync, dead)) <= HALF + PER_SPLIT
    assert_all(sync, sql)
    assert_clean(sync)


def test_a_changed_source_is_read_anew(sync, sql, load, die, anew):
    die()
    sql("ALTER TABLE s ADD COLUMN more int4 DEFAULT 7")
    sync.ok(**load)
    anew("columns")
    assert sync.rows("more") == [(7,)] * ROWS


def test_a_destination_that_has_changed_is_read_anew(sync, sql, load, die, anew):
    sync.client.query(
        f"CREATE TABLE {sync.dataset}.t (id INT64, name STRING, changed TIMESTAMP)"
    ).result()
    die()
    sync.client.query(
        f"INSERT INTO {sync.dataset}.t VALUES (1, 'name 1', TIMESTAMP '2024-01-01 01:00:00+00')"
    ).result()
    sync.ok(**load)
    anew("the destination has changed")


def some_rows(sync):
    """A file of rows of a split that is staged whole."""
    manifest = json.loads(sorted(sync.temp.rglob("split-*.json"))[1].read_text())
    return Path(manifest["files"][0]["uri"])


def flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 1
    path.write_bytes(data)


def truncate(path):
    path.write_bytes(path.read_bytes()[:-1])


@pytest.mark.parametrize("harm", [flip, truncate, os.remove])
def test_a_damaged_file_is_read_anew_alone(sync, sql, load, die, harm):
    dead = die()
    whole = len(list(sync.temp.rglob("split-*.json")))
    harm(some_rows(sync))
    sync.ok(**load)
    assert taken_over(resumed(sync, dead))["splits_taken_over"] == whole - 1
    assert_all(sync, sql)
    assert_clean(sync)


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b'{"split": 1}', b"\x80\x04."])
def test_a_manifest_that_is_none_is_read_anew_alone(sync, sql, load, die, text):
    dead = die()
    manifests = sorted(sync.temp.rglob("split-*.json"))
    manifests[0].write_bytes(text)
    sync.ok(**load)
    assert taken_over(resumed(sync, dead))["splits_taken_over"] == len(manifests) - 1
    assert_all(sync, sql)


@pytest.mark.parametrize("change", [{"format": 2}, {"window": [None, None]}, {"splits": [[1]]}])
def test_a_note_that_is_none_is_read_anew(sync, sql, load, die, change):
    die()
    (note,) = sync.temp.rglob("resume.json")
    note.write_text(json.dumps(json.loads(note.read_text()) | change))
    sync.ok(**load)
    assert statuses(sync) == ["abandoned", "succeeded"]
    assert_all(sync, sql)
    assert_clean(sync)


def test_another_version_reads_all_anew(sync, sql, load, die, anew):
    die()
    (note,) = sync.temp.rglob("resume.json")
    note.write_text(json.dumps(json.loads(note.read_text()) | {"version": "0.0.9"}))
    sync.ok(**load)
    anew("version 0.0.9")


def test_files_outside_of_runs_folders_are_never_taken_or_cleared(sync, sql, load, die, tmp_path):
    """Whoever writes into the folder can't point a run at other files."""
    die()
    other = tmp_path / "other"
    other.mkdir()
    (other / "kept").write_text("")
    (note,) = sync.temp.rglob("resume.json")
    note.write_text(json.dumps(json.loads(note.read_text()) | {"older": [str(other)]}))
    sync.ok(**load)
    assert (other / "kept").exists()
    assert_all(sync, sql)


def test_a_file_that_goes_just_before_publishing_ends_the_run(
    sync, sql, load, die, start, database
):
    """Nothing is published; the next run reads that split anew."""
    dead = die()
    file = some_rows(sync)
    with stopping(database, HALF):
        second = start(**load)
        until(lambda: sql(WAITING)[0][0])
        file.unlink()
    assert second.wait() == 5, second.output
    assert "what was taken over is gone" in second.output
    assert statuses(sync) == ["abandoned", "failed"]
    sync.ok(**load)
    assert resumed(sync, dead)["status"] == "failed"
    assert_all(sync, sql)
    assert_clean(sync)


def test_a_run_that_slept_leaves_its_files_to_who_took_over(
    sync, sql, load, start, database, target
):
    """It wakes while the other still reads, and finds its lock lost."""
    with stopping(database, HALF):
        sleeper = start(**load)
        stopped_whole(sql, sync, sleeper, HALF)
        sleeper.suspend()
        lapse(sync)
        taker = start(**load)
        until(lambda: len(runs(sync)) == 2 and sql(WAITING)[0][0] >= 2)
        sleeper.resume()
        until(lambda: "lock lost" in sleeper.output)
    assert sleeper.wait() == 6, sleeper.output
    assert taker.wait() == 0, taker.output
    assert resumed(sync, runs(sync)[0]["run_id"])["status"] == "succeeded"
    assert_all(sync, sql)


def test_a_run_that_wakes_when_all_is_done_leaves_nothing(sync, sql, load, start, database):
    """What it stages after its folder was cleared would be nobody's."""
    with stopping(database, HALF):
        sleeper = start(**load)
        stopped_whole(sql, sync, sleeper, HALF)
        sleeper.suspend()
        lapse(sync)
    sync.ok(**load)
    sleeper.resume()
    assert sleeper.wait() == 6, sleeper.output
    assert statuses(sync) == ["abandoned", "succeeded", "succeeded"]
    assert_all(sync, sql)
    assert_clean(sync)


def test_a_signal_that_came_asleep_ends_it(sync, sql, load, start, database):
    """It may be given to a thread that doesn't hear it, while the one that would waits."""
    with stopping(database, HALF):
        run = start(**load)
        stopped_whole(sql, sync, run, HALF)
        run.suspend()
        os.kill(run.pid, signal.SIGTERM)
        run.resume()
        assert run.wait() == 143, run.output
    dead = runs(sync)[0]["run_id"]
    sync.ok(**load)
    assert read_anew(resumed(sync, dead)) <= HALF + PER_SPLIT
    assert_all(sync, sql)


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


def test_another_window_by_hand_is_read_anew(sync, sql, load, die, anew):
    words = MERGE | {"sync_start": "2024-01-01", "sync_end": "2024-03-01"}
    die(**words)
    sync.ok(**load | words | {"sync_end": "2024-04-01"})
    anew("window by hand")


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
    assert "1 of 1 tables succeeded" in result.out


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


@pytest.mark.parametrize(
    ("step", "after", "skip"),
    [
        ("publish_1", False, 0),
        ("event_0", True, 0),
        ("publish_1", False, 1),
        ("publish_1", True, 1),
    ],
    ids=["it fences", "it has begun", "before it publishes", "after it has published"],
)
def test_what_took_over_dies_in_its_turn(sync, sql, load, die, start, proxy, step, after, skip):
    """Killed at a request of its own, whether that was accepted or not: each row is there once."""
    die(ROWS * 4 // 5)
    gate = Gate(proxy, after=after, skip=skip, **job(step))
    taker = start(**load)
    gate.wait(taker)
    taker.kill()
    lapse(sync)
    sync.ok(**load)
    gate.open()
    begun = [run for run in runs(sync) if run["resumed_run"]]
    assert begun[0]["status"] == ("succeeded" if (step, skip) == ("publish_1", 0) else "abandoned")
    assert_all(sync, sql)
    assert_clean(sync)


def test_what_a_failed_run_staged_goes_when_runs_before_it_are_undone(sync, sql, load, die):
    def interrupted(run):
        os.kill(run.pid, signal.SIGTERM)
        run.wait()

    later = "UPDATE s SET changed = changed + interval '6 months'; ANALYZE s"
    sync.ok(**load)
    sql(later)
    sync.ok(**load, keep_snapshots="true")
    second = runs(sync)[-1]["run_id"]
    sql(later)
    die(end=interrupted)
    assert any(sync.temp.rglob("*.parquet"))
    sync.ok(**load, rollback_run=second)
    assert_clean(sync)
    sync.ok(**load)
    assert sync.rows("COUNT(*), COUNT(DISTINCT id)") == [(2 * ROWS, ROWS)]
    assert_clean(sync)
    sql(later)
    dead = die(end=interrupted)
    assert "nothing to undo" in sync.ok(**load, rollback_run=second).out
    sync.ok(**load)
    assert resumed(sync, dead)["rows_published"] == ROWS
