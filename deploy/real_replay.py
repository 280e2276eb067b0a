"""What real BigQuery makes of the transaction in which rows and marks of letters are written."""

from deploy.real_check import Check, lines, query

REPLAYS: tuple[Check, ...] = (
    Check(
        "merge-and-mark",
        "A MERGE by EXECUTE IMMEDIATE and an UPDATE of another table are one transaction: both"
        " are seen, or neither when the second fails.",
        "A replay: rows, and the marks of their dead letters.",
        lines(
            query("CREATE TABLE $DATASET.replayed AS SELECT 1 AS id"),
            query("CREATE TABLE $DATASET.letters AS SELECT 'h' AS row_hash, '' AS replayed_by"),
            query(
                "CREATE TEMP TABLE fresh AS SELECT 2 AS id; BEGIN TRANSACTION;"
                " EXECUTE IMMEDIATE 'MERGE $DATASET.replayed AS t USING fresh AS s ON t.id = s.id"
                " WHEN NOT MATCHED THEN INSERT (id) VALUES (s.id)';"
                " UPDATE $DATASET.letters SET replayed_by = ERROR('broken') WHERE TRUE;"
                " COMMIT TRANSACTION;"
            )
            + " || echo refused",
            query("SELECT FORMAT('first %d', SUM(id)) FROM $DATASET.replayed"),
            query(
                "CREATE TEMP TABLE fresh AS SELECT 2 AS id; BEGIN TRANSACTION;"
                " EXECUTE IMMEDIATE 'MERGE $DATASET.replayed AS t USING fresh AS s ON t.id = s.id"
                " WHEN NOT MATCHED THEN INSERT (id) VALUES (s.id)';"
                " UPDATE $DATASET.letters SET replayed_by = 'run' WHERE row_hash IN"
                " (SELECT row_hash FROM $DATASET.letters);"
                " COMMIT TRANSACTION;"
            ),
            query("SELECT FORMAT('then %d', SUM(id)) FROM $DATASET.replayed"),
            query("SELECT FORMAT('marked by %s', MAX(replayed_by)) FROM $DATASET.letters"),
        ),
        (r"refused", r"first 1\b", r"then 3\b", r"marked by run"),
    ),
)
