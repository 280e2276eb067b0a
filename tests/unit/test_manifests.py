"""What a run notes beside its files comes back as it was, and nothing else comes back at all."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from auto_schema.row_sums import RowSums
from pipeline.destination.elements import StagedFile, StagedSplit
from pipeline.destination.folder import Folder
from pipeline.destination.manifests import (
    Note,
    read_note,
    staged_before,
    write_manifest,
    write_note,
)
from pipeline.launch.resume import newest_left
from smart_sync.taken_over import Noted
from sources.values import Split, Window
from warehouse.names import Endpoints

VALUES = {
    "instant": datetime(2025, 7, 1, 12, 0, 0, 1, UTC),
    "wall clock": datetime(2025, 7, 1, 12, 0, 0, 1),
    "date": date(2025, 7, 1),
    "integer": -(2**63),
    "text": 'ä"\\\n\u2028',
    "digits": "12",
}
NONE = {"no JSON": b"{", "no object": b"[]", "nothing": b"", "a pickle": b"\x80\x04N."}


@pytest.fixture
def folder(tmp_path):
    return Folder(str(tmp_path), Endpoints())


def a_note(value, *taken):
    splits = (Split(0, "c", None, value), Split(1, "c", value, None, True))
    work = {"query": "0f"}
    older = ("/t/20250722t150000-3f9a0c1d",)
    noted = Noted("r", "1", work, Window(value, value), value, "UTC", False, splits, older)
    return Note(noted, taken)


def a_split(folder, index=1, **more):
    with folder.open(f"rows-{index}.parquet") as file:
        file.write(b"some bytes")
    seen = folder.look(f"rows-{index}.parquet", with_digest=True)
    files = (StagedFile(folder.uri(f"rows-{index}.parquet"), 3, seen.bytes, seen.digest),)
    figures = {"rows_read": 5, "filtered": RowSums(2, (1, 2, 3, 2**70))}
    return StagedSplit(index, 2, files=files, **figures | more)


@pytest.mark.parametrize("name", VALUES)
def test_a_note_comes_back_as_it_was(folder, name):
    value = VALUES[name]
    sums, example = RowSums(5, (2**70, 1, 2, 3)), ("column 'a': no", "x")
    split = a_split(folder, lowest=value, highest=value, sums=sums, dead_example=example)
    note = a_note(value, split)
    write_note(folder, note)
    assert read_note(folder) == note


def test_a_manifest_comes_back_as_it_was(folder):
    split = a_split(folder)
    write_manifest(folder, split)
    assert staged_before(a_note(7), [folder]) == (split,)


def test_of_two_tries_at_a_split_the_first_that_ended_stands(folder):
    first = a_split(folder)
    write_manifest(folder, first)
    write_manifest(folder, replace(first, attempt=3))
    assert staged_before(a_note(7), [folder]) == (first,)


@pytest.mark.parametrize("name", NONE)
def test_what_is_no_note_is_none(folder, name):
    folder.create("resume.json", NONE[name])
    assert read_note(folder) is None


def test_a_split_whose_rows_do_not_add_up_is_none(folder):
    write_manifest(folder, a_split(folder, rows_read=6))
    assert staged_before(a_note(7), [folder]) == ()


def test_a_split_that_the_plan_does_not_have_is_none(folder):
    write_manifest(folder, a_split(folder, index=2))
    assert staged_before(a_note(7), [folder]) == ()


def test_a_file_in_another_folder_is_not_taken(folder, tmp_path):
    other = Folder(str(tmp_path / "other"), Endpoints())
    write_manifest(folder, a_split(other))
    assert staged_before(a_note(7), [folder]) == ()


def test_a_note_holds_no_code(folder):
    write_note(folder, a_note(7))
    assert json.loads(folder.whole("resume.json"))["format"] == 1


def an_event(run_id, status, minute, **more):
    event = {
        "run_id": run_id,
        "status": status,
        "seq": {"running": 0, "publishing": 1}.get(status, 2),
        "event_time": datetime(2025, 7, 1, 12, minute, tzinfo=UTC),
        "plan_fingerprint": "0f",
        "window_end": "2025",
        "staging_folder": "/t/r",
        "publish_job": None,
    }
    return event | more


@pytest.mark.parametrize(
    ("events", "left"),
    [
        ([], None),
        ([an_event("a", "running", 1)], "a"),
        ([an_event("a", "publishing", 1)], "a"),
        ([an_event("a", "failed", 1)], "a"),
        ([an_event("a", "abandoned", 1)], "a"),
        ([an_event("a", "abandoned", 1, publish_job="j")], None),
        ([an_event("a", "succeeded", 1)], None),
        ([an_event("a", "checks_failed", 1)], None),
        ([an_event("a", "running", 1), an_event("b", "succeeded", 2)], None),
        ([an_event("a", "running", 1), an_event("b", "running", 2)], "b"),
        ([an_event("a", "running", 1, window_end=None)], None),
        ([an_event("a", "failed", 1), an_event("b", "failed", 2, plan_fingerprint=None)], "a"),
    ],
)
def test_only_the_newest_run_that_had_a_plan_is_gone_on_with(events, left):
    found = newest_left(events)
    assert (found and found["run_id"]) == left
