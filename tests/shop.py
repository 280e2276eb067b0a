"""Orders of 2025, and a config file that syncs them: what pictures and transcripts show."""

CONFIG = """\
parameters:
  source: {source}
  source_table_for_schema: public.orders
  enable_smart_sync: true
  enable_auto_schema: true
  partition_field: created_at
  write_disposition: WRITE_MERGE
  merge_keys: [id]
  destination_bigquery_project: demo-project
  destination_bigquery_dataset: shop
  destination_bigquery_table: orders
  temp_location: {temp}
"""


def orders(rows, unit, customer="text"):
    """The table's SQL: a row for each hour, or another unit, before the 22nd of July."""
    return f"""
CREATE TABLE orders (id int8 PRIMARY KEY, customer {customer}, total numeric(12,2),
  created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL);
CREATE INDEX ON orders (updated_at);
INSERT INTO orders SELECT n, 'c' || n % 97, n, at - interval '1 hour', at
FROM (
  SELECT n, '2025-07-22 08:00:00+00'::timestamptz - n * interval '1 {unit}' AS at
  FROM generate_series(1, {rows}) AS n
) AS times;
"""


def payment(time, last):
    """The SQL of orders up to one that were paid at a time of that day."""
    stamp = f"2025-07-22 {time}:00+00"
    return f"UPDATE orders SET total = 9, updated_at = '{stamp}' WHERE id <= {last}"


def change(run_sql, *statements):
    """Change the source, whose statistics are then those of what it holds."""
    for statement in (*statements, "SELECT pg_stat_force_next_flush()", "ANALYZE"):
        run_sql(statement)
