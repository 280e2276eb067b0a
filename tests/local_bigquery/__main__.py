"""The program: `python -P tests/local_bigquery`, by the local BigQuery's own Python."""

from serve import serve

serve()
