"""`import smart_sync`: what users are given, and that nothing of ours leans on it."""

import subprocess
import sys
from typing import get_type_hints

import pytest

import smart_sync
from auto_schema import errors
from pipeline.api.report import RunReport, error_of
from pipeline.parameters.docs import ROOT
from tests.rooms import FACADE, graph


def test_every_name_that_it_promises_is_there_and_no_other():
    assert all(getattr(smart_sync, name) is not None for name in smart_sync.__all__)
    with pytest.raises(AttributeError, match="no attribute 'sync'"):
        _ = smart_sync.sync


def test_every_error_of_an_exit_code_is_one_of_its_names():
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    codes = {kind.exit_code for kind in kinds if issubclass(kind, errors.SyncError)}
    public = [getattr(smart_sync, name) for name in smart_sync.__all__ if name.endswith("Error")]
    assert {kind.exit_code for kind in public} == codes


def test_its_types_are_known():
    assert get_type_hints(smart_sync.run)["return"] is smart_sync.RunReport


def test_to_import_it_imports_nothing_of_a_run():
    program = "import smart_sync, sys; print(sorted({m.split('.')[0] for m in sys.modules}))"
    words = [sys.executable, "-c", program]
    told = subprocess.run(words, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert "'smart_sync'" in told
    assert not any(f"'{name}'" in told for name in ("pipeline", "pyarrow", "apache_beam"))


def test_nothing_of_ours_imports_the_name_that_users_import():
    assert graph().find_modules_that_directly_import("smart_sync") == set()
    assert {importer for importer, _ in FACADE} <= {"smart_sync", "smart_sync.beam"}


@pytest.mark.parametrize(
    "error",
    [
        errors.ConfigError("a parameter (odd) is wrong", "table p.d.t", "why: this", "mend it."),
        errors.DeadLetterLimitError("too many dead letters", "table p.d.t", "2", "raise it."),
        errors.InternalError("unexpected error", "version 1", "KeyError: 'a'", "report it."),
        errors.SourceError("no"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_failed_run_s_message_is_the_error_that_it_was(error):
    again = error_of(RunReport("failed", "r", "p.d.t", error.exit_code, error=error.text))
    assert (type(again), again.text.replace(" (p.d.t)", "")) == (type(error), error.text)
    assert (again.exit_code, again.fix) == (error.exit_code, error.fix)


@pytest.mark.parametrize("text", ["", "KeyError: 3", "something else"])
def test_a_message_without_a_class_is_the_error_of_its_exit_code(text):
    assert type(error_of(RunReport("failed", "r", exit_code=8, error=text))) is (
        errors.VerificationError
    )
