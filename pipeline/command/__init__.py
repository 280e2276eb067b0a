"""The command `smart-sync`: subcommands over the same parameters as the template's.

    words → table → a subcommand's own flags, a launch's parameters → pipeline.cli, or scheduler.cli

A subcommand is a line in `table.py` and a module of its name here, which is imported when it is
called: help and version need none of the program.
"""
