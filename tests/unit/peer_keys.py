"""Every setting that the tools of docs/moving.md have, of the versions named, by their own lists.

Each is written as a rule's key: with the keys that it stands under, and `*` for a name of the
user's. Callbacks and objects, which no file can hold, are not among them.
"""

from itertools import product


def under(prefixes, words):
    return [f"{prefix}{word}" for prefix, word in product(prefixes.split(), words.split())]


DLT_LOGIN = "drivername database password username host port query"
DLT_CURSOR = (
    "cursor_path initial_value last_value_func primary_key end_value row_order"
    " allow_external_schedulers on_cursor_value_missing lag range_start range_end"
)
DLT_TABLE = (
    "chunk_size backend detect_precision_hints defer_table_reflect reflection_level"
    " backend_kwargs resolve_foreign_keys engine_kwargs included_columns excluded_columns"
    " write_disposition primary_key merge_key table schema credentials"
)
DLT_COLLECTION = (
    "database collection write_disposition parallel limit chunk_size data_item_format filter_"
    " projection pymongoarrow_schema"
)
SQL, MONGO, BIGQUERY = (
    "config.sources.sql_database.",
    "config.sources.mongodb.",
    "config.destination.bigquery.",
)
DLT_131 = [
    # dlt/sources/sql_database: sql_database(), SqlTableResourceConfiguration; specs/*credentials.py
    *under(SQL, "credentials schema table_names include_views incremental"),
    *under(f"{SQL} {SQL}*.", DLT_TABLE),
    *under(f"{SQL}credentials.", DLT_LOGIN),
    *under(f"{SQL}*.incremental.", DLT_CURSOR),
    # dlt-hub/verified-sources, sources/mongodb
    *under(MONGO, f"connection_url collection_names {DLT_COLLECTION} incremental"),
    *under(f"{MONGO}*.", DLT_COLLECTION.removeprefix("database ")),
    *under(f"{MONGO}*.incremental.", DLT_CURSOR),
    # dlt/destinations/impl/bigquery/configuration.py, dlt/common/destination/client.py
    *under(
        BIGQUERY,
        "location project_id has_case_sensitive_identifiers"
        " should_set_case_sensitivity_on_new_dataset http_timeout file_upload_timeout"
        " retry_deadline batch_size autodetect_schema ignore_unknown_values"
        " enable_atomic_replace dataset_name default_schema_name replace_strategy"
        " staging_dataset_name_layout enable_dataset_name_normalization"
        " info_tables_query_threshold truncate_tables_on_staging_destination_before_load",
    ),
    *under(
        f"{BIGQUERY}credentials.",
        "project_id private_key private_key_id client_email refresh_token client_id",
    ),
    *under(
        "config.load.",
        "workers parallelism_strategy pool_type raise_on_failed_jobs raise_on_max_retries"
        " truncate_staging_dataset start_new_jobs_on_signal auto_abort_on_terminal_error",
    ),
    # dlt/common/schema/typing.py; dlt/destinations/impl/bigquery/bigquery_adapter.py
    *under(
        "schema.",
        "version version_hash previous_hashes imported_version_hash engine_version name"
        " description settings settings.schema_contract settings.detections"
        " settings.default_hints settings.preferred_types normalizers",
    ),
    *under(
        "schema.tables.*.",
        "name description schema_contract table_sealed parent filters resource table_format"
        " file_format variant_name write_disposition references x-normalizer x-loader x-extractor"
        " x-merge-strategy x-stage-data-deduplicated x-merge-source-filter"
        " x-merge-destination-scope x-merge-skip-unchanged-rows x-boundary-timestamp"
        " x-replace-strategy x-insert-api x-bigquery-partition x-bigquery-cluster-columns"
        " x-bigquery-table-expiration x-bigquery-table-description x-bigquery-autodetect-schema"
        " x-bigquery-partition-expiration-days",
    ),
    *under(
        "schema.tables.*.columns.*.",
        "name data_type precision scale timezone nullable variant description partition cluster"
        " primary_key sort unique merge_key row_key parent_key root_key hard_delete dedup_sort"
        " incremental x-normalizer x-valid-from x-valid-to x-row-version"
        " x-active-record-timestamp x-bigquery-partition x-bigquery-cluster"
        " x-bigquery-round-half-away-from-zero x-bigquery-round-half-even",
    ),
]
SLING_165 = [
    # sling 1.6.5: sling/__init__.py, options.py; docs.slingdata.io/sling-cli/variables
    "source",
    "target",
    "hooks",
    *under(
        "defaults. streams.*.",
        "id description mode object select files where primary_key update_key sql tags"
        " change_capture_options schedule disabled single hooks transforms columns",
    ),
    *under(
        "defaults.source_options. streams.*.source_options.",
        "empty_as_null header flatten fields_per_rec chunk_size chunk_count chunk_expr compression"
        " format null_if datetime_format skip_blank_lines skip_lines delimiter escape quote"
        " max_decimals jmespath jq sheet range limit offset encoding columns transforms",
    ),
    *under(
        "defaults.target_options. streams.*.target_options.",
        "header compression concurrency batch_limit batch_max_duration datetime_format delimiter"
        " file_max_rows file_max_bytes format max_decimals use_bulk ignore_existing"
        " delete_missing delete_missing.type delete_missing.where delete_missing.source_where"
        " delete_missing.target_where merge_strategy column_casing column_typing add_new_columns"
        " adjust_column_type encoding direct_insert isolation_level table_keys table_ddl table_tmp"
        " pre_sql post_sql",
    ),
    *under(
        "env.",
        "SLING_THREADS SLING_RETRIES SLING_LOADED_AT_COLUMN SLING_SYNCED_AT_COLUMN SLING_STATE"
        " SLING_SAMPLE_SIZE SLING_TIMEOUT SLING_CHECKSUM_ROWS SLING_SCHEMA_MIGRATION"
        " SLING_STREAM_URL_COLUMN SLING_ROW_ID_COLUMN SLING_EXEC_ID_COLUMN SLING_ROW_NUM_COLUMN"
        " SLING_ALLOW_EMPTY SLING_LIMIT SLING_POOL SLING_LOGGING SLING_HOME_DIR",
    ),
]
FROM, TO = "source.configuration.", "destination.configuration."
AIRBYTE = [
    # source-postgres: src/test/resources/spec-schema-snapshots/, of 2026, and its older spec.json
    *under(
        FROM,
        "host port database schemas username password entra_service_principal_auth entra_tenant_id"
        " entra_client_id ssl_mode.mode ssl_mode.ca_certificate ssl_mode.client_certificate"
        " ssl_mode.client_key ssl_mode.client_key_password tunnel_method jdbc_url_params"
        " replication_method check_privileges checkpoint_target_interval_seconds"
        " max_db_connections concurrency",
    ),
    # source-mongodb-v2: config/MongoDbSourceConfigurationSpecification.kt, of 2026
    *under(
        f"{FROM}database_config.",
        "cluster_type connection_string databases database username password auth_source"
        " schema_enforced",
    ),
    *under(
        FROM,
        "discover_sample_size discover_timeout_seconds invalid_cdc_cursor_position_behavior"
        " update_capture_mode initial_load_timeout_hours initial_waiting_seconds queue_size",
    ),
    # destination-bigquery: spec/BigquerySpecification.kt
    *under(
        TO,
        "project_id dataset_location dataset_id loading_method credentials_json"
        " transformation_priority raw_data_dataset disable_type_dedupe cdc_deletion_mode",
    ),
    # reference.airbyte.com: ConnectionCreateRequest, StreamConfiguration
    *under(
        "connection.",
        "name source_id destination_id schedule data_residency namespace_definition"
        " namespace_format prefix non_breaking_schema_updates_behavior status tags",
    ),
    *under(
        "connection.configurations.streams.",
        "name namespace sync_mode cursor_field primary_key selected_fields mappers include_files"
        " destination_object_name",
    ),
]
GOOGLE = [
    # README_Jdbc_to_BigQuery_Flex.md, README_PostgreSQL_to_BigQuery.md
    *under(
        "parameters.",
        "driverJars driverClassName connectionURL outputTable bigQueryLoadingTemporaryDirectory"
        " connectionProperties username password query KMSEncryptionKey useColumnAlias isTruncate"
        " partitionColumn partitionColumnType table numPartitions lowerBound upperBound fetchSize"
        " createDisposition bigQuerySchemaPath outputDeadletterTable disabledAlgorithms"
        " extraFilesToStage useStorageWriteApi useStorageWriteApiAtLeastOnce",
    ),
    # README_MongoDB_to_BigQuery.md
    *under(
        "parameters.",
        "mongoDbUri database collection userOption outputTableSpec filter"
        " javascriptDocumentTransformGcsPath javascriptDocumentTransformFunctionName",
    ),
]
INGESTR_117 = under(
    # ingestr 1.1.76: cmd/ingest.go
    "--",
    "source-uri dest-uri source-table dest-table incremental-key incremental-predicate"
    " incremental-strategy interval-start interval-end primary-key partition-by cluster-by yes"
    " full-refresh schema-contract schema-naming progress page-size loader-file-size"
    " loader-file-format extract-parallelism extract-partition-by extract-partition-interval"
    " disable-prestaging sql-limit sql-exclude-columns sql-backend columns no-inference mask"
    " trim-whitespace no-load-timestamp pipelines-dir staging-bucket staging-dataset debug stream"
    " flush-interval flush-records metrics-addr query-annotations",
)
KEYS = {
    "dlt": DLT_131,
    "sling": SLING_165,
    "airbyte": AIRBYTE,
    "google-template": GOOGLE,
    "ingestr": INGESTR_117,
}
MODES = {
    # sling/enum.py; dlt's TLoaderMergeStrategy; Airbyte's ConnectionSyncModeEnum
    "sling": [
        "full-refresh",
        "incremental",
        "truncate",
        "snapshot",
        "backfill",
        "definition-only",
        "change-capture",
    ],
    "dlt": ["delete-insert", "scd2", "upsert", "insert-only", "cdc"],
    "airbyte": [
        "full_refresh_overwrite",
        "full_refresh_overwrite_deduped",
        "full_refresh_append",
        "full_refresh_update",
        "incremental_append",
        "incremental_deduped_history",
        "incremental_update",
    ],
}
