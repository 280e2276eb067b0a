"""What real BigQuery makes of snapshots, and of tables that are restored from one in place."""

from deploy.real_check import BQ, Check, lines, query, show

_MADE = (
    "CREATE TABLE $DATASET.{0} (id INT64 OPTIONS (description='the key'), ts TIMESTAMP)"
    " PARTITION BY DATE(ts) CLUSTER BY id OPTIONS (description='orders', labels=[('team', 'shop')])"
    " AS SELECT 1 AS id, CURRENT_TIMESTAMP() AS ts"
)
_EVOLVED = (
    "ALTER TABLE $DATASET.{0} ADD COLUMN more INT64;"
    " INSERT INTO $DATASET.{0} (id, ts, more) VALUES (2, CURRENT_TIMESTAMP(), 7)"
)
_SNAPSHOT = f"{BQ} cp --snapshot --no_clobber --expiration=3600"
_RESTORE = f"{BQ} cp --restore --force"

COPIES: tuple[Check, ...] = (
    Check(
        "snapshot-layout",
        "A snapshot has its base's rows, partitions, clusters and descriptions of columns.",
        "keep_snapshots; a rollback compares the layouts before it restores.",
        lines(
            query(_MADE.format("kept")),
            f"{_SNAPSHOT} $DATASET.kept $DATASET.kept_before",
            show("$DATASET.kept_before"),
        ),
        (r"SNAPSHOT", r"timePartitioning", r"clustering", r"the key", r"expirationTime"),
    ),
    Check(
        "snapshot-of-then",
        "A snapshot of a table as it was some seconds ago has the columns that it had then.",
        "A rollback without a snapshot, by time travel.",
        lines(
            query(_MADE.format("past")),
            "sleep 3; THEN=$(date +%s)000; sleep 3",
            query(_EVOLVED.format("past")),
            f"{_SNAPSHOT} $DATASET.past@$THEN $DATASET.past_before",
            query("SELECT FORMAT('rows %d', COUNT(*)) FROM $DATASET.past_before"),
            query(
                "SELECT FORMAT('columns %d', COUNT(*)) FROM $DATASET.INFORMATION_SCHEMA.COLUMNS"
                " WHERE table_name = 'past_before'"
            ),
            show("$DATASET.past_before"),
        ),
        (r"rows 1\b", r"columns 2\b", r"timePartitioning"),
    ),
    Check(
        "restore-in-place",
        "A snapshot restored over its table gives it the rows and columns of then, and leaves its"
        " partitions and the time when it was made.",
        "A rollback; the frontier of a table is that of its runs since it was made.",
        lines(
            query(_MADE.format("back")),
            f"{_SNAPSHOT} $DATASET.back $DATASET.back_before",
            query(_EVOLVED.format("back")),
            f'MADE=$({BQ} show --format=json $DATASET.back | grep -o \'"creationTime":"[0-9]*\')',
            f"{_RESTORE} $DATASET.back_before $DATASET.back",
            query("SELECT FORMAT('rows %d', COUNT(*)) FROM $DATASET.back"),
            query(
                "SELECT FORMAT('columns %d', COUNT(*)) FROM $DATASET.INFORMATION_SCHEMA.COLUMNS"
                " WHERE table_name = 'back'"
            ),
            show("$DATASET.back"),
            f'{BQ} show --format=json $DATASET.back | grep -q "$MADE" && echo same age',
        ),
        (r"rows 1\b", r"columns 2\b", r"timePartitioning", r"same age"),
    ),
    Check(
        "restore-settings",
        "A snapshot restored over its table leaves labels and description, or a patch puts them"
        " back.",
        "A rollback looks at them before, and puts back what is gone.",
        lines(
            query(_MADE.format("told")),
            f"{_SNAPSHOT} $DATASET.told $DATASET.told_before",
            f"{_RESTORE} $DATASET.told_before $DATASET.told",
            f"{BQ} update --description=orders --set_label=team:shop $DATASET.told",
            show("$DATASET.told"),
        ),
        (r"orders", r"shop", r"the key"),
    ),
)
"""Snapshots and restored tables."""
