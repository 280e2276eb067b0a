"""A module of the program as its text has it: what stands within what, and what names stand for."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path


@cache
def nodes_in(node: ast.AST) -> tuple[ast.AST, ...]:
    """The node and all that stands in it; a function is asked once for each name that it uses."""
    return tuple(ast.walk(node))


@dataclass
class Module:
    """A module's tree; who stands within which function; what its names were given."""

    path: Path
    tree: ast.Module
    ends: dict[int, bool] = field(default_factory=dict)
    """Whether a list of statements ends by leaving its function."""

    @cached_property
    def functions(self) -> dict[ast.AST, ast.FunctionDef | None]:
        """The innermost function around each node."""
        around: dict[ast.AST, ast.FunctionDef | None] = {}

        def walk(node: ast.AST, function: ast.FunctionDef | None) -> None:
            for child in ast.iter_child_nodes(node):
                around[child] = function
                walk(child, child if isinstance(child, ast.FunctionDef) else function)

        walk(self.tree, None)
        return around

    @cached_property
    def classes(self) -> dict[ast.AST, ast.ClassDef]:
        """The class around each node that stands in one."""
        return {
            node: around
            for around in nodes_in(self.tree)
            if isinstance(around, ast.ClassDef)
            for node in nodes_in(around)
        }

    @cached_property
    def blocks(self) -> dict[ast.AST, tuple[int, ...]]:
        """The lists of statements around each node, the outermost first."""
        found: dict[ast.AST, tuple[int, ...]] = {}

        def walk(node: ast.AST, within: tuple[int, ...]) -> None:
            found[node] = within
            for _, value in ast.iter_fields(node):
                if isinstance(value, list):
                    is_block = any(isinstance(part, ast.stmt) for part in value)
                    if is_block:
                        self.ends[id(value)] = isinstance(value[-1], ast.Raise | ast.Return)
                    for part in value:
                        if isinstance(part, ast.AST):
                            walk(part, (*within, id(value)) if is_block else within)
                elif isinstance(value, ast.AST):
                    walk(value, within)

        walk(self.tree, ())
        return found

    def given(self, used: ast.Name, function: ast.FunctionDef) -> Iterator[ast.Assign]:
        """The assignments that a use may see: the last sure one, and those behind it."""
        before = [
            node
            for node in nodes_in(function)
            if isinstance(node, ast.Assign)
            and node.lineno < used.lineno
            and any(used.id in names_in(target) for target in node.targets)
        ]
        for node in sorted(before, key=lambda node: node.lineno, reverse=True):
            if self.is_sure(node, used):
                yield node
                return
            if not self.ends[self.blocks[node][-1]]:
                yield node

    def is_sure(self, node: ast.Assign, used: ast.Name) -> bool:
        """Whether all ways to the use lead over an assignment."""
        return self.blocks[node][-1] in self.blocks[used]

    @cached_property
    def docs(self) -> set[ast.AST]:
        """Texts that are none by themselves: docstrings, and the parts of others."""
        nodes = list(nodes_in(self.tree))
        inner = (part for node in nodes if isinstance(node, ast.JoinedStr) for part in node.values)
        return {*inner, *(node.value for node in nodes if isinstance(node, ast.Expr))}

    @cached_property
    def constants(self) -> dict[str, ast.expr]:
        """What the module's own names were given."""
        return {
            target.id: node.value
            for node in self.tree.body
            if isinstance(node, ast.Assign)
            for target in each_target(node)
            if isinstance(target, ast.Name)
        }

    @cached_property
    def imported(self) -> dict[str, tuple[str, str]]:
        """Names that come of other modules, with the module's."""
        return {
            alias.asname or alias.name: (node.module, alias.name)
            for node in nodes_in(self.tree)
            if isinstance(node, ast.ImportFrom) and node.module
            for alias in node.names
        }


def each_target(node: ast.Assign) -> Iterator[ast.expr]:
    """The names of `a = b = 1`, and those of `a, b = 1, 2` are none."""
    for target in node.targets:
        if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
            continue
        yield target


def name_of(node: ast.AST) -> str:
    """The last part of a dotted name."""
    return str(getattr(node, "id", getattr(node, "attr", "")))


def names_in(target: ast.expr) -> list[str]:
    """The names that an assignment gives something to."""
    return [name_of(part) for part in getattr(target, "elts", [target])]


def given_to(call: ast.Call, names: list[str], name: str) -> ast.expr | None:
    """What a call hands to an argument; None: nothing that stands there by itself."""
    for word in call.keywords:
        if word.arg == name:
            return word.value
    is_method = names[0] in ("self", "cls") and isinstance(call.func, ast.Attribute)
    place = names.index(name) - is_method
    if any(isinstance(arg, ast.Starred) for arg in call.args[: place + 1]):
        return None
    return call.args[place] if place < len(call.args) else None


def ends_of(node: ast.expr) -> list[ast.expr]:
    """What `a if … else b` may be."""
    if isinstance(node, ast.IfExp):
        return [*ends_of(node.body), *ends_of(node.orelse)]
    return [node]


def arguments(function: ast.FunctionDef) -> list[ast.arg]:
    return [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]


def index_in(name: str, target: ast.expr) -> int | None:
    """Which part of a tuple of names this one is."""
    names = [name_of(part) for part in getattr(target, "elts", [])]
    return names.index(name) if name in names else None


def code_of(node: ast.ClassDef, inherited: int) -> int:
    for line in node.body:
        if isinstance(line, ast.Assign) and name_of(line.targets[0]) == "exit_code":
            return int(ast.literal_eval(line.value))
    return inherited
