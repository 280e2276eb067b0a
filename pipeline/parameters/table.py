"""The one table of parameters: parser, checks, metadata.json and pages come from it.

All values are strings, as Dataflow passes them.
"""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a parameter's text must be."""

    TEXT = "text"
    SQL = "sql"
    BOOL = "true or false"
    INT = "whole number"
    ENUM = "one of"
    DURATION = "duration"
    JSON = "JSON"
    SECRET = "secret"  # noqa: S105 - a kind, not a secret
    PROJECT = "project id"
    DATASET = "dataset name"
    TABLE = "table name"
    DECIMAL = "number"
    FIELDS = "comma-separated names"
    ZONE = "IANA time zone"
    STAMP = "stamp, date or integer"
    GUARD = "guard"
    LOOKBACK = "duration or count"
    TABLE_PATH = "path of a table"
    LAUNCH = "name of a launch"
    SLICE = "size of a slice"
    NAME = "name of yours"
    RUN = "run id"
    KEPT = "true, false or a duration"
    MOMENT = "moment in UTC"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One template parameter.

    Attributes:
        name: as in `--name=value` and in the template's metadata.
        group: heading in docs/parameters.md and console.
        label: a few words for the console.
        help: one or two sentences for the operator.
        kind: what its text must be.
        default: the text that holds when it isn't given.
        example: for page and help.
        choices: of an ENUM.
        low, high: of an INT, both included.
        source: the data_source it belongs to; empty for all.
        required: it must be given (for its source).
        parent: the parameter without which it means nothing, and the values of that one
            with which it does; no values: any.
        of_launch: it is one for all tables of a launch; else a file of tables may say it of each.
    """

    name: str
    group: str
    label: str
    help: str
    kind: Kind = Kind.TEXT
    default: str = ""
    example: str = ""
    choices: tuple[str, ...] = ()
    low: int = 0
    high: int = 2**31 - 1
    source: str = ""
    required: bool = False
    parent: tuple[str, ...] = ()
    of_launch: bool = False

    @property
    def shown_with(self) -> tuple[str, ...]:
        """The parameter that the console asks for first, and the values that show this one."""
        return ("data_source", self.source) if self.source else self.parent


CORE, POSTGRESQL, SMART_SYNC = "Core", "PostgreSQL", "Smart sync"
AUTO_SCHEMA, MONGODB, BIGQUERY = "Auto schema", "MongoDB", "BigQuery source"
READING, WRITING, NOTIFICATION, PLAN = "Reading", "Writing", "Notification", "Plan and proof"
MANY, CHECKS, REPAIR, DELETES = "Many tables", "Checks", "Repair", "Deletes"
P = Parameter
SMART, AUTO = ("enable_smart_sync", "true"), ("enable_auto_schema", "true")

PARAMETERS: tuple[Parameter, ...] = (
    P("data_source", CORE, "Data source", "Kind of the source. Needed unless source says it.", Kind.ENUM, choices=("postgresql", "mongodb", "bigquery"), example="postgresql", of_launch=True),
    P("source", CORE, "Connection URI", "The source as a connection URI, in place of data_source and the parameters of host, port, database, user, password and TLS: postgresql://user@host:5432/database?sslmode=require, mongodb://…, mongodb+srv://…, bigquery://project/dataset/table; or the name of a Secret Manager version that holds it. docs/connecting.md.", Kind.SECRET, example="postgresql://reader@db.example.com:5432/shop?sslmode=verify-full", of_launch=True),
    P("destination_bigquery_project", CORE, "Destination project", "Project of the destination table.", Kind.PROJECT, required=True, example="my-analytics-project", of_launch=True),
    P("destination_bigquery_dataset", CORE, "Destination dataset", "Dataset of the destination table; it must exist.", Kind.DATASET, required=True, example="production_data"),
    P("destination_bigquery_table", CORE, "Destination table", "Destination table.", Kind.TABLE, required=True, example="organizations"),
    P("postgresql_host", POSTGRESQL, "Host", "Host name or IP address, or the folder of a Unix socket.", source="postgresql", required=True, example="db.example.com", of_launch=True),
    P("postgresql_port", POSTGRESQL, "Port", "Port.", Kind.INT, "5432", low=1, high=65535, source="postgresql", example="5432", of_launch=True),
    P("postgresql_database", POSTGRESQL, "Database", "Database.", source="postgresql", required=True, example="user_management", of_launch=True),
    P("postgresql_username", POSTGRESQL, "User", "Role that reads; SELECT on the tables is enough.", source="postgresql", required=True, example="dataflow_user", of_launch=True),
    P("postgresql_password", POSTGRESQL, "Password", "Name of a Secret Manager version (projects/P/secrets/S/versions/V), read where the connection opens; or plain text, which on Dataflow stands in the launch request and the staged graph. Not given: a run on this machine takes it from ~/.pgpass, if that has one; else the server is asked without, for logins by peer, certificate, trust or a proxy. docs/connecting.md.", Kind.SECRET, source="postgresql", example="projects/my-project/secrets/pg-password/versions/latest", of_launch=True),
    P("postgresql_query", POSTGRESQL, "Query", "SQL query to run. Required unless smart sync has a base query or source_table_for_schema names a table.", Kind.SQL, source="postgresql", example="SELECT * FROM organizations WHERE active = true"),
    P("postgresql_sslmode", POSTGRESQL, "TLS mode", "libpq's sslmode; empty is libpq's own default, prefer.", Kind.ENUM, choices=("", "disable", "allow", "prefer", "require", "verify-ca", "verify-full"), source="postgresql", example="verify-full", of_launch=True),
    P("postgresql_sslrootcert", POSTGRESQL, "TLS root certificate", "File with the certificate authorities, present on launcher and workers; `system` takes the system's.", source="postgresql", example="/etc/ssl/certs/db-ca.pem", of_launch=True),
    P("postgresql_sslcert", POSTGRESQL, "TLS client certificate", "File with the client's certificate, for a login by certificate, present on launcher and workers.", source="postgresql", example="/secrets/client.crt", of_launch=True),
    P("postgresql_sslkey", POSTGRESQL, "TLS client key", "File with the key of postgresql_sslcert, without a passphrase, present on launcher and workers and readable by their user alone.", source="postgresql", example="/secrets/client.key", of_launch=True),
    P("postgresql_connection_options", POSTGRESQL, "Connection options", "Further options of libpq as in a connection URI, such as channel_binding, require_auth, target_session_attrs or connect_timeout. docs/connecting.md lists them.", source="postgresql", example="channel_binding=require&connect_timeout=5", of_launch=True),
    P("postgresql_read_timeout", POSTGRESQL, "Read timeout", "How long a connection may bring no byte before it is given up and its part is read again; longer than the query needs for its first row. 0s: for ever.", Kind.DURATION, "10m", source="postgresql", example="1h", of_launch=True),
    P("enable_smart_sync", SMART_SYNC, "Smart sync", "Read only what is newer than the destination's MAX of the cursor column.", Kind.BOOL, "false", example="true"),
    P("postgresql_base_query", SMART_SYNC, "Base query", "Query with the placeholders {start_timestamp} and {end_timestamp}. Without it smart sync takes postgresql_query, or reads the whole of source_table_for_schema.", Kind.SQL, source="postgresql", example="SELECT * FROM organizations WHERE updated_at > '{start_timestamp}' AND updated_at <= '{end_timestamp}'"),
    P("smart_sync_timestamp_column", SMART_SYNC, "Cursor column", "Column whose growth tells what is new: timestamptz, timestamp, date or integer. It must be in the query's result.", default="updated_at", example="last_modified", parent=SMART),
    P("sync_all_on_empty_table", SMART_SYNC, "Everything when empty", "With an empty or missing destination read everything (true) or the last fallback_days (false).", Kind.BOOL, "true", example="true", parent=SMART),
    P("fallback_days", SMART_SYNC, "Fallback days", "Days to look back when sync_all_on_empty_table=false.", Kind.INT, "1", low=0, high=36500, example="7", parent=("sync_all_on_empty_table", "false")),
    P("smart_sync_margin", SMART_SYNC, "Margin", "How far behind the source's clock a window ends. Give more when applications stamp rows before their transaction begins, or clocks differ.", Kind.DURATION, "10s", example="2m", parent=SMART),
    P("smart_sync_lookback", SMART_SYNC, "Lookback", "How far behind the watermark a window starts, for writers that stamp rows late: a duration, or for an integer cursor a count of numbers. Needs WRITE_MERGE: rows are read again, and appending would double them.", Kind.LOOKBACK, example="1h", parent=SMART),
    P("late_commit_guard", SMART_SYNC, "Late-commit guard", "auto: the window ends before the oldest open transaction began; where writers can't be seen, 10 minutes back, or the run is held back or refused. A duration: that far behind the clock. off: no guard.", Kind.GUARD, "auto", example="auto", parent=SMART),
    P("late_commit_guard_max", SMART_SYNC, "Longest hold", "When an open transaction has kept the window empty for longer, the run fails with exit code 9.", Kind.DURATION, "6h", example="12h", parent=SMART),
    P("source_timezone", SMART_SYNC, "Source time zone", "IANA zone of a cursor column without a zone; empty: the server's own TimeZone setting.", Kind.ZONE, example="Europe/Berlin", parent=SMART),
    P("sync_start", SMART_SYNC, "Window start by hand", "Start of a window by hand, included: a stamp (UTC unless it says its zone), a date or an integer, as the cursor is. With WRITE_MERGE, or with WRITE_TRUNCATE, which then replaces exactly the partitions of the window.", Kind.STAMP, example="2025-07-01", parent=SMART),
    P("sync_end", SMART_SYNC, "Window end by hand", "End of a window by hand, not included.", Kind.STAMP, example="2025-08-01", parent=SMART),
    P("enable_auto_schema", AUTO_SCHEMA, "Auto schema", "Give a table that this run makes partitioning, clustering and descriptions from the source. Without it a missing table is made plainly.", Kind.BOOL, "false", example="true"),
    P("source_table_for_schema", AUTO_SCHEMA, "Source table", "Table or view whose comments describe the destination; without any query, its rows are what is read.", example="public.organizations"),
    P("partition_field", AUTO_SCHEMA, "Partition column", "DATE, DATETIME or TIMESTAMP column to partition by, under its destination name. Not given: the cursor column of smart sync, where it holds dates and times, else updated_at where that exists; empty: no partitioning.", default="updated_at", example="created_at", parent=AUTO),
    P("partition_type", AUTO_SCHEMA, "Partition size", "Size of a partition.", Kind.ENUM, "DAY", choices=("HOUR", "DAY", "MONTH", "YEAR"), example="MONTH", parent=("partition_field",)),
    P("clustering_fields", AUTO_SCHEMA, "Clustering columns", "One to four columns to cluster by, under their destination names.", Kind.FIELDS, example="id,status", parent=AUTO),
    P("delete_existing_table", AUTO_SCHEMA, "Rebuild the table", "Replace the destination by a new table with all rows, whatever its schema and layout were.", Kind.BOOL, "false", example="false"),
    P("schema_evolution", AUTO_SCHEMA, "Schema evolution", "add_columns: new source columns are added as nullable ones. evolve: columns that are there are altered, too, where BigQuery does it in place and no value changes: wider types, more characters or digits, REQUIRED to NULLABLE. freeze: new columns are an error.", Kind.ENUM, "add_columns", choices=("add_columns", "freeze", "evolve"), example="freeze"),
    P("unknown_types", AUTO_SCHEMA, "Unknown types", "Columns of a type of PostgreSQL that has no agreed form in BigQuery, such as one of your own in C. text: STRING with what PostgreSQL writes of it, and the plan names each. error: the run ends.", Kind.ENUM, "text", choices=("text", "error"), source="postgresql", example="error"),
    P("mongodb_host", MONGODB, "Host", "Host name or IP address. Needed unless a connection string is given.", source="mongodb", example="mongodb.example.com", of_launch=True),
    P("mongodb_port", MONGODB, "Port", "Port.", Kind.INT, "27017", low=1, high=65535, source="mongodb", example="27017", of_launch=True),
    P("mongodb_database", MONGODB, "Database", "Database.", source="mongodb", required=True, example="user_data", of_launch=True),
    P("mongodb_collection", MONGODB, "Collection", "Collection or view.", source="mongodb", required=True, example="users"),
    P("mongodb_username", MONGODB, "User", "User of the database admin; the role `read` on the database is enough. For another authSource give a connection string.", source="mongodb", example="dataflow_user", of_launch=True),
    P("mongodb_password", MONGODB, "Password", "Name of a Secret Manager version (projects/P/secrets/S/versions/V), read where the connection opens; or plain text, which on Dataflow stands in the launch request and the staged graph.", Kind.SECRET, source="mongodb", example="projects/my-project/secrets/mongodb/versions/latest", of_launch=True),
    P("mongodb_connection_string", MONGODB, "Connection string", "Whole connection string instead of host, port, user and password, with replicaSet, tls, authSource, readPreference and the like: the name of a Secret Manager version, or plain text.", Kind.SECRET, source="mongodb", example="projects/my-project/secrets/mongodb-uri/versions/latest", of_launch=True),
    P("mongodb_query", MONGODB, "Query", "Filter as Extended JSON; smart sync puts its window around it, and fills {start_timestamp} and {end_timestamp}.", source="mongodb", example='{"status": "active", "age": {"$gte": 18}}'),
    P("mongodb_projection", MONGODB, "Projection", "Projection as Extended JSON. One that names fields reads these only, and then there is no column for others.", source="mongodb", example='{"name": 1, "email": 1, "status": 1}'),
    P("mongodb_sample_size", MONGODB, "Sample size", "Documents that are looked at to find fields and types.", Kind.INT, "10000", low=1, high=1_000_000, source="mongodb", example="50000"),
    P("source_bigquery_project", BIGQUERY, "Source project", "Project of the source table, and of names in the query that have none.", Kind.PROJECT, source="bigquery", required=True, example="source-data-project", of_launch=True),
    P("source_bigquery_dataset", BIGQUERY, "Source dataset", "Dataset of the source table, and of names in the query that have none.", Kind.DATASET, source="bigquery", example="raw_data"),
    P("source_bigquery_table", BIGQUERY, "Source table", "Table, view, or wildcard such as events_*. Required unless there is a query.", Kind.TABLE, source="bigquery", example="user_events"),
    P("source_bigquery_query", BIGQUERY, "Query", "Query in place of the table. With smart sync it may hold {start_timestamp} and {end_timestamp}; the window is put around it in any case.", Kind.SQL, source="bigquery", example="SELECT 1 AS test_column"),
    P("bigquery_read_method", BIGQUERY, "Read method", "in_place: a copy job or one statement inside BigQuery. workers: Storage Read streams. auto: in place where source and destination are in one location.", Kind.ENUM, "auto", choices=("auto", "in_place", "workers"), source="bigquery", example="workers"),
    P("bigquery_price_per_tib", BIGQUERY, "Price per TiB", "US dollars per TiB that a query reads, for the plan's estimate.", Kind.DECIMAL, "6.25", source="bigquery", example="7.50", of_launch=True),
    P("batch_size", READING, "Rows per batch", "Rows per batch; not given: batches of about 16 MiB, which is faster than any fixed count.", Kind.INT, low=1, high=10_000_000, example="50000"),
    P("max_retries", READING, "Retries", "How often a lost connection, 429 or 5xx is tried again, with growing pauses; never bad SQL, credentials or data.", Kind.INT, "3", low=0, high=20, example="5"),
    P("num_splits", READING, "Splits", "Parts that are read side by side; 0: chosen by size.", Kind.INT, "0", low=0, high=5000, example="16"),
    P("max_source_connections", READING, "Most connections", "Connections to the source at once, over all workers.", Kind.INT, "8", low=1, high=1000, example="4", of_launch=True),
    P("max_bytes_billed", READING, "Most bytes billed", "Ceiling for the bytes of each query that reads a source in BigQuery, and of transform_sql: a plan that needs more is refused.", Kind.INT, low=0, high=2**63 - 1, example="1099511627776"),
    P("transformation_config", WRITING, "Transformation", "JSON with field_mappings {old: new}, select_fields [names], exclude_fields [names], type_casts {field: type}, default_values {field: value}, constants {new: value}, mask {field: sha256, redact, last4 or null}, filter [[field, operator, value]]; or a local or gs:// path of it that ends in .json. docs/transformations.md.", Kind.JSON, example='{"field_mappings": {"old_name": "new_name"}}'),
    P("rename_columns", WRITING, "Rename columns", "Columns whose names BigQuery refuses, or that differ in case only. auto: such a column gets a legal name that ends in digits of its name's hash, the same in each run, and the plan tells it; field_mappings come first. error: the run ends, and the message has a transformation_config for all of them. Fields of MongoDB are renamed in any case.", Kind.ENUM, "error", choices=("auto", "error"), example="auto"),
    P("transform_sql", WRITING, "Transformation in SQL", "One GoogleSQL SELECT over the staged rows (FROM staged), run in BigQuery before checks and publishing: the query itself, or a local or gs:// path that ends with .sql. It must keep merge keys and cursor.", Kind.SQL, example="SELECT *, DATE(created_at) AS created_on FROM staged WHERE status != 'test'"),
    P("write_disposition", WRITING, "Write disposition", "WRITE_APPEND adds, WRITE_TRUNCATE replaces all rows, WRITE_EMPTY fails on a table with rows, WRITE_MERGE updates rows by merge_keys and adds new ones, WRITE_HISTORY keeps each version of a row that a run has seen (docs/history-mode.md).", Kind.ENUM, "WRITE_APPEND", choices=("WRITE_APPEND", "WRITE_TRUNCATE", "WRITE_EMPTY", "WRITE_MERGE", "WRITE_HISTORY"), example="WRITE_MERGE"),
    P("stale_columns", WRITING, "Stale columns", "What becomes of a column that earlier runs wrote and that this one no longer brings (excluded, dropped or renamed), in the rows that WRITE_MERGE doesn't touch; those that it updates get NULL there. keep: they keep what they hold. null: they get NULL. error: the run ends. Not given: keep, but error for a column that is newly excluded or masked; null then clears the old values of a masked one.", Kind.ENUM, choices=("", "keep", "null", "error"), example="null", parent=("write_disposition", "WRITE_MERGE", "WRITE_HISTORY")),
    P("create_disposition", WRITING, "Create disposition", "CREATE_IF_NEEDED makes a missing table, CREATE_NEVER fails.", Kind.ENUM, "CREATE_IF_NEEDED", choices=("CREATE_IF_NEEDED", "CREATE_NEVER"), example="CREATE_NEVER"),
    P("merge_keys", WRITING, "Merge keys", "Columns that tell rows apart for WRITE_MERGE and WRITE_HISTORY, under their destination names. The newest row of a key by the cursor column wins, or is the current one.", Kind.FIELDS, example="id", parent=("write_disposition", "WRITE_MERGE", "WRITE_HISTORY")),
    P("backfill_columns", WRITING, "Columns to backfill", "Columns, under their destination names, that this run fills in rows that are there already, by merge_keys: it reads those columns of all rows, adds no row, touches no other column and moves no watermark. For a column that is new in the source, whose old rows have NULL.", Kind.FIELDS, example="discount,channel", parent=("write_disposition", "WRITE_MERGE", "WRITE_APPEND")),
    P("deleted_column", DELETES, "Column of marks", "Column of the source that marks a row as deleted: a BOOL that is true, or a DATE, DATETIME or TIMESTAMP that is not NULL. Needs WRITE_MERGE. docs/deletes.md.", example="deleted_at", parent=("write_disposition", "WRITE_MERGE")),
    P("deleted_rows", DELETES, "Deleted rows", "What becomes of rows that are marked. hard: they are removed from the destination, and never added. soft: they are kept, and _sync_deleted_at says when they were deleted.", Kind.ENUM, "hard", choices=("hard", "soft"), example="soft", parent=("deleted_column",)),
    P("repair", DELETES, "Repair", "Whether this run also compares rows, by hashes of ranges of keys, and reads those of ranges that differ, whatever their cursor: late commits, rows that were changed or lost in the destination, and with delete_missing deletes. Needs WRITE_MERGE and smart sync, and PostgreSQL or BigQuery. docs/deletes.md.", Kind.BOOL, "false", example="true", parent=SMART),
    P("delete_missing", DELETES, "Missing rows", "What becomes of rows of the destination whose keys the source no longer has: each run compares the keys of both by hashes of ranges, and brings only those of ranges that differ. hard: they are removed. soft: they are kept, and _sync_deleted_at says when they were seen to be missing, until they are there again. Needs WRITE_MERGE. docs/deletes.md.", Kind.ENUM, "off", choices=("off", "soft", "hard"), example="hard"),
    P("delete_missing_where", DELETES, "Missing rows of", "Only such rows are compared, in the source and in the destination: conditions on columns of the source as in the filter of transformation_config.", example='[["region", "=", "eu"]]', parent=("delete_missing", "soft", "hard")),
    P("hard_deletes", DELETES, "Vanished rows", "What becomes of the current version of a row whose key the source no longer has, with WRITE_HISTORY. ignore: it stays the current one. invalidate: each run compares the keys of both sides, and the version ends (_sync_valid_to). docs/history-mode.md.", Kind.ENUM, "ignore", choices=("ignore", "invalidate"), example="invalidate", parent=("write_disposition", "WRITE_HISTORY")),
    P("max_deleted_percent", DELETES, "Most deleted", "When more of the destination's rows are missing at the source than so many in a hundred, the run stops and tells some of them. 100: any number.", Kind.DECIMAL, "5", example="20", parent=("delete_missing", "soft", "hard")),
    P("load_columns", WRITING, "Load columns", "Write into each row when it was published (sync_loaded_at) and by which run (sync_run_id), so that the rows of a bad run can be found. Rows go through the staging table and a statement for it. docs/history.md.", Kind.BOOL, "false", example="true"),
    P("json_numbers", WRITING, "Numbers in JSON", "double: as JSON parsers read them; what a double can't hold is a dead letter. exact: as BigQuery prints them; what it would print with other digits, such as 67.174118, is a dead letter. text: the column becomes STRING.", Kind.ENUM, "double", choices=("double", "exact", "text"), example="text"),
    P("dead_letter_table", WRITING, "Dead letter table", "Table for rows that can't be conformed; default: the destination's name with _dead_letters.", Kind.TABLE_PATH, example="orders_dead_letters"),
    P("max_dead_letters", WRITING, "Most dead letters", "With more, the run fails before anything is published.", Kind.INT, "0", low=0, example="100"),
    P("bigquery_job_project", WRITING, "Job project", "Project that runs and pays the BigQuery jobs; default: the destination's.", Kind.PROJECT, example="my-billing-project", of_launch=True),
    P("run_history_table", WRITING, "Run history table", "Table of runs, in the destination's dataset unless written as dataset.table.", Kind.TABLE_PATH, "sync_runs", example="ops.sync_runs", of_launch=True),
    P("accept_source_change", WRITING, "Accept another source", "Fill a table that another source filled before.", Kind.BOOL, "false", example="true"),
    P("lock_lease", WRITING, "Lock lease", "How long a run that died still holds its table; a living one renews it. Not given: 30m on Dataflow, which covers its queue and start, 30s locally.", Kind.DURATION, example="1h", of_launch=True),
    P("max_run_minutes", WRITING, "Longest run", "A run that hasn't begun to publish so many minutes after its launch is stopped: nothing of it is published, its lock is given back, and it ends as failed with exit code 12. The next run goes on with what it has staged, where it can. 0: no limit. docs/scheduling.md.", Kind.INT, "0", low=0, high=10_080, example="90"),
    P("pause_after_failures", WRITING, "Paused by failures", "After so many failed runs of the table in a row none begins any more: a launch ends at once with exit code 12, reads and writes nothing, and says how to go on. 0: never. docs/scheduling.md.", Kind.INT, "0", low=0, high=100, example="3"),
    P("failures_counted_from", WRITING, "Failures counted from", "Runs that ended before are not counted by pause_after_failures: `schedules resume` writes it.", Kind.MOMENT, example="2025-07-01T12:30:00Z", parent=("pause_after_failures",)),
    P("checks", CHECKS, "Checks", "What must hold of the rows before they are published: a local or gs:// path of a dbt properties file (models with columns and data_tests) or of a data contract (Open Data Contract Standard 3.1), or its text itself. Of its models or objects only the destination's counts.", example="gs://my-bucket/schema.yml"),
    P("on_check_failure", CHECKS, "On failure", "What a check of severity error does that fails. fail: the run ends, and nothing is published. quarantine: rows that fail a check of single rows become dead letters, within max_dead_letters, and the others are published.", Kind.ENUM, "fail", choices=("fail", "quarantine"), example="quarantine", parent=("checks",)),
    P("volume_check", CHECKS, "Volume check", "Whether a run brings about as many rows as earlier ones of the same hours of the day (median and spread of seven at the least; of windows rows per hour). warn: what is odd is told. error: the run ends, and nothing is published.", Kind.ENUM, "off", choices=("off", "warn", "error"), example="warn"),
    P("checks_keep", CHECKS, "Failed rows kept for", "How long the staged rows of a run that failed a check are kept, in a table that the message names.", Kind.DURATION, "24h", example="3d", parent=("checks",)),
    P("resume", REPAIR, "Resume", "Whether a run with a window goes on where one before died, or failed since source, storage or BigQuery were out of reach: it takes over that run's window and what it has staged, reads only the rest, and then goes on with its own window. false: all is read anew, and nothing is noted for a later run.", Kind.BOOL, "true", example="false"),
    P("notify_webhook", NOTIFICATION, "Webhook", "Address that is told how runs end, in the JSON of Slack's incoming webhooks: the name of a Secret Manager version, or the https:// address itself, which on Dataflow then stands in the launch request and the staged graph.", Kind.SECRET, example="projects/my-project/secrets/slack-webhook/versions/latest", of_launch=True),
    P("notify_on", NOTIFICATION, "Told of", "failures: runs that fail, and the first good one after them. all: every run.", Kind.ENUM, "failures", choices=("failures", "all"), example="all", parent=("notify_webhook",), of_launch=True),
    P("tables", MANY, "Tables", "Many tables in one launch: a local or gs:// path of a YAML or JSON file with tables, defaults and exclude, or its text itself. The table's own parameters are then what it says nothing of, and destination_bigquery_table may hold {schema}, {table}, {dataset} or {collection}.", example="gs://my-bucket/tables.yaml", of_launch=True),
    P("select", MANY, "Select", "Which of them to sync: names, patterns and tag:NAME, by commas; not given: all that are not disabled.", example="tag:hourly,public.orders", of_launch=True, parent=("tables",)),
    P("max_tables_at_once", MANY, "Most tables at once", "Tables that are planned, and small ones that are synced, side by side; with backfill_by slices of one table.", Kind.INT, "4", low=1, high=100, example="8", of_launch=True),
    P("retry_failed", MANY, "Retry what failed", "The name of an earlier launch (its batch_id): of the tables that this one would sync only those that failed in it are synced, or that it never came to, and that no other run has synced since.", Kind.LAUNCH, example="20250722t150000-3f9a0c1d", of_launch=True, parent=("tables",)),
    P("backfill_by", REPAIR, "Slices of", "Cut the window [sync_start, sync_end) into slices, each of which is a run of its own: hour, day, month or year, in UTC, or of an integer cursor a count of numbers. Slices that have succeeded are passed over when the same command is called again. docs/repair.md.", Kind.SLICE, example="month", parent=SMART, of_launch=True),
    P("backfill_order", REPAIR, "Order of slices", "Which slices come first. Those behind which rows would be missing come one after the other in any case.", Kind.ENUM, "newest", choices=("newest", "oldest"), example="oldest", parent=("backfill_by",), of_launch=True),
    P("backfill_id", REPAIR, "Name of the backfill", "By which slices that have succeeded are known; not given: it follows from what is read and written, so that the same command is the same backfill. Another name does all slices anew.", Kind.NAME, example="orders-2024-again", parent=("backfill_by",), of_launch=True),
    P("keep_snapshots", REPAIR, "Keep snapshots", "Whether a run keeps a table snapshot of the destination as it was, just before it changes it: true keeps it for 7 days, a duration for so long. BigQuery bills of it what is changed or deleted since. rollback_run restores it; without one it takes BigQuery's time travel, of 7 days at most.", Kind.KEPT, "false", example="14d"),
    P("rollback_run", REPAIR, "Undo a run", "The id of a run that published into the destination: the table becomes what it was just before, and nothing else is done. What the run has brought, the next sync brings again: pause its schedule first. docs/repair.md.", Kind.RUN, example="20250722t150000-3f9a0c1d", of_launch=True),
    P("rollback_to", REPAIR, "Undo up to", "The newest run that published into the destination, where others did after rollback_run: all from that one to this are undone. If yet another has published since, nothing is.", Kind.RUN, example="20250723t150000-52c1d0aa", of_launch=True, parent=("rollback_run",)),
    P("replay_dead_letters", REPAIR, "Replay dead letters", "The name of a run (its run_id) whose dead letters this one puts through today's plan in place of the source's rows, and publishes: by merge_keys where no row is as new, else added where their run shows that they were never published. Letters that were taken are marked. No watermark moves. docs/repair.md.", Kind.RUN, example="20250722t150000-3f9a0c1d", of_launch=True),
    P("plan_only", PLAN, "Only plan", "Print the plan and stop; nothing is written.", Kind.BOOL, "false", example="true", of_launch=True),
    P("plan_format", PLAN, "Plan format", "How plan_only prints.", Kind.ENUM, "text", choices=("text", "json"), example="json", parent=("plan_only", "true"), of_launch=True),
    P("plan_detail", PLAN, "Plan detail", "How much of a plan is printed, and is written to a run's log. short: what will happen in three lines, warnings, and of a plan that is printed a screen of the rest. full: all columns, splits and statements, too. The run history keeps the whole plan in any case.", Kind.ENUM, "short", choices=("short", "full"), example="full", of_launch=True),
    P("show_values", PLAN, "Show values", "Show values of rows (a merge key, the value of a dead letter) in messages, log, webhook and run history. Otherwise a hash stands there: the first 12 hex digits of the value's SHA-256. Dead letters keep the values in their table in any case.", Kind.BOOL, "false", example="true", of_launch=True),
    P("verify", PLAN, "Verify", "Prove before publishing that the staged rows are the source's: both databases hash them, in the source in the snapshot that was read. Reads the source once more and takes the staging-table way.", Kind.BOOL, "false", example="true"),
    P("verify_only", PLAN, "Only verify", "Compare a past window of source and destination, row by row through hashes; nothing is written but the verdict in the run history. Exit code 8 when BigQuery lacks a row.", Kind.BOOL, "false", example="true", parent=SMART, of_launch=True),
    P("verify_start", PLAN, "Verify from", "Start of the window to verify, included; written as sync_start.", Kind.STAMP, example="2025-07-01", parent=("verify_only", "true"), of_launch=True),
    P("verify_end", PLAN, "Verify to", "End of the window to verify, not included.", Kind.STAMP, example="2025-08-01", parent=("verify_only", "true"), of_launch=True),
)  # fmt: skip

BY_NAME: dict[str, Parameter] = {parameter.name: parameter for parameter in PARAMETERS}
