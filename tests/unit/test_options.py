"""The command line: all faults at once, each with parameter and mend, no value of a stray flag."""

import pytest

from pipeline.parameters import options
from pipeline.parameters.table import PARAMETERS
from tests.command_lines import LEAST, faults, only_fault, request

MALFORMED = {
    "data_source": ("Postgres", "'Postgres' is unknown", "use one of postgresql, mongodb"),
    "destination_bigquery_project": ("My_Project", "'My_Project'", "project id"),
    "destination_bigquery_dataset": ("p.d", "'p.d'", "without the project"),
    "destination_bigquery_table": ("d.t", "'d.t'", "name alone"),
    "postgresql_port": ("0", "'0' is out of range", "from 1 to 65535"),
    "postgresql_password": ("projects/p/secrets/s", "looks like the name of a secret", "versions"),
    "mongodb_password": ("projects/p/secrets/s", "looks like the name of a secret", "versions"),
    "mongodb_connection_string": ("secrets/s/versions/1", "name of a secret", "projects/P"),
    "source": ("projects/p/secrets/s", "looks like the name of a secret", "versions"),
    "postgresql_sslmode": ("on", "'on' is unknown", "verify-full"),
    "enable_smart_sync": ("True", "'True'", "true or false"),
    "sync_all_on_empty_table": ("1", "'1'", "true or false"),
    "deleted_rows": ("gone", "'gone' is unknown", "hard, soft"),
    "fallback_days": ("1.5", "'1.5' is not a whole number", "from 0 to 36500"),
    "smart_sync_margin": ("10 s", "'10 s'", "such as 30s, 5m, 6h or 1d"),
    "smart_sync_lookback": ("1 hour", "'1 hour'", "such as 30s, 5m, 6h or 1d"),
    "sync_start": ("yesterday", "'yesterday'", "such as 2025-07-01"),
    "sync_end": ("2025/07/01", "'2025/07/01'", "such as 2025-07-01"),
    "verify": ("yes", "'yes'", "true or false"),
    "load_columns": ("yes", "'yes'", "true or false"),
    "resume": ("no", "'no'", "true or false"),
    "show_values": ("yes", "'yes'", "true or false"),
    "verify_only": ("1", "'1'", "true or false"),
    "verify_start": ("July", "'July'", "such as 2025-07-01"),
    "verify_end": ("now", "'now'", "such as 2025-07-01"),
    "merge_keys": ("id,,nr", "an empty name", "single commas"),
    "backfill_columns": ("a,,b", "an empty name", "single commas"),
    "notify_on": ("failure", "'failure' is unknown", "failures, all"),
    "checks_keep": ("a day", "'a day'", "such as 30s, 5m, 6h or 1d"),
    "lock_lease": ("half an hour", "'half an hour'", "such as 30s, 5m, 6h or 1d"),
    "late_commit_guard": ("on", "'on' is neither auto, off nor a duration", "30m"),
    "late_commit_guard_max": ("-6h", "'-6h'", "s, m, h or d"),
    "source_timezone": ("Europe/Atlantis", "'Europe/Atlantis'", "Europe/Berlin"),
    "enable_auto_schema": ("yes", "'yes'", "true or false"),
    "partition_type": ("WEEK", "'WEEK' is unknown", "HOUR, DAY, MONTH, YEAR"),
    "clustering_fields": ("a,,b", "empty name between commas", "single commas"),
    "delete_existing_table": ("TRUE", "'TRUE'", "true or false"),
    "schema_evolution": ("none", "'none' is unknown", "freeze"),
    "rename_columns": ("yes", "'yes' is unknown", "auto, error"),
    "unknown_types": ("guess", "'guess' is unknown", "text, error"),
    "max_bytes_billed": ("1 TB", "'1 TB' is not a whole number", "from 0"),
    "batch_size": ("0", "'0' is out of range", "from 1"),
    "max_retries": ("many", "'many' is not a whole number", "from 0 to 20"),
    "max_run_minutes": ("1h", "'1h' is not a whole number", "from 0 to 10080"),
    "pause_after_failures": ("three", "'three' is not a whole number", "from 0 to 100"),
    "failures_counted_from": ("2025-13-01T00:00:00Z", "is no moment", "such as 2025-07-01T12"),
    "num_splits": ("5001", "'5001' is out of range", "5000"),
    "max_source_connections": ("0", "'0' is out of range", "from 1 to 1000"),
    "transformation_config": ("{'a': 1}", "not JSON", "JSON object"),
    "write_disposition": ("append", "'append' is unknown", "WRITE_TRUNCATE"),
    "stale_columns": ("drop", "'drop' is unknown", "null"),
    "volume_check": ("on", "'on' is unknown", "warn"),
    "on_check_failure": ("stop", "'stop' is unknown", "quarantine"),
    "create_disposition": ("CREATE", "'CREATE' is unknown", "CREATE_NEVER"),
    "json_numbers": ("float", "'float' is unknown", "double"),
    "dead_letter_table": ("a.b.c.d", "'a.b.c.d'", "dataset.table"),
    "retry_failed": ("last", "'last'", "the batch_id that the launch has told"),
    "replay_dead_letters": ("last", "'last'", "the run's id as its history has it"),
    "max_dead_letters": ("-1", "'-1' is not a whole number", "from 0"),
    "bigquery_job_project": ("P", "'P'", "project id"),
    "run_history_table": ("`runs`", "'`runs`'", "dataset.table"),
    "accept_source_change": ("y", "'y'", "true or false"),
    "max_tables_at_once": ("0", "'0' is out of range", "from 1 to 100"),
    "backfill_by": ("week", "'week'", "hour, day, month, year"),
    "backfill_order": ("random", "'random' is unknown", "newest, oldest"),
    "backfill_id": ("a b", "'a b'", "letters, digits"),
    "plan_only": ("on", "'on'", "true or false"),
    "keep_snapshots": ("7", "'7' is neither true, false nor a duration", "such as 14d"),
    "rollback_run": ("last", "'last' is not a run id", "as its history has it"),
    "rollback_to": ("last", "'last' is not a run id", "as its history has it"),
    "repair": ("yes", "'yes'", "true or false"),
    "delete_missing": ("yes", "'yes' is unknown", "off, soft, hard"),
    "hard_deletes": ("hard", "'hard' is unknown", "ignore, invalidate"),
    "max_deleted_percent": ("5%", "'5%' is not a number", "such as 6.25"),
    "plan_format": ("yaml", "'yaml' is unknown", "text, json"),
    "plan_detail": ("long", "'long' is unknown", "short, full"),
}


