"""What the template's metadata promises is what the parser does: no more, no less."""

import subprocess

import pytest

from pipeline.parameters.checks import REGEXES, value_fault
from pipeline.parameters.docs import metadata
from pipeline.parameters.table import BY_NAME, PARAMETERS, Kind

ENTRIES = {entry["name"]: entry for entry in metadata()["parameters"]}
GOOD = {
    Kind.BOOL: ["true", "false"],
    Kind.INT: ["1", "42", "5000"],
    Kind.DECIMAL: ["0", "6.25", "123456789.123456789"],
    Kind.DURATION: ["10s", "2m", "6h", "1d", "36500d"],
    Kind.GUARD: ["auto", "off", "30m"],
    Kind.LOOKBACK: ["1h", "1000"],
    Kind.STAMP: ["2025-07-01", "2025-07-01T12:30:00Z", "2025-07-01 12:30:00.123456", "42"],
    Kind.PROJECT: ["my-project", "abc", "example.com:my-project"],
    Kind.DATASET: ["shop", "A_1"],
    Kind.TABLE: ["orders", "orders 2025", "Aufträge", "events_*", "a-b"],
    Kind.TABLE_PATH: ["t", "d.t", "p-1.d.t"],
    Kind.ZONE: ["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+5"],
    Kind.FIELDS: ["id", "id,status", "id, status"],
    Kind.LAUNCH: ["20250722t150000-3f9a0c1d"],
    Kind.SLICE: ["hour", "day", "month", "year", "1", "100000"],
    Kind.NAME: ["a", "2024-again", "orders_2024.v2"],
    Kind.RUN: ["20250722t150000-3f9a0c1d"],
    Kind.KEPT: ["true", "false", "14d", "90m", "07d"],
    Kind.MOMENT: ["2025-07-01T12:30:00Z", "1999-12-31T23:59:59Z"],
}
BAD = {
    Kind.BOOL: ["True", "yes", "1", " true", "true false"],
    Kind.INT: ["-1", "1.5", "many", "1_000", "0x10", "1 "],
    Kind.DECIMAL: ["-1", "1,5", ".5", "5.", "1e3", "NaN"],
    Kind.DURATION: ["10", "5 m", "1w", "m", "-1s", "1h30m"],
    Kind.GUARD: ["on", "Auto", "30", "autooff"],
    Kind.LOOKBACK: ["-1", "1.5", "h", "1 h"],
    Kind.STAMP: ["yesterday", "2025-7-1", "2025-07-01T", "1.5"],
    Kind.PROJECT: ["My-Project", "p", "-project", "project-", "a b", "x" * 64],
    Kind.DATASET: ["project.dataset", "a-b", "a b", ""],
    Kind.TABLE: ["dataset.table", "a:b", "a/b", "a`b", "a\\b", "a@b", "a!b"],
    Kind.TABLE_PATH: ["a.b.c.d", "a..b", ".a", "a.", "a`b", "{table}_d", "d.a$2025", "a*"],
    Kind.ZONE: ["Europe Berlin", "/Europe", "Europe/", "CET;DROP"],
    Kind.FIELDS: ["", ",", "a,", ",a", "a,,b"],
    Kind.SLICE: ["week", "0", "-1", "1d", "Month", "01", "1.5"],
    Kind.NAME: ["", "-a", "a b", "a'b", "a/b", "ä"],
    Kind.RUN: ["last", "20250722", "20250722T150000-3f9a0c1d", "20250722t150000-3f9a0c1"],
    Kind.KEPT: ["True", "yes", "14", "0d", "1w", "trued", "-1d"],
    Kind.MOMENT: ["2025-07-01", "2025-07-01 12:30:00Z", "2025-07-01T12:30:00", "5"],
    Kind.LAUNCH: ["last", "20250722", "20250722T150000-3f9a0c1d", "20250722t150000-3f9a0c1"],
}
WITH_REGEX = [p for p in PARAMETERS if "regexes" in ENTRIES.get(p.name, {})]


def egrep(pattern: str, text: str) -> bool:
    """Whether POSIX egrep, which Dataflow names as its syntax, finds the pattern."""
    command = ["grep", "-Eq", "--", pattern]
    done = subprocess.run(command, input=text + "\n", text=True, check=False)
    assert done.returncode in (0, 1), f"egrep can't read {pattern!r}"
    return done.returncode == 0


