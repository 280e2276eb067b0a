"""The one table of subcommands, and of the flags that belong to the command itself."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Flag:
    """A flag of the command, which is no parameter of a launch.

    Attributes:
        name: with underscores; dashes are read as well.
        help: a few words.
        value: what stands for its value in help; empty: it has none.
        is_optional: its value may be left out, and is written behind `=` only.
        short: one letter that means the same, without a value.
        choices: its values, where these are few.
    """

    name: str
    help: str
    value: str = ""
    is_optional: bool = False
    short: str = ""
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Command:
    """A subcommand: `main(said: Said) -> int` in the module `pipeline.command.<name>`.

    Attributes:
        name: as it is called.
        help: one line, which begins with a verb.
        place: what stands for the words that must follow, such as RUN; empty: none may.
        flags: that only this one has.
        has_json: whether `--json` says of it what it prints, and what it did, as JSON.
        is_raw: its words are another program's; it gets all of them as they are.
        takes_parameters: whether it is given a launch's parameters.
        module: where its name is none that a module may have.
        is_launch: it ends as what it has done, whoever reads of it.
    """

    name: str
    help: str
    place: str = ""
    flags: tuple[Flag, ...] = ()
    has_json: bool = False
    is_raw: bool = False
    takes_parameters: bool = True
    module: str = ""
    is_launch: bool = False


COMMANDS: tuple[Command, ...] = (
    Command(
        "run",
        "Sync: read what is new, publish it in one atomic step.",
        flags=(Flag("plan", "Run the plan in this file as it is, or nothing.", "FILE"),),
        has_json=True,
        is_launch=True,
    ),
    Command(
        "plan",
        "Show what a run would do; nothing is written.",
        flags=(Flag("save", "Write the plan into this file, for `run --plan`.", "FILE"),),
        has_json=True,
        is_launch=True,
    ),
    Command(
        "verify",
        "Compare a past window of source and destination.",
        has_json=True,
        is_launch=True,
    ),
    Command(
        "backfill",
        "Load a window slice by slice, or fill columns that are new.",
        has_json=True,
        is_launch=True,
    ),
    Command(
        "replay",
        "Put the dead letters of a run through today's plan.",
        "RUN",
        has_json=True,
        is_launch=True,
    ),
    Command(
        "rollback",
        "Undo a run: the table becomes what it was before.",
        "RUN",
        has_json=True,
        is_launch=True,
    ),
    Command(
        "init",
        "Look at a source, and write a config file that syncs its tables.",
        flags=(
            Flag("output", "The file; smart-sync.yaml if not given.", "FILE"),
            Flag("only", "Which tables: names and patterns, by commas.", "PATTERNS"),
            Flag("force", "Overwrite a file that is there."),
        ),
        has_json=True,
    ),
    Command(
        "import",
        "Make a config file of that of dlt, Sling, Airbyte or Google's templates.",
        "TOOL FILE",
        flags=(
            Flag("output", "The file; smart-sync.yaml if not given.", "FILE"),
            Flag("without", "Keys of the tool's file that are left out, by commas.", "KEYS"),
            Flag("force", "Overwrite a file that is there."),
        ),
        has_json=True,
        module="importing",
    ),
    Command(
        "doctor",
        "Look at all that a run needs, with a mend for what is wrong.",
        has_json=True,
    ),
    Command(
        "completion",
        "Print a script for bash, zsh or fish that completes these words.",
        "SHELL",
        takes_parameters=False,
    ),
    Command(
        "status",
        "Show how each destination does: last run, lag, failures, next step.",
        flags=(
            Flag("since", "Look back so far; 30d where nothing is said.", "DURATION"),
            Flag("fail", "End with 1 where a destination's last run has failed."),
        ),
        has_json=True,
    ),
    Command(
        "report",
        "Write an HTML page of how each destination has done, day by day.",
        flags=(
            Flag("since", "Look back so far; 90d where nothing is said.", "DURATION"),
            Flag("output", "The file; smart-sync-report.html if not given.", "FILE"),
        ),
        has_json=True,
    ),
    Command(
        "schedules",
        "Schedules in Cloud Scheduler: create, apply, status …",
        has_json=True,
        is_raw=True,
    ),
)
"""A command that lacks here has no module either."""

BY_COMMAND: dict[str, Command] = {command.name: command for command in COMMANDS}

FLAGS: tuple[Flag, ...] = (
    Flag(
        "help",
        "This page; of a command, a group or a parameter its own.",
        "NAME",
        is_optional=True,
        short="h",
    ),
    Flag("version", "The program's version."),
    Flag("config", "YAML file with parameters; with tables, too, it syncs these.", "FILE"),
    Flag("json", "Print one JSON document alone on stdout, errors too."),
    Flag("quiet", "Log warnings and errors only.", short="q"),
    Flag("verbose", "Log the whole plan, and what libraries tell.", short="v"),
    Flag(
        "log_format",
        "text or json: an object per line, as Cloud Logging reads it.",
        "FORMAT",
        choices=("text", "json"),
    ),
    Flag("no_color", "No colors; NO_COLOR in the environment means the same."),
)
"""Of every command."""
