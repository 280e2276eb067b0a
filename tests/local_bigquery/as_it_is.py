"""`local-bigquery` itself, with the statements kept that it is sent.

For what the fast one can't do, such as FOR SYSTEM_TIME AS OF. Run by the local BigQuery's own
Python; modules beside this one have names that others have too, so it is found by its path.
"""

import importlib.util
from pathlib import Path

from local_bigquery.cli import main

spec = importlib.util.spec_from_file_location("record", Path(__file__).with_name("record.py"))
assert spec
assert spec.loader
record = importlib.util.module_from_spec(spec)
spec.loader.exec_module(record)
record.record_statements()
main()
