"""Schedules of a file of tables: what is sent, what is checked before, what a launch does."""

import dataclasses
import json

import pytest

from pipeline.tables.place import is_text
from scheduler.cloud_run import arguments
from scheduler.files import read_schedules
from scheduler.job import schedule_of
from scheduler.schedule import MAX_ARGUMENT_BYTES
from scheduler.tables import told
from tests.scheduler.conftest import LOCATION, PARAMETERS, a_run, a_schedule, words_of
from tests.sync import PROJECT

AT = f"--location={LOCATION}"
TEXT = "# all of them\ntables:\n  public.*: {tags: [hourly]}\n"
BUCKET = "gs://my-bucket/tables.yaml"
OF_ONE = ("source_table_for_schema", "destination_bigquery_table")


def of_many(tables, name="shop", **parameters):
    """A schedule of a file, whose executions run on Cloud Run."""
    given = PARAMETERS | parameters | {"tables": tables}
    kept = {key: text for key, text in given.items() if key not in OF_ONE and text is not None}
    return dataclasses.replace(a_run(name), parameters=kept)


@pytest.fixture
def create(command, tmp_path):
    """Run `create` for a file of this text."""

    def run(text, *words, **parameters):
        path = tmp_path / "tables.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        schedule = of_many("gs://replaced", **parameters)
        return command("create", *words_of(schedule), f"--tables={path}", "-y", *words)

    return run


def test_the_text_of_a_file_travels_in_the_launch(create, scheduler):
    done = create(TEXT)
    assert (done.code, done.err) == (0, "")
    assert schedule_of(scheduler.job("shop")).parameters["tables"] == TEXT
    assert f"--tables={TEXT}" in arguments(schedule_of(scheduler.job("shop")))


def test_a_text_without_a_line_end_is_still_known_as_one(create, scheduler):
    assert create("tables:{}").code == 2  # no YAML of tables, but read as one
    assert create('{"tables": {"public.*": {}}}').code == 0
    assert is_text(schedule_of(scheduler.job("shop")).parameters["tables"])


def test_dataflow_launches_a_file_too(command, scheduler):
    schedule = dataclasses.replace(a_schedule("shop"), parameters=of_many(TEXT).parameters)
    assert command("create", *words_of(schedule), "-y").code == 0
    assert schedule_of(scheduler.job("shop")) == schedule


def test_a_file_in_a_bucket_is_named_and_not_read(command, scheduler):
    assert command("create", *words_of(of_many(BUCKET)), "-y").code == 0
    assert schedule_of(scheduler.job("shop")) == of_many(BUCKET)
    done = command("list", AT)
    assert "tables of" in done.out


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("tables: {public.*: {merge_key: id}}", "did you mean merge_keys?"),
        ("tables:\n  public.*: {runner: x}", "tables, line 2, column 14"),
        ("tables: {", "tables, line 2"),
        (
            "parameters: {max_retries: 5}\ntables: {public.*: }",
            "parameters of the launch in its file of tables (schedule shop: tables, line 1,",
        ),
        ("other: 1", "unknown key (schedule shop: tables, line 1, column 1)"),
        (b"\xff", "file can't be read"),
        ("#" * (1 << 20) + "\n", "more than 1,048,576 bytes"),
        (TEXT + "#" * MAX_ARGUMENT_BYTES, "put the file into a bucket"),
    ],
    ids=["key", "of-the-launch", "yaml", "parameters", "top", "bytes", "largest", "argument"],
)
def test_a_file_that_is_wrong_is_told_before_anything_is_sent(create, scheduler, text, says):
    done = create(text)
    assert (done.code, says in done.err) == (2, True), done.err
    assert scheduler.calls == []


def test_the_largest_file_that_is_taken_fits_a_word_of_a_command_line(create, scheduler):
    room = MAX_ARGUMENT_BYTES - len(f"--tables={TEXT}") - 1
    assert create(TEXT + "#" * room).code == 0
    word = max(arguments(schedule_of(scheduler.job("shop"))), key=len)
    assert len(word.encode()) == MAX_ARGUMENT_BYTES


def test_all_that_is_wrong_with_launch_and_file_is_told_at_once(create):
    done = create("tables: {a: {x: 1}}", source_table_for_schema=None, postgresql_port="x")
    assert done.code == 2
    for part in ("unknown key (", "postgresql_port", "1. ", "2. "):
        assert part in done.err


def test_a_path_of_this_machine_is_no_parameter(command, scheduler):
    done = command("create", *words_of(of_many("tables.yaml")), "-y")
    assert (done.code, "give --tables=FILE" in done.err) == (2, True), done.err


PATHS = ("checks: schema.yml", "transform_sql: a.sql", "transformation_config: masks.json")


