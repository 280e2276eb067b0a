"""A field that is left out is seen nowhere, not even where splits end."""

import datetime as dt
import json

DAY = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)


def test_no_split_ends_at_an_id_that_is_left_out(sync, docs):
    docs.insert_many(
        [{"_id": f"secret{n:05}@x.org", "changed": DAY, "pad": "x" * 100} for n in range(3000)]
    )
    words = {"smart_sync_timestamp_column": "changed", "enable_smart_sync": "true"}
    words |= {"num_splits": "4", "plan_only": "true"}
    assert "secret" in sync.ok(**words).out
    config = {"transformation_config": json.dumps({"exclude_fields": ["_id"]})}
    assert "secret" not in sync.ok(**words, **config).out
