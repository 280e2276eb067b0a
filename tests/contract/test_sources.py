"""What every source promises to those who plan and read; each claim for each source."""

import json
import pickle
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from auto_schema.errors import SourceUnreachableError
from auto_schema.row_sums import RowSums
from auto_schema.transform import Transformation
from smart_sync.splits import cut, make_splits
from sources.questions import RangesQuestion
from sources.values import Window
from tests.contract.conftest import HARNESSES
from tests.contract.harness import EPOCH, Harness
from tests.contract.planning import (
    Reading,
    names_of,
    once_each,
    opened,
    planned,
    reading_of,
)

COUNTS = (1, 2, 7, 50)
WIDE = Window(None, EPOCH + timedelta(days=10_000))


def some_rows(count: int = 100, **more: Any) -> list[dict[str, Any]]:
    return [
        {"key": n * 37 % 1009 - 300, "value": n, "at": EPOCH + n * timedelta(minutes=11)} | more
        for n in range(count)
    ]


def read(reading: Reading, harness: Harness) -> list[int]:
    """The values of all rows, ascending."""
    (column,) = (c for c in reading.plan.schema if c.source_name == harness.names["value"])
    return sorted(reading.values(column.name))


@pytest.mark.parametrize("count", COUNTS)
def test_each_row_is_read_once_in_any_number_of_splits(harness: Harness, count: int) -> None:
    harness.create()
    harness.insert(some_rows())
    reading = reading_of(harness.request(num_splits=count))
    assert reading.plan.reading.split_total == count
    assert read(reading, harness) == list(range(100))


@pytest.mark.parametrize("count", COUNTS)
def test_each_row_of_a_window_is_read_once_in_any_number_of_splits(
    harness: Harness, count: int
) -> None:
    harness.create()
    harness.insert(some_rows())
    window = Window(EPOCH + 20 * timedelta(minutes=11), EPOCH + 90 * timedelta(minutes=11))
    request = harness.request(num_splits=count, smart_sync=True, cursor="at")
    assert read(reading_of(request, window), harness) == list(range(21, 91))


def test_its_key_cuts_the_rows_into_ranges_that_are_about_even(harness: Harness) -> None:
    harness.create()
    harness.insert(some_rows(200))
    request, key = harness.request(), harness.names["key"]
    with opened(request) as inspector, harness.claim("its key cuts the rows"):
        reading = planned(inspector, request, None)
        assert reading.evidence.bounds == ()  # not asked for: one split is enough
        bounds = inspector.bounds(reading.plan.reading.source, RangesQuestion(key))
        assert len(bounds) >= 3, "no bounds"
        splits = make_splits(key, cut(bounds, 4), by_key=True)
        parts = [reading.values(harness.names["value"], split) for split in splits]
        once_each([value for part in parts for value in part], list(range(200)))
        assert all(25 < len(part) < 75 for part in parts), list(map(len, parts))


def test_splits_have_no_row_in_common_and_are_the_table_together(harness: Harness) -> None:
    harness.create()
    harness.insert(some_rows())
    reading = reading_of(harness.request(num_splits=9))
    name = harness.names["value"]
    parts = [set(reading.values(name, split)) for split in reading.plan.reading.splits]
    assert len(parts) == 9
    assert sum(map(len, parts)) == len(set().union(*parts)) == 100


@pytest.mark.parametrize("count", [1, 3])
def test_a_windows_low_end_is_out_and_its_high_end_in(harness: Harness, count: int) -> None:
    low, high, tick = EPOCH, EPOCH + timedelta(hours=1), harness.tick
    stamps = [low - tick, low, low + tick, high - tick, high, high + tick]
    harness.create()
    harness.insert([{"key": n, "value": n, "at": at} for n, at in enumerate(stamps)])
    request = harness.request(smart_sync=True, cursor="at", num_splits=count)
    reading = reading_of(request, Window(low, high))
    assert read(reading, harness) == [2, 3, 4]
    assert (reading.evidence.before, reading.evidence.after) == (2, 1)


def test_an_integer_windows_low_end_is_out_and_its_high_end_in(harness: Harness) -> None:
    harness.create()
    big = 2**53
    harness.insert([{"key": n, "value": big + n - 3} for n in range(7)])
    request = harness.request(smart_sync=True, cursor=harness.names["value"], num_splits=3)
    found = read(reading_of(request, Window(big - 1, big + 1)), harness)
    assert found == [big, big + 1]


def test_windows_that_follow_one_another_read_each_row_once(harness: Harness) -> None:
    harness.create()
    harness.insert(some_rows())
    ends = [None, *(EPOCH + n * timedelta(minutes=11 * 9) for n in range(1, 13))]
    request = harness.request(smart_sync=True, cursor="at")
    found = []
    for low, high in pairwise(ends):
        assert high is not None
        found += read(reading_of(request, Window(low, high)), harness)
    once_each(found, list(range(100)))


