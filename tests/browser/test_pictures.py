"""The pictures of the documents are what the program shows; `make pictures` makes them anew."""

import os
import re
from datetime import UTC, datetime

import pytest

from tests import pictures
from tests.browser.chromium import browser
from tests.golden.transcripts import on_terminal
from tests.shop import CONFIG, change, orders, payment
from tests.sync import PASSWORD, PROJECT

MAKES = os.environ.get("REWRITE_PICTURES") == "1"


WIDE = 1000
"""Columns of a terminal that folds nothing: what stands in a line is only then what is shown."""


@pytest.fixture
def shop(sync):
    """A dataset of a name that is always the same."""
    sync.client.create_dataset(f"{PROJECT}.shop", exists_ok=True)
    yield
    sync.client.delete_dataset(f"{PROJECT}.shop", delete_contents=True, not_found_ok=True)


def test_the_picture_of_a_plan_is_what_it_prints(sync, shop, sql, database, tmp_path):
    change(sql, orders(12000, "minute"))
    uri = f"postgresql://{database.user}@/{database.database}?host={database.host}"
    uri += f"&port={database.port}"
    config = tmp_path / "sync.yaml"
    config.write_text(CONFIG.format(source=uri, temp=tmp_path / "temp"))
    environ = {"SMART_SYNC_POSTGRESQL_PASSWORD": PASSWORD}
    done = on_terminal(["smart-sync", "run", "--quiet", f"--config={config}"], environ)
    assert done.code == 0, done.stdout
    change(sql, payment("09:15", 1204))
    words = ["smart-sync", "plan", "--config=sync.yaml"]
    shown = on_terminal(words, environ, tmp_path, WIDE)
    assert shown.code == 0, shown.stdout
    today = re.escape(f"{datetime.now(UTC):%Y-%m-%d}")
    masks = {
        r"postgresql://\S*": "postgresql://db.example.com:5432/shop",
        re.escape(str(tmp_path / "temp")): "gs://my-bucket/tmp",
        r"\d{8}t\d{6}([-_])[0-9a-f]{8}": r"20250722t093000\g<1>3f9a0c1d",
        r"Plan [0-9a-f]{16}": "Plan 5d1c0a9b7e3f2468",
        rf"{today} \d\d:\d\d:\d\d(?:\.\d+)?": "2025-07-22 09:30:00",
    }
    assert PASSWORD not in shown.stdout
    svg = pictures.terminal_svg(f"$ {' '.join(words)}\n{shown.stdout}", "smart-sync plan", masks)
    assert "http" not in svg.replace("http://www.w3.org/2000/svg", "").replace(
        "https://www.textualize.io", ""
    )
    file = pictures.FOLDER / "plan.svg"
    if MAKES:
        file.write_text(svg, encoding="utf-8")
    assert svg == file.read_text(encoding="utf-8")


def test_the_picture_of_a_report_is_of_a_page_as_it_is_made_today(tmp_path):
    text, file = pictures.report_page(), pictures.FOLDER / "report.png"
    if MAKES:
        (tmp_path / "report.html").write_text(text, encoding="utf-8")
        with browser(tmp_path / "profile") as chromium:
            chromium.look_at(tmp_path / "report.html", 1280)
            file.write_bytes(pictures.with_source(chromium.picture(1280, 860), text))
    assert pictures.is_made_of(file.read_bytes(), text)
