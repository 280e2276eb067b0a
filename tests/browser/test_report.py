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
OPENED = "document.querySelectorAll('details').forEach(one => {one.open = true})"
BOLD = [
    *("Do next:", "Last plan"),
    *("Rows a day", "Time a day", "Bytes a day", "Lag", "Days with"),
]
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
    chromium.value(f"{OPENED};{axe_source()};0")
    content, window = chromium.value(WIDTHS)
    assert content <= window
    judged = chromium.value(JUDGED)
    assert judged["violations"] == []
    assert judged["passes"] > 20
    # axe can't see what lies behind text in a drawing, nor cells that are scrolled out of sight
    unseen = ["<text ", *(("<td>", "<th>") if width == 400 else ())]
    open_ones = [
        (rule, html) for rule, html in judged["open"] if not html.startswith(tuple(unseen))
    ]
    assert open_ones == []
    assert {rule for rule, _ in judged["open"]} <= {"color-contrast"}


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
    others = f"""[...document.querySelectorAll('b, script')].map(one => one.innerText)
      .filter(one => !{BOLD}.includes(one))"""
    assert chromium.value(others) == []


def test_numbers_are_folded_on_a_screen_and_open_on_paper(chromium, file):
    shown = """[...document.querySelectorAll('table')].map(one =>
      one.checkVisibility() && one.getBoundingClientRect().height > 40)"""
    for media, is_shown in (("", False), ("print", True)):
        chromium.look_at(file, 800, media=media)
        assert set(chromium.value(shown)) == {is_shown}
        assert chromium.value("document.querySelectorAll('table').length") == 1 + 9


def test_what_is_to_be_done_leads_to_its_destination(chromium, file):
    chromium.look_at(file, 800)
    pairs = """[...document.querySelectorAll('.todo a')].map(one => [one.innerText,
      document.querySelector(one.getAttribute('href') + ' h3').innerText])"""
    led = chromium.value(pairs)
    assert len(led) == 2
    assert all(told == there for told, there in led)


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
