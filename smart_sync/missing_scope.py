"""delete_missing_where: of which rows keys are compared, and what stands against it. Pure."""

from collections.abc import Iterable, Iterator, Sequence

from auto_schema.condition_sql import is_said_alike
from auto_schema.errors import ConfigError, SchemaError, SyncError, shown
from auto_schema.row_filter import RowFilter, Test, takes
from auto_schema.schema import Column
from auto_schema.typed_values import typed
from smart_sync.facts import Target
from smart_sync.missing_keys import WHERE
from smart_sync.request import SyncRequest


def scope_of(
    request: SyncRequest, target: Target, columns: Sequence[Column]
) -> tuple[RowFilter | None, tuple[Column, ...], list[SyncError]]:
    """delete_missing_where, the columns that it tests, and what is wrong with it.

    Args:
        request: what the operator asked for.
        target: the destination as it is.
        columns: those that are read.
    """
    by_name = {column.source_name: column for column in columns}
    there = target.by_name() if target.exists else None
    parts, tested, faults = list[tuple[Test, ...]](), dict[str, Column](), list[SyncError]()
    for part in request.missing.where:
        tests = []
        for condition in part:
            column, where = by_name.get(condition.field), f"{WHERE}, {shown(condition.field)}"
            if column is None or (there is not None and column.name.casefold() not in there):
                why = "source and table have no such column in common"
                fix = f"choose among: {', '.join(sorted(_fit(by_name.values())))}."
                faults.append(ConfigError("unknown column", where, why, fix))
                continue
            test = _test(condition.operator, condition.value, column, where)
            if isinstance(test, Test):
                tests.append(test)
                tested[column.name] = column
            else:
                faults.append(test)
        parts.append(tuple(tests))
    return (RowFilter(tuple(parts)) if parts else None), tuple(tested.values()), faults


def _fit(columns: Iterable[Column]) -> Iterator[str]:
    return (column.source_name for column in columns if is_said_alike(column))


def _test(operator: str, value: object, column: Column, where: str) -> Test | SyncError:
    kind = column.bigquery
    if not (is_said_alike(column) and takes(kind, operator)):
        why = f"it is {column.changed or column.kind}, and no test by {operator} is said alike"
        fix = "test another column, by conditions that source and BigQuery understand alike."
        return SchemaError("a condition that both sides can't be asked", where, why, fix)
    asked = value if isinstance(value, tuple) else (value,)
    try:
        values = () if operator.startswith("is ") else tuple(typed(one, kind) for one in asked)
    except ValueError as error:
        why = f"the column is {kind}"
        return SchemaError("a test against a value of another type", where, why, f"write {error}.")
    return Test(column.name, operator, values)
