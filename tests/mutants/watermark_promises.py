"""The promises of where a window starts, and of who may fill a table."""

from tests.mutants.promises import Promise

WATERMARK = "Watermark and frontier"
P = Promise
E2E = "tests/e2e/test_frontier.py"

PROMISES: tuple[Promise, ...] = (
    P(
        WATERMARK,
        "A stamp whose time has come, or a row added by hand, hides no row of the source.",
        f"{E2E}::test_a_stamp_whose_time_has_come_hides_nothing_from_a_merge",
        "smart_sync/frontier.py",
        "        value=frontier.end,",
        "",
    ),
    P(
        WATERMARK,
        "An append that would have to double or to lose rows is refused.",
        f"{E2E}::test_an_append_names_the_rows_above_the_frontier_and_goes_on_when_they_are_gone",
        "smart_sync/frontier.py",
        "        raise _hiding_error(request, cursor, watermark, frontier)",
        "        return watermark",
    ),
    P(
        WATERMARK,
        "A table that the history doesn't speak of is taken at its MAX, and its run not refused.",
        f"{E2E}::test_a_table_that_another_tool_made_anew_is_taken_at_its_max",
        "pipeline/launch/frontier.py",
        "    since = target.made or BEGINNING",
        "    since = BEGINNING",
    ),
    P(
        WATERMARK,
        "A run whose job ended after it was said to have failed has moved the frontier.",
        f"{E2E}::test_a_run_that_published_moves_the_frontier_however_it_ended",
        "pipeline/launch/frontier.py",
        '        if job.state == "DONE" and not job.error_result:',
        "        if False:",
    ),
    P(
        WATERMARK,
        "The frontier is the highest end of a window, not the newest run's.",
        "tests/unit/test_frontier.py::test_the_frontier_is_the_highest_end_whatever_ran_last",
        "smart_sync/frontier.py",
        "        if run.end is not None and best.end is not None and is_after(run.end, best.end):",
        "        if False:",
    ),
    P(
        WATERMARK,
        "A window by hand far back does not take the watermark of the history back.",
        f"{E2E}::test_a_window_by_hand_far_back_does_not_take_the_frontier_back",
        "pipeline/publish/published.py",
        "        ends.append(plan.window.watermark)",
        "        pass",
    ),
    P(
        WATERMARK,
        "MAX of the whole column is taken for MAX only where nothing lies later than now.",
        "tests/e2e/test_requests.py::test_a_future_stamp_is_asked_for_by_itself",
        "pipeline/destination/target.py",
        "    return None if highest is None or _is_later(highest.value, now) else highest",
        "    return highest",
    ),
    P(
        WATERMARK,
        "A MAX that fell is told also after a dead run that published.",
        "tests/unit/test_frontier.py::test_a_dead_run_that_published_left_max_no_lower_than_it_was",
        "pipeline/launch/frontier.py",
        '    if left is None and row["status"] == "abandoned" and row["mode"] in KEEPING:',
        "    if False:",
    ),
    P(
        WATERMARK,
        "A MAX that fell is asked of the table itself, and told.",
        f"{E2E}::test_rows_that_were_removed_are_told_and_the_window_starts_where_the_table_ends",
        "smart_sync/frontier.py",
        "    return watermark.value is None or is_after(left, watermark.value)",
        "    return False",
    ),
    P(
        WATERMARK,
        "Shards with databases and tables of one name don't share one MAX.",
        "tests/e2e/test_two_servers.py::test_a_second_shard_is_refused_and_a_server_that_moved_is_accepted_once",
        "smart_sync/source_labels.py",
        "    if _differs(SERVER, wanted, current) and not _learns(wanted, current):",
        "    if False:",
    ),
    P(
        WATERMARK,
        "A table of an earlier version learns its server once, and refuses another from then on.",
        "tests/e2e/test_two_servers.py::test_a_table_of_an_earlier_version_learns_its_server_once",
        "smart_sync/source_labels.py",
        "LabelPlan(labels, accepts or renews, note)",
        "LabelPlan(labels, accepts, note)",
    ),
    P(
        WATERMARK,
        "Rows that no window holds are counted in every run, and stand in its report.",
        f"{E2E}::test_rows_that_no_window_holds_are_counted_in_every_run_and_in_its_report",
        "pipeline/launch/gather.py",
        "(facts.is_first or by_hand is None)",
        "facts.is_first",
    ),
    P(
        WATERMARK,
        "A window by hand from the year 1 on reads what other tools write for no date.",
        f"{E2E}::test_a_window_by_hand_from_the_year_1_on_reads_the_sentinels",
        "smart_sync/hand_window.py",
        "None if low == start else low",
        "low",
    ),
    P(
        WATERMARK,
        "A plain append that would double the rows of its source says so at the plan's head.",
        "tests/unit/test_advice.py::test_a_plain_append_into_a_table_with_rows_of_the_same_source_warns_at_the_plans_head",
        "smart_sync/advice.py",
        "        *([doubles] if doubles else []),\n",
        "",
    ),
)
