"""deploy/terraform: what it makes, narrow in its roles, and it launches.

With terraform on the PATH the module is run, with stand-ins for Google's resources, and what it
made is compared with example.json. Without it, example.json stands for the run.
REWRITE_GOLDEN=1 renews example.json.
"""

import base64
import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from pipeline.parameters.options import plain_secrets, split_argv
from pipeline.parameters.table import PARAMETERS, Kind
from scheduler.once import REASONS
from scheduler.tables import launch_faults
from tests.deploy import hcl
from tests.discovery import errors
from tests.scheduler.stand_in import body_errors

HERE = Path(__file__).parent
GOLDEN = HERE / "example.json"
HAS_TERRAFORM = shutil.which("terraform") is not None
EXAMPLE: dict[str, Any] = {
    "project_id": "my-project",
    "region": "europe-west1",
    "dataset_id": "shop",
    "secret_ids": ["pg-password"],
    "launcher_members": ["group:data-team@example.com"],
    "source_datasets": [{"project": "other-project", "dataset_id": "raw"}],
    "create_network": True,
    "create_nat": True,
    "private_services_access": True,
    "schedules": {
        "orders": {
            "cron": "*/15 * * * *",
            "parameters": {
                "data_source": "postgresql",
                "postgresql_host": "10.0.0.5",
                "postgresql_database": "shop",
                "postgresql_username": "reader",
                "postgresql_password": "projects/my-project/secrets/pg-password/versions/latest",
                "enable_smart_sync": "true",
                "postgresql_base_query": "SELECT * FROM orders\n"
                "WHERE updated_at > '{start_timestamp}' AND \"note\" <> '<é>'",
                "destination_bigquery_table": "orders",
            },
            "max_workers": 4,
            "machine_type": "n2-standard-4",
            "labels": {"team": "shop"},
        },
        "events": {
            "cron": "0 5 * * *",
            "time_zone": "Europe/Berlin",
            "parameters": {
                "data_source": "bigquery",
                "destination_bigquery_dataset": "events",
                "destination_bigquery_table": "events",
            },
            "paused": True,
        },
        "small": {
            "cron": "7 * * * *",
            "host": "cloud_run",
            "timeout_s": 3000,
            "parameters": {
                "data_source": "postgresql",
                "postgresql_host": "10.0.0.5",
                "postgresql_database": "shop",
                "postgresql_username": "reader",
                "postgresql_password": "projects/my-project/secrets/pg-password/versions/latest",
                "tables": "defaults: {enable_smart_sync: true}\ntables:\n  public.*: {}\n",
            },
        },
    },
    "cloud_run": {"image": "europe-west1-docker.pkg.dev/my-project/smart-sync/smart-sync:1"},
}
ONCE = dict.fromkeys(("plan_only", "verify_only"), "true")
ONCE |= dict.fromkeys(("retry_failed", "sync_start", "sync_end"), "2025-01-01")
ONCE |= dict.fromkeys(("rollback_run", "rollback_to"), "20250722t150000-3f9a0c1d")
ONCE |= {"write_disposition": "WRITE_EMPTY", "backfill_columns": "channel"}
ONCE |= {"replay_dead_letters": "20250722t150000-3f9a0c1d"}
SMALL = 'google_cloud_scheduler_job.schedule["small"]'
PLAIN = {key: EXAMPLE[key] for key in ("project_id", "region", "dataset_id")}


