"""`make peers` judges rightly: what ways lose, double and change is seen, and nothing else.

Each is a script that copies a table from one database of a real PostgreSQL into another.
"""

import contextlib
import sys
from dataclasses import dataclass

import psycopg2
import pytest

from bench.losses import scenarios
from bench.losses.lab import lab_of, rows_of
from bench.losses.page import cell
from demo.servers import BigQueryServer

BEGIN = """
import sys, psycopg2
source, target, table = sys.argv[1:]
read, write = psycopg2.connect(source).cursor(), psycopg2.connect(target)
into = write.cursor()
read.execute(f"SELECT * FROM {table}")
kinds = {23: "int", 1700: "numeric", 1184: "timestamptz"}
columns = [(one.name, kinds.get(one.type_code, "text")) for one in read.description]
names = ", ".join(name for name, _ in columns)
into.execute(f"CREATE TABLE IF NOT EXISTS {table} ({', '.join(map(' '.join, columns))})")
values = ", ".join(["%s"] * len(columns))
put = f"INSERT INTO {table} ({names}) VALUES ({values})"
"""
CAREFUL = """
into.execute(f"TRUNCATE {table}")
into.executemany(put, read.fetchall())
write.commit()
"""
APPENDING = """
into.execute(f"SELECT max(updated_at) FROM {table}")
(newest,) = into.fetchone()
read.execute(f"SELECT * FROM {table} WHERE updated_at > coalesce(%s::timestamptz, '-infinity')"
             " ORDER BY updated_at DESC", (newest,))
for row in read.fetchall():
    into.execute(put, row)
    write.commit()
"""
BY_DOUBLES = """
into.execute(f"TRUNCATE {table}")
rows = read.fetchall()
into.executemany(put, [(i, n, float(v) if str(v)[0].isdigit() else v, u) for i, n, v, u in rows])
write.commit()
"""


@dataclass(frozen=True)
class Script:
    name: str
    body: str
    puts_aside: int = 0

    def commands(self, case, places):
        uris = places.uri(places.source), places.uri(places.target)
        return [[sys.executable, "-c", BEGIN + self.body, *uris, case.table]]

    def environ(self, places):
        return {}

    def rows(self, case, lab):
        return rows_of(lab, lab.places.target, "public", case.table)

    def told(self, case, lab):
        return self.puts_aside


@pytest.fixture
def outcome(postgresql, tmp_path, monkeypatch):
    monkeypatch.setattr(scenarios, "MARGIN_S", 0)
    nowhere = BigQueryServer("http://127.0.0.1:9", "", tmp_path)

    def of(body, scenario, puts_aside=0):
        tool = Script(f"script_{scenario}", body, puts_aside)
        with lab_of(tool, postgresql, nowhere, tmp_path) as lab:
            return scenarios.SCENARIOS[scenario](lab, scenario)

    return of


@pytest.mark.parametrize(
    "scenario", ["plain", "late_commit", "equal_stamp", "killed", "null_cursor", "digits"]
)
def test_a_way_that_copies_all_in_one_transaction_is_right(outcome, scenario):
    assert cell(outcome(CAREFUL, scenario)) == "right"


@pytest.mark.parametrize(
    ("scenario", "told"),
    [
        ("plain", "**doubled 1**"),
        ("late_commit", "**lost 1**"),
        ("equal_stamp", "**lost 1**"),
        ("deleted", "**2 left behind**"),
        ("null_cursor", "**lost 2**"),
        ("renamed", "stopped aloud"),
    ],
)
def test_what_an_appending_way_loses_and_doubles_is_seen(outcome, scenario, told):
    assert cell(outcome(APPENDING, scenario)) == told


def test_a_way_that_is_killed_between_its_rows_is_seen_to_lose_a_change(outcome, monkeypatch):
    monkeypatch.setattr(scenarios, "STEPS", 16)  # at nearly each thing that it says
    judged = outcome(APPENDING, "killed")
    assert judged["stale"] > 0
    killed = judged["codes"].count(-9)
    assert killed >= scenarios.STEPS - 2, "what has said its last word may end by itself"


def test_a_way_by_doubles_is_seen_to_change_digits(outcome):
    judged = outcome(BY_DOUBLES, "digits")
    assert (cell(judged), judged["columns"]) == ("**changed 1**", ["value"])


def test_a_lost_row_that_the_way_tells_of_is_put_aside(outcome):
    assert cell(outcome(APPENDING, "equal_stamp", puts_aside=1)) == "put aside 1, and told"


def test_the_databases_are_gone_afterwards(outcome, postgresql):
    outcome(CAREFUL, "plain")
    with contextlib.closing(psycopg2.connect(postgresql.dsn)) as connection:
        cursor = connection.cursor()
        cursor.execute("SELECT count(*) FROM pg_database WHERE datname LIKE '%script%'")
        assert cursor.fetchone() == (0,)
