"""docs/invariants.md is what `make mutants` breaks, and each can be broken."""

import ast
from pathlib import Path

import pytest

from tests.mutants.__main__ import DOCUMENT, PROMISES, broken, document

ROOT = Path(__file__).resolve().parents[2]


def test_the_document_lists_the_promises():
    assert DOCUMENT.read_text(encoding="utf-8") == document(), "run `make docs`"


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.claim[:60])
def test_each_promise_is_broken_in_one_place_and_has_its_test(promise):
    text = (ROOT / promise.file).read_text(encoding="utf-8")
    changed = broken(text, promise)
    assert changed != text
    if promise.file.endswith(".py"):
        ast.parse(changed)  # what can't be imported says nothing of its test
    path, _, name = promise.test.partition("::")
    assert name
    assert f"def {name}" in (ROOT / path).read_text(encoding="utf-8")
