"""Each place of the program that makes an error, and what it may say: read from its text.

What stands in braces of an f-string is … here, unless it is a constant.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from tests.errors.modules import (
    Module,
    arguments,
    code_of,
    ends_of,
    given_to,
    index_in,
    name_of,
    nodes_in,
)

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("auto_schema", "warehouse", "sources", "smart_sync", "pipeline", "scheduler")
FIRST, MANY = "SyncError", "ManyErrors"
PASSED_ON = {"what", "args", "errors"}
"""Attributes of an error that is told once more, at another place."""
ANY = "…"
TOLD = re.compile(r"(\w+Error): (.+)", re.S)
DEEPEST = 8
"""Names, calls and tuples that are followed behind each other."""


@dataclass(frozen=True)
class Site:
    """One form that one place gives an error: `mend` is empty where the text doesn't say it."""

    path: str
    line: int
    kind: str
    what: str
    mend: str = ""


@dataclass(frozen=True)
class Unread:
    """A place whose words can't be told from the text."""

    path: str
    line: int
    words: str


class UnreadError(Exception):
    """The words aren't there to be read."""


@dataclass
class Program:
    """All modules of the program."""

    modules: dict[str, Module]

    @classmethod
    @cache
    def read(cls) -> "Program":
        """From this repository."""
        paths = [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]
        read = {}
        for path in paths:
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            read[name] = Module(path, ast.parse(path.read_text(encoding="utf-8")))
        return cls(read)

    @cached_property
    def kinds(self) -> dict[str, int]:
        """The classes of errors, and the exit code of each."""
        codes = {FIRST: 70}
        while True:
            more = {
                node.name: code_of(node, codes[base])
                for module in self.modules.values()
                for node in nodes_in(module.tree)
                if isinstance(node, ast.ClassDef) and node.name not in codes
                for base in (name_of(base) for base in node.bases)
                if base in codes
            }
            if not more:
                return codes
            codes |= more

    @cached_property
    def calls(self) -> dict[str, list[tuple[Module, ast.Call]]]:
        """All calls, by the name of what is called."""
        by_name: dict[str, list[tuple[Module, ast.Call]]] = {}
        for module in self.modules.values():
            for node in nodes_in(module.tree):
                if isinstance(node, ast.Call):
                    by_name.setdefault(name_of(node.func), []).append((module, node))
        return by_name

    @cached_property
    def defined(self) -> dict[str, list[tuple[Module, ast.FunctionDef]]]:
        """All functions, by name."""
        by_name: dict[str, list[tuple[Module, ast.FunctionDef]]] = {}
        for module in self.modules.values():
            for node in nodes_in(module.tree):
                if isinstance(node, ast.FunctionDef):
                    by_name.setdefault(node.name, []).append((module, node))
        return by_name

    @cached_property
    def made(self) -> list[Site | Unread]:
        """Each error that is made, in all of its forms, and each text that begins like one."""
        made = [
            each
            for pairs in self.calls.values()
            for module, call in pairs
            for kind in self._kinds_of(call, module)
            for each in self._forms(kind, module, call)
        ]
        return [*made, *self._texts()]

    def _kinds_of(self, call: ast.Call, module: Module) -> list[str]:
        """The classes of errors that a call makes: by name, or by a name that stands for them."""
        name = name_of(call.func)
        if name in self.kinds:
            return [name]
        if not isinstance(call.func, ast.Name):
            return []
        around = module.classes.get(call)
        if name == "cls":
            return [around.name] if around and around.name in self.kinds else []
        function = module.functions.get(call)
        return [
            kind
            for node in (nodes_in(function) if function else ())
            if isinstance(node, ast.Assign) and name_of(node.targets[0]) == name
            for kind in map(name_of, ends_of(node.value))
            if kind in self.kinds
        ]

    def _texts(self) -> Iterator[Site]:
        """Texts that are told as errors are, without having been one."""
        for module in self.modules.values():
            for node in nodes_in(module.tree):
                if isinstance(node, ast.Constant | ast.JoinedStr) and node not in module.docs:
                    try:
                        texts = self.words(node, module)
                    except UnreadError:
                        continue
                    for named in filter(None, map(TOLD.match, texts)):
                        path = module.path.relative_to(ROOT).as_posix()
                        if not named[2].startswith(ANY):
                            yield Site(path, node.lineno, named[1], named[2].partition(": ")[0])

    def _forms(self, kind: str, module: Module, call: ast.Call) -> Iterator[Site | Unread]:
        path = module.path.relative_to(ROOT).as_posix()
        if path == "auto_schema/errors.py" or kind == MANY or not call.args:
            return
        said = call.args[0], call.args[3] if len(call.args) > 3 else None
        try:
            pairs = list(self._pairs(*said, module))
        except UnreadError:
            yield Unread(path, call.lineno, ast.unparse(call.args[0]))
            return
        for what, mend in dict.fromkeys(pairs):
            yield Site(path, call.lineno, kind, what, " ".join(mend.split()))

    def _pairs(
        self, what: ast.expr, mend: ast.expr | None, module: Module, depth: int = 0
    ) -> Iterator[tuple[str, str]]:
        """What is wrong with how it is mended: where both are handed on, caller by caller."""
        function = module.functions.get(what)
        names = [arg.arg for arg in arguments(function)] if function else []
        if function and {name_of(what), name_of(mend)} <= set(names) and depth < DEEPEST:
            for home, call in self._callers(function, module):
                first = given_to(call, names, name_of(what))
                if first is not None:
                    yield from self._pairs(
                        first, given_to(call, names, name_of(mend)), home, depth + 1
                    )
            return
        mends = self._mends(mend, module)
        yield from ((one, way) for one in self.words(what, module) for way in mends)

    def _mends(self, mend: ast.expr | None, module: Module) -> list[str]:
        try:
            return (self.words(mend, module) if mend else []) or [""]
        except UnreadError:
            return [""]

    def words(self, node: ast.expr, module: Module, depth: int = 0) -> list[str]:
        """All that an expression may be; nothing for what another error has said before."""
        if depth > DEEPEST:
            raise UnreadError
        match node:
            case ast.Constant(value=str(text)):
                return [text]
            case ast.JoinedStr(values=parts):
                return self._joined(parts, module, depth)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return [
                    a + b
                    for a in self._or_any(left, module, depth)
                    for b in self._or_any(right, module, depth)
                ]
            case ast.IfExp(body=body, orelse=other):
                return self.words(body, module, depth + 1) + self.words(other, module, depth + 1)
            case ast.Attribute(attr=name) if name in PASSED_ON:
                return []
            case ast.Starred(value=value):
                return self._element(value, 0, module, depth)
            case ast.Subscript(value=value, slice=ast.Constant(value=int(index))):
                return self._element(value, index, module, depth)
            case ast.Name():
                return self._named(node, module, depth)
            case ast.Subscript(value=ast.Name(id=name)) if name in module.constants:
                return self._element(module.constants[name], 1, module, depth, each=True)
            case ast.Call(func=ast.Name(id="next"), args=[ast.GeneratorExp() as found, other]):
                return [*self._found(found, module, depth), *self.words(other, module, depth)]
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="get"), args=[_, *more]):
                if name not in module.constants:
                    raise UnreadError
                known = self._element(module.constants[name], 1, module, depth, each=True)
                return known + [text for one in more for text in self.words(one, module, depth)]
            case ast.Call():
                return self._returned(node, None, module, depth)
        raise UnreadError

    def _found(self, search: ast.GeneratorExp, module: Module, depth: int) -> list[str]:
        """What `next(name for … in table)` may find."""
        loop = search.generators[0]
        index = index_in(name_of(search.elt), loop.target)
        if index is None:
            raise UnreadError
        return self._element(loop.iter, index, module, depth, each=True)

    def _or_any(self, node: ast.expr, module: Module, depth: int) -> list[str]:
        try:
            return self.words(node, module, depth + 1) or [ANY]
        except UnreadError:
            return [ANY]

    def _joined(self, parts: list[ast.expr], module: Module, depth: int) -> list[str]:
        texts = [""]
        for part in parts:
            if isinstance(part, ast.FormattedValue):
                more = (
                    self._or_any(part.value, module, depth) if part.format_spec is None else [ANY]
                )
                more = more if len(more) <= 3 else [ANY]
            else:
                more = self.words(part, module, depth)
            texts = [text + end for text in texts for end in more]
        return texts

    def _named(self, node: ast.Name, module: Module, depth: int) -> list[str]:
        function = module.functions.get(node)
        while function is not None:
            found = list(self._local(node, function, module, depth))
            if found:
                return [text for texts in found for text in texts]
            function = module.functions.get(function)
        return self._constant(node.id, module, depth)

    def _constant(self, name: str, module: Module, depth: int) -> list[str]:
        if name in module.constants:
            return self.words(module.constants[name], module, depth + 1)
        if name in module.imported:
            home, original = module.imported[name]
            if home in self.modules:
                return self._constant(original, self.modules[home], depth + 1)
        raise UnreadError

    def _local(
        self, used: ast.Name, function: ast.FunctionDef, module: Module, depth: int
    ) -> Iterator[list[str]]:
        """What a name was given in a function: assigned, looped over, or handed to it."""
        name = used.id
        last = list(module.given(used, function))
        for node in last:
            yield from self._assigned(name, node, module, depth)
        if last and module.is_sure(last[-1], used):
            return
        for node in nodes_in(function):
            if isinstance(node, ast.NamedExpr) and node.target.id == name:
                yield self.words(node.value, module, depth + 1)
            elif isinstance(node, ast.For | ast.comprehension):
                index = index_in(name, node.target)
                if index is not None:
                    yield self._element(node.iter, index, module, depth, each=True)
        if any(arg.arg == name for arg in arguments(function)):
            yield self._handed(name, function, module, depth)

    def _assigned(
        self, name: str, node: ast.Assign, module: Module, depth: int
    ) -> Iterator[list[str]]:
        for target in node.targets:
            if isinstance(target, ast.Name) and target.id == name:
                yield self.words(node.value, module, depth + 1)
            index = index_in(name, target) if isinstance(target, ast.Tuple) else None
            if index is not None:
                yield self._element(node.value, index, module, depth)

    def _element(
        self, node: ast.expr, index: int, module: Module, depth: int, *, each: bool = False
    ) -> list[str]:
        """The element of a tuple; with `each` of all tuples of a collection."""
        if depth > DEEPEST:
            raise UnreadError
        depth += 1
        match node:
            case ast.Attribute(attr=name) if name in PASSED_ON:
                return []
            case ast.Name(id=name) if name in module.constants:
                return self._element(module.constants[name], index, module, depth, each=each)
            case ast.Name() if not each:
                return self._element_of_name(node, index, module, depth)
            case ast.Dict(keys=keys, values=values) if each:
                return self._all((keys, values)[index], module, depth)
            case ast.Call(func=ast.Attribute(value=value, attr="items")) if each:
                return self._element(value, index, module, depth, each=True)
            case ast.Tuple(elts=rows) | ast.List(elts=rows) if each:
                return [text for row in rows for text in self._element(row, index, module, depth)]
            case ast.Tuple(elts=parts):
                return self.words(parts[index], module, depth)
            case ast.IfExp(body=body, orelse=other):
                return [
                    text
                    for one in (body, other)
                    for text in self._element(one, index, module, depth, each=each)
                ]
            case ast.Call():
                return self._returned(node, index, module, depth)
            case ast.Constant(value=None):
                return []
        raise UnreadError

    def _element_of_name(self, node: ast.Name, index: int, module: Module, depth: int) -> list[str]:
        function = module.functions.get(node)
        given = [
            one.value
            for one in (nodes_in(function) if function else ())
            if (isinstance(one, ast.Assign) and name_of(one.targets[0]) == node.id)
            or (isinstance(one, ast.NamedExpr) and one.target.id == node.id)
        ]
        if not given:
            raise UnreadError
        return [text for value in given for text in self._element(value, index, module, depth)]

    def _all(self, nodes: list[ast.expr | None], module: Module, depth: int) -> list[str]:
        return [text for node in nodes if node for text in self.words(node, module, depth)]

    def _returned(self, call: ast.Call, index: int | None, module: Module, depth: int) -> list[str]:
        """What a function of this module gives, or the element of its tuple; else of another."""
        everywhere = self.defined.get(name_of(call.func), [])
        found = [pair for pair in everywhere if pair[0] is module] or everywhere
        if not found or depth > DEEPEST:
            raise UnreadError
        depth += 1
        return [
            text
            for home, function in found
            for node in nodes_in(function)
            if isinstance(node, ast.Return) and node.value is not None
            for text in (
                self.words(node.value, home, depth)
                if index is None
                else self._element(node.value, index, home, depth)
            )
        ]

    def _handed(
        self, name: str, function: ast.FunctionDef, module: Module, depth: int
    ) -> list[str]:
        """What callers hand to a function for an argument, and what it is if they don't."""
        names = [arg.arg for arg in arguments(function)]
        texts: list[str] = []
        for home, call in self._callers(function, module):
            given = given_to(call, names, name)
            if given is not None:
                texts += self.words(given, home, depth + 1)
        if not texts:
            raise UnreadError
        return texts

    def _callers(self, function: ast.FunctionDef, module: Module) -> list[tuple[Module, ast.Call]]:
        """Who calls a function: what a name of the module's own means is called there."""
        calls = self.calls.get(function.name, [])
        here = [pair for pair in calls if pair[0] is module]
        return here if here and function.name.startswith("_") else calls
