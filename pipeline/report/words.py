"""Numbers, times and texts as the page writes them. Pure."""

import html
import re
from datetime import date, datetime
from typing import Any

LONGEST = 600
"""Characters of a text of the history."""
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_THOUSANDS = ("", " k", " M", " G", " T", " P")


def text(value: Any) -> str:
    r"""Text for HTML, whatever stands in it; a long one is cut.

    >>> text("</script><b>\x07"), len(text("x" * 1000))
    ('&lt;/script&gt;&lt;b&gt;�', 600)
    """
    told = str(value)
    cut = told if len(told) <= LONGEST else f"{told[: LONGEST - 1]}…"
    return html.escape(_UNPRINTABLE.sub("�", cut))


def number(value: float) -> str:
    """A count.

    >>> number(0), number(12345.0)
    ('0', '12,345')
    """
    return f"{value:,.0f}"


def short(value: float) -> str:
    """A count of three digits.

    >>> [short(one) for one in (0, 999, 1_234, 99_999, 1_500_000_000)]
    ['0', '999', '1.23 k', '100 k', '1.5 G']
    """
    for unit in _THOUSANDS:
        if abs(value) < 999.5 or unit == _THOUSANDS[-1]:
            return f"{float(f'{value:.3g}'):g}{unit}"
        value /= 1000
    raise AssertionError(value)


def size(value: float) -> str:
    """Bytes.

    >>> size(0), size(1_230_000)
    ('0 B', '1.23 MB')
    """
    told = short(value)
    return f"{told}B" if " " in told else f"{told} B"


def span(seconds: float) -> str:
    """A duration in one unit or two.

    >>> [span(one) for one in (0, 0.42, 9.5, 75, 7_260, 200_000)]
    ['0 s', '0.4 s', '9.5 s', '1 min 15 s', '2 h 1 min', '2 d 7 h']
    """
    if not seconds:
        return "0 s"
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 9.95 else f"{seconds:.0f} s"
    for large, small, names in ((86_400, 3_600, "d h"), (3_600, 60, "h min"), (60, 1, "min s")):
        if seconds >= large:
            whole, rest = divmod(int(seconds), large)
            one, other = names.split()
            return f"{whole} {one}" + (f" {rest // small} {other}" if rest // small else "")
    raise AssertionError(seconds)


def brief(seconds: float) -> str:
    """A duration in one unit.

    >>> [brief(one) for one in (0, 0.42, 75, 7_260, 200_000)]
    ['0 s', '0.4 s', '1.2 min', '2 h', '2.3 d']
    """
    units = ((86_400, "d"), (3_600, "h"), (60, "min"))
    length, name = next(((length, name) for length, name in units if seconds >= length), (1, "s"))
    return f"{float(f'{seconds / length:.1f}'):g} {name}"


def dollars(value: float) -> str:
    """An amount.

    >>> dollars(0), dollars(0.000055), dollars(0.0042), dollars(0.9)
    ('$0', '≤$0.0001', '$0.0042', '$0.90')
    """
    if value >= 0.1:
        return f"${value:,.2f}"
    return "≤$0.0001" if 0 < value < 0.0001 else f"${float(f'{value:.2g}'):g}"


def day(value: date) -> str:
    """A day.

    >>> day(date(2026, 3, 1))
    '1 Mar 2026'
    """
    return f"{value.day} {value:%b %Y}"


def short_day(value: date) -> str:
    """A day of a year that is known.

    >>> short_day(date(2026, 3, 1))
    '1 Mar'
    """
    return f"{value.day} {value:%b}"


def moment(value: datetime) -> str:
    """A time in UTC, to the minute, as `<time>`."""
    return f'<time datetime="{value:%Y-%m-%dT%H:%MZ}">{day(value)} {value:%H:%M}</time>'


def several(count: float, one: str, many: str = "") -> str:
    """A count and its noun.

    >>> several(1, "run"), several(2, "run"), several(0, "dead letter")
    ('1 run', '2 runs', '0 dead letters')
    """
    return f"{number(count)} {one if count == 1 else many or one + 's'}"
