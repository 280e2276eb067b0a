"""The one line that sums the tables of a launch."""

from pipeline.runs.many_report import TableResult, cells, total


def of_table(**figures):
    row = {"rows_read": 5, "rows_published": 3, "rows_dead": 0} | figures
    return TableResult("orders", 0, "succeeded", row=row)


def test_the_sum_of_many_tables_tells_what_was_deleted_and_healed():
    """A run before these columns were there has none."""
    results = [of_table(rows_deleted=2, rows_healed=1), of_table(rows_deleted=1), of_table()]
    results.append(of_table(rows_deleted=None, rows_healed=None))
    told = "4 of 4 tables succeeded: 20 rows read, 12 published, 3 deleted, 1 healed"
    assert total(results) == told


def test_the_sum_of_tables_of_which_nothing_was_deleted_says_nothing_of_it():
    assert total([of_table(rows_deleted=0)]) == "1 of 1 table succeeded: 5 rows read, 3 published"


def test_a_table_that_failed_has_the_address_of_what_explains_it_and_no_other_one():
    lost = "RunInProgressError: lock lost (table p.d.t): its lease was over. To mend: run again."
    assert cells(TableResult("t", 6, "failed", lost))[-1] == f"{lost} See docs/errors.md#lock-lost"
    assert cells(TableResult("t", 0, "skipped", "lock lost"))[-1] == "lock lost"
