"""The promises of a launch of many tables."""

from tests.mutants.promises import Promise

PROMISES: tuple[Promise, ...] = (
    Promise(
        "Many tables",
        "Two tables never meet in one destination.",
        "tests/unit/test_tables_file.py::test_two_tables_of_one_destination_are_an_error_and_so_is_a_name_that_is_taken",
        "pipeline/tables/naming.py",
        "        if other is not chosen:",
        "        if other is None:",
    ),
    Promise(
        "Many tables",
        "What befalls one table is no other table's matter.",
        "tests/e2e/test_many_tables.py::test_what_befalls_one_table_is_no_other_table_s_matter",
        "pipeline/launch/many_runs.py",
        "            return _without_a_run(name, table.options, run_id, error)",
        "            raise",
    ),
    Promise(
        "Many tables",
        "A signal gives back the locks of all tables at work, and none of them publishes after it.",
        "tests/e2e/test_many_tables.py::test_sigterm_gives_all_locks_back_and_tells_each_run_as_failed",
        "pipeline/launch/many_runs.py",
        "            self._end_all(interruption(error))\n",
        "",
    ),
    Promise(
        "Many tables",
        "Of all entries that mean a table the closest one holds.",
        "tests/unit/test_tables_file.py::test_the_closest_entry_wins",
        "pipeline/tables/patterns.py",
        "best = max(_weight(entry, table) for entry in entries)",
        "best = min(_weight(entry, table) for entry in entries)",
    ),
)
