"""`run NAME --parameter=value`: one launch of a schedule with other parameters than its own."""

import dataclasses
import json

import pytest

from pipeline.parameters.table import BY_NAME
from scheduler.cloud_run import arguments
from scheduler.job import job_of
from scheduler.overrides import FIXED
from tests.scheduler.conftest import (
    LOCATION,
    PARAMETERS,
    PLANTED,
    PROJECT,
    a_run,
    a_schedule,
)
from tests.scheduler.stand_in import Refusal

AT = f"--location={LOCATION}"
WINDOW = {
    "write_disposition": "WRITE_MERGE",
    "merge_keys": "id",
    "sync_start": "2026-01-01",
    "sync_end": "2026-02-01",
}
BACKFILL = [f"--{name}={text}" for name, text in WINDOW.items()]


def test_a_backfill_of_a_schedule_is_one_command(command, scheduler):
    scheduler.put(job_of(a_schedule()))
    done = command("run", "orders", *BACKFILL, "-emax_workers=9", AT)
    assert (done.code, done.err) == (0, "")
    assert "    parameters.sync_start: (none) → 2026-01-01\n" in done.out
    assert "    environment.max_workers: 2 → 9\n" in done.out
    assert done.out.endswith("launched orders as 2026-01-01_job; `status` tells how it ends\n")
    (launch,) = scheduler.launches
    told = launch["body"]["launchParameter"]
    assert told["parameters"] == PARAMETERS | WINDOW
    assert (told["jobName"], told["environment"]["maxWorkers"]) == ("orders", 9)
    assert f"/projects/{PROJECT}/locations/{LOCATION}/flexTemplates:launch" in launch["uri"]
    assert scheduler.changed() == []


def test_an_execution_of_cloud_run_gets_the_words_of_one_launch(command, scheduler):
    scheduler.put(job_of(a_run()) | {"state": "PAUSED"})
    done = command("run", "orders", *BACKFILL, "-etimeout_s=60", AT)
    assert (done.code, done.err) == (0, "")
    assert "launched orders as smart-sync-x7;" in done.out
    (launch,) = scheduler.launches
    overrides = launch["body"]["overrides"]
    words = a_run(parameters=WINDOW)
    assert overrides == {"containerOverrides": [{"args": arguments(words)}], "timeout": "60s"}


def test_a_hand_made_name_of_the_job_is_kept_since_it_is_the_lock(command, scheduler):
    scheduler.put(job_of(dataclasses.replace(a_schedule(), job_name="by-hand")))
    assert command("run", "orders", *BACKFILL, AT).code == 0
    assert scheduler.launches[0]["body"]["launchParameter"]["jobName"] == "by-hand"


def test_an_empty_value_leaves_the_schedules_own_out(command, scheduler):
    scheduler.put(job_of(a_schedule(parameters={"smart_sync_margin": "2m"})))
    assert command("run", "orders", "--smart_sync_margin=", AT).code == 0
    assert scheduler.launches[0]["body"]["launchParameter"]["parameters"] == PARAMETERS


def test_a_dry_run_shows_what_would_be_launched_and_launches_nothing(command, scheduler):
    scheduler.put(job_of(a_schedule(parameters={"postgresql_password": PLANTED})))
    done = command("run", "orders", *BACKFILL, "--dry-run", AT)
    assert done.code == 0
    assert "orders, once, on dataflow: https://dataflow.googleapis.com/" in done.out
    assert done.out.endswith("nothing was launched\n")
    told = json.loads(command("run", "orders", *BACKFILL, "--dry-run", "--json", AT).out)
    assert (told["made"], told["job"]) == (False, None)
    assert told["body"]["launchParameter"]["parameters"]["sync_end"] == "2026-02-01"
    assert {item["path"] for item in told["differences"]} == {f"parameters.{n}" for n in WINDOW}
    assert (scheduler.launches, scheduler.changed()) == ([], [])


def test_the_same_as_json(command, scheduler):
    scheduler.put(job_of(a_schedule(parameters={"postgresql_password": PLANTED})))
    told = json.loads(command("run", "orders", *BACKFILL, "--json", AT).out)
    assert (told["made"], told["job"]) == (True, "2026-01-01_job")
    sent = scheduler.launches[0]["body"]["launchParameter"]["parameters"]
    assert sent["postgresql_password"] == PLANTED


def test_without_overrides_cloud_scheduler_launches_as_ever(command, scheduler):
    scheduler.put(job_of(a_schedule()))
    for words in ([], ["--json"]):
        assert command("run", "orders", *words, AT).code == 0
    assert (scheduler.changed(), scheduler.launches) == (["run orders"] * 2, [])


