"""The command line: all faults at once, each with parameter and mend, no value of a stray flag."""

from datetime import timedelta

import pytest
from apache_beam.options.pipeline_options import (
    GoogleCloudOptions,
    WorkerOptions,
)

from auto_schema.errors import ConfigError, ManyErrors, SyncError
from pipeline import cli, options
from pipeline.parameters import BY_NAME, PARAMETERS
from pipeline.runner import beam_options
from smart_sync.request import Guard, TableRef, WriteDisposition

LEAST = {
    "data_source": "postgresql",
    "destination_bigquery_project": "my-project",
    "destination_bigquery_dataset": "production_data",
    "destination_bigquery_table": "organizations",
    "postgresql_host": "db.example.com",
    "postgresql_database": "shop",
    "postgresql_username": "reader",
    "postgresql_password": "pl4nted-s3cret",
    "postgresql_query": "SELECT 1 AS one",
}
DATAFLOW = [
    "--runner=DataflowRunner",
    "--project=my-project",
    "--region=europe-west1",
    "--temp_location=gs://bkt/temp",
    "--staging_location=gs://bkt/staging",
    "--job_name=sync-organizations",
    "--sdk_container_image=europe-docker.pkg.dev/my-project/sync/sync:1",
    "--sdk_location=container",
    "--worker_machine_type=n2-standard-2",
    "--max_num_workers=4",
    "--num_workers=1",
    "--autoscaling_algorithm=THROUGHPUT_BASED",
    "--network=vpc",
    "--subnetwork=regions/europe-west1/subnetworks/private",
    "--no_use_public_ips",
    "--service_account_email=sync@my-project.iam.gserviceaccount.com",
    "--labels=team=data",
    "--dataflow_service_options=enable_prime",
    "--experiments=use_runner_v2",
    "--experiments",
    "shuffle_mode=service",
    "--setup_file=./setup.py",
    "--dry_run=false",
]


def argv(**parameters):
    words = LEAST | parameters
    return [f"--{name}={value}" for name, value in words.items() if value is not None]


def request(*flags, **parameters):
    return options.parse([*argv(**parameters), *flags], {}).request


def faults(*flags, **parameters):
    """All faults of a command line, each on a line of its own; none shows the password."""
    with pytest.raises(SyncError) as caught:
        cli.parse([*argv(**parameters), *flags])
    error = caught.value
    found = error.errors if isinstance(error, ManyErrors) else (error,)
    assert all(isinstance(each, ConfigError) for each in found)
    assert error.exit_code == 2
    assert "pl4nted-s3cret" not in str(error)
    assert all(each.where and each.fix for each in found), str(error)
    return [str(each) for each in found]


def only_fault(*flags, **parameters):
    (found,) = faults(*flags, **parameters)
    return found


