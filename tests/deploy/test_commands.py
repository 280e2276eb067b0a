"""The commands that the documents show, run by the real gcloud and bq."""

import base64
import json
import operator
import os
import re
import subprocess
import sys

import pytest
import yaml

from pipeline.parameters.docs import ROOT, metadata
from pipeline.parameters.options import split_argv, unchecked
from pipeline.parameters.table import BY_NAME
from pipeline.tables.requests import launch_options
from scheduler.job import schedule_of
from scheduler.schedule import checked
from tests.deploy.documents import PAGES, bash, blocks, shown_files
from tests.discovery import errors
from tests.scheduler.stand_in import body_errors

RUNNING, DEPLOY = ROOT / "docs" / "running.md", ROOT / "docs" / "deploy.md"
SCHEDULING = ROOT / "docs" / "scheduling.md"
TABLES = ROOT / "docs" / "tables.md"
LAUNCH = "dataflow.projects.locations.flexTemplates.launch"
BY_HAND = ("docker build", "vpc-peerings")
"""A container engine, and an API whose address gcloud lets nobody change."""


@pytest.mark.parametrize(
    ("page", "script"),
    [
        pytest.param(page, script, id=f"{page.stem}-{number}")
        for page in PAGES
        for number, script in enumerate(blocks(page, "bash"))
    ],
)
def test_every_shell_block_is_bash(page, script):
    done = subprocess.run(["bash", "-n"], input=script, text=True, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, ""), f"{page}: {script}"


def launched(cloud):
    (request,) = cloud.of(LAUNCH)
    assert errors("dataflow.v1b3", "LaunchFlexTemplateRequest", request.body) == []
    parameters = request.body["launchParameter"]["parameters"]
    assert set(parameters) <= set(BY_NAME)
    return request.body["launchParameter"]


def test_the_deployment_guide_runs_from_its_first_command_to_its_last(shell, cloud, place):
    """Each command is taken by gcloud or bq, and each request by Google's own descriptions."""
    for name, text in (shown_files(DEPLOY) | shown_files(TABLES)).items():
        (place / name).write_text(text)
    scripts = [s for s in blocks(DEPLOY, "bash") if not any(word in s for word in BY_HAND)]
    variables = {"PASSWORD": "hunter2", "JOB_ID": "1", "IMAGE": "r-docker.pkg.dev/p/r/i:1"}
    code, said = shell("\n".join(scripts), **variables)
    assert (code, cloud.faults) == (0, []), said
    _roles_are_those_of_the_table(cloud)
    _the_schedule_launches_a_valid_job(cloud)
    _the_build_makes_image_and_template(cloud)
    plan, smoke = (request.body["launchParameter"] for request in cloud.of(LAUNCH))
    assert plan["parameters"]["plan_only"] == "true"
    assert plan["environment"]["ipConfiguration"] == "WORKER_IP_PRIVATE"
    assert (
        smoke["parameters"]["source_bigquery_query"]
        == "SELECT 1 AS test_column, 'a=b, \"c\"' AS text"
    )
    enabled = cloud.of("serviceusage.services.batchEnable")[0].body["serviceIds"]
    assert len(enabled) == 13
    assert cloud.of("serviceusage.services.enable")[-1].path.endswith("/run.googleapis.com:enable")
    _the_run_job_runs_the_program_itself(cloud)
    assert "containerregistry.googleapis.com" not in enabled


def _roles_are_those_of_the_table(cloud):
    granted = set()
    for request in cloud.requests:
        if request.method.endswith("setIamPolicy"):
            for binding in request.body.get("policy", request.body)["bindings"]:
                account = binding["members"][0].partition(":smart-sync-")[2].partition("@")[0]
                granted.add((account, binding["role"].removeprefix("roles/")))
    queries = [str(r.body) for r in cloud.of("bigquery.jobs.insert") if "GRANT" in str(r.body)]
    for query in queries:
        (role,), (account,) = (
            re.findall(pattern, query) for pattern in (r"roles/([\w.]+)", r":smart-sync-(\w+)@")
        )
        granted.add((account, role))
    rows = re.findall(r"^\| `smart-sync-(\w+)` \| [^|]+ \| (.+) \|$", DEPLOY.read_text(), re.M)
    told = {(name, role) for name, text in rows for role in re.findall(r"`(\w+\.\w+)`", text)}
    told |= {("scheduler", role) for name, role in told if name == "launcher"}
    assert granted == told


def _the_schedule_launches_a_valid_job(cloud):
    (made,) = cloud.of("cloudscheduler.projects.locations.jobs.create")
    target = made.body["httpTarget"]
    body = json.loads(base64.b64decode(target["body"]))
    assert errors("dataflow.v1b3", "LaunchFlexTemplateRequest", body) == []
    assert set(body["launchParameter"]["parameters"]) <= set(BY_NAME)
    assert target["oauthToken"]["serviceAccountEmail"].startswith("smart-sync-scheduler@")
    assert made.body["retryConfig"]["retryCount"] == 0


