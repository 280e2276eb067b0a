"""What happens to a source between the runs of a tool; each function says what its users do.

All make a table (id, note, value, updated_at), or nearly so; stamps are past by hours, so that no
margin holds them, but where the scenario is about stamps of now.
"""

import time
from collections.abc import Callable, Mapping

from bench.losses.judge import Verdict
from bench.losses.lab import Case, Lab

STEPS = 6
"""Where a run is killed: at so many of its requests, evenly from the first to the last."""
MARGIN_S = 12
"""Until stamps of now have passed our margin of 10 s."""
Outcome = dict[str, object]


def _made(lab: Lab, case: Case, kind: str = "int", values: str = "10 * n") -> None:
    """The table with its first eight rows, a minute apart."""
    lab.source(
        f"CREATE TABLE {case.table} (id int PRIMARY KEY, note text, value {kind},"
        " updated_at timestamptz)",
        f"INSERT INTO {case.table} SELECT n, 'row ' || n, {values},"
        " timestamptz '2024-05-01 10:00:00.123456+00' + n * interval '1 minute'"
        " FROM generate_series(1, 8) AS n",
        f"ANALYZE {case.table}",
    )


def _more(lab: Lab, case: Case, ids: str, minutes: int, value: str = "77") -> None:
    """Rows of those numbers, new or changed, stamped so many minutes after the first hour."""
    lab.source(
        f"INSERT INTO {case.table} (id, note, value, updated_at)"
        f" SELECT n, 'now ' || n, {value},"
        f" timestamptz '2024-05-01 12:00:00+00' + interval '{minutes} minutes'"
        f" + n * interval '1 second' FROM unnest(ARRAY[{ids}]) AS n"
        " ON CONFLICT (id) DO UPDATE SET note = excluded.note, value = excluded.value,"
        " updated_at = excluded.updated_at"
    )


def _outcome(lab: Lab, case: Case, verdict: Verdict | None = None) -> Outcome:
    judged = verdict or lab.verdict(case)
    last = lab.runs[-1]
    return judged.told() | {
        "told": lab.tool.told(case, lab),
        "codes": [run.code for run in lab.runs],
        "said": last.said,
    }


def plain(lab: Lab, table: str) -> Outcome:
    """Rows are added and changed between two runs, each with a later stamp."""
    case = Case(table)
    _made(lab, case)
    lab.sync(case)
    _more(lab, case, "2, 9, 10", 0)
    lab.sync(case)
    return _outcome(lab, case)


def late_commit(lab: Lab, table: str) -> Outcome:
    """A transaction stamps its row with now() and commits after a run that saw later stamps."""
    case = Case(table)
    _made(lab, case)
    lab.sync(case)
    late = f"INSERT INTO {table} VALUES ({{}}, 'late', 1, now())"
    with lab.session() as first:
        first.execute(late.format(20))
        time.sleep(0.1)
        lab.source(late.format(21))
        time.sleep(MARGIN_S)
        lab.sync(case)
    lab.source(late.format(22))
    time.sleep(MARGIN_S)
    lab.sync(case)
    return _outcome(lab, case)


def equal_stamp(lab: Lab, table: str) -> Outcome:
    """A row comes after a run with the very stamp of the newest row that the run has copied."""
    case = Case(table)
    _made(lab, case)
    lab.sync(case)
    lab.source(f"INSERT INTO {table} SELECT 9, 'the same stamp', 90, max(updated_at) FROM {table}")
    lab.sync(case)
    _more(lab, case, "10", 0)
    lab.sync(case)
    return _outcome(lab, case)


