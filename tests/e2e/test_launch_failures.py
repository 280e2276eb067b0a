"""A launch that fails: its exit code, and last in its output one line that says it all.

main.py runs as the Flex launcher runs it, which shows the tail of both streams. What needs
no process of its own is run in this one.
"""

import signal
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest

from auto_schema.errors import ConfigError, ManyErrors, TargetError
from demo.servers import free_port
from pipeline.runs.lock import Lock
from tests.fault_proxy import fault_proxy
from tests.fault_rules import Rule, answer, job
from tests.launcher import Launch, Launcher
from tests.processes import Gate
from tests.secret_manager import secret_manager
from tests.sync import PASSWORD, PROJECT
from warehouse.names import TableRef

LONGEST_LINE = 1_000
NAME = "projects/demo-project/secrets/pg/versions/7"
AT_ONCE = {"max_retries": "0"}
HOLDER = "20250101t100000-aaaaaaaa"


@pytest.fixture
def launch(sync, sql, tmp_path, bucket, monkeypatch) -> Iterator[Launcher]:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", bucket)
    sql("CREATE TABLE orders (id int8, updated_at timestamptz)")
    sql("INSERT INTO orders VALUES (1, '2024-05-01')")
    folder = tmp_path / "launch"
    folder.mkdir()
    launcher = Launcher(sync, folder, bucket)
    yield launcher
    for process in launcher.begun:
        process.kill()
        process.communicate()


def failed(launch: Launch, code: int, *words: str) -> None:
    """The exit code, and one line last that says what, where, why and how to mend."""
    assert launch.code == code, launch.output
    assert launch.last.startswith("smart-sync: "), launch.output
    assert [word for word in words if word not in launch.last] == [], launch.output
    assert "To mend: " in launch.last
    assert len(launch.last) <= LONGEST_LINE
    assert "Traceback" not in launch.output


def assert_untouched(launcher: Launcher) -> None:
    """Neither a table nor a lock nor a staged file."""
    assert launcher.sync.tables() == set()
    assert launcher.staged() == []


def assert_ended(launcher: Launcher, code: int) -> None:
    """The run's last event says `failed`, and the next run finds the lock free."""
    sync = launcher.sync
    assert [(run["status"], run["exit_code"]) for run in sync.history()] == [("failed", code)]
    assert sync.table("_sync_lock_t").labels["state"] == "released"
    assert "t" not in sync.tables()


def test_many_faults_are_told_line_by_line_and_named_in_the_last_line(launch):
    told = launch(
        "--postgresql_pasword=hunter2",
        postgresql_port="a",
        smart_sync_margin="10",
        destination_bigquery_table=None,
        num_workers="many",
    )
    named = ("(postgresql_port)", "(smart_sync_margin)", "(destination_bigquery_table)")
    failed(told, 2, "5 faults", *named, "(--postgresql_pasword)", "(--num_workers)")
    for number in range(1, 6):
        assert f"\n{number}. " in f"\n{told.output}"
    assert "hunter2" not in told.output
    assert_untouched(launch)


def test_an_error_on_one_line_is_cut_in_its_reason_and_never_in_its_mend():
    line = TargetError("no", "here", "so many\nwords " * 200, "do\nthis.").line
    assert line.startswith("TargetError: no (here): so many words")
    assert line.endswith("…. To mend: do this.")
    assert len(line) < LONGEST_LINE
    many = ManyErrors([ConfigError("bad", f"--flag_{i}", f"{i}", "x.") for i in range(200)]).line
    assert many.startswith("ConfigError: 200 faults: bad (--flag_0); bad (--flag_1);")
    assert " more. To mend: " in many
    assert len(many) < LONGEST_LINE


BEAM = {
    "a number that is none": ({"num_workers": "many"}, ("--num_workers", "'many'")),
    "too few workers": ({"num_workers": "3", "max_num_workers": "2"}, ("--num_workers", "exceed")),
    "an impossible job name": ({"job_name": "Orders_1"}, ("--job_name", "Orders_1")),
    "a project by number": ({"project": "123"}, ("--project", "project number")),
    "impossible labels": ({"labels": "Team=Data"}, ("--labels, 'Team'", "--labels, 'Data'")),
    "labels that are no JSON": ({"labels": '{"team": '}, ("--labels", "neither")),
    "a runner that is none": ({"runner": "DataflowRuner"}, ("--runner", "DataflowRuner")),
    "Beam's dry run": ({"dry_run": "True"}, ("--dry_run", "--plan_only=true")),
    "Beam's dry run, denied": ({"dry_run": "false"}, ("--dry_run", "--plan_only=true")),
    "unknown flag": ({"max_worker": "3"}, ("--max_worker", "--max_num_workers")),
    "zone and region": ({"worker_zone": "a", "worker_region": "b"}, ("--worker_region",)),
    "no bucket": ({"temp_location": "gs://"}, ("--temp_location",)),
}


