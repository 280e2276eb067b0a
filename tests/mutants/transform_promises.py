"""The promises of transform_sql: what it makes is published, and nothing is lost or doubled by it."""

from tests.mutants.promises import Promise

QUERY = "transform_sql"
P = Promise
RUNS = "tests/e2e/test_transform_sql.py::test_"
KILLED = "tests/e2e/test_transform_killed.py::test_"
TEXTS = "tests/unit/test_transform_sql.py::test_"
ENGINES = "tests/googlesql/test_transform_sql.py::test_"
SEAM = "tests/seam/test_matrix.py::test_"

PROMISES: tuple[Promise, ...] = (
    P(
        QUERY,
        "A row whose keys and cursor together nobody staged ends the run: MAX never moves past a row that wasn't read.",
        f"{RUNS}keys_and_cursor_that_nobody_staged_end_the_run",
        "pipeline/publish/transform.py",
        "    if answer.strange:",
        "    if False:",
    ),
    P(
        QUERY,
        "Keys and cursor of a row are compared together, not each by itself.",
        f"{ENGINES}the_result_is_what_python_makes_of_the_rows",
        "smart_sync/transform_sql.py",
        "    return tuple(dict.fromkeys([*keys, *([cursor.name] if cursor else [])]))",
        "    return (*keys[:1],) or ((cursor.name,) if cursor else ())",
    ),
    P(
        QUERY,
        "A query that computes the cursor may not lower MAX where rows read again would be appended again.",
        f"{RUNS}a_cursor_that_the_query_lowers_is_refused_where_rows_would_come_twice",
        "pipeline/publish/transform.py",
        "    if sql.keeps_maximum and ",
        "    if False and ",
    ),
    P(
        QUERY,
        "A cursor that may be another row's may not lower MAX either.",
        f"{RUNS}a_cursor_of_another_row_that_ends_earlier_is_refused",
        "smart_sync/sql_tree.py",
        "    if _meets_itself(tree, rows) or any(",
        "    if any(",
    ),
    P(
        QUERY,
        "Rows that it leaves out don't move the watermark that the history tells.",
        f"{RUNS}rows_that_the_query_leaves_out_do_not_move_the_watermark",
        "pipeline/publish/transform.py",
        "    return _with_watermark(plan, outcome, answer)",
        "    return outcome",
    ),
    P(
        QUERY,
        "As many rows are expected in the destination as it made.",
        f"{RUNS}what_the_query_makes_is_published",
        "pipeline/runs/outcome.py",
        "        return self.rows_staged if self.rows_made is None else self.rows_made",
        "        return self.rows_staged",
    ),
    P(
        QUERY,
        "The type that it gives a column says nothing of how that column's rows are staged.",
        f"{RUNS}a_column_that_the_query_casts_is_staged_as_before_in_the_next_run",
        "smart_sync/facts.py",
        " if name not in by_query}",
        "}",
    ),
    P(
        QUERY,
        "A text that closes a parenthesis that it didn't open, or holds a second statement, is refused without BigQuery.",
        f"{TEXTS}what_is_no_single_select_is_refused_without_bigquery",
        "smart_sync/sql_text.py",
        "    if why := text_fault(sql):",
        "    if (why := text_fault(sql)) and False:",
    ),
    P(
        QUERY,
        "Scripts and DML are refused without BigQuery.",
        f"{TEXTS}what_is_no_single_select_is_refused_without_bigquery",
        "smart_sync/sql_text.py",
        "    if first in BEGINNINGS:",
        "    if first:",
    ),
    P(
        QUERY,
        "Functions that give another answer each time are told by their names.",
        f"{TEXTS}functions_that_give_another_answer_each_time_are_warned_about",
        "smart_sync/sql_text.py",
        '        if volatile := ", ".join(dict.fromkeys(self._volatile())):',
        '        if volatile := "":',
    ),
    P(
        QUERY,
        "Keys and cursor have to be in its result, as they are.",
        f"{TEXTS}keys_and_cursor_must_stay_as_they_are",
        "smart_sync/draft.py",
        "    return list(kept_faults(shape.staged, shape.schema, keys, name, marking))",
        "    return list(kept_faults(shape.staged, shape.staged, keys, name, marking))",
    ),
    P(
        QUERY,
        "A run that ends clears the table of what it made.",
        f"{RUNS}what_the_query_makes_is_published",
        "pipeline/execution/report.py",
        "    kinds = {staging.result_table: publishing.sql, ",
        "    kinds = {",
    ),
    P(
        QUERY,
        "Of a run that died, too, nothing of that is left.",
        f"{KILLED}wherever_it_dies_its_rows_are_there_once",
        "pipeline/runs/settle.py",
        "    every = (*staging.tables, staging.result_table, staging.missing_table)",
        "    every = (*staging.tables, staging.missing_table)",
    ),
    P(
        QUERY,
        "Whatever befalls a run, its query runs once, and what it made is counted in the history.",
        f"{SEAM}rows_that_a_query_makes_are_published_once_whatever_befalls_a_run",
        "pipeline/runs/settle.py",
        '    told = made_rows(run.get("verification")) or int(run.get("rows_staged") or 0)',
        '    told = int(run.get("rows_staged") or 0)',
    ),
    P(
        QUERY,
        "Values that the destination would round in silence end the run.",
        f"{ENGINES}values_of_more_digits_than_the_destination_keeps_are_counted",
        "smart_sync/transform_sql.py",
        '        return f"{name} != ROUND({name}, {column.scale})"',
        '        return f"{name} != {name}"',
    ),
    P(
        QUERY,
        "max_bytes_billed is sent with its job.",
        "tests/bigquery/test_transform_sql.py::test_a_ceiling_holds_for_the_query_too",
        "pipeline/publish/transform.py",
        "max_bytes_billed=sql.max_bytes_billed",
        "max_bytes_billed=None",
    ),
    P(
        QUERY,
        "Checks look at what it made, and their rows are kept.",
        f"{RUNS}checks_look_at_what_the_query_makes",
        "pipeline/execution/report.py",
        "if table != plan.rows_table)",
        "if table != staging.table)",
    ),
    P(
        QUERY,
        "The names that columns get by themselves are those that it is tried with.",
        f"{RUNS}names_that_columns_get_by_themselves_are_those_of_staged",
        "pipeline/launch/sql_of.py",
        "    request = with_new_names(request, profile, target.by_name())\n",
        "",
    ),
)
