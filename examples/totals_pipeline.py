"""Your own Beam pipeline: orders of PostgreSQL, a total per order, into BigQuery all at once.

python examples/totals_pipeline.py --postgresql_host=… --postgresql_database=shop \
  --postgresql_username=reader --postgresql_password=projects/P/secrets/S/versions/V \
  --table=my-project.shop.order_totals --temp_location=gs://my-bucket/tmp
"""

import argparse

import apache_beam as beam
import pyarrow as pa
import pyarrow.compute as pc

from smart_sync.beam import ReadFromPostgreSQL, WriteToBigQueryAtomically


def with_total(batch: pa.RecordBatch) -> pa.RecordBatch:
    """One more column, worked out by whole columns: no row becomes a Python object."""
    quantity = pc.cast(batch.column("quantity"), pa.decimal128(19))
    price = pc.cast(batch.column("price"), pa.decimal128(18, 2))
    return batch.append_column("total", pc.multiply(quantity, price))


def main() -> None:
    """Read, change, write; the rest of the command line is Beam's."""
    parser = argparse.ArgumentParser()
    for name in ("host", "port", "database", "username", "password"):
        parser.add_argument(f"--postgresql_{name}")
    parser.add_argument("--table")
    ours, rest = parser.parse_known_args()
    source = {name: text for name, text in vars(ours).items() if name != "table"}
    query = {"postgresql_query": "SELECT id, quantity, price FROM orders WHERE quantity > 0"}
    with beam.Pipeline(argv=rest) as pipeline:
        (
            pipeline
            | "Read orders" >> ReadFromPostgreSQL(source | query)
            | "With total" >> beam.Map(with_total).with_output_types(pa.RecordBatch)
            | "Write totals"
            >> WriteToBigQueryAtomically(ours.table, write_disposition="WRITE_TRUNCATE")
        )


if __name__ == "__main__":
    main()
