"""The promises of what is called from Python, and of what pip installs."""

from tests.mutants.promises import Promise

PROMISES: tuple[Promise, ...] = (
    Promise(
        "Python",
        "A run that is called leaves its process as it was found.",
        "tests/e2e/test_python.py::test_the_process_is_left_as_it_was",
        "pipeline/api/untouched.py",
        "        os.environ.setdefault(name, value)\n",
        "        pass\n",
    ),
    Promise(
        "Python",
        "A run that failed raises what it failed by; it never returns.",
        "tests/e2e/test_python.py::test_a_run_that_failed_raises_what_it_failed_by_with_its_report",
        "pipeline/api/run.py",
        "    if code:\n        raise error_of(report)\n",
        "",
    ),
    Promise(
        "Python",
        "Of a pipeline of one's own, rows of a bundle that is run again are published once.",
        "tests/e2e/test_python_beam.py::test_rows_of_a_bundle_that_is_run_again_come_once",
        "pipeline/api/staged_writing.py",
        "run_attempts(client, begun, PUBLISH, load.start)",
        "run_attempts(client, begun, PUBLISH + uuid.uuid4().hex, load.start)",
    ),
    Promise(
        "Python",
        "A split of one's own pipeline that has given rows is read again by Beam only, which takes"
        " them back.",
        "tests/e2e/test_python_beam.py::test_a_connection_that_is_lost_amid_a_split_doubles_no_row",
        "pipeline/api/source_reading.py",
        "            if has_given or attempt == plan.run.max_retries:",
        "            if attempt == plan.run.max_retries:",
    ),
    Promise(
        "Python",
        "A source whose extra isn't installed is refused with the line of pip that mends it.",
        "tests/unit/test_extras.py::test_a_source_without_its_driver_is_one_fault_among_the_others",
        "sources/registry.py",
        "        if driver and find_spec(driver) is None:\n",
        "        if False:\n",
    ),
    Promise(
        "Python",
        "A write of one's own pipeline that replaces a table's rows leaves its columns and policies.",
        "tests/e2e/test_python_beam.py::test_a_table_that_is_replaced_keeps_its_columns_and_what_guards_them",
        "pipeline/api/staged_writing.py",
        "            config.write_disposition = ROWS_ONLY\n",
        "            pass\n",
    ),
    Promise(
        "Python",
        "A value of one's own pipeline that no query could read is refused.",
        "tests/e2e/test_python_beam.py::test_a_value_that_no_query_could_read_is_not_written",
        "pipeline/api/staged_writing.py",
        "        check_values(batch)\n",
        "",
    ),
    Promise(
        "Python",
        "A column that would round the numbers of one's own pipeline is refused.",
        "tests/unit/test_arrow_fields.py::test_a_column_that_would_round_is_refused",
        "pipeline/api/arrow_fields.py",
        "kind.scale <= scale:",
        "kind.scale >= 0:",
    ),
)
