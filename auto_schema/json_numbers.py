"""Which JSON texts BigQuery would refuse, or keep with another number than they hold.

BigQuery stores JSON numbers as INT64, UINT64 or FLOAT64. A number is safe when it is an
integer of 64 bits or equals the shortest text of its double; an exact one equals the text
that BigQuery prints, see `json_round_trip`. Few rows can hold another one: a vectorised
pattern finds the candidates, and only those are parsed; most texts are spared even that, see
`json_scan`. A text that PARSE_JSON refuses would end the whole publishing statement, so it is
looked for here.
"""

import json
import re
from decimal import Decimal, InvalidOperation

from auto_schema import json_round_trip, json_scan
from auto_schema.json_round_trip import is_integer
from auto_schema.kernels import Array, arrow, pc

CANDIDATE = r"(^|[:\[,\s])-?([0-9][0-9.]{14,}[1-9]|[0-9]+(\.[0-9]+)?[eE])"
"""A number with a nonzero digit in the sixteenth place or later, or with an exponent.

Up to fifteen significant digits a double always gives back; zeros at the end, as
PostgreSQL's own divisions leave them, are not significant.
"""
LONG_NUMBER = r"[0-9]{300}"
"""May be larger than any double, whatever its last digits are."""
MOST_DIGITS = 1_000
MAX_DEPTH = 500
"""https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types#json_type"""
REASON = "a JSON number with more digits than a double holds (json_numbers=text keeps it)"
EXACT_REASON = (
    "a JSON number that BigQuery would print otherwise"
    " (json_numbers=double takes what a double holds, json_numbers=text keeps it)"
)
JUDGED = ("double", "exact")
"""Values of the parameter json_numbers under which numbers are looked at."""
DEPTH_REASON = f"JSON nested deeper than {MAX_DEPTH} levels"
SURROGATE = r"\\u[dD][89a-fA-F]"
"""Half of a pair that stands for one character; type json takes it alone as well."""
SURROGATE_REASON = "JSON text with half a surrogate pair, which no UTF-8 can hold"
_ESCAPES = re.compile(r"\\(?:u([0-9a-fA-F]{4})|.)", re.DOTALL)


def refused(texts: Array, numbers: str = "double") -> dict[int, str]:
    """Index and reason of each JSON text that would be refused or stored changed.

    Args:
        texts: valid JSON, or NULL.
        numbers: the parameter json_numbers.
    """
    rows = json_scan.doubtful(texts, is_exact=numbers == "exact")
    if rows is None:
        return _judged(texts, numbers)
    if not rows:
        return {}
    reasons = _judged(texts.take(arrow.array(rows)), numbers)
    return {rows[index]: reason for index, reason in reasons.items()}


def _judged(texts: Array, numbers: str) -> dict[int, str]:
    if numbers == "exact":
        reasons = dict.fromkeys(json_round_trip.refused_rows(texts), EXACT_REASON)
    else:
        reasons = dict.fromkeys(_beyond_doubles(texts), REASON)
    for index in _where(pc.match_substring_regex(texts, SURROGATE)):
        if has_half_pair(texts[index].as_py()):
            reasons[index] = SURROGATE_REASON
    return reasons | dict.fromkeys(_too_deep(texts), DEPTH_REASON)


def _too_deep(texts: Array) -> list[int]:
    longest = pc.max(pc.binary_length(texts)).as_py() or 0
    if longest <= 2 * MAX_DEPTH:  # a bracket that opens needs one that closes
        return []
    brackets = pc.add(pc.count_substring(texts, "{"), pc.count_substring(texts, "["))
    candidates = _where(pc.greater(brackets, MAX_DEPTH))
    return [index for index in candidates if depth(texts[index].as_py()) > MAX_DEPTH]


def _beyond_doubles(texts: Array) -> list[int]:
    candidates = {*_where(pc.match_substring_regex(texts, CANDIDATE)), *_long_numbers(texts)}
    return [index for index in sorted(candidates) if not all_exact(texts[index].as_py())]


def _long_numbers(texts: Array) -> list[int]:
    long = _where(pc.greater(pc.binary_length(texts), 300))
    if not long:
        return []
    places = _where(pc.match_substring_regex(texts.take(arrow.array(long)), LONG_NUMBER))
    return [long[index] for index in places]


def _where(mask: Array) -> list[int]:
    indices: list[int] = pc.indices_nonzero(pc.fill_null(mask, False)).to_pylist()
    return indices


def all_exact(text: str) -> bool:
    """Whether every number of a JSON text survives as INT64, UINT64 or FLOAT64.

    >>> all_exact('{"a": 67.174118}'), all_exact("[0.1234567890123456789]")
    (True, False)
    """
    exact = True

    def check(number: str) -> None:
        nonlocal exact
        exact = exact and is_exact(number)

    try:
        json.loads(text, parse_float=check, parse_int=check)
    except RecursionError:
        return True  # depth is told apart
    return exact


def is_exact(number: str) -> bool:
    """Whether one JSON number keeps its value.

    >>> is_exact("18446744073709551615"), is_exact("18446744073709551617"), is_exact("1e400")
    (True, False, False)
    """
    if len(number) > MOST_DIGITS:
        return False
    if is_integer(number):
        return True
    double = float(number)
    try:
        return Decimal(number) == Decimal(repr(double))
    except InvalidOperation:  # an exponent beyond what even Decimal holds
        return False


def has_half_pair(text: str) -> bool:
    r"""Whether a high surrogate stands without a low one behind it, or a low one alone.

    >>> has_half_pair(r'"\ud83d\ude00"'), has_half_pair(r'"\ud83d"'), has_half_pair(r'"\\ud83d"')
    (False, True, False)
    """
    open_until = -1
    for match in _ESCAPES.finditer(text):
        code = int(match[1] or "0", 16)
        is_low = 0xDC00 <= code < 0xE000
        if is_low != (open_until == match.start()):
            return True
        open_until = match.end() if 0xD800 <= code < 0xDC00 else -1
        if open_until >= 0 and not text.startswith("\\u", open_until):
            return True
    return False


def depth(text: str) -> int:
    """The deepest nesting of brackets outside strings.

    >>> depth('{"a[": [[1]]}')
    3
    """
    level = deepest = 0
    in_string = escaped = False
    for character in text:
        if in_string:
            in_string = escaped or character != '"'
            escaped = character == "\\" and not escaped
        elif character == '"':
            in_string = True
        elif character in "[{":
            level += 1
            deepest = max(deepest, level)
        elif character in "]}":
            level -= 1
    return deepest
