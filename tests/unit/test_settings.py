"""What a subcommand is given: flags, environment, `.env`, config file; and what said each value."""

import pytest

from auto_schema.errors import ConfigError, SyncError
from pipeline.command.said import read_words
from pipeline.command.settings import read_settings
from pipeline.parameters.dotenv import read_dotenv
from pipeline.parameters.origins import Origin, as_values, lines

SECRET = "pl4nted-s3cret"
CONFIG = f"""\
# nightly
parameters:
  data_source: postgresql
  postgresql_password: {SECRET}
  fallback_days: 3
  num_splits: 4
  runner: DataflowRunner
  clustering_fields: [id, at]
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "sync.yaml").write_text(CONFIG)
    return tmp_path


def settings(folder, *words, environ=None, command="run", config="sync.yaml", **meant):
    words = [command, *words, *([f"--config={folder / config}"] if config else [])]
    return read_settings(read_words(words), environ or {}, **meant)


def told(faults):
    return [str(fault) for fault in faults]


def test_a_flag_beats_the_environment_that_beats_dotenv_that_beats_the_file(folder):
    (folder / ".env").write_text(
        "SMART_SYNC_FALLBACK_DAYS=5\nSMART_SYNC_NUM_SPLITS=6\nSMART_SYNC_RUNNER=DirectRunner\n"
    )
    environ = {"SMART_SYNC_FALLBACK_DAYS": "7", "SMART_SYNC_NUM_SPLITS": "8", "HOME": "/x"}
    given = settings(folder, "--fallback-days=9", environ=environ)
    assert not given.faults
    assert {name: (origin.text, origin.where) for name, origin in given.origins.items()} == {
        "fallback_days": ("9", "flag"),
        "num_splits": ("8", "environment variable SMART_SYNC_NUM_SPLITS"),
        "runner": ("DirectRunner", f"{folder}/.env line 3"),
        "data_source": ("postgresql", f"{folder}/sync.yaml line 3"),
        "postgresql_password": (SECRET, f"{folder}/sync.yaml line 4"),
        "clustering_fields": ("id,at", f"{folder}/sync.yaml line 8"),
    }
    assert sorted(given.words) == sorted(
        f"--{name}={origin.text}" for name, origin in given.origins.items()
    )


def test_an_empty_flag_takes_back_what_the_file_says_and_an_empty_variable_says_nothing(folder):
    given = settings(folder, "--fallback_days=", environ={"SMART_SYNC_NUM_SPLITS": ""})
    assert (given.text("fallback_days"), given.text("num_splits")) == ("", "4")
    assert "--fallback_days=3" not in given.words


def test_beams_flags_hold_in_the_same_order_and_stay_as_they_were_written(folder):
    given = settings(folder, "--runner", "DirectRunner", "--experiments=a", "--experiments=b")
    assert given.words[:4] == ("--runner", "DirectRunner", "--experiments=a", "--experiments=b")
    assert not [word for word in given.words if "Dataflow" in word]
    assert given.origins["runner"] == Origin("DirectRunner", "flag")


def test_the_config_may_be_named_by_the_environment(folder):
    environ = {"SMART_SYNC_CONFIG": str(folder / "sync.yaml")}
    assert settings(folder, config="", environ=environ).text("fallback_days") == "3"


def test_a_dotenv_is_read_beside_the_config_file_and_nowhere_else(folder, monkeypatch):
    (folder / ".env").write_text("SMART_SYNC_FALLBACK_DAYS=5\n")
    monkeypatch.chdir(folder)
    assert settings(folder, config="").words == ()
    assert settings(folder).text("fallback_days") == "5"


def test_a_folder_that_is_called_dotenv_is_no_file_of_variables(folder):
    (folder / ".env").mkdir()
    assert settings(folder).text("fallback_days") == "3"


def test_names_that_nobody_knows_are_told_with_the_nearest_and_never_with_their_values(folder):
    (folder / ".env").write_text(f"SMART_SYNC_POSTGRESQL_PASWORD={SECRET}\n")
    (folder / "sync.yaml").write_text(f"{CONFIG}  postgresql_pasword: {SECRET}\nfallback_days: 1\n")
    environ = {"SMART_SYNC_PASSWORD_XYZ": SECRET, "SMART_SYNC_Verify": SECRET}
    faults = told(settings(folder, environ=environ).faults)
    assert [fault.partition(":")[0].partition(" (")[0] for fault in faults] == [
        "unknown variable",
        "unknown variable",
        "unknown key",
        "a parameter at the top",
        "unknown variable",
    ]
    assert "did you mean SMART_SYNC_VERIFY?" in faults[1]
    assert "sync.yaml, line 9, column 3" in faults[2]
    assert "did you mean postgresql_password?" in faults[2]
    assert "write it under `parameters:`" in faults[3]
    assert ".env, line 1" in faults[4]
    assert "did you mean SMART_SYNC_POSTGRESQL_PASSWORD?" in faults[4]
    assert SECRET not in "".join(faults)


def test_variables_that_are_no_parameters_of_ours_are_left_alone(folder):
    environ = {"SMART_SYNC_IMAGE": "gcr.io/x", "SMART_SYNCED": "1", "PGHOST": "x"}
    assert not settings(folder, environ=environ).faults


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('parameters: {a: "' + SECRET, "not YAML"),
        (f"parameters: {{postgresql_password: *{SECRET}}}", "an alias of nothing"),
        (f"parameters: {{postgresql_password: !{SECRET} x}}", "a tag"),
        (f"parameters: {{x: 1}}\n---\n{SECRET}: 1", "a second document"),
        (None, "no such file"),
    ],
)
def test_a_file_that_can_not_be_read_ends_it_by_itself(folder, text, what):
    if text is None:
        (folder / "sync.yaml").unlink()
    else:
        (folder / "sync.yaml").write_text(text)
    with pytest.raises(SyncError, match=what) as caught:
        settings(folder)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "a config that says nothing"),
        ("parameters:\n", "a config that says nothing"),
        ("[a]", "the file is no mapping"),
        ("parameters: [a]", "parameters is no mapping"),
        ("parameters: {postgresql_password: [x]}", "postgresql_password is a list"),
        ("parameters: {runner: [x]}", "runner is no text"),
        ("parameters: {tables: t.yaml}", "tables within parameters"),
        ("parameter: {}", "did you mean parameters?"),
    ],
)
def test_what_a_config_can_not_say_is_told(folder, text, what):
    (folder / "sync.yaml").write_text(text)
    assert what in "".join(told(settings(folder).faults))


def test_a_file_of_many_tables_is_named_to_the_launch_which_tells_its_faults(folder):
    (folder / "sync.yaml").write_text(f"{CONFIG}  no_such: 1\ntables: {{public.a: }}\n")
    given = settings(folder)
    assert not given.faults
    assert given.text("tables") == str(folder / "sync.yaml")
    assert given.text("fallback_days") == "3"
    (fault,) = settings(folder, environ={"SMART_SYNC_TABLES": "other.yaml"}).faults
    assert "environment variable SMART_SYNC_TABLES names another file" in str(fault)


def test_a_subcommand_beats_files_and_no_flag(folder):
    (folder / "sync.yaml").write_text(f"{CONFIG}  plan_only: false\n")
    given = settings(folder, command="plan", plan_only="true")
    assert given.origins["plan_only"] == Origin("true", "smart-sync plan")
    assert [word for word in given.words if "plan_only" in word] == ["--plan_only=true"]
    with pytest.raises(ConfigError, match="smart-sync plan means true"):
        settings(folder, "--no-plan-only", command="plan", plan_only="true")


def test_the_origins_show_no_secret_and_each_default_that_holds(folder):
    (folder / "sync.yaml").write_text(
        CONFIG + '  transformation_config: {mask: {a: {method: sha256, salt: "' + SECRET + '"}}}\n'
        "  postgresql_query: |\n    SELECT 1\n    FROM t\n"
    )
    origins = settings(folder).origins
    text, values = "\n".join(lines(origins, "full")), as_values(origins)["origins"]
    assert SECRET not in text + str(values)
    assert values["postgresql_password"] == {
        "value": "«secret»",
        "from": f"{folder}/sync.yaml line 4",
    }
    assert values["postgresql_query"]["value"] == "SELECT 1\nFROM t\n"
    assert values["postgresql_port"] == {"value": "5432", "from": "default"}
    assert "mongodb_port" not in values
    assert "num_splits" in values
    assert (
        text.count("\n") == len(values) - sum(v["from"] == "default" for v in values.values()) + 1
    )
    assert r"'SELECT 1\nFROM t\n'" in text
    assert "fallback_days=" not in text.splitlines()[-1]
    given = settings(folder, "--verify", environ={"SMART_SYNC_NUM_SPLITS": "2"}).origins
    (line,) = lines(given, "short")
    assert line == f"  given        1 by flags, 1 by the environment, 7 by {folder}/sync.yaml"


def test_where_only_flags_are_no_origin_is_told():
    assert (as_values({}), list(lines({}, "full"))) == ({}, [])


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A_X=1", "1"),
        ("  export  A_X = a b  ", "a b"),
        ("A_X=pass#word$1", "pass#word$1"),
        ("A_X=#1", "#1"),
        ("A_X=1 # one", "1"),
        ("A_X= # none", ""),
        ("A_X='a # \"b\" ${C} \\n'  # said", 'a # "b" ${C} \\n'),
        ('A_X="a\\n\\t\\"\\\\ \\${C} #"', 'a\n\t"\\ ${C} #'),
        ("A_X=1\r", "1"),
        ("\ufeffA_X=1", "1"),
        ("A_X=", ""),
        ("A_X=a=b", "a=b"),
    ],
)
def test_a_line_of_dotenv_is_read_as_shells_do(line, value):
    found, faults = read_dotenv(f"{line}\n# A_X=2\n\nB=${{C}}\nB='\n", ".env", "A_")
    assert (found["A_X"].text, found["A_X"].line, faults) == (value, 1, [])


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("'s3cret", "nothing ends"),
        ("'s3'cret", "text behind it"),
        ('"s3cret', "nothing ends"),
        ('"s3\\cret"', "needs none"),
        ("${s3cret}", "not followed"),
        ('"${s3cret}"', "not followed"),
    ],
)
def test_a_value_that_readers_take_otherwise_is_refused_and_not_shown(value, why):
    found, (fault,) = read_dotenv(f"\nA_X={value}\n", ".env", "A_")
    assert (found, why in str(fault), ".env, line 2" in str(fault)) == ({}, True, True)
    assert "cret" not in str(fault)


@pytest.mark.parametrize(
    "line",
    ["A_X: s3cret", "A_X s3cret", "export A_X", "a_x=s3cret", " export a_X =s3cret", "A_X-Y=1"],
)
def test_a_line_that_seems_to_be_ours_and_says_nothing_is_refused_and_not_shown(line):
    found, (fault,) = read_dotenv(f"B: 1\nb\n# {line}\n{line}\n", ".env", "A_")
    assert not found
    assert (fault.what, fault.where) == ("a line that says nothing", ".env, line 4")
    assert "s3cret" not in str(fault)


def test_a_variable_that_stands_twice_is_told():
    found, (fault,) = read_dotenv("A_X=1\nA_X=2\n", ".env", "A_")
    assert found["A_X"].text == "1"
    assert "A_X stands in line 1 already" in str(fault)


def test_all_faults_of_a_launch_are_told_at_once_by_their_places(folder, capsys):
    from pipeline.command import main as program

    (folder / "sync.yaml").write_text(
        "parameters:\n  data_source: postgresql\n  num_splits: x\n  no_such_name: 1\n"
    )
    words = ["run", "--fallback_days=x", "--no_such_flag=1", f"--config={folder}/sync.yaml"]
    assert program.main(words) == 2
    err = capsys.readouterr().err
    assert f"unknown key ({folder}/sync.yaml, line 4, column 3): 'no_such_name'" in err
    assert f"malformed parameter ({folder}/sync.yaml, line 3, column 15, num_splits)" in err
    assert "malformed parameter (fallback_days): 'x'" in err
    assert "unknown parameter (--no_such_flag)" in err
    assert "missing parameter (postgresql_host)" in err


def test_a_stray_variable_changes_nothing_of_main(monkeypatch, capsys):
    from pipeline.cli import main

    monkeypatch.setenv("SMART_SYNC_DATA_SOURCE", "mongodb")
    monkeypatch.setenv("SMART_SYNC_NO_SUCH", "mongodb")
    assert main(["--destination_bigquery_project=my-project"]) == 2
    err = capsys.readouterr().err
    assert "missing parameter (data_source)" in err
    assert "NO_SUCH" not in err
