"""What whole plans and runs print, on a terminal and piped: a shop's days, told once.

A story changes one shop step by step, so that many transcripts need one database and few runs.
REWRITE_GOLDEN=1 (`make golden`) writes what was printed into tests/golden/transcripts.
"""

import contextlib
import difflib
import json
import os
from pathlib import Path

import psycopg2
import pytest
from google.cloud import bigquery

from scheduler.job import job_of
from tests.golden.transcripts import HERE, OF_RUNS, OF_STATUS, piped, transcript
from tests.scheduler.conftest import LOCATION, a_schedule
from tests.scheduler.stand_in import Scheduler, rest
from tests.shop import CONFIG, change, orders, payment
from tests.sync import PROJECT

SHOP = "shop"
"""The database and the dataset: names of one length, which tables on a terminal are cut by."""
ORDERS = orders(1200, "hour", "text NOT NULL")
NARROW = "id INT64, customer STRING(5), total NUMERIC, created_at TIMESTAMP, updated_at TIMESTAMP"
LAST = 204
"""Of the orders that are paid."""


class Shop:
    """A database, a dataset and a folder with a config file, and what was printed of them.

    Attributes:
        environ: of each command.
        differing: by name, how transcripts differ from their files.
    """

    def __init__(self, run_sql, client, environ, folder):
        self._run_sql, self._client = run_sql, client
        self.folder, self.environ, self.differing = folder, dict(environ), {}

    def sql(self, *statements):
        """Change the source, whose statistics are then those of what it holds."""
        change(self._run_sql, *statements)

    def ask(self, sql):
        """Rows of the dataset."""
        return [tuple(row) for row in self._client.query_and_wait(sql)]

    def forget(self):
        """The destination is as it was before the first run."""
        self._client.delete_dataset(SHOP, delete_contents=True, not_found_ok=True)
        self._client.create_dataset(f"{PROJECT}.{SHOP}")
        return ()

    def saved(self):
        """A plan of a first run lies in a file."""
        self.forget()
        self.quietly("plan", "--save=orders.plan")
        return ()

    def widen(self):
        """The customer's column takes texts of any length from now on."""
        table = self._client.get_table(f"{PROJECT}.{SHOP}.orders")
        table.schema = [
            bigquery.SchemaField(field.name, field.field_type, field.mode) for field in table.schema
        ]
        self._client.update_table(table, ["schema"])

    def quietly(self, *words, code=0):
        """Run a command of which no transcript is kept; what it printed as JSON."""
        done = piped(["smart-sync", *words, "--json", CONFIGURED], self.environ, self.folder)
        assert done.code == code, done
        return json.loads(done.stdout)

    def shown(self, name, *words, before=tuple, code=0, masks=OF_RUNS):
        """Run a command on a terminal and piped, and compare with the file of this name."""
        words = ["smart-sync", *words, *[CONFIGURED] * (words[0] != "schedules")]
        text = transcript(words, self.environ, self.folder, masks, before)
        file = HERE / f"{name}.txt"
        if os.environ.get("REWRITE_GOLDEN") == "1":
            file.write_text(text, encoding="utf-8")
        old, new = file.read_text(encoding="utf-8").splitlines(), text.splitlines()
        if old != new or new[1] != f"exit code {code}":
            self.differing[name] = "\n".join(difflib.unified_diff(old, new, f"{name}.txt", new[1]))
        return text


CONFIGURED = "--config=sync.yaml"
ALONE = "--max_tables_at_once=1"
"""One after the other: their lines stand in one order."""


