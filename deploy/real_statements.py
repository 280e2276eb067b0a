"""What real BigQuery makes of the statements and scripts that we send."""

from auto_schema.names import STAGED, TABLE
from deploy.real_check import BQ, Check, lines, query, show
from smart_sync.merge_sql import NEWEST
from smart_sync.publish_sql import swap_script
from smart_sync.staging import staging_of
from warehouse.names import TableRef

_TEN_DAYS = (
    " PARTITION BY TIMESTAMP_TRUNC(ts, DAY) AS SELECT n AS id, TIMESTAMP_ADD(TIMESTAMP"
    " '2025-07-01', INTERVAL MOD(n, 10) DAY) AS ts FROM UNNEST(GENERATE_ARRAY(1, 10000)) AS n"
)
"""10,000 rows of 16 bytes in 10 partitions."""
_MERGE = (
    f"MERGE $DATASET.{{table}} AS {TABLE} USING $DATASET.{{table}}_staged AS {STAGED}"
    f" ON {TABLE}.id = {STAGED}.id AND ({TABLE}.ts IS NULL"
    f" OR TIMESTAMP_TRUNC({TABLE}.ts, DAY) IN (TIMESTAMP '2025-07-04 00:00:00+00'))"
    f" WHEN MATCHED AND ({TABLE}.ts IS NULL OR {STAGED}.ts >= {TABLE}.ts)"
    f" THEN UPDATE SET ts = {STAGED}.ts"
    f" WHEN NOT MATCHED THEN INSERT (id, ts) VALUES ({STAGED}.id, {STAGED}.ts)"
)

_RENAMED = TableRef("$PROJECT", "$DATASET", "renamed")
_ASIDE = staging_of("", _RENAMED, "20250722t150000-3f9a0c1d")
_SWAP = swap_script(
    _RENAMED,
    _ASIDE,
    f"CREATE OR REPLACE TABLE {_ASIDE.new_table.sql} CLUSTER BY id"
    " OPTIONS (labels=[('new', 'one')]) AS SELECT 2 AS id",
)
"""As a run sends it, but for names and columns."""


def _merged(table: str, options: str = "") -> str:
    """A table of ten partitions, and one staged row for one of them."""
    layout = _TEN_DAYS.replace(" AS SELECT", f"{options} AS SELECT", 1)
    return lines(
        query(f"CREATE TABLE $DATASET.{table}{layout}"),
        query(
            f"CREATE TABLE $DATASET.{table}_staged AS SELECT 3 AS id,"
            " TIMESTAMP '2025-07-04 01:00:00+00' AS ts"
        ),
    )


