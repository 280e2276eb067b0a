"""The report as a browser shows it: narrow and wide, light, dark and on paper."""

from datetime import timedelta

import pytest

from pipeline.report.page import page
from pipeline.report.told import Period, told_of
from tests.browser.axe import axe_source
from tests.browser.chromium import browser
from tests.report_days import NOW, a_day, days_of

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
JUDGED = f"""axe.run({{runOnly: {RULES}}}).then(all => ({{
  passes: all.passes.length,
  violations: all.violations.map(one => [one.id, one.nodes.map(node => node.html)]),
  open: all.incomplete.flatMap(one => one.nodes.map(node => [one.id, node.html]))}}))"""
LONG = "x" * 300
HOSTILE = '</script><b>bold</b> "quoted" 🙂 مرحبا بالعالم'
COLOR = "getComputedStyle(document.body).backgroundColor"
WIDTHS = "[document.scrollingElement.scrollWidth, innerWidth]"


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    with browser(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """A page of usual destinations, and of one that is odd in all that it may be."""
    odd = a_day(destination=f"p.d.{LONG}", last_exit_code=5, last_status="failed")
    odd |= {"last_error": f"{HOSTILE} {LONG}", "plan_0": LONG, "plan_run_id": "r"}
    told = told_of([*days_of(8), odd], NOW)
    text = page(told, Period.of(NOW - timedelta(days=89), NOW), "shop-prod.shop.sync_runs")
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1600])
def test_everybody_can_read_it(chromium, file, width, scheme):
    chromium.look_at(file, width, scheme=scheme)
    assert chromium.asked == [file.as_uri()]
    content, window = chromium.value(WIDTHS)
    assert (content <= window, window) == (True, width)
    chromium.value(f"{axe_source()};0")
    judged = chromium.value(JUDGED)
    assert judged["violations"] == []
    assert judged["passes"] > 20
    # axe can't see what lies behind text within a drawing
    assert {(rule, html[:6]) for rule, html in judged["open"]} <= {("color-contrast", "<text ")}


def test_light_and_dark_and_paper_differ(chromium, file):
    seen = []
    for scheme, media in (("light", ""), ("dark", ""), ("dark", "print")):
        chromium.look_at(file, 1600, scheme=scheme, media=media)
        seen.append(chromium.value(COLOR))
    assert seen == ["rgb(255, 255, 255)", "rgb(18, 22, 27)", "rgb(255, 255, 255)"]


def test_its_text_is_what_the_history_says(chromium, file):
    chromium.look_at(file, 1600)
    text = chromium.value("document.body.innerText")
    assert HOSTILE in text
    assert "look into shop-prod.shop.orders_dead_letters" in text
    assert "shop-prod.shop.orders_00" in text
    assert chromium.value("document.querySelectorAll('b, script').length") == text.count(
        "Last plan"
    ) + text.count("Do next:")


def test_each_line_is_drawn_within_its_figure(chromium, file):
    chromium.look_at(file, 1600)
    outside = """[...document.querySelectorAll('.f svg')].filter(svg => {
      const frame = svg.getBoundingClientRect()
      return frame.width < 50 || [...svg.querySelectorAll('path')].some(path => {
        const box = path.getBoundingClientRect()
        return box.left < frame.left - 3 || box.right > frame.right + 3
          || box.top < frame.top - 3 || box.bottom > frame.bottom + 3 })}).length"""
    assert chromium.value(outside) == 0
    assert chromium.value("document.querySelectorAll('.f svg path').length") > 8 * 3


def test_it_prints_on_pages_of_paper(chromium, file):
    chromium.look_at(file, 800)
    assert len(chromium.call("Page.printToPDF")["data"]) > 10_000
