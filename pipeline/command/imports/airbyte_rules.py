"""What becomes of each key of an Airbyte connection, in snake_case: https://reference.airbyte.com."""

from pipeline.command.imports.rules import Rule, below, kept, refused, told

STREAM: tuple[Rule, ...] = (
    kept("name", "tables"),
    kept("namespace", "tables"),
    kept("sync_mode", "enable_smart_sync, write_disposition"),
    kept("destination_sync_mode", "write_disposition"),
    kept("cursor_field", "smart_sync_timestamp_column"),
    kept("default_cursor_field", "smart_sync_timestamp_column"),
    kept("primary_key", "merge_keys"),
    kept("source_defined_primary_key", "merge_keys"),
    kept("selected", "disabled"),
    kept("selected_fields", "select_fields of transformation_config"),
    kept("alias_name", "destination_bigquery_table"),
    kept("destination_object_name", "destination_bigquery_table"),
    *told(
        "json_schema supported_sync_modes source_defined_cursor is_resumable is_file_based"
        " suggested field_selection_enabled generation_id minimum_generation_id sync_id"
        " destination_object_name_template stream_name",
        "columns and types are the source's own",
    ),
    *refused(
        "mappers hashed_fields",
        "mask and filter in transformation_config",
        "columns are changed by rules that the plan shows",
    ),
    *refused("include_files", "a table of a database", "no files are read"),
)
CONNECTION_ALONE: tuple[Rule, ...] = (
    kept("namespace_definition", "destination_bigquery_dataset"),
    kept("namespace_format", "destination_bigquery_dataset"),
    kept("prefix", "destination_bigquery_table"),
    kept("non_breaking_schema_updates_behavior", "schema_evolution"),
    kept("non_breaking_changes_preference", "schema_evolution"),
    *told(
        "connection_id source_id destination_id workspace_id name data_residency geography"
        " operation_ids operations created_at updated_at source_catalog_id breaking_change"
        " notify_schema_changes notify_schema_changes_by_email backfill_preference"
        " resource_requirements schema_change status_reason resource_name definition_type"
        " definition_version",
        "it is Airbyte's own record",
    ),
    kept("status", "disabled"),
    *refused(
        "schedule schedule_type schedule_data",
        "smart-sync schedules create",
        "a schedule is Cloud Scheduler's",
    ),
    *refused("tags", "tags of an entry", "they are of the connection"),
)
CONNECTION: tuple[Rule, ...] = (
    *CONNECTION_ALONE,
    *below("configurations.streams", STREAM),
    *below("sync_catalog.streams", (*below("stream", STREAM), *below("config", STREAM))),
    *below("streams", (*below("stream", STREAM), *STREAM)),
)
SSL: tuple[Rule, ...] = (
    kept("mode", "postgresql_sslmode"),
    *refused(
        "ca_certificate client_certificate client_key client_key_password",
        "postgresql_sslrootcert, postgresql_sslcert and postgresql_sslkey, which name files",
        "certificates lie in files of launcher and workers",
    ),
)
POSTGRESQL: tuple[Rule, ...] = (
    kept("host", "postgresql_host"),
    kept("port", "postgresql_port"),
    kept("database", "postgresql_database, mongodb_database"),
    kept("username", "postgresql_username"),
    kept(
        "password",
        "postgresql_password, mongodb_password",
        "the name of a Secret Manager version stays",
    ),
    *below("ssl_mode", SSL),
    kept("ssl", "postgresql_sslmode"),
    kept(
        "replication_method",
        "enable_smart_sync, late_commit_guard, delete_missing",
        "Standard only: cursors of each stream",
        is_mapping=True,
    ),
    kept("tunnel_method", "the network of the workers", "NO_TUNNEL only", is_mapping=True),
    kept("max_db_connections", "max_source_connections"),
    kept("concurrency", "max_source_connections"),
    kept("entra_service_principal_auth", "false only: a role with a password"),
    *refused(
        "entra_tenant_id entra_client_id",
        "postgresql_username and postgresql_password",
        "no token is asked of Microsoft Entra",
    ),
    *told("schemas source_type", "tables are named with their schemas"),
    *told("check_privileges", "the plan tells of a table that can't be read"),
    *told("checkpoint_target_interval_seconds", "how Airbyte reads is its own matter"),
    *refused("jdbc_url_params", "postgresql_connection_options", "they are properties of JDBC"),
)
CLUSTER: tuple[Rule, ...] = (
    kept("connection_string", "source"),
    kept("database", "mongodb_database"),
    kept("databases", "mongodb_database", "one only"),
    kept("username", "source", "as its user"),
    kept("password", "mongodb_password", "the name of a Secret Manager version stays"),
    kept("auth_source", "source", "as its authSource"),
    kept("schema_enforced", "true only: documents become columns by their fields"),
    *told("cluster_type", "the connection string says it"),
)
INSTANCE: tuple[Rule, ...] = (
    kept("instance", "source", "standalone, replica or atlas"),
    kept("host", "source"),
    kept("port", "source"),
    kept("tls", "source", "as its tls"),
    kept("server_addresses", "source"),
    kept("replica_set", "source", "as its replicaSet"),
    kept("cluster_url", "source"),
)
"""Of source-mongodb-v2 before 1.0."""
MONGODB: tuple[Rule, ...] = (
    *below("database_config", CLUSTER),
    *below("instance_type", INSTANCE),
    kept("user", "source", "as its user"),
    kept("auth_source", "source", "as its authSource"),
    kept("discover_sample_size", "mongodb_sample_size"),
    *told("discover_timeout_seconds", "how Airbyte reads is its own matter"),
    *told(
        "initial_waiting_seconds initial_load_timeout_hours queue_size update_capture_mode"
        " invalid_cdc_cursor_position_behavior",
        "no log of changes is read",
    ),
)
BIGQUERY: tuple[Rule, ...] = (
    kept("project_id", "destination_bigquery_project"),
    kept("dataset_id", "destination_bigquery_dataset"),
    *told("dataset_location", "jobs run where the dataset is"),
    *told("credentials_json", "BigQuery is asked with Application Default Credentials"),
    *told(
        "loading_method transformation_priority big_query_client_buffer_size_mb destination_type"
        " disable_type_dedupe raw_data_dataset additional_properties",
        "rows are staged and published in one atomic step",
    ),
    *told("cdc_deletion_mode", "no log of changes is read; deletes come by", "delete_missing"),
)
RECORD: tuple[Rule, ...] = told(
    "name source_id destination_id workspace_id definition_id source_type destination_type"
    " source_definition_id destination_definition_id created_at resource_allocation secret_id"
    " source_name destination_name icon",
    "it is Airbyte's own record",
)
RULES: tuple[Rule, ...] = (
    *below("connection", CONNECTION),
    *below("source.configuration", (*POSTGRESQL, *MONGODB)),
    *below("source", RECORD),
    *below("destination.configuration", BIGQUERY),
    *below("destination", RECORD),
)
