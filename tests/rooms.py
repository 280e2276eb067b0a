"""The rooms of the code and who imports whom: the picture in docs/architecture.md, and figures.

python -m tests.rooms             rewrites the picture (`make docs` does)
python -m tests.rooms --figures   circles, arrows upward, sizes of modules
"""

import ast
import statistics
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import grimp

from sources.registry import SOURCES

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "architecture.md"
BEGIN, END = "<!-- rooms: made by `make docs` -->", "<!-- end of rooms -->"
PACKAGES = ("scheduler", "pipeline", "smart_sync", "sources", "warehouse", "auto_schema")
PIPELINE = (
    "cli",
    "launch",
    "steps",
    "execution",
    "publish",
    "runs",
    "destination",
    "tables",
    "checks",
    "parameters",
    "errors",
)
LAYERS = (
    "pipeline.command",
    "pipeline.report",
    "pipeline.api",
    "scheduler",
    *(f"pipeline.{room}" for room in PIPELINE),
    "smart_sync",
    "sources.registry",
    *(f"sources.{name}" for name in SOURCES),
    "sources",
    "warehouse",
    "auto_schema",
)
"""From the top down: what stands here imports only what stands below it."""


FACADE = (
    ("smart_sync", "pipeline.api.report"),
    ("smart_sync", "pipeline.api.run"),
    ("smart_sync.beam", "pipeline.api.beam.read"),
    ("smart_sync.beam", "pipeline.api.beam.write"),
    ("smart_sync.beam", "pipeline.api.staged_writing"),
)
"""What the name that users import leads to; nothing of ours imports it (docs/decisions/0043)."""


@cache
def graph() -> grimp.ImportGraph:
    """All imports of the product, late ones too, but those of the name that users import."""
    built = grimp.build_graph(*PACKAGES, cache_dir=None)
    for importer, imported in FACADE:
        built.remove_import(importer=importer, imported=imported)
    return built


def room_of(module: str) -> str:
    """The room that a module lies in.

    >>> room_of("pipeline.runs.lock"), room_of("sources.sql"), room_of("smart_sync.plan")
    ('pipeline.runs', 'sources', 'smart_sync')
    """
    return next((r for r in LAYERS if module == r or module.startswith(f"{r}.")), "pipeline")


def arrows() -> Counter[tuple[str, str]]:
    """(room, room that it imports) → how many of its modules' imports lead there."""
    found: Counter[tuple[str, str]] = Counter()
    for importer in graph().modules:
        for imported in graph().find_modules_directly_imported_by(importer):
            ends = (room_of(importer), room_of(imported))
            if ends[0] != ends[1]:
                found[ends] += 1
    return found


def upward() -> list[tuple[str, str]]:
    """Arrows from a room to one above it."""
    return [ends for ends in arrows() if LAYERS.index(ends[0]) > LAYERS.index(ends[1])]


def circles() -> list[tuple[str, ...]]:
    """Sets of modules each of which leads to every other one by its imports."""
    modules = sorted(graph().modules)
    reach = {module: graph().find_upstream_modules(module) for module in modules}
    rings = {
        tuple(sorted({module, *(o for o in reach[module] if module in reach[o])}))
        for module in modules
    }
    return sorted(ring for ring in rings if len(ring) > 1)


def picture() -> str:
    """The rooms as a Mermaid diagram, without arrows that follow from two others."""
    lines = ["```mermaid", "flowchart TD"]
    lines += [f'  {_name(room)}["{room}"]' for room in LAYERS]
    lines += [f"  {_name(above)} --> {_name(below)}" for above, below in _shortest(set(arrows()))]
    return "\n".join([*lines, "```"])


def _shortest(all_arrows: set[tuple[str, str]]) -> list[tuple[str, str]]:
    """The arrows that say all the others: no way over other rooms leads where they lead."""
    below = {room: {b for a, b in all_arrows if a == room} for room in LAYERS}

    def leads(room: str, to: str) -> bool:
        return any(b == to or leads(b, to) for b in below[room])

    kept = [(a, b) for a, b in all_arrows if not any(leads(other, b) for other in below[a] - {b})]
    return sorted(kept, key=lambda arrow: (LAYERS.index(arrow[0]), LAYERS.index(arrow[1])))


def _name(room: str) -> str:
    return room.replace(".", "_")


def page() -> str:
    """docs/architecture.md with the picture as it is now."""
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{picture()}\n{END}{after}"


def modules() -> dict[str, Path]:
    """Each module's file, packages' own left out."""
    files = (path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py")))
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts): path
        for path in files
        if path.name != "__init__.py"
    }


def figures() -> Iterator[str]:
    """What the house's rules on sizes speak of, a line each."""
    lengths = {m: len(path.read_text().splitlines()) for m, path in modules().items()}
    counts = Counter(map(room_of, lengths))
    yield f"circles: {len(circles())}; arrows upward: {len(upward())}"
    yield f"modules: {len(lengths)}, median {statistics.median(lengths.values()):.0f} lines"
    yield "largest: " + ", ".join(f"{m} {n}" for m, n in _most(lengths, 3))
    yield "modules per room: " + ", ".join(f"{room} {counts[room]}" for room in LAYERS)
    functions, values = _sizes()
    yield "longest functions: " + ", ".join(f"{m} {n}" for m, n in _most(functions, 3))
    yield "widest values: " + ", ".join(f"{m} {n}" for m, n in _most(values, 3))


def _most(sizes: dict[str, int], count: int) -> list[tuple[str, int]]:
    return sorted(sizes.items(), key=lambda item: -item[1])[:count]


def _sizes() -> tuple[dict[str, int], dict[str, int]]:
    """Lines of each function, docstrings left out; fields of each class."""
    functions: dict[str, int] = {}
    values: dict[str, int] = {}
    for module, path in modules().items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                first = node.body[1] if ast.get_docstring(node) and node.body[1:] else node.body[0]
                length = (node.end_lineno or 0) - first.lineno + 1
                functions[f"{module}.{node.name}"] = length
            if isinstance(node, ast.ClassDef):
                fields = sum(isinstance(item, ast.AnnAssign) for item in node.body)
                values[f"{module}.{node.name}"] = fields
    return functions, values


if __name__ == "__main__":
    if "--figures" in sys.argv:
        print("\n".join(figures()))
    else:
        PAGE.write_text(page(), encoding="utf-8")
