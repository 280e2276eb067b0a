"""Locals say what they hold: names that any value could have are not given."""

import ast

import pytest

from tests import rooms

EMPTY = {"found", "each", "made"}


@pytest.mark.parametrize("module", sorted(rooms.modules()))
def test_no_local_is_called_as_any_other_could_be(module):
    tree = ast.parse(rooms.modules()[module].read_text(encoding="utf-8"))
    fields = {
        id(item.target)
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        for item in node.body
        if isinstance(item, ast.AnnAssign)
    }
    stored = {
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and id(node) not in fields
    }
    arguments = {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    assert (stored | arguments) & EMPTY == set()
