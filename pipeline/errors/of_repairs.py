"""Errors of deletes, replays, rollbacks and backfills. Pure."""

from pipeline.errors.entry import Entry, Section

REPAIRS = Section(
    "Deletes, replay, undo, backfill",
    "Yes, as soon as it is mended: the table is as it was.",
    (
        Entry(
            "too-many-deletes",
            (
                "too many rows would be deleted",
                "every row would be deleted",
                "more keys than a run deletes",
            ),
            "More rows are missing at the source than may be deleted unseen. None was, and nothing of the run was published.",
            "The source is another one, is empty, is being restored, or its query leaves rows out; or so many were really deleted.",
            "Look first: some of the keys stand in the message, as hashes unless `show_values=true`. If they are to go, run once with a higher `max_deleted_percent`: [Keys that are missing](deletes.md#keys-that-are-missing).",
            "Only after you have looked: the same question would have the same answer.",
        ),
        Entry(
            "keys-in-several-rows",
            ("keys in several rows of the destination",),
            "The destination has more rows than the source, as it holds keys more than once: nothing shows how many are missing at the source. Nothing was removed or published.",
            "Rows that were inserted by hand, or twice: out of a backup or a snapshot, or by another tool. With `WRITE_HISTORY`: several open versions of a key.",
            "Leave one row of each key, by the query that the message gives; or load the table anew.",
        ),
        Entry(
            "unknown-run",
            (
                "an unknown run",
                "a run of another table",
                "a run without dead letters",
                "nothing to undo",
                "no run to undo up to",
            ),
            "The run that is named isn't in the history of this table, or has nothing that could be undone or replayed.",
            "A run id of another table or environment; a run that published nothing, or whose letters were replayed already.",
            "`smart-sync status`, or [questions to the history](history.md#questions), show the runs.",
        ),
        Entry(
            "replay-refused",
            (
                "letters of a run that has not published",
                "letters of rows that are not whole",
                "rows that may be in the table already",
                "dead letters have changed",
                "dead letters in another location",
                "no table to replay into",
                "a replay of many tables",
                "a replay into a table of which rows are removed",
            ),
            "These dead letters can't be published so that no row is lost, doubled or made older.",
            "The run itself failed, so that a sync brings its rows anyway; letters that hold only a part of their row; a table without merge keys.",
            "[Replay](repair.md#replay) says which letters can be replayed, and what else there is.",
        ),
        Entry(
            "later-runs-would-be-undone",
            ("later runs would be undone, too", "rows of others would be lost"),
            "Since the run that is to be undone, other runs or other writers have changed the table. A restored table would lack their rows.",
            "The schedule went on; somebody wrote into the table by hand.",
            "Pause the schedule. The message says how to undo the later runs, too; their rows are read again by the next sync. Rows of others have to be kept elsewhere first.",
        ),
        Entry(
            "nothing-to-restore",
            (
                "nothing to restore",
                "the table to restore is gone",
                "the table had another layout",
                "the run made the table",
                "a rollback of many tables",
            ),
            "The table as it was before the run isn't there any more, or can't take the place of today's.",
            "Time travel goes back seven days, and no snapshot was kept (`keep_snapshots`); the table was dropped and made anew since.",
            "[Undo](repair.md#undo) by snapshots needs `keep_snapshots=true` before the bad run. Else load anew, or bring the range again: [Backfill](repair.md#backfill).",
        ),
        Entry(
            "restored-with-a-fault",
            (
                "the table is restored, and not all is told",
                "the table is restored, and BigQuery refused what was to come after it",
                "the table was restored, and is another run's by now",
                "the restored table is not what its snapshot is",
            ),
            "The table was restored, and something after that did not work, or its rows aren't those of the snapshot.",
            "BigQuery refused or did not answer at that moment; another run took the table.",
            "Read the message: it says what is done and what is not.",
            "Yes: the next launch of the rollback says if something is left to do.",
        ),
        Entry(
            "slices-not-done",
            ("… of … slices are not done", "slices that were done are not any more"),
            "Of a backfill some slices failed, or the table no longer holds what earlier ones brought. Slices that are done are in the table, each whole.",
            "The faults stand above, one for each slice; the table was restored, dropped or truncated meanwhile.",
            "Mend the fault, and start the same backfill again.",
            "Yes: it goes on with the slices that are not done.",
        ),
    ),
)
