"""Figures as SVG, drawn by Vega: small lines of each destination, and charts of all. Pure.

Colors are CSS variables of the page, so that one drawing serves light, dark and paper.
"""

import json
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from importlib.util import find_spec
from itertools import pairwise
from typing import Any

from pipeline.report.told import Period
from sources.registry import without_extra

LIBRARY, EXTRA = "vl_convert", "report"
HEIGHT = 14
"""Of a small line, which is as many units wide as it has points."""
SHAPE = 6.4
"""How much wider than high a small line is shown: as it is drawn with MOST_SPANS points."""
SLACK = 0.67
"""Units of a small line's height: about a pixel on a screen, as much as rounding takes."""
WIDTH, TALL = 360, 130
PAD = {"left": 38, "right": 8, "top": 8, "bottom": 20}
"""Around a chart: for its numbers and days."""
FEW = 3
"""Up to here each whole number has a line across a chart."""
_LINE = re.compile(r'<g class="mark-line [^>]*>(?:<path [^>]*?d="([^"]*)")?')
"""What Vega draws of a line: a group with a path, or without one."""
Line = Sequence[float | None]
Point = tuple[float, float]


def require_library(where: str) -> None:
    """See that Vega is installed.

    Raises:
        ConfigError: it isn't, and how it is.
    """
    if find_spec(LIBRARY) is None:
        raise without_extra(where, LIBRARY, EXTRA)


def lines(series: Sequence[tuple[Line, float]]) -> list[str]:
    """Each line as the `d` of an SVG path, HEIGHT units high.

    None is a gap, and a value beside gaps a short stroke. Nothing but None is an empty path.

    Args:
        series: the values of each, and what is drawn at its top; 0: the largest of them.
    """
    if not series:
        return []
    width = max(len(line) for line, _ in series)
    spec = {
        "width": width,
        "height": HEIGHT,
        "padding": 0,
        "autosize": "none",
        "data": [{"name": f"d{n}", "values": _points(line)} for n, (line, _) in enumerate(series)],
        "scales": [
            {"name": "x", "domain": [0, width], "range": [0, width], "round": True},
            *(
                {"name": f"y{n}", "domain": [0, top or _most(line)], **_UP}
                for n, (line, top) in enumerate(series)
            ),
        ],
        "marks": [_line_mark(f"d{n}", f"y{n}") for n, _ in enumerate(series)],
    }
    return [short_path(path) for path in _LINE.findall(_drawn(spec))]


_UP = {"range": [HEIGHT, 0], "round": True}


def short_path(path: str) -> str:
    """The same path in steps from corner to corner: half as long.

    >>> short_path("M0,8L1,8L2,8L3,5L4,6M7,0L8,0")
    'M0 8l2 0 1-3 1 1M7 0h1'
    """
    return "".join(_short_stroke(stroke.split("L")) for stroke in path.split("M")[1:])


def _short_stroke(told: Sequence[str]) -> str:
    points = corners([(float(x), float(y)) for x, y in (one.split(",") for one in told)])
    steps = [(end[0] - start[0], end[1] - start[1]) for start, end in pairwise(points)]
    (x, y), *_ = points
    if [dy for _, dy in steps] == [0]:
        return f"M{x:g} {y:g}h{steps[0][0]:g}"
    words = " ".join(f"{dx:g} {dy:g}" for dx, dy in steps)
    return f"M{x:g} {y:g}l{words.replace(' -', '-')}"


def corners(points: Sequence[Point]) -> list[Point]:
    """The points of a line that are needed: no other lies further than SLACK above or below.

    The first and the last are among them, and each is one of the line's own.

    >>> corners([(0, 8), (1, 8), (2, 8), (3, 5), (4, 2), (5, 6)])
    [(0, 8), (2, 8), (4, 2), (5, 6)]
    """
    kept, passed = [points[0]], list[Point]()
    for point in points[1:]:
        if not all(_lies_near(one, kept[-1], point) for one in passed):
            kept.append(passed[-1])
            passed = []
        passed.append(point)
    return [*kept, *passed[-1:]]


def _lies_near(point: Point, start: Point, end: Point) -> bool:
    slope = (end[1] - start[1]) / (end[0] - start[0])
    return abs(start[1] + slope * (point[0] - start[0]) - point[1]) <= SLACK


