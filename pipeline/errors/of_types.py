"""Errors of columns, names and types: source and destination don't fit. Pure."""

from pipeline.errors.entry import Entry, Section

TYPES = Section(
    "Columns and types",
    "Yes, as soon as it is mended: it was found before anything was published.",
    (
        Entry(
            "destination-does-not-fit",
            (
                "destination doesn't fit the source",
                "a column of another type",
                "values would change with their column's type",
            ),
            "Columns of the destination can't take what the source now brings: another type, a mode that BigQuery doesn't change.",
            "The source's table was altered; the destination was made by hand or by another tool.",
            "The message names each column with both types. `schema_evolution` says what may be altered: [Columns that change](schema-evolution.md). Else cast the column in the query, or load into a new table.",
        ),
        Entry(
            "destination-lacks-columns",
            (
                "destination lacks columns",
                "a column that the table doesn't have",
                "a column that must be there isn't",
                "batches have different columns",
            ),
            "The source brings columns that the destination doesn't have, or the destination requires one that isn't brought.",
            "A column was added at the source, and `enable_auto_schema` is false; a REQUIRED column that the query leaves out.",
            "Set `enable_auto_schema=true`, add the column by the statement that the message has, or leave it out by `exclude_fields`.",
        ),
        Entry(
            "type-without-a-mapping",
            ("type without a mapping", "type without a match", "nothing to make columns of"),
            "A column has a type of which no form in BigQuery is agreed; or nothing tells the types, since there is no row to see them by. It is refused rather than guessed.",
            "An extension's type, one of your own, a BigQuery type that a load can't write; an empty collection.",
            "Cast it in the query to a type of [the list](type-mapping.md), or leave it out; for PostgreSQL `unknown_types=text` takes its text.",
        ),
        Entry(
            "values-would-be-rounded",
            (
                "values would be rounded",
                "a column of fewer digits",
                "a value that BigQuery can't hold",
            ),
            "Values of the source are more than the destination's column holds: numbers with more digits, stamps outside of BigQuery's years. Published they would be other values.",
            "A column NUMERIC that gets values of more than 9 digits behind the point; a formula of `transform_sql`.",
            "Make the column BIGNUMERIC or STRING, or round in the query yourself, so that it is your word.",
        ),
        Entry(
            "values-that-cannot-be-trusted",
            ("values that can't be trusted", "… can't compare these texts"),
            "Texts of this database can't be told apart, or read, as BigQuery would: equal there is not equal here.",
            "A database in an encoding that the server doesn't check; a collation by which different texts are equal, where keys or hashes are compared.",
            'Cast the column to one with a plain collation (`COLLATE "C"`), or leave the comparison out.',
        ),
        Entry(
            "column-names",
            (
                "column names that BigQuery refuses",
                "column name that BigQuery refuses",
                "a column without a name",
                "two columns with one name",
                "a name that no destination may have",
            ),
            "BigQuery doesn't take a name, or two names differ in case only.",
            "Blanks, dots or signs in a name, more than 300 characters, prefixes such as `_TABLE_`; an expression without an alias.",
            "`rename_columns=auto` finds legal names, the same in each run; or give your own by `field_mappings`, which the message has ready.",
        ),
        Entry(
            "name-of-ours",
            (
                "a column of the source has a name of ours",
                "a column of the destination has a name of ours",
                "a merge key of ours",
                "columns that WRITE_HISTORY writes itself",
            ),
            "A column has a name that the sync writes itself (`sync_run_id`, `_sync_deleted_at`, `_sync_valid_from` …). Whose it is could not be told later.",
            "The source is itself the destination of a sync; a column of your own under such a name.",
            "Leave it out by `exclude_fields`, or give it another name by `field_mappings`.",
        ),
        Entry(
            "merge-key",
            (
                "unknown merge key",
                "merge key of an unfit type",
                "merge key with a collation",
                "no primary key",
            ),
            "A column of `merge_keys` isn't there, or can't tell rows apart; or a table of a launch of many has no key to merge by.",
            "A typing error; a float, JSON or an array; texts that differ in case but are equal to the destination.",
            "Use the source's primary key, or a unique column that is NOT NULL: [The merge keys](choosing.md#the-merge-keys).",
        ),
        Entry(
            "partition-or-cluster-column",
            (
                "unknown partition column",
                "partition column is changed",
                "partition column of an unfit type",
                "partition_type=HOUR on a DATE",
                "unknown clustering column",
                "clustering column of an unfit type",
            ),
            "The table can't be partitioned or clustered by the column that was given.",
            "A typing error; the column is left out, masked or cast to another type; BigQuery has no partitions of this type.",
            "[Partitions and clusters](choosing.md#partitions-and-clusters)",
        ),
        Entry(
            "too-many-columns-or-partitions",
            ("too many columns", "too many partitions"),
            "A table of BigQuery holds 10,000 columns at the most, and a job changes 4,000 partitions, a table 10,000.",
            "Documents with ever new fields; a first run over many years in partitions of a day or an hour.",
            "Leave fields in `_extra`, or take larger partitions (`partition_type=MONTH`); or bring the years in slices: [Backfill](repair.md#backfill).",
        ),
        Entry(
            "rows-removed-at-once",
            ("rows that the destination would remove at once",),
            "The run would make a table in a dataset that removes partitions by their date, and has rows of older dates: BigQuery would take them, and remove them at once without a word.",
            "`default_partition_expiration_days` of the dataset; a dataset of BigQuery's sandbox, which has 60 days.",
            "The message gives the statement for the dataset. Or leave old rows out, or make the table beforehand: of one that is there the plan only warns, since it has its lifetime of somebody who wanted it. [Partitions](choosing.md#partitions-and-clusters)",
        ),
        Entry(
            "column-of-earlier-runs",
            (
                "a column that earlier runs wrote is brought no more",
                "a column whose values are newly masked or excluded",
            ),
            "A column that this sync wrote before is now left out, masked or gone. What becomes of the old values in rows that a run doesn't touch is yours to say.",
            "`exclude_fields` or `mask` was changed; the source dropped or renamed the column.",
            "`stale_columns=keep` leaves them, `null` clears them; the message has the statement that clears them at once.",
        ),
        Entry(
            "versions-of-rows",
            (
                "a table that keeps versions",
                "a table that keeps no versions",
                "the cursor among the keys of a history",
                "a column of the history has another type",
            ),
            "The table and `write_disposition=WRITE_HISTORY` don't fit: one keeps versions of rows, the other doesn't.",
            "The disposition was changed for a table that is there.",
            "Keep the disposition, or sync into a new table: [A table that is there](history-mode.md#a-table-that-is-there).",
        ),
        Entry(
            "column-of-marks",
            ("a column that can't mark rows", "unknown column of marks"),
            "`deleted_column` isn't there, or can't mark rows as deleted.",
            "A typing error; a number or a text.",
            "It is a BOOL that is true, or a date or stamp that isn't NULL: [A mark of the source](deletes.md#a-mark-of-the-source).",
        ),
        Entry(
            "column-that-cannot-be-filled",
            (
                "a column that can't be filled",
                "a filter that can't be asked",
                "no rows whose columns could be filled",
            ),
            "`backfill_columns` names what can't be filled in rows that are there.",
            "A column that isn't in the destination, is a key or the cursor, or is partitioned by; a table without rows.",
            "[Old rows of a new column](schema-evolution.md#old-rows-of-a-new-column)",
        ),
    ),
)
