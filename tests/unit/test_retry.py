"""What of an earlier launch is synced once more: never what is in the table already."""

from datetime import UTC, datetime

import pytest

from auto_schema.errors import ConfigError
from pipeline.runs.batches import began
from pipeline.runs.retry import PastLaunch, merged, retry

ID = "20250722t150000-3f9a0c1d"


def end(status, exit_code=0, seq=2, publish_job=None, window_end="2025-07-22"):
    return {
        "status": status,
        "exit_code": exit_code,
        "seq": seq,
        "publish_job": publish_job,
        "window_end": window_end,
    }


@pytest.mark.parametrize(
    ("row", "again", "word"),
    [
        (None, True, ""),
        (end("succeeded"), False, ""),
        (end("held_back"), False, ""),
        (end("held_back", 9), True, ""),
        (end("failed", 3), True, ""),
        (end("failed", 143), True, ""),
        (end("running", seq=0), True, ""),
        (end("running", seq=0, window_end=None), True, ""),
        (end("publishing", seq=1), True, ""),
        (end("publishing", seq=1, window_end=None), False, "may have been published"),
        (end("abandoned", 6), True, ""),
        (end("abandoned", 6, publish_job="sync_r_publish_1"), False, "published before"),
        (end("published_mismatch", 8), False, "not as many as expected"),
        (end("rolled_back", seq=3), True, ""),
        (end("rolled_back", 8, seq=3, publish_job="sync_r_publish_1"), True, ""),
    ],
    ids=str,
)
def test_each_end_is_synced_once_more_or_told_why_not(row, again, word):
    tables = {"p.d.a": "public.a", "p.d.b": "public.b"}
    ends = {"p.d.b": end("succeeded")} | ({"p.d.a": row} if row else {})
    done = retry(PastLaunch(ID, tables, ends), list(tables), verifies=False)
    assert done.wanted == (frozenset({"p.d.a"}) if again else frozenset())
    assert bool(done.note) is not again
    assert [word in line for line in done.told] == ([True] if word else [])


def test_what_another_run_has_synced_since_is_not_synced_once_more():
    past = PastLaunch(ID, {}, {"p.d.a": end("failed", 3)}, frozenset({"p.d.a"}))
    done = retry(past, ["p.d.a"], verifies=False)
    assert done.wanted == frozenset()
    assert done.told == ("p.d.a is not retried: another run has synced it since",)
    assert done.note == f"nothing to retry: no table of launch {ID} is left to be synced once more"


@pytest.mark.parametrize("row", [None, end("running", seq=0), end("publishing", seq=1)], ids=str)
def test_what_a_launch_at_work_may_still_come_to_is_left_to_it(row):
    tables = {"p.d.a": "public.a", "p.d.b": "public.b"}
    ends = {"p.d.b": end("failed", 3)} | ({"p.d.a": row} if row else {})
    done = retry(PastLaunch(ID, tables, ends, is_at_work=True), list(tables), verifies=False)
    assert done.wanted == {"p.d.b"}
    assert "public.a is not retried: its launch is still at work" in done.told[0]


def test_what_a_launch_may_still_begin_is_left_to_it_and_what_it_has_begun_is_not():
    tables = {"p.d.a": "public.a", "p.d.b": "public.b", "p.d.c": "public.c"}
    ends = {"p.d.b": end("failed", 3), "p.d.c": end("running", seq=0)}
    done = retry(PastLaunch(ID, tables, ends, may_begin=True), list(tables), verifies=False)
    assert done.wanted == {"p.d.b", "p.d.c"}
    assert "public.a is not retried: its launch showed life" in done.told[0]


@pytest.mark.parametrize("more", [{"is_at_work": True}, {"may_begin": True}], ids=str)
def test_where_all_is_left_to_the_launch_it_is_told_to_ask_once_more(more):
    done = retry(PastLaunch(ID, {"p.d.a": "public.a"}, **more), ["p.d.a"], verifies=False)
    assert (done.wanted, len(done.told)) == (frozenset(), 1)
    assert f"launch {ID} may still be at work; ask once more" in done.note


def test_what_another_run_has_published_without_a_good_end_is_not_synced_once_more():
    ends = {"p.d.a": end("failed", 3)}
    past = PastLaunch(ID, {}, ends, published=frozenset({"p.d.a"}))
    done = retry(past, ["p.d.a"], verifies=False)
    assert (done.wanted, len(done.told)) == (frozenset(), 1)
    assert "another run has published its rows since, or may have" in done.told[0]


def test_of_a_launch_that_was_not_written_down_it_is_told_that_tables_may_be_unknown():
    past = PastLaunch(ID, {}, {"p.d.a": end("failed", 3)}, lacks_record=True)
    done = retry(merged([past, PastLaunch(ID)]), ["p.d.a"], verifies=False)
    assert done.wanted == {"p.d.a"}
    assert done.told[0].startswith(f"tables that launch {ID} never came to are not known")


def test_a_launch_without_failures_says_so():
    past = PastLaunch(ID, {"p.d.a": "a"}, {"p.d.a": end("succeeded")})
    note = retry(past, ["p.d.a"], verifies=False).note
    assert note == f"nothing to retry: all 1 tables of launch {ID} succeeded"


@pytest.mark.parametrize(
    ("past", "what"),
    [
        (PastLaunch(ID), "an unknown launch"),
        (PastLaunch(ID, {"p.d.x": "public.x"}), "a launch of other tables"),
        (PastLaunch(ID, {"p.d.a": "public.a"}, verifies=True), "a launch of another kind"),
    ],
)
def test_a_launch_that_can_not_be_meant_is_one_clear_fault(past, what):
    with pytest.raises(ConfigError) as caught:
        retry(past, ["p.d.a"], verifies=False)
    assert (caught.value.what, caught.value.where) == (what, "retry_failed")


def test_what_several_histories_know_is_one_launch():
    one = PastLaunch(ID, {"p.d.a": "a"}, {"p.d.a": end("failed", 3)})
    two = PastLaunch(ID, {"p.e.b": "b"}, {}, frozenset({"p.e.b"}))
    both = merged([one, two])
    assert both.destinations == ("p.d.a", "p.e.b")
    assert retry(both, ["p.d.a", "p.e.b"], verifies=False).wanted == {"p.d.a"}


def test_the_name_of_a_launch_says_when_it_began():
    assert began(ID) == datetime(2025, 7, 22, 15, tzinfo=UTC)
    assert began("20259922t150000-3f9a0c1d") is None
