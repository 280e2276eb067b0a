"""The example for Airflow, without Airflow: what it hands to DAGs and operators."""

import runpy
import sys
import types
from dataclasses import dataclass, field

import pytest

from pipeline.parameters.docs import ROOT
from pipeline.parameters.options import split_argv
from pipeline.parameters.table import BY_NAME
from scheduler.tables import launch_faults
from tests.discovery import errors

FILE = ROOT / "deploy" / "airflow" / "smart_sync_dag.py"
OPERATORS = "airflow.providers.google.cloud.operators.dataflow"
RUN_OPERATORS = "airflow.providers.google.cloud.operators.cloud_run"
RUN_DAG = "smart_sync_small_tables"


@dataclass
class Seen:
    """What the file made: its DAGs by id, each with its tasks and their order."""

    dags: dict[str, dict] = field(default_factory=dict)
    tasks: dict[str, list] = field(default_factory=dict)
    order: list[tuple[str, str]] = field(default_factory=list)


def stand_ins(seen):
    """Modules of the names that the file imports, which write down what they are given."""
    current = []

    class DAG:
        def __init__(self, **given):
            self.name = given["dag_id"]
            seen.dags[self.name], seen.tasks[self.name] = given, []

        def __enter__(self):
            current.append(self.name)

        def __exit__(self, *_):
            current.pop()

    class Operator:
        def __init__(self, **given):
            self.given = given
            seen.tasks[current[-1]].append(given)

        def __rshift__(self, other):
            seen.order.append((self.given["task_id"], other.given["task_id"]))
            return other

    parts = OPERATORS.split(".")
    names = [".".join(parts[: n + 1]) for n in range(len(parts))]
    modules = {name: types.ModuleType(name) for name in [*names, RUN_OPERATORS, "airflow.sdk"]}
    modules[RUN_OPERATORS].CloudRunExecuteJobOperator = Operator
    modules[OPERATORS].DataflowStartFlexTemplateOperator = Operator
    modules["airflow.sdk"].DAG = DAG
    return modules


@pytest.fixture
def seen(monkeypatch):
    found = Seen()
    for name, module in stand_ins(found).items():
        monkeypatch.setitem(sys.modules, name, module)
    runpy.run_path(str(FILE))
    return found


def launches(seen):
    """The tasks that launch on Dataflow."""
    return [task for name, dag in seen.tasks.items() if name != RUN_DAG for task in dag]


def test_each_launch_is_one_that_dataflow_knows(seen):
    assert len(launches(seen)) == 4
    for task in launches(seen):
        body = task["body"]
        assert errors("dataflow.v1b3", "LaunchFlexTemplateRequest", body) == []
        parameters = body["launchParameter"]["parameters"]
        assert set(parameters) <= set(BY_NAME)
        assert all(isinstance(value, str) for value in parameters.values())
        launch = ["--runner=DataflowRunner", "--temp_location=gs://b/t", "--sdk_container_image=i"]
        assert launch_faults(parameters, launch) == []


def test_an_execution_is_one_that_cloud_run_and_the_program_know(seen):
    (task,) = seen.tasks[RUN_DAG]
    assert set(task) <= {
        "task_id",
        "project_id",
        "region",
        "job_name",
        "overrides",
        "deferrable",
        "polling_period_seconds",
    }  # of the operator in the provider google 22.8.0
    (container,) = task["overrides"]["container_overrides"]
    assert list(task["overrides"]) == ["container_overrides"]  # proto's names, not JSON's
    body = {"overrides": {"containerOverrides": [container]}}
    assert errors("run.v2", "GoogleCloudRunV2RunJobRequest", body) == []
    given, beam_argv, faults = split_argv(container["args"])
    assert (faults, launch_faults(given, beam_argv)) == ([], [])
    assert given["postgresql_password"].startswith("projects/")
    assert beam_argv == (
        "--temp_location=gs://my-project-smart-sync/tmp",
        "--job_name=postgresql-tables-hourly-prod",
    )


def test_no_password_stands_in_the_file(seen):
    for task in launches(seen):
        secret = task["body"]["launchParameter"]["parameters"]["postgresql_password"]
        assert secret.startswith("projects/")


def test_runs_of_one_table_never_overlap(seen):
    names = []
    for dag_id, dag in seen.dags.items():
        assert (dag["max_active_runs"], dag["catchup"]) == (1, False)
        for task in seen.tasks[dag_id]:
            assert task["deferrable"] is True
            if dag_id != RUN_DAG:
                assert task["append_job_name"] is False, "the name is what Dataflow refuses by"
                names.append(task["body"]["launchParameter"]["jobName"])
    assert len(names) == len(set(names))


def test_retries_outlast_the_lease_of_a_run_that_was_killed(seen):
    for dag in seen.dags.values():
        defaults = dag["default_args"]
        assert defaults["retries"] * defaults["retry_delay"].total_seconds() > 30 * 60


def test_the_second_dag_plans_before_it_syncs(seen):
    assert seen.order == [("plan", "sync")]
    plan, sync = (
        task["body"]["launchParameter"]["parameters"] for task in seen.tasks["smart_sync_customers"]
    )
    assert plan == sync | {"plan_only": "true"}
