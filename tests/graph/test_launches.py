"""The launcher's own way, main.py in a process; and what Beam itself says of its flags."""

import os
import re
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from apache_beam.options import pipeline_options

from pipeline.launch.beam import submit as runner
from pipeline.launch.beam.submit import beam_options
from tests.discovery import errors
from tests.fault_proxy import fault_proxy
from tests.graph.jobs import GRAPH, JOB, Launched, command_line
from tests.sync import HISTORY, PROJECT
from tests.tcp_proxy import TcpProxy

ROOT = Path(__file__).resolve().parents[2]
SERVICE = {
    "dataflow_endpoint": None,
    "staging_location": "gs://bkt/staging",
    "template_location": None,
}
"""Flags of a launch that would really send its job."""
PATIENCE_S = 120
WAYS = ("postgresql", "mongodb", "workers")


class Recorder(TcpProxy):
    """Keeps what clients send to a PostgreSQL."""

    def __init__(self, host: str, port: int) -> None:
        self.sent = bytearray()
        self._recording = threading.Lock()
        super().__init__(host, port)

    def _pump(self, source, sink):
        recorder = self

        class Kept:
            def recv(self, size):
                data = source.recv(size)
                if sink.getpeername()[1] == recorder._target[1]:
                    with recorder._recording:
                        recorder.sent.extend(data)
                return data

        super()._pump(Kept(), sink)


@pytest.fixture(scope="session")
def recorder(shop):
    made = Recorder("127.0.0.1", shop.port)
    yield made
    made.close()


@pytest.fixture(scope="session")
def watched(target):
    """Between a launch and BigQuery."""
    with fault_proxy(target.url) as proxy:
        yield proxy


