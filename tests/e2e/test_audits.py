"""Audits of staged rows: a second one beside the content proof needs a value, and no more."""

import json
from dataclasses import dataclass

import pytest

from auto_schema.errors import VerificationError
from pipeline.publish import audits

SOURCE = {"postgresql_query": "SELECT * FROM payments"}


@dataclass(frozen=True, slots=True)
class NoNegatives:
    """A toy: a payment of less than nothing is not published."""

    step: str = "negatives"
    of_published: bool = False

    def reason(self, request, profile):
        return "negative payments are looked for" if profile.column("amount") else ""

    def query(self, plan):
        return f"SELECT COUNTIF(amount < 0) FROM {plan.run.staging.table.sql}"

    def verdict(self, client, plan, splits, answer):
        negatives = 0 if answer is None else answer[0]
        if negatives:
            where, why = f"table {plan.destination}", f"{negatives} of {splits[0].rows}"
            raise VerificationError("negative payments", where, why, "mend them.")
        return {"negatives": negatives}


@pytest.fixture
def payments(sql, monkeypatch):
    sql("CREATE TABLE payments (id int8 PRIMARY KEY, amount int8)")
    sql("INSERT INTO payments VALUES (1, 10), (2, 20)")
    monkeypatch.setattr(audits, "AUDITS", (*audits.AUDITS, NoNegatives()))
    return sql


def figures(sync):
    return json.loads(sync.history()[-1]["verification"])


def test_a_second_audit_keeps_rows_back_and_tells_its_figures_beside_the_first(sync, payments):
    sync.ok(**SOURCE)
    assert figures(sync) == {"negatives": 0}
    payments("INSERT INTO payments VALUES (3, -5)")
    result = sync(**SOURCE, verify="true")
    assert result.code == 8
    assert "negative payments" in result.err
    assert "1 of 3" in result.err
    assert sync.rows() == [(1, 10), (2, 20)]
    assert sync.history()[-1]["status"] == "failed"
    payments("DELETE FROM payments WHERE amount < 0")
    sync.ok(**SOURCE, verify="true", write_disposition="WRITE_TRUNCATE")
    told = figures(sync)
    assert (told["negatives"], told["rows"], told["source"]) == (0, 2, told["staged"])
    payments("DELETE FROM payments")
    sync.ok(**SOURCE, verify="true", write_disposition="WRITE_TRUNCATE")
    assert (figures(sync)["negatives"], figures(sync)["rows"]) == (0, 0)


def test_an_audit_gets_the_staging_table_that_it_asks_for(
    sync, payments, bucket, monkeypatch, dataset, sent_jobs
):
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", bucket)
    over = SOURCE | {"temp_location": f"gs://bkt/{dataset}/temp"}
    plan = sync.ok(**over, plan_only="true").out
    assert "then one statement\n               because negative payments are looked for" in plan
    sync.ok(**over)
    steps = [job["configuration"].get("labels", {}).get("step") for job in sent_jobs]
    assert [step for step in steps if step in ("stage_0", "negatives", "publish")] == [
        "stage_0",
        "negatives",
        "publish",
    ]
    assert (figures(sync), sync.rows()) == ({"negatives": 0}, [(1, 10), (2, 20)])
    payments("INSERT INTO payments VALUES (3, -5)")
    result = sync(**over, write_disposition="WRITE_TRUNCATE")
    assert (result.code, sync.rows()) == (8, [(1, 10), (2, 20)])
    monkeypatch.setattr(audits, "AUDITS", audits.AUDITS[:1])
    assert "straight into the table (free)" in sync.ok(**over, plan_only="true").out