BAD = {
    "--sync_strt=2026-01-01": "did you mean sync_start?",
    "--sync_start=yesterday": "sync_start",
    f"--postgresql_pasword={PLANTED}": "did you mean postgresql_password?",
    f"--postgresql_password={PLANTED}": "plain secret",
    PLANTED: "write --name=value, or -p name=value.",
    "-emax_workrs=3": "did you mean max_workers?",
    "--num-splits": "write --num_splits=VALUE.",
    "--dry_run": "write --dry-run, before a `--` if there is one.",
    "--config=shop.yaml": "a schedule keeps its own parameters",
    "--runner=DirectRunner": "its host runs it",
    "--temp_location=gs://b/t": "-e temp_location=",
    "--checks=schema.yml": "give its gs:// path",
    "--transform_sql=orders.sql": "give its gs:// path",
    "--transformation_config=masks.json": "give its gs:// path",
    "--source_table_for_schema=public.other": "add --accept_source_change=true",
    "--postgresql_database=other": "add --accept_source_change=true",
    "--source=postgresql://u@h/other": "add --accept_source_change=true",
    "--source=mongodb://h/shop": "the schedule is of that source",
    **{f"--{name}=another": "can't be another for one launch" for name in FIXED},
}


@pytest.mark.parametrize("word", BAD)
def test_what_is_wrong_with_an_override_is_told_before_anything_is_launched(
    command, scheduler, word
):
    scheduler.put(job_of(a_schedule()))
    done = command("run", "orders", word, AT)
    assert (done.code, done.out) == (2, "")
    assert BAD[word] in done.err
    assert (scheduler.launches, scheduler.changed()) == ([], [])


SPELLED = {
    "--verify": {"verify": "true"},
    "--no-verify": {"verify": "false"},
    "--verify true": {"verify": "true"},
    "--num-splits=4": {"num_splits": "4"},
    "--num-splits 4 --verify": {"num_splits": "4", "verify": "true"},
    "-p num_splits=4": {"num_splits": "4"},
    "-pnum_splits=4 --no_verify": {"num_splits": "4", "verify": "false"},
    "-- --num_splits=4": {"num_splits": "4"},
}


@pytest.mark.parametrize("words", SPELLED)
def test_parameters_are_spelled_as_the_command_takes_them(command, scheduler, words):
    scheduler.put(job_of(a_schedule()))
    done = command("run", AT, "orders", *words.split())
    assert (done.code, done.err) == (0, "")
    (launch,) = scheduler.launches
    assert launch["body"]["launchParameter"]["parameters"] == PARAMETERS | SPELLED[words]


def test_a_name_that_is_a_flag_is_told(command, scheduler):
    done = command("run", "--sync_start", "2026-01-01", "orders", AT)
    assert (done.code, "run NAME --sync_start" in done.err) == (2, True)
    assert scheduler.calls == []


def test_a_connection_uri_takes_the_place_of_the_schedules_connection(command, scheduler):
    scheduler.put(job_of(a_schedule(parameters={"postgresql_password": PLANTED})))
    uri = "postgresql://reader@standby/shop"
    assert command("run", "orders", f"--source={uri}", AT).code == 0
    sent = scheduler.launches[0]["body"]["launchParameter"]["parameters"]
    of_connection = {"data_source", *(name for name in PARAMETERS if name.startswith("postgresql"))}
    kept = {name: text for name, text in PARAMETERS.items() if name not in of_connection}
    assert sent == kept | {"source": uri}


def test_a_source_that_moved_may_be_said_so(command, scheduler):
    scheduler.put(job_of(a_schedule()))
    moved = ("--source_table_for_schema=public.other", "--accept_source_change=true")
    assert command("run", "orders", *moved, AT).code == 0
    sent = scheduler.launches[0]["body"]["launchParameter"]["parameters"]
    assert sent["source_table_for_schema"] == "public.other"


def test_a_password_is_sent_where_that_is_said(command, scheduler):
    scheduler.put(job_of(a_schedule()))
    words = (f"--postgresql_password={PLANTED}", "--allow-plain-secrets")
    assert command("run", "orders", *words, AT).code == 0
    sent = scheduler.launches[0]["body"]["launchParameter"]["parameters"]
    assert sent["postgresql_password"] == PLANTED


FILE = """
defaults: {enable_smart_sync: true, write_disposition: WRITE_MERGE, merge_keys: auto}
tables:
  public.orders:
  public.items: {verify: true}
"""
OF_MANY = {
    name: text
    for name, text in PARAMETERS.items()
    if name not in ("source_table_for_schema", "destination_bigquery_table", "enable_smart_sync")
}


