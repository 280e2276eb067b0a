"""Progress of whole runs, on a real terminal and piped."""

import json
import re

import pytest

from tests.golden.transcripts import on_screen, on_terminal, piped

SLOWLY = """
CREATE FUNCTION slow(int) RETURNS int VOLATILE LANGUAGE sql AS
'SELECT $1 FROM pg_sleep(CASE WHEN $1 % 500 = 0 THEN 0.15 ELSE 0 END)'
"""
LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} (INFO|WARNING) ")
BAR = "━"


@pytest.fixture
def slow(sync, sql):
    """The words of a launch that reads for some seconds, in batches."""
    sql(SLOWLY)
    sql("CREATE TABLE s AS SELECT n AS id FROM generate_series(1, 10000) n")
    sql("ANALYZE s")
    words = sync.argv(
        postgresql_query="SELECT slow(id) AS id FROM s",
        batch_size="500",
        runner=None,
        plan_detail=None,
        write_disposition="WRITE_TRUNCATE",
    )
    return ["main.py", *words]


def test_a_bar_on_a_terminal_never_runs_into_a_line_of_the_log(slow):
    told = on_terminal(slow)
    assert told.code == 0, told.stdout
    stays, shown = on_screen(told.stdout)
    bars = [line for line in shown if BAR in line]
    assert bars, "no bar was seen"
    assert not any(LINE.search(line) for line in bars)
    assert not any(BAR in line for line in stays)
    assert any(re.search(r"^t ━+.* \d+%  [\d,]+ rows  [\d,]+/s  \d+s left", line) for line in bars)
    logged = [line for line in stays if " INFO run_report " in line]
    assert len(logged) == 1
    assert json.loads(logged[0].partition("run_report ")[2])["rows_read"] == 10_000
    assert any(line.startswith("succeeded: 10,000 rows read") for line in stays)


def test_piped_there_are_lines_of_the_log_and_no_sign_that_controls_a_terminal(slow):
    told = piped(slow, {"FORCE_COLOR": "1"})  # as services that build and test set it
    assert told.code == 0, told.stderr
    assert not re.search(r"[\x00-\x09\x0b-\x1f]", told.stdout + told.stderr)
    assert BAR not in told.stderr
    assert told.stderr.count("run_report") == 1


def test_each_of_many_tables_has_its_bar_and_all_have_a_sum(sync, sql):
    sql(SLOWLY)
    for name in ("orders", "lines"):
        sql(f"CREATE TABLE {name} (id int PRIMARY KEY)")
        sql(f"INSERT INTO {name} SELECT generate_series(1, 5000)")
        sql(f"ANALYZE {name}")
    entries = {
        f"public.{name}": {"postgresql_query": f"SELECT slow(id) AS id FROM {name}"}
        for name in ("orders", "lines")
    }
    words = sync.argv(
        tables=json.dumps({"tables": entries}),
        destination_bigquery_table="{table}",
        batch_size="500",
        runner=None,
        plan_detail=None,
        write_disposition="WRITE_TRUNCATE",
        postgresql_query=None,
    )
    told = on_terminal(["main.py", *words])
    stays, shown = on_screen(told.stdout)
    bars = [line for line in shown if BAR in line]
    assert told.code == 0, told.stdout
    for name in ("orders", "lines", r"\d of 2 tables"):
        assert any(re.search(rf"^{name} +━", line) for line in bars), (name, bars[:20])
    assert not any(BAR in line for line in stays)
    assert not any(LINE.search(line) for line in bars)