@pytest.mark.parametrize("case", BEAM)
def test_what_is_wrong_with_beams_flags_is_told_before_anything_is_touched(launch, case):
    parameters, words = BEAM[case]
    failed(launch.here(**parameters), 2, *words)
    assert_untouched(launch)


def test_what_beam_refuses_only_at_the_launch_ends_the_run_and_names_the_flag(launch, caplog):
    told = launch.here(setup_file=str(launch.folder / "setup.py"))
    failed(told, 2, "--setup_file", "cannot be found")
    assert "Traceback" in caplog.text
    assert_ended(launch, 2)


SOURCES = {
    "a closed port": (
        {"postgresql_host": "127.0.0.1", "postgresql_port": "1"},
        ("127.0.0.1:1", "refused", "postgresql_host and postgresql_port"),
    ),
    "a host without address": (
        {"postgresql_host": "no-such-host.invalid"},
        ("no-such-host.invalid", "could not translate host name", "postgresql_host"),
    ),
    "a missing database": (
        {"postgresql_database": "nowhere"},
        ('database "nowhere" does not exist', "check postgresql_database"),
    ),
    "a missing table": (
        {"source_table_for_schema": "nothing"},
        ("unknown table", "'nothing'", "schema.table"),
    ),
}


@pytest.mark.parametrize("case", SOURCES)
def test_a_source_that_refuses_ends_with_3(launch, case):
    parameters, words = SOURCES[case]
    begin = launch if case == "a closed port" else launch.here
    failed(begin(**parameters), 3, *words)
    assert_untouched(launch)


def test_a_mongodb_that_does_not_answer_ends_with_3_and_shows_no_password(launch):
    others = {name: None for name in launch.sync.defaults if name.startswith("postgresql")}
    there = f"mongodb://reader:{PASSWORD}@127.0.0.1:1/?serverSelectionTimeoutMS=500"
    source = {"data_source": "mongodb", "mongodb_connection_string": there}
    names = {"mongodb_database": "shop", "mongodb_collection": "orders"}
    told = launch.here(**others, **source, **names, source_table_for_schema=None)
    failed(told, 3, "127.0.0.1:1/shop.orders", "refused", "mongodb_connection_string")
    assert_untouched(launch)


@pytest.mark.parametrize(("status", "word"), [(404, "NotFound"), (403, "Forbidden")])
def test_a_secret_that_is_not_handed_out_ends_with_3_and_names_the_role(
    launch, monkeypatch, status, word
):
    with secret_manager({}) as upstream, fault_proxy(upstream) as proxy:
        proxy.add(Rule(answer(status, "no")))
        monkeypatch.setenv("SECRET_MANAGER_EMULATOR_HOST", proxy.url)
        begin = launch if status == 404 else launch.here
        told = begin(postgresql_password=NAME)
    failed(told, 3, NAME, word, "roles/secretmanager.secretAccessor")
    assert_untouched(launch)


@pytest.mark.parametrize("broken", [True, False], ids=["answers 503", "port closed"])
def test_a_secret_manager_that_does_not_answer_is_unreachable_and_no_bug(
    launch, monkeypatch, hasty, broken
):
    with secret_manager({}) as upstream, fault_proxy(upstream) as proxy:
        proxy.add(Rule(answer(503)))
        there = proxy.url if broken else f"http://127.0.0.1:{free_port()}"
        monkeypatch.setenv("SECRET_MANAGER_EMULATOR_HOST", there)
        told = launch.here(postgresql_password=NAME)
    failed(told, 3, "Secret Manager unreachable", NAME, "network path")
    assert_untouched(launch)


def test_a_missing_dataset_ends_with_5_and_says_how_to_make_it(launch):
    told = launch.here(destination_bigquery_dataset="nowhere")
    failed(told, 5, f"{PROJECT}.nowhere", "bq mk --dataset")
    assert_untouched(launch)