def killed(lab: Lab, table: str) -> Outcome:
    """A run is killed with SIGKILL at each of its steps; rows change, and it is run twice more."""
    case = Case(table)
    _made(lab, case)
    lab.sync(case)
    _more(lab, case, "1, 9", 0)
    lab.sync(case)
    requests, total, tries = lab.count.said, Verdict(0), 0
    for step in range(STEPS):
        _more(lab, case, f"1, {20 + step}", 10 * step + 1)
        lab.sync(case, ends_at=1 + (requests - 2) * step // (STEPS - 1))
        _more(lab, case, f"2, {40 + step}", 10 * step + 5)
        tries += lab.sync_to_the_end(case)
        lab.sync(case)  # some end what was begun first, and read anew in the run after it
        total = total.with_more(lab.verdict(case))
    return _outcome(lab, case, total) | {"requests": requests, "tries": tries}


def deleted(lab: Lab, table: str) -> Outcome:
    """Rows are deleted, and one is added."""
    case = Case(table, deletes=True)
    _made(lab, case)
    lab.sync(case)
    lab.source(f"DELETE FROM {table} WHERE id IN (3, 4)")
    _more(lab, case, "9", 0)
    lab.sync(case)
    return _outcome(lab, case)


def wider(lab: Lab, table: str) -> Outcome:
    """An integer column becomes a bigint, and a number comes that an integer can't hold."""
    case = Case(table)
    _made(lab, case)
    lab.sync(case)
    lab.source(f"ALTER TABLE {table} ALTER value TYPE bigint")
    _more(lab, case, "2, 9", 0, "9007199254740993")
    lab.sync(case)
    return _outcome(lab, case)


def other_type(lab: Lab, table: str) -> Outcome:
    """An integer column becomes a text, and a word comes."""
    case = Case(table)
    _made(lab, case)
    lab.sync(case)
    lab.source(f"ALTER TABLE {table} ALTER value TYPE text USING value::text")
    _more(lab, case, "2, 9", 0, "'many'")
    lab.sync(case)
    return _outcome(lab, case)


def renamed(lab: Lab, table: str) -> Outcome:
    """A column gets another name, and every row is touched."""
    case = Case(table)
    _made(lab, case)
    lab.sync(case)
    lab.source(
        f"ALTER TABLE {table} RENAME note TO remark",
        f"UPDATE {table} SET updated_at = updated_at + interval '2 hours'",
    )
    lab.sync(case)
    return _outcome(lab, case)


def swapped(lab: Lab, table: str) -> Outcome:
    """Two columns change their names with each other, and every row is touched."""
    case = Case(table)
    lab.source(
        f"CREATE TABLE {table} (id int PRIMARY KEY, net int, gross int, updated_at timestamptz)",
        f"INSERT INTO {table} SELECT n, n, 100 * n,"
        " timestamptz '2024-05-01 10:00:00+00' + n * interval '1 minute'"
        " FROM generate_series(1, 8) AS n",
    )
    lab.sync(case)
    lab.source(
        f"ALTER TABLE {table} RENAME net TO held; ALTER TABLE {table} RENAME gross TO net;"
        f" ALTER TABLE {table} RENAME held TO gross",
        f"UPDATE {table} SET updated_at = updated_at + interval '2 hours'",
    )
    lab.sync(case)
    return _outcome(lab, case)


def null_key(lab: Lab, table: str) -> Outcome:
    """Rows are merged by a unique column that two of them lack; both are touched between runs."""
    case = Case(table, key="code")
    lab.source(
        f"CREATE TABLE {table} (code text UNIQUE, note text, value int, updated_at timestamptz)",
        f"INSERT INTO {table} SELECT CASE WHEN n > 2 THEN 'c' || n END, 'row ' || n, n,"
        " timestamptz '2024-05-01 10:00:00+00' + n * interval '1 minute'"
        " FROM generate_series(1, 6) AS n",
    )
    lab.sync(case)
    lab.source(
        f"UPDATE {table} SET value = value + 100, updated_at = updated_at + interval '2 hours'"
        " WHERE code IS NULL"
    )
    lab.sync(case)
    return _outcome(lab, case)


def null_cursor(lab: Lab, table: str) -> Outcome:
    """A row has no stamp, and so has one that is added later."""
    case = Case(table)
    _made(lab, case)
    lab.source(f"INSERT INTO {table} VALUES (9, 'never stamped', 90, NULL)")
    lab.sync(case)
    lab.source(f"INSERT INTO {table} VALUES (10, 'never stamped', 100, NULL)")
    _more(lab, case, "11", 0)
    lab.sync(case)
    return _outcome(lab, case)


def of_value(kind: str, usual: str, hard: str, does: str) -> Callable[[Lab, str], Outcome]:
    """A scenario of one value: eight usual rows are copied, then one comes that holds it."""

    def scenario(lab: Lab, table: str) -> Outcome:
        case = Case(table)
        _made(lab, case, kind, usual)
        lab.sync(case)
        _more(lab, case, "9", 0, hard)
        _more(lab, case, "10", 1, usual)
        lab.sync(case)
        return _outcome(lab, case)

    scenario.__doc__ = does
    return scenario


DAY = "date '2024-01-01' + n"
SCENARIOS: Mapping[str, Callable[[Lab, str], Outcome]] = {
    "plain": plain,
    "late_commit": late_commit,
    "equal_stamp": equal_stamp,
    "killed": killed,
    "deleted": deleted,
    "wider": wider,
    "other_type": other_type,
    "renamed": renamed,
    "swapped": swapped,
    "null_key": null_key,
    "null_cursor": null_cursor,
    "poison": of_value(
        "date", DAY, "date '15000-01-01'", "A row comes with a date in the year 15000."
    ),
    "infinite": of_value("date", DAY, "date 'infinity'", "A row comes whose date is infinity."),
    "forever": of_value(
        "timestamptz",
        "timestamptz '2024-01-01 00:00:00+00' + n * interval '1 day'",
        "timestamptz 'infinity'",
        "A row comes whose timestamptz is infinity.",
    ),
    "not_a_number": of_value(
        "numeric(12, 2)", "n + 0.25", "numeric 'NaN'", "A row comes whose numeric(12, 2) is NaN."
    ),
    "digits": of_value(
        "numeric",
        "n + 0.25",
        "numeric '12345678901234567890.12345678901234567891'",
        "A numeric without declared digits gets 20 digits before the point and 20 behind it.",
    ),
    "texts": of_value(
        "text",
        "'word ' || n",
        "E'a \"quoted\", one\\n\\\\N\\ttwo'",
        "A text has quotes, a comma, a line's end, a tab and \\N in it.",
    ),
    "empty_text": of_value("text", "'word ' || n", "''", "A text is empty, which is not NULL."),
}
