"""Local files are loaded into the staging table side by side, and fail as one by one."""

import threading

from tests.fault_rules import Rule, answer, call, hold, job
from tests.outages import SMART, assert_nothing_is_left, assert_whole

ROWS = """
CREATE TABLE s (id int8 PRIMARY KEY, name text, changed timestamptz);
INSERT INTO s SELECT g, 'name ' || g, timestamptz '2024-01-01 00:00+00' + g * interval '1 minute'
FROM generate_series(1, 900) g;
ANALYZE s
"""
FILES = {"num_splits": "3"}
TARGET_FAULT, NO = 5, 403


def test_a_file_does_not_wait_for_the_one_before(sync, sql, faulty):
    """The first one's request is held until the second one's has come."""
    sql(ROWS)
    has_come = threading.Event()
    late = threading.Timer(60, has_come.set)
    late.daemon = True
    late.start()
    faulty.add(
        Rule(hold(has_come), **job("stage_0_1"), times=1),
        Rule(call(lambda _: late.is_alive() and has_come.set()), **job("stage_1_1"), times=1),
    )
    sync.ok(**SMART, **FILES)
    assert late.is_alive(), "they were loaded one after another"
    late.cancel()
    assert_whole(sync, sql)
    assert_nothing_is_left(sync)


def test_one_that_is_refused_ends_the_run_with_its_own_error(sync, sql, faulty):
    sql(ROWS)
    refused = faulty.add(Rule(answer(NO, "accessDenied"), **job("stage_1_1")))
    told = sync(**SMART, **FILES)
    assert told.code == TARGET_FAULT
    assert "_stage_1_1" in told.err
    assert refused.acted == 1
    assert "t" not in sync.tables()
    assert_nothing_is_left(sync)
    faulty.heal()
    sync.ok(**SMART, **FILES)
    assert_whole(sync, sql)