@pytest.fixture
def shop(postgresql, client, target, tmp_path):
    """An empty shop of a name that is always the same."""
    with contextlib.closing(psycopg2.connect(postgresql.dsn)) as admin:
        admin.autocommit = True
        admin.cursor().execute(f"CREATE DATABASE {SHOP}")
        dsn = postgresql.dsn.replace(f"dbname={postgresql.database}", f"dbname={SHOP}")
        with contextlib.closing(psycopg2.connect(dsn)) as connection:
            connection.autocommit = True
            made = Shop(connection.cursor().execute, client, target.environ, tmp_path)
            made.forget()
            source = f"postgresql://{postgresql.user}@127.0.0.1:{postgresql.port}/shop"
            config = CONFIG.format(source=source, temp="temp")
            Path(tmp_path, "sync.yaml").write_text(config, encoding="utf-8")
            yield made
        admin.cursor().execute(f"DROP DATABASE {SHOP} WITH (FORCE)")
    client.delete_dataset(SHOP, delete_contents=True, not_found_ok=True)


def test_of_one_table_each_command_prints_what_its_file_says(shop):
    shop.sql(ORDERS)
    shop.shown("plan_first", "plan")
    shop.shown("plan_full", "plan", "--plan_detail=full")
    shop.shown("run_first", "run", before=shop.forget)
    shop.sql(payment("09:15", LAST))
    shop.shown("plan_merging", "plan")
    shop.shown("plan_json", "plan", "--json")
    hours = iter(range(10, 24))

    def paid():
        shop.sql(payment(f"{next(hours)}:15", LAST))
        return ()

    shop.shown("run_merging", "run", before=paid)
    shop.shown("run_quiet", "run", "--quiet")
    shop.shown("run_verbose", "run", "--verbose")
    masks = OF_RUNS | {r"run_report \{.*\}(?=\", \"logger\")": "run_report {…}"}
    shop.shown("run_log_json", "run", "--log_format=json", masks=masks)
    shop.shown("run_nothing_new_json", "run", "--json")
    day = ["--verify_start=2025-07-01", "--verify_end=2025-07-21"]
    shop.shown("verify", "verify", *day)
    shop.ask(f"DELETE FROM {SHOP}.orders WHERE id = 300")
    shop.shown("verify_differs", "verify", *day, code=8)
    shop.shown("verify_json", "verify", "--json", *day, code=8)
    tables = iter("abab")

    def elsewhere():
        return [f"--destination_bigquery_table=orders_{next(tables)}"]

    slices = ["--sync_start=2025-07-05", "--sync_end=2025-07-07", "--backfill_by=day"]
    shop.shown("backfill_plan", "backfill", *slices, "--plan-only")
    shop.shown("backfill", "backfill", *slices, ALONE, before=elsewhere)
    one = ["--sync_start=2025-07-06", *slices[1:]]
    shop.shown("backfill_json", "backfill", *one, "--json", before=elsewhere)
    assert not shop.differing, "\n".join(shop.differing.values())


def test_what_is_repaired_afterwards_prints_what_its_file_says(shop):
    shop.sql(ORDERS)
    shop.ask(f"CREATE TABLE {SHOP}.orders ({NARROW})")
    shop.sql("UPDATE orders SET customer = 'much too long' WHERE id = 1")
    run = shop.quietly("run", "--max_dead_letters=5")["run_id"]
    shop.shown("replay_still_dead", "replay", run, code=7)
    shop.shown("replay_json", "replay", run, "--json", code=7)
    shop.widen()
    shop.shown("replay", "replay", run)
    undone = []

    def newest():
        """A run that can be undone."""
        shop.sql(payment(f"{10 + len(undone)}:15", LAST))
        undone.append(shop.quietly("run", "--keep_snapshots=true")["run_id"])
        return undone[-1:]

    shop.shown("rollback", "rollback", before=newest)
    shop.shown("rollback_json", "rollback", "--json", before=newest)
    shop.sql("INSERT INTO orders VALUES (6000, 'c', 1, 'infinity', '2025-07-22 20:00+00')")
    shop.shown("run_dead_letters", "run", code=7)
    shop.shown("run_dead_letters_json", "run", "--json", code=7)
    shop.shown("status_failed", "status", masks=OF_STATUS | OF_RUNS)
    paused = ["run", "--pause_after_failures=3"]
    shop.shown("run_paused", *paused, code=12)
    shop.shown("run_paused_json", *paused, "--json", code=12)
    shop.shown("report", "report")
    shop.shown("report_json", "report", "--json")
    shop.shown("status_json", "status", "--json", masks=OF_STATUS | OF_RUNS)
    with rest(Scheduler()) as scheduler:
        scheduler.put(job_of(a_schedule(parameters={"destination_bigquery_project": PROJECT})))
        shop.environ |= {
            "CLOUD_SCHEDULER_EMULATOR_HOST": scheduler.address,
            "GOOGLE_CLOUD_PROJECT": "my-project",
        }
        status = ["schedules", "status", f"--location={LOCATION}"]
        masks = (
            OF_STATUS
            | OF_RUNS
            | {
                r"\d\d-\d\d \d\d:\d\d": "DATE, TIME",
                r"\b\d+  \d+ d (?:\d+ h|AGE)": "N  LAG",
                r"(data lag) +(?=\x1b)": r"\1 ",  # as wide as its hours have digits
            }
        )
        shop.shown("schedules_status", *status, masks=masks, code=1)
        shop.shown("schedules_status_json", *status, "--json", masks=masks, code=1)
    assert not shop.differing, "\n".join(shop.differing.values())


