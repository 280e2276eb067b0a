"""The commands that the documents show, run as they stand, but for what they name.

A `…` stands for the parameters that lead to the test's servers. tests/shown.py says which are run.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from google.cloud import bigquery

from pipeline.cli import main
from pipeline.command.main import main as smart_sync
from pipeline.parameters.docs import ROOT
from tests.blocks import of
from tests.shown import replaced, run_by
from tests.sync import PASSWORD, PROJECT, this_test

RUN = "20250722t150000-3f9a0c1d"
SECRET = "projects/my-project/secrets/pg-password/versions/latest"
ORDERS = """
CREATE TABLE orders (
    id int8 PRIMARY KEY, customer_id int8, channel text DEFAULT 'web', is_test boolean NOT NULL,
    status text, amount numeric(12, 2), fee numeric(12, 2),
    placed_at timestamptz, created_at timestamptz, updated_at timestamptz NOT NULL);
"""
ROWS = """
INSERT INTO orders SELECT n, n % 5, 'web', false, 'placed', 10, 1, t, t, t
FROM (SELECT n, ({first})::timestamptz + n * '{apart}'::interval AS t
      FROM generate_series({begin}, {end}) AS n) AS new
"""
OWN_TABLE = {"docs/history-mode.md": "versions", "docs/repair.md": "loaded"}
"""What wants a destination that no other way of writing has filled."""


def shown_file(kind, first, values):
    """A file that a page shows, with the tests' values in it."""
    (text,) = [block.text for block in of(kind) if block.text.startswith(first)]
    return replaced([text], values)[0]


@pytest.fixture
def values(sync, database, tmp_path, monkeypatch):
    """What the pages name → what there is; the commands run in the test's folder."""
    monkeypatch.chdir(tmp_path)
    place = f"{database.host.replace('/', '%2F')}:{database.port}/{database.database}"
    uri = f"postgresql://{database.user}@{place}"
    return {
        "postgresql://reader@db.example.com:5432/shop?sslmode=verify-full": uri,
        "postgresql://reader@db.example.com:5432/shop": uri,
        "postgresql://reader@db.example.com/shop": uri,
        SECRET: PASSWORD,
        "--postgresql_host=10.0.0.5": f"--postgresql_host={database.host}",
        "--postgresql_database=shop": f"--postgresql_database={database.database}",
        "--postgresql_username=reader": f"--postgresql_username={database.user}",
        "gs://my-bucket/tmp": str(sync.temp),
        "gs://my-project-smart-sync/tmp": str(sync.temp),
        "gs://my-bucket/sql/": f"{tmp_path}/",
        "my-project": PROJECT,
        "bigquery_dataset=shop": f"bigquery_dataset={sync.dataset}",
    }


@pytest.fixture
def run(sync, values, capsys):
    """Runs a command that is shown, with further parameters; what it prints."""

    def call(shown, **more):
        program, words = programs(replaced(shown.words, values))
        is_whole = "…" not in words and program is not None
        words = [word.strip("[]") for word in words if word.strip("[]") not in ("…", "--fail")]
        if any(word.startswith("--postgresql_host=") for word in words):
            more = {"postgresql_port": sync.defaults["postgresql_port"], **more}
        if not is_whole:
            more = {**sync.defaults, "runner": None, **more}
        if words and Path("sync.yaml").exists() and program is None:
            program, words, more = smart_sync, ["run", "--config=sync.yaml", *words], {}
        if any(word.startswith("--source=") for word in words):
            more = {n: t for n, t in more.items() if not n.startswith(("postgresql_", "data_"))}
        said = {word.partition("=")[0] for word in words}
        words += [
            f"--{name}={text}"
            for name, text in more.items()
            if text is not None and f"--{name}" not in said
        ]
        code = (program or main)(words)
        printed = capsys.readouterr()
        assert PASSWORD not in printed.out + printed.err
        assert code == 0, (str(shown.block), words, printed)
        return printed.out

    return call


def programs(words):
    """The program of a command, and its own words; None: they are flags alone."""
    match words:
        case ["smart-sync", *rest]:
            return smart_sync, rest
        case ["python", "main.py", *rest]:
            return main, rest
    return None, list(words)


def widen(sync):
    """The column takes texts of any length from now on."""
    table = sync.table("orders")
    table.schema = [
        bigquery.SchemaField(field.name, field.field_type, field.mode) for field in table.schema
    ]
    sync.client.update_table(table, ["schema"])


def further(shown):
    """What the text around a command of one table says of it, beside its own words."""
    more = {"destination_bigquery_table": OWN_TABLE.get(shown.block.page, "orders")}
    if shown.block.page == "docs/deletes.md":
        more |= {"write_disposition": "WRITE_MERGE", "merge_keys": "id"}
    if shown.text.startswith("--source="):
        more["plan_only"] = "true"
    return more if "…" in shown.words or shown.text.startswith("--") else {}


