"""What must be true of every run, however it ends; and what an operator then does."""

import re
from collections.abc import Mapping

from tests.hunt.bench import Ran
from tests.hunt.case import Verdict
from tests.hunt.contents import CANARY
from tests.hunt.missing import UNASKED
from tests.hunt.parameters import SECRET

DOCUMENTED = {0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 130, 143}
INTERRUPTED = 130
BY_RETRYING = {6, INTERRUPTED}
ADVISED = (
    "delete_existing_table", "accept_source_change", "stale_columns", "late_commit_guard",
    "smart_sync_lookback", "json_numbers", "source_timezone", "max_dead_letters",
)  # fmt: skip
"""Parameters that an operator sets when a message says so."""


def judge_run(verdict: Verdict, ran: Ran, *, interrupted: bool) -> None:
    """Exit code, message, and that nothing stands in the log that mustn't."""
    verdict.runs += 1
    verdict.codes[ran.code] += 1
    last = [line for line in ran.text.splitlines() if line.strip()][-1:]
    if ran.hung:
        verdict.fault("hangs", str(last))
    elif ran.code == 70 or ran.code not in DOCUMENTED:
        kind = "exit 70 on Ctrl-C" if interrupted else "exit 70"
        verdict.fault(kind, f"exit {ran.code}: {last[0][:600] if last else ''}")
    elif ran.code and "To mend:" not in ran.text:
        verdict.fault("no mend", f"exit {ran.code}: {last}")
    elif "Traceback (most recent call last)" in ran.text:
        verdict.fault("traceback", f"exit {ran.code}: {ran.text[-600:]}")
    if SECRET in ran.text:
        verdict.fault("secret told", _around(ran.text, SECRET))
    if CANARY in ran.text:
        verdict.fault("row value told", _around(ran.text, CANARY))


def _around(text: str, word: str) -> str:
    at = text.index(word)
    return " ".join(text[max(0, at - 200) : at + 60].split())


def mends(ran: Ran, words: Mapping[str, str]) -> dict[str, str]:
    """Parameters that the message advises and that the run doesn't have yet."""
    if ran.code == 7:
        return {"max_dead_letters": "100000"} if words["max_dead_letters"] != "100000" else {}
    if ran.code == 2 and "the source doesn't deliver" in ran.text:
        return {"transformation_config": "{}"}  # a column is gone that it names
    advice = " ".join(ran.text.split("To mend:")[1:])  # of several faults each says its own
    given = re.findall(r"\b([a-z_]+)=([A-Za-z0-9_]+)", advice)
    mended = {n: v for n, v in given if n in ADVISED and words.get(n) != v}
    if "delete_existing_table" in mended:  # beside which nothing is compared
        mended |= {name: UNASKED[name] for name in UNASKED if name in words}
    return mended