MALFORMED = {
    "data_source": ("Postgres", "'Postgres' is unknown", "use one of postgresql, mongodb"),
    "destination_bigquery_project": ("My_Project", "'My_Project'", "project id"),
    "destination_bigquery_dataset": ("p.d", "'p.d'", "without the project"),
    "destination_bigquery_table": ("d.t", "'d.t'", "name alone"),
    "postgresql_port": ("0", "'0' is out of range", "from 1 to 65535"),
    "postgresql_sslmode": ("on", "'on' is unknown", "verify-full"),
    "enable_smart_sync": ("True", "'True'", "true or false"),
    "sync_all_on_empty_table": ("1", "'1'", "true or false"),
    "fallback_days": ("1.5", "'1.5' is not a whole number", "from 0 to 36500"),
    "smart_sync_margin": ("10 s", "'10 s'", "such as 30s, 5m, 6h or 1d"),
    "late_commit_guard": ("on", "'on' is neither auto, off nor a duration", "30m"),
    "late_commit_guard_max": ("-6h", "'-6h'", "s, m, h or d"),
    "source_timezone": ("Europe/Atlantis", "'Europe/Atlantis'", "Europe/Berlin"),
    "enable_auto_schema": ("yes", "'yes'", "true or false"),
    "partition_type": ("WEEK", "'WEEK' is unknown", "HOUR, DAY, MONTH, YEAR"),
    "clustering_fields": ("a,,b", "empty name between commas", "single commas"),
    "delete_existing_table": ("TRUE", "'TRUE'", "true or false"),
    "schema_evolution": ("none", "'none' is unknown", "freeze"),
    "batch_size": ("0", "'0' is out of range", "from 1"),
    "max_retries": ("many", "'many' is not a whole number", "from 0 to 20"),
    "num_splits": ("5001", "'5001' is out of range", "5000"),
    "max_source_connections": ("0", "'0' is out of range", "from 1 to 1000"),
    "transformation_config": ("{'a': 1}", "not JSON", "JSON object"),
    "write_disposition": ("append", "'append' is unknown", "WRITE_TRUNCATE"),
    "create_disposition": ("CREATE", "'CREATE' is unknown", "CREATE_NEVER"),
    "json_numbers": ("float", "'float' is unknown", "double"),
    "dead_letter_table": ("a.b.c.d", "'a.b.c.d'", "dataset.table"),
    "max_dead_letters": ("-1", "'-1' is not a whole number", "from 0"),
    "bigquery_job_project": ("P", "'P'", "project id"),
    "run_history_table": ("`runs`", "'`runs`'", "dataset.table"),
    "accept_source_change": ("y", "'y'", "true or false"),
    "plan_only": ("on", "'on'", "true or false"),
    "plan_format": ("yaml", "'yaml' is unknown", "text, json"),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_value_is_named_quoted_and_mended(name):
    value, why, fix = MALFORMED[name]
    found = only_fault(**{name: value})
    assert f"({name})" in found or f"({name} " in found
    assert why in found
    assert fix in found.partition("To mend: ")[2]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("num_splits", "9" * 5000),
        ("num_splits", "²"),
        ("smart_sync_margin", "99999999999999d"),
        ("late_commit_guard", "9" * 5000 + "s"),
        ("source_timezone", "../../etc/passwd"),
        ("source_timezone", "Europe"),
        ("transformation_config", "[" * 100_000),
        ("clustering_fields", "a, a"),
    ],
    ids=lambda text: text[:20],
)
def test_a_hostile_value_is_a_fault_and_no_crash(name, value):
    found = only_fault(**{name: value})
    assert name in found
    assert len(found) < 600


def test_every_parameter_with_a_form_has_a_malformed_case():
    formless = ("text", "sql", "secret")
    formed = {
        p.name for p in PARAMETERS if not p.planned and p.kind not in formless and not p.source
    }
    assert formed <= set(MALFORMED)


def test_all_faults_are_told_at_once():
    found = faults(
        "--regionn=europe-west1",
        "stray",
        data_source=None,
        postgresql_port="x",
        fallback_days="y",
        clustering_fields="a,b,c,d,e",
        transformation_config='{"field_mappings": [], "select_fields": "a", "what": 1}',
        merge_keys="id",
    )
    text = "\n".join(found)
    for name in ("data_source", "postgresql_port", "fallback_days", "clustering_fields"):
        assert f"({name})" in text
    for word in ("field_mappings", "select_fields", "'what'", "(merge_keys)", "--regionn"):
        assert word in text
    assert "did you mean --region?" in text
    assert "stray argument" in text
    assert len(found) == len(set(found)) == 10


def test_a_misspelt_flag_is_refused_with_the_nearest_name_and_without_its_value():
    for form in (["--postgresql_pasword=hunter2"], ["--postgresql_pasword", "hunter2"]):
        found = only_fault(*form)
        assert "unknown parameter (--postgresql_pasword)" in found
        assert "did you mean --postgresql_password?" in found
        assert "hunter2" not in found


def test_a_flag_like_nothing_is_refused_and_points_to_the_readme():
    found = only_fault("--zzzzqqqq=hunter2")
    assert "README.md" in found
    assert "hunter2" not in found


def test_what_is_left_of_an_unquoted_secret_is_not_shown():
    found = only_fault("--postgresql_password", "correct", "horse", postgresql_password=None)
    assert "horse" not in found
    assert "quote values with spaces" in found
    two_dashes = ["--postgresql_password", "--hunter2"]
    assert "hunter2" not in "".join(faults(*two_dashes, postgresql_password=None))


def test_both_forms_of_a_parameter_mean_the_same():
    words = [word for name, value in LEAST.items() for word in (f"--{name}", value)]
    assert options.parse(words, {}).request == request()


def test_a_value_may_hold_equals_signs_dashes_and_line_ends():
    query = "SELECT a = b AS c --no\nFROM t"
    assert request(postgresql_query=query).query == query
    assert request(postgresql_host="--x").connection.host == "--x"


