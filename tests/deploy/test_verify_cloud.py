"""The checks of the real service: what they send, and how `make verify-cloud` judges them."""

import contextlib
import io
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import sqlglot
from google.cloud import bigquery
from rich.console import Console

from demo.servers import ROOT, BigQueryServer
from deploy import real_files, verify_cloud
from deploy.real_check import QUICK_S, Check, query
from deploy.real_files import TABLES, write_files
from deploy.real_service import CHECKS, DOCUMENT, document
from deploy.verify_cloud import HELD, NOT_HELD, NOT_RUN, main, missing, run_check
from tests.bodies import job_faults
from tests.deploy import real_bq
from tests.deploy.capture import PLACE, Call, calls, make_stubs
from tests.deploy.real_bq import bq_environ, discovering
from tests.deploy.remembered import Memory, Outcome, code_of, key_of, versions
from tests.discovery import errors
from tests.sync import PROJECT

NAMES = [check.name for check in CHECKS]
each = pytest.mark.parametrize("check", CHECKS, ids=NAMES)


@pytest.fixture(scope="session")
def programs() -> None:
    """The programs that run checks."""
    gone = [name for name in verify_cloud.PROGRAMS if not shutil.which(name)]
    if gone:
        pytest.fail(f"not installed: {', '.join(gone)}; install the Google Cloud CLI")


JSON_EXACT = Check(
    "json-exact",
    "PARSE_JSON without wide_number_mode refuses 67.174118.",
    "Nothing: the local BigQuery takes it, so that a check doesn't hold there.",
    query("SELECT PARSE_JSON('{\"a\": 67.174118}')"),
    (r"(?i)round-trip",),
    is_refused=True,
)


def a_check(command: str, *expected: str, **more: Any) -> Check:
    return Check("a-check", "Something holds.", "Nothing.", command, expected, **more)


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Call]]:
    """What each check would call."""
    programs = make_stubs(tmp_path_factory.mktemp("stubs"))
    return {check.name: calls(check, programs) for check in CHECKS}


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What is printed, without a terminal's width."""
    text = io.StringIO()
    monkeypatch.setattr(verify_cloud, "CONSOLE", Console(file=text, width=300))
    return text


def test_the_document_is_not_stale() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == document(), "run `make docs`"


def test_names_are_short_and_each_stands_once() -> None:
    assert len(set(NAMES)) == len(NAMES)
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name) for name in NAMES)


@each
def test_a_check_says_itself_in_full_sentences(check: Check) -> None:
    for text in (check.claim, check.relies):
        assert text.endswith(".")
        assert "|" not in text  # it stands in a table
    assert check.expected
    for pattern in check.expected:
        assert not re.search(pattern, "", re.MULTILINE)


def test_every_command_is_right_for_bash() -> None:
    for check in CHECKS:
        done = subprocess.run(["bash", "-n", "-c", check.command], capture_output=True, check=False)
        assert not done.returncode, (check.name, done.stderr)


@each
def test_a_command_uses_only_variables_that_there_are(check: Check) -> None:
    used = set(re.findall(r"(?<!\\)\$\{?([A-Za-z_]+)", check.command))
    own = set(re.findall(r"(?:^|[\s;(])([A-Za-z]+)=", check.command))
    own |= set(re.findall(r"\bfor (\w+) in", check.command))
    assert used <= set(PLACE) | own
    assert bool(check.gives) <= any(f"(?P<{check.gives}>" in p for p in check.expected)


def test_every_statement_is_googlesql(
    sent: dict[str, list[Call]], caplog: pytest.LogCaptureFixture
) -> None:
    """Scripts' own words, such as IF, are passed over by the parser, and row access policies;
    tests/googlesql/test_real_checks.py reads these."""
    statements = [
        (name, call.words[-1])
        for name, made in sent.items()
        for call in made
        if call.program == "bq" and "query" in call.words
    ]
    assert len(statements) > 100
    for name, sql in statements:
        assert sqlglot.parse(sql, dialect="bigquery"), name
        assert not re.search(r"\$[A-Z{]", sql), name
    unknown = {record.getMessage().split("'")[1] for record in caplog.records}
    words = {sql.split()[0] for sql in unknown if not sql.startswith("CREATE ROW ACCESS POLICY ")}
    assert words <= {"EXECUTE", "IF", "END"}


