"""Errors of cursors and windows: what is new can't be told. Pure."""

from pipeline.errors.entry import Entry, Section

WINDOWS = Section(
    "Cursor and window",
    "Yes, as soon as it is mended: nothing was published.",
    (
        Entry(
            "no-cursor-column",
            (
                "no cursor column",
                "unknown cursor column",
                "computed cursor",
                "cursor field with a dot in its name",
            ),
            "The column that is to tell what is new isn't among the columns that are read, or nothing of the table can be one.",
            "A typing error in `smart_sync_timestamp_column`; the query leaves it out or renames it; MongoDB's projection computes it.",
            "Let the query deliver it. What makes a good one: [The cursor column](choosing.md#the-cursor-column). A table without one is read whole.",
        ),
        Entry(
            "cursor-of-an-unfit-type",
            (
                "cursor column of an unfit type",
                "cursor whose stamps are cut",
                "cursor column of another type in the destination",
                "destination has no cursor column",
                "smart_sync_lookback with an integer cursor",
                "smart_sync_lookback without a unit",
                "sync_all_on_empty_table=false with an integer cursor",
            ),
            "The cursor is of a type that has no order to sync by, or of another kind in the destination; or its stamps are cut to days or hours, so that later rows get an old stamp; or a parameter doesn't fit its kind.",
            "A text, a random UUID, a boolean; a destination that was made with the stamp as STRING; a duration for an integer cursor.",
            "Use a timestamp, a date or an integer that only grows, and the same type in the destination. Stamps that are cut: take the uncut column, or a margin, or `WRITE_MERGE` with a lookback, of at least that unit. A lookback is a duration for stamps and dates, and a count for integers: [The cursor column](choosing.md#the-cursor-column).",
        ),
        Entry(
            "integer-cursor-out-of-order",
            (
                "integer cursor whose lower values may come after higher ones",
                "integer cursor whose values begin again",
                "integer cursor of writers that nobody can see",
            ),
            "Numbers of a sequence are drawn before they are committed: a lower one may come after a higher one, and would be missed for good. Here nothing shows who still writes.",
            "A sequence with CACHE or INCREMENT BY, which hands out blocks; one that begins again (CYCLE); in MongoDB and BigQuery any integer, where a run can't see as far back as `late_commit_guard` wants.",
            "Best a stamp as the cursor. Else in PostgreSQL `WRITE_MERGE` with `smart_sync_lookback=N`, a count of numbers ([Ids of Hibernate and JPA](recipes.md#ids-of-hibernate-and-jpa)), and `NO CYCLE` for the sequence; in MongoDB and BigQuery `late_commit_guard` with the longest time that a writer takes. `late_commit_guard=off` says that you know numbers to become visible in their order.",
        ),
        Entry(
            "window-by-hand",
            (
                "empty window by hand",
                "window by hand ends too late",
                "window by hand leaves rows out",
                "window by hand cuts a partition",
                "window by hand without partitions",
                "window by hand in a rebuilt table",
                "window end of another type",
                "window end out of time",
            ),
            "`sync_start` and `sync_end` can't be a window of this table: it is empty, of another type than the cursor, ends later than is safe to read, or would leave a hole behind.",
            "Ends in the wrong order; an end in the future; a gap between the watermark and `sync_start`, whose rows no later run would bring.",
            "The message names the ends that would do. A range that was read before is read again with WRITE_MERGE: [Backfill](repair.md#backfill).",
        ),
        Entry(
            "window-to-verify",
            ("empty window to verify", "window to verify is not synced yet"),
            "The window that is to be compared holds nothing, or reaches beyond what was synced.",
            "`verify_only` before the first run, or with an end after the watermark.",
            "Take an end at or before what the destination holds, which the message names; or sync first.",
        ),
        Entry(
            "materialized-view-shows-rows-late",
            ("a materialized view shows rows late",),
            "A materialized view shows a row only when it is refreshed, by then with a stamp of the past: rows would be missed.",
            "The source is a materialized view, and the cursor a column of the tables beneath.",
            "Read the tables beneath, or the whole view without smart sync.",
        ),
        Entry(
            "table-as-it-was",
            ("a table that BigQuery doesn't show as it was",),
            "A BigQuery source is read as it was at one moment, and BigQuery doesn't show it so.",
            "A view, an external table, or a moment before the table's time travel.",
            "A table that was made or altered just now: run again once it is older than `late_commit_guard`. Else read the table beneath the view: [What is refused](bigquery.md#what-is-refused).",
        ),
        Entry(
            "rows-of-the-destination-hide-rows",
            ("rows of the destination hide rows of the source",),
            "The destination holds a cursor value above all that runs have read. As the watermark it would hide the source's rows below it.",
            "Rows were put into the table by hand, by another tool, or from a source with a clock ahead.",
            "The message has the figures. Remove those rows, or read with WRITE_MERGE, which starts from the last run's end.",
            "Not before it is mended. Nothing was read.",
        ),
        Entry(
            "held-back-too-long",
            ("held back for longer than late_commit_guard_max", "the range is held back by now"),
            "A transaction that is open at the source could still commit rows into the window, and has been open for longer than `late_commit_guard_max`. Rows behind it wait.",
            "A session «idle in transaction», a forgotten `BEGIN` in a console, a prepared transaction; a `pg_dump` or a report in one long transaction too, since one that has only read so far may still write.",
            "Find and end it: `SELECT pid, xact_start, state, query FROM pg_stat_activity ORDER BY xact_start`; prepared ones: `pg_prepared_xacts`. [Late commits](smart-sync.md)",
            "Yes, once that session has ended. Nothing is lost meanwhile: the window stays where it was.",
        ),
        Entry(
            "slices-of-a-backfill",
            (
                "slices of another type",
                "slices that cut a partition",
                "too many slices",
                "a backfill of nothing",
                "a backfill of many tables",
            ),
            "The range can't be cut into slices as `backfill_by` says.",
            "`day` of an integer cursor; slices that are smaller than the destination's partitions, or more than may be run.",
            "Slices are whole partitions: [Backfill](repair.md#backfill).",
        ),
    ),
)
