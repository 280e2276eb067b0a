"""How the checks of a run ended, as rows of `sync_checks` beside the run history."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from google.cloud import bigquery

from auto_schema.errors import SyncError
from auto_schema.names import quoted, string_literal
from auto_schema.told import told
from pipeline.destination.jobs import asked_row, run_statement
from pipeline.runs.history_tables import make_table
from pipeline.tables.naming import checks_table
from smart_sync.check import Check, Verdict
from smart_sync.check_sql import keys_query
from smart_sync.plan import SyncPlan
from warehouse.errors import as_target_errors

LOGGER = logging.getLogger("smart_sync")
FIELDS = (
    ("run_id", "STRING"),
    ("batch_id", "STRING"),
    ("event_time", "TIMESTAMP"),
    ("destination", "STRING"),
    ("check_name", "STRING"),
    ("kind", "STRING"),
    ("columns", "STRING"),
    ("severity", "STRING"),
    ("scope", "STRING"),
    ("verdict", "STRING"),
    ("failures", "INT64"),
    ("run_rows", "INT64"),
)
KEYS = "failing_keys"
SHOWN_KEYS = 3
"""Of each check in a message's text."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """How one check ended: its failures, how many rows the run had, and keys of some that fail."""

    check: Check
    verdict: Verdict
    failures: int
    rows: int
    keys: tuple[str, ...] = ()

    def text(self, *, shows: bool) -> str:
        """In a few words, for messages.

        Args:
            shows: whether values of rows may stand in them (show_values).
        """
        text = f"{self.check.name} ({self.check.kind}) fails {self.failures:,} times"
        keys = ", ".join(self.told_keys(shows=shows)[:SHOWN_KEYS])
        return f"{text}, such as {keys}" if keys else text

    def told_keys(self, *, shows: bool) -> list[str]:
        """Its keys for messages."""
        return [told(key, shows=shows) for key in self.keys]


def results_of(plan: SyncPlan, answer: Sequence[object]) -> list[CheckResult]:
    """What the answer to `checks_query` says of each check."""
    rows, *numbers = (int(str(number or 0)) for number in answer)
    pairs = zip(plan.publishing.checks, numbers, strict=True)
    return [CheckResult(check, check.verdict(Decimal(n)), n, rows) for check, n in pairs]


def with_keys(
    client: bigquery.Client, plan: SyncPlan, results: Sequence[CheckResult]
) -> list[CheckResult]:
    """The results with up to ten keys of rows that fail; best effort: no run fails for it."""
    failing = [one.check for one in results if one.failures]
    if not failing:
        return list(results)
    try:
        row = asked_row(client, plan, keys_query(plan, of=failing), "check_keys")
    except SyncError as error:
        LOGGER.warning("which rows fail checks could not be asked: %s", error)
        return list(results)
    keys = {check: tuple(row[number]) for number, check in enumerate(failing)}
    return [replace(one, keys=keys.get(one.check, ())) for one in results]


def keep_results(client: bigquery.Client, plan: SyncPlan, results: Sequence[CheckResult]) -> None:
    """Write them down, with their keys; best effort: no run fails for it."""
    try:
        table = checks_table(plan.run.history_table)
        with as_target_errors(f"results of checks {table}"):
            make_table(client, _resource(str(table)))
        run_statement(client, plan, insert_results(plan, results), "check_results")
    except SyncError as error:
        LOGGER.warning("the results of checks could not be written: %s", error)


def _resource(table: str) -> bigquery.Table:
    fields = [bigquery.SchemaField(name, kind) for name, kind in FIELDS]
    resource = bigquery.Table(
        table, schema=[*fields, bigquery.SchemaField(KEYS, "STRING", mode="REPEATED")]
    )
    resource.time_partitioning = bigquery.TimePartitioning(field="event_time")
    resource.clustering_fields = ["destination", "check_name"]
    resource.description = "How checks of Smart Sync's runs ended, append-only."
    return resource


def insert_results(plan: SyncPlan, results: Sequence[CheckResult]) -> str:
    """INSERT of the results."""
    names = ", ".join(quoted(name) for name, _ in (*FIELDS, (KEYS, "")))
    rows = "\nUNION ALL ".join(f"SELECT {_values(plan, one)}" for one in results)
    table = checks_table(plan.run.history_table)
    return f"INSERT INTO {table.sql} ({names})\n{rows}"


def _values(plan: SyncPlan, result: CheckResult) -> str:
    check = result.check
    keys = f"CAST([{', '.join(map(string_literal, result.keys))}] AS ARRAY<STRING>)"
    texts = (
        str(plan.destination),
        check.name,
        check.kind,
        ", ".join(check.columns),
        str(check.severity),
        str(check.scope),
        str(result.verdict),
    )
    batch = string_literal(plan.run.batch_id) if plan.run.batch_id else "CAST(NULL AS STRING)"
    values = (
        string_literal(plan.run.run_id),
        batch,
        "CURRENT_TIMESTAMP()",
        *map(string_literal, texts),
        str(result.failures),
        str(result.rows),
        keys,
    )
    return ", ".join(values)
