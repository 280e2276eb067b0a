"""The promises on writers whom no look at open transactions shows."""

from tests.mutants.promises import Promise

WRITERS = "Writers that can't be seen"
P = Promise

PROMISES: tuple[Promise, ...] = (
    P(
        WRITERS,
        "A session that is only called like ours counts like any other.",
        "tests/servers/test_clock.py::test_a_session_that_is_only_called_like_ours_is_seen",
        "sources/postgresql_clock.py",
        "  AND a.pid <> pg_backend_pid()\n",
        "  AND a.pid <> pg_backend_pid() AND a.application_name NOT LIKE 'bigquery-smart-sync%'\n",
    ),
    P(
        WRITERS,
        "Readers of ours, which can write nothing, hold nobody's window.",
        "tests/servers/test_clock.py::test_a_stream_of_ours_holds_nothing",
        "sources/postgresql_clock.py",
        "  AND NOT EXISTS (SELECT FROM held r",
        "  AND NOT EXISTS (SELECT FROM held r WHERE false) AND NOT EXISTS (SELECT FROM held r",
    ),
    P(
        WRITERS,
        "A prepared transaction, whose start nothing shows, is waited for, then holds the run.",
        "tests/e2e/test_unseen_writers.py::test_a_transaction_prepared_long_after_it_began_loses_nothing",
        "smart_sync/holds.py",
        "    if clock.prepared:\n",
        "    if None:\n",
    ),
    P(
        WRITERS,
        "A session that hides its transactions is waited for until it has been idle.",
        "tests/e2e/test_unseen_writers.py::test_a_hidden_procedure_that_commits_inside_holds_the_run_back",
        "sources/postgresql_clock.py",
        "        now = {t.pid for t in open_transactions(cursor)}\n",
        "        now = {t.pid for t in open_transactions(cursor) if t in first}\n",
    ),
    P(
        WRITERS,
        "A foreign table is found behind views, among partitions and children.",
        "tests/servers/test_writers.py::test_a_foreign_table_is_found_wherever_it_stands",
        "sources/postgresql_writers.py",
        "ON i.inhparent = read.oid)",
        "ON i.inhparent = read.oid AND false)",
    ),
    P(
        WRITERS,
        "A materialized view is refused without a guard longer than its refreshes.",
        "tests/e2e/test_unseen_writers.py::test_a_materialized_view_needs_a_guard_longer_than_its_refreshes",
        "sources/postgresql_writers.py",
        'if kind == "m")',
        'if kind == "M")',
    ),
    P(
        WRITERS,
        "A function that gives out rows gets a fixed guard.",
        "tests/servers/test_writers.py::test_a_function_that_gives_out_rows_hides_what_it_reads",
        "sources/postgresql_writers.py",
        "WHERE p.proretset AND p.oid >= %(own)s",
        "WHERE NOT p.proretset AND p.oid >= %(own)s",
    ),
    P(
        WRITERS,
        "A subscription that feeds the table and doesn't run is told.",
        "tests/servers/test_writers.py::test_a_subscription_is_told_and_one_that_feeds_the_table_but_does_not_run_stops",
        "sources/postgresql_writers.py",
        "        if feeds and not (enabled and runs)\n",
        "        if feeds and not enabled\n",
    ),
    P(
        WRITERS,
        "A window by hand is held back while a writer's start can't be told.",
        "tests/e2e/test_unseen_writers.py::test_a_window_by_hand_is_held_back_while_nothing_shows_when_a_writer_began",
        "smart_sync/hand_window.py",
        "    held = safe.held_back if safe.held_back and safe.held_back.whole else None\n",
        "    held = None\n",
    ),
    P(
        WRITERS,
        "Numbers that are taken in blocks need a lookback in numbers.",
        "tests/e2e/test_unseen_writers.py::test_numbers_in_blocks_need_a_lookback_in_numbers",
        "sources/postgresql_writers.py",
        "WHERE (s.seqincrement <> 1 OR s.seqcache > 1)\n  AND c.relnamespace",
        "WHERE s.seqcache > 1\n  AND c.relnamespace",
    ),
    P(
        WRITERS,
        "A lookback in numbers reaches that many numbers back.",
        "tests/e2e/test_unseen_writers.py::test_numbers_in_blocks_need_a_lookback_in_numbers",
        "smart_sync/window.py",
        "max(watermark.value - request.lookback_numbers, LOWEST_INT64)",
        "max(watermark.value, LOWEST_INT64)",
    ),
)
