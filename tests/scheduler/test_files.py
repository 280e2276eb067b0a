"""schedules.yaml: what it says, and everything that is wrong with one."""

import pytest

from auto_schema.errors import SyncError
from scheduler.files import read_schedules, schedules_in
from scheduler.schedule import Retry

DEFAULTS = """
defaults:
  project: my-project
  region: europe-west1
  template: gs://b/t.json
  service_account: l@my-project.iam.gserviceaccount.com
  retry: {count: 1}
  environment: {temp_location: gs://b/tmp, max_workers: 2}
  parameters:
    data_source: postgresql
    postgresql_host: 10.0.0.5
    postgresql_database: shop
    postgresql_username: reader
    postgresql_password: projects/p/secrets/s/versions/latest
    enable_smart_sync: true
    destination_bigquery_project: my-project
    destination_bigquery_dataset: shop
schedules:
"""
ORDERS = """
  orders:
    cron: hourly
    parameters: {source_table_for_schema: public.orders, destination_bigquery_table: orders}
"""


ON_RUN = DEFAULTS.replace(", max_workers: 2", "") + ORDERS + "    host: cloud_run\n"


def test_an_entry_stands_over_the_defaults_key_by_key():
    more = "    paused: true\n    retry: {max_duration_s: 60}\n    environment: {max_workers: 4}\n"
    (made,) = schedules_in(DEFAULTS + ORDERS + more, "f")
    assert (made.cron, made.paused, made.location) == ("0 * * * *", True, "europe-west1")
    assert made.retry == Retry(count=1, max_duration_s=60)
    assert made.environment == {"temp_location": "gs://b/tmp", "max_workers": 4}
    assert made.parameters["enable_smart_sync"] == "true"
    assert made.parameters["destination_bigquery_table"] == "orders"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no schedules"),
        ("[1]", "no schedules"),
        ("schedules: [a]", "no schedules"),
        ("a: [", "not YAML"),
        (DEFAULTS + ORDERS + ORDERS, "stands twice: orders"),
        ("? [a]\n: 1\n? [a]\n: 2\n", "not YAML"),
        ("a: &a [*a]", "not YAML"),
        (DEFAULTS + "  orders: text", "not a mapping (schedule orders)"),
        (DEFAULTS + "  orders: {parameters: text}", "not a mapping"),
        (DEFAULTS + ORDERS + "    paused: maybe", "write true or false"),
        (DEFAULTS + ORDERS + "    attempt_deadline_s: soon", "write a whole number"),
        (DEFAULTS + ORDERS + "    attempt_deadline_s: 9999", "give 15 to 1800 seconds"),
        (DEFAULTS + ORDERS + "    retry: {count: 6}", "give 0 to 5"),
        (DEFAULTS + ORDERS + "    retry: {cont: 1}", "did you mean count?"),
        (DEFAULTS + ORDERS + "    crom: x", "did you mean cron?"),
        (DEFAULTS + ORDERS + "    time_zone: Europe/Berlni", "did you mean Europe/Berlin?"),
        (DEFAULTS + ORDERS + "    environment: {max_workers: [1]}", "give a value of type int"),
        (DEFAULTS + ORDERS.replace("public.orders", "[a, b]"), "not a text"),
        (DEFAULTS + ORDERS.replace("orders:", "Orders_1:"), "malformed name"),
        (DEFAULTS.replace("defaults", "default") + ORDERS, "unknown (f: default)"),
        (DEFAULTS + ORDERS + "    run_job: j", "(schedule orders: run_job): its host is dataflow"),
        (ON_RUN + "    template: gs://b/t.json", "(schedule orders: template): its host is cloud"),
        (ON_RUN.replace("public.orders", "o, sdk_container_image: i"), "sdk_container_image)"),
        (DEFAULTS + ORDERS.replace("public.orders", "o, plan_only: true"), "for one launch only"),
    ],
)
def test_a_file_that_is_wrong_is_told(text, says):
    with pytest.raises(SyncError) as caught:
        schedules_in(text, "f")
    assert says in str(caught.value)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    "text",
    [
        "defaults:\n  parameters:\n    postgresql_password: @pl4nted\n",
        "defaults:\n  parameters:\n    postgresql_password: pl4nted: x\n",
        "defaults: [{parameters: {postgresql_password: pl4nted}}]\nschedules: {a: {}}\n",
    ],
)
def test_no_line_of_a_malformed_file_is_shown(text):
    with pytest.raises(SyncError) as caught:
        schedules_in(text, "f")
    assert "pl4nted" not in str(caught.value)


@pytest.mark.parametrize("line", ["description: [x]", "time_zone: {a: b}", "location: [x]"])
def test_what_should_be_a_text_and_is_not_is_told(line):
    with pytest.raises(SyncError, match="not a text"):
        schedules_in(DEFAULTS + ORDERS + f"    {line}\n", "f")


def test_everything_that_is_wrong_is_told_at_once():
    bad = "  b: {cron: x}\n  a: {cron: 61 * * * *, nope: 1}\n"
    with pytest.raises(SyncError) as caught:
        schedules_in(DEFAULTS + ORDERS + bad, "f")
    for word in ("schedule b: cron", "schedule a: nope"):
        assert word in str(caught.value)
    assert "schedule orders" not in str(caught.value)


def test_a_file_that_cannot_be_read_is_told(tmp_path):
    (tmp_path / "x.yaml").write_bytes(b"\xff")
    for name in ("none.yaml", "x.yaml"):
        with pytest.raises(SyncError, match="file can't be read"):
            read_schedules(tmp_path / name)
