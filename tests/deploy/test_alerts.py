"""The alert policies and the metric: what Google's descriptions allow, and what they match."""

import json
import re
from datetime import UTC, datetime

import pytest
import yaml

from pipeline.parameters.docs import ROOT
from pipeline.runs.history import event_row
from pipeline.runs.outcome import Outcome
from scheduler.job import uri_of
from tests.discovery import errors
from tests.factories import a_plan
from tests.scheduler.conftest import a_run, a_schedule

FOLDER = ROOT / "deploy" / "alerts"
METRIC = FOLDER / "smart-sync-succeeded.yaml"
POLICIES = sorted(set(FOLDER.glob("*.yaml")) - {METRIC})
LONGEST = {"alignmentPeriod": 90_000, "duration": 84_600}
"""Of an alert policy, in seconds; https://docs.cloud.google.com/monitoring/alerts/metric-absence."""


def read(path):
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def seconds(text):
    return int(text.removesuffix("s"))


def test_there_is_a_policy_for_each_way_to_fail():
    names = {path.stem for path in POLICIES}
    assert names == {
        "cloud-run-failed",
        "data-stale-daily",
        "data-stale-hourly",
        "dataflow-failed",
        "launcher-failed",
        "scheduler-failed",
    }


@pytest.mark.parametrize("path", POLICIES, ids=lambda path: path.stem)
def test_a_policy_is_one_that_cloud_monitoring_knows(path):
    policy = read(path)
    assert errors("monitoring.v3", "AlertPolicy", policy) == []
    assert policy["documentation"]["mimeType"] == "text/markdown"
    kinds = {kind for each in policy["conditions"] for kind in each if kind != "displayName"}
    if "conditionMatchedLog" in kinds:
        assert len(policy["conditions"]) == 1, "Cloud Monitoring: alone, or not at all"
        assert policy["alertStrategy"]["notificationRateLimit"]["period"], "it is required"
    else:
        assert "notificationRateLimit" not in policy["alertStrategy"]


@pytest.mark.parametrize("path", POLICIES, ids=lambda path: path.stem)
def test_a_condition_keeps_the_limits_of_cloud_monitoring(path):
    for condition in read(path)["conditions"]:
        kind, body = next((k, v) for k, v in condition.items() if k != "displayName")
        if kind == "conditionMatchedLog":
            continue
        assert "resource.type = " in body["filter"]
        assert "metric.type = " in body["filter"]
        for each in body["aggregations"]:
            assert 60 <= seconds(each["alignmentPeriod"]) <= LONGEST["alignmentPeriod"]
        assert seconds(body["duration"]) % 60 == 0
        if kind == "conditionAbsent":
            assert 120 <= seconds(body["duration"]) <= LONGEST["duration"]
        if "evaluationMissingData" in body:
            assert seconds(body["duration"]) >= 60


@pytest.mark.parametrize("path", POLICIES, ids=lambda path: path.stem)
def test_the_text_of_a_policy_names_only_labels_that_it_has(path):
    policy = read(path)
    text = policy["documentation"]["content"]
    named = set(re.findall(r"\$\{([\w.]+)\}", text))
    had = set()
    for condition in policy["conditions"]:
        for body in condition.values():
            if isinstance(body, dict):
                had |= {f"log.extracted_label.{name}" for name in body.get("labelExtractors", {})}
                for each in body.get("aggregations", ()):
                    had |= set(each["groupByFields"])
    assert named <= had


def test_the_metric_is_one_that_cloud_logging_knows():
    metric = read(METRIC)
    assert errors("logging.v2", "LogMetric", metric) == []
    declared = {label["key"] for label in metric["metricDescriptor"]["labels"]}
    assert declared == set(metric["labelExtractors"])


