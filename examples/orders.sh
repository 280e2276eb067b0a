#!/bin/sh
# PostgreSQL's orders into BigQuery on this machine: what is new since the last run, merged by id.
# Further parameters are added: examples/orders.sh --plan_only=true
set -eu
cd "$(dirname "$0")/.."
exec "${PYTHON:-.venv/bin/python}" main.py \
  --data_source=postgresql \
  --postgresql_host=db.example.com \
  --postgresql_database=shop \
  --postgresql_username=reader \
  --postgresql_password=projects/my-project/secrets/pg-password/versions/latest \
  --enable_smart_sync=true \
  --smart_sync_timestamp_column=updated_at \
  --smart_sync_lookback=10m \
  --source_table_for_schema=public.orders \
  --transformation_config="$(cat examples/transformation.json)" \
  --enable_auto_schema=true \
  --partition_field=created_at \
  --clustering_fields=id \
  --write_disposition=WRITE_MERGE \
  --merge_keys=id \
  --destination_bigquery_project=my-project \
  --destination_bigquery_dataset=shop \
  --destination_bigquery_table=orders \
  --temp_location=gs://my-project-smart-sync/tmp \
  "$@"
