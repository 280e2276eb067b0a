"""What the Dockerfile pins and what goes into the image; `make image-check` builds it."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import apache_beam
import pytest

from deploy.image_check import INPUTS, fingerprint, stamp
from pipeline.parameters.docs import ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
ARGUMENTS = dict(re.findall(r"^ARG (\w+)=(\S+)$", DOCKERFILE, re.M))


def test_all_three_images_are_pinned_and_of_one_python_and_beam():
    base, sdk, launcher = (ARGUMENTS[name] for name in ("BASE", "SDK", "LAUNCHER"))
    assert base.startswith("python:3.11.")
    assert sdk == f"apache/beam_python3.11_sdk:{apache_beam.__version__}"
    assert re.search(r"/python311-template-launcher-base:\d{8}_RC\d\d$", launcher)


def test_the_image_holds_what_the_package_holds_and_no_more():
    kept = {
        line.removeprefix("!")
        for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
        if line.startswith("!")
    }
    copied = {
        word
        for line in re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.M)
        for word in line.split()
    }
    assert copied == kept
    assert copied | {"Dockerfile", ".dockerignore"} <= set(INPUTS)


def test_every_folder_of_c_is_compiled_and_the_image_is_refused_without_one(tmp_path):
    folders = {
        path.parent.relative_to(ROOT)
        for room in ("auto_schema", "sources")
        for path in (ROOT / room).glob("**/*.c")
    }
    places = ["--build-lib", str(tmp_path / "lib"), "--build-temp", str(tmp_path / "temp")]
    words = [sys.executable, "setup.py", "-q", "build_ext", *places]
    subprocess.run(words, cwd=ROOT, check=True, capture_output=True)
    built = {path.relative_to(tmp_path / "lib") for path in tmp_path.glob("lib/**/*.so")}
    assert built == {folder / "compiled.abi3.so" for folder in folders}
    (asked,) = re.findall(r'python -c "import (.+compiled)"', DOCKERFILE)
    assert set(asked.split(", ")) == {".".join((*f.parts, "compiled")) for f in folders}


@pytest.fixture
def copy(tmp_path):
    for name in INPUTS:
        path = ROOT / name
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if path.is_dir() else shutil.copy)(path, tmp_path / name)
    return tmp_path


@pytest.mark.parametrize("name", INPUTS)
def test_a_change_of_any_input_is_a_new_image_to_check(copy: Path, name):
    before = fingerprint(copy)
    assert before == fingerprint(ROOT)
    path = copy / name
    changed = next(path.glob("*.py")) if path.is_dir() else path
    text = changed.read_text(encoding="utf-8").replace("setuptools>=", "setuptools>=1")
    late = "\ndef _late():\n    import colorama\n"
    changed.write_text(text + (late if path.is_dir() else "\n"), encoding="utf-8")
    assert fingerprint(copy) != before


@pytest.mark.parametrize("name", ["new.py", "parameters/schema.json"])
def test_a_new_file_in_a_package_is_a_new_image_to_check(copy: Path, name):
    before = fingerprint(copy)
    (copy / "pipeline" / name).write_text("")
    assert fingerprint(copy) != before


def test_what_modules_do_is_tested_from_the_folder(copy: Path):
    before, path = fingerprint(copy), copy / "pipeline" / "cli.py"
    path.write_text(path.read_text(encoding="utf-8") + "\nprint()\n", encoding="utf-8")
    assert fingerprint(copy) == before


def test_how_we_lint_and_test_makes_no_new_image(copy: Path):
    before, path = fingerprint(copy), copy / "pyproject.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("line-length = 100", "line-length = 101"), encoding="utf-8")
    assert path.read_text(encoding="utf-8") != text
    assert fingerprint(copy) == before


def test_what_was_checked_is_not_built_again(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    stamp().parent.mkdir()
    stamp().touch()
    words = [sys.executable, "-m", "deploy.image_check", "--if-changed"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "image: unchanged since it was checked\n")
