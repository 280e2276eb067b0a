"""What stands for each flag of `ingestr ingest`: https://getbruin.com/docs/ingestr/commands/ingest.

Its flags are its configuration, so nothing is imported; the table in docs/moving.md is made of it.
"""

from pipeline.command.imports.rules import Rule, kept, refused, told

STAGED = "rows are staged and published in one atomic step"
RULES: tuple[Rule, ...] = (
    kept("--source-uri", "source", "the same URI without password"),
    kept(
        "--source-table",
        "source_table_for_schema, mongodb_collection, source_bigquery_table",
        "query:… is postgresql_query or source_bigquery_query, without :interval_start",
    ),
    kept("--dest-uri", "destination_bigquery_project", "its credentials_path: ADC is used"),
    kept(
        "--dest-table",
        "destination_bigquery_dataset, destination_bigquery_table",
        "not given, it is the source's in ingestr",
    ),
    kept(
        "--incremental-strategy",
        "write_disposition, enable_smart_sync",
        "see above; not given, it is replace",
    ),
    kept("--incremental-key", "smart_sync_timestamp_column"),
    kept("--primary-key", "merge_keys", "the newest row of a key by the cursor wins"),
    kept("--partition-by", "partition_field, partition_type"),
    kept("--cluster-by", "clustering_fields"),
    kept(
        "--interval-start",
        "sync_start",
        "included in both; not needed: the table's own rows say where it stands",
    ),
    kept(
        "--interval-end",
        "sync_end",
        "not included here, and included in ingestr; not needed: a window ends before what may"
        " still be committed",
    ),
    kept("--full-refresh", "delete_existing_table=true"),
    kept(
        "--schema-contract",
        "schema_evolution",
        "evolve is evolve, freeze is freeze; no row or value is discarded",
    ),
    kept("--schema-naming", "rename_columns, field_mappings of transformation_config", "direct"),
    kept("--sql-exclude-columns", "exclude_fields of transformation_config"),
    kept("--columns", "type_casts, field_mappings of transformation_config"),
    kept("--mask", "mask of transformation_config", "sha256, redact, last4 and null only"),
    kept("--no-load-timestamp", "load_columns=false", "the default here"),
    kept("--extract-parallelism", "max_source_connections"),
    kept("--staging-bucket", "temp_location"),
    *told(
        "--extract-partition-by --extract-partition-interval",
        "tables are cut by size",
        "num_splits",
    ),
    *told("--page-size --sql-backend", "rows come by COPY", "batch_size"),
    *told("--loader-file-size --loader-file-format --staging-dataset --disable-prestaging", STAGED),
    *told("--no-inference", "types are those of a sample", "mongodb_sample_size"),
    *told("--pipelines-dir", "the run history is a table", "run_history_table"),
    *told("--yes --progress --debug", "how ingestr runs is its own matter"),
    *refused("--sql-limit", "postgresql_query with LIMIT", "a sync of some rows is no sync"),
    *refused("--trim-whitespace", "transform_sql", "values are not changed"),
    *refused(
        "--incremental-predicate",
        "nothing: a merge reads the partitions that its rows lie in",
        "no conditions of others are merged by",
    ),
    *refused(
        "--query-annotations",
        "labels application, data_source and destination of each job",
        "labels are fixed",
    ),
    *refused(
        "--stream --flush-interval --flush-records --metrics-addr",
        "smart-sync schedules create",
        "each run ends, and none goes on for ever",
    ),
)