def test_a_bigquery_that_does_not_answer_ends_with_5(launch, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setenv("BIGQUERY_EMULATOR_HOST", f"http://127.0.0.1:{free_port()}")
        told = launch.here(**AT_ONCE)
    failed(told, 5, "BigQuery unreachable", "refused", "network path")
    assert_untouched(launch)


def test_a_bigquery_that_refuses_ends_with_5_and_names_the_roles(launch, watched):
    watched.add(Rule(answer(403, "accessDenied")))
    failed(launch.here(), 5, "BigQuery refused", "roles/bigquery.dataEditor")
    assert_untouched(launch)


def test_a_bigquery_that_refuses_after_the_event_running_leaves_a_run_that_failed(launch, watched):
    watched.add(Rule(answer(403, "accessDenied"), method="PATCH", path="_sync_lock_t", times=1))
    failed(launch.here(), 5, "BigQuery refused", "_sync_lock_t")
    assert_ended(launch, 5)


def test_a_schema_conflict_ends_with_4_and_the_table_is_all_there_is(launch):
    sql = f"CREATE TABLE {launch.sync.dataset}.t (id STRING, updated_at TIMESTAMP)"
    launch.sync.client.query(sql).result()
    failed(launch.here(), 4, "'id'", "delete_existing_table=true")
    assert launch.sync.tables() == {"t"}


def test_a_plan_that_is_too_large_ends_with_4_under_a_lock_that_is_given_back(launch, sql):
    days = "timestamptz '2001-01-01' + g * interval '1 day' FROM generate_series(2, 4200) g"
    sql(f"INSERT INTO orders SELECT g, {days}")
    told = launch(enable_auto_schema="true")
    failed(told, 4, "too many partitions", "partition_type=MONTH")
    assert_ended(launch, 4)


def test_a_lock_that_is_held_ends_with_6_and_names_its_holder(launch):
    there = TableRef(PROJECT, launch.sync.dataset, "t")
    Lock(launch.sync.client, there, HOLDER, timedelta(minutes=5)).acquire()
    failed(launch.here(), 6, HOLDER, "lock_lease")
    assert launch.sync.tables() == {"_sync_lock_t"}
    assert launch.sync.table("_sync_lock_t").labels["run_id"] == HOLDER


@pytest.mark.parametrize("flag", ["temp_location", "staging_location", "template_location"])
def test_a_missing_bucket_ends_with_5_before_the_lock_is_taken(launch, flag):
    told = launch.here(**{flag: "gs://no-such-bucket/folder/job"})
    failed(told, 5, "bucket is missing", "gs://no-such-bucket", f"--{flag}")
    assert_untouched(launch)


def test_a_missing_template_folder_ends_with_5_before_the_lock_is_taken(launch):
    folder = launch.folder / "nowhere"
    failed(launch.here(template_location=str(folder / "job")), 5, str(folder))
    assert_untouched(launch)


def test_a_bucket_that_does_not_answer_ends_with_5(launch, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setenv("STORAGE_EMULATOR_HOST", f"http://127.0.0.1:{free_port()}")
        told = launch.here(**AT_ONCE)
    failed(told, 5, "gs://bkt/", "refused", "temp_location")
    assert_untouched(launch)


@pytest.mark.parametrize("status", [403, 503])
def test_an_upload_that_is_refused_ends_the_run_with_5(launch, monkeypatch, status):
    with fault_proxy(launch.bucket) as proxy:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", proxy.url)
        proxy.add(Rule(answer(status, "no"), method="POST"))
        begin = launch if status == 403 else launch.here
        told = begin(staging_location=f"gs://bkt/{launch.sync.dataset}/staging", **AT_ONCE)
    failed(told, 5, "could not be staged", "--staging_location=gs://bkt/", str(status))
    assert_ended(launch, 5)
    assert launch.staged() == []


def test_a_launch_stages_its_job_in_buckets(launch):
    there = f"gs://bkt/{launch.sync.dataset}"
    told = launch.here(staging_location=f"{there}/staging", template_location=f"{there}/t/job")
    assert told.code == 0, told.output
    names = {name.rpartition("/")[2] for name in launch.staged()}
    assert {"pipeline.pb", "job"} <= names


@pytest.mark.parametrize(
    ("number", "code", "name"), [(signal.SIGTERM, 143, "SIGTERM"), (signal.SIGINT, 130, "Ctrl-C")]
)
def test_a_launch_that_is_interrupted_gives_its_lock_back(launch, watched, number, code, name):
    gate = Gate(watched, after=True, **job("event_0"))
    process = launch.begin()
    gate.wait()
    process.send_signal(number)
    time.sleep(0.1)
    gate.open()
    failed(launch.end(process), code, "interrupted", name)
    assert_ended(launch, code)


def test_a_second_sigterm_ends_a_launch_that_waits_for_an_answer(launch, watched):
    working = Gate(watched, after=True, **job("event_0"))
    process = launch.begin()
    working.wait()
    releasing = Gate(watched, method="PATCH", path="_sync_lock_t")
    process.send_signal(signal.SIGTERM)
    working.open()
    releasing.wait()
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == -signal.SIGTERM
    releasing.open()


def test_a_bug_shows_its_traceback_first_and_one_line_last_without_the_secret(launch):
    broken = (
        "import pipeline.cli as cli, pipeline.launch.sync as sync\n"
        f"def make_plan(*_, **__): raise KeyError('no\\n{PASSWORD}')\n"
        "sync.make_plan = make_plan\n"
        "raise SystemExit(cli.main())\n"
    )
    told = launch(program=("-c", broken))
    assert told.code == 70
    assert "Traceback (most recent call last)" in told.output
    assert told.last.startswith("smart-sync: InternalError: ")
    assert "KeyError" in told.last
    assert "please report it" in told.last
    assert len(told.last) <= LONGEST_LINE
    assert_ended(launch, 70)
