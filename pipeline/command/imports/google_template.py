"""Google's Dataflow templates that copy into BigQuery: a launch's parameters → ours. Pure.

Their names: https://cloud.google.com/dataflow/docs/guides/templates/provided-templates.
"""

import re

from pipeline.command.imports.connections import SCHEMES, source_kind, take_secret, take_source
from pipeline.command.imports.draft import Draft, child, place_of, text_of
from pipeline.command.imports.rules import Rule, below, kept, refused, told
from pipeline.parameters.nodes import Node, Pairs, Text
from sources.secrets import VERSION_NAME
from sources.uri import Uri

OURS: tuple[Rule, ...] = (
    kept("connectionURL", "source"),
    kept("username", "postgresql_username"),
    kept("password", "postgresql_password", "the name of a Secret Manager version stays"),
    kept("query", "postgresql_query"),
    kept("table", "source_table_for_schema"),
    kept("outputTable", "destination_bigquery_project, …_dataset, …_table"),
    kept("outputTableSpec", "destination_bigquery_project, …_dataset, …_table"),
    kept("bigQueryLoadingTemporaryDirectory", "temp_location"),
    kept("isTruncate", "write_disposition", "false adds all rows again with each run, here too"),
    kept("createDisposition", "create_disposition"),
    kept("outputDeadletterTable", "dead_letter_table"),
    kept("numPartitions", "num_splits"),
    kept("mongoDbUri", "source"),
    kept("database", "mongodb_database"),
    kept("collection", "mongodb_collection"),
    kept("filter", "mongodb_query"),
    *told(
        "partitionColumn partitionColumnType",
        "a table is cut by its primary key or by blocks, at bounds that are looked up; rows without"
        " a value in that column, which the template never reads, come too",
    ),
    *refused(
        "lowerBound upperBound",
        "postgresql_query with WHERE",
        "the template reads no row outside of them, and here all rows would come",
    ),
    *told("fetchSize", "rows come by COPY, in batches of about 16 MiB", "batch_size"),
    *told("bigQuerySchemaPath", "the schema is the source's own", "enable_auto_schema"),
    *told(
        "useStorageWriteApi useStorageWriteApiAtLeastOnce numStorageWriteApiStreams"
        " storageWriteApiTriggeringFrequencySec",
        "rows are staged and published in one atomic step",
    ),
    *told("driverClassName driverJars", "no JDBC is in it"),
    *refused(
        "connectionProperties", "postgresql_connection_options", "they are properties of JDBC"
    ),
    *refused(
        "KMSEncryptionKey",
        "a Secret Manager version as postgresql_password",
        "texts that are encrypted by KMS are not opened here",
    ),
    *told("useColumnAlias", "columns have the names that the query gives them, aliases too"),
    *refused("disabledAlgorithms", "postgresql_sslmode", "TLS is libpq's"),
    *refused(
        "extraFilesToStage",
        "postgresql_sslrootcert, which names a file of the image",
        "no files are staged for workers",
    ),
    *refused(
        "userOption",
        "mongodb_projection; fields that the sample didn't show are kept in _extra",
        "documents become columns by their fields, never one column or flat names",
    ),
    *refused(
        "javascriptDocumentTransformGcsPath javascriptDocumentTransformFunctionName"
        " javascriptDocumentTransformReloadIntervalMinutes",
        "transformation_config or transform_sql",
        "no JavaScript is run",
    ),
)
"""Of `parameters`, wherever it stands."""
BEAM: tuple[Rule, ...] = (
    *told("jobName", "a job is named after the run"),
    *told("containerSpecGcsPath template-file-gcs-location", "the template is another now"),
)
ENVIRONMENT: dict[str, str] = {
    "tempLocation": "temp_location",
    "maxWorkers": "max_num_workers",
    "numWorkers": "num_workers",
    "machineType": "machine_type",
    "serviceAccountEmail": "service_account_email",
    "network": "network",
    "subnetwork": "subnetwork",
    "stagingLocation": "staging_location",
}
FLAGS: dict[str, str] = {
    "max-workers": "max_num_workers",
    "num-workers": "num_workers",
    "worker-machine-type": "machine_type",
    "service-account-email": "service_account_email",
    "network": "network",
    "subnetwork": "subnetwork",
    "staging-location": "staging_location",
    "temp-location": "temp_location",
    "region": "region",
    "project": "project",
}
_OF_BEAM = (
    *BEAM,
    *(kept(f"environment.{name}", flag) for name, flag in ENVIRONMENT.items()),
    *refused("environment.*", "Beam's flag for it", "it is an option of Dataflow, not of the sync"),
)
RULES: tuple[Rule, ...] = (
    *below("parameters", OURS),
    *_OF_BEAM,
    *below("launchParameter", (*below("parameters", OURS), *_OF_BEAM)),
    *below("launch_parameter", (*below("parameters", OURS), *_OF_BEAM)),
    *(kept(f"--{name}", flag) for name, flag in FLAGS.items()),
    *told("--template-file-gcs-location", "the template is another now"),
    *below("--parameters", OURS),
)
"""Of a launch body of the REST API, of its `parameters` alone, and of gcloud's --flags-file."""
ADVICE = (
    "Google's template needs its table beforehand and writes its own types; `plan` tells where"
    " they differ from the source's: docs/moving.md#an-existing-table"
)
_TABLE = re.compile(r"([^:.]+(?:\.[a-z]+:[^:.]+)?)[:.]([^:.]+)\.([^:.]+)")
_JDBC = "jdbc:"


