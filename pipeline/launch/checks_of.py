"""I/O. The checks of a table, from the text that its parameter is or names; tried on no rows."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from google.api_core.exceptions import GoogleAPICallError
from google.cloud import bigquery

from auto_schema.errors import ConfigError, SchemaError, SyncError, raise_all
from pipeline.launch.document_text import document_text
from pipeline.parameters.nodes import Node
from pipeline.parameters.options import Options
from smart_sync.check_sql import checks_query, typed_rows
from smart_sync.plan import SyncPlan
from warehouse.errors import REFUSED_QUERY, as_target_errors, target_error
from warehouse.names import Endpoints

NONE_OF_IT = "checks: {name} says nothing of {table}, so that nothing is checked; it has {models}"

Documents = Callable[[str, Endpoints], tuple[Node, str, Sequence[SyncError]]]
"""What the parameter is or names, what messages call it, and what is wrong with it."""


def document_of(place: str, endpoints: Endpoints) -> tuple[Node, str, Sequence[SyncError]]:
    """The document of checks; see `document_text` and `read_document`.

    Raises:
        ConfigError, TargetError: it can't be read.
    """
    from pipeline.parameters.document import read_document  # most tables have no YAML to parse

    text, name = document_text(place, "checks", endpoints)
    root, faults = read_document(text, name)
    return root, name, faults


def with_checks(options: Options, document_at: Documents = document_of) -> Options:
    """The options with the checks of their destination.

    Raises:
        ConfigError, ManyErrors: what is wrong with their text.
        TargetError: Cloud Storage couldn't be reached.
    """
    request = options.request
    if not request.publishing.checks_at or request.backfills:
        return options
    from pipeline.checks.read import checks_in  # most tables have none

    place, table = request.publishing.checks_at, request.destination.table
    root, name, faults = document_at(place, request.run.endpoints)
    raise_all(faults)
    checks, models = checks_in(root, name, table)
    warnings = options.warnings
    if table.casefold() not in map(str.casefold, models):
        told = ", ".join(models[:5]) or "none"
        warnings = (*warnings, NONE_OF_IT.format(name=name, table=table, models=told))
    publishing = replace(request.publishing, checks=checks)
    return replace(options, request=replace(request, publishing=publishing), warnings=warnings)


def with_tried_checks(client: bigquery.Client, plan: SyncPlan) -> SyncPlan:
    """The plan, once BigQuery has understood its checks: by a dry run, on no rows.

    Raises:
        SchemaError, ManyErrors: it doesn't; with what it says of each.
        TargetError: BigQuery can't be reached.
    """
    if not plan.publishing.checks:
        return plan
    with as_target_errors(f"checks of table {plan.destination}"):
        try:
            job = _tried(client, plan)
        except REFUSED_QUERY as error:
            told = list(_told_apart(client, plan))
            raise_all(told or [_refusal(f"table {plan.destination}", error)])
            raise
    if job.statement_type not in (None, "SELECT"):
        why = f"they are no single SELECT but {job.statement_type}"
        raise ConfigError("checks that are more than a question", "checks", why, "take ; out.")
    read = job.total_bytes_processed
    publishing = replace(plan.publishing, checks_bytes=None if read is None else int(read))
    return replace(plan, publishing=publishing)


def _tried(client: bigquery.Client, plan: SyncPlan) -> bigquery.QueryJob:
    config = bigquery.QueryJobConfig(dry_run=True, use_query_cache=False)
    return client.query(checks_query(plan, typed_rows(plan.schema)), config)


def _told_apart(client: bigquery.Client, plan: SyncPlan) -> Iterator[SyncError]:
    """What BigQuery says of each check alone: of all together it names a line of our query."""
    for check in plan.publishing.checks:
        publishing = replace(plan.publishing, checks=(check,))
        try:
            _tried(client, replace(plan, publishing=publishing))
        except REFUSED_QUERY as error:
            yield _refusal(f"table {plan.destination}, check {check.name}", error)


def _refusal(where: str, error: GoogleAPICallError) -> SchemaError:
    why = target_error(error, where).why
    fix = "mend the check's expression, where, or the table or values that it names."
    return SchemaError("a check that BigQuery doesn't understand", where, why, fix)