def chart(
    period: Period,
    series: Sequence[tuple[str, Sequence[float]]],
    form: str,
    *,
    marked: Sequence[float] = (),
    is_whole: bool = False,
) -> str:
    """A chart of steps over days: what goes into an `svg` of WIDTH by TALL units.

    Args:
        period: whose spans have the values.
        series: a color and the values of each, those behind first.
        form: of the numbers at the side, as d3-format says it.
        marked: of each span whether (not 0) a red mark stands above it.
        is_whole: whether the values are counts, with nothing between 0 and 1.
    """
    days = [_stamp(day) for day in period.starts]
    days.append(max(_stamp(period.now.date()), days[-1]) + 86_400_000)
    most = max((max(values, default=0) for _, values in series), default=0)
    said = {"labels": {"update": {"text": {"signal": f"format(datum.value, '{form}')"}}}}
    data = [{"name": f"d{n}", "values": _steps(days, v)} for n, (_, v) in enumerate(series)]
    across = {"domain": [days[0], days[-1]], "range": "width", "round": True}
    spec = {
        "width": WIDTH - PAD["left"] - PAD["right"],
        "height": TALL - PAD["top"] - PAD["bottom"],
        "padding": PAD,
        "autosize": "none",
        "data": [*data, {"name": "marked", "values": _strokes(days, marked)}],
        "scales": [
            {"name": "x", "type": "utc", **across},
            {"name": "y", "domain": [0, most or 1], "range": "height", "nice": 3, "round": True},
        ],
        "axes": [
            _axis("bottom", "x", format="%-d %b", tickCount=4, labelFlush=True),
            _axis("left", "y", **_ticks(most, is_whole=is_whole), encode=said),
        ],
        "marks": [*(_area_mark(f"d{n}", color) for n, (color, _) in enumerate(series)), _MARKED],
    }
    return _bare(_drawn(spec))


def _strokes(days: Sequence[int], marked: Sequence[float]) -> list[dict[str, Any]]:
    """Points of a line that is there over the marked spans alone."""
    spans = [span for span, on in zip(pairwise(days), marked, strict=False) if on]
    ends = [((start, True), (end, True), (end, False)) for start, end in spans]
    return [{"x": x, "on": on} for three in ends for x, on in three]


def _ticks(most: float, *, is_whole: bool) -> dict[str, Any]:
    """Some lines across a chart: none but that of 0 where it shows nothing."""
    few = range(int(most) + 1) if is_whole and most <= FEW else [0] if not most else None
    return {"grid": True, **({"tickCount": 3} if few is None else {"values": list(few)})}


def _points(line: Line) -> list[dict[str, float | None]]:
    """Each point, in the middle of its span; a lone one is as long as its span."""
    points = list[dict[str, float | None]]()
    for x, y in enumerate(line):
        is_alone = y is not None and all(
            one is None for one in (*line[max(x - 1, 0) : x], *line[x + 1 : x + 2])
        )
        points += [{"x": x, "y": y}, {"x": x + 1, "y": y}] if is_alone else [{"x": x, "y": y}]
    return points


def _most(line: Line) -> float:
    return max((value for value in line if value is not None), default=0) or 1


def _steps(days: Sequence[int], values: Sequence[float]) -> list[dict[str, float]]:
    ends = [(days[0], 0.0), *zip(days, values, strict=False), (days[-1], values[-1])]
    return [{"x": x, "y": y} for x, y in [*ends, (days[-1], 0.0)]]


def _stamp(day: date) -> int:
    return int(datetime.combine(day, time(), UTC).timestamp()) * 1000


def _line_mark(data: str, scale: str) -> dict[str, Any]:
    place = {
        "x": {"scale": "x", "field": "x"},
        "y": {"scale": scale, "field": "y"},
        "defined": {"signal": "isValid(datum.y)"},
    }
    return {"type": "line", "from": {"data": data}, "encode": {"update": place}}


def _area_mark(data: str, color: str) -> dict[str, Any]:
    place = {
        "interpolate": {"value": "step-after"},
        "x": {"scale": "x", "field": "x"},
        "y": {"scale": "y", "field": "y"},
        "fill": {"value": f"var(--{color})"},
        "strokeWidth": {"value": 0},
    }
    return {"type": "line", "aria": False, "from": {"data": data}, "encode": {"update": place}}


_MARKED = {
    "type": "line",
    "from": {"data": "marked"},
    "encode": {
        "update": {
            "x": {"scale": "x", "field": "x"},
            "y": {"value": -5},
            "defined": {"signal": "datum.on"},
            "stroke": {"value": "var(--bad)"},
            "strokeWidth": {"value": 4},
        }
    },
}
"""Strokes above a chart."""


def _axis(orient: str, scale: str, **more: Any) -> dict[str, Any]:
    looks = {
        "domainColor": "var(--rule)",
        "gridColor": "var(--rule)",
        "ticks": False,
        "labelColor": "var(--dim)",
        "labelFont": "inherit",
        "labelFontSize": 12,
        "labelPadding": 5,
        "aria": False,
        "zindex": 0,
    }
    return {"orient": orient, "scale": scale, **looks, **more}


def _drawn(spec: dict[str, Any]) -> str:
    from vl_convert import vega_to_svg

    return vega_to_svg(json.dumps(spec))


def _bare(svg: str) -> str:
    """What stands within `svg`, without what only Vega's own scripts read.

    >>> _bare('<svg a="b"><g class="x" role="y"><path d="M0,0"/></g></svg>')
    '<g><path d="M0,0"/></g>'
    """
    inner = re.sub(r"^<svg[^>]*>|</svg>$", "", svg)
    inner = inner.replace('<path d="" pointer-events="none" display="none"/>', "")
    return re.sub(r' (?:class|role|pointer-events|aria-[a-z]+)="[^"]*"| opacity="1"', "", inner)