def test_rows_without_a_cursor_are_never_read_by_a_window_and_are_counted(
    harness: Harness,
) -> None:
    harness.create()
    rows = [{"key": n, "value": n, "at": None} for n in range(5)]
    rows += [{"key": n, "value": n} for n in range(5, 8)]
    harness.insert([*rows, {"key": 8, "value": 8, "at": EPOCH}])
    request = harness.request(smart_sync=True, cursor="at")
    for window in (WIDE, Window(EPOCH - timedelta(days=36500), EPOCH)):
        reading = reading_of(request, window)
        assert read(reading, harness) == [8]
        assert reading.evidence.null_cursors == 8
    assert read(reading_of(harness.request()), harness) == list(range(9))


def test_an_empty_table_is_no_error_and_has_no_rows(harness: Harness) -> None:
    harness.create()
    reading = reading_of(harness.request(num_splits=7))
    assert reading.rows() == []
    with harness.claim("an empty table has its columns"):
        names = [column.source_name for column in reading.plan.schema]
        assert harness.names["value"] in names, repr(harness.names["value"])


def test_an_empty_table_can_be_synced_by_its_cursor(harness: Harness) -> None:
    harness.create()
    request = harness.request(smart_sync=True, cursor="at", num_splits=7)
    with harness.claim("an empty table has its cursor"):
        assert reading_of(request, WIDE).rows() == []


CASES = [(name, table) for name, kind in HARNESSES.items() for table in kind.hostile_tables]


@pytest.mark.parametrize(("harness", "table"), CASES, indirect=["harness"])
def test_a_table_of_any_name_is_read(harness: Harness, table: str) -> None:
    harness.create(table)
    harness.insert(some_rows(20))
    reading = reading_of(harness.request(num_splits=3))
    assert reading.plan.reading.split_total == 3
    assert read(reading, harness) == list(range(20))


COLUMNS = [(name, column) for name, kind in HARNESSES.items() for column in kind.hostile_columns]


def renaming(*names: str) -> Transformation:
    """Field mappings to names that BigQuery takes."""
    return Transformation(field_mappings=tuple((name, f"c{n}") for n, name in enumerate(names)))


@pytest.mark.parametrize(("harness", "column"), COLUMNS, indirect=["harness"])
def test_a_column_of_any_name_is_read(harness: Harness, column: str) -> None:
    harness.create(value=column)
    harness.insert(some_rows(20))
    request = harness.request(num_splits=3, transformation=renaming(column))
    reading = reading_of(request)
    assert sorted(reading.values("c0")) == list(range(20))


@pytest.mark.parametrize(("harness", "column"), COLUMNS, indirect=["harness"])
def test_a_cursor_and_a_key_of_any_name_cut_the_rows(harness: Harness, column: str) -> None:
    if column == "":
        return  # no parameter can name it
    harness.create(at=column, key="k" + column[:62])
    harness.insert(some_rows(20))
    window = Window(EPOCH, EPOCH + 15 * timedelta(minutes=11))
    names = (column, harness.names["key"]) if harness.names["key"] != "_id" else (column,)
    with harness.claim(f"cursor named {column!r}"):
        request = harness.request(
            smart_sync=True, cursor=column, num_splits=3, transformation=renaming(*names)
        )
        assert read(reading_of(request, window), harness) == list(range(1, 16))
    if harness.data_source == "postgresql":
        request = harness.request(num_splits=3, transformation=renaming(*names))
        reading = reading_of(request)
        assert reading.plan.reading.split_total == 3
        assert read(reading, harness) == list(range(20))


EXTREMES = [(name, each) for name, kind in HARNESSES.items() for each in kind.extremes]


@pytest.mark.parametrize(("harness", "kind"), EXTREMES, indirect=["harness"])
def test_extreme_values_of_each_type_arrive_as_they_are(harness: Harness, kind: str) -> None:
    harness.insert_extremes(kind)
    reading = reading_of(harness.request())
    key = harness.names["key"]
    rows = sorted(reading.rows(), key=lambda row: int(row[key]))
    (column,) = (c for c in reading.plan.schema if c.source_name == "x")
    for row, (given, wanted) in zip(rows, harness.extremes[kind], strict=True):
        found = row["x"]
        if column.is_json:
            found = json.dumps(json.loads(found), separators=(",", ":"))
        if wanted is None:  # the text of the value itself
            assert type(given)(found) == given
            continue
        assert (found, type(found)) == (wanted, type(wanted))