def test_a_parameter_without_a_value_is_named():
    found = only_fault("--num_splits", "--plan_only=true")
    assert "parameter without a value (--num_splits)" in found
    assert "without a value" in only_fault("--num_splits")


def test_a_parameter_given_twice_is_refused_without_its_values():
    found = only_fault("--postgresql_password=hunter2")
    assert "parameter given twice (--postgresql_password)" in found
    assert "hunter2" not in found


@pytest.mark.parametrize("missing", [name for name in LEAST if name != "postgresql_query"])
def test_each_required_parameter_is_named_when_missing_or_blank(missing):
    for value in (None, "", "  "):
        found = faults(**{missing: value})
        assert [each for each in found if f"missing parameter ({missing})" in each], found
        assert [each for each in found if f"--{missing}=" in each], found


def test_the_requirements_of_other_sources_do_not_hold():
    required = {p.name for p in PARAMETERS if p.required and p.source in ("", "postgresql")}
    assert required == set(LEAST) - {"postgresql_query"}


@pytest.mark.parametrize("source", ["mongodb", "bigquery"])
def test_sources_of_a_later_version_say_so(source):
    found = only_fault(
        data_source=source,
        **{name: None for name in LEAST if name.startswith("postgresql")},
        **{p.name: p.example or "x" for p in PARAMETERS if p.required and p.source == source},
    )
    assert "not in this version" in found
    assert f"'{source}'" in found
    assert "data_source=postgresql" in found


PLANNED = [p.name for p in PARAMETERS if p.planned]


@pytest.mark.parametrize("name", PLANNED)
def test_a_planned_parameter_is_refused_when_set_and_not_otherwise(name):
    found = only_fault(**{name: BY_NAME[name].example or "5"})
    assert f"not in this version ({name})" in found
    assert "leave it out" in found
    request(**{name: BY_NAME[name].default})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("write_disposition", "WRITE_MERGE"),
        ("schema_evolution", "evolve"),
        ("json_numbers", "exact"),
    ],
)
def test_a_planned_choice_is_refused_and_the_others_are_named(name, value):
    found = only_fault(**{name: value})
    assert f"not in this version ({name})" in found
    assert BY_NAME[name].default in found


BASE = "SELECT * FROM t WHERE u > '{start_timestamp}' AND u <= '{end_timestamp}'"


def test_smart_sync_takes_a_base_query_a_query_or_a_table():
    smart = {"enable_smart_sync": "true", "postgresql_query": None}
    assert request(**smart, postgresql_base_query=f"{BASE};").query == BASE
    assert request(enable_smart_sync="true").query == "SELECT 1 AS one"
    assert request(**smart, source_table_for_schema="t").query == ""
    both = request(enable_smart_sync="true", postgresql_base_query=BASE)
    assert (both.query, both.query_parameter) == (BASE, "postgresql_base_query")
    assert "source_table_for_schema" in only_fault(**smart)


def test_without_smart_sync_a_base_query_is_no_query_and_placeholders_are_refused():
    assert "postgresql_query" in only_fault(postgresql_query=None, postgresql_base_query=BASE)
    assert "placeholders without smart sync" in only_fault(postgresql_query=BASE)


@pytest.mark.parametrize(
    ("query", "missing"),
    [
        ("SELECT 1", "{end_timestamp} and {start_timestamp} missing"),
        ("SELECT '{start_timestamp}'", "{end_timestamp} missing"),
        ("SELECT '{end_timestamp}' -- {start_timestamp}", "{start_timestamp} missing"),
        ("SELECT '{end_timestamp}' /* {start_timestamp} */", "{start_timestamp} missing"),
    ],
)
def test_a_base_query_without_its_placeholders_is_refused(query, missing):
    found = only_fault(enable_smart_sync="true", postgresql_base_query=query)
    assert "base query without placeholders (postgresql_base_query)" in found
    assert missing in found


def test_beams_flags_pass_through_untouched():
    parsed = cli.parse([*DATAFLOW[:6], *argv(), *DATAFLOW[6:]])
    assert parsed.beam_argv == tuple(DATAFLOW)
    assert not parsed.is_local
    made = beam_options(parsed)
    assert made.view_as(GoogleCloudOptions).region == "europe-west1"
    worker = made.view_as(WorkerOptions)
    assert worker.machine_type == "n2-standard-2"
    assert worker.use_public_ips is False
    assert worker.sdk_container_image.endswith("/sync:1")
    kept = made.get_all_options()
    assert {"use_runner_v2", "shuffle_mode=service"} <= set(kept["experiments"])
    assert not {name for name in kept if name in BY_NAME and kept[name]}
    assert parsed.request.temp_location == "gs://bkt/temp"


