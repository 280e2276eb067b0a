"""`local-bigquery` itself, with the statements kept that it is sent, and with snapshots.

For what the fast one can't do, such as FOR SYSTEM_TIME AS OF. Run by the local BigQuery's own
Python; modules beside this one have names that others have too, so they are found by their paths.
"""

import importlib.util
from pathlib import Path
from typing import Any

from local_bigquery.cli import main


def beside(name: str) -> Any:
    """A module of this folder."""
    path = Path(__file__).with_name(f"{name}.py")
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


beside("record").record_statements()
beside("copies").know_snapshots()
merging = beside("merging")
merging.merge_in_transactions()
merging.assign_json()
beside("emptied").keep_what_is_emptied()
beside("full_access").list_to_those_who_see_all()
once = beside("once")
once.take_ids_once()
once.change_tables_in_turn()
main()
