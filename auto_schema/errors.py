"""Errors that say what, where, why and how to mend, and the exit code of each.

A class stands for what the operator has to do, not for where it was raised.
All parts are passed positionally so that an error pickles.
"""

import re
from collections.abc import Sequence

SHOWN = 200
"""Characters of a quoted value that a message shows at most."""
MOST_TOLD = 100
"""Faults that are told at once: a file of tables may have thousands."""
FEW_PLACES, MOST_PLACES = 3, 10
"""Places of one fault that stand in its line, and those that are named in lines of their own."""
LONGEST_LINE = 900
"""Characters of an error's one line: all that Dataflow shows of a failed launch is the tail."""


def shown(value: object) -> str:
    r"""Quote a value for a message, cut at 200 characters.

    >>> shown("o'clock")
    '"o\'clock"'
    """
    text = without_login(repr(value))
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def without_login(text: str) -> str:
    """Hide what stands between `://` and the last `@` behind it, and a conninfo's password.

    >>> without_login("no host postgresql://me:pass@word@db/x or password='a b' here")
    'no host postgresql://…@db/x or password=… here'
    """
    text = re.sub(r"://\S*@", "://…@", text)
    return re.sub(r"(?i)\b(password\s*=\s*)('(?:[^'\\]|\\.)*'|(?:\\.|\S)+)", r"\1…", text)


def one_line(text: str) -> str:
    r"""Fold all white space, and cut what is too long for a line.

    >>> one_line("no\n  such host")
    'no such host'
    """
    text = " ".join(text.split())
    return text if len(text) <= LONGEST_LINE else text[: LONGEST_LINE - 1] + "…"


class SyncError(Exception):
    """One fault: what is wrong, where, why, and what the operator changes."""

    exit_code = 70
    report: object = None
    """In Python, of a run that failed after it had begun: its RunReport."""

    def __init__(self, what: str, where: str = "", why: str = "", fix: str = "") -> None:
        super().__init__(what, where, why, fix)
        self.what, self.where, self.why, self.fix = what, where, why, fix

    def __str__(self) -> str:
        text = self.what + (f" ({self.where})" if self.where else "")
        text += f": {self.why}" if self.why else ""
        if not text.endswith((".", "!", "?")):
            text += "."
        return without_login(text) + (f" To mend: {self.fix}" if self.fix else "")

    @property
    def text(self) -> str:
        """All there is to say, with the name of the class."""
        return f"{type(self).__name__}: {self}"

    @property
    def line(self) -> str:
        """The same on one line; what is too long is cut in its reason, not in its mend."""
        text, why = (" ".join(part.split()) for part in (self.text, self.why))
        surplus = len(text) - LONGEST_LINE
        if surplus > 0:
            short = why[: max(0, len(why) - surplus - 2)] + "…"
            text = f"{type(self).__name__}: {SyncError(self.what, self.where, short, self.fix)}"
        return one_line(text)


class ConfigError(SyncError):
    """A parameter is missing, malformed or contradicts another."""

    exit_code = 2


class SourceError(SyncError):
    """The source could not be read."""

    exit_code = 3


class SourceUnreachableError(SourceError):
    """The connection failed or was lost: trying again may help."""


class SourceLockedError(SourceUnreachableError):
    """Others hold a lock on what is read: they may be gone at the next try."""


class SourceFullError(SourceUnreachableError):
    """The source takes no more sessions: there may be room at the next try."""


class SourceRefusedError(SourceError):
    """The source answered no (credentials, permission, SQL): trying again won't help."""


class RowRefusedError(SourceRefusedError):
    """The source refused amid the rows: the rows that it doesn't refuse may be read."""


class SchemaError(SyncError):
    """Source and destination don't fit, or a type is not known."""

    exit_code = 4


class SourceChangedError(SchemaError):
    """The source no longer looks as it did when the plan was made."""


class TargetError(SyncError):
    """BigQuery or the staging location refused or could not be reached."""

    exit_code = 5


class OutcomeUnknownError(TargetError):
    """The answer to the publishing job was lost: it may still run."""


class RunInProgressError(SyncError):
    """Another run holds the destination table."""

    exit_code = 6


class DeadLetterLimitError(SyncError):
    """More rows could not be conformed than max_dead_letters allows."""

    exit_code = 7


