"""Errors of parameters: what is given, and what goes with what. Pure."""

from pipeline.errors.entry import Entry, Section

PARAMETERS = Section(
    "Parameters",
    "Yes, as soon as it is mended: nothing was read, locked or written.",
    (
        Entry(
            "missing-parameter",
            ("missing parameter",),
            "A parameter is needed and was given by no flag, variable, `.env` or config file.",
            "A forgotten flag; an environment variable whose name lacks `SMART_SYNC_`; a config file"
            " that isn't the one you think (`--config`).",
            "Give what the message names, with your own value for its example. `smart-sync plan` says"
            " for each parameter where its value comes from.",
        ),
        Entry(
            "malformed-parameter",
            ("malformed parameter",),
            "A parameter's value can't be read as what it is: a number, a duration, one of a few"
            " words, a name, JSON.",
            "A typing error; quotes that the shell or a scheduler took away or added; `${…}` that was"
            " not filled in.",
            "Write it as the message says. What each parameter takes:"
            " [Parameters](parameters.md), or `smart-sync --help=NAME`.",
        ),
        Entry(
            "unknown-parameter",
            ("unknown parameter",),
            "A flag or key is neither a parameter of the sync nor an option of Beam. Its value is not"
            " shown: it may be a secret.",
            "A typing error; a parameter of another version; without the extra `[dataflow]` also"
            " any option of Beam.",
            "Use the name that the message proposes, or leave it out.",
        ),
    ),
)
