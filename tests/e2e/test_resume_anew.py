"""What a run reads anew of what a dead one has staged.

All, where it asks for something else or its tables have changed; else only what is damaged.
"""

import json
import os
from pathlib import Path

import pytest

from sources.postgresql import clock
from tests.days import runs, statuses
from tests.processes import until
from tests.resumes import (
    HALF,
    MERGE,
    PER_SPLIT,
    ROWS,
    WAITING,
    assert_all,
    assert_clean,
    manifests,
    read_anew,
    resumed,
    stopping,
    taken_over,
)

TAKEN = "are taken over: "
"""In a plan that goes on with what a dead run has staged."""


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


def planned(sync, words):
    """What a plan says: nothing of a dead run is cleared, so that many are made of one."""
    return sync.ok(**words, plan_only="true").out


OTHERS = {
    "rows": ({"transformation_config": '{"filter": [["id", ">", 0]]}'}, "transformation"),
    "mode": (MERGE, "destination and another merge_keys"),
    "letters": ({"max_dead_letters": "1"}, "limits"),
    "replace": ({"write_disposition": "WRITE_TRUNCATE"}, "as it is now"),
}


def test_a_run_that_asks_for_something_else_reads_all_anew(sync, sql, load, die, anew, caplog):
    die()
    whole = manifests(sync)
    assert TAKEN in planned(sync, load)
    for words, why in OTHERS.values():
        plan = planned(sync, load | words)
        (told,) = [line for line in plan.splitlines() if "removed when this run begins" in line]
        assert why in told
        assert TAKEN not in plan
    assert manifests(sync) == whole
    caplog.clear()
    sync.ok(**load | {"postgresql_query": "SELECT * FROM s WHERE may_read(id) AND id > 0"})
    anew("query")


@pytest.mark.parametrize(
    ("words", "why"),
    [({"resume": "false"}, "resume=false"), ({"enable_smart_sync": "false"}, "as it is now")],
)
def test_a_run_that_goes_on_with_none_reads_all_anew(sync, sql, load, die, anew, words, why):
    die()
    sync.ok(**load | words)
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


def test_a_cursor_of_another_type_is_read_anew(sync, sql, load, die, anew, caplog, monkeypatch):
    """Windows of two types can't be compared: an instant is none of a wall clock's times."""
    monkeypatch.setattr(clock, "WAIT_S", 0.0)
    die()
    for kind in ("timestamp", "int8 USING extract(epoch FROM changed)"):
        sql(f"ALTER TABLE s ALTER changed TYPE {kind}")
        assert "its cursor was of another type" in planned(sync, load)
    sql("ALTER TABLE s ALTER changed TYPE date USING to_timestamp(changed)")
    # today is no complete day yet
    sql("UPDATE s SET changed = '2024-01-01' WHERE changed > '2024-12-31'")
    caplog.clear()
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


HARMS = (flip, truncate, os.remove)
TEXTS = (b"", b"{", b"[]", b'{"split": 1}', b"\x80\x04.")
"""Of manifests, none of which is one."""


def test_what_is_damaged_is_read_anew_alone(sync, sql, load, die):
    """A split of each file that isn't as it was written, and of each manifest that is none."""
    dead = die()
    whole = sorted(sync.temp.rglob("split-*.json"))
    for harm, manifest in zip(HARMS, whole[1:4], strict=True):
        harm(Path(json.loads(manifest.read_text())["files"][0]["uri"]))
    for text, manifest in zip(TEXTS, whole[4:9], strict=True):
        manifest.write_bytes(text)
    sync.ok(**load)
    assert taken_over(resumed(sync, dead))["splits_taken_over"] == len(whole) - 8 > 0
    assert_all(sync, sql)
    assert_clean(sync)


CHANGES = {"format": 2}, {"window": [None, None]}, {"splits": [[1]]}


def test_a_note_that_is_none_or_another_versions_is_read_anew(sync, sql, load, die, caplog):
    die()
    (note,) = sync.temp.rglob("resume.json")
    written = json.loads(note.read_text())
    note.write_text(json.dumps(written | {"version": "0.0.9"}))
    assert "version 0.0.9 had begun it" in planned(sync, load)
    for change in CHANGES:
        note.write_text(json.dumps(written | change))
        assert TAKEN not in planned(sync, load)
    sync.ok(**load)
    assert statuses(sync) == ["abandoned", "succeeded"]
    assert_all(sync, sql)
    assert_clean(sync)


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


def test_another_window_by_hand_is_read_anew(sync, sql, load, die, anew):
    words = MERGE | {"sync_start": "2024-01-01", "sync_end": "2024-03-01"}
    die(**words)
    sync.ok(**load | words | {"sync_end": "2024-04-01"})
    anew("window by hand")
