"""What real BigQuery makes of columns that change: altered ones, and those that a query makes."""

from deploy.real_check import BQ, TOKEN, Check, lines, query, rest, show

_EXPIRES = "TIMESTAMP_ADD(CURRENT_TIMESTAMP(), INTERVAL 24 HOUR)"
_OVER = (
    "WITH staged AS ({rows}) SELECT * FROM (WITH a AS (SELECT * FROM staged) SELECT id, id + 1 AS n"
    " FROM a)"
)
_ONE_ROW = "/datasets/$DATASET/tables/policies/data?maxResults=1&selectedFields=id"
_NO_ROWS = "SELECT CAST(NULL AS INT64) AS id FROM UNNEST([0]) WHERE FALSE"


SCHEMAS: tuple[Check, ...] = (
    Check(
        "add-column",
        "ALTER TABLE ADD COLUMN IF NOT EXISTS with a description can be repeated.",
        "New columns of a source, also when a publishing step is repeated.",
        lines(
            query("CREATE TABLE $DATASET.widened AS SELECT 1 AS id"),
            *[
                query(
                    "ALTER TABLE $DATASET.widened ADD COLUMN IF NOT EXISTS `more` ARRAY<STRUCT<a"
                    " INT64>> OPTIONS (description='later')"
                )
            ]
            * 2,
            show("$DATASET.widened", "--schema"),
        ),
        (r'"later"', r'"REPEATED"'),
    ),
    Check(
        "layout-types",
        "Partitioning by a STRING, clustering by a FLOAT64 and by five columns are refused.",
        "The plan refuses them before anything is read.",
        lines(
            "refused=0",
            *[
                query(
                    f"CREATE TABLE $DATASET.layout_{n} (s STRING, f FLOAT64, a INT64, b INT64,"
                    f" c INT64, d INT64, e INT64) {layout}"
                )
                + " || refused=$((refused + 1))"
                for n, layout in enumerate(
                    ("PARTITION BY s", "CLUSTER BY f", "CLUSTER BY a, b, c, d, e")
                )
            ],
            "echo refused $refused",
        ),
        (r"refused 3",),
    ),
    Check(
        "row-policy-lists-no-rows",
        "A row access policy leaves rows out of a query, while tabledata.list is refused (403) to"
        " whom it hides rows, and answers who sees all by FILTER USING (TRUE).",
        "A BigQuery source of which rows are hidden is refused, and one seen whole is read.",
        lines(
            TOKEN,
            query("CREATE TABLE $DATASET.policies AS SELECT id FROM UNNEST([1, 2, 3]) AS id"),
            query(
                "CREATE ROW ACCESS POLICY part ON $DATASET.policies"
                " GRANT TO ('allAuthenticatedUsers') FILTER USING (id > 1)"
            ),
            query("SELECT FORMAT('rows %d', COUNT(*)) FROM $DATASET.policies"),
            rest("GET", _ONE_ROW),
            query(
                "CREATE ROW ACCESS POLICY every ON $DATASET.policies"
                " GRANT TO ('allAuthenticatedUsers') FILTER USING (TRUE)"
            ),
            rest("GET", _ONE_ROW),
        ),
        (r"rows 2", r"(?s)HTTP 403.*HTTP 200"),
    ),
    Check(
        "partition-removed-at-once",
        "A row whose partition's lifetime is over is taken, and is gone at once.",
        "No table is made in a dataset whose default_partition_expiration_days would remove rows of"
        " the run.",
        lines(
            query(
                "CREATE TABLE $DATASET.fading (id INT64, d DATE) PARTITION BY d"
                " OPTIONS (partition_expiration_days = 60)"
            ),
            query("INSERT INTO $DATASET.fading VALUES (1, CURRENT_DATE()), (2, DATE '2001-01-01')"),
            query("SELECT FORMAT('left %d', COUNT(*)) FROM $DATASET.fading"),
        ),
        (r"left 1",),
    ),
    Check(
        "wildcard-columns",
        "A wildcard has the columns of the table that was made last.",
        "The plan names columns that only older tables have, from COLUMN_FIELD_PATHS.",
        lines(
            query("CREATE TABLE $DATASET.wild_1 AS SELECT 1 AS id, 'x' AS gone"),
            query("CREATE TABLE $DATASET.wild_2 AS SELECT 2 AS id"),
            query(
                "SELECT FORMAT('has %s', STRING_AGG(DISTINCT p.field_path ORDER BY p.field_path))"
                " FROM $DATASET.INFORMATION_SCHEMA.COLUMN_FIELD_PATHS AS p"
                " WHERE STARTS_WITH(p.table_name, 'wild_')"
            ),
            query("SELECT FORMAT('shows %s', TO_JSON_STRING(w)) FROM `$DATASET.wild_*` AS w"),
        ),
        (r"has gone,id", r"shows \{\"*id\"*:1\}"),
    ),
    Check(
        "transform-sql",
        "A query with a WITH of its own may stand in a sub-query under a WITH, in CREATE TABLE with"
        " columns and an expiration; its dry run over no rows tells its columns, and one without a"
        " name is called f0_.",
        "transform_sql: its result is planned by the dry run, and kept in a table that expires.",
        lines(
            query("CREATE TABLE $DATASET.staged_rows AS SELECT 1 AS id"),
            query(
                f"CREATE OR REPLACE TABLE $DATASET.result_rows (id INT64, n INT64) OPTIONS"
                f" (expiration_timestamp={_EXPIRES}) AS SELECT r.id, r.n FROM ("
                f"{_OVER.format(rows='SELECT id FROM $DATASET.staged_rows')}) AS r"
            ),
            query("SELECT FORMAT('made %d', SUM(n)) FROM $DATASET.result_rows"),
            f"{BQ} show --format=json $DATASET.result_rows",
            f'{BQ} query --use_legacy_sql=false --dry_run --format=json "SELECT r.* FROM ('
            f'{_OVER.format(rows=_NO_ROWS).replace("AS n", "")}) AS r"',
        ),
        (r"made 2", r'"expirationTime"', r'"f[01]_"'),
    ),
    Check(
        "columns-altered",
        "ALTER COLUMN takes NOT NULL off and makes types wider in place, also one that is so"
        " already; a column's description stays.",
        "schema_evolution=evolve; a column of MongoDB's fields says in its description which.",
        lines(
            query(
                "CREATE TABLE $DATASET.altered (a INT64 NOT NULL OPTIONS (description='kept'),"
                " n NUMERIC(5, 2), s STRING(3)) AS SELECT 9223372036854775807 AS a,"
                " NUMERIC '1.25' AS n, 'abc' AS s"
            ),
            query("ALTER TABLE $DATASET.altered ALTER COLUMN a DROP NOT NULL"),
            query("ALTER TABLE $DATASET.altered ALTER COLUMN a SET DATA TYPE NUMERIC"),
            query("ALTER TABLE $DATASET.altered ALTER COLUMN a SET DATA TYPE NUMERIC"),
            query("ALTER TABLE $DATASET.altered ALTER COLUMN n SET DATA TYPE NUMERIC(8, 4)"),
            query("ALTER TABLE $DATASET.altered ALTER COLUMN s SET DATA TYPE STRING"),
            query("SELECT FORMAT('a is %s', CAST(MAX(a) AS STRING)) FROM $DATASET.altered"),
            show("$DATASET.altered"),
        ),
        (r"a is 9223372036854775807", r'"description": "kept"', r'"precision": "8"'),
    ),
    Check(
        "required-not-widened",
        "SET DATA TYPE of a REQUIRED column is refused as a change of its mode.",
        "Such a column is relaxed first, a merge key too.",
        lines(
            query("CREATE TABLE $DATASET.required (a INT64 NOT NULL)"),
            query("ALTER TABLE $DATASET.required ALTER COLUMN a SET DATA TYPE NUMERIC"),
        ),
        (r"(?i)mode",),
        is_refused=True,
    ),
    Check(
        "date-not-widened",
        "A DATE can't be made a DATETIME in place.",
        "schema_evolution=evolve refuses it, with the statements that make another column of it.",
        lines(
            query("CREATE TABLE $DATASET.dated (a DATE)"),
            query("ALTER TABLE $DATASET.dated ALTER COLUMN a SET DATA TYPE DATETIME"),
        ),
        (r"(?i)type",),
        is_refused=True,
    ),
)
"""Columns that are altered, or made by transform_sql."""
