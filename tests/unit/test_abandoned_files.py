"""What an attempt wrote that is given up, as when its connection was lost."""

import gc
import sys

import pyarrow as pa

from pipeline.destination.files import _Parts
from pipeline.destination.folder import Folder
from warehouse.names import Endpoints


def test_a_file_that_is_given_up_leaves_nothing_and_says_nothing(tmp_path, monkeypatch):
    gc.collect()  # what tests before have left speaks for itself
    said = []
    monkeypatch.setattr(sys, "unraisablehook", said.append)
    schema = pa.schema([("n", pa.int64())])
    parts = _Parts(Folder(str(tmp_path), Endpoints()), "rows", schema)
    parts.write(pa.record_batch([[1, 2]], schema=schema))
    parts.abandon()
    del parts
    gc.collect()
    assert [one.exc_value for one in said] == []
    assert list(tmp_path.rglob("*.parquet")) == []
