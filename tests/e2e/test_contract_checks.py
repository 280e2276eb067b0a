"""Checks of a data contract: what it allows is published, what it doesn't is kept back."""

import json

import pytest

SOURCE = {"source_table_for_schema": "public.orders"}
TABLE = """
CREATE TABLE orders (id int8, status text, amount int8, mail text, placed_at timestamptz);
INSERT INTO orders
SELECT n, 'paid', n, 'a@b', now() - interval '1 hour' FROM generate_series(1, 8) AS n;
"""
CONTRACT = """
apiVersion: v3.1.0
kind: DataContract
id: orders
version: 1.0.0
status: active
schema:
  - name: others
    quality: [{type: sql, query: SELECT 1, mustBe: 1}]
  - name: web_orders
    physicalName: shop.sales.t
    quality:
      - {metric: rowCount, name: enough, mustBeBetween: [2, 12]}
      - {metric: duplicateValues, arguments: {properties: [id, status]}, mustBe: 0}
    properties:
      - name: id
        quality:
          - {metric: nullValues, mustBe: 0}
          - {metric: duplicateValues, name: few_twice, mustBeLessOrEqualTo: 10, unit: percent}
      - name: status
        quality:
          - {metric: nullValues, name: few_null, mustBeLessOrEqualTo: 20, unit: percent}
          - {metric: invalidValues, arguments: {validValues: [paid, open]}, mustBeLessThan: 2}
          - {metric: missingValues, arguments: {missingValues: [null, 'n/a']}, mustBeLessThan: 3}
      - name: amount
        quality:
          - {metric: invalidValues, arguments: {validValues: [1, 2.0, 3, 4, 5, 6, 7, 8]}, mustBe: 0}
      - name: address
        physicalName: mail
        quality:
          - {metric: invalidValues, arguments: {pattern: '^[^@]+@'}, mustBe: 0, severity: warning}
slaProperties:
  - {property: latency, value: 2, unit: h, element: web_orders.placed_at}
"""
CHECKS = SOURCE | {"checks": CONTRACT, "write_disposition": "WRITE_TRUNCATE"}
RESULTS = "check_name, verdict, failing_keys"


def verdicts(sync):
    """Each check's of the last run, and keys that failed it."""
    run = sync.history()[-1]["run_id"]
    rows = sync.rows(RESULTS, "sync_checks", f"run_id = '{run}'")
    return {name: (verdict, [json.loads(key) for key in keys]) for name, verdict, keys in rows}


def test_what_a_contract_allows_is_published(sync, sql):
    sql(TABLE)
    sql("UPDATE orders SET status = NULL WHERE id = 1; UPDATE orders SET status = 'x' WHERE id = 2")
    sync.ok(**CHECKS)
    assert {verdict for verdict, _ in verdicts(sync).values()} == {"passed"}
    assert len(verdicts(sync)) == 10
    assert len(sync.rows("id")) == 8


REFUSED = (
    ("INSERT INTO orders (id) SELECT 20 + n FROM generate_series(1, 5) AS n", "enough", []),
    ("DELETE FROM orders WHERE id > 1", "enough", []),
    ("UPDATE orders SET id = NULL WHERE id = 1", "nullValues_t_id", [{"id": None}]),
    (
        "UPDATE orders SET id = 2 WHERE id = 1",
        "duplicateValues_t_id_status",
        [{"id": 2, "status": "paid"}],
    ),
    ("UPDATE orders SET id = 2 WHERE id = 1", "few_twice", [{"id": 2}]),
    (
        "UPDATE orders SET status = NULL WHERE id < 3",
        "few_null",
        [{"status": None}, {"status": None}],
    ),
    (
        "UPDATE orders SET status = 'x' WHERE id < 3",
        "invalidValues_t_status",
        [{"status": "x"}, {"status": "x"}],
    ),
    (
        "UPDATE orders SET status = 'n/a' WHERE id < 3; "
        "UPDATE orders SET status = NULL WHERE id = 3",
        "missingValues_t_status",
        [{"status": "n/a"}, {"status": "n/a"}, {"status": None}],
    ),
    ("UPDATE orders SET amount = 9 WHERE id = 1", "invalidValues_t_amount", [{"amount": 9}]),
    (
        "UPDATE orders SET placed_at = placed_at - interval '2 hours'",
        "latency_t_placed_at",
        [],
    ),
)
"""What is changed in the source, the check that this fails, and the keys that it tells."""


def test_what_a_contract_does_not_allow_is_kept_back(sync, sql):
    """Each leaves the table as it was, so that one table is enough for all."""
    sql(TABLE)
    sync.ok(**SOURCE)
    sql("CREATE TABLE right_ones AS SELECT * FROM orders")
    for change, failed, keys in REFUSED:
        sql("TRUNCATE orders; INSERT INTO orders SELECT * FROM right_ones")
        sql(change)
        result = sync(**CHECKS)
        assert result.code == 11, (failed, result.out)
        assert failed in result.err
        verdict, told = verdicts(sync)[failed]
        assert (failed, verdict) == (failed, "failed")
        assert sorted(told, key=str) == sorted(keys, key=str)
        assert sync.history()[-1]["publish_job"] is None
        assert len(sync.rows("id")) == 8


def test_a_rule_of_severity_warning_keeps_no_row_back(sync, sql, caplog):
    sql(TABLE)
    sql("UPDATE orders SET mail = 'nowhere' WHERE id = 1")
    sync.ok(**CHECKS)
    assert "invalidValues_t_mail (invalidValues) fails 1 times" in caplog.text
    assert verdicts(sync)["invalidValues_t_mail"][0] == "warned"
    assert len(sync.rows("id")) == 8


@pytest.mark.parametrize(("allowed", "code"), [(1, 0), (2, 11)])
def test_only_rows_of_which_a_contract_allows_none_are_quarantined(sync, sql, allowed, code):
    sql(TABLE)
    sql(f"UPDATE orders SET status = 'x' WHERE id <= {allowed}")
    sql("UPDATE orders SET id = NULL WHERE id = 8")
    quarantine = {"on_check_failure": "quarantine", "max_dead_letters": "5"}
    result = sync(**CHECKS, **quarantine)
    assert result.code == code, result.err
    assert verdicts(sync)["nullValues_t_id"][0] == "quarantined"
    if code == 0:
        assert sorted(sync.rows("id, status"))[:2] == [(1, "x"), (2, "paid")]
        assert len(sync.rows("id")) == 7


def test_a_null_is_neither_invalid_nor_twice(sync, sql):
    sql(TABLE)
    sql("UPDATE orders SET amount = NULL, mail = NULL")
    sync.ok(**CHECKS)
    assert {verdict for verdict, _ in verdicts(sync).values()} == {"passed"}


def test_the_plan_says_what_a_contract_wants(sync, sql):
    sql(TABLE)
    plan = sync.ok(**CHECKS, plan_only="true").out
    assert "enough: error unless between 2 and 12 rows of the table as it will be" in plan
    assert "few_null: error unless <= 20 percent" in plan
    assert "invalidValues_t_status: error if >= 2\n" in plan
    assert "invalidValues_t_mail: warn\n" in plan
