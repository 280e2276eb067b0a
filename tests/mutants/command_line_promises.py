"""The promises of what the command prints at its end, and of what connection holds."""

from tests.mutants.promises import Promise

PROMISES: tuple[Promise, ...] = (
    Promise(
        "The command",
        "An error's last line has its parts and the exit code where the log is JSON.",
        "tests/unit/test_command.py"
        "::test_a_failed_runs_message_is_an_error_in_parts_in_a_log_of_json",
        "pipeline/parameters/log_lines.py",
        ', "error": told_data(error)}',
        "}",
    ),
    Promise(
        "The command",
        "A fault of ours ends each subcommand with 70, and shows no secret of flags or files.",
        "tests/unit/test_command.py::test_our_own_fault_ends_with_70_and_shows_no_secret",
        "pipeline/command/unforeseen.py",
        "    hidden = _whole(words)\n",
        "    hidden = words\n",
    ),
    Promise(
        "The command",
        "What schedules come to is a document of one shape, an error too.",
        "tests/scheduler/test_json.py::test_what_google_refuses_is_a_document_too",
        "scheduler/ending.py",
        "    if JSON in words:",
        "    if False:",
    ),
    Promise(
        "The command",
        "An apply that fails in the middle says in JSON what it has done.",
        "tests/scheduler/test_json.py::test_an_apply_that_fails_in_the_middle_says_what_it_has_done",
        "scheduler/cli.py",
        "        error.report = apply_document(intent, done)\n",
        "",
    ),
    Promise(
        "The command",
        "A source above another connection replaces all of it: no password goes to another server.",
        "tests/unit/test_connections.py"
        "::test_a_uri_by_flag_replaces_the_whole_connection_of_the_file",
        "pipeline/parameters/connections.py",
        "(PARAMETER, *PARTS)) for one in below)]",
        "(PARAMETER,)) for one in below)]",
    ),
    Promise(
        "The command",
        "A parameter above a source replaces that part alone; within one origin it is refused.",
        "tests/unit/test_connections.py::test_a_parameter_above_the_uri_replaces_that_part_alone",
        "pipeline/parameters/source_uri.py",
        "if given.get(name) and _order(name, ranks) < 0]",
        "if given.get(name) and _order(name, ranks) > 9]",
    ),
    Promise(
        "The command",
        "What is of one table takes that of a file of tables, and of several none by itself.",
        "tests/e2e/test_one_of_many.py"
        "::test_slices_are_those_of_the_one_table_and_of_one_that_is_selected",
        "pipeline/launch/one_of_many.py",
        "    if len(launch.tables) != 1:",
        "    if not launch.tables:",
    ),
)