def _the_run_job_runs_the_program_itself(cloud):
    """What the image's own entry point is not; and nothing of it is tried twice."""
    (made,) = cloud.of("run.namespaces.jobs.create")
    tasks = made.body["spec"]["template"]["spec"]["template"]["spec"]
    (container,) = tasks["containers"]
    assert container["command"] == ["python", "/template/main.py"]
    assert container["resources"]["limits"] == {"cpu": "1", "memory": "2Gi"}
    assert (tasks["maxRetries"], tasks["timeoutSeconds"]) == (0, "3600")
    assert tasks["serviceAccountName"].startswith("smart-sync-run@")
    (run,) = cloud.of("run.namespaces.jobs.run")
    (override,) = run.body["overrides"]["containerOverrides"]
    given, beam_argv, faults = split_argv(override["args"])
    assert (faults, beam_argv) == ([], ("--temp_location=gs://my-project-smart-sync/tmp",))
    launch_options(given, beam_argv, {"CLOUD_RUN_JOB": "smart-sync"}, unchecked)


def _the_build_makes_image_and_template(cloud):
    (build,) = cloud.of("cloudbuild.projects.locations.builds.create")
    values = build.body["substitutions"]
    assert values["_TEMPLATE"] == "gs://my-project-smart-sync/templates/smart-sync.json"
    assert values["_IMAGE"].startswith(
        "us-central1-docker.pkg.dev/my-project/smart-sync/smart-sync:"
    )
    assert build.body["serviceAccount"].endswith(
        "smart-sync-build@my-project.iam.gserviceaccount.com"
    )
    template = json.loads(cloud.uploads["templates/smart-sync.json"])
    assert errors("dataflow.v1b3", "ContainerSpec", template) == []
    assert template["image"] == "r-docker.pkg.dev/p/r/i:1"
    told = metadata()
    told["parameters"] = [_without_defaults(entry) for entry in told["parameters"]]
    assert template["metadata"] == told


def _without_defaults(entry):
    """gcloud leaves out empty lists, which say the same as their absence."""
    return {key: value for key, value in entry.items() if value != []}


def test_the_build_is_one_that_cloud_build_knows():
    build = yaml.safe_load((ROOT / "cloudbuild.yaml").read_text())
    assert errors("cloudbuild.v1", "Build", build) == []
    used = set(re.findall(r"\$\{(_\w+)\}", str(build["steps"])))
    assert used == set(build["substitutions"])


def test_the_shown_launch_arrives_byte_for_byte(shell, cloud, place):
    (text,) = [text for name, text in shown_files(RUNNING).items() if name == "orders.yaml"]
    (place / "orders.yaml").write_text(text)
    (command,) = [s for s in blocks(RUNNING, "bash") if "--flags-file=orders.yaml" in s]
    code, said = shell(command)
    assert (code, cloud.faults) == (0, []), said
    launch = launched(cloud)
    assert launch["parameters"] == yaml.safe_load(text)["--parameters"]
    assert re.fullmatch(r"orders-sync-\d{8}-\d{6}", launch["jobName"])


def test_the_page_on_schedules_reads_logs_and_makes_its_alerts(shell, cloud):
    scripts = [script for script in blocks(SCHEDULING, "bash") if "gcloud " in script]
    code, said = shell("\n".join(scripts))
    assert (code, cloud.faults) == (0, []), said
    (metric,) = cloud.of("logging.projects.metrics.create")
    policies = cloud.of("monitoring.projects.alertPolicies.create")
    files = sorted((ROOT / "deploy" / "alerts").glob("*.yaml"))
    wanted = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in files]
    sent = [metric.body, *(request.body for request in policies)]
    channels = [body.pop("notificationChannels") for body in sent[1:]]
    assert {len(each) for each in channels} == {1}
    key = operator.itemgetter("displayName")
    assert sorted(sent[1:], key=key) == sorted((w for w in wanted if "name" not in w), key=key)
    assert sent[0] in wanted
    assert len(cloud.of("logging.entries.list")) == 2
    assert len(cloud.of("cloudscheduler.projects.locations.jobs.get")) == 1


def test_the_first_command_of_the_terraform_module_is_taken(shell, cloud):
    (script,) = blocks(ROOT / "deploy" / "terraform" / "README.md", "bash")
    code, said = shell(script)
    assert (code, cloud.faults) == (0, []), said
    (enabled,) = cloud.of("serviceusage.services.batchEnable")
    assert len(enabled.body["serviceIds"]) == 2


