"""Errors of runs: locks, limits, dead letters, ends that nobody knows. Pure."""

from pipeline.errors.entry import Entry, Section

RUNS = Section(
    "Runs",
    "Yes.",
    (
        Entry(
            "lock-lost",
            ("lock lost",),
            "Another run holds the destination's table, or has taken it over.",
            "The run before has not ended, a schedule fires faster than a run takes, or two schedules"
            " feed one table. A run that died keeps the lock until its lease ends, which the message"
            " tells.",
            "Wait for the other run, or for the end of the lease. `smart-sync status` shows what"
            " works on the table.",
            "Yes, when the other has ended: it would end at once with the same code until then.",
        ),
        Entry(
            "too-many-dead-letters",
            ("too many dead letters",),
            "More rows can't be brought into the table's columns than `max_dead_letters` allows. None"
            " of the run's rows was published; the letters are kept.",
            "Values that the destination's types can't hold, or rows that fail a check which"
            " quarantines.",
            "Look at them: `SELECT column, value, reason, COUNT(*) FROM …_dead_letters GROUP BY ALL`."
            " Mend the cause at the source, with a cast or a transformation; or allow so many with"
            " `max_dead_letters` and replay them later: [Replay](repair.md#replay).",
        ),
    ),
)
