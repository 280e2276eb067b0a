"""What all commands share: the application, what options mean, where they look and print."""

import errno
import os
import sys
from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from auto_schema.errors import ConfigError
from pipeline.parameters.printed import print_json
from scheduler.client import Schedules, make_client

APP = typer.Typer(
    help="Schedules of syncs in Cloud Scheduler. --no-color, anywhere, or NO_COLOR: no colors.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # whose tables cut names at any width
)
PIPED_WIDTH = 1_000_000
"""Of a console that is no terminal: no line is longer, so that no name is broken or cut."""
Name = Annotated[str, typer.Argument(help="The schedule's name.")]
Project = Annotated[
    str, typer.Option(envvar="GOOGLE_CLOUD_PROJECT", help="Project of the schedules.")
]
Location = Annotated[str, typer.Option(help="Cloud Scheduler's location.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")]
Plain = Annotated[bool, typer.Option(help="Let passwords stand in schedules as they are.")]
Parameters = Annotated[
    list[str] | None, typer.Option("--parameter", "-p", help="name=value, of the template.")
]
Environment = Annotated[
    list[str] | None, typer.Option("--environment", "-e", help="name=value, of the workers.")
]
Cron = Annotated[str, typer.Option(help="Five fields, or a name such as hourly.")]
Zone = Annotated[str, typer.Option(help="IANA name.")]
Template = Annotated[str, typer.Option(help="gs:// path of the template, for Dataflow.")]
HostName = Annotated[str, typer.Option(help="Where its syncs run: dataflow or cloud_run.")]
RunJob = Annotated[
    str, typer.Option(help="The Cloud Run job, for --host=cloud_run; default: smart-sync.")
]
Tables = Annotated[
    str, typer.Option(help="File of many tables: its text is sent; or its gs:// path.")
]
Plan = Annotated[bool, typer.Option(help="Show the sync's plan first.")]
Account = Annotated[str, typer.Option(help="Service account whose OAuth token is sent.")]
Json = Annotated[bool, typer.Option("--json", help="The same as one JSON document.")]
REGION = "us-central1"


def is_terminal() -> bool:
    """Whether people look at what is printed."""
    return sys.stdout.isatty()


class _Console(Console):
    """Rich ends the process with 1 where nobody reads, which would say that a sync is late."""

    def on_broken_pipe(self) -> None:
        """Leave it to whoever ends the program."""
        raise BrokenPipeError(errno.EPIPE, "nobody reads")


def console() -> Console:
    """Where text goes: as wide as the terminal, or as its longest line when there is none."""
    return _Console(width=None if is_terminal() else PIPED_WIDTH)


def say(text: str) -> None:
    """Print a line as it is: no markup, no colors, and no line end put in."""
    console().print(text, markup=False, highlight=False, soft_wrap=True)


def warn(text: str) -> None:
    """Print a line of what should be looked at."""
    console().print(f"[yellow]warning[/]  {escape(text)}", highlight=False)


def tell(document: Mapping[str, Any], text: str, *, json: bool) -> None:
    """Print what was done, as JSON or as a line."""
    if json:
        print_json(document)
    else:
        say(text)


def no_question(*, json: bool, yes: bool, otherwise: str = "add -y.") -> None:
    """See that nothing is to be asked where stdout is one document.

    Raises:
        ConfigError: something would be.
    """
    if json and not yes:
        raise ConfigError("a question", "--json", "it has no place in JSON", otherwise)


def schedules_of(project: str, location: str) -> Schedules:
    """The schedules of a place.

    Raises:
        ConfigError: no project is named.
    """
    if not project:
        fix = "give --project, or set GOOGLE_CLOUD_PROJECT."
        raise ConfigError("missing", "project", "", fix)
    client = make_client(os.environ.get("CLOUD_SCHEDULER_EMULATOR_HOST", ""))
    return Schedules(client, project, location)


def confirm(question: str, *, yes: bool) -> None:
    """Go on when it is said so.

    Raises:
        typer.Exit: with 1: no.
    """
    if not yes and not typer.confirm(question):
        raise typer.Exit(1)
