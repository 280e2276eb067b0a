"""A column that is left out or masked is seen nowhere, not even where splits end."""

import json

import pytest

TABLE = 'CREATE TABLE s (id int, changed timestamptz, email text COLLATE "C" PRIMARY KEY)'


@pytest.mark.parametrize(
    "config",
    [
        {"exclude_fields": ["email"]},
        {"select_fields": ["id", "changed"]},
        {"mask": {"email": "redact"}},
    ],
)
@pytest.mark.parametrize("plan_format", ["text", "json"])
def test_no_split_ends_at_a_value_that_is_left_out(sync, sql, config, plan_format):
    sql(TABLE)
    sql("INSERT INTO s SELECT i, now(), 'secret' || i FROM generate_series(1, 5000) i; ANALYZE s")
    words = {"source_table_for_schema": "s", "num_splits": "4", "plan_only": "true"}
    whole = sync.ok(**words, plan_format=plan_format)
    assert "secret" in whole.out
    plan = sync.ok(**words, plan_format=plan_format, transformation_config=json.dumps(config))
    assert "secret" not in plan.out
    assert "email is masked or left out" in plan.out