def test_none_of_our_parameters_reaches_beam():
    parsed = cli.parse([*argv(), "--runner", "DataflowRunner", *DATAFLOW[1:]])
    assert "pl4nted-s3cret" not in " ".join(parsed.beam_argv)
    assert "pl4nted-s3cret" not in repr(parsed)


def test_dataflow_needs_a_bucket():
    found = only_fault("--runner=DataflowRunner", "--project=p", "--region=r")
    assert "missing parameter (temp_location)" in found
    assert "gs://" in found
    local = only_fault("--runner=DataflowRunner", "--temp_location=/tmp/x")
    assert "malformed parameter (temp_location)" in local


def test_a_plain_password_on_dataflow_is_warned_about_and_a_name_is_not():
    (warning,) = cli.parse([*argv(), *DATAFLOW]).warnings
    assert "Secret Manager" in warning
    named = argv(postgresql_password="projects/p/secrets/s/versions/1")
    assert cli.parse([*named, *DATAFLOW]).warnings == ()
    assert cli.parse(argv()).warnings == ()


@pytest.mark.parametrize("runner", [None, "DirectRunner", "directrunner", "FnApiRunner"])
def test_local_runners_are_local_and_need_no_bucket(runner):
    parsed = cli.parse([*argv(), *([f"--runner={runner}"] if runner else [])])
    assert parsed.is_local
    assert parsed.request.temp_location


def test_defaults_are_those_of_the_template():
    defaults = {
        "postgresql_port": "5432",
        "enable_smart_sync": "false",
        "smart_sync_timestamp_column": "updated_at",
        "sync_all_on_empty_table": "true",
        "fallback_days": "1",
        "enable_auto_schema": "false",
        "partition_field": "updated_at",
        "delete_existing_table": "false",
        "mongodb_port": "27017",
        "write_disposition": "WRITE_APPEND",
        "create_disposition": "CREATE_IF_NEEDED",
        "max_retries": "3",
    }
    assert {name: BY_NAME[name].default for name in defaults} == defaults
    made = request()
    assert made.connection.port == 5432
    assert made.destination == TableRef("my-project", "production_data", "organizations")
    assert (made.smart_sync, made.cursor, made.fallback) == (
        False,
        "updated_at",
        timedelta(days=1),
    )
    assert (made.sync_all_on_empty_table, made.auto_schema) == (True, False)
    assert (made.partition_field, made.partition_given, made.clustering_fields) == (
        "updated_at",
        False,
        (),
    )
    assert made.write_disposition is WriteDisposition.APPEND
    assert (made.create_if_needed, made.delete_existing_table, made.max_retries) == (True, False, 3)
    assert (made.batch_rows, made.num_splits, made.max_dead_letters) == (None, 0, 0)
    assert made.guard == Guard(auto=True, longest=timedelta(hours=6))
    assert (made.margin, made.run_history_table) == (timedelta(seconds=10), "sync_runs")


OPTIONAL = [
    p.name
    for p in PARAMETERS
    if not p.required and p.name not in ("postgresql_query", "partition_field")
]


def test_an_empty_text_means_that_a_parameter_is_not_given():
    for name in OPTIONAL:
        assert request(**{name: ""}) == request(), name


def test_values_arrive_in_the_request():
    made = request(
        clustering_fields=" id , status",
        late_commit_guard="30m",
        partition_field="",
        batch_size="500",
        write_disposition="WRITE_TRUNCATE",
        create_disposition="CREATE_NEVER",
        smart_sync_margin="2d",
        transformation_config='{"field_mappings": {"a": "b"}, "exclude_fields": ["c"]}',
    )
    assert made.clustering_fields == ("id", "status")
    assert made.guard == Guard(auto=False, duration=timedelta(minutes=30))
    assert (made.partition_field, made.partition_given) == ("", True)
    assert (made.batch_rows, made.create_if_needed) == (500, False)
    assert made.write_disposition is WriteDisposition.TRUNCATE
    assert made.margin == timedelta(days=2)
    assert made.transformation.destination_name("a") == "b"
    assert not made.transformation.keeps("c")
