"""How a program ends that neither did its work nor refused it: by a signal, or by a bug of ours."""

from auto_schema.errors import InternalError, SyncError
from pipeline.parameters.log_lines import json_line
from pipeline.parameters.printed import print_line
from pipeline.parameters.version import VERSION

BUG_FIX = "this is a bug in Smart Sync; please report it with the traceback above"


class InterruptedRunError(SyncError):
    """A signal ended the program."""

    exit_code = 130

    @classmethod
    def of(cls, error: KeyboardInterrupt) -> "InterruptedRunError":
        """As a launch tells it."""
        fix = "run it again; it settles what this run may have left, or goes on with it."
        told = cls(interrupted(error), "", "", fix)
        told.exit_code = int(getattr(error, "exit_code", cls.exit_code))
        return told


def interrupted(error: KeyboardInterrupt) -> str:
    """Which signal it was."""
    return f"interrupted ({str(error) or 'Ctrl-C'})"


def internal_error(why: str) -> InternalError:
    """A bug as a value."""
    return InternalError("unexpected error", f"version {VERSION}", why, f"{BUG_FIX}.")


def print_traceback(text: str, *, is_json: bool) -> None:
    """Print a bug's traceback on stderr, where the log is JSON as a line of it."""
    print_line(json_line("CRITICAL", text) if is_json else text)
