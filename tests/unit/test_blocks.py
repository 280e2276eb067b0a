"""Whatever the documents show is held by something: a block that no test knows fails here.

| kind | held by |
|---|---|
| bash, sh | bash reads them; each command of ours is parsed by its own parser (here), and run
by the test that tests/shown.py names, or it says there why none does; those of gcloud and bq are
run, too (tests/deploy/test_commands.py) |
| text | outputs are in the program's own words, or the tutorial's; drawings are listed here |
| yaml, json | read by the parser of what they are |
| python | compiled, and what they import and name is there; run by tests/e2e/test_shown_python.py,
and the pipeline by tests/e2e/test_python_beam.py |
| sql | analyzed by GoogleSQL (tests/googlesql/test_shown_sql.py) |
| postgresql | run by PostgreSQL (tests/servers/test_shown_sql.py) |
| hcl | its arguments are the module's variables |
| mermaid | made by `make docs` of the imports (tests/unit/test_rooms.py) |
| javascript | run by mongosh (tests/mongodb/test_shown_shell.py) |
"""

import ast
import json
import re
import subprocess
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import click
import hcl2
import pytest
import typer
import yaml

import smart_sync
from auto_schema.errors import SyncError
from pipeline.checks.read import read_checks
from pipeline.cli import parse
from pipeline.command.said import read_words
from pipeline.command.settings import read_settings
from pipeline.command.table import COMMANDS, FLAGS
from pipeline.errors.lookup import told_data
from pipeline.parameters.docs import ROOT
from pipeline.parameters.options import split_argv
from pipeline.parameters.table import BY_NAME
from pipeline.tables.file import read_tables
from scheduler.as_json import change_document
from scheduler.changes import Kind
from scheduler.cli import APP
from scheduler.files import read_schedules
from tests.blocks import BLOCKS, FENCED, PAGES, commands, of
from tests.shown import BEGINS, RUN, SHOWN, begin_of

KINDS = {
    *("bash", "sh", "text", "yaml", "json", "python", "sql", "postgresql"),
    *("hcl", "mermaid", "javascript"),
}
TUTORIAL, REAL = "docs/tutorial.md", "docs/real-service.md"
MADE_OF_MESSAGES = "docs/errors.md"
"""tests/unit/test_errors.py holds it."""
BEAMS = {"temp_location", "region", "runner", "project", "staging_location"}
MAKE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = set(re.findall(r"^([a-z-]+):", MAKE, re.M))
RUN_BY_GCLOUD = {
    *("docs/deploy.md", "docs/running.md", "docs/scheduling.md", "docs/releases.md"),
    *(REAL, "deploy/terraform/README.md"),
}
DRAWN = ("parameters → facts", "main → pipeline", "splits → lanes", "tables → Deal")
"""How texts begin that draw something, and are no outputs."""
OURS = [(block, words) for block in of("bash", "sh") for words in commands(block.text)]


def named(pairs):
    return [f"{block}-{' '.join(words)[:40]}" for block, words in pairs]


def of_kind(*kinds):
    blocks = [block for block in of(*kinds) if block.page not in (TUTORIAL, REAL, MADE_OF_MESSAGES)]
    return pytest.mark.parametrize("block", blocks, ids=str)


def test_every_block_says_what_it_is():
    assert [(str(block), block.kind) for block in BLOCKS if block.kind not in KINDS] == []


def test_no_fence_stands_alone():
    left = {page: FENCED.sub("", page.read_text(encoding="utf-8")) for page in PAGES}
    assert [page for page, text in left.items() if re.search(r"^ *```", text, re.M)] == []


@pytest.mark.parametrize("block", of("sh"), ids=str)
def test_a_script_is_one_that_bash_reads(block):
    done = subprocess.run(
        ["bash", "-n"], input=block.text, text=True, capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def without_dots(words):
    """The words without those that stand for others."""
    return [word.strip("[]") for word in words if word.strip("[]") != "…"]


def is_whole(words):
    return not any("…" in word or "$" in word for word in words)


def check_launch(words, *, whole=True):
    """Parameters are ours, or Beam's that pages name; a whole launch has no fault."""
    ours, beams, faults = split_argv(without_dots(words))
    assert faults == []
    assert {word.removeprefix("--").partition("=")[0] for word in beams} <= BEAMS
    if whole and is_whole(words) and "data_source" in ours and "tables" not in ours:
        assert parse(words).warnings == ()


def check_smart_sync(words):
    said = read_words(without_dots(words))
    if said.command is None:
        return
    if said.command.is_raw:
        check_schedules(list(said.launch))
        return
    check_launch(said.launch, whole=is_whole(words))
    is_alone = said.command.name in {"plan", "run"} and {"config", "plan", "save"}.isdisjoint(
        said.flags
    )
    if is_alone and is_whole(words):
        settings = read_settings(said, {})
        assert settings.faults == ()
        assert parse(settings.words).request


def check_schedules(words):
    """Typer's own parser takes the words; nothing is called."""
    group = typer.main.get_command(APP)
    assert isinstance(group, click.Group) or hasattr(group, "resolve_command")
    with group.make_context("schedules", list(words)) as context:
        args = [*context._protected_args, *context.args]
        name, command, rest = group.resolve_command(context, args)
        command.make_context(name, rest, parent=context).close()


def check_make(words):
    target, *given = words
    assert target in TARGETS
    bench = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "bench").glob("*.py"))
    used = set(re.findall(r"\$\((?:or \$\()?([A-Z]+)\)", MAKE)) | {"DRY"}
    used |= set(re.findall(r'environ\S*"([A-Z]+)"', bench))
    assert {word.partition("=")[0] for word in given} <= used


