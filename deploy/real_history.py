"""What real BigQuery makes of the run history: its columns, its INSERT and the views beside it."""

from collections.abc import Callable

from auto_schema.names import quoted
from deploy.real_check import Check, lines, query
from pipeline.runs.history import FIELDS
from pipeline.runs.views import lag_query, latest_query, success_query, volume_query
from warehouse.names import TableRef

_RUNS = TableRef("$PROJECT", "$DATASET", "told_runs")
_COLUMNS = ", ".join(f"{quoted(name)} {kind}" for name, kind in FIELDS)


def _event(seq: int, status: str) -> str:
    return query(
        "INSERT INTO $DATASET.told_runs (run_id, seq, status, event_time, destination, mode,"
        " exit_code, cursor_column, window_end_at, rows_published, timings)"
        f" VALUES ('r', {seq}, '{status}', CURRENT_TIMESTAMP(), 'p.d.t', 'append', 0, 'ts',"
        " TIMESTAMP '2025-07-01', 7, PARSE_JSON('{\"total\": 1.5}', wide_number_mode => 'round'))"
    )


def _view(name: str, text: Callable[[TableRef], str]) -> str:
    return query(f"CREATE VIEW $DATASET.{name} AS {text(_RUNS)}")


HISTORY: tuple[Check, ...] = (
    Check(
        "history-json",
        "PARSE_JSON with wide_number_mode => 'round' takes a parameter of an INSERT's VALUES, also"
        " numbers that no double holds exactly; of NULL it is NULL. CAST makes a double of a text.",
        "Each event of the run history: its plan and timings.",
        lines(
            query("CREATE TABLE $DATASET.told_json (id INT64, plan JSON, cpu FLOAT64)"),
            query(
                "INSERT INTO $DATASET.told_json (id, plan, cpu) VALUES"
                " (1, PARSE_JSON(@plan, wide_number_mode => 'round'), CAST(@cpu AS FLOAT64)),"
                " (2, PARSE_JSON(@none, wide_number_mode => 'round'), CAST(@none AS FLOAT64))",
                """--parameter='plan:STRING:{"seconds": 0.30000000000000004123}'""",
                "--parameter=cpu:STRING:1.5",
                "--parameter=none:STRING:NULL",
            ),
            query(
                "SELECT STRING_AGG(FORMAT('%d %t %t', id, cpu,"
                " ROUND(CAST(JSON_VALUE(plan, '$.seconds') AS FLOAT64), 3)), ', ' ORDER BY id)"
                " FROM $DATASET.told_json"
            ),
        ),
        (r"1 1\.5 0\.3, 2 NULL NULL",),
    ),
    Check(
        "history-view-of-all",
        "A view of SELECT * delivers a column, also of JSON, that its table got after it was made.",
        "sync_runs_latest over a history that an older version has made: it is never made anew.",
        lines(
            query("CREATE TABLE $DATASET.older (run_id STRING, seq INT64)"),
            query(
                "CREATE VIEW $DATASET.older_latest AS"
                f" {latest_query(TableRef('$PROJECT', '$DATASET', 'older'))}"
            ),
            query("ALTER TABLE $DATASET.older ADD COLUMN plan JSON"),
            query(
                "INSERT INTO $DATASET.older (run_id, seq, plan)"
                " VALUES ('r', 0, PARSE_JSON('{\"mode\": \"append\"}'))"
            ),
            query("SELECT CONCAT('mode ', JSON_VALUE(plan, '$.mode')) FROM $DATASET.older_latest"),
        ),
        (r"mode append",),
    ),
    Check(
        "history-views",
        "The views beside the run history are made over its columns, and tell a run that ended well"
        " until it is rolled back.",
        "docs/history.md: lag, success and volume.",
        lines(
            query(
                f"CREATE TABLE $DATASET.told_runs ({_COLUMNS})"
                " PARTITION BY DATE(event_time) CLUSTER BY destination, run_id"
            ),
            _view("told_lag", lag_query),
            _view("told_success", success_query),
            _view("told_volume", volume_query),
            _event(0, "running"),
            _event(2, "succeeded"),
            query("SELECT FORMAT('until %t', complete_until) FROM $DATASET.told_lag"),
            query("SELECT FORMAT('good %d of %d', succeeded, runs) FROM $DATASET.told_success"),
            query(
                "SELECT FORMAT('rows %d in %t s', rows_published, seconds)"
                " FROM $DATASET.told_volume"
            ),
            _event(3, "rolled_back"),
            query("SELECT FORMAT('then until %t', complete_until) FROM $DATASET.told_lag"),
            query("SELECT FORMAT('then %d days', COUNT(*)) FROM $DATASET.told_volume"),
        ),
        (
            r"until 2025-07-01",
            r"good 1 of 1",
            r"rows 7 in 1\.5 s",
            r"then until NULL",
            r"then 0 days",
        ),
    ),
)
