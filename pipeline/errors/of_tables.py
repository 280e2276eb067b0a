"""Errors of many tables in one launch. Pure."""

from pipeline.errors.entry import Entry, Section

TABLES = Section(
    "Many tables",
    "Yes, as soon as it is mended: nothing was read, locked or written.",
    (
        Entry(
            "some-tables-failed",
            ("… of … failed",),
            "Of the tables of one launch some failed. Each table ends by itself: the others are published.",
            "The fault of each stands in the report above, with its own entry here.",
            "Mend it, then launch only those again with `retry_failed`: [Once more, only what failed](tables.md#once-more-only-what-failed).",
            "Yes: tables that are done find nothing new.",
        ),
        Entry(
            "file-of-tables",
            (
                "a file without tables",
                "tables are a mapping",
                "tables within parameters",
                "tables told twice",
                "a key of the launch",
                "a parameter at the top",
                "a parameter of many tables",
                "parameters of the launch in its file of tables",
                "one query for many tables",
            ),
            "The file that names the tables isn't of its form, or a parameter stands where it can't hold: what is one for the whole launch belongs to the launch, what differs by table to the table.",
            "A file for one table, given as `tables`; a parameter moved one level up or down.",
            "[The file](tables.md#the-file)",
        ),
        Entry(
            "pattern-matches-nothing",
            (
                "a pattern that matches nothing",
                "an exclusion that excludes nothing",
                "a word that selects nothing",
                "a new table is left alone",
            ),
            "A pattern, exclusion or selection of the file of tables means no table of the source, or `new_tables: ignore` leaves a table alone that no destination holds yet.",
            "A typing error; a table that was dropped or renamed; a role that doesn't see the schema.",
            "The message names the nearest table. `smart-sync plan` shows which pattern takes which table.",
        ),
        Entry(
            "table-not-readable",
            ("a table that the role may not read",),
            "A pattern of the file of tables means a table whose rows earlier runs have read, and the role has no right to read it any more. Other tables of the launch go on.",
            "A table that was dropped and made again loses its grants; a migration, or an administrator, took them back; a column was given a right of its own.",
            "`GRANT SELECT ON` it (and `USAGE ON SCHEMA`) to the role; `ALTER DEFAULT PRIVILEGES` grants it on tables to come. If it isn't to be synced any more, name it in `exclude`. [The file](tables.md#the-file)",
        ),
        Entry(
            "two-for-one",
            (
                "two patterns of equal weight",
                "two tables of one name",
                "two tables, one destination",
                "a destination that is taken",
            ),
            "Two entries of the file claim one table, or two tables would be written into one destination.",
            "Patterns that overlap with equally long beginnings; tables of one name in two schemas.",
            "Name the table itself: an exact name beats a pattern. Let destinations have the schema in their names (`{schema}_{table}`).",
        ),
        Entry(
            "unknown-placeholder",
            ("unknown placeholder",),
            "The pattern of a name has a placeholder that isn't known.",
            "A typing error, or a brace that is meant as itself.",
            "The placeholders are in the message.",
        ),
        Entry(
            "cursor-column-gone",
            ("a cursor column that is gone",),
            "`without_cursor: replace` would replace all rows of a table that had the cursor column once: its destination has it still. What earlier runs have brought and the source no longer has would go.",
            "The column was renamed or dropped in the source; of MongoDB the sample of documents shows none with that field.",
            "Name the column as it is called now in an entry of the table's own, with `field_mappings` to its old name. Is the table really to be replaced each time: say so in an entry of its own, `enable_smart_sync: false` and `write_disposition: WRITE_TRUNCATE`. [The file](tables.md#the-file)",
        ),
        Entry(
            "too-many-tables",
            ("too many tables",),
            "More tables are chosen than one launch takes.",
            "A pattern such as `*` over a large database.",
            "Choose fewer by patterns or tags, in several launches: [Many tables](tables.md).",
        ),
        Entry(
            "launch-to-retry",
            ("an unknown launch", "a launch of other tables", "a launch of another kind"),
            "The launch whose failed tables are to be run again isn't in the history, or was one of other tables or of another kind.",
            "An id of another environment; a file of tables that has changed since.",
            "[Once more, only what failed](tables.md#once-more-only-what-failed)",
        ),
    ),
)