@pytest.fixture(scope="session")
def programs(launches, recorder, watched, alone, documents):
    """Each source launched by `python main.py` with the launcher's flags; all at once."""
    more = {"postgresql": {"postgresql_port": str(recorder.port)}}
    nobody = {"BIGQUERY_STORAGE_EMULATOR_HOST": "127.0.0.1:1"}  # reading rows would fail
    started = {}
    alone[documents].command("profile", 2)
    for source in WAYS:
        folder = launches.new_folder()
        parameters = launches.parameters(folder, source, "merge", f"{source}_program")
        flags = command_line(parameters | more.get(source, {}))
        environ = os.environ | {"HOME": str(folder)} | nobody
        if source == "workers":
            environ |= {"BIGQUERY_EMULATOR_HOST": watched.url}
        program = subprocess.Popen(
            [sys.executable, ROOT / "main.py", "--no_auth", *flags],
            cwd=folder,
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started[source] = (program, folder, flags)
    ended = {}
    for source, (program, folder, flags) in started.items():
        said, _ = program.communicate(timeout=PATIENCE_S)
        ended[source] = Launched(program.returncode, said, folder, "merge", frozenset(flags))
    alone[documents].command("profile", 0)
    return ended


@pytest.mark.parametrize("source", WAYS)
def test_main_writes_a_valid_job_and_exits_0(programs, source):
    program = programs[source]
    assert program.code == 0, program.said
    last = program.said.splitlines()[-1]
    assert last.startswith(f"launched run {program.run_id} for "), program.said
    assert errors("dataflow.v1b3", "Job", program.job) == []
    assert GRAPH in program.files


@pytest.mark.parametrize("source", WAYS)
def test_a_launch_leaves_the_destination_untouched_under_a_lock_that_is_held(
    programs, launches, client, source
):
    program, dataset = programs[source], launches.dataset(f"{source}_program")
    tables = {table.table_id for table in client.list_tables(dataset)}
    assert tables == HISTORY | {"_sync_lock_merge"}
    lock = client.get_table(f"{PROJECT}.{dataset}._sync_lock_merge")
    assert (lock.labels["state"], lock.labels["run_id"]) == ("held", program.run_id)
    assert lock.expires > datetime.now(UTC) + timedelta(minutes=20)
    events = client.query_and_wait(f"SELECT run_id, status FROM {dataset}.sync_runs")
    assert [tuple(event) for event in events] == [(program.run_id, "running")]


@pytest.mark.parametrize("source", ["postgresql", "mongodb", "workers", "in_place"])
def test_a_plan_shown_through_the_launcher_leaves_nothing_at_all(launches, client, source):
    launched = launches.run(source, "plan_only", "planned")
    assert launched.code == 0, launched.said
    assert "window" in launched.said or "splits" in launched.said
    assert errors("dataflow.v1b3", "Job", launched.job) == []
    assert list(client.list_tables(launches.dataset("planned"))) == []


def test_a_launch_stages_nothing_in_the_bucket(programs, data_folder):
    staged = [str(path) for path in data_folder.rglob("*") if path.is_file()]
    for program in programs.values():
        assert [path for path in staged if program.run_id in path] == []


def test_a_launch_copies_no_rows_out_of_postgresql(programs, recorder):
    assert programs["postgresql"].code == 0
    assert b"SELECT" in bytes(recorder.sent)
    assert not re.search(rb"\bCOPY\b", bytes(recorder.sent))


def test_a_run_is_seen_to_copy_rows_out_of_postgresql(launches, shop, tmp_path):
    recorder = Recorder("127.0.0.1", shop.port)
    here = {"runner": None, "template_location": None, "temp_location": str(tmp_path)}
    run = launches.run("postgresql", "append", **here, postgresql_port=str(recorder.port))
    recorder.close()
    assert run.code == 0, run.said
    assert re.search(rb"\bCOPY\b", bytes(recorder.sent))


def test_a_launch_only_samples_a_collection(programs, alone, documents):
    """Splits are read under the run's own name."""
    seen = list(alone[documents]["system.profile"].find({"appName": re.compile("smart-sync")}))
    assert {each["op"] for each in seen} >= {"command"}
    assert [each for each in seen if programs["mongodb"].run_id in each["appName"]] == []
    assert [each for each in seen if each["op"] == "query"] == []


def test_a_launch_asks_bigquery_nothing_that_costs_or_moves_rows(programs, launches, watched):
    assert programs["workers"].code == 0
    source = launches.sources["workers"]["source_bigquery_dataset"]
    jobs = [seen.body for seen in watched.seen if seen.path.split("?")[0].endswith("/jobs")]
    about = [body for body in jobs if source in str(body["configuration"].get("query", ""))]
    assert len(jobs) >= 2, "a launch reads and writes the history"
    assert [body for body in about if not body["configuration"].get("dryRun")] == [
        body for body in about if "INSERT INTO" in str(body) and "sync_runs" in str(body)
    ]
    assert not [body for body in jobs if {"copy", "extract", "load"} & set(body["configuration"])]


def test_beams_own_validation_for_the_service_takes_the_launchers_flags(launches, monkeypatch):
    """Beam's dry run validates as for the service, makes the job, and sends nothing."""

    def dry(options):
        made = beam_options(options)
        made.view_as(pipeline_options.TestOptions).dry_run = True
        return made

    monkeypatch.setattr(runner, "beam_options", dry)
    launched = launches.run("postgresql", "append", **SERVICE)
    assert launched.code == 0, launched.said
    assert JOB not in launched.files


REFUSED = {
    "a job name in capitals": ({"job_name": "Orders_Sync"}, ["Invalid job_name (Orders_Sync)"]),
    "a project's number": ({"project": "12345"}, ["Invalid Project ID (12345)", "number"]),
    "no project": ({"project": None}, ["Missing required option: project"]),
    "no region": ({"region": None}, ["Missing required option: region"]),
    "no workers": ({"num_workers": "0"}, ["Invalid value (0) for option: num_workers"]),
    "workers in words": ({"max_num_workers": "many"}, ["--max_num_workers", "'many'"]),
    "a bucket in capitals": ({"temp_location": "gs://Bkt/x"}, ["Invalid GCS bucket (gs://Bkt/x)"]),
    "an unknown runner": ({"runner": "DataflowRuner"}, ["unknown runner", "DataflowRuner"]),
}


@pytest.mark.parametrize("what", REFUSED)
def test_flags_that_beam_refuses_end_with_2_before_anything_is_touched(launches, client, what):
    flags, words = REFUSED[what]
    launched = launches.run("postgresql", "append", "refused", **SERVICE | flags)
    (line,) = launched.said.strip().splitlines()
    assert launched.code == 2, launched.said
    assert line.startswith("smart-sync: ConfigError: ")
    assert all(word in line for word in words), line
    assert list(client.list_tables(launches.dataset("refused"))) == []


@pytest.mark.parametrize("flag", ["update", "streaming", "transform_name_mapping", "dry_run"])
def test_flags_of_another_kind_of_job_are_refused(launches, client, flag):
    launched = launches.run("postgresql", "append", "refused", **{flag: "{}"})
    assert (launched.code, "flag of another kind of job" in launched.said) == (2, True)
    assert list(client.list_tables(launches.dataset("refused"))) == []


def test_faults_of_beams_flags_are_told_with_ours(launches):
    flags = {"job_name": "Orders_Sync", "num_workers": "0", "num_splits": "many"}
    launched = launches.run("postgresql", "append", "refused", **SERVICE | flags)
    assert launched.code == 2
    assert all(word in launched.said for word in ("job_name", "num_workers", "num_splits"))