MANY = """
defaults: {enable_smart_sync: true, write_disposition: WRITE_MERGE, merge_keys: auto}
tables:
  public.*: {}
  public.orders: {partition_field: created_at}
"""
OTHERS = """
CREATE TABLE customers (id int4 PRIMARY KEY, name text, updated_at timestamptz);
INSERT INTO customers SELECT n, 'c' || n, '2025-07-01 09:00' FROM generate_series(1, 97) AS n;
CREATE TABLE lines (order_id int8, line int2, article text, updated_at timestamptz,
  PRIMARY KEY (order_id, line));
INSERT INTO lines SELECT n / 3, n % 3, 'a' || n % 7, '2025-07-02 09:00'
FROM generate_series(1, 3600) AS n;
"""


def test_of_many_tables_plan_and_run_print_what_their_files_say(shop):
    shop.sql(ORDERS, OTHERS)
    of_one = (
        "source_table",
        "partition_field",
        "write_",
        "merge_keys",
        "destination_bigquery_table",
    )
    config = shop.folder / "sync.yaml"
    lines = config.read_text().splitlines()
    kept = [line for line in lines if not line.strip().startswith((*of_one, "enable_smart"))]
    config.write_text("\n".join(kept) + MANY)
    shop.shown("plan_many_first", "plan")
    shop.shown("run_many_first", "run", ALONE, before=shop.forget)
    shop.sql(payment("09:15", LAST))
    shop.shown("plan_many", "plan")
    shop.sql("INSERT INTO orders VALUES (7000, 'c', 1, 'infinity', '2025-07-22 20:00+00')")
    shop.shown("run_many_failed", "run", ALONE, code=10)
    assert not shop.differing, "\n".join(shop.differing.values())


def test_a_plan_that_no_longer_holds_and_servers_that_are_gone_print_what_their_files_say(shop):
    shop.sql(ORDERS)
    shop.shown("plan_saved", "plan", "--save=orders.plan")
    shop.sql("ALTER TABLE orders ADD COLUMN note text")
    shop.shown("plan_moved", "run", "--plan=orders.plan", code=2)
    shop.shown("plan_moved_json", "run", "--plan=orders.plan", "--json", code=2)
    shop.shown("run_saved", "run", "--plan=orders.plan", before=shop.saved)
    shop.shown("no_source", "run", "--source=postgresql://postgres@127.0.0.1:1/shop", code=3)
    shop.shown("no_dataset", "run", "--destination_bigquery_dataset=shopp", code=5)
    shop.shown("no_dataset_json", "run", "--destination_bigquery_dataset=shopp", "--json", code=5)
    assert not shop.differing, "\n".join(shop.differing.values())
