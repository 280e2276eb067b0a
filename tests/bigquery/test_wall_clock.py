"""A DATETIME cursor of a BigQuery source: BigQuery says what clocks of its zone show."""

import re
from datetime import UTC, datetime, timedelta

SMART = {
    "enable_smart_sync": "true",
    "smart_sync_timestamp_column": "c",
    "source_timezone": "Pacific/Kiritimati",
    "plan_only": "true",
}


def test_a_window_of_datetimes_ends_in_the_zone_that_was_said(sync, run):
    run("CREATE TABLE `{s}.s` AS SELECT 1 AS id, DATETIME '2025-01-01 00:00:00' AS c")
    shown = sync.ok(**SMART, late_commit_guard="off").out
    end = datetime.fromisoformat(re.search(r"00:00:00, ([0-9: -]{19})", shown)[1])
    there = datetime.now(UTC).replace(tzinfo=None) + timedelta(hours=14)
    assert timedelta(0) <= there - end < timedelta(minutes=5)
