"""What real BigQuery makes of our Parquet files and load jobs."""

from deploy.real_check import TOKEN, Check, lines, load, query, rest, show

LOADS: tuple[Check, ...] = (
    Check(
        "load-by-name",
        "A Parquet load without a schema matches columns by name, whatever their order, and"
        " reads zstd.",
        "Every load into a table that is there, and into staging tables.",
        lines(
            query("CREATE TABLE $DATASET.by_name (id INT64, name STRING, more STRING)"),
            load("by_name", "rows.parquet"),
            query(
                "SELECT STRING_AGG(FORMAT('%d/%s/%t', id, name, more IS NULL), ' ' ORDER BY id)"
                " FROM $DATASET.by_name"
            ),
        ),
        (r"1/a/true 2/b/true 3/c/true",),
    ),
    Check(
        "load-truncate-data",
        "WRITE_TRUNCATE_DATA replaces all rows and keeps schema, partitioning, descriptions"
        " and labels.",
        "WRITE_TRUNCATE by a load job, which sends no schema.",
        lines(
            query(
                "CREATE TABLE $DATASET.truncate_data (id INT64, name STRING OPTIONS"
                " (description='kept text'), ts TIMESTAMP) PARTITION BY TIMESTAMP_TRUNC(ts, DAY)"
                " OPTIONS (labels=[('kept', 'label')]) AS SELECT 9, 'z', CURRENT_TIMESTAMP()"
            ),
            load("truncate_data", "rows.parquet", "--replace_data"),
            show("$DATASET.truncate_data"),
            query(
                "SELECT FORMAT('rows %d, sum %d', COUNT(*), SUM(id)) FROM $DATASET.truncate_data"
            ),
        ),
        (r"kept text", r'"kept": "label"', r'"field": "ts"', r"rows 3, sum 6"),
    ),
    Check(
        "load-truncate-data-add-field",
        "WRITE_TRUNCATE_DATA with the full schema and ALLOW_FIELD_ADDITION replaces all rows, adds"
        " the column, and keeps descriptions.",
        "A replacing run with new columns, which must leave policy tags and row access policies.",
        lines(
            query(
                "CREATE TABLE $DATASET.truncate_add (id INT64, name STRING OPTIONS"
                " (description='kept text')) AS SELECT 9, 'z'"
            ),
            load(
                "truncate_add",
                "wider.parquet",
                "--replace_data",
                "--schema_update_option=ALLOW_FIELD_ADDITION",
                schema="id:INTEGER,name:STRING,extra:STRING",
            ),
            show("$DATASET.truncate_add"),
            query(
                "SELECT FORMAT('rows %d of %s', COUNT(*), MIN(extra)) FROM $DATASET.truncate_add"
            ),
        ),
        (r"kept text", r"rows 1 of e"),
    ),
    Check(
        "load-no-rows",
        "A load of a Parquet file without rows succeeds, and with WRITE_TRUNCATE_DATA empties"
        " the table.",
        "A replacing run that has read no rows.",
        lines(
            query("CREATE TABLE $DATASET.no_rows AS SELECT 9 AS id, 'z' AS name"),
            load("no_rows", "empty.parquet", "--replace_data"),
            query("SELECT FORMAT('rows %d', COUNT(*)) FROM $DATASET.no_rows"),
        ),
        (r"rows 0",),
    ),
    Check(
        "load-truncate-layout",
        "WRITE_TRUNCATE with a schema and the same layout gives the table the new schema.",
        "A rebuild by one load job.",
        lines(
            query(
                "CREATE TABLE $DATASET.truncate_layout (id INT64, name STRING) CLUSTER BY id"
                " AS SELECT 9, 'z'"
            ),
            load(
                "truncate_layout",
                "wider.parquet",
                "--replace",
                "--clustering_fields=id",
                schema="id:INTEGER,name:STRING,extra:STRING",
            ),
            query(
                "SELECT FORMAT('rows %d of %s', COUNT(*), MIN(extra)) FROM $DATASET.truncate_layout"
            ),
        ),
        (r"rows 1 of e",),
    ),
    Check(
        "load-truncate-labels",
        "WRITE_TRUNCATE with a schema leaves the table's labels.",
        "The label sync_source, which keeps a second source out, after a rebuild.",
        lines(
            query(
                "CREATE TABLE $DATASET.truncate_labels (id INT64, name STRING)"
                " OPTIONS (labels=[('sync_source', '0a1b')]) AS SELECT 9, 'z'"
            ),
            load(
                "truncate_labels",
                "wider.parquet",
                "--replace",
                schema="id:INTEGER,name:STRING,extra:STRING",
            ),
            show("$DATASET.truncate_labels"),
        ),
        (r'"sync_source": "0a1b"', r'"name": "extra"'),
    ),
    Check(
        "load-add-field",
        "A load with the full schema and ALLOW_FIELD_ADDITION appends rows and adds the column.",
        "Appending while the source has a new column.",
        lines(
            query("CREATE TABLE $DATASET.add_field AS SELECT 9 AS id, 'z' AS name"),
            load(
                "add_field",
                "wider.parquet",
                "--schema_update_option=ALLOW_FIELD_ADDITION",
                schema="id:INTEGER,name:STRING,extra:STRING",
            ),
            query(
                "SELECT STRING_AGG(FORMAT('%d/%s', id, IFNULL(extra, 'none')), ' ' ORDER BY id)"
                " FROM $DATASET.add_field"
            ),
        ),
        (r"4/e 9/none",),
    ),
    Check(
        "load-lists",
        "With enableListInference a Parquet LIST becomes a REPEATED column; an empty list is"
        " an empty array.",
        "Arrays of every source.",
        lines(
            load("lists", "lists.parquet"),
            query(
                "SELECT STRING_AGG(FORMAT('%d:%s', id, ARRAY_TO_STRING(tags, '+')), ' '"
                " ORDER BY id) FROM $DATASET.lists"
            ),
        ),
        (r"1:x\+y 2:",),
    ),
    Check(
        "load-nested",
        "With enableListInference lists of records with lists in them load into"
        " ARRAY<STRUCT<…, ARRAY<…>>>.",
        "Nested columns of a BigQuery source that is read through workers.",
        lines(
            query("CREATE TABLE $DATASET.nested (r ARRAY<STRUCT<a INT64, b ARRAY<STRING>>>)"),
            load("nested", "nested.parquet"),
            query("SELECT CONCAT('found ', TO_JSON_STRING(t)) FROM $DATASET.nested AS t"),
        ),
        (r'found .*"+a"+:1,"+b"+:\["+x"+,"+y"+\].*"+a"+:2,"+b"+:\[\]',),
    ),
    Check(
        "load-null-element",
        "A NULL within a list is refused, not dropped.",
        "Arrays with NULLs become JSON or dead letters before they are staged.",
        lines(
            query("CREATE TABLE $DATASET.with_gap (tags ARRAY<STRING>)"),
            "echo made",
            load("with_gap", "gap.parquet"),
        ),
        (r"(?is)made.*(null|required)",),
        is_refused=True,
    ),
    Check(
        "load-times",
        "Parquet timestamps not adjusted to UTC load into DATETIME, adjusted ones into"
        " TIMESTAMP, time64 into TIME, date32 into DATE, all to the microsecond.",
        "Every column of time that is staged.",
        lines(
            query("CREATE TABLE $DATASET.times (dt DATETIME, ts TIMESTAMP, d DATE, t TIME)"),
            load("times", "times.parquet"),
            query("SELECT FORMAT('%t %t %t %t', dt, UNIX_MICROS(ts), d, t) FROM $DATASET.times"),
        ),
        (r"2025-07-22[ T]12:34:56\.789012 1753187696789012 0001-01-01 23:59:59\.999999",),
    ),
    Check(
        "load-times-untold",
        "Without a schema a table that the load makes gets DATETIME for a timestamp that isn't"
        " adjusted to UTC.",
        "Nothing is detected by our loads; it shows that the file says the type itself.",
        lines(load("times_untold", "times.parquet"), show("$DATASET.times_untold", "--schema")),
        (r'"name": "dt",\s+"type": "DATETIME"', r'"name": "ts",\s+"type": "TIMESTAMP"'),
    ),
    Check(
        "load-decimals",
        "decimal128(38, 9) loads into NUMERIC and decimal256(76, 38) into BIGNUMERIC, digit by"
        " digit.",
        "Numeric columns of every source.",
        lines(
            query("CREATE TABLE $DATASET.decimals (n NUMERIC, b BIGNUMERIC)"),
            load("decimals", "decimals.parquet"),
            query("SELECT FORMAT('%t %t', n, b) FROM $DATASET.decimals"),
        ),
        (
            r"99999999999999999999999999999\.999999999",
            r"12345678901234567890123456789012345678\.12345678901234567890123456789012345678",
        ),
    ),
    Check(
        "load-floats",
        "NaN, infinities, the sign of zero and the smallest double load as they are.",
        "FLOAT64 columns; «every value unchanged».",
        lines(
            query("CREATE TABLE $DATASET.floats (f FLOAT64)"),
            load("floats", "floats.parquet"),
            query(
                "SELECT FORMAT('nan %d, inf %d, zero %s, least %t', COUNTIF(IS_NAN(f)),"
                " COUNTIF(f = CAST('-inf' AS FLOAT64)),"
                " MAX(IF(f = 0 AND NOT IS_NAN(f), CAST(f AS STRING), NULL)),"
                " LOGICAL_OR(f > 0 AND f < 1e-323)) FROM $DATASET.floats"
            ),
        ),
        (r"nan 1, inf 1, zero -0(\.0)?, least true",),
    ),
    Check(
        "load-bytes",
        "A Parquet binary loads into BYTES, a string into STRING with characters beyond ASCII.",
        "BYTES and STRING columns of every source.",
        lines(
            query("CREATE TABLE $DATASET.bytes (b BYTES, s STRING)"),
            load("bytes", "bytes.parquet"),
            query("SELECT FORMAT('%s %d', TO_HEX(b), CHAR_LENGTH(s)) FROM $DATASET.bytes"),
        ),
        (r"00ff 4",),
    ),
    Check(
        "load-json-refused",
        "A JSON column can't be loaded from Parquet.",
        "Rows with JSON take the way over a staging table and PARSE_JSON. If this doesn't hold"
        " any more, that way costs more than is needed; no row is wrong.",
        lines(
            query("CREATE TABLE $DATASET.parsed (j JSON)"),
            "echo made",
            load("parsed", "texts.parquet"),
        ),
        (r"(?is)made.*json",),
        is_refused=True,
    ),
    Check(
        "load-unicode-name",
        "A column name with letters beyond ASCII loads from Parquet.",
        "Such names are kept, not rewritten.",
        lines(
            load("unicode", "unicode.parquet", schema="größe:INTEGER"),
            query("SELECT FORMAT('sum %d', SUM(`größe`)) FROM $DATASET.unicode"),
        ),
        (r"sum 1",),
    ),
    Check(
        "load-all-or-nothing",
        "A load job of several files of which one is bad changes nothing.",
        "One load job of all files is the atomic step of publishing.",
        lines(
            query("CREATE TABLE $DATASET.all_or_nothing AS SELECT 9 AS id, 'z' AS name"),
            "gcloud storage cp --quiet $FILES/rows.parquet $FILES/broken.parquet"
            " gs://$BUCKET/$DATASET/",
            load(
                "all_or_nothing",
                "gs://$BUCKET/$DATASET/rows.parquet,gs://$BUCKET/$DATASET/broken.parquet",
            )
            + " || echo refused",
            query("SELECT FORMAT('rows %d', COUNT(*)) FROM $DATASET.all_or_nothing"),
        ),
        (r"refused", r"rows 1\b"),
    ),
    Check(
        "load-creates-with-labels",
        "A load job that makes its table gives it the labels and the description of"
        " destinationTableProperties, and its partitioning.",
        "The label sync_source is there from the first moment on.",
        lines(
            TOKEN,
            "gcloud storage cp --quiet $FILES/times.parquet gs://$BUCKET/$DATASET/",
            rest(
                "POST",
                "/jobs",
                '{"jobReference": {"jobId": "${DATASET}_labels", "location": "$LOCATION"},\n'
                ' "configuration": {"load": {\n'
                '  "sourceUris": ["gs://$BUCKET/$DATASET/times.parquet"],\n'
                '  "sourceFormat": "PARQUET", "writeDisposition": "WRITE_APPEND",\n'
                '  "createDisposition": "CREATE_IF_NEEDED",\n'
                '  "parquetOptions": {"enableListInference": true},\n'
                '  "timePartitioning": {"type": "DAY", "field": "ts"},\n'
                '  "destinationTableProperties": {"description": "made by a load",\n'
                '   "labels": {"sync_source": "0a1b"}},\n'
                '  "schema": {"fields": [{"name": "ts", "type": "TIMESTAMP"},\n'
                '   {"name": "dt", "type": "DATETIME"}, {"name": "d", "type": "DATE"},\n'
                '   {"name": "t", "type": "TIME"}]},\n'
                '  "destinationTable": {"projectId": "$PROJECT", "datasetId": "$DATASET",\n'
                '   "tableId": "labels"}}}}',
            ),
            "bq --quiet --project_id=$PROJECT --location=$LOCATION wait ${DATASET}_labels 120",
            show("$DATASET.labels"),
        ),
        (r'"sync_source": "0a1b"', r'"description": "made by a load"', r'"field": "ts"'),
    ),
    Check(
        "load-write-empty",
        "A load job with WRITE_EMPTY into a table with rows is refused.",
        "write_disposition=WRITE_EMPTY, should rows arrive after the plan was made.",
        lines(
            TOKEN,
            query("CREATE TABLE $DATASET.write_empty AS SELECT 9 AS id, 'z' AS name"),
            "gcloud storage cp --quiet $FILES/rows.parquet gs://$BUCKET/$DATASET/",
            rest(
                "POST",
                "/jobs",
                '{"jobReference": {"jobId": "${DATASET}_write_empty", "location": "$LOCATION"},\n'
                ' "configuration": {"load": {\n'
                '  "sourceUris": ["gs://$BUCKET/$DATASET/rows.parquet"],\n'
                '  "sourceFormat": "PARQUET", "writeDisposition": "WRITE_EMPTY",\n'
                '  "createDisposition": "CREATE_IF_NEEDED",\n'
                '  "parquetOptions": {"enableListInference": true},\n'
                '  "destinationTable": {"projectId": "$PROJECT", "datasetId": "$DATASET",\n'
                '   "tableId": "write_empty"}}}}',
            ),
            "bq --quiet --project_id=$PROJECT --location=$LOCATION wait ${DATASET}_write_empty 120"
            " || true",
            query("SELECT FORMAT('rows %d', COUNT(*)) FROM $DATASET.write_empty"),
        ),
        (r"(?i)already exists|not empty|duplicate", r"rows 1\b"),
    ),
)
"""Files and load jobs."""
