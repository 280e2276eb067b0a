"""The page of a report, letter for letter."""

import os
from datetime import timedelta
from pathlib import Path

from pipeline.report.page import page
from pipeline.report.told import Period, told_of
from tests.report_days import NOW, days_of

FILE = Path(__file__).parent / "report.html"


def test_the_page_is_what_the_file_says():
    told = told_of(days_of(4, days=14), NOW)
    text = page(told, Period.of(NOW - timedelta(days=13), NOW), "shop-prod.shop.sync_runs")
    if os.environ.get("REWRITE_GOLDEN") == "1":
        FILE.write_text(text, encoding="utf-8")
    assert text == FILE.read_text(encoding="utf-8")