def test_every_body_is_as_google_describes_it(sent: dict[str, list[Call]]) -> None:
    bodies = [(n, call) for n, made in sent.items() for call in made if call.body is not None]
    assert bodies
    for name, call in bodies:
        (url,) = (word for word in call.words if word.startswith("https://"))
        body: Any = call.body
        if "dataflow.googleapis.com" in url:
            faults = errors("dataflow.v1b3", "LaunchFlexTemplateRequest", body)
        elif url.endswith("/jobs"):
            faults = job_faults(body)
        else:
            faults = errors("bigquery.v2", "Table", body)
        assert not faults, name


def test_every_file_that_is_loaded_is_made(sent: dict[str, list[Call]], tmp_path: Path) -> None:
    write_files(tmp_path)
    words = [word for made in sent.values() for call in made for word in call.words]
    named = {name for word in words for name in re.findall(r"/files/(\w+\.parquet)", word)}
    made = {path.name for path in tmp_path.iterdir()}
    assert made == {f"{name}.parquet" for name in TABLES}
    assert named <= made


def test_checks_do_not_share_tables_or_job_ids(sent: dict[str, list[Call]]) -> None:
    """Each makes its own; those on the job of `launch` only look at what it made."""
    pattern = re.compile(r"CREATE (?:TABLE|VIEW) `?checks\.(\w+)|--job_id=(\w+)")
    owners: dict[str, set[str]] = {}
    for name, made in sent.items():
        for call in made:
            for found in pattern.findall(" ".join(call.words)):
                owners.setdefault("".join(found), set()).add(name)
    assert not {thing: names for thing, names in owners.items() if len(names) > 1}


def test_a_check_holds_when_exit_code_and_output_are_as_expected() -> None:
    told = {
        a_check("echo rows 3", "rows 3"): HELD,
        a_check("echo rows 3; exit 1", "rows 3"): NOT_HELD,
        a_check("echo rows 4", "rows 3"): NOT_HELD,
        a_check("echo rows 3", "rows 3", "sum 6"): NOT_HELD,
        a_check("echo no >&2; false", "no", is_refused=True): HELD,
        a_check("echo no", "no", is_refused=True): NOT_HELD,
        a_check("printf 'Already\\nExists'", "Already Exists"): HELD,
        a_check("false; echo rows 3", "rows 3"): NOT_HELD,
        a_check("false | true; echo rows 3", "rows 3"): NOT_HELD,
    }
    assert {check: run_check(check, {}).verdict for check in told} == told


def test_a_check_that_does_not_end_did_not_hold() -> None:
    code, said = verify_cloud.run("echo begun; sleep 60 & sleep 60", {}, 0.3)
    assert (code, said.splitlines()) == (124, ["begun", "no end within 0.3 s"])
    endless = a_check("exit 124", ".*", is_refused=True)
    assert verify_cloud.verdict(endless, 124, "anything") == NOT_HELD


def test_a_check_without_bucket_template_or_job_is_not_run() -> None:
    by_name = {check.name: check for check in CHECKS}
    wanted = {
        "load-by-name": "",
        "load-all-or-nothing": "needs BUCKET=my-bucket",
        "launch": "needs BUCKET=my-bucket",
        "dataflow-labels": "needs the job of launch",
    }
    assert {name: missing(by_name[name], {}) for name in wanted} == wanted
    assert missing(by_name["launch"], {"BUCKET": "b"}) == "needs TEMPLATE=gs://…"
    result = run_check(by_name["launch-regex"], {})
    assert (result.verdict, result.seconds) == (NOT_RUN, 0.0)
    assert by_name["launch"].timeout_s > QUICK_S == by_name["load-by-name"].timeout_s


def test_the_job_that_a_check_gives_is_there_for_those_after_it() -> None:
    giving = a_check("echo job 2025-07_1", r"job (?P<JOB>[\w-]+)", gives="JOB")
    using = a_check('echo "on $JOB"', "on 2025-07_1")
    environ: dict[str, str] = {}
    assert run_check(using, environ).verdict == NOT_RUN
    assert [run_check(check, environ).verdict for check in (giving, using)] == [HELD, HELD]
    assert "launch" in [check.name for check in verify_cloud.chosen("dataflow-labels")]


