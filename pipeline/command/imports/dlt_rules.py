"""What becomes of each key of dlt's settings and exported schemas: https://dlthub.com/docs."""

from pipeline.command.imports.rules import Rule, below, kept, refused, told

CREDENTIALS: tuple[Rule, ...] = (
    kept("drivername", "data_source"),
    kept("host", "postgresql_host"),
    kept("port", "postgresql_port"),
    kept("database", "postgresql_database"),
    kept("username", "postgresql_username"),
    kept("password", "postgresql_password", "the name of a Secret Manager version stays"),
    *refused("query", "postgresql_sslmode, postgresql_connection_options", "it is SQLAlchemy's"),
)
INCREMENTAL: tuple[Rule, ...] = (
    kept("cursor_path", "enable_smart_sync, smart_sync_timestamp_column"),
    kept("lag", "smart_sync_lookback"),
    *told("range_start range_end row_order", "a window's ends are fixed in the plan"),
    *refused(
        "initial_value",
        "sync_all_on_empty_table=false with fallback_days, or a query",
        "the first sync brings all rows",
    ),
    *refused("end_value", "sync_end, or smart-sync backfill", "it is of one run only"),
    *refused(
        "allow_external_schedulers",
        "sync_start and sync_end, which an orchestrator gives to each launch",
        "a launch asks no scheduler for its window",
    ),
    *refused("last_value_func", "the cursor's MAX", "the newest row is that of the highest cursor"),
    kept(
        "on_cursor_value_missing",
        "exclude only: no window holds such rows, and the plan tells of them",
    ),
    *refused("primary_key", "merge_keys", "rows at a window's ends are never read twice"),
)
TABLE_SETTINGS: tuple[Rule, ...] = (
    *told("table write_disposition primary_key merge_key", "the exported schema shows it"),
    *told(
        "chunk_size backend reflection_level detect_precision_hints defer_table_reflect"
        " resolve_foreign_keys backend_kwargs engine_kwargs",
        "rows come by COPY, with the types of the catalog",
    ),
)
"""Of sql_database and of each of its tables."""
SQL: tuple[Rule, ...] = (
    kept("credentials", "source"),
    *below("credentials", CREDENTIALS),
    kept("schema", "the schema in the names of tables"),
    kept("table_names", "tables"),
    *TABLE_SETTINGS,
    *refused(
        "included_columns excluded_columns",
        "the same key under each table",
        "columns are a table's own",
    ),
    *refused("incremental", "incremental under each table's name", "cursors are a table's own"),
    *below("*", TABLE_SETTINGS),
    kept("*.schema", "the schema in the name of the table"),
    kept("*.included_columns", "select_fields of transformation_config"),
    kept("*.excluded_columns", "exclude_fields of transformation_config"),
    *below("*.incremental", INCREMENTAL),
    *refused("*.credentials", "an import for each database", "one launch reads one database"),
    *refused("include_views", "exact names of views in tables", "patterns bring no views"),
)
COLLECTION: tuple[Rule, ...] = (
    *told("collection write_disposition", "the exported schema shows it"),
    *told("parallel limit_chunk chunk_size data_item_format", "collections are cut by _id"),
    *refused("limit", "mongodb_query", "a sync of some documents is no sync"),
    *refused("filter_", "mongodb_query", "it is a mapping of Python's"),
    *refused("projection", "mongodb_projection", "it is a mapping of Python's"),
    *refused(
        "pymongoarrow_schema",
        "type_casts of transformation_config",
        "types are those of a sample: mongodb_sample_size",
    ),
)
"""Of mongodb and of each of its collections."""
MONGODB: tuple[Rule, ...] = (
    kept("connection_url", "source"),
    kept("database", "mongodb_database"),
    kept("collection_names", "tables"),
    *COLLECTION,
    *refused("incremental", "incremental under each collection", "cursors are a collection's own"),
    *below("*", COLLECTION),
    *below("*.incremental", INCREMENTAL),
)
DESTINATION: tuple[Rule, ...] = (
    kept("project_id", "destination_bigquery_project"),
    kept("credentials.project_id", "destination_bigquery_project"),
    kept("dataset_name", "destination_bigquery_dataset"),
    *told("location", "jobs run where the dataset is"),
    *told(
        "credentials.private_key credentials.private_key_id credentials.client_email"
        " credentials.client_id credentials.client_secret credentials.refresh_token credentials.*",
        "BigQuery is asked with Application Default Credentials",
    ),
    *told("ignore_unknown_values", "a new column is added or refused", "schema_evolution"),
    *told("autodetect_schema", "types are the source's", "enable_auto_schema"),
    *told(
        "has_case_sensitive_identifiers should_set_case_sensitivity_on_new_dataset"
        " enable_dataset_name_normalization default_schema_name",
        "names are written as they are given",
    ),
    *told(
        "replace_strategy enable_atomic_replace staging_dataset_name_layout"
        " truncate_tables_on_staging_destination_before_load batch_size",
        "rows are staged and published in one atomic step",
    ),
    *told(
        "http_timeout file_upload_timeout retry_deadline", "calls are tried again", "max_retries"
    ),
    *told("info_tables_query_threshold *", "how files are loaded is dlt's own matter"),
)
SETTINGS: tuple[Rule, ...] = (
    *below("sources.sql_database", SQL),
    *below("sources.mongodb", MONGODB),
    *below("destination.bigquery", DESTINATION),
    *told(
        "destination.filesystem.bucket_url destination.filesystem.credentials"
        " destination.filesystem.layout",
        "files are staged under Beam's temp_location",
    ),
    kept("dataset_name", "destination_bigquery_dataset"),
    kept("pipeline.dataset_name", "destination_bigquery_dataset"),
    kept("load.workers", "max_tables_at_once"),
    *told(
        "runtime extract normalize load.parallelism_strategy load.pool_type"
        " load.raise_on_failed_jobs load.raise_on_max_retries load.truncate_staging_dataset"
        " load.start_new_jobs_on_signal load.auto_abort_on_terminal_error load.* data_writer"
        " pipeline_name pipeline.*",
        "how dlt runs is its own matter",
    ),
    *refused("schema.naming", "the source's names, or field_mappings", "no name is changed"),
)
COLUMN: tuple[Rule, ...] = (
    kept("primary_key", "merge_keys"),
    kept("merge_key", "merge_keys"),
    kept("incremental", "enable_smart_sync, smart_sync_timestamp_column"),
    kept("hard_delete", "deleted_column"),
    kept("dedup_sort", "smart_sync_timestamp_column"),
    kept("partition", "partition_field"),
    kept("cluster", "clustering_fields"),
    kept("x-bigquery-partition", "partition_field"),
    kept("x-bigquery-cluster", "clustering_fields"),
    *told(
        "name data_type nullable precision scale timezone variant unique sort row_key parent_key"
        " root_key description x-valid-from x-valid-to x-row-version x-active-record-timestamp"
        " x-normalizer x-nested-type",
        "columns and types are the source's",
    ),
    *refused(
        "x-bigquery-round-half-away-from-zero x-bigquery-round-half-even",
        "type_casts in transformation_config",
        "no number is rounded",
    ),
)
TABLE: tuple[Rule, ...] = (
    kept("write_disposition", "write_disposition"),
    kept("x-merge-strategy", "write_disposition"),
    kept("resource", "the table's own name in the source"),
    kept("x-bigquery-cluster-columns", "clustering_fields"),
    kept("schema_contract", "schema_evolution", is_mapping=True),
    kept("parent", "refused: a nested table is a column of JSON of its parent"),
    *below("columns.*", COLUMN),
    *told(
        "name description references file_format table_sealed variant_name x-normalizer"
        " x-replace-strategy x-bigquery-table-description x-bigquery-autodetect-schema"
        " x-insert-api x-loader x-extractor x-stage-data-deduplicated",
        "a run is published in one atomic step, whatever its files are",
    ),
    *refused(
        "filters",
        "exclude_fields and filter of transformation_config",
        "what dlt keeps out of the table would come",
    ),
    *refused(
        "x-bigquery-partition",
        "partition_field and partition_type",
        "a table is partitioned by a column's own value, not by an expression",
    ),
    *refused("table_format", "a table of BigQuery", "no other format is written"),
    *refused(
        "x-bigquery-table-expiration x-bigquery-partition-expiration-days",
        "ALTER TABLE … SET OPTIONS, which runs leave as it is",
        "tables expire by their own options",
    ),
    *refused(
        "x-boundary-timestamp x-merge-source-filter x-merge-destination-scope"
        " x-merge-skip-unchanged-rows",
        "WRITE_HISTORY or WRITE_MERGE",
        "it is a detail of dlt's merges",
    ),
)
SCHEMA: tuple[Rule, ...] = (
    *told(
        "name version version_hash engine_version previous_hashes imported_version_hash settings"
        " settings.* normalizers types description",
        "it is what dlt keeps of the schema itself",
    ),
    *refused(
        "settings.schema_contract",
        "schema_evolution",
        "of all tables it says which new columns and values may come",
    ),
    *below("tables.*", TABLE),
    *(
        Rule(f"tables.{name}", r.how, r.ours, r.why)
        for name in ("_dlt_version", "_dlt_loads", "_dlt_pipeline_state")
        for r in told("x", "the run history keeps this", "run_history_table")
    ),
)
RULES: tuple[Rule, ...] = (
    *below("config", SETTINGS),
    *below("secrets", SETTINGS),
    *below("schema", SCHEMA),
)
"""Of config.toml, secrets.toml, and an exported schema."""
