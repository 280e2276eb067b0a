"""What is counted of runs at work, and when a line of it is logged."""

import logging

import pytest
from rich.progress import Progress

from pipeline.execution import told_rows
from pipeline.execution.told_rows import PROGRESS, ToldRows
from pipeline.launch import progress as shown
from pipeline.launch.bar import _Bars
from pipeline.launch.progress import line_of, progress
from pipeline.launch.row_counter import Board
from sources.values import Evidence
from tests.factories import a_plan

ESTIMATE = 1_000


@pytest.fixture
def clock(monkeypatch):
    """Seconds that a test moves."""
    now = [100.0]
    for module in ("pipeline.launch.row_counter", "pipeline.execution.told_rows"):
        monkeypatch.setattr(f"{module}.time.monotonic", lambda: now[0])
    return now


def a_board(tables=1, doubt="", noun="tables"):
    evidence = Evidence(estimated_rows=ESTIMATE, estimate_doubt=doubt)
    plan = a_plan(evidence=evidence)
    board = Board(tables, noun)
    board.begin(plan)
    return board, plan.run.run_id


def tell(board, run_id, rows, end="", split=0):
    args = (run_id, split, 0, rows, end)
    board.handle(logging.LogRecord("x", logging.DEBUG, "", 0, told_rows.LINE, args, None))


def test_rows_rate_share_and_the_time_that_is_left(clock):
    board, run_id = a_board()
    clock[0] += 10
    tell(board, run_id, 200)
    tell(board, run_id, 250)  # of the split, not more of it
    (one,) = board.at_work.values()
    assert (board.rows, board.rate, one.share, one.left_s) == (250, 25, 0.25, 30)
    assert line_of(board) == "read 250 rows, 25 rows/s of orders, 25%, 31s left"
    tell(board, run_id, 2_000)  # more than was expected: not done before its reader says so
    assert one.share == 0.99
    tell(board, run_id, 2_000, told_rows.ALL)
    assert (one.share, one.left_s) == (1.0, None)
    assert line_of(board).endswith(" of orders, publishing")


def test_no_share_is_told_where_the_size_is_not_known(clock):
    board, run_id = a_board(doubt="never analyzed")
    clock[0] += 10
    tell(board, run_id, 500)
    assert line_of(board) == "read 500 rows, 50 rows/s of orders"


def test_of_many_tables_rows_are_summed_with_those_that_have_ended(clock):
    board, run_id = a_board(tables=3)
    clock[0] += 10
    tell(board, run_id, 400)
    board.end(run_id)
    tell(board, run_id, 900)  # of a run that is over
    other = a_plan(evidence=Evidence(estimated_rows=ESTIMATE))
    board.begin(other, "lines")
    tell(board, other.run.run_id, 100)
    assert line_of(board) == (
        "read 500 rows, 50 rows/s; 1 of 3 tables have ended, at work: lines 10%"
    )


def test_slices_of_a_backfill_are_called_so(clock):
    board, _ = a_board(2, noun="slices")
    clock[0] += 10
    assert "; 0 of 2 slices have ended, at work: orders" in line_of(board)
    drawn = Progress(disable=True)
    _Bars(2, "slices", drawn).show()
    assert [task.description for task in drawn.tasks] == ["0 of 2 slices"]


def test_a_line_comes_soon_and_then_now_and_then(clock, caplog, monkeypatch):
    monkeypatch.setattr(shown.sys.stderr, "isatty", lambda: False)
    logging.getLogger("smart_sync").setLevel(logging.INFO)
    plan = a_plan(evidence=Evidence(estimated_rows=ESTIMATE))
    with progress() as board:
        board.begin(plan)
        told = ToldRows(plan.run.run_id, 0, 0)
        for second in range(1, 70):
            clock[0] += 1
            told.batch(second)
        told.end(69)
    lines = [text for text in caplog.messages if text.startswith("read ")]
    assert [line.split()[1] for line in lines] == ["5", "35", "65"]
    assert not PROGRESS.handlers


def test_nothing_is_shown_where_the_log_is_silent(clock, caplog, monkeypatch):
    logger = logging.getLogger("smart_sync")
    monkeypatch.setattr(logger, "level", logging.WARNING)
    logger.manager._clear_cache()
    with progress() as board:
        board.begin(a_plan())
        assert type(board) is Board
        assert not PROGRESS.handlers
    monkeypatch.undo()
    logger.manager._clear_cache()
    assert caplog.messages == []


def test_without_anybody_who_shows_it_a_split_is_told_every_half_minute(clock, caplog):
    logging.getLogger("smart_sync").setLevel(logging.INFO)
    told, brief = ToldRows("r", 3, 1), ToldRows("r", 4, 0)
    for second in range(1, 66):
        clock[0] += 1
        told.batch(second)
    told.end(65)
    brief.end(7)
    assert caplog.messages == [
        "run=r split=3 attempt=1 rows=30",
        "run=r split=3 attempt=1 rows=60",
        "run=r split=3 attempt=1 rows=65 done",
    ]