def test_commands_of_one_table_end_well(sync, sql, values, run):
    sql(ORDERS + ROWS.format(first="'2024-01-05'", apart="30 days", begin=1, end=12))
    sql(ROWS.format(first="'2025-07-01'", apart="2 hours", begin=13, end=30))
    Path("schema.yml").write_text(shown_file("yaml", "models:", values))
    Path("orders.sql").write_text("SELECT * FROM staged")
    sync.defaults |= {
        "enable_smart_sync": "true",
        "source_table_for_schema": "public.orders",
        "keep_snapshots": "7d",
        "plan_detail": None,
    }
    an_hour_ago = "now() - interval '1 hour'"
    for number, shown in enumerate(run_by(this_test()), 100):
        if "--rollback_run=" in shown.text:
            values[RUN] = sync.history()[-1]["run_id"]
        run(shown, **further(shown))
        sql(ROWS.format(first=an_hour_ago, apart="1 second", begin=number, end=number))
    history = sync.history()
    modes = {row["mode"] for row in history}
    assert modes >= {"append", "merge", "backfill_columns", "rollback"}, modes
    assert {row["status"] for row in history} <= {"succeeded", "verified", "rolled_back"}
    assert "_sync_valid_from" in sync.types("versions")
    assert "public.orders" in yaml.safe_load(Path("smart-sync.yaml").read_text())["tables"]


@pytest.fixture
def configured(sync, values):
    """The config file of the page on the command, with the test's servers."""
    (block,) = [one for one in of("yaml") if one.text.startswith("# sync.yaml")]
    told = yaml.safe_load(block.text)["parameters"]
    shared = {n: t for n, t in sync.defaults.items() if n in told or n == "postgresql_port"}
    parameters = {**told, **shared, "destination_bigquery_table": "orders"}
    Path("sync.yaml").write_text(yaml.safe_dump({"parameters": parameters}))


NARROW = "id INT64, status STRING(5), updated_at TIMESTAMP"
STAMPED = "CREATE TABLE orders (id int8 PRIMARY KEY, status text, updated_at timestamptz NOT NULL);"
MONTHS = """
INSERT INTO orders SELECT n, 'paid', '2024-01-05'::timestamptz + n * '1 month'::interval
FROM generate_series(1, 11) AS n;
INSERT INTO orders VALUES (20, 'much too long', '2025-07-02'), (21, 'paid', '2025-09-02')
"""


def test_commands_of_a_config_file_end_well(sync, sql, values, run, configured, monkeypatch):
    monkeypatch.setenv("SMART_SYNC_MAX_DEAD_LETTERS", "10")
    monkeypatch.setenv("SMART_SYNC_KEEP_SNAPSHOTS", "7d")
    sql(STAMPED + MONTHS)
    sync.client.query_and_wait(f"CREATE TABLE {sync.dataset}.orders ({NARROW})")
    env, plan, whole_run, *others = run_by(this_test())
    Path(".env").write_text(env.block.text)
    run(plan)
    run(whole_run)
    for shown in others:
        if shown.words[1] == "replay":
            values[RUN] = sync.history()[-1]["run_id"]
            widen(sync)
        elif shown.words[1] == "rollback":
            sql("INSERT INTO orders VALUES (22, 'paid', '2025-09-03')")
            run(whole_run)
            values[RUN] = sync.history()[-1]["run_id"]
        run(shown)
    assert {row["mode"] for row in sync.history()} >= {"merge", "replay", "rollback"}
    assert sync.rows("COUNT(*)", "orders") == [(13,)]


def test_commands_of_many_tables_end_well(sync, sql, values, run):
    sql(STAMPED + "CREATE SCHEMA sales; CREATE TABLE public.archive (id int8)")
    sql("ALTER TABLE orders ADD COLUMN customer_id int8")
    sql("CREATE TABLE sales.lines (id int8 PRIMARY KEY); CREATE TABLE tmp_x (id int8)")
    sql("INSERT INTO orders VALUES (1, 'paid', '2025-01-01')")
    Path("tables.yaml").write_text(shown_file("yaml", "# tables.yaml\ndefaults:\n  ", values))
    planned, retried = run_by(this_test())
    sync.defaults["destination_bigquery_table"] = None
    assert "public.orders" in run(planned)
    assert sync.tables() == set()
    sql("CREATE TABLE keyless (id int8, updated_at timestamptz NOT NULL)")
    sql("INSERT INTO keyless VALUES (1, now() - interval '1 h')")
    assert sync(tables="tables.yaml").code == 10
    values[RUN] = sync.history()[-1]["batch_id"]
    sql("ALTER TABLE keyless ADD PRIMARY KEY (id)")
    assert "1 of 1 table succeeded" in run(retried)
    assert sync.tables() >= {"orders", "keyless", "sales_lines"}


def test_a_script_reads_the_error_of_a_run(sync, configured, target, tmp_path):
    (shown,) = run_by(this_test())
    stub = tmp_path / "smart-sync"
    stub.write_text(f'#!/bin/sh\nexec {sys.executable} -m pipeline.command "$@"\n')
    stub.chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    environ = {**os.environ, **target.environ, "PATH": path, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        ["bash", "-c", shown.block.text],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done
    name, fix = done.stdout.splitlines()
    assert name == "SourceRefusedError", done
    assert fix
