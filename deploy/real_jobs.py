"""What real BigQuery makes of job ids, locks, labels, dry runs and query results."""

from deploy.real_check import BQ, TOKEN, Check, lines, query, rest, show

_TABLE = '{"tableReference": {"projectId": "$PROJECT", "datasetId": "$DATASET", "tableId": '


def _table(name: str, more: str = "") -> str:
    """A body of tables.insert."""
    return f'{_TABLE}"{name}"}}{more}}}'


_ETAG = 'sed -n \'s/.*"etag": *"\\([^"]*\\)".*/\\1/p\' | head -1'
_IN_AN_HOUR = '{"expirationTime": "$(( ($(date +%s) + 3600) * 1000 ))"}'

JOBS: tuple[Check, ...] = (
    Check(
        "job-id-once",
        "A job id that was used is refused with «Already Exists», also for another statement,"
        " and nothing runs.",
        "Publishing jobs have fixed ids: sent twice they run once, and a burnt id stops a run"
        " that was taken over.",
        lines(
            query("CREATE TABLE $DATASET.once AS SELECT 1 AS id"),
            query("SELECT 1", first="--job_id=${DATASET}_once"),
            query("INSERT INTO $DATASET.once (id) VALUES (2)", first="--job_id=${DATASET}_once")
            + " || echo refused",
            query("SELECT FORMAT('rows %d', COUNT(*)) FROM $DATASET.once"),
        ),
        (r"(?i)already exists", r"rows 1\b"),
    ),
    Check(
        "job-id-of-a-failure",
        "The id of a job that failed is used up, too.",
        "The next attempt of a publishing job takes the next id; a failed one is seen again.",
        lines(
            query("SELECT ERROR('first')", first="--job_id=${DATASET}_failure") + " || echo failed",
            query("SELECT 2", first="--job_id=${DATASET}_failure"),
        ),
        (r"failed", r"(?i)already exists"),
        is_refused=True,
    ),
    Check(
        "job-id-per-location",
        "Job ids are unique per project and location: in another location the same id is free.",
        "A run's id is burnt in that run's own location, which the history keeps.",
        lines(
            query("SELECT 1", first="--job_id=${DATASET}_place"),
            "bq --quiet --project_id=$PROJECT --job_id=${DATASET}_place"
            ' --location=$([ "$LOCATION" = EU ] && echo US || echo EU)'
            " query --use_legacy_sql=false --format=csv \"SELECT CONCAT('ran ', 'twice')\"",
        ),
        (r"ran twice",),
    ),
    Check(
        "job-labels",
        "A job's labels come back from jobs.get as they were sent.",
        "A job that is found by its id is known as a run's own by its labels.",
        lines(
            query(
                "SELECT 1",
                "--label=application:bigquery-smart-sync",
                "--label=run_id:20250722t150000-3f9a0c1d",
                first="--job_id=${DATASET}_labelled",
            ),
            show("-j ${DATASET}_labelled"),
        ),
        (r'"application": "bigquery-smart-sync"', r'"run_id": "20250722t150000-3f9a0c1d"'),
    ),
    Check(
        "label-lower-case",
        "A label with a capital letter is refused.",
        "Run ids and names are put into labels in lower case.",
        query("SELECT 1", "--label=run_id:20250722T150000"),
        (r"(?i)label",),
        is_refused=True,
    ),
    Check(
        "job-counts-loaded",
        "A load job tells the rows that it wrote (statistics.load.outputRows).",
        "Rows published are compared with rows staged.",
        lines(
            f"{BQ} --job_id=${{DATASET}}_loaded load --source_format=PARQUET"
            " $DATASET.loaded $FILES/rows.parquet",
            show("-j ${DATASET}_loaded"),
        ),
        (r'"outputRows": "3"',),
    ),
    Check(
        "script-children",
        "The jobs of a script are listed by its id, a MERGE within EXECUTE IMMEDIATE among"
        " them with its type and the rows that it touched.",
        "Rows that a merging or replacing script has published are counted from them.",
        lines(
            query(
                "CREATE TABLE $DATASET.children AS SELECT 1 AS id, 'a' AS name;"
                " CREATE TEMP TABLE n AS SELECT id, 'b' AS name FROM UNNEST([1, 2, 3]) AS id;"
                " EXECUTE IMMEDIATE '''MERGE $DATASET.children AS t USING n AS s ON t.id = s.id"
                " WHEN MATCHED THEN UPDATE SET name = s.name"
                " WHEN NOT MATCHED THEN INSERT (id, name) VALUES (s.id, s.name)''';",
                first="--job_id=${DATASET}_script",
            ),
            f"{BQ} ls -j --format=prettyjson --parent_job_id=${{DATASET}}_script",
        ),
        (r'"statementType": "MERGE"', r'"numDmlAffectedRows": "3"'),
    ),
    Check(
        "insert-409",
        "tables.insert of a name that is taken is refused with 409.",
        "The lock of a destination is a table: the second run that wants it gets 409.",
        lines(
            TOKEN,
            rest("POST", "/datasets/$DATASET/tables", _table("_sync_lock_a")),
            rest("POST", "/datasets/$DATASET/tables", _table("_sync_lock_a")),
        ),
        (r"(?s)HTTP 200.*HTTP 409",),
    ),
    Check(
        "insert-atomic",
        "Of eight tables.insert at one moment one wins, and seven are refused.",
        "Of runs that are launched together one gets the lock.",
        lines(
            TOKEN,
            "{ for i in 1 2 3 4 5 6 7 8; do (",
            rest("POST", "/datasets/$DATASET/tables", _table("_sync_lock_b"), "-o /dev/null"),
            ") & done; wait; } | grep HTTP | sort | uniq -c",
        ),
        (r"\b1 HTTP 200", r"HTTP 409"),
    ),
    Check(
        "patch-if-match",
        "A patch of expirationTime with If-Match is taken with the table's etag and refused"
        " with an older one (412).",
        "A lock is renewed, taken over and released so: of two that saw the same state one wins.",
        lines(
            TOKEN,
            rest("POST", "/datasets/$DATASET/tables", _table("_sync_lock_c")),
            f"ETAG=$({rest('GET', '/datasets/$DATASET/tables/_sync_lock_c')} | {_ETAG})",
            *[
                rest(
                    "PATCH",
                    "/datasets/$DATASET/tables/_sync_lock_c",
                    _IN_AN_HOUR.replace("3600", seconds),
                    '-H "If-Match: $ETAG"',
                )
                for seconds in ("3600", "7200")
            ],
        ),
        (r"(?s)HTTP 200.*HTTP 200.*HTTP 412",),
    ),
    Check(
        "patch-at-once",
        "Of four patches with one etag at one moment one is taken, and three are refused (412).",
        "Of two workers that renew a lock, or one that renews it while another gives it back, one"
        " is heard.",
        lines(
            TOKEN,
            rest("POST", "/datasets/$DATASET/tables", _table("_sync_lock_d")),
            f"ETAG=$({rest('GET', '/datasets/$DATASET/tables/_sync_lock_d')} | {_ETAG})",
            "{ for i in 1 2 3 4; do (",
            rest(
                "PATCH",
                "/datasets/$DATASET/tables/_sync_lock_d",
                '{"labels": {"by": "n$i"}}',
                '-H "If-Match: $ETAG" -o /dev/null',
            ),
            ") & done; wait; } | grep HTTP | sort | uniq -c",
        ),
        (r"\b1 HTTP 200", r"\b3 HTTP 412"),
    ),
    Check(
        "patch-moves-the-stamp",
        "A patch of expirationTime moves lastModifiedTime.",
        "A renewal shows how far this machine's clock is off BigQuery's; where the stamp stays,"
        " only the time of the lock's making does.",
        lines(
            TOKEN,
            rest("POST", "/datasets/$DATASET/tables", _table("_sync_lock_e")),
            "sleep 20",
            rest("PATCH", "/datasets/$DATASET/tables/_sync_lock_e", _IN_AN_HOUR),
        ),
        (r'(?s)"lastModifiedTime": "(\d+)".*"lastModifiedTime": "(?!\1)\d+"',),
    ),
    Check(
        "rows-move-the-stamp",
        "INSERT, and a MERGE that changes a row and their count not, move lastModifiedTime.",
        "A table whose lock lapsed while it waited for its turn goes on only if its stamp and its"
        " count of rows are as they were.",
        lines(
            TOKEN,
            query("CREATE TABLE $DATASET.stamped AS SELECT 1 AS id, 'a' AS v"),
            rest("GET", "/datasets/$DATASET/tables/stamped"),
            query("INSERT INTO $DATASET.stamped (id, v) VALUES (2, 'b')"),
            rest("GET", "/datasets/$DATASET/tables/stamped"),
            query(
                "MERGE $DATASET.stamped AS t USING (SELECT 2 AS id, 'c' AS v) AS s ON t.id = s.id"
                " WHEN MATCHED THEN UPDATE SET v = s.v"
            ),
            rest("GET", "/datasets/$DATASET/tables/stamped"),
        ),
        (
            r'(?s)"lastModifiedTime": "(\d+)".*"lastModifiedTime": "(?!\1)(\d+)"'
            r'.*"lastModifiedTime": "(?!\2)\d+"',
        ),
    ),
    Check(
        "expired-table",
        "A table whose expirationTime is past is gone, and its name is free.",
        "A released lock and what dead runs staged go by themselves.",
        lines(
            TOKEN,
            rest(
                "POST",
                "/datasets/$DATASET/tables",
                _table("_sync_lock_d", ', "expirationTime": "$(( ($(date +%s) + 5) * 1000 ))"'),
            ),
            "sleep 60",
            rest("GET", "/datasets/$DATASET/tables/_sync_lock_d"),
            rest("POST", "/datasets/$DATASET/tables", _table("_sync_lock_d")),
        ),
        (r"(?s)HTTP 200.*HTTP 404.*HTTP 200",),
    ),
    Check(
        "table-names",
        "Table names may begin with `_sync_`, hold `__` and letters beyond ASCII, and be queried.",
        "Locks and staging tables have such names.",
        lines(
            query("CREATE TABLE `$DATASET._sync_staging_größe__new` AS SELECT 1 AS id"),
            query("SELECT FORMAT('sum %d', SUM(id)) FROM `$DATASET._sync_staging_größe__new`"),
        ),
        (r"sum 1",),
    ),
    Check(
        "column-names",
        "Column names that begin with _TABLE_, _FILE_, _PARTITION, _ROW_TIMESTAMP, __ROOT__ or"
        " _COLIDENTIFIER are refused; _smart_sync_partition is taken.",
        "Such columns of a source are refused in the plan, with a name that would do.",
        lines(
            TOKEN,
            "for name in _TABLE_x _FILE_x _PARTITIONx _ROW_TIMESTAMPx __ROOT__x _COLIDENTIFIERx"
            " _smart_sync_partition; do",
            rest(
                "POST",
                "/datasets/$DATASET/tables",
                _table(
                    "columns_$name", ', "schema": {"fields": [{"name": "$name", "type": "DATE"}]}'
                ),
                "-o /dev/null",
            )
            + "\ndone | grep HTTP | uniq -c",
        ),
        (r"(?s)6 HTTP 400.*1 HTTP 200",),
    ),
    Check(
        "description-length",
        "A column's description may have 1,024 characters, and no more.",
        "The descriptions by which a MongoDB field's column is known are kept shorter.",
        lines(
            TOKEN,
            "for size in 1024 1025; do",
            rest(
                "POST",
                "/datasets/$DATASET/tables",
                _table(
                    "described_$size",
                    ', "schema": {"fields": [{"name": "a", "type": "DATE",\n'
                    ' "description": "$(printf %${size}s | tr \' \' x)"}]}',
                ),
                "-o /dev/null",
            )
            + "\ndone",
        ),
        (r"(?s)HTTP 200.*HTTP 400",),
    ),
    Check(
        "dry-run-bytes",
        "A dry run tells the bytes that a query will read, for free, and prunes partitions by"
        " constants.",
        "The plan's bytes and price; looks that are taken only where they are cheap.",
        lines(
            query(
                "CREATE TABLE $DATASET.dry (id INT64, ts TIMESTAMP)"
                " PARTITION BY TIMESTAMP_TRUNC(ts, DAY) AS SELECT n, TIMESTAMP_ADD("
                "TIMESTAMP '2025-07-01', INTERVAL MOD(n, 10) DAY) FROM"
                " UNNEST(GENERATE_ARRAY(1, 10000)) AS n"
            ),
            query(
                "SELECT id, ts FROM $DATASET.dry WHERE ts > TIMESTAMP '2025-07-04 00:00:00+00'"
                " AND ts <= TIMESTAMP '2025-07-04 23:00:00+00'",
                "--dry_run",
            ),
        ),
        (r"^16000$",),
    ),
    Check(
        "dry-run-schema",
        "A dry run gives the columns of a query and the tables that it reads, through a view"
        " too; a wildcard's columns hold no _TABLE_SUFFIX.",
        "Columns and splits of a BigQuery source that is a query; a destination that feeds"
        " itself is found.",
        lines(
            query("CREATE TABLE $DATASET.events_1 AS SELECT 1 AS id, [1] AS list"),
            query("CREATE VIEW $DATASET.seen AS SELECT * FROM $DATASET.events_1"),
            f"{BQ} --format=prettyjson query --use_legacy_sql=false --dry_run"
            ' "SELECT q.* FROM \\`$PROJECT.$DATASET.events_*\\` AS q, $DATASET.seen"'
            " | tr -d '\\n' | sed 's/_TABLE_SUFFIX/SUFFIX FOUND/'",
        ),
        (
            r'"referencedTables"',
            r'"mode": "REPEATED"',
            r'\A(?![\s\S]*SUFFIX FOUND)[\s\S]*"tableId": "events_1"',
        ),
    ),
    Check(
        "max-bytes-billed",
        "A query that would bill more than maximumBytesBilled is refused and costs nothing.",
        "max_bytes_billed is sent with each job that reads the source.",
        lines(
            query("CREATE TABLE $DATASET.billed AS SELECT 1 AS id"),
            query("SELECT id FROM $DATASET.billed", "--maximum_bytes_billed=1", "--nouse_cache"),
        ),
        (r"(?i)bytes billed",),
        is_refused=True,
    ),
    Check(
        "query-result",
        "The result of a query stands in a table that other jobs can read.",
        "A query through workers: all streams and the proof's sums read that one result.",
        lines(
            query("SELECT n FROM UNNEST([1, 2, 3]) AS n", first="--job_id=${DATASET}_result"),
            f"FOUND=$({show('-j ${DATASET}_result')} | tr -d ' \\n' | sed"
            ' \'s/.*"destinationTable":{"datasetId":"\\([^"]*\\)","projectId":"[^"]*",'
            '"tableId":"\\([^"]*\\)".*/\\1.\\2/\')',
            query("SELECT FORMAT('rows %d, sum %d', COUNT(*), SUM(n)) FROM `$PROJECT.$FOUND`"),
        ),
        (r"rows 3, sum 6",),
    ),
)
"""Jobs, locks, names, dry runs."""