@pytest.mark.parametrize("said", PATHS)
def test_a_path_of_this_machine_is_none_where_the_sync_runs(create, scheduler, said):
    done = create(f"defaults: {{{said}}}\ntables: {{public.a: , public.b: }}\n")
    assert (done.code, scheduler.calls) == (2, [])
    name = said.partition(":")[0]
    assert "a local path (schedule shop: tables, line 1, column " in done.err
    assert done.err.count(f", {name})") == 1
    there = said.replace(": ", ": gs://b/")
    assert create(f"defaults: {{{there}}}\ntables: {{public.a: }}\n").code == 0


def test_the_run_history_of_all_tables_has_one_place(command, scheduler):
    none = {"destination_bigquery_dataset": None}
    done = command("create", *words_of(of_many(TEXT, **none)), "-y")
    assert (done.code, "run_history_table=DATASET.TABLE" in done.err) == (2, True)
    there = of_many(TEXT, **none, run_history_table="ops.sync_runs")
    assert command("create", *words_of(there), "-y").code == 0


def test_update_takes_another_file_and_says_so_in_a_line(command, scheduler, tmp_path):
    command("create", *words_of(of_many(TEXT)), "-y")
    path = tmp_path / "other.yaml"
    path.write_text(TEXT + "exclude: [public.tmp_*]\n")
    done = command("update", "shop", f"--tables={path}", AT, "-y")
    assert done.code == 0
    flat = " ".join(done.out.split())
    assert f"parameters.tables: {told(TEXT)} → {told(path.read_text())}" in flat
    assert schedule_of(scheduler.job("shop")).parameters["tables"] == path.read_text()


def test_a_file_of_schedules_names_its_file_of_tables_beside_it(tmp_path):
    parameters = {name: PARAMETERS[name] for name in PARAMETERS if name not in OF_ONE}
    entry = {"cron": "hourly", "tables": "all.yaml"}
    defaults = {
        "project": "my-project",
        "region": LOCATION,
        "host": "cloud_run",
        "template": "gs://b/of-others.json",
        "service_account": "s@my-project.iam.gserviceaccount.com",
        "environment": {"temp_location": "gs://b/tmp"},
        "parameters": parameters,
    }
    bucket = entry | {"tables": BUCKET, "run_job": "other"}
    whole = {"defaults": defaults, "schedules": {"here": entry, "there": bucket}}
    (tmp_path / "all.yaml").write_text(TEXT)
    (tmp_path / "schedules.yaml").write_text(json.dumps(whole))
    here, there = read_schedules(tmp_path / "schedules.yaml")
    assert (here.parameters["tables"], here.run_job) == (TEXT, "smart-sync")
    assert (there.parameters["tables"], there.run_job, there.template) == (BUCKET, "other", "")


def test_a_file_that_no_run_after_the_first_can_use_is_refused_with_its_places(create, scheduler):
    text = """
defaults: {enable_smart_sync: true, sync_start: 2025-01-01}
tables:
  public.*: {sync_end: 2025-02-01}
  public.orders: {write_disposition: WRITE_EMPTY}
  public.lines: {write_disposition: WRITE_EMPTY, delete_existing_table: true}
"""
    done = create(text, plan_only="true")
    assert (done.code, scheduler.calls) == (2, [])
    told = [line for line in done.err.splitlines()[:-1] if "for one launch only" in line]
    places = [line.split("(")[1].split(")")[0].split("; ") for line in told]
    assert places == [
        ["schedule shop: plan_only"],
        [  # by the one reason and with the one mend
            "schedule shop: tables, line 2, column 49, sync_start",
            "schedule shop: tables, line 4, column 24, sync_end",
        ],
        ["schedule shop: tables, line 5, column 38, write_disposition"],
    ]


def test_what_cloud_run_is_asked_for_is_a_launch_that_syncs(create, scheduler, sync, sql):
    """The very words of the job's body, given to main as Cloud Run gives them."""
    sql("CREATE TABLE orders (id int8 PRIMARY KEY, updated_at timestamptz)")
    sql("INSERT INTO orders VALUES (1, '2024-05-01'), (2, '2024-05-02')")
    given_here = {*OF_ONE, "temp_location", "runner"}
    own = {name: text for name, text in sync.defaults.items() if name not in given_here}
    done = create(TEXT, "--allow-plain-secrets", **own)
    assert done.code == 0, done.err
    args = arguments(schedule_of(scheduler.job("shop")))
    at = [word for word in args if not word.startswith("--temp_location=")]
    place = f"--temp_location={sync.defaults['temp_location']}"  # no bucket of this test
    sync.ok(*at, place, **dict.fromkeys(sync.defaults))
    assert len(sync.rows("id", "orders")) == 2
    sql_text = f"SELECT job_name, tables FROM `{PROJECT}.{sync.dataset}.sync_batches`"
    (row,) = sync.client.query_and_wait(sql_text)
    assert (row["job_name"], list(json.loads(row["tables"]))) == (
        "shop",
        [f"{PROJECT}.{sync.dataset}.orders"],
    )
