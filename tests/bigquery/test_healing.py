"""repair=true of a BigQuery source, in place and through workers."""

import json

import pytest

from tests.sync import PROJECT

MERGE = {
    "enable_smart_sync": "true",
    "write_disposition": "WRITE_MERGE",
    "merge_keys": "id",
    "smart_sync_margin": "0s",
    "late_commit_guard": "off",
}
ROWS = """
CREATE TABLE `{s}.s` (
  id INT64, name STRING, doc JSON, part STRUCT<a INT64, b STRING>, tags ARRAY<STRING>,
  gone BOOL, updated_at TIMESTAMP
) AS
SELECT i, 'v1', PARSE_JSON('{"n": 1.5}'), STRUCT(i AS a, 'x' AS b), ['t', 'u'], FALSE,
  TIMESTAMP_ADD(TIMESTAMP '2024-05-01', INTERVAL i MINUTE)
FROM UNNEST(GENERATE_ARRAY(1, 1000)) AS i"""
NEW = "PARSE_JSON('{\"n\": 2}'), STRUCT(1 AS a, 'y' AS b), ['t'], FALSE"


@pytest.fixture(params=["in_place", "workers"])
def words(request, run):
    """Parameters of a plain run, and a thousand rows, one a minute, all of the past."""
    run(ROWS)
    return MERGE | {"bigquery_read_method": request.param}


def edit(sync, statement):
    sync.client.query_and_wait(statement.format(t=f"`{PROJECT}.{sync.dataset}.t`"))


def names(sync):
    return dict(sync.rows("id, name"))


def compared(sync):
    return json.loads(sync.history()[-1]["compared"])


def test_rows_that_came_late_come(sync, run, words):
    sync.ok(**words)
    run(f"INSERT INTO `{{s}}.s` VALUES (2001, 'late', {NEW}, '2024-05-01 00:03:00')")
    run("UPDATE `{s}.s` SET name = 'late' WHERE id = 500")
    run(f"INSERT INTO `{{s}}.s` VALUES (2002, 'new', {NEW}, CURRENT_TIMESTAMP())")
    result = sync.ok(**words, repair="true")
    assert "3 published, 2 healed" in result.out
    expected = dict.fromkeys(range(1, 1001), "v1") | {500: "late", 2001: "late", 2002: "new"}
    assert names(sync) == expected
    assert sync.history()[-1]["rows_read"] < 300
    sync.ok(**words, repair="true")
    run_ = sync.history()[-1]
    assert (run_["rows_read"], run_["rows_published"], run_["rows_healed"]) == (0, 0, 0)
    assert compared(sync)["source_rows_compared"] == 1002


def test_hand_edits_of_the_destination_are_undone(sync, run, words):
    """Also within JSON, a STRUCT and an array, which both sides hold alike here."""
    sync.ok(**words)
    before = sync.rows("id, TO_JSON_STRING(t)")
    edit(sync, "UPDATE {t} SET name = 'edited', updated_at = TIMESTAMP '2024-06-01' WHERE id = 9")
    edit(sync, "UPDATE {t} SET doc = PARSE_JSON('{{\"n\": 7}}') WHERE id = 200")
    edit(sync, "UPDATE {t} SET part = STRUCT(7 AS a, 'x' AS b) WHERE id = 400")
    edit(sync, "UPDATE {t} SET tags = ARRAY_REVERSE(tags) WHERE id = 600")
    edit(sync, "DELETE FROM {t} WHERE id = 800")
    edit(sync, "UPDATE {t} SET name = 'later', updated_at = '2999-01-01' WHERE id = 901")
    result = sync.ok(**words, repair="true", plan_only="true")
    assert "ranges 6 differ, these are read" in result.out
    sync.ok(**words, repair="true")
    run_ = sync.history()[-1]
    assert (run_["rows_published"], run_["rows_healed"], run_["mode"]) == (5, 5, "merge")
    after = dict(sync.rows("id, TO_JSON_STRING(t)"))
    assert "later" in after.pop(901)
    assert after == {key: row for key, row in before if key != 901}


def test_deletes_heal_in_the_same_run_and_figures_tell_it(sync, run, words):
    sync.ok(**words)
    run("DELETE FROM `{s}.s` WHERE id IN (5, 6)")
    run("UPDATE `{s}.s` SET updated_at = TIMESTAMP '2999-01-01' WHERE id = 8")
    edit(sync, "UPDATE {t} SET name = 'edited' WHERE id = 7")
    told = sync.ok(**words, repair="true", plan_only="true").out
    assert "missing      2 keys at the source (0.20 %)" in told
    sync.ok(**words, repair="true", delete_missing="hard", verify="true")
    assert names(sync) == {i: "v1" for i in range(1, 1001) if i not in (5, 6)}
    run_ = sync.history()[-1]
    assert (run_["rows_deleted"], run_["rows_healed"]) == (2, 1)
    assert compared(sync)["rows_compared"] == 1000


def test_what_is_compared_is_one_snapshot(sync, run, words, monkeypatch):
    """What changes after the look at the keys is a later run's, and neither half nor twice told."""
    from sources.bigquery.key_snapshot import BigqueryKeys

    sync.ok(**words)
    row_sums, done = BigqueryKeys.row_sums, []

    def changed(self, places, within=()):
        if not done:
            done.append(run("UPDATE `{s}.s` SET name = 'v2' WHERE id = 50"))
            run("DELETE FROM `{s}.s` WHERE id = 60")
        return row_sums(self, places, within)

    monkeypatch.setattr(BigqueryKeys, "row_sums", changed)
    sync.ok(**words, repair="true", delete_missing="hard")
    assert names(sync) == dict.fromkeys(range(1, 1001), "v1")
    assert compared(sync)["row_ranges_differing"] == 0
    sync.ok(**words, repair="true", delete_missing="hard")
    assert names(sync) == {i: "v1" for i in range(1, 1001) if i != 60} | {50: "v2"}


def test_rows_by_two_keys_and_their_marks_heal_as_well(sync, run, words):
    words |= {"merge_keys": "name,id", "deleted_column": "gone", "deleted_rows": "soft"}
    words |= {"delete_missing": "soft", "max_deleted_percent": "50"}
    sync.ok(**words)
    run("UPDATE `{s}.s` SET gone = TRUE WHERE id = 10")
    run("DELETE FROM `{s}.s` WHERE id = 700")
    sync.ok(**words, repair="true")
    marked = [key for key, at in sync.rows("id, _sync_deleted_at") if at]
    assert sorted(marked) == [10, 700]
    sync.ok(**words, repair="true")
    assert sync.history()[-1]["rows_read"] == 0


def test_a_row_without_a_key_is_told_by_a_repair_as_by_any_run(sync, run, words):
    sync.ok(**words)
    run(f"INSERT INTO `{{s}}.s` VALUES (NULL, 'none', {NEW}, '2024-05-01 00:03:00')")
    result = sync(**words, repair="true")
    assert result.code == 7
    assert "too many dead letters" in result.err


def test_of_a_query_as_of_a_table(sync, source, words):
    table = f"{PROJECT}.{source}.s"
    words |= {
        "source_bigquery_table": "",
        "source_bigquery_query": f"SELECT id, name, updated_at FROM `{table}` WHERE id < 900",
    }
    sync.ok(**words)
    edit(sync, "UPDATE {t} SET name = 'edited' WHERE id = 899")
    sync.ok(**words, repair="true")
    assert names(sync) == dict.fromkeys(range(1, 900), "v1")
    assert sync.history()[-1]["rows_healed"] == 1
