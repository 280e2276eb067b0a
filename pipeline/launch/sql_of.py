"""I/O. transform_sql: its text, and what BigQuery says of it by a dry run over no rows."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from google.api_core.exceptions import GoogleAPICallError
from google.cloud import bigquery

from auto_schema.bigquery_types import known_type
from auto_schema.errors import ConfigError, SchemaError, raise_all
from auto_schema.evolve import CurrentField
from auto_schema.schema import Column
from pipeline.launch.document_text import document_text
from pipeline.parameters.options import Options
from pipeline.parameters.paths import is_sql_path
from smart_sync.check_sql import typed_rows
from smart_sync.facts import Facts, Target, deciding
from smart_sync.renaming import with_new_names
from smart_sync.request import SyncRequest
from smart_sync.schema_plan import staged_columns
from smart_sync.sql_plan import MADE, SqlAnswer, made_by_query
from smart_sync.transform_sql import tried
from sources.profile import SourceProfile
from sources.values import Evidence
from warehouse.errors import REFUSED_QUERY, as_target_errors, target_error
from warehouse.jobs import JobLabels, reading_config
from warehouse.names import Endpoints

PLACE = re.compile(r"\[(\d+):(\d+)\]")
SHOWN_COLUMNS = 40


Texts = Callable[[str, Endpoints], tuple[str, str]]
"""The query that the parameter is or names, and what messages call it."""


def text_of(value: str, endpoints: Endpoints) -> tuple[str, str]:
    """The query; see `document_text`.

    Raises:
        ConfigError, TargetError: it can't be read.
    """
    return document_text(value, MADE, endpoints, is_text=not is_sql_path(value))


def with_sql(options: Options, text_at: Texts = text_of) -> Options:
    """The options with the text of transform_sql, which may be a path.

    Raises:
        ConfigError: it can't be read, or is no single SELECT.
        TargetError: Cloud Storage couldn't be reached.
    """
    from smart_sync.sql_text import query_fault  # most tables have none

    request = options.request
    if not request.publishing.sql:
        return options
    text, name = text_at(request.publishing.sql, request.run.endpoints)
    if fault := query_fault(text, "" if name == MADE else name):
        raise fault
    publishing = replace(request.publishing, sql=text)
    return replace(options, request=replace(request, publishing=publishing))


def answer_of(
    client: bigquery.Client, request: SyncRequest, profile: SourceProfile, target: Target
) -> SqlAnswer | None:
    """What the query makes of rows as they look before any was read; None: there is none.

    The destination says how rows are staged, but for columns that the query itself makes. Which
    these are a dry run shows over rows as they would be staged for a new table.

    Raises:
        SyncError: BigQuery refuses it, or the columns of the rows can't be planned.
    """
    if not request.publishing.sql:
        return None
    request = with_new_names(request, profile, target.by_name())
    evidence = Evidence(looks=profile.rules.best_looks(profile.columns))
    bare = _columns(request, profile, {}, evidence)
    if not bare:
        return SqlAnswer((), ())
    answer, fault = None, None
    try:
        answer = _answer(client, request, bare)
    except SchemaError as error:
        fault = error
    by_query = made_by_query(answer) if answer else frozenset[str]()
    columns = _columns(request, profile, deciding(target, by_query), evidence)
    if not _differ(columns, bare):
        if answer is None:
            raise fault or AssertionError("unreachable")
        return replace(answer, columns=columns, made=by_query)
    return replace(_answer(client, request, columns), made=by_query)


def answer_again(client: bigquery.Client, request: SyncRequest, facts: Facts) -> SqlAnswer | None:
    """The same once the rows have been looked at: some columns may be others.

    Raises:
        SyncError: BigQuery refuses it.
    """
    if facts.sql is None:
        return None
    columns = _columns(request, facts.profile, facts.deciding, facts.evidence)
    if not _differ(columns, facts.sql.columns):
        return replace(facts.sql, columns=columns)
    return replace(_answer(client, request, columns), made=facts.sql.made)


def _columns(
    request: SyncRequest,
    profile: SourceProfile,
    current: Mapping[str, CurrentField],
    evidence: Evidence,
) -> tuple[Column, ...]:
    columns, _, faults = staged_columns(request, profile, current, evidence)
    raise_all(faults)
    return columns


def _differ(columns: tuple[Column, ...], others: tuple[Column, ...]) -> bool:
    return [_typed(c) for c in columns] != [_typed(c) for c in others]


def _typed(column: Column) -> tuple[str, str, str]:
    return column.name, column.bigquery, column.mode


def _answer(
    client: bigquery.Client, request: SyncRequest, columns: tuple[Column, ...]
) -> SqlAnswer:
    """What a dry run says of the query over rows of these columns.

    Raises:
        SchemaError: BigQuery doesn't understand it.
        ConfigError: it is no SELECT.
        TargetError: BigQuery can't be reached.
    """
    sql, destination = request.publishing.sql, request.destination
    config = reading_config(JobLabels("plan", "dry_run"), default_dataset(request))
    config.dry_run, config.use_query_cache = True, False
    text = tried(typed_rows(columns), sql)
    with as_target_errors(f"{MADE} of table {destination}"):
        try:
            job = client.query(text, config)
        except REFUSED_QUERY as error:
            lines = text[: text.index(sql)].count("\n")
            raise _refusal(request, columns, error, lines) from error
    if job.statement_type not in (None, "SELECT"):
        why = f"it is {job.statement_type}"
        raise ConfigError("SQL that is no single SELECT", MADE, why, "write one SELECT.")
    resources = [field.to_api_repr() for field in job.schema or ()]
    fields = tuple((str(field["name"]), known_type(field)) for field in resources)
    read = job.total_bytes_processed
    return SqlAnswer(columns, fields, _tables(job, request), None if read is None else int(read))


def default_dataset(request: SyncRequest) -> str:
    """Where the query finds tables that it names without a dataset."""
    return f"{request.destination.project}.{request.destination.dataset}"


def _tables(job: bigquery.QueryJob, request: SyncRequest) -> tuple[str, ...]:
    """All tables that it reads: not each stands in what a dry run lists."""
    from sources.bigquery.tables import tables_of  # with a parser, which most launches don't need

    read = {f"{t.project}.{t.dataset_id}.{t.table_id}" for t in job.referenced_tables}
    project, dataset = request.destination.project, request.destination.dataset
    named = set(tables_of(request.publishing.sql, project, dataset))
    return tuple(sorted(read | (named - {f"{project}.{dataset}.staged"})))


def _refusal(
    request: SyncRequest, columns: tuple[Column, ...], error: GoogleAPICallError, lines: int
) -> SchemaError:
    """What BigQuery says, at the place in the operator's own text; with what `staged` has."""

    def place(told: re.Match[str]) -> str:
        return f"[{max(int(told[1]) - lines, 1)}:{told[2]}]"

    where = f"{MADE} of table {request.destination}"
    why = PLACE.sub(place, target_error(error, where).why)
    names = [f"{column.name} {_kind(column)}" for column in columns[:SHOWN_COLUMNS]]
    names += ["…"] * (len(columns) > SHOWN_COLUMNS)
    fix = f"mend the query. The columns of staged: {', '.join(names)}."
    return SchemaError("a query that BigQuery doesn't understand", where, why, fix)


def _kind(column: Column) -> str:
    if column.shape is not None:
        return column.shape.display
    return f"ARRAY<{column.bigquery}>" if column.is_repeated else column.bigquery