def read(root: Node, draft: Draft) -> None:
    """Fill the draft with one launch."""
    body = child(root, "launchParameter") or child(root, "launch_parameter") or root
    ours = child(body, "parameters") or child(root, "--parameters") or Pairs(())
    for name, flag in ENVIRONMENT.items():
        if text := text_of(child(body, "environment", name)):
            draft.parameters[flag] = text
    for name, flag in FLAGS.items():
        if text := text_of(child(root, f"--{name}")):
            draft.parameters[flag] = text
    _destination(ours, draft)
    _source(ours, draft)
    _reading(ours, draft)
    _writing(ours, draft)


def _destination(ours: Node, draft: Draft) -> None:
    for key in ("outputTable", "outputTableSpec"):
        node = child(ours, key)
        if node is None:
            continue
        match = _TABLE.fullmatch(text_of(node))
        if match is None:
            fix = "write project:dataset.table."
            draft.refuse(key, place_of(node), "it names no table of BigQuery", fix)
            continue
        project, dataset, table = match.groups()
        draft.parameters |= {
            "destination_bigquery_project": project,
            "destination_bigquery_dataset": dataset,
            "destination_bigquery_table": table,
        }


def _source(ours: Node, draft: Draft) -> None:
    if (node := child(ours, "mongoDbUri")) is not None:
        take_source(draft, text_of(node), "mongoDbUri", place_of(node))
    if (node := child(ours, "connectionURL")) is not None:
        _connection(node, draft)
    if user := text_of(child(ours, "username")):
        draft.parameters["postgresql_username"] = user
    if password := text_of(child(ours, "password")):
        take_secret(draft, "postgresql_password", password, "password")


def _connection(node: Node, draft: Draft) -> None:
    text, key = text_of(node), "connectionURL"
    if VERSION_NAME.fullmatch(text):
        why = "the secret holds a URL of JDBC"
        fix = "make a secret of postgresql://user@host/database, or give --source."
        draft.refuse(key, place_of(node), why, fix)
        return
    uri = Uri.of(text.removeprefix(_JDBC))
    if not text.startswith(_JDBC) or SCHEMES.get(uri.scheme) != "postgresql":
        why = "it is no jdbc:postgresql://…, and other databases are not read"
        fix = "give the source on the command line: --source=postgresql://user@host/database."
        draft.refuse(key, place_of(node), why, fix)
        return
    pairs = dict(uri.pairs())
    for name in ("user", "password"):
        text_in = pairs.pop(name, "")
        if text_in and name == "user":
            draft.parameters["postgresql_username"] = text_in
        elif text_in:
            take_secret(draft, "postgresql_password", text_in, key)
    options = "&".join(f"{name}={value}" for name, value in pairs.items())
    take_source(draft, _uri_text(uri, options), key, place_of(node))


def _uri_text(uri: Uri, options: str) -> str:
    """The URI without login, with these options."""
    return f"postgresql://{uri.address}/{uri.path}" + (f"?{options}" if options else "")


def _reading(ours: Node, draft: Draft) -> None:
    if query := text_of(child(ours, "query")):
        draft.parameters["postgresql_query"] = query
    if (node := child(ours, "table")) is not None:
        table = text_of(node)
        if table.lstrip().startswith("("):
            draft.parameters["postgresql_query"] = _inner(table)
        else:
            draft.parameters["source_table_for_schema"] = _with_schema(table)
    for key, name in (("numPartitions", "num_splits"), ("database", "mongodb_database")):
        if text := text_of(child(ours, key)):
            draft.parameters[name] = text
    for key, name in (("collection", "mongodb_collection"), ("filter", "mongodb_query")):
        if text := text_of(child(ours, key)):
            draft.parameters[name] = text


def _inner(table: str) -> str:
    """The query of a table that is one in parentheses, with or without a name behind it."""
    match = re.fullmatch(r"\s*\((.*)\)(?:\s+(?:as\s+)?\w+)?\s*", table, re.DOTALL | re.IGNORECASE)
    return match.group(1).strip() if match else table


def _with_schema(table: str) -> str:
    return table if "." in table else f"public.{table}"


def _writing(ours: Node, draft: Draft) -> None:
    is_truncate = text_of(child(ours, "isTruncate")).lower() == "true"
    draft.parameters["write_disposition"] = "WRITE_TRUNCATE" if is_truncate else "WRITE_APPEND"
    if not is_truncate:
        draft.tell(
            "each run adds all rows again, as the template does; for what is new only:"
            " enable_smart_sync: true and smart_sync_timestamp_column"
        )
    has_schema = source_kind(draft) == "mongodb"
    created = text_of(child(ours, "createDisposition"))
    draft.parameters["create_disposition"] = created or (
        "CREATE_IF_NEEDED" if has_schema else "CREATE_NEVER"
    )
    if temp := text_of(child(ours, "bigQueryLoadingTemporaryDirectory")):
        draft.parameters["temp_location"] = temp
    if letters := text_of(child(ours, "outputDeadletterTable")):
        draft.parameters["dead_letter_table"] = letters.replace(":", ".")
        draft.tell("max_dead_letters is 0: a run with a bad row fails until you allow some")


def opened(root: Node) -> Node:
    """The body with gcloud's `--parameters`, and values that are JSON in texts, as mappings."""
    if not isinstance(root, Pairs):
        return root
    keys = {key.text for key, _ in root.pairs}
    names = {rule.key for rule in OURS}
    if keys and keys <= names:
        return Pairs(((Text("parameters"), root),), root.place)
    return root
