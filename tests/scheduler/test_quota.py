"""What schedules would have Dataflow run at once, against its quota."""

from datetime import UTC, datetime, timedelta

import pytest
import yaml

from scheduler import quota
from scheduler.job import job_of
from scheduler.quota import JOBS_AT_ONCE, load_text, loads, scheduler_warnings
from tests.scheduler.conftest import LOCATION, PARAMETERS, PROJECT, TEMPLATE, a_run, a_schedule

NOW = datetime(2026, 3, 2, 0, 30, tzinfo=UTC)  # a Monday


def load_of(schedules, jobs=JOBS_AT_ONCE):
    (load,) = loads(schedules, NOW, jobs)
    return load


def named(count, cron, **values):
    return [a_schedule(f"s{number:02}", cron=cron, **values) for number in range(count)]


def test_schedules_of_one_minute_run_at_once():
    load = load_of(named(26, "0 * * * *"))
    assert (load.jobs, load.is_over) == (26, True)
    assert load.at == datetime(2026, 3, 2, 1, tzinfo=UTC)
    assert len(load.over) == 7 * 24
    assert not load_of(named(25, "0 * * * *")).is_over


def test_a_run_that_has_not_ended_counts_with_those_that_begin():
    late = a_schedule("late", cron="14 * * * *")
    assert load_of([*named(25, "0 * * * *"), late]).jobs == 26
    later = a_schedule("later", cron="15 * * * *")
    assert load_of([*named(25, "0 * * * *"), later]).jobs == 25


def test_a_schedule_counts_once_since_its_second_job_is_refused():
    assert load_of(named(1, "*/5 * * * *")).jobs == 1


def test_the_bound_of_a_run_says_how_long_it_is_taken_to_last():
    long = {"parameters": {"max_run_minutes": "120"}}
    assert load_of([*named(1, "0 1 * * *", **long), a_schedule(cron="59 2 * * *")]).jobs == 2
    assert load_of([*named(1, "0 1 * * *", **long), a_schedule(cron="0 3 * * *")]).jobs == 1


def test_a_weekly_crowd_is_seen():
    load = load_of(named(30, "0 4 * * SUN"))
    assert load.over == (datetime(2026, 3, 8, 4, tzinfo=UTC),)


def test_zones_are_compared_in_utc():
    berlin = a_schedule("berlin", cron="0 6 * * *", time_zone="Europe/Berlin")
    assert load_of([berlin, a_schedule("utc", cron="0 5 * * *")]).jobs == 2


def test_paused_schedules_other_hosts_and_other_projects_have_no_part():
    others = [
        a_schedule("paused", cron="0 * * * *", paused=True),
        a_run("cloud", cron="0 * * * *"),
        a_schedule("words", cron="every day 09:00"),
    ]
    assert load_of([*others, a_schedule(cron="0 * * * *")]).jobs == 1
    elsewhere = a_schedule("elsewhere", cron="0 * * * *", project="other")
    assert [load.jobs for load in loads([elsewhere, a_schedule()], NOW, 25)] == [1, 1]


def test_the_line_names_the_quota_what_exceeds_it_and_the_mend():
    assert load_text(load_of(named(3, "0 * * * *"))) == (
        "Dataflow runs 25 jobs of a project at once unless the quota was raised; at most 3 of"
        " my-project's schedules at Mon 2026-03-02 01:00 UTC"
    )
    text = load_text(load_of(named(31, "0 4 * * SUN")))
    for part in (
        "there would be 31 of my-project's schedules at Sun 2026-03-08 04:00 UTC",
        "s00, s01, s02, s03, s04 and 26 more",
        "Too many start at Sun 04:00",
        "--stagger",
        "tables: FILE",
        "host: cloud_run",
        "--dataflow-jobs=N",
    ):
        assert part in text
    assert "unless" not in load_text(load_of(named(31, "0 4 * * SUN"), 30))


def test_a_hundred_busy_schedules_are_looked_at_in_seconds():
    crons = [f"{number % 5}-59/5 * * * *" for number in range(100)]
    busy = [a_schedule(f"s{n}", cron=cron) for n, cron in enumerate(crons)]
    begin = datetime.now(UTC)
    assert load_of(busy).jobs == 100
    assert datetime.now(UTC) - begin < timedelta(seconds=20)


def test_cloud_schedulers_own_limits_are_told():
    assert scheduler_warnings([("p, l", 1_000)], 500) == []
    many, fast = scheduler_warnings([("p, l", 1_001)], 501)
    assert "1,001 schedules in p, l; Cloud Scheduler takes 1,000 jobs of a region" in many
    assert "501 changes; Cloud Scheduler takes 500 a minute" in fast


@pytest.fixture
def file(tmp_path):
    """schedules.yaml of so many in one minute."""

    def write(count, **more):
        defaults = {
            "project": PROJECT,
            "region": LOCATION,
            "template": TEMPLATE,
            "service_account": "launcher@my-project.iam.gserviceaccount.com",
            "parameters": PARAMETERS,
            "environment": {"temp_location": "gs://my-bucket/tmp"},
        }
        entries = {f"s{number:02}": {"cron": "0 * * * *"} for number in range(count)}
        path = tmp_path / "schedules.yaml"
        path.write_text(yaml.safe_dump({"defaults": defaults, "schedules": entries}))
        return f"-f{path}"

    return write


def test_apply_counts_schedules_that_are_there_and_stay(command, scheduler, file):
    scheduler.put(job_of(a_schedule("there", cron="0 * * * *")))
    path = file(25)
    done = command("apply", path, "--dry-run")
    assert "there would be 26 of my-project's schedules" in done.out
    assert "warning" in done.out
    done = command("apply", path, "--dry-run", "--delete-orphans")
    assert "at most 25 of my-project's schedules" in done.out
    done = command("apply", path, "--dry-run", "--dataflow-jobs=30")
    assert "Dataflow runs 30 jobs of a project at once; at most 26 of" in done.out
    done = command("apply", path, "--dry-run", "--stagger")
    assert "at most" in done.out


def test_the_figures_are_those_of_googles_pages():
    assert (quota.JOBS_AT_ONCE, quota.SCHEDULES_OF_A_REGION, quota.WRITES_A_MINUTE) == (
        25,
        1_000,
        500,
    )
