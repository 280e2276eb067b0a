"""An Open Data Contract Standard contract → the checks of one table; faults by line and column.

`schema` has objects, each with `properties`, and both may have rules under `quality`; of
`slaProperties` the latency of a column is one. What else stands in a contract is passed over:
`required`, `unique` and `primaryKey` too, which describe the schema.
https://bitol-io.github.io/open-data-contract-standard/v3.1.0/
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from auto_schema.errors import SyncError, shown
from pipeline.checks.arguments import Arguments
from pipeline.checks.contract_rules import (
    METRICS,
    THRESHOLDS,
    Columns,
    Counted,
    Metric,
    allows_none,
    conditions,
    severity_of,
)
from pipeline.checks.contract_sla import latencies
from pipeline.checks.reader import Parts, Reader, pairs_of, text_at
from pipeline.parameters.nodes import Node, Text
from smart_sync.check import Check, Condition, Measured, Rule, usual_scope

KIND, VERSION, QUALITY = "DataContract", "apiVersion", "quality"
KNOWN_VERSION = re.compile(r"v?3\.[01](\..+)?")
KNOWN_METRICS = f"known here: metric: {', '.join(METRICS)}; rules of type text are passed over."
PASSED_OVER = frozenset(
    (
        "id", "name", "description", "type", "metric", "rule", "arguments", "dimension", "method",
        "businessImpact", "customProperties", "tags", "authoritativeDefinitions", "scheduler",
        "schedule",
    )
)  # fmt: skip
"""What of a rule is read elsewhere, or says nothing about when it fails."""


@dataclass(frozen=True, slots=True)
class _Element:
    """An object or a property: its name in the contract, and that of its table or column."""

    name: str
    physical: str
    parts: Parts

    @property
    def names(self) -> tuple[str, str]:
        """Both, as they are compared."""
        return self.name.casefold(), self.physical.casefold()


def is_contract(root: Node) -> bool:
    """Whether a document is a contract, by its first keys."""
    parts = pairs_of(root)
    return VERSION in parts or text_at(parts, "kind") == KIND


def read_contract(
    root: Node, name: str, table: str
) -> tuple[tuple[Check, ...], tuple[str, ...], list[SyncError]]:
    """The checks that a contract holds of a table.

    Args:
        root: of the contract.
        name: of the file, for messages.
        table: the destination's: the `physicalName` of an object, or else its `name`.

    Returns:
        Its checks, the tables that the contract has, and what is wrong with those of the table.
    """
    reader, parts = _Reader(name, table), pairs_of(root)
    reader.look_at_version(parts)
    objects = [_element(node, is_table=True) for node in reader.items(parts, "schema")]
    chosen = _chosen(objects, table)
    checks, names = list[Check](), _names(objects)
    for element in chosen:
        properties = reader.properties(element)
        columns = {inner.name: inner.physical for inner in properties}
        checks += reader.rules(element, properties, columns)
        names |= dict.fromkeys(element.names, columns)
    if chosen:
        checks += latencies(reader, parts, table, names)
    tables = (table if element in chosen else element.physical for element in objects)
    return tuple(checks), tuple(tables), reader.faults


def _element(node: Node, *, is_table: bool = False) -> _Element:
    parts = pairs_of(node)
    name, physical = text_at(parts, "name"), text_at(parts, "physicalName")
    return _Element(name, (_table(physical) if is_table else physical) or name, parts)


def _table(name: str) -> str:
    """The table of `project.dataset.table`."""
    return name.rpartition(".")[2]


def _chosen(objects: Sequence[_Element], table: str) -> list[_Element]:
    is_physical = [
        element for element in objects if element.physical.casefold() == table.casefold()
    ]
    return is_physical or [element for element in objects if table.casefold() in element.names]


def _names(objects: Sequence[_Element]) -> dict[str, Columns | None]:
    return {name: None for element in objects for name in element.names if name}


class _Reader(Reader):
    """One contract, as far as it is about one table."""

    def __init__(self, name: str, table: str) -> None:
        super().__init__(name)
        self._table = table

    def look_at_version(self, parts: Parts) -> None:
        """Refuse what isn't known."""
        version = text_at(parts, VERSION)
        if not KNOWN_VERSION.fullmatch(version):
            key = parts.get(VERSION) or parts["kind"]
            why = shown(version) if version else f"no {VERSION}"
            fix = f"known here: {VERSION}: v3.1.0, and v3.0."
            self.fault("a version of the standard that is not known", key[0].place, why, fix)

    def properties(self, element: _Element) -> list[_Element]:
        """The properties of an object."""
        properties = list[_Element]()
        for node in self.items(element.parts, "properties"):
            inner = _element(node)
            if inner.name:
                properties.append(inner)
            else:
                self.fault("a property without a name", node.place, "", "write name: COLUMN.")
        return properties

    def rules(
        self, element: _Element, properties: Sequence[_Element], columns: Columns
    ) -> Iterator[Check]:
        """The checks of an object, and of its properties."""
        for rule in self.items(element.parts, QUALITY):
            yield from self._rule(rule, "", columns)
        for inner in properties:
            for rule in self.items(inner.parts, QUALITY):
                yield from self._rule(rule, inner.physical, columns)
            self._refuse_nested(inner.parts)

    def _refuse_nested(self, parts: Parts) -> None:
        """Rules of what stands within a column."""
        within = [pairs_of(node) for node in self.items(parts, "properties")]
        for inner in (*within, *([pairs_of(parts["items"][1])] if "items" in parts else ())):
            if QUALITY in inner:
                fix = "only columns of the table are checked: take the rule out."
                self.fault("a rule within a column", inner[QUALITY][0].place, "", fix)
            self._refuse_nested(inner)

    def _rule(self, node: Node, column: str, columns: Columns) -> Iterator[Check]:
        """One rule: a check for each threshold."""
        parts = pairs_of(node)
        kind, named = text_at(parts, "type"), parts.get("metric") or parts.get("rule")
        if kind == "text":
            return
        if kind not in ("", "library"):
            place = parts["type"][1].place
            self.fault("a type of rule that is not known", place, shown(kind), KNOWN_METRICS)
            return
        if named is None or not isinstance(named[1], Text):
            self.fault("a rule without a metric", node.place, "", KNOWN_METRICS)
            return
        metric = METRICS.get(named[1].text)
        if metric is None:
            why = shown(named[1].text)
            self.fault("a metric that is not known", named[1].place, why, KNOWN_METRICS)
        elif not (metric.of_properties if column else metric.of_objects):
            fix = f"write it under {'an object' if column else 'a property'}."
            why = named[1].text
            self.fault("a metric that doesn't stand here", named[1].place, why, fix)
        else:
            yield from self._checks(parts, named[1], metric, (column, columns))

    def _checks(
        self, parts: Parts, called: Text, metric: Metric, of: tuple[str, Columns]
    ) -> Iterator[Check]:
        before, kind = len(self.faults), called.text
        given = pairs_of(parts["arguments"][1]) if "arguments" in parts else {}
        arguments = Arguments(kind, called.place, given, self.fault, has_jinja=False)
        failing = metric.rule(arguments, *of)
        arguments.refuse_others()
        own = {name: pair for name, pair in parts.items() if name not in PASSED_OVER}
        said = Arguments(kind, called.place, own, self.fault, has_jinja=False)
        severity = severity_of(said.text("severity", ""))
        is_percent = _is_percent(said, of_all=failing is None)
        wanted = tuple(conditions(said))
        said.refuse_others()
        if not wanted and len(self.faults) == before:
            fix = f"write one of {', '.join(THRESHOLDS)}."
            self.fault("a rule without a threshold", called.place, kind, fix)
        if len(self.faults) > before:
            return
        named = text_at(parts, "name") or text_at(parts, "id")
        for one in wanted:
            check = self._check(kind, failing, one, is_percent=is_percent)
            yield replace(check, name=named or check.name, severity=severity)

    def _check(
        self, kind: str, failing: Counted | None, wanted: Condition, *, is_percent: bool
    ) -> Check:
        """A check by what is wanted of the number of failures, of their share, or of all rows."""
        rule: Rule
        if failing is None or is_percent:
            rule, fails = Measured(wanted, failing, is_percent), Condition()
        else:
            rule, fails = failing, wanted.negated
        check = Check(kind, kind, rule, scope=usual_scope(rule), error_if=fails, warn_if=fails)
        name = "_".join((kind, self._table, *check.columns))
        return replace(check, name=name, is_tolerant=not allows_none(wanted))


def _is_percent(said: Arguments, *, of_all: bool) -> bool:
    """Whether the number is a share of the rows that are looked at."""
    unit = said.text("unit", "rows").casefold()
    if unit not in ("rows", "percent"):
        said.wrong("unit", shown(unit), "write rows or percent.")
    if unit == "percent" and of_all:
        said.wrong("unit", "all rows are 100 percent", "write rows.")
    return unit == "percent"
