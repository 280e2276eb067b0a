"""The promises of the command `smart-sync`."""

from tests.mutants.promises import Promise

SETTINGS = "tests/unit/test_settings.py"
COMMAND = "pipeline/launch/settings.py"

PROMISES: tuple[Promise, ...] = (
    Promise(
        "The command",
        "A flag beats the environment, that beats `.env`, that the config file, that the default.",
        f"{SETTINGS}::test_a_flag_beats_the_environment_that_beats_dotenv_that_beats_the_file",
        COMMAND,
        "layered(means, variables, lines, file)",
        "layered(means, lines, variables, file)",
    ),
    Promise(
        "The command",
        "A variable that begins with SMART_SYNC_ and is no parameter is refused, never ignored.",
        f"{SETTINGS}::test_names_that_nobody_knows_are_told_with_the_nearest_and_never_with_their_values",
        COMMAND,
        '            faults.append(_unknown(variable, "the environment"))',
        "            continue",
    ),
    Promise(
        "The command",
        "`python main.py` reads no parameter from the environment.",
        f"{SETTINGS}::test_a_stray_variable_changes_nothing_of_main",
        "pipeline/cli.py",
        "    login = located(given, beam_argv, os.environ)\n",
        '    given = {"data_source": os.environ["SMART_SYNC_DATA_SOURCE"]} | given\n'
        "    login = located(given, beam_argv, os.environ)\n",
    ),
    Promise(
        "The command",
        "Of a secret the plan shows where it came from, and nothing else.",
        f"{SETTINGS}::test_the_origins_show_no_secret_and_each_default_that_holds",
        "pipeline/parameters/origins.py",
        "        return HIDDEN\n",
        "        return text\n",
    ),
    Promise(
        "The command",
        "A subcommand's meaning beats files: `smart-sync plan` writes nothing whatever they say.",
        f"{SETTINGS}::test_a_subcommand_beats_files_and_no_flag",
        COMMAND,
        "layered(means, variables, lines, file)",
        "layered(variables, lines, file, means)",
    ),
    Promise(
        "The command",
        "A value of `.env` that its readers take otherwise is refused, and not shown.",
        f"{SETTINGS}::test_a_value_that_readers_take_otherwise_is_refused_and_not_shown",
        "pipeline/parameters/dotenv.py",
        "        why = _followed(match[1])\n",
        '        why = ""\n',
    ),
    Promise(
        "The command",
        "`main.py --tables=FILE` reads what the file says of the launch, and its flags beat it.",
        "tests/e2e/test_command.py::test_one_file_serves_many_tables_by_the_command_and_by_main",
        "pipeline/launch/tables_document.py",
        "    argv += words_of({name: origin for name, origin in said.items() if name not in flags})\n",
        "",
    ),
    Promise(
        "The command",
        "A password in a file is in no traceback of the program.",
        "tests/e2e/test_command.py::test_a_password_in_the_file_is_in_no_traceback",
        "pipeline/cli.py",
        "        return many(words, now, new_run_id, brought.origins",
        "        return many([*words], now, new_run_id, brought.origins",
    ),
    Promise(
        "The command",
        "Help, version and a misspelt command import nothing of the program.",
        "tests/unit/test_command.py::test_help_version_and_a_misspelt_command_import_nothing_of_the_program",
        "pipeline/command/main.py",
        "import gc\nimport os",
        "import pyarrow  # noqa: F401, I001\nimport gc\nimport os",
    ),
    Promise(
        "The command",
        "With log_format=json each line of stderr is an object, the error that ends it, too.",
        "tests/e2e/test_command.py::test_a_log_in_json_is_an_object_per_line_to_its_last",
        "pipeline/launch/program_end.py",
        "    told = json_line(severity, text, **more) if is_json() else text",
        "    told = text",
    ),
    Promise(
        "The command",
        "Bash completes commands, parameters and their values.",
        "tests/unit/test_completion.py::test_keys_at_a_prompt_become_the_words_that_are_meant",
        "pipeline/command/completion_scripts.py",
        "        for parameter in PARAMETERS\n        if parameter.choices\n",
        "        for parameter in PARAMETERS\n        if not parameter.choices\n",
    ),
    Promise(
        "The command",
        "With --json stdout is one document alone, whatever libraries print.",
        "tests/unit/test_command.py::test_stdout_is_the_document_alone_whatever_is_printed",
        "pipeline/command/json_out.py",
        "    with redirect_stdout(sys.stderr):",
        "    with redirect_stdout(stdout):",
    ),
    Promise(
        "The command",
        "With --json there is a document also of a launch that a signal or a bug ends.",
        "tests/unit/test_command.py::test_a_document_is_there_whatever_ends_a_launch",
        "pipeline/cli.py",
        "    brought.at_end(code)\n",
        "    brought.at_end(code) if code not in CUT_OFF else None\n",
    ),
    Promise(
        "The command",
        "With --json a failed run's report has what it did, and the error in parts.",
        "tests/e2e/test_command_json.py"
        "::test_a_run_that_fails_is_its_report_with_the_error_in_parts",
        "pipeline/command/json_out.py",
        "told_data(error_of(report)) if report.exit_code else None",
        "None",
    ),
    Promise(
        "The command",
        "A misspelt flag of the command itself names the one that is meant.",
        "tests/unit/test_command.py"
        "::test_a_misspelt_flag_of_the_command_names_the_one_that_is_meant",
        "pipeline/command/said.py",
        "        if near and near[0] in self._known:",
        "        if False:",
    ),
    Promise(
        "The command",
        "A run whose result can't be printed (no reader, a full disk) ends as what it has done.",
        "tests/e2e/test_output.py::test_a_run_whose_result_nobody_reads_has_succeeded",
        "pipeline/launch/output.py",
        "    except OSError as error:\n        to_nowhere()\n        LOGGER",
        "    except ZeroDivisionError as error:\n        LOGGER",
    ),
    Promise(
        "The command",
        "A setting of another tool by which other rows would come is refused, or its meaning kept.",
        "tests/unit/test_import.py::test_what_can_t_be_honoured_is_refused_by_name_and_line_with_what_is_nearest",
        "pipeline/command/imports/google_template.py",
        '    *refused(\n        "lowerBound upperBound",',
        '    *told(\n        "lowerBound upperBound",',
    ),
)