@pytest.mark.parametrize("frequency", ["hourly", "daily"])
def test_a_policy_on_stale_data_watches_the_schedules_of_its_frequency(frequency):
    metric = read(METRIC)
    assert metric["labelExtractors"]["schedule"] == "EXTRACT(resource.labels.job_name)"
    for condition in read(FOLDER / f"data-stale-{frequency}.yaml")["conditions"]:
        (body,) = (value for value in condition.values() if isinstance(value, dict))
        assert f'"logging.googleapis.com/user/{metric["name"]}"' in body["filter"]
        (each,) = body["aggregations"]
        assert each["groupByFields"] == ["metric.label.destination"]
        (pattern,) = re.findall(r'metric.labels.schedule = .+full_match\("(.+)"\)', body["filter"])
        for other in ("hourly", "daily", "weekly", "every-15-minutes"):
            found = re.fullmatch(pattern, f"postgresql-orders-{other}-prod")
            assert bool(found) is (other == frequency)


def test_a_daily_run_may_come_late_by_an_hour_in_a_day_of_25_hours():
    (condition,) = read(FOLDER / "data-stale-daily.yaml")["conditions"]
    body = condition["conditionThreshold"]
    (each,) = body["aggregations"]
    assert seconds(each["alignmentPeriod"]) + seconds(body["duration"]) >= (25 + 1) * 3600


def counted(message):
    """The label that the metric gives to a line, by its own filter; None when it counts it not."""
    metric = read(METRIC)
    contained = re.findall(r'jsonPayload.message:"([^"]+)"', metric["filter"])
    matched = re.findall(r'jsonPayload.message=~"([^"]+)"', metric["filter"])
    assert contained
    assert matched
    if not all(text.lower() in message.lower() for text in contained):
        return None
    if not all(re.search(pattern, message) for pattern in matched):
        return None
    extractor = metric["labelExtractors"]["destination"]
    (pattern,) = re.fullmatch(r'REGEXP_EXTRACT\(jsonPayload\.message, "(.+)"\)', extractor).groups()
    assert re.compile(pattern).groups == 1, "Cloud Logging: exactly one group"
    return re.search(pattern, message).group(1)


def line(status, message=""):
    """The line that a run's last step logs."""
    plan = a_plan()
    outcome = Outcome(status=status, message=message)
    row = event_row(plan, outcome, datetime(2026, 1, 1, tzinfo=UTC))
    return plan, "run_report " + json.dumps(row, default=str, sort_keys=True)


def test_the_metric_counts_a_run_that_succeeded_under_its_destination():
    plan, said = line("succeeded")
    assert counted(said) == str(plan.destination)


@pytest.mark.parametrize("status", ["failed", "publishing", "held_back", "planned", "differs"])
def test_the_metric_counts_no_other_run(status):
    _, said = line(status, "it succeeded in nothing")
    assert counted(said) is None


@pytest.mark.parametrize("schedule", [a_schedule(), a_run()], ids=lambda one: one.host)
def test_a_refused_launch_is_known_by_the_address_of_its_host(schedule):
    (condition,) = read(FOLDER / "scheduler-failed.yaml")["conditions"]
    (pattern,) = re.findall(r'jsonPayload.url=~"(.+)"', condition["conditionMatchedLog"]["filter"])
    assert re.search(pattern, uri_of(schedule))
    assert not re.search(pattern, "https://run.googleapis.com/v2/projects/p/locations/l/services")


@pytest.mark.parametrize(
    ("name", "is_ours"),
    [
        ("postgresql-orders-hourly-prod", True),
        ("mongodb-events-daily-staging", True),
        ("bigquery-reports-weekly-prod", True),
        ("smart-sync-orders", True),
        ("wordcount", False),
        ("my-postgresql-export", False),
    ],
)
def test_policies_on_jobs_know_them_by_the_naming_convention(name, is_ours):
    (launcher,) = read(FOLDER / "launcher-failed.yaml")["conditions"]
    (failed,) = read(FOLDER / "dataflow-failed.yaml")["conditions"]
    (log,) = re.findall(r'job_name=~"(.+)"', launcher["conditionMatchedLog"]["filter"])
    (metric,) = re.findall(r'full_match\("(.+)"\)', failed["conditionThreshold"]["filter"])
    assert bool(re.search(log, name)) is is_ours
    assert bool(re.fullmatch(metric, name)) is is_ours
