"""What real BigQuery makes of copies, the streaming buffer, snapshots, and what is restored."""

from deploy.real_check import BQ, TOKEN, Check, lines, query, rest, show

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
        "copy-layout",
        "A copy job gives a new table the source's partitioning, clustering and descriptions,"
        " and tells the rows that it copied.",
        "A BigQuery table taken whole; its rows are counted from copiedRows.",
        lines(
            query(
                "CREATE TABLE $DATASET.copied (id INT64 OPTIONS (description='kept text'),"
                " ts TIMESTAMP) PARTITION BY TIMESTAMP_TRUNC(ts, DAY) CLUSTER BY id"
                " AS SELECT 1, CURRENT_TIMESTAMP()"
            ),
            f"{BQ} --job_id=${{DATASET}}_copy cp -n $DATASET.copied $DATASET.copy",
            show("$DATASET.copy"),
            show("-j ${DATASET}_copy"),
        ),
        (r'"copiedRows": "1"', r"kept text", r'"field": "ts"', r'"clustering"'),
    ),
    Check(
        "copy-write-empty",
        "A copy job with WRITE_EMPTY into a table with rows is refused.",
        "A copy into a table that the run makes can't hit one that was filled meanwhile.",
        lines(
            TOKEN,
            query("CREATE TABLE $DATASET.from_here AS SELECT 1 AS id"),
            query("CREATE TABLE $DATASET.full AS SELECT 2 AS id"),
            rest(
                "POST",
                "/jobs",
                '{"jobReference": {"jobId": "${DATASET}_full", "location": "$LOCATION"},\n'
                ' "configuration": {"copy": {"writeDisposition": "WRITE_EMPTY",\n'
                '  "createDisposition": "CREATE_IF_NEEDED",\n'
                '  "sourceTables": [{"projectId": "$PROJECT", "datasetId": "$DATASET",\n'
                '   "tableId": "from_here"}],\n'
                '  "destinationTable": {"projectId": "$PROJECT", "datasetId": "$DATASET",\n'
                '   "tableId": "full"}}}}',
            ),
            f"{BQ} wait ${{DATASET}}_full 120 || true",
            query("SELECT FORMAT('rows %d, sum %d', COUNT(*), SUM(id)) FROM $DATASET.full"),
        ),
        (r"(?i)already exists|not empty|duplicate", r"rows 1, sum 2"),
    ),
    Check(
        "streaming-buffer",
        "Rows in a streaming buffer are told by tables.get, and stand as __UNPARTITIONED__ in"
        " INFORMATION_SCHEMA.PARTITIONS.",
        "A table with such rows is not copied, and its MAX is looked for in all of it.",
        lines(
            query(
                "CREATE TABLE $DATASET.buffered (id INT64, ts TIMESTAMP)"
                " PARTITION BY TIMESTAMP_TRUNC(ts, DAY)"
            ),
            f'echo \'{{"id": 1, "ts": "\'$(date -u +%FT%TZ)\'"}}\' | {BQ} insert $DATASET.buffered',
            "sleep 20",
            show("$DATASET.buffered"),
            query(
                "SELECT FORMAT('part %s', partition_id) FROM"
                " $DATASET.INFORMATION_SCHEMA.PARTITIONS WHERE table_name = 'buffered'"
            ),
        ),
        (r'"streamingBuffer"', r"part __UNPARTITIONED__"),
    ),
    Check(
        "streaming-copy",
        "A copy job leaves out rows that are still in the streaming buffer.",
        "A table with such rows is read by a statement in place of a copy job.",
        lines(
            query("CREATE TABLE $DATASET.streamed AS SELECT 1 AS id"),
            f"echo '{{\"id\": 2}}' | {BQ} insert $DATASET.streamed",
            "sleep 5",
            f"{BQ} cp -n $DATASET.streamed $DATASET.streamed_copy",
            query(
                "SELECT FORMAT('rows %d and %d', (SELECT COUNT(*) FROM $DATASET.streamed),"
                " (SELECT COUNT(*) FROM $DATASET.streamed_copy))"
            ),
        ),
        (r"rows 2 and 1\b",),
    ),
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
