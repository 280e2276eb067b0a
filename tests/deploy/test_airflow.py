"""The example for Airflow, without Airflow: what it hands to DAGs and operators."""

import runpy
import sys
import types
from dataclasses import dataclass, field

import pytest

from pipeline.parameters.docs import ROOT
from pipeline.parameters.options import parse
from pipeline.parameters.table import BY_NAME
from tests.discovery import errors

FILE = ROOT / "deploy" / "airflow" / "smart_sync_dag.py"
OPERATORS = "airflow.providers.google.cloud.operators.dataflow"


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
    modules = {name: types.ModuleType(name) for name in [*names, "airflow.sdk"]}
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


def test_each_launch_is_one_that_dataflow_knows(seen):
    tasks = [task for dag in seen.tasks.values() for task in dag]
    assert len(tasks) == 3
    for task in tasks:
        body = task["body"]
        assert errors("dataflow.v1b3", "LaunchFlexTemplateRequest", body) == []
        parameters = body["launchParameter"]["parameters"]
        assert set(parameters) <= set(BY_NAME)
        assert all(isinstance(value, str) for value in parameters.values())
        words = [f"--{name}={value}" for name, value in parameters.items()]
        launch = ["--runner=DataflowRunner", "--temp_location=gs://b/t", "--sdk_container_image=i"]
        parse([*words, *launch], {})


def test_no_password_stands_in_the_file(seen):
    for tasks in seen.tasks.values():
        for task in tasks:
            secret = task["body"]["launchParameter"]["parameters"]["postgresql_password"]
            assert secret.startswith("projects/")


def test_runs_of_one_table_never_overlap(seen):
    names = []
    for dag_id, dag in seen.dags.items():
        assert (dag["max_active_runs"], dag["catchup"]) == (1, False)
        for task in seen.tasks[dag_id]:
            assert task["append_job_name"] is False, "the name is what Dataflow refuses by"
            assert task["deferrable"] is True
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