def check_module(words):
    """A program of ours for developers: its flags stand in its text."""
    name, *given = words
    if name in {"pytest", "venv"}:
        return
    spec = find_spec(f"{name}.__main__") if find_spec(name).submodule_search_locations else None
    origin = (spec or find_spec(name)).origin
    text = Path(origin).read_text(encoding="utf-8")
    flags = {word.partition("=")[0] for word in given if word.startswith("--")}
    assert [flag for flag in flags if f'"{flag}"' not in text] == []


@pytest.mark.parametrize(("block", "words"), OURS, ids=named(OURS))
def test_a_command_of_ours_is_one_that_its_parser_takes(block, words):
    match words:
        case ["smart-sync", *rest]:
            check_smart_sync(rest)
        case ["python", "main.py", *rest]:
            check_launch(rest)
        case ["python", "-m", "scheduler", *rest]:
            check_schedules(rest)
        case ["python", "-m", *rest]:
            check_module(rest)
        case ["make", *rest]:
            check_make(rest)
        case _:
            check_launch(words)


@pytest.mark.parametrize("command", SHOWN, ids=lambda one: f"{one.block}-{one.text[:40]}")
def test_a_command_is_run_by_a_test_or_says_why_not(command):
    assert begin_of(command), "a line of tests/shown.py names the test that runs it"


def test_the_tables_of_what_is_run_name_what_there_is():
    assert set(BEGINS) - {begin_of(command) for command in SHOWN} == set()
    for test in RUN:
        file, _, name = test.partition("::")
        assert f"def {name}(" in (ROOT / file).read_text(encoding="utf-8"), test


def test_commands_of_google_stand_where_they_are_run():
    found = {block.page for block in of("bash") if re.search(r"^(gcloud|bq) ", block.text, re.M)}
    assert found <= RUN_BY_GCLOUD
    shown = [str(b) for b in of("sh") if re.search(r"^(gcloud|bq) ", b.text, re.M)]
    assert shown == []


def test_extras_that_are_installed_are_there():
    told = re.findall(r"bigquery-smart-sync\[([\w,]+)\]", "".join(b.text for b in BLOCKS))
    assert told
    setup = (ROOT / "setup.py").read_text(encoding="utf-8")
    extras = set(re.findall(r'^    "(\w+)": \("', setup, re.M)) | {"all"}
    assert {one for names in told for one in names.split(",")} <= extras


VARIES = re.compile(
    r"…|[A-Z]{7}|'[^']*'|\[\w+\]|\bpymongo\b"
    r"|[(]?[\w:/@=.-]*(?:\d|\w[._:/=]\w)[\w:/@=.,)-]*"
)
"""Words of an output that another run has otherwise: numbers, names, places."""


def said_by_the_program():
    """All texts of the program and of golden files, blanks folded and literals put together."""
    folders = ("auto_schema", "warehouse", "sources", "smart_sync", "pipeline", "scheduler")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    files += (ROOT / "tests" / "golden").rglob("*.txt")
    text = "\n".join(path.read_text(encoding="utf-8") for path in files)
    return " ".join(re.sub(r'"\s*f?"', "", text).split())


@of_kind("text")
def test_an_output_is_one_that_the_program_says(block):
    """Each stretch of words between what varies stands in the program's own texts."""
    if block.text.startswith(DRAWN):
        return
    program = said_by_the_program()
    stretches = [
        stretch.strip(" #")
        for line in block.text.splitlines()
        for part in VARIES.split(" ".join(line.split()))
        for stretch in re.split(r"[(),:;]|\.(?: |$)", part)
    ]
    told = [one for one in stretches if re.search(r"[a-z]{3}", one)]
    assert told
    assert [one for one in told if one not in program] == []