@pytest.mark.parametrize(
    ("words", "told"),
    [([], "which project"), (["--project=p", "--only=nothing-like-it"], "no check has")],
)
def test_what_is_missing_is_told(
    words: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert told in capsys.readouterr().err


def test_make_asks_for_the_project() -> None:
    words = ["make", "--dry-run", "verify-cloud"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode
    assert "PROJECT=my-project" in done.stderr
    words += ["PROJECT=p", "LOCATION=EU", "TEMPLATE=gs://b/t.json"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    assert '--project "p" --location "EU"' in " ".join(done.stdout.replace("\\\n", " ").split())
    assert '--template "gs://b/t.json"' in done.stdout


def test_the_list_shows_each_check_and_runs_none(shown: io.StringIO) -> None:
    assert main(["--list"]) == 0
    assert all(f"{name}: " in shown.getvalue() for name in NAMES)


def inputs(gcloud: str, checks: list[Check]) -> str:
    """A hash of all that bears on what checks put out before the local BigQuery."""
    tests, demo = ROOT / "tests", ROOT / "demo"
    files = [tests / f"{name}.py" for name in ("fault_proxy", "fault_rules", "discovery")]
    files += [Path(str(each.__file__)) for each in (real_bq, verify_cloud, real_files)]
    files += [*sorted((tests / "local_bigquery").glob("*.py")), demo / "servers.py"]
    files.append(ROOT / "requirements-bigquery.txt")
    commands = [(check.command, check.timeout_s) for check in checks]
    place = verify_cloud.SETUP, verify_cloud.TEARDOWN
    return key_of(place, commands, code_of(files, ["bigquery.v2"]), versions(gcloud))


@contextlib.contextmanager
def running(memory: Memory, key: str, patch: pytest.MonkeyPatch) -> Iterator[None]:
    """Commands run, or give what they gave in turn when all inputs were the same."""
    told, real = memory.get(key), verify_cloud.run
    outcomes: list[Outcome] = []

    def run(command: str, environ: Mapping[str, str], timeout_s: float) -> Outcome:
        ended, said = told[len(outcomes)] if told else real(command, environ, timeout_s)
        outcomes.append((ended, said))
        return ended, said

    patch.setattr(verify_cloud, "run", run)
    yield
    memory.put(key, outcomes)


@pytest.fixture
def stand_in(
    target: BigQueryServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """The local BigQuery in place of the service, for bq and curl."""
    with discovering(target.url) as proxy:
        for name, value in bq_environ(proxy.url, tmp_path).items():
            monkeypatch.setenv(name, value)
        yield


@pytest.mark.usefixtures("programs")
def test_what_holds_and_what_does_not_is_shown(
    stand_in: None,
    shown: io.StringIO,
    client: bigquery.Client,
    monkeypatch: pytest.MonkeyPatch,
    memory: Memory,
    gcloud: str,
) -> None:
    """The local BigQuery parses 67.174118 in both modes; the real one refuses it in one."""
    chosen = [c for c in CHECKS if c.name in ("load-by-name", "patch-if-match")] + [JSON_EXACT]
    monkeypatch.setattr(verify_cloud, "CHECKS", chosen)
    with running(memory, inputs(gcloud, chosen), monkeypatch):
        assert main([f"--project={PROJECT}"]) == 1
    text = shown.getvalue()
    table = text.partition("What the real service does")[2].splitlines()
    lines = {c.name: next(line for line in table if f"│ {c.name} " in line) for c in chosen}
    assert {name: NOT_HELD in line for name, line in lines.items()} == {
        "load-by-name": False,
        "patch-if-match": False,
        "json-exact": True,
    }
    assert "2 held, 1 did not hold, 0 not run." in text
    assert "67.174118" in text.partition("json-exact ─")[2].partition("exit code 0")[0]
    left = [dataset.dataset_id for dataset in client.list_datasets()]
    assert not [name for name in left if name.startswith("smart_sync_verify")]


@pytest.mark.parametrize(
    ("setup", "command", "code", "told"),
    [
        ("true", "echo yes", 0, "1 held, 0 did not hold, 0 not run."),
        ("true", "echo yes $BUCKET", 0, "0 held, 0 did not hold, 1 not run."),
        ("true", "echo no", 1, "0 held, 1 did not hold, 0 not run."),
        ("echo denied; false", "echo yes", 1, "the dataset could not be made: denied"),
    ],
)
def test_the_exit_code_is_0_when_all_that_ran_held(
    setup: str,
    command: str,
    code: int,
    told: str,
    shown: io.StringIO,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(verify_cloud, "CHECKS", [a_check(command, "yes")])
    monkeypatch.setattr(verify_cloud, "PROGRAMS", ("bash",))
    monkeypatch.setattr(verify_cloud, "SETUP", setup)
    monkeypatch.setattr(verify_cloud, "TEARDOWN", "true")
    assert main(["--project=p"]) == code
    assert told in shown.getvalue()
