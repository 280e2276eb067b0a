"""Errors of the command, of importers and of Python's calls. Pure."""

from pipeline.errors.entry import Entry, Section

COMMAND = Section(
    "The command, imports, Python",
    "Yes, as soon as it is mended: nothing was read or written.",
    (
        Entry(
            "unknown-command",
            (
                "unknown command",
                "no command",
                "a command line that can't be read",
                "unknown flag",
                "unknown shell",
                "unknown tool",
                "no page of help",
                "unknown form",
            ),
            "A command, flag, shell, tool or page of help of this name isn't there.",
            "A typing error; a command of a later version (`smart-sync --version`).",
            "`smart-sync --help` shows what there is.",
        ),
        Entry(
            "flag-malformed",
            (
                "a flag without values",
                "malformed flag",
                "a flag before the command",
                "a flag against the command",
                "nothing to print as JSON",
                "… of nothing",
            ),
            "A flag isn't written as it is meant, stands before the command, or contradicts the command.",
            "`--json=true`; `smart-sync --config=x run`; `smart-sync plan --plan-only=false`.",
            "`smart-sync COMMAND --help` shows its flags: [Flags](command-line.md#flags).",
        ),
        Entry(
            "file-is-there",
            ("a file that is there", "file can't be written"),
            "A file that a command would write is there already, or can't be written. Nothing was overwritten.",
            "A second `init` or `import` in the same folder; a folder that isn't there or isn't yours.",
            "Give another name, or take the old file away.",
        ),
        Entry(
            "no-one-table",
            (
                "no table",
                "more than one table",
            ),
            "A command is for one table, and none is meant, or several; or `init` found no table that it could propose a sync for.",
            "A file of many tables without `--select`; a user that sees no table of the database: another database, or no rights.",
            "Name one with `--select`; for `init` grant SELECT, or name the table: [A first config file](connecting.md#a-first-config-file).",
        ),
        Entry(
            "import-refused",
            (
                "… can't be honoured",
                "a key that isn't there",
                "no mapping",
                "Python is not read",
                "a folder without dlt's files",
                "several schemas",
            ),
            "A file of another tool has a key that this tool can't honour, or isn't of that tool's form. It is refused by name, with what is nearest to it, rather than dropped.",
            "A feature that isn't here; settings in Python code; a file of another tool.",
            "Key by key: [Moving](moving.md).",
        ),
        Entry(
            "python-call-malformed",
            ("not a parameter of a source", "no such value", "windows", "an unbounded collection"),
            "A transform of `smart_sync.beam` was given what it can't use.",
            "A parameter that belongs to a whole sync; batches in windows, which can't be published in one step.",
            "[In your own Beam pipeline](python.md#in-your-own-beam-pipeline)",
        ),
    ),
)