class VerificationError(SyncError):
    """What was published is not what was staged or read."""

    exit_code = 8


class HeldBackTooLongError(SyncError):
    """Open transactions have kept the window empty for too long."""

    exit_code = 9


class SomeFailedError(SyncError):
    """Of a launch's tables some failed, by different faults, or beside others that did not."""

    exit_code = 10


class ChecksFailedError(SyncError):
    """Staged rows fail a check; none of them was published."""

    exit_code = 11


class DeletesRefusedError(SyncError):
    """More rows are missing at the source than may be deleted unseen; none was."""

    exit_code = 11


class LimitReachedError(SyncError):
    """A limit of the operator's own for runs: nothing of it was published."""

    exit_code = 12


class InternalError(SyncError):
    """A bug of ours."""


class ManyErrors(SyncError):  # noqa: N818 - a plural
    """Several faults, told at once; the exit code is the lowest of theirs."""

    def __init__(self, errors: Sequence[SyncError]) -> None:
        super().__init__(f"{len(errors)} faults")
        self.args = (tuple(errors),)
        self.errors = tuple(errors)
        self.exit_code = min(error.exit_code for error in errors)

    def __str__(self) -> str:
        told = [_at_all_places(group) for group in same_faults(self.errors)]
        lines = [f"{i}. {text}" for i, text in enumerate(told[:MOST_TOLD], 1)]
        surplus = len(told) - MOST_TOLD
        return "\n".join([*lines, *([f"… and {surplus:,} more."] if surplus > 0 else [])])

    @property
    def text(self) -> str:
        """One line per fault, of the first of them."""
        return str(self)

    @property
    def line(self) -> str:
        """What and where of each, in the order of the lines that say all."""
        kinds = ", ".join(dict.fromkeys(type(error).__name__ for error in self.errors))
        text, end = f"{kinds}: {len(self.errors)} faults: ", ". To mend: see each line above."
        named = [words for group in same_faults(self.errors) for words in _in_few_words(group)]
        fitting = list[str]()
        while named and len("; ".join([text, *fitting, named[0], end])) < LONGEST_LINE - len(end):
            fitting.append(named.pop(0))
        more = [f"{len(named)} more"] if named else []
        return text + "; ".join(fitting + more) + end


def error_data(error: SyncError) -> dict[str, object]:
    """A fault in parts, for programs; of several also each, under `errors`.

    >>> error_data(ConfigError("missing parameter", "tables", "", "give it."))["class"]
    'ConfigError'
    """
    told: dict[str, object] = {
        "class": type(error).__name__,
        "what": error.what,
        "where": without_login(error.where),
        "why": without_login(error.why),
        "fix": error.fix,
        "exit_code": error.exit_code,
    }
    if isinstance(error, ManyErrors):
        told["errors"] = [error_data(one) for one in error.errors]
    return told


def same_faults(errors: Sequence[SyncError]) -> list[list[SyncError]]:
    """Faults that differ in their places alone, together, in the order of the first of each."""
    groups = dict[object, list[SyncError]]()
    for error in errors:
        groups.setdefault((type(error), error.what, error.why, error.fix), []).append(error)
    return list(groups.values())


def _in_few_words(group: Sequence[SyncError]) -> list[str]:
    """What and where, place by place; of many places the first, and how many there are."""
    if len(group) > FEW_PLACES:
        first = f"{group[0].where}, and {len(group) - 1:,} more"
        return [one_line(f"{group[0].what} ({first})")]
    return [one_line(error.what + (f" ({error.where})" if error.where else "")) for error in group]


def _at_all_places(group: Sequence[SyncError]) -> str:
    """One fault, once, with all places at which it stands, up to MOST_PLACES of them."""
    places = list(dict.fromkeys(error.where for error in group if error.where))
    first = group[0]
    if len(places) <= FEW_PLACES:
        return str(SyncError(first.what, "; ".join(places), first.why, first.fix))
    one = SyncError(first.what, f"{len(places):,} places", first.why, first.fix)
    named = [f"   {without_login(place)}" for place in places[:MOST_PLACES]]
    more = len(places) - len(named)
    return "\n".join([str(one), *named, *([f"   … and {more:,} more"] if more else [])])


def raise_all(errors: Sequence[SyncError]) -> None:
    """Raise nothing for no error, the error for one, ManyErrors for more."""
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise ManyErrors(errors)
