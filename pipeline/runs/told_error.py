"""A failed run's message, as the history has it, → the error that it was made from. Pure."""

from auto_schema import errors
from auto_schema.errors import InternalError, SyncError

MEND = " To mend: "


def told_error(message: str, exit_code: int, place: str) -> SyncError:
    """The error, in its parts.

    Args:
        message: with the name of the error's class, or without.
        exit_code: of the run.
        place: where it is, unless the message says it.
    """
    name, _, text = message.partition(": ")
    kind = getattr(errors, name, None)
    if not (
        isinstance(kind, type) and issubclass(kind, SyncError) and kind is not errors.ManyErrors
    ):
        kind, text = _of_code(exit_code), message
    told, _, fix = text.partition(MEND)
    what, _, why = told.removesuffix(".").partition(": ")
    begin, opened, where = what.removesuffix(")").rpartition(" (")
    if not (opened and what.endswith(")")):
        begin, where = what, place
    error = kind(begin, where, why, fix)
    error.exit_code = exit_code
    return error


def _of_code(code: int) -> type[SyncError]:
    """The class of an exit code, where a message doesn't begin with one's name."""
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    known = [kind for kind in kinds if issubclass(kind, SyncError) and kind.exit_code == code]
    return known[0] if known else InternalError
