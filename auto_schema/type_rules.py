"""TypeRule: how one type of a source travels, a row of the tables of types."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import pyarrow as pa

PLAIN = "{c}"
AS_TEXT = "{c}::text"


@dataclass(frozen=True, slots=True)
class TypeRule:
    """How one source type travels; `loss` is honest text, empty when nothing is lost."""

    source: str
    select: str
    arrow: pa.DataType
    bigquery: str
    loss: str = ""


def _table(*rules: TypeRule) -> Mapping[str, TypeRule]:
    table: dict[str, TypeRule] = {}
    for rule in rules:
        if rule.source in table:
            raise ValueError(f"two rules for {rule.source}")
        table[rule.source] = rule
    return MappingProxyType(table)


def _text(source: str, loss: str = "") -> TypeRule:
    return TypeRule(source, AS_TEXT, pa.string(), "STRING", loss)


def describe_rules(rules: Sequence[TypeRule]) -> list[tuple[str, str, str, str]]:
    """(source, read as, BigQuery, loss) of each rule, for the documentation."""
    return [(r.source, r.select.format(c="c"), r.bigquery, r.loss) for r in rules]