def many(text=FILE):
    """A schedule of a file of tables."""
    return dataclasses.replace(a_schedule("shop"), parameters=OF_MANY | {"tables": text})


RANGE = ("--sync_start=2026-01-01", "--sync_end=2026-02-01", "--backfill_by=day")


def test_a_backfill_of_one_table_of_a_schedule_of_many_is_one_command(command, scheduler):
    scheduler.put(job_of(many()))
    done = command("run", "shop", "--select=public.orders", *RANGE, AT)
    assert (done.code, done.err) == (0, "")
    sent = scheduler.launches[0]["body"]["launchParameter"]["parameters"]
    assert (sent["select"], sent["backfill_by"]) == ("public.orders", "day")


OF_FILE = {
    RANGE: "it is of one table, and 2 are meant: public.orders, public.items",
    (*RANGE, "--select=public.items", "--merge_keys=id", "--sync_end=soon"): "sync_end",
    ("--select=public.item",): "did you mean public.items?",
    ("--source_table_for_schema=public.items",): "--select=public.orders",
    ("--source_table_for_schema=x", "--accept_source_change=true"): "--select=public.orders",
    ("--write_disposition=WRITE_APPEND",): "the schedule's file of tables says it itself of all",
    ("--sync_start=2026-01-01",): "half a window by hand",
}


@pytest.mark.parametrize("words", OF_FILE, ids=lambda words: words[-1])
def test_a_launch_of_many_tables_is_checked_by_what_its_file_names(command, scheduler, words):
    scheduler.put(job_of(many()))
    done = command("run", "shop", *words, AT)
    assert (done.code, OF_FILE[words] in done.err) == (2, True), done.err
    assert (scheduler.launches, scheduler.changed()) == ([], [])


def test_tables_whose_entries_say_another_value_are_named(command, scheduler):
    scheduler.put(job_of(many()))
    done = command("run", "shop", "--verify=false", "--dry-run", AT)
    assert done.code == 0
    assert "warning  verify is another for public.items: " in done.out
    told = json.loads(command("run", "shop", "--verify=false", "--dry-run", "--json", AT).out)
    assert [text.split(":")[0] for text in told["warnings"]] == [
        "verify is another for public.items"
    ]


def test_tables_that_a_pattern_brings_are_left_to_the_launch(command, scheduler):
    scheduler.put(job_of(many("defaults: {enable_smart_sync: true}\ntables: {public.*: }\n")))
    assert command("run", "shop", *RANGE, "--select=public.orders", AT).code == 0
    assert command("run", "shop", "--select=public.none", AT).code == 0


def test_all_that_is_wrong_is_told_at_once(command, scheduler):
    scheduler.put(job_of(a_schedule()))
    words = ("--destination_bigquery_table=other", "--nope=1", "--sync_start")
    done = command("run", "orders", *words, AT)
    *told, last = done.err.splitlines()
    assert [line[:3] for line in told] == ["1. ", "2. ", "3. "]
    assert last.startswith("smart-sync-schedules: ConfigError: 3 faults: ")


def test_every_parameter_but_the_fixed_ones_may_be_another():
    assert BY_NAME.keys() >= FIXED.keys()


REFUSALS = {
    "ALREADY_EXISTS": (6, "a run of this schedule is active"),
    "PERMISSION_DENIED": (5, "roles/dataflow.developer"),
    "NOT_FOUND": (2, "no such template or job"),
    "RESOURCE_EXHAUSTED": (5, "a quota is used up"),
    "INVALID_ARGUMENT": (5, "the launch was refused"),
}


@pytest.mark.parametrize("status", REFUSALS)
def test_what_the_host_refuses_is_told_with_its_mend(command, scheduler, status):
    scheduler.put(job_of(a_schedule(parameters={"postgresql_password": PLANTED})))
    scheduler.refusals["launch"] = Refusal(status, f"no: postgresql_password {PLANTED}")
    done = command("run", "orders", *BACKFILL, AT)
    code, says = REFUSALS[status]
    assert (done.code, says in done.err) == (code, True), done.err
    assert "launched" not in done.out


def test_a_host_that_does_not_answer_is_told_as_unknown(command, scheduler, monkeypatch):
    scheduler.put(job_of(a_schedule()))
    monkeypatch.setenv("LAUNCH_EMULATOR_HOST", "http://127.0.0.1:1")
    done = command("run", "orders", *BACKFILL, AT)
    assert (done.code, "look whether it was launched" in done.err) == (5, True)