@pytest.fixture(scope="module")
def module(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = hcl.stand_in(tmp_path_factory.mktemp("stand_in"))
    if HAS_TERRAFORM:
        done = hcl.terraform("init", "-no-color", folder=folder)
        assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def example() -> dict[str, Any]:
    """What the module makes of EXAMPLE."""
    made: dict[str, Any] = json.loads(GOLDEN.read_text(encoding="utf-8"))
    return made


@pytest.fixture(scope="module")
def launches(example: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Bodies of the requests that the schedules send to Dataflow, by schedule."""
    found = {}
    for name in EXAMPLE["schedules"].keys() - {"small"}:
        job = example["resources"][f'google_cloud_scheduler_job.schedule["{name}"]']
        found[name] = json.loads(base64.b64decode(job["http_target"][0]["body"]))
    return found


def roles_of(account: str, example: dict[str, Any]) -> set[tuple[str, str]]:
    """Pairs of what a role is on and the role, of one service account."""
    return {
        (address.split(".")[0].removeprefix("google_").removesuffix("_iam_member"), given["role"])
        for address, given in example["resources"].items()
        if "_iam_member." in address and given["member"].startswith(f"serviceAccount:{account}@")
    }


# What it makes -----------------------------------------------------------------------------------


def test_the_example_is_what_the_module_makes(module: Path, example: dict[str, Any]) -> None:
    if HAS_TERRAFORM:
        made = hcl.applied(module, EXAMPLE)
        if os.environ.get("REWRITE_GOLDEN"):
            text = json.dumps(made, indent=1, sort_keys=True, ensure_ascii=False)
            GOLDEN.write_text(text + "\n", encoding="utf-8")
        assert made == json.loads(GOLDEN.read_text(encoding="utf-8"))
    else:
        made_types = {address.partition(".")[0] for address in example["resources"]}
        assert made_types == {resource.type for resource in hcl.resources()}


def test_without_options_there_is_no_network_no_schedule_and_no_secret(module: Path) -> None:
    optional = {"compute", "cloud", "secret", "service_networking"}
    if HAS_TERRAFORM:
        made = hcl.applied(module, {**PLAIN, "create_dataset": False})
        types = {address.partition(".")[0] for address in made["resources"]}
        assert not [kind for kind in types if kind.split("_")[1] in optional]
        assert "google_bigquery_dataset" not in types
        assert made["outputs"]["dataset_id"] == "shop"
    else:
        conditional = [r for r in hcl.resources() if r.type.split("_")[1] in optional]
        assert all({"count", "for_each"} & set(r.body) for r in conditional)


def test_the_example_of_the_readme_runs(module: Path, tmp_path: Path) -> None:
    readme = (hcl.MODULE / "README.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```hcl\n(.*?)```", readme, flags=re.DOTALL)
    known = {name for name, _ in hcl.blocks(hcl.MODULE / "variables.tf", "variable")}
    (call,) = hcl.loaded(block)["module"]
    assert set(call['"smart_sync"']) - known == {"source", "__is_block__"}
    if HAS_TERRAFORM:
        copy = hcl.stand_in(tmp_path / "smart-sync")
        assert copy == tmp_path / "smart-sync" / "deploy" / "terraform"
        (tmp_path / "main.tf").write_text(block, encoding="utf-8")
        assert hcl.terraform("init", folder=tmp_path).returncode == 0
        assert " 0 to change, 0 to destroy" in hcl.plan(tmp_path, {})


def test_the_readme_names_the_roles_of_each_account(example: dict[str, Any]) -> None:
    readme = (hcl.MODULE / "README.md").read_text(encoding="utf-8")
    rows = {row[0]: row[1] for row in re.findall(r"^\| `(smart-sync-\w+)` \|(.*)$", readme, re.M)}
    rows["smart-sync-scheduler"] += rows["smart-sync-launcher"]
    for account, row in rows.items():
        named = {f"roles/{name}" for name in re.findall(r"`(\w+\.\w+)`", row)}
        assert named == {role for _, role in roles_of(account, example)}


# Roles -------------------------------------------------------------------------------------------


def test_the_worker_may_do_what_a_run_needs_and_no_more(example: dict[str, Any]) -> None:
    assert roles_of("smart-sync-worker", example) == {
        ("project", "roles/dataflow.worker"),
        ("project", "roles/bigquery.jobUser"),
        ("project", "roles/bigquery.readSessionUser"),
        ("storage_bucket", "roles/storage.objectAdmin"),
        ("artifact_registry_repository", "roles/artifactregistry.reader"),
        ("bigquery_dataset", "roles/bigquery.dataEditor"),
        ("bigquery_dataset", "roles/bigquery.dataViewer"),
        ("secret_manager_secret", "roles/secretmanager.secretAccessor"),
    }


@pytest.mark.parametrize("account", ["smart-sync-launcher", "smart-sync-scheduler"])
def test_who_launches_may_do_only_that(account: str, example: dict[str, Any]) -> None:
    runs = {("cloud_run_v2_job", "roles/run.jobsExecutorWithOverrides")}
    assert roles_of(account, example) - runs == {
        ("project", "roles/dataflow.developer"),
        ("service_account", "roles/iam.serviceAccountUser"),
        ("storage_bucket", "roles/storage.objectViewer"),
    }
    assert (roles_of(account, example) >= runs) is account.endswith("scheduler")
    given = [
        value["service_account_id"]
        for value in example["resources"].values()
        if value.get("role") == "roles/iam.serviceAccountUser"
    ]
    assert all("/smart-sync-worker@" in account for account in given)


def test_an_execution_may_do_what_a_worker_may_but_for_dataflow(example: dict[str, Any]) -> None:
    of_dataflow = {
        ("project", "roles/dataflow.worker"),
        ("artifact_registry_repository", "roles/artifactregistry.reader"),
    }
    assert (
        roles_of("smart-sync-run", example) == roles_of("smart-sync-worker", example) - of_dataflow
    )


def test_no_account_owns_edits_or_administers_the_project(example: dict[str, Any]) -> None:
    given = {
        value["role"]
        for address, value in example["resources"].items()
        if address.startswith("google_project_iam_member.")
    }
    assert given
    assert [role for role in given if re.search(r"owner|editor|admin", role.lower())] == []


def test_the_bucket_is_private_and_deletes_temporary_files_only(example: dict[str, Any]) -> None:
    bucket = example["resources"]["google_storage_bucket.bucket"]
    assert bucket["uniform_bucket_level_access"] is True
    assert bucket["public_access_prevention"] == "enforced"
    (rule,) = bucket["lifecycle_rule"]
    assert rule == {
        "action": [{"type": "Delete"}],
        "condition": [{"age": 7, "matches_prefix": ["tmp/"]}],
    }
    outputs = example["outputs"]
    assert outputs["temp_location"].startswith(f"gs://{outputs['bucket']}/tmp")
    assert outputs["staging_location"].startswith(f"gs://{outputs['bucket']}/tmp/")
    assert not outputs["template_path"].startswith(f"gs://{outputs['bucket']}/tmp")


def test_terraform_never_sees_the_value_of_a_secret() -> None:
    assert [r for r in hcl.resources() if "secret_version" in r.type] == []
    assert [path for path in hcl.FILES if re.search(r"^data ", hcl.text(path), re.M)] == []


# Launch requests ---------------------------------------------------------------------------------


def test_a_schedule_sends_what_dataflow_takes(launches: dict[str, dict[str, Any]]) -> None:
    for body in launches.values():
        assert errors("dataflow.v1b3", "LaunchFlexTemplateRequest", body) == []
        environment = body["launchParameter"]["environment"]
        assert environment["ipConfiguration"] == "WORKER_IP_PRIVATE"
        assert environment["serviceAccountEmail"].startswith("smart-sync-worker@")
        assert None not in environment.values()


def test_a_schedule_gives_the_parameters_as_they_are(launches: dict[str, dict[str, Any]]) -> None:
    own = {"destination_bigquery_project": "my-project", "destination_bigquery_dataset": "shop"}
    known = {parameter.name for parameter in PARAMETERS}
    for name, body in launches.items():
        given = body["launchParameter"]["parameters"]
        assert given == own | EXAMPLE["schedules"][name]["parameters"]
        assert set(given) <= known


def test_what_a_schedule_leaves_out_is_not_sent(launches: dict[str, dict[str, Any]]) -> None:
    orders = launches["orders"]["launchParameter"]["environment"]
    events = launches["events"]["launchParameter"]["environment"]
    assert orders["maxWorkers"] == 4
    assert orders["machineType"] == "n2-standard-4"
    assert orders["additionalUserLabels"] == {"team": "shop"}
    assert {"maxWorkers", "machineType", "additionalUserLabels"} & set(events) == set()


def test_a_schedule_never_retries_and_keeps_its_job_name(
    example: dict[str, Any], launches: dict[str, dict[str, Any]]
) -> None:
    for name, body in launches.items():
        job = example["resources"][f'google_cloud_scheduler_job.schedule["{name}"]']
        (target,) = job["http_target"]
        assert body["launchParameter"]["jobName"] == f"smart-sync-{name}"
        assert job["retry_config"] == [{"retry_count": 0}]
        assert job["attempt_deadline"] == "180s"
        assert target["http_method"] == "POST"
        assert target["uri"] == (
            "https://dataflow.googleapis.com/v1b3/projects/my-project/locations/europe-west1"
            "/flexTemplates:launch"
        )
        (token,) = target["oauth_token"]
        assert token["service_account_email"] == example["outputs"]["service_accounts"]["scheduler"]
        assert token["scope"] == "https://www.googleapis.com/auth/cloud-platform"


def test_a_schedule_on_cloud_run_sends_what_cloud_run_takes(example: dict[str, Any]) -> None:
    job = example["resources"][SMALL]
    (target,) = job["http_target"]
    assert body_errors(target) == []
    assert target["uri"] == (
        "https://run.googleapis.com/v2/projects/my-project/locations/europe-west1/jobs/"
        "smart-sync:run"
    )
    overrides = json.loads(base64.b64decode(target["body"]))["overrides"]
    assert overrides["timeout"] == "3000s"
    (container,) = overrides["containerOverrides"]
    given, beam_argv, faults = split_argv(container["args"])
    own = {"destination_bigquery_project": "my-project", "destination_bigquery_dataset": "shop"}
    assert given == own | EXAMPLE["schedules"]["small"]["parameters"]
    temp_location = example["outputs"]["temp_location"]
    assert beam_argv == (f"--temp_location={temp_location}", "--job_name=smart-sync-small")
    assert faults == []
    assert launch_faults(given, beam_argv) == []


def test_the_cloud_run_job_runs_the_program_itself_once(example: dict[str, Any]) -> None:
    job = example["resources"]["google_cloud_run_v2_job.sync[0]"]
    (tasks,) = job["template"][0]["template"]
    (container,) = tasks["containers"]
    assert container["command"] == ["python", "/template/main.py"]
    assert container["resources"] == [{"limits": {"cpu": "1", "memory": "2Gi"}}]
    assert (tasks["max_retries"], tasks["timeout"]) == (0, "3600s")
    assert tasks["service_account"] == example["outputs"]["service_accounts"]["run"]
    (access,) = tasks["vpc_access"]
    assert access["egress"] == "PRIVATE_RANGES_ONLY"
    (interface,) = access["network_interfaces"]
    assert interface["subnetwork"] == (
        "projects/my-project/regions/europe-west1/subnetworks/smart-sync-workers"
    )


# What is refused ---------------------------------------------------------------------------------


def test_wrong_variables_are_refused_with_what_to_change(module: Path) -> None:
    wrong = {
        "project_id": "My Project",
        "region": "europe-west1-b",
        "name": "x",
        "bucket_name": "Bucket",
        "temp_retention_days": 1.5,
        "dataset_id": "my-project.shop",
        "secret_ids": ["projects/p/secrets/s"],
        "launcher_members": ["allUsers"],
        "worker_project_roles": ["roles/editor"],
        "subnetwork": "my-subnet",
        "subnetwork_range": "10.10.0.0",
        "private_services_prefix_length": 30,
        "cloud_run": {"image": "i", "egress": "private-ranges-only", "timeout_s": 0},
        "schedules": {
            "Orders_": {
                "cron": "@daily",
                "host": "cloud-run",
                "parameters": {},
                "max_workers": 0,
                "labels": {"Team": "x"},
                "timeout_s": 60,
            },
            "small": {"cron": "@daily", "host": "cloud_run", "parameters": {}, "max_workers": 2},
        },
    }
    rules = {
        str(rule["error_message"]).strip('"')
        for name, body in hcl.blocks(hcl.MODULE / "variables.tf", "variable")
        for rule in body.get("validation", [])
    }
    assert len(rules) == len(wrong) + 7  # schedules have seven, cloud_run two
    if HAS_TERRAFORM:
        said = hcl.plan(module, wrong)
        assert [rule for rule in rules if rule not in said] == []


@pytest.mark.parametrize("role", ["roles/owner", "roles/dataflow.admin"])
def test_the_worker_is_not_made_mighty_by_a_variable(module: Path, role: str) -> None:
    (body,) = [
        b
        for n, b in hcl.blocks(hcl.MODULE / "variables.tf", "variable")
        if n == "worker_project_roles"
    ]
    assert body["validation"]
    if HAS_TERRAFORM:
        assert "admin roles are not allowed" in hcl.plan(
            module, PLAIN | {"worker_project_roles": [role]}
        )


def test_options_that_exclude_each_other_are_refused(module: Path) -> None:
    subnetwork = "regions/europe-west1/subnetworks/mine"
    if HAS_TERRAFORM:
        assert "need create_network = true" in hcl.plan(module, PLAIN | {"create_nat": True})
        both = PLAIN | {"create_network": True, "subnetwork": subnetwork}
        assert "or subnetwork, not both" in hcl.plan(module, both)
    else:
        outputs = dict(hcl.blocks(hcl.MODULE / "outputs.tf", "output"))
        assert all("precondition" in outputs[name] for name in ("network", "subnetwork"))


def test_a_schedule_on_cloud_run_needs_its_job(module: Path) -> None:
    schedules = {"small": EXAMPLE["schedules"]["small"]}
    if HAS_TERRAFORM:
        said = hcl.plan(module, PLAIN | {"schedules": schedules})
        assert "needs the variable cloud_run" in said
    else:
        assert "precondition" in dict(hcl.blocks(hcl.MODULE / "outputs.tf", "output"))["schedules"]


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ({"data_sorce": "mongodb"}, "The template has no parameter data_sorce."),
        ({"postgresql_password": "hunter2"}, "must be names of secret versions"),
        *(({name: value}, "for one launch:") for name, value in ONCE.items()),
    ],
)
def test_a_schedule_that_could_not_run_is_refused_by_the_plan(
    module: Path, parameters: dict[str, str], told: str
) -> None:
    schedules = {"orders": {"cron": "0 5 * * *", "parameters": parameters}}
    if HAS_TERRAFORM:
        assert told in hcl.plan(module, PLAIN | {"schedules": schedules})
    else:
        child = hcl.MODULE / "modules" / "launch_body"
        assert told.rpartition(" ")[0] in "".join(p.read_text() for p in child.glob("*.tf"))


def rules_of_parameters() -> list[dict[str, Any]]:
    path = hcl.MODULE / "modules" / "launch_body" / "variables.tf"
    rules: list[dict[str, Any]] = dict(hcl.blocks(path, "variable"))["parameters"]["validation"]
    return rules


def test_every_secret_parameter_is_guarded() -> None:
    (rule,) = [one for one in rules_of_parameters() if "secret versions" in one["error_message"]]
    secrets = {parameter.name for parameter in PARAMETERS if parameter.kind is Kind.SECRET}
    assert set(re.findall(r'"(\w+)"', rule["condition"])) == secrets - {"source"}


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://reader@10.0.0.5:5432/shop?sslmode=require",
        "postgresql://reader@[2001:db8::1]/shop",
        "mongodb+srv://reader@cluster.example.com/shop",
        "bigquery://my-project/raw",
        "projects/p/secrets/uri/versions/latest",
        "postgresql://reader:pw@10.0.0.5/shop",
        "postgresql://10.0.0.5/shop?password=pw",
        "mongodb://h/shop?tlsCertificateKeyFilePassword=pw",
        "mongodb://h/?authMechanismProperties=AWS_SESSION_TOKEN:pw",
        "postgresql://reader:p/w@10.0.0.5/shop",
        "reader:pw@10.0.0.5",
    ],
)
def test_a_source_may_be_a_uri_that_the_command_lets_into_a_schedule(text: str) -> None:
    (rule,) = [one for one in rules_of_parameters() if "connection URI" in one["error_message"]]
    allowed, forbidden = re.findall(r'regex\("((?:[^"\\]|\\.)*)"', rule["condition"])
    taken = bool(re.search(allowed, text)) and not re.search(forbidden, text)
    assert taken is (plain_secrets({"source": text}) == [])


def test_every_parameter_for_one_launch_only_is_guarded() -> None:
    rules = [one for one in rules_of_parameters() if "for one launch:" in one["error_message"]]
    named = {name for one in rules for name in re.findall(r'"([a-z]\w+)"', one["condition"])}
    assert set(ONCE) == set(REASONS) == named - {"true", "delete_existing_table", "backfill_by"}