SAID = re.compile(r"(?<![\w.])(?:--)?([a-z][a-z0-9]*(?:_[a-z0-9]+)+)(?==|: )")
"""A parameter in running text, with a value."""
OF_OTHERS = {
    *("append_job_name", "max_workers", "max_doublings", "min_backoff_s", "run_job"),  # schedules
    *("autoscaling_algorithm", "extra_package", "transform_name_mapping"),  # Beam's
    *("channel_binding", "connect_timeout"),  # libpq's
    *("wide_number_mode", "new_tables", "without_cursor"),  # of PARSE_JSON; of a file of tables
}
TAUGHT = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
MADE = {"real-service.md", "behaviours.md", "invariants.md", "peers.md"}
"""Pages made of tables that tests hold."""


@pytest.mark.parametrize(
    "page", [page for page in TAUGHT if page.name not in MADE], ids=lambda page: page.name
)
def test_a_parameter_in_running_text_is_one(page):
    ours = set(BY_NAME) | {flag.name for flag in FLAGS} | BEAMS | OF_OTHERS
    ours |= {flag.name for command in COMMANDS for flag in command.flags}
    text = FENCED.sub("", page.read_text(encoding="utf-8"))
    code = "\n".join(re.findall(r"`([^`\n]+)`", text))
    assert set(SAID.findall(code)) - ours == set()


def flags(parameters):
    told = {True: "true", False: "false"}
    return [
        f"--{name}={','.join(value) if isinstance(value, list) else told.get(value, value)}"
        for name, value in parameters.items()
    ]


@of_kind("yaml")
def test_a_yaml_file_is_one_that_is_taken(block, tmp_path):
    told = yaml.safe_load(block.text)
    parameters = told.get("parameters") or told.get("--parameters")
    if "schedules" in told:
        file = tmp_path / "schedules.yaml"
        file.write_text(block.text)
        assert read_schedules(file)
    elif "tables" in told:
        assert read_tables(block.text, "tables.yaml", "postgresql").entries
    elif "models" in told or told.get("kind") == "DataContract":
        checks, tables = read_checks(block.text, "checks.yml", "orders")
        assert checks
        assert tables == ("orders",)
    elif parameters is None or len(parameters) < 6:
        assert set(parameters or told) <= set(BY_NAME)
    else:
        assert parse(flags(parameters)).request


@of_kind("json")
def test_a_json_document_is_what_it_says(block):
    told = json.loads(block.text)
    if "change" in told:
        change = change_document(
            Kind.UPDATE, ("orders", "my-project", "us-central1"), [], is_done=True
        )
        assert told | {"differences": []} == change
        assert [list(one) for one in told["differences"]] == [["path", "old", "new"]]
    elif "error" in told:
        with pytest.raises(SyncError) as caught:
            parse([word for word in LEAST if "bigquery_table" not in word])
        faults = [told_data(one) for one in getattr(caught.value, "errors", [caught.value])]
        assert told["error"] in faults
    else:
        assert parse([*LEAST, f"--transformation_config={block.text}"]).request.schema


LEAST = (
    *("--data_source=postgresql", "--postgresql_host=h", "--postgresql_database=d"),
    *("--postgresql_username=u", "--postgresql_password=projects/p/secrets/s/versions/1"),
    *("--postgresql_query=SELECT 1", "--destination_bigquery_project=my-project"),
    *("--destination_bigquery_dataset=d", "--destination_bigquery_table=t"),
)


@of_kind("python")
def test_a_program_names_what_is_there(block):
    tree = ast.parse(block.text.replace(", …}", "}"))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            module = import_module(node.module)
            assert [one.name for one in node.names if not hasattr(module, one.name)] == []
        elif isinstance(node, ast.Import):
            assert [import_module(one.name) for one in node.names]
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if node.value.id == "smart_sync":
                assert hasattr(smart_sync, node.attr)
        elif isinstance(node, ast.Dict):
            names = [key.value for key in node.keys if isinstance(key, ast.Constant)]
            assert set(names) <= set(BY_NAME) | BEAMS


@of_kind("hcl")
def test_a_module_is_given_what_it_asks_for(block):
    files = (ROOT / "deploy" / "terraform").glob("*.tf")
    text = "\n".join(path.read_text(encoding="utf-8") for path in files)
    variables = set(re.findall(r'^variable "(\w+)"', text, re.M))
    (modules,) = [hcl2.loads(block.text)["module"]]
    for module in modules:
        (arguments,) = module.values()
        given = {name.strip('"') for name in arguments if not name.startswith("__")}
        assert given - {"source", "version", "providers"} <= variables


def test_a_drawing_of_the_imports_is_made_of_them():
    assert {block.page for block in of("mermaid")} == {"docs/architecture.md"}
    assert {block.page for block in of("javascript")} == {"docs/mongodb.md"}
