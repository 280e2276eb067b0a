"""`slaProperties` of a contract → checks: how old the newest value of a column may be."""

from collections.abc import Iterator, Mapping

from auto_schema.errors import shown
from pipeline.checks.arguments import Arguments
from pipeline.checks.contract_rules import LATENCIES, UNITS, Columns
from pipeline.checks.reader import Parts, Reader, pairs_of, text_at
from pipeline.parameters.nodes import Node
from smart_sync.check import Check, Recent, usual_scope

SLA, DEFAULT = "slaProperties", "slaDefaultElement"
PASSED_OVER = frozenset(
    (
        "id", "property", "description", "driver", "customProperties", "tags",
        "authoritativeDefinitions", "scheduler", "schedule",
    )
)  # fmt: skip
Objects = Mapping[str, Columns | None]
"""All names of a contract's objects, casefolded → the columns of the table that is read."""


def latencies(reader: Reader, parts: Parts, table: str, objects: Objects) -> Iterator[Check]:
    """The checks that columns of a table hold times as new as it is agreed.

    Other agreements are passed over, and those for columns of other objects.
    """
    for node in reader.items(parts, SLA):
        inner = pairs_of(node)
        kind = text_at(inner, "property")
        if kind.casefold() not in LATENCIES:
            continue
        given = {name: pair for name, pair in inner.items() if name not in PASSED_OVER}
        said = Arguments(kind, node.place, given, reader.fault, has_jinja=False)
        elements = said.text("element", text_at(parts, DEFAULT) or None)
        columns = list(_columns(reader, node, elements, objects))
        age = _age(said) if columns else None
        if age is None:
            continue
        for column in columns:
            rule = Recent(column, *age)
            name = text_at(inner, "id") or f"{kind}_{table}_{column}"
            yield Check(name, kind, rule, scope=usual_scope(rule))


def _columns(reader: Reader, node: Node, elements: str, objects: Objects) -> Iterator[str]:
    """Those of the table; `object.property`, and of a contract of one object `property`."""
    for element in filter(None, map(str.strip, elements.split(","))):
        path, _, column = element.rpartition(".")
        called = path.rpartition(".")[2].casefold()
        is_only = not path and None not in objects.values()
        if called in objects or is_only:
            columns = next(iter(objects.values())) if is_only else objects[called]
            if columns is not None:
                yield columns.get(column, column)
        else:
            fix = f"write object.property; there are {', '.join(list(objects)[:5])}."
            reader.fault("an element that is in no object", node.place, shown(element), fix)


def _age(said: Arguments) -> tuple[str, int] | None:
    """The oldest that is good: one of BigQuery's units, and how many."""
    number, written = said.whole("value"), said.text("unit")
    said.refuse_others()
    unit = UNITS.get(written.casefold())
    if written and unit is None:
        said.wrong("unit", shown(written), "write one such as min, h or d.")
    return None if number is None or unit is None else (unit[0], number * unit[1])