def test_batches_hold_exactly_the_planned_columns_in_their_order(harness: Harness) -> None:
    harness.create()
    harness.insert([*some_rows(10), {"key": 5000, "value": 10}])
    reading = reading_of(harness.request())
    for batch in reading.batches():
        assert names_of(batch) == [column.source_name for column in reading.plan.schema]
        reading.conformed(batch)  # of exactly the planned types, and no dead letter
    keep = Transformation(select_fields=(harness.names["value"],))
    reading = reading_of(harness.request(transformation=keep))
    assert reading.plan.schema.columns[0].name == harness.names["value"]
    for batch in reading.batches():
        assert names_of(batch) == [column.source_name for column in reading.plan.schema]
    reading = reading_of(
        harness.request(transformation=Transformation(exclude_fields=(harness.names["value"],)))
    )
    (batch,) = reading.batches()
    assert harness.names["value"] not in batch.schema.names
    assert all(
        str(row) and f"'{harness.names['value']}'" not in str(row) for row in batch.to_pylist()
    )


@pytest.mark.parametrize("count", [1, 7])
def test_reading_twice_gives_equal_rows(harness: Harness, count: int) -> None:
    harness.create()
    harness.insert(some_rows())
    reading = reading_of(harness.request(num_splits=count))
    for split in reading.plan.reading.splits:
        once_each(reading.rows(split), reading.rows(split))


def test_rows_are_as_they_are_when_they_are_read(harness: Harness) -> None:
    harness.create()
    harness.insert(some_rows(5))
    keys = [row["key"] for row in some_rows(5)]
    harness.update(keys[1], 77)
    harness.delete(keys[2])
    assert read(reading_of(harness.request(num_splits=2)), harness) == [0, 3, 4, 77]


def test_a_source_pickles_and_reads_the_same(harness: Harness) -> None:
    harness.create()
    harness.insert(some_rows(10))
    reading = reading_of(harness.request(num_splits=3))
    copied = pickle.loads(pickle.dumps(reading.plan.reading.source))
    assert copied == reading.plan.reading.source
    split = reading.plan.reading.splits[1]
    assert list(copied.read(split)) == list(reading.plan.reading.source.read(split))


def test_where_rows_are_to_be_proven_reads_end_with_the_sums_of_all_of_them(
    harness: Harness,
) -> None:
    harness.create()
    harness.insert(some_rows())
    with harness.claim("its rows can be proven"):
        reading = reading_of(harness.request(num_splits=3, verify=True)).plan.reading
        reads = [list(reading.source.read(split)) for split in reading.splits]
        sums = [item for items in reads for item in items if isinstance(item, RowSums)]
        assert sum(total.rows for total in sums) == 100
        assert not any(isinstance(item, RowSums) for items in reads for item in items[:-1])


@pytest.mark.parametrize("batches", [0, 1, 2])
def test_closing_early_leaves_no_session_behind(harness: Harness, batches: int) -> None:
    harness.fill(*harness.many)
    reading = reading_of(harness.request(batch_rows=10))
    found = iter(reading.plan.reading.source.read(reading.plan.reading.splits[0]))
    for _ in range(batches):
        next(found)
    if batches:
        assert harness.sessions() >= 1
    found.close()  # type: ignore[attr-defined]
    harness.no_session_within(3)


def test_a_read_to_the_end_and_a_failed_one_leave_no_session_behind(harness: Harness) -> None:
    harness.create()
    harness.insert(some_rows())
    reading = reading_of(harness.request(num_splits=3))
    reading.rows()
    harness.no_session_within(3)

    def fail() -> None:
        for _ in reading.batches():
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    harness.no_session_within(3)


@pytest.mark.parametrize("size", [1, 7, 100, 1000])
def test_batches_hold_no_more_rows_than_asked_for(harness: Harness, size: int) -> None:
    harness.create()
    harness.insert(some_rows())
    reading = reading_of(harness.request(batch_rows=size))
    sizes = [batch.num_rows for batch in reading.batches()]
    assert sum(sizes) == 100
    assert max(sizes) == min(size, 100)
    assert 0 not in sizes


def test_a_connection_lost_amid_the_rows_is_unreachable_or_loses_no_row(harness: Harness) -> None:
    count = 500
    harness.fill(count, 200_000)
    with harness.proxied() as proxy:
        reading = reading_of(harness.request(port=proxy.port, batch_rows=10))
        found = reading.batches()
        rows = next(found).num_rows
        proxy.cut()
        try:
            rows += sum(batch.num_rows for batch in found)
        except SourceUnreachableError as error:
            told = str(error)
        else:  # MongoDB's cursors and BigQuery's streams may go on over another connection
            assert rows == count
            assert harness.data_source in ("mongodb", "bigquery")
            told = reading.plan.reading.source.place
        assert reading.plan.reading.source.place in told
        assert read(reading, harness) == list(range(count))
    harness.no_session_within(3)


def test_a_statement_is_told_for_each_split_and_holds_no_secret(harness: Harness) -> None:
    harness.create()
    harness.insert(some_rows())
    plan = reading_of(harness.request(num_splits=4)).plan
    texts = [plan.reading.source.statement(split) for split in plan.reading.splits]
    assert len(set(texts)) == 4