STATEMENTS: tuple[Check, ...] = (
    Check(
        "merge-deletes",
        "A MERGE that removes, updates and adds counts all three among the rows that it touched;"
        " a row of which WHEN MATCHED … THEN DELETE doesn't hold comes to the next WHEN.",
        "Rows that the source marks as deleted are removed in the merge, and counted with it.",
        lines(
            query("CREATE TABLE $DATASET.marked AS SELECT id, 'a' AS v FROM UNNEST([1, 2]) AS id"),
            query(
                "MERGE $DATASET.marked AS t USING (SELECT id, id IN (1, 4) AS gone"
                " FROM UNNEST([1, 2, 3, 4]) AS id) AS s ON t.id = s.id"
                " WHEN MATCHED AND s.gone IS TRUE THEN DELETE"
                " WHEN MATCHED THEN UPDATE SET v = 'b'"
                " WHEN NOT MATCHED AND s.gone IS NOT TRUE THEN INSERT (id, v) VALUES (s.id, 'c')",
                first="--job_id=${DATASET}_marked",
            ),
            show("-j ${DATASET}_marked"),
            query("SELECT STRING_AGG(CONCAT(id, v), ' ' ORDER BY id) FROM $DATASET.marked"),
        ),
        (r'"numDmlAffectedRows": "3"', r"2b 3c"),
    ),
    Check(
        "merge-pruned",
        "A MERGE whose condition holds partitions as constants reads no others, also with"
        " `OR … IS NULL` beside them.",
        "The cost of WRITE_MERGE on a partitioned table.",
        lines(
            _merged("pruned"),
            query(_MERGE.format(table="pruned"), first="--job_id=${DATASET}_pruned"),
            show("-j ${DATASET}_pruned"),
        ),
        (r'"totalBytesProcessed": "[12]\d{4}"', r'"numDmlAffectedRows": "1"'),
    ),
    Check(
        "merge-dry-run",
        "A dry run of such a MERGE tells the pruned bytes.",
        "The bytes that a plan tells.",
        lines(_merged("dry_merge"), query(_MERGE.format(table="dry_merge"), "--dry_run")),
        (r"^[12]\d{4}$",),
    ),
    Check(
        "merge-with-filter",
        "Such a MERGE is taken by a table with require_partition_filter.",
        "WRITE_MERGE into such a table.",
        lines(
            _merged("filtered", " OPTIONS (require_partition_filter=TRUE)"),
            query(_MERGE.format(table="filtered")),
        ),
        (r"affected rows: 1",),
    ),
    Check(
        "merge-script",
        "A script may declare, add a column, make temporary tables, put a MERGE together by"
        " EXECUTE IMMEDIATE, and end with a SELECT whose row is the script's.",
        "WRITE_MERGE is such a script; its last row says how many rows the MERGE must touch.",
        query(
            "DECLARE differing, partitions STRING; DECLARE staged_keys INT64;"
            " CREATE TABLE $DATASET.scripted (id INT64, ts TIMESTAMP)"
            " PARTITION BY TIMESTAMP_TRUNC(ts, DAY);"
            " ALTER TABLE $DATASET.scripted ADD COLUMN IF NOT EXISTS more JSON;"
            f" CREATE TEMP TABLE {NEWEST} AS SELECT n AS id, TIMESTAMP '2025-07-04 01:00:00+00' AS"
            " ts, PARSE_JSON('[1]', wide_number_mode=>'round') AS more FROM UNNEST([1, 1, 2]) AS"
            " n WHERE TRUE QUALIFY ROW_NUMBER() OVER (PARTITION BY n ORDER BY n) = 1;"
            f" SET staged_keys = (SELECT COUNT(*) FROM {NEWEST});"
            ' SET partitions = (SELECT STRING_AGG(CONCAT("TIMESTAMP \'", FORMAT_TIMESTAMP('
            "'%E4Y-%m-%d %H:%M:%S', p, 'UTC'), \"+00'\"), ', ' ORDER BY p) FROM (SELECT DISTINCT"
            f" TIMESTAMP_TRUNC(ts, DAY) AS p FROM {NEWEST}));"
            " IF differing IS NOT NULL THEN RAISE USING MESSAGE = differing; END IF;"
            f" EXECUTE IMMEDIATE CONCAT('''MERGE $DATASET.scripted AS {TABLE} USING {NEWEST} AS"
            f" {STAGED} ON {TABLE}.id = {STAGED}.id AND ({TABLE}.ts IS NULL''', IFNULL(CONCAT("
            f"' OR TIMESTAMP_TRUNC({TABLE}.ts, DAY) IN (', partitions, ')'), ''), ''')"
            f" WHEN MATCHED THEN UPDATE SET ts = {STAGED}.ts WHEN NOT MATCHED THEN INSERT"
            f" (id, ts, more) VALUES ({STAGED}.id, {STAGED}.ts, {STAGED}.more)''');"
            " SELECT FORMAT('keys %d, rows %d', staged_keys, (SELECT COUNT(*) FROM"
            " $DATASET.scripted)) AS expected;"
        ),
        (r"keys 2, rows 2",),
    ),
    Check(
        "raise-message",
        "RAISE USING MESSAGE ends a script with our text, and nothing of a transaction before"
        " it stays.",
        "What a merge can't decide, and WRITE_EMPTY on a table that was filled meanwhile.",
        lines(
            query("CREATE TABLE $DATASET.raised AS SELECT 1 AS id"),
            query(
                "BEGIN TRANSACTION; INSERT INTO $DATASET.raised (id) VALUES (2);"
                " IF EXISTS (SELECT 1 FROM $DATASET.raised) THEN"
                " RAISE USING MESSAGE = CONCAT('not ', 'empty'); END IF; COMMIT TRANSACTION;"
            )
            + " || echo refused",
            query("SELECT FORMAT('rows %d', COUNT(*)) FROM $DATASET.raised"),
        ),
        (r"not empty", r"refused", r"rows 1\b"),
    ),
    Check(
        "truncate-in-transaction",
        "TRUNCATE and INSERT in one transaction are seen together, and neither when the INSERT"
        " fails.",
        "WRITE_TRUNCATE by a script: readers see old rows or new ones.",
        lines(
            query("CREATE TABLE $DATASET.swapped AS SELECT 1 AS id"),
            query(
                "BEGIN TRANSACTION; TRUNCATE TABLE $DATASET.swapped; INSERT INTO"
                " $DATASET.swapped (id) SELECT CAST(ERROR('broken') AS INT64); COMMIT TRANSACTION;"
            )
            + " || echo refused",
            query("SELECT FORMAT('first %d', SUM(id)) FROM $DATASET.swapped"),
            query(
                "BEGIN TRANSACTION; TRUNCATE TABLE $DATASET.swapped; INSERT INTO"
                " $DATASET.swapped (id) SELECT 5; COMMIT TRANSACTION;"
            ),
            query("SELECT FORMAT('then %d', SUM(id)) FROM $DATASET.swapped"),
        ),
        (r"refused", r"first 1\b", r"then 5\b"),
    ),
    Check(
        "delete-in-transaction",
        "DELETE of a window and INSERT in one transaction work on a partitioned table with"
        " require_partition_filter.",
        "A window by hand with WRITE_TRUNCATE.",
        lines(
            query(
                "CREATE TABLE $DATASET.by_hand PARTITION BY TIMESTAMP_TRUNC(ts, DAY) OPTIONS"
                " (require_partition_filter=TRUE) AS SELECT 1 AS id, TIMESTAMP '2025-07-01"
                " 00:00:00+00' AS ts UNION ALL SELECT 2, TIMESTAMP '2025-07-02 00:00:00+00'"
            ),
            query(
                "BEGIN TRANSACTION; DELETE FROM $DATASET.by_hand WHERE ts > TIMESTAMP"
                " '2025-06-30 23:59:59.999999+00' AND ts <= TIMESTAMP '2025-07-01"
                " 23:59:59.999999+00'; INSERT INTO $DATASET.by_hand (id, ts) SELECT 7, TIMESTAMP"
                " '2025-07-01 05:00:00+00'; COMMIT TRANSACTION;"
            ),
            query(
                "SELECT FORMAT('sum %d', SUM(id)) FROM $DATASET.by_hand"
                " WHERE ts IS NULL OR ts IS NOT NULL"
            ),
        ),
        (r"sum 9",),
    ),
    Check(
        "parameters-in-script",
        "A script takes arrays as named parameters, also one without elements, in a statement of a"
        " transaction and in one that makes a temporary table; @@row_count says there how many"
        " rows DELETE removed.",
        "delete_missing: few keys go with the script.",
        lines(
            query("CREATE TABLE $DATASET.parted AS SELECT id FROM UNNEST([1, 2, 3]) AS id"),
            query(
                "DECLARE gone INT64; CREATE TEMP TABLE told AS SELECT CAST(k AS INT64) AS id FROM"
                " UNNEST(@gone_keys) AS k UNION ALL SELECT CAST(k AS INT64) FROM"
                " UNNEST(@back_keys) AS k; BEGIN TRANSACTION; DELETE FROM $DATASET.parted WHERE id"
                " IN (SELECT CAST(k AS INT64) FROM UNNEST(@gone_keys) AS k); SET gone ="
                " @@row_count; COMMIT TRANSACTION; SELECT FORMAT('gone %d of %d', gone,"
                " (SELECT COUNT(*) FROM told));",
                """--parameter='gone_keys:ARRAY<STRING>:["1", "3"]'""",
                "--parameter='back_keys:ARRAY<STRING>:[]'",
            ),
        ),
        (r"gone 2 of 2",),
    ),
    Check(
        "temporary-table-in-transaction",
        "A temporary table made within a transaction can be read after it, in the same script.",
        "verify=true in place: rows and the source's sums are of one snapshot.",
        lines(
            query("CREATE TABLE $DATASET.summed (id INT64)"),
            query(
                "BEGIN TRANSACTION; INSERT INTO $DATASET.summed (id) SELECT 4; CREATE TEMP TABLE"
                " sums AS SELECT SUM(id) AS total FROM $DATASET.summed; COMMIT TRANSACTION;"
                " SELECT FORMAT('total %d', total) FROM sums;"
            ),
        ),
        (r"total 4",),
    ),
    Check(
        "partition-filter",
        "A table with require_partition_filter refuses a query without a filter and takes"
        " `c IS NULL OR c IS NOT NULL`.",
        "MAX, the first query of a merge, and the source's filter read such tables so.",
        lines(
            query(
                "CREATE TABLE $DATASET.must_filter PARTITION BY TIMESTAMP_TRUNC(ts, DAY) OPTIONS"
                " (require_partition_filter=TRUE) AS SELECT CURRENT_TIMESTAMP() AS ts UNION ALL"
                " SELECT NULL"
            ),
            query("SELECT COUNT(*) FROM $DATASET.must_filter") + " || echo refused",
            query(
                "SELECT FORMAT('rows %d', COUNT(*)) FROM $DATASET.must_filter"
                " WHERE ts IS NULL OR ts IS NOT NULL"
            ),
        ),
        (r"refused", r"rows 2\b"),
    ),
    Check(
        "truncate-with-filter",
        "TRUNCATE TABLE needs no partition filter where a DELETE does.",
        "WRITE_TRUNCATE by a script uses TRUNCATE.",
        lines(
            query(
                "CREATE TABLE $DATASET.emptied PARTITION BY DATE(ts) OPTIONS"
                " (require_partition_filter=TRUE) AS SELECT CURRENT_TIMESTAMP() AS ts"
            ),
            query("DELETE FROM $DATASET.emptied WHERE TRUE") + " || echo refused",
            query("TRUNCATE TABLE $DATASET.emptied"),
            query(
                "SELECT FORMAT('rows %d', COUNT(*)) FROM $DATASET.emptied"
                " WHERE ts IS NULL OR ts IS NOT NULL"
            ),
        ),
        (r"refused", r"rows 0\b"),
    ),
    Check(
        "create-as-select",
        "CREATE TABLE … AS SELECT takes columns with descriptions, partitioning, clustering,"
        " description and labels in one statement.",
        "A table that a run makes by a statement.",
        lines(
            query(
                "CREATE TABLE $DATASET.made (`id` INT64 OPTIONS (description='a number'), `ts`"
                " TIMESTAMP) PARTITION BY TIMESTAMP_TRUNC(`ts`, HOUR) CLUSTER BY `id` OPTIONS"
                " (description='all of it', labels=[('sync_source',"
                " '563e559eb31bde956d84487a61bc1bcf')]) AS SELECT 1 AS `id`, CURRENT_TIMESTAMP()"
            ),
            show("$DATASET.made"),
        ),
        (
            r"a number",
            r"all of it",
            r"563e559eb31bde956d84487a61bc1bcf",
            r'"type": "HOUR"',
            r'"clustering"',
        ),
    ),
    Check(
        "create-all-or-nothing",
        "CREATE TABLE … AS SELECT whose SELECT fails leaves no table.",
        "Nothing of a run is visible until all of it is.",
        lines(
            query("CREATE TABLE $DATASET.half AS SELECT CAST(ERROR('broken') AS INT64) AS id")
            + " || echo refused",
            show("$DATASET.half"),
        ),
        (r"refused", r"(?i)not found"),
        is_refused=True,
    ),
    Check(
        "replace-another-layout",
        "CREATE OR REPLACE TABLE with another partitioning is refused.",
        "A rebuild with another layout is built beside and renamed.",
        lines(
            query("CREATE TABLE $DATASET.laid_out AS SELECT CURRENT_TIMESTAMP() AS ts"),
            query(
                "CREATE OR REPLACE TABLE $DATASET.laid_out PARTITION BY DATE(ts)"
                " AS SELECT CURRENT_TIMESTAMP() AS ts"
            ),
        ),
        (r"(?i)partitioning",),
        is_refused=True,
    ),
    Check(
        "rename-table",
        "A script that builds beside, renames twice and drops, goes on when it is sent again"
        " after it broke off between the renames; labels go with the name.",
        "A rebuild with another layout.",
        lines(
            query("CREATE TABLE $DATASET.renamed AS SELECT 1 AS id"),
            query(_SWAP.partition("ALTER TABLE IF EXISTS")[0]),
            query(_SWAP),
            show("$DATASET.renamed"),
            query("SELECT FORMAT('sum %d', SUM(id)) FROM $DATASET.renamed"),
        ),
        (r'"new": "one"', r"sum 2"),
    ),
    Check(
        "partitions-per-job",
        "A statement that makes more than 4,000 partitions is refused.",
        "The plan refuses it before anything is read.",
        query(
            "CREATE TABLE $DATASET.centuries PARTITION BY d AS SELECT DATE_ADD(DATE '1900-01-01',"
            " INTERVAL n DAY) AS d FROM UNNEST(GENERATE_ARRAY(1, 12001)) AS n"
        ),
        (r"(?i)partitions",),
        is_refused=True,
    ),
    Check(
        "partition-counts",
        "INFORMATION_SCHEMA.PARTITIONS tells rows by partition right after a statement wrote"
        " them, and those without a date as __NULL__.",
        "MAX of a table that is partitioned by its cursor looks into the newest one only.",
        lines(
            query(
                "CREATE TABLE $DATASET.counted PARTITION BY TIMESTAMP_TRUNC(ts, MONTH) AS"
                " SELECT TIMESTAMP '2025-07-04 00:00:00+00' AS ts UNION ALL SELECT NULL"
            ),
            query("INSERT INTO $DATASET.counted (ts) VALUES (TIMESTAMP '2025-08-01')"),
            query(
                "SELECT STRING_AGG(FORMAT('%s:%d', partition_id, total_rows), ' ' ORDER BY"
                " partition_id) FROM `$PROJECT.$DATASET.INFORMATION_SCHEMA.PARTITIONS`"
                " WHERE table_name = 'counted' AND total_rows > 0"
            ),
        ),
        (r"202507:1 202508:1 __NULL__:1",),
    ),
    Check(
        "inserts-side-by-side",
        "Five INSERTs into one table at one moment all succeed.",
        "The run history is appended to by runs for many tables.",
        lines(
            query("CREATE TABLE $DATASET.events (id INT64)"),
            "for i in 1 2 3 4 5; do",
            query("INSERT INTO $DATASET.events (id) VALUES ($i)") + " &",
            "done; wait",
            query("SELECT FORMAT('rows %d', COUNT(*)) FROM $DATASET.events"),
        ),
        (r"rows 5",),
    ),
    Check(
        "time-travel",
        "A table as it was some seconds ago can be copied beside itself, with its partitions.",
        "The command that a run with the status published_mismatch names.",
        lines(
            query(
                "CREATE TABLE $DATASET.parts PARTITION BY DATE(ts)"
                " AS SELECT CURRENT_TIMESTAMP() AS ts"
            ),
            "sleep 3; THEN=$(date +%s)000; sleep 3",
            query("INSERT INTO $DATASET.parts (ts) VALUES (CURRENT_TIMESTAMP())"),
            f"{BQ} cp $DATASET.parts@$THEN $DATASET.parts_before",
            query("SELECT FORMAT('rows %d', COUNT(*)) FROM $DATASET.parts_before"),
            f"{BQ} show --format=json $DATASET.parts_before",
        ),
        (r"rows 1\b", r"timePartitioning"),
    ),
    Check(
        "time-travel-rows",
        "FOR SYSTEM_TIME AS OF counts the rows that a table had, after its alias, and reads none.",
        "The plan of a rollback without a snapshot, which says that time travel reaches so far.",
        lines(
            query("CREATE TABLE $DATASET.travel AS SELECT 1 AS id"),
            "sleep 3; THEN=$(date +%s)000; sleep 3",
            query("INSERT INTO $DATASET.travel (id) VALUES (2)"),
            query(
                "SELECT FORMAT('rows %d', COUNT(*)) FROM $DATASET.travel AS t"
                " FOR SYSTEM_TIME AS OF TIMESTAMP_MILLIS($THEN)"
            ),
        ),
        (r"rows 1\b",),
    ),
    Check(
        "default-dataset",
        "A query job's default dataset completes table names without one, within a sub-select too.",
        "source_bigquery_dataset for names in source_bigquery_query.",
        lines(
            query("CREATE TABLE $DATASET.unqualified AS SELECT 4 AS id"),
            f"{BQ} --dataset_id=$DATASET query --use_legacy_sql=false --format=csv"
            " \"SELECT FORMAT('sum %d', SUM(id)) FROM (SELECT * FROM unqualified)\"",
        ),
        (r"sum 4",),
    ),
)
"""Statements and scripts."""