def test_the_page_on_schedules_makes_its_schedules(cloud, place, tmp_path):
    """`create` and `apply` as they are shown; Cloud Scheduler's client speaks to the stand-in."""
    for name, text in (shown_files(SCHEDULING) | shown_files(TABLES)).items():
        (place / name).write_text(text)
    shown = "\n".join(blocks(SCHEDULING, "bash")).replace("\\\n", " ")
    makes = ("python -m scheduler create", "python -m scheduler apply")
    lines = [f"{line} --yes" for line in shown.splitlines() if line.startswith(makes)]
    lines.insert(0, next(line for line in shown.splitlines() if line.startswith("export PATH")))
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    environ["CLOUD_SCHEDULER_EMULATOR_HOST"] = f"{cloud.url}/cloudscheduler"
    (place / ".venv").symlink_to(sys.prefix)
    done = bash("\n".join(lines), place, environ)
    # The client sends enums as numbers, which Google's services take.
    faults = [fault for fault in cloud.faults if "httpMethod: 1 is not" not in fault]
    assert (done.returncode, faults) == (0, []), done.stdout + done.stderr
    made = cloud.of("cloudscheduler.projects.locations.jobs.create")
    names = [request.body["name"].rsplit("/", 1)[1] for request in made]
    assert names == [
        "postgresql-orders-hourly-prod",
        "mongodb-carts-hourly-prod",
        "mongodb-customers-daily-prod",
        "shop-hourly-prod",
    ]
    for request in made:
        assert body_errors(request.body["httpTarget"]) == []
        schedule = schedule_of(request.body)
        assert schedule.job_name == "", "the launch has the schedule's name"
        assert checked(schedule) == schedule


NASTY = {
    "postgresql_query": "SELECT a, b=c FROM t WHERE x = 1, y",
    "mongodb_query": """{"a": {"$gt": 1}, "b": 'it''s', "c": "\\n"}""",
    "postgresql_base_query": "SELECT *\n  FROM t\n\n WHERE a > '{start_timestamp}'\n -- end",
    "source_bigquery_query": "a~b|c^d;e:f#g ^~^ {x: 1} [y] !z &v *w %u @t $HOME $(date) `t`",
    "source_table_for_schema": 'ä€𝄞\u2028."naïve"',
    "transformation_config": "- a: b # no comment",
}
"""Commas, equals, quotes, lines, separators, other alphabets, and what looks like YAML."""


def test_any_query_arrives_byte_for_byte_from_a_flags_file(shell, cloud, place):
    flags = {
        "--template-file-gcs-location": "gs://b/t.json",
        "--region": "us-central1",
        "--parameters": NASTY,
    }
    (place / "flags.yaml").write_text(yaml.safe_dump(flags, allow_unicode=True), encoding="utf-8")
    run = "gcloud dataflow flex-template run nasty --flags-file=flags.yaml"
    code, said = shell(run, LANG="C.UTF-8")
    assert (code, cloud.faults) == (0, []), said
    assert launched(cloud)["parameters"] == NASTY


def test_a_block_of_yaml_keeps_lines_and_a_folded_one_does_not(shell, cloud, place):
    query = "SELECT a, b\n    FROM t\n    WHERE c = 'd'"
    flags = "--template-file-gcs-location: gs://b/t\n--region: r\n--parameters:\n  postgresql_query"
    for sign in ("|-", ">-"):
        (place / "flags.yaml").write_text(f"{flags}: {sign}\n    {query}\n")
        code, said = shell("gcloud dataflow flex-template run job --flags-file=flags.yaml")
        assert code == 0, said
    launches = [request.body["launchParameter"]["parameters"] for request in cloud.of(LAUNCH)]
    block, folded = (parameters["postgresql_query"] for parameters in launches)
    assert block == query.replace("\n    ", "\n")
    one_line = block.replace("\n", " ")
    assert folded not in (block, one_line), "the page warns of what no longer happens"


def test_the_form_with_commas_fails_or_corrupts_as_the_page_says(shell, cloud):
    (shown,) = re.findall(r'The form `(--parameters="[^`]+")` does not work', RUNNING.read_text())
    launch = (
        "gcloud dataflow flex-template run job --template-file-gcs-location=gs://b/t --region=r "
    )
    code, said = shell(launch + shown)
    assert code != 0
    assert "Bad syntax for dict arg" in said
    code, said = shell(launch + '--parameters="a=b,query=SELECT x, y=z FROM t"')
    assert code == 0, said
    (request,) = cloud.of(LAUNCH)
    assert request.body["launchParameter"]["parameters"]["query"] == "SELECT x"


def test_another_separator_on_one_line_arrives_whole(shell, cloud):
    (shown,) = re.findall(r'separator: `(--parameters="\^[^`]+")`', RUNNING.read_text())
    launch = (
        "gcloud dataflow flex-template run job --template-file-gcs-location=gs://b/t --region=r "
    )
    code, said = shell(launch + shown)
    assert (code, cloud.faults) == (0, []), said
    assert launched(cloud)["parameters"] == {
        "data_source": "postgresql",
        "postgresql_query": "SELECT x, y FROM t",
    }


def test_make_template_without_a_project_says_what_is_missing(shell, cloud):
    for words in ("", "PROJECT=p"):
        code, said = shell(f"make -s template {words}")
        assert code != 0
        assert "give PROJECT=my-project" in said or "give BUCKET=my-bucket" in said
    assert cloud.requests == []


def test_a_dry_run_of_make_template_shows_the_command_and_asks_for_nothing(shell, cloud):
    code, said = shell("make -s template PROJECT=p BUCKET=gs://b REGION=europe-west1 DRY=1")
    assert code == 0, said
    assert "gcloud builds submit . " in said
    assert "europe-west1-docker.pkg.dev/p/smart-sync/smart-sync:" in said
    assert "gs://b/templates/smart-sync.json" in said
    assert (cloud.requests, cloud.faults) == ([], [])
