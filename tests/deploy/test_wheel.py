"""What `make wheel` lays out and asks for; `make wheel-check` installs it and syncs from it."""

import ast
import re
import runpy
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
import setuptools
from packaging.requirements import Requirement

from deploy.image_check import fingerprint
from deploy.manylinux import faults
from deploy.wheel import INSIDE, ROOT, TOP, WheelError, build_source, lay_out
from deploy.wheel_check import INPUTS, contents, locked, stamp
from tests.sync import GRAPH, Sync

EVERY_MODULE = """
import importlib, json, pathlib, sys
tree = pathlib.Path(sys.argv[1])
sys.path.insert(0, str(tree))
for path in sorted(tree.joinpath("smart_sync").rglob("*.py")):
    name = ".".join(path.relative_to(tree).with_suffix("").parts).removesuffix(".__init__")
    if not name.endswith("__main__"):
        importlib.import_module(name)
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tree")
    lay_out(folder)
    return folder


@pytest.fixture(scope="module")
def needs():
    """What setup.py asks for: of every run, and by extra."""
    asked = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(setuptools, "setup", asked.update)
        runpy.run_path(str(ROOT / "setup.py"))
    extras = {
        name: [Requirement(need) for need in of] for name, of in asked["extras_require"].items()
    }
    return [Requirement(need) for need in asked["install_requires"]], extras


def names_of(requirements):
    return {requirement.name for requirement in requirements}


def test_every_module_of_the_wheel_is_loaded_from_its_one_name(tree):
    words = [sys.executable, "-P", "-c", EVERY_MODULE, str(tree)]
    done = subprocess.run(words, cwd=tree, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not set(INSIDE) & set(ast.literal_eval(done.stdout))


def test_a_module_that_is_named_in_a_text_is_named_as_it_is_in_the_wheel(tree):
    named = set()
    for path in tree.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                named |= set(re.findall(r"^(?:smart_sync\.)?(?:\w+\.)+\w*$", node.value))
    rooms = {name for name in named if {*name.split(".")} & {*INSIDE}}
    assert {f"{TOP}.sources.postgresql.inspector", f"{TOP}.pipeline.command."} <= rooms
    of_dlt = {"pipeline.dataset_name", "sources.sql_database"}  # keys of its settings
    assert {name for name in rooms if not name.startswith(TOP)} <= of_dlt


def test_the_wheel_asks_for_what_the_image_has_locked(needs):
    """But for what draws a report, which the image never does: that is locked for tests."""
    always, extras = needs
    asked = {need.name: need for need in [*always, *extras["all"]]}
    drawing = names_of(extras["report"])
    versions = dict(
        line.partition(" ")[0].split("==")
        for line in locked((ROOT / "requirements.txt").read_text(encoding="utf-8")).splitlines()
    )
    assert not drawing & set(versions)
    for_tests = (ROOT / "requirements-dev.txt").read_text(encoding="utf-8")
    for line in locked(for_tests).splitlines():
        name, _, version = line.partition(" ")[0].partition("==")
        if name in drawing:
            versions[name] = version
    for name, need in asked.items():
        assert need.specifier.contains(versions[name]), need
    listed = (ROOT / "requirements.in").read_text(encoding="utf-8").splitlines()
    wanted = names_of(
        Requirement(line.partition(" #")[0]) for line in listed if line[:1] not in "#"
    )
    assert wanted <= set(asked)
    assert all(">=" in str(need.specifier) for need in asked.values())


def test_all_is_every_extra_together(needs):
    _, extras = needs
    parts = [need for name, of in extras.items() if name != "all" for need in of]
    assert set(map(str, extras["all"])) == set(map(str, parts))


def test_a_wheel_with_a_second_name_is_refused(tmp_path):
    wheel = tmp_path / "x-cp311-abi3-linux.whl"
    with zipfile.ZipFile(wheel, "w") as file:
        for name in ("smart_sync/py.typed", "pipeline/cli.py", "x.dist-info/licenses/LICENSE"):
            file.writestr(name, "")
    with pytest.raises(WheelError, match="one name"):
        contents(wheel)


C = {
    "older": "#include <string.h>\nint f(char *a) { memcpy(a, a + 1, 9999); return 0; }",
    "newer": "#include <threads.h>\nint f(void) { thrd_yield(); return 0; }",  # of glibc 2.28
    "library": "int deflate(void *, int);\nint f(void) { return deflate(0, 0); }",
}


@pytest.mark.parametrize(
    ("code", "told"),
    [("older", []), ("newer", ["needs glibc 2."]), ("library", ["needs libz.so.1"])],
)
def test_a_module_that_needs_more_than_the_wheels_tag_says_is_named(tmp_path, code, told):
    source, library = tmp_path / "m.c", tmp_path / "m.so"
    source.write_text(C[code])
    link = ["-Wl,--no-as-needed", "-l:libz.so.1"] if code == "library" else []
    words = ["cc", "-O0", "-shared", "-fPIC", "-o", str(library), str(source), *link]
    subprocess.run(words, check=True)
    found = faults("m.so", library.read_bytes())
    assert len(found) == len(told)
    assert all(part in fault for part, fault in zip(told, found, strict=True))


def test_the_source_distribution_has_all_that_is_compiled(tmp_path, tree):
    with tarfile.open(build_source(tmp_path)) as file:
        held = {name.partition("/")[2] for name in file.getnames()}
    compiled = {str(path.relative_to(tree)) for path in tree.rglob("*.[ch]")}
    assert len(compiled) > 10
    assert compiled <= held


def test_what_goes_into_the_wheel_is_what_its_check_is_remembered_by(tree):
    top = {path.name for path in tree.iterdir()} - {"README.md"}
    assert top | {*INSIDE, "requirements.txt"} <= set(INPUTS)
    assert fingerprint(ROOT, INPUTS) != fingerprint(ROOT)


def test_what_was_checked_is_not_installed_again(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    stamp().parent.mkdir()
    stamp().touch()
    words = [sys.executable, "-m", "deploy.wheel_check", "--if-changed"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "wheel: unchanged since it was checked\n")


def test_the_graph_runs_by_the_names_of_the_wheel(tree, sync: Sync, sql, target):
    sql("CREATE TABLE orders (id int PRIMARY KEY)")
    sql("INSERT INTO orders SELECT generate_series(1, 100)")
    begin = "from smart_sync.pipeline.cli import main; raise SystemExit(main())"
    words = sync.argv(postgresql_query="SELECT id FROM orders", runner=GRAPH)
    environ = {**target.environ, "PYTHONPATH": str(tree), "PATH": str(Path(sys.executable).parent)}
    done = subprocess.run(
        [sys.executable, "-P", "-c", begin, *words],
        cwd=tree,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert sync.rows("COUNT(DISTINCT id), COUNT(*)") == [(100, 100)]


def test_doctor_looks_by_the_names_of_the_wheel(tree, sync: Sync, sql, target):
    sql("CREATE TABLE orders (id int PRIMARY KEY)")
    words = sync.argv(postgresql_query="SELECT id FROM orders", runner=None)
    environ = {**target.environ, "PYTHONPATH": str(tree), "PATH": str(Path(sys.executable).parent)}
    done = subprocess.run(
        [sys.executable, "-P", "-m", "smart_sync.pipeline.command", "doctor", *words],
        cwd=tree,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "decoded by" in done.stdout
    assert "0 failures" in done.stdout
