"""What becomes of each key of a Sling replication: https://docs.slingdata.io/concepts/replication."""

from pipeline.command.imports.rules import Rule, below, kept, refused, told

FILES = "it is one of files, and databases are read here"
SOURCE_OPTIONS: tuple[Rule, ...] = (
    *told("chunk_size chunk_count chunk_expr", "tables are cut by size", "num_splits"),
    *told(
        "compression format header delimiter escape quote skip_blank_lines skip_lines"
        " fields_per_rec sheet encoding datetime_format jmespath jq",
        FILES,
    ),
    *refused("limit offset", "postgresql_query with LIMIT", "a sync of some rows is no sync"),
    *refused("range", "sync_start and sync_end, or smart-sync backfill", "it is of one run only"),
    *refused("flatten", "transform_sql, with JSON_VALUE of the JSON column", "JSON stays JSON"),
    *refused("trim_space empty_as_null null_if", "transform_sql", "values are not changed"),
    *refused("max_decimals", "type_casts in transformation_config", "no digit is cut"),
    *refused("columns transforms", "columns of the stream", "it is Sling's older form"),
)
TARGET_OPTIONS: tuple[Rule, ...] = (
    kept("add_new_columns", "schema_evolution"),
    kept("adjust_column_type", "schema_evolution"),
    kept("column_casing", "the source's names, as they are"),
    kept("table_keys", "partition_field, clustering_fields", is_mapping=True),
    kept("delete_missing", "delete_missing"),
    kept("delete_missing.type", "delete_missing"),
    *refused(
        "delete_missing.where delete_missing.source_where delete_missing.target_where",
        'delete_missing_where, such as [["region", "=", "eu"]]',
        "conditions are no SQL here: both sides are asked for the same rows",
    ),
    kept("merge_strategy", "write_disposition"),
    *told(
        "use_bulk batch_limit batch_max_duration direct_insert table_tmp concurrency"
        " isolation_level file_max_rows file_max_bytes",
        "rows are staged as Parquet and published in one atomic step",
    ),
    *told("compression format header delimiter datetime_format encoding", FILES),
    *refused("pre_sql post_sql", "transform_sql or checks", "no statements of others are run"),
    *refused("table_ddl column_typing", "enable_auto_schema", "tables are made from the source"),
    *refused("ignore_existing", "new_tables: ignore, or disabled", "a table is synced or it isn't"),
    *refused("max_decimals", "type_casts in transformation_config", "no digit is cut"),
)
STREAM: tuple[Rule, ...] = (
    kept("mode", "enable_smart_sync, write_disposition"),
    kept("object", "destination_bigquery_dataset, destination_bigquery_table"),
    kept("primary_key", "merge_keys"),
    kept("update_key", "smart_sync_timestamp_column"),
    kept("select", "select_fields, exclude_fields, field_mappings of transformation_config"),
    kept("where", "postgresql_query, source_bigquery_query"),
    kept("sql", "postgresql_query, source_bigquery_query"),
    kept("columns", "type_casts of transformation_config", is_mapping=True),
    kept("disabled", "disabled"),
    kept("tags", "tags"),
    *told("id", "a stream is called by its table"),
    *told("description", "descriptions come from the source's comments", "enable_auto_schema"),
    *told("single", "an entry without * is one table"),
    *refused(
        "transforms",
        "transformation_config (mask, default_values) or transform_sql",
        "values are changed by rules that the plan shows",
    ),
    *refused("hooks", "checks, notify_webhook or transform_sql", "no programs of others are run"),
    *refused("schedule", "smart-sync schedules create", "a schedule is Cloud Scheduler's"),
    *refused("files", "a table of a database", FILES),
    *refused(
        "change_capture_options",
        "delete_missing, which brings deletes, and repair, which brings what a cursor misses",
        "no log of changes is read",
    ),
    *below("source_options", SOURCE_OPTIONS),
    *below("target_options", TARGET_OPTIONS),
)
ENV: dict[str, str] = {
    "SLING_THREADS": "max_tables_at_once",
    "SLING_RETRIES": "max_retries",
    "SLING_LOADED_AT_COLUMN": "load_columns",
}
RULES: tuple[Rule, ...] = (
    kept("source", "source"),
    kept("target", "destination_bigquery_project, destination_bigquery_dataset"),
    *below("defaults", STREAM),
    *below("streams.*", STREAM),
    *(kept(f"env.{name}", ours) for name, ours in ENV.items()),
    *told("env.SLING_SAMPLE_SIZE", "types are the catalog's, and MongoDB's by mongodb_sample_size"),
    *told(
        "env.SLING_LOGGING env.SLING_HOME_DIR env.SLING_POOL", "how Sling runs is its own matter"
    ),
    *refused("env.SLING_SYNCED_AT_COLUMN", "load_columns", "a row says when it was loaded only"),
    *refused(
        "env.SLING_EXEC_ID_COLUMN env.SLING_ROW_ID_COLUMN env.SLING_ROW_NUM_COLUMN"
        " env.SLING_STREAM_URL_COLUMN",
        "load_columns, whose sync_run_id names the run",
        "a row has no number or id of its load",
    ),
    *refused("env.SLING_TIMEOUT", "max_run_minutes", "it is of all tables together in Sling"),
    *refused("env.SLING_CHECKSUM_ROWS", "verify", "rows are compared by hashes, of any number"),
    *refused(
        "env.SLING_STATE",
        "what smart-sync status shows as up to",
        "where a table stands is read from its own rows and the run history",
    ),
    *refused(
        "env.SLING_SCHEMA_MIGRATION", "schema_evolution", "keys and indexes are not BigQuery's"
    ),
    *told("env.SLING_ALLOW_EMPTY", "the table of an empty source is made in any case"),
    *refused("env.SLING_LIMIT", "postgresql_query with LIMIT", "a sync of some rows is no sync"),
    *refused("env.*", "the environment of the launch", "it is a variable of Sling's"),
    *refused("hooks", "checks, notify_webhook or transform_sql", "no programs of others are run"),
)