@pytest.mark.parametrize("kind", REGEXES, ids=lambda kind: kind.name)
def test_a_regex_takes_what_is_good_and_refuses_what_is_bad(kind):
    pattern = REGEXES[kind]
    assert [text for text in GOOD[kind] if not egrep(pattern, text)] == []
    assert [text for text in BAD[kind] if egrep(pattern, text)] == []


@pytest.mark.parametrize("parameter", WITH_REGEX, ids=lambda p: p.name)
def test_regex_and_parser_agree(parameter):
    """A value that the regex lets through and the parser refuses costs a launch; one that
    only the regex refuses could never be given."""
    (pattern,) = ENTRIES[parameter.name]["regexes"]
    for text in filter(None, [parameter.default, parameter.example]):
        assert egrep(pattern, text), text
        assert value_fault(parameter, text) is None, text
    assert egrep(pattern, "") is ENTRIES[parameter.name]["isOptional"]
    for text in GOOD[parameter.kind]:
        assert egrep(pattern, text), text
    for text in filter(None, BAD[parameter.kind]):
        assert not egrep(pattern, text), text
        assert value_fault(parameter, text) is not None, text


def test_every_parameter_says_all_that_the_console_needs():
    assert len(ENTRIES) == len(metadata()["parameters"])
    for name, entry in ENTRIES.items():
        assert entry["label"].strip(), name
        assert entry["helpText"].endswith(".") or "For example: " in entry["helpText"], name
        assert ("groupName" in entry) is not ("parentName" in entry), name


def test_required_is_what_no_launch_can_do_without():
    required = {name for name, entry in ENTRIES.items() if not entry["isOptional"]}
    assert required == {"destination_bigquery_project"}, "a URI says data_source, too"
    for name in ("destination_bigquery_dataset", "destination_bigquery_table"):
        assert "Required, but not of a launch of many tables." in ENTRIES[name]["helpText"]
    for parameter in PARAMETERS:
        if parameter.required and parameter.source:
            words = f"Required for data_source={parameter.source}."
            assert words in ENTRIES[parameter.name]["helpText"]


def test_parents_exist_and_their_values_can_be_given():
    for name, entry in ENTRIES.items():
        parent = BY_NAME.get(entry.get("parentName", ""))
        if "parentName" not in entry:
            continue
        assert parent is not None
        assert name not in parent.shown_with, "each hides the other"
        for value in entry["parentTriggerValues"]:
            assert value_fault(parent, value) is None, (name, value)


def shown(name: str, values: dict[str, str]) -> bool:
    """Whether the console shows a parameter, with these values of others."""
    entry = ENTRIES[name]
    if "parentName" not in entry:
        return True
    parent = entry["parentName"]
    value = values.get(parent, BY_NAME[parent].default)
    fits = value in entry["parentTriggerValues"] if entry["parentTriggerValues"] else bool(value)
    return fits and shown(parent, values)


def test_the_console_shows_only_what_matters():
    plain = {name for name in ENTRIES if shown(name, {"data_source": "mongodb"})}
    assert not any(name.startswith(("postgresql_", "source_bigquery_")) for name in plain)
    assert {"mongodb_host", "enable_smart_sync", "write_disposition"} <= plain
    assert not {"fallback_days", "merge_keys", "verify_start", "notify_on"} & plain
    given = {
        "data_source": "postgresql",
        "enable_smart_sync": "true",
        "sync_all_on_empty_table": "false",
        "enable_auto_schema": "true",
        "write_disposition": "WRITE_MERGE",
        "deleted_column": "deleted_at",
        "verify_only": "true",
        "plan_only": "true",
        "rollback_run": "20250722t150000-3f9a0c1d",
        "notify_webhook": "projects/p/secrets/s/versions/1",
        "tables": "gs://b/tables.yaml",
        "checks": "gs://b/schema.yml",
        "backfill_by": "month",
        "delete_missing": "hard",
    }
    keeping = given | {"write_disposition": "WRITE_HISTORY"}
    hidden = {n for n in ENTRIES if not (shown(n, given) or shown(n, keeping))}
    assert all(BY_NAME[name].source in ("mongodb", "bigquery") for name in hidden)


def test_enums_offer_what_the_parser_takes():
    for name, entry in ENTRIES.items():
        options = [option["value"] for option in entry.get("enumOptions", ())]
        parameter = BY_NAME[name]
        assert (entry["paramType"] == "ENUM") is (parameter.kind is Kind.ENUM)
        assert options == [choice for choice in parameter.choices if choice]
        assert not options or not parameter.default or parameter.default in options
