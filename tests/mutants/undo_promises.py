"""The promises of runs that are undone: what is restored, and what counts no more."""

from tests.mutants.promises import Promise

UNDO = "Undo"
P = Promise
E2E = "tests/e2e/test_rollback.py::test_"
OF_SETTINGS = "tests/e2e/test_rollback_of_settings.py::test_"
REFUSED = "tests/e2e/test_rollback_refused.py::test_"
KILLED = "tests/e2e/test_rollback_killed.py::test_"
KEPT = "tests/e2e/test_snapshots.py::test_"
TRAVEL = "tests/e2e/test_rollback_time_travel.py::test_"
ASKED = "tests/googlesql/test_history_questions.py::test_a_run_that_was_rolled_back_counts_no_more"
SETTINGS = f"{OF_SETTINGS}what_is_said_of_the_table_and_its_columns_stays"

PROMISES: tuple[Promise, ...] = (
    P(
        UNDO,
        "A run that was asked to keep the table as it was publishes nothing without that.",
        f"{KEPT}without_a_snapshot_that_was_asked_for_nothing_is_published",
        "pipeline/publish/publisher.py",
        "            take_snapshot(self.client, self.plan, table, expires, check, key=snapshot.key)\n",
        "",
    ),
    P(
        UNDO,
        "A snapshot is kept for as long as was asked for.",
        f"{KEPT}the_table_before_the_run_is_kept_for_so_long",
        "pipeline/destination/snapshots.py",
        '        config.destination_expiration_time = expires.strftime("%Y-%m-%dT%H:%M:%SZ")\n',
        "",
    ),
    P(
        UNDO,
        "Later runs are undone only when the operator has named the newest of them.",
        f"{E2E}a_run_with_others_behind_it_is_undone_with_them_or_not_at_all",
        "smart_sync/rollback.py",
        "    if not later:\n        return None\n",
        "    return None\n",
    ),
    P(
        UNDO,
        "A run whose rows were undone is undone in the history, too.",
        f"{E2E}an_append_is_undone_and_its_rows_come_again",
        "pipeline/runs/rollback_end.py",
        '    mark_undone(client, history, undone, run["run_id"], at)\n',
        "",
    ),
    P(
        UNDO,
        "Columns that an undone run wrote are not taken as written.",
        ASKED,
        "pipeline/runs/past_runs.py",
        'QUALIFY runs.seq = {NEWEST_SEQ}"',
        'QUALIFY runs.seq <= {NEWEST_SEQ} AND runs.seq = {FINAL}"',
    ),
    P(
        UNDO,
        "Rows that an undone run read are not compared with.",
        ASKED,
        "pipeline/runs/past_runs.py",
        "QUALIFY {NEWEST_SEQ} = {FINAL}",
        "QUALIFY runs.seq = {FINAL}",
    ),
    P(
        UNDO,
        "After a rollback the next run asks all of the history, and takes no undone window as read.",
        f"{E2E}no_undone_window_is_taken_as_read",
        "pipeline/runs/rollback_end.py",
        '        "frontier": carrying_nothing(lock.clock.now()),\n',
        '        "frontier": None,\n',
    ),
    P(
        UNDO,
        "Labels, description, expiry and the need of a filter are what they were.",
        SETTINGS,
        "pipeline/destination/settings.py",
        "    changed = [name for name in OF_TABLE if",
        "    changed = [name for name in OF_TABLE[5:] if",
    ),
    P(
        UNDO,
        "What columns are described as stays.",
        SETTINGS,
        "pipeline/destination/settings.py",
        "    if described != fields:\n",
        "    if False:\n",
    ),
    P(
        UNDO,
        "A restored table that is not what its snapshot is is told, with exit code 8.",
        f"{REFUSED}a_table_that_is_not_what_its_snapshot_is_is_told",
        "pipeline/runs/rollback_end.py",
        "    differs = sums is not None and sums[0] != sums[1]",
        "    differs = False",
    ),
    P(
        UNDO,
        "A rollback that died after it had restored the table is brought to its end by the next run.",
        f"{KILLED}the_next_sync_goes_on_from_what_the_table_is",
        "pipeline/runs/settle.py",
        '        if job is None or run.get("mode") != ROLLBACK:\n',
        "        if True:\n",
    ),
    P(
        UNDO,
        "A killed rollback that is launched again is done once.",
        f"{KILLED}doing_it_again_is_doing_it_once",
        "pipeline/launch/rollback.py",
        "        settler.settle(unfinished)\n",
        "",
    ),
    P(
        UNDO,
        "Time travel goes to just before the run's job, and not to its end.",
        f"{TRAVEL}the_table_is_what_it_was_before_the_run_and_the_next_sync_goes_on",
        "pipeline/launch/rows_of_others.py",
        "    return min((one.created for one in (job, altered) if one is not None), default=None)",
        "    return job.ended",
    ),
    P(
        UNDO,
        "Rows that others have added since are not thrown away.",
        f"{TRAVEL}what_others_added_between_undone_runs_or_since_is_not_thrown_away",
        "pipeline/launch/rows_of_others.py",
        "    if now > then:\n",
        "    if False:\n",
    ),
    P(
        UNDO,
        "Rows that others have added between runs that are undone are not thrown away.",
        f"{TRAVEL}what_others_added_between_undone_runs_or_since_is_not_thrown_away",
        "pipeline/launch/rows_of_others.py",
        "        if has > had:\n",
        "        if False:\n",
    ),
    P(
        UNDO,
        "What no longer can be looked back to is told before anything is written.",
        f"{REFUSED}what_no_longer_can_be_looked_back_to_is_told_before_anything_is_written",
        "pipeline/launch/rollback_facts.py",
        "        before = _rows_then(client, request, undoing, as_of, field, now)\n",
        "        before = None\n",
    ),
    P(
        UNDO,
        "A table with another layout is not restored in place.",
        f"{OF_SETTINGS}a_table_with_another_layout_is_not_restored",
        "pipeline/launch/rollback_facts.py",
        "        check_layout(table, snapshot, kept)\n",
        "        pass\n",
    ),
    P(
        UNDO,
        "An undone window that no sync reads again from its beginning is named.",
        f"{E2E}a_window_that_began_below_the_watermark_is_named",
        "smart_sync/rollback.py",
        "    if partly:\n",
        "    if False:\n",
    ),
    P(
        UNDO,
        "A rollback that slept judges nothing of a table that another run has by then.",
        f"{KILLED}a_rollback_that_slept_tells_nothing_of_a_table_that_others_have_by_now",
        "pipeline/runs/rollback_end.py",
        "    refusals = list[TargetError]()\n    lock.check()\n",
        "    refusals = list[TargetError]()\n",
    ),
    P(
        UNDO,
        "A filter that the snapshot needs, and the table no more, is in the proof.",
        f"{OF_SETTINGS}a_filter_that_was_needed_then_or_is_now_keeps_nothing_from_being_proven",
        "pipeline/launch/rollback_facts.py",
        "    for table in filter(None, tables):\n",
        "    for table in (one for one in tables[:1] if one and one.require_partition_filter):\n",
    ),
    P(
        UNDO,
        "What BigQuery never takes once a table is restored keeps no later run from it.",
        f"{REFUSED}what_bigquery_never_takes_after_the_table_was_restored_keeps_no_sync_waiting",
        "pipeline/runs/rollback_end.py",
        "(NotFound, BadRequest)):\n            raise",
        "NotFound):\n            raise",
    ),
    P(
        UNDO,
        "What a failed run has staged, and nobody goes on with any more, is cleared.",
        "tests/e2e/test_resume_again.py::test_what_a_failed_run_staged_goes_when_runs_before_it_are_undone",
        "pipeline/launch/rollback.py",
        "        _clear_staged(settler, newest)\n    return _told",
        "    return _told",
    ),
    P(
        UNDO,
        "The newest event of a table that was restored is the rollback's own.",
        f"{E2E}the_newest_event_is_the_rollbacks_own",
        "pipeline/runs/rollback_end.py",
        '        "event_time": at + TICK,',
        '        "event_time": at,',
    ),
    P(
        UNDO,
        "What a snapshot or a rollback writes is encrypted by the key of its table.",
        "tests/e2e/test_rollback_of_encrypted.py"
        "::test_snapshot_and_restored_table_are_encrypted_as_the_table_is",
        "pipeline/destination/snapshots.py",
        "    if not key:\n        return {}\n",
        "    if key:\n        return {}\n",
    ),
)
