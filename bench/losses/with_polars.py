"""A table of PostgreSQL by polars over connectorx into a Parquet file.

Runs in an environment of its own (requirements-bench.txt):

    python with_polars.py URI TABLE FILE
"""

import sys

import polars

URI, TABLE, FILE = sys.argv[1:]
polars.read_database_uri(f"SELECT * FROM {TABLE}", URI, engine="connectorx").write_parquet(FILE)