NEEDED = set(LEAST) - {"postgresql_query", "postgresql_password"}
MERGE = {"write_disposition": "WRITE_MERGE", "merge_keys": "id", "enable_smart_sync": "true"}
VERIFY = {
    "verify_only": "true",
    "enable_smart_sync": "true",
    "verify_start": "2025-07-01",
    "verify_end": "2025-07-02",
}
SLICES = MERGE | {"sync_start": "2025-07-01", "sync_end": "2025-08-01", "backfill_by": "day"}
BESIDE = {
    "backfill_by": SLICES,
    "backfill_order": SLICES,
    "backfill_id": SLICES,
    "smart_sync_lookback": MERGE,
    "sync_start": MERGE | {"sync_end": "2025-07-01"},
    "rollback_to": {"rollback_run": "20250722t150000-3f9a0c1d"},
    "sync_end": MERGE | {"sync_start": "2025-07-01"},
    "merge_keys": MERGE,
    "backfill_columns": MERGE,
    "stale_columns": MERGE,
    "deleted_rows": MERGE | {"deleted_column": "deleted_at"},
    "repair": MERGE,
    "delete_missing": MERGE,
    "hard_deletes": MERGE | {"write_disposition": "WRITE_HISTORY"},
    "max_deleted_percent": MERGE | {"delete_missing": "hard"},
    "verify_start": VERIFY,
    "verify_end": VERIFY,
}
"""What else has to be said, so that only the malformed value is at fault."""


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_value_is_named_quoted_and_mended(name):
    value, why, fix = MALFORMED[name]
    found = only_fault(**BESIDE.get(name, {}) | {name: value})
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
    formed = {p.name for p in PARAMETERS if p.kind not in formless and not p.source}
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


def test_a_flag_like_nothing_is_refused_and_points_to_the_page():
    found = only_fault("--zzzzqqqq=hunter2")
    assert "docs/parameters.md" in found
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
    assert request(postgresql_query=query).reading.query == query
    assert request(postgresql_host="--x").reading.connection.host == "--x"


def test_a_parameter_without_a_value_is_named():
    found = only_fault("--num_splits", "--plan_only=true")
    assert "parameter without a value (--num_splits)" in found
    assert "without a value" in only_fault("--num_splits")


def test_a_parameter_given_twice_is_refused_without_its_values():
    found = only_fault("--postgresql_password=hunter2")
    assert "parameter given twice (--postgresql_password)" in found
    assert "hunter2" not in found


@pytest.mark.parametrize("missing", sorted(NEEDED))
def test_each_required_parameter_is_named_when_missing_or_blank(missing):
    for value in (None, "", "  "):
        found = faults(**{missing: value})
        assert [each for each in found if f"missing parameter ({missing})" in each], found
        assert [each for each in found if f"--{missing}=" in each], found


def test_a_window_to_verify_that_is_proposed_holds_something():
    found = only_fault(verify_only="true", enable_smart_sync="true")
    assert "give --verify_start=2025-07-01 and --verify_end=2025-08-01." in found


def test_a_flag_that_no_sync_can_use_is_told_once_with_what_serves_for_it():
    assert "--plan_only=true" in only_fault("--dry_run")


def test_the_requirements_of_other_sources_do_not_hold():
    required = {p.name for p in PARAMETERS if p.required and p.source in ("", "postgresql")}
    assert required == NEEDED - {"data_source"}, "which a URI may say, too"


@pytest.mark.parametrize(
    ("more", "what"),
    [
        ({"merge_keys": None, "write_disposition": "WRITE_APPEND"}, "missing parameter"),
        ({"write_disposition": "WRITE_TRUNCATE"}, "columns of rows that are replaced"),
        ({"write_disposition": "WRITE_EMPTY"}, "columns of rows that are replaced"),
        ({"delete_existing_table": "true"}, "columns of rows that are replaced"),
        ({"sync_start": "2025-07-01", "sync_end": "2025-07-02"}, "beside sync_start"),
        (VERIFY, "backfill_columns beside verify_only"),
    ],
)
def test_columns_are_filled_by_key_in_rows_that_stay_and_by_nothing_else(more, what):
    assert what in only_fault(**MERGE | {"backfill_columns": "a"} | more)
