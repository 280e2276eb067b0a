"""`source` → the parameters that it stands for; pure.

What a URI says is put among the parameters that were given, so that all that follows knows
those only: their checks, the request, and where the password is kept.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from auto_schema.errors import ConfigError, SyncError
from sources.kind import SourceKind
from sources.registry import SCHEMES, SOURCES
from sources.secrets import VERSION_NAME, Secret, is_half_name
from sources.uri import KIND, PARAMETER, Said, Uri, malformed

PASSWORDS = ("postgresql_password", "mongodb_password")
SCHEMES_FIX = (
    "write postgresql://user@host:5432/database, mongodb://user@host/database or"
    " bigquery://project/dataset, or name a Secret Manager version that holds such a URI."
)
LOCAL_WHY = "only a run in the process that is started here has files of this machine"
LOCAL_FIX = (
    "write host, database and user into the URI, and name the password as a Secret Manager"
    " version: postgresql_password=projects/P/secrets/S/versions/latest."
)
Given = Mapping[str, str]
Ranks = Mapping[str, int]
ALIKE: Ranks = {}
"""Of parameters that are all said by flags."""


@dataclass(frozen=True, slots=True)
class Expanded:
    """Parameters without `source`.

    Attributes:
        given: those that were given, and those that the URI says.
        faults: what is wrong with the URI, and what contradicts it.
        said: the parameters that it says.
        is_incomplete: it can't be read, so that stand-ins are among them.
    """

    given: Given = field(repr=False)
    faults: tuple[SyncError, ...] = ()
    said: frozenset[str] = frozenset()
    is_incomplete: bool = False

    def placed(self, fault: SyncError) -> SyncError:
        """A fault of a parameter that the URI says, with the place where the operator wrote it."""
        if fault.where not in self.said:
            return fault
        where = f"{PARAMETER}, {fault.where}"
        return type(fault)(fault.what, where, fault.why, fault.fix)


def expanded(given: Given, ranks: Ranks = ALIKE) -> Expanded:
    """The parameters that a URI in `source` stands for, among those that were given.

    A URI that is a secret's stays unread, and a service of this machine is refused: who may
    read them has done so before (`pipeline.launch.source_of`).

    Args:
        given: the parameters.
        ranks: of each the place of what said it, where not all are flags: of two that contradict
            each other the lower one holds.
    """
    text = given.get(PARAMETER, "").strip()
    if not text:
        return Expanded(_without(given))
    if is_half_name(text):  # which is told of each secret
        return Expanded(given, is_incomplete=True)
    if VERSION_NAME.fullmatch(text):
        return _unread(given)
    return _expanded(given, said_by(text), ranks)


def expanded_by(given: Given, said: Said, ranks: Ranks = ALIKE, secret: str = "") -> Expanded:
    """As `expanded`, with what a look at secrets and files of this machine has found.

    Args:
        given: as there.
        said: by the URI, and the service that it names.
        ranks: as there.
        secret: the name of the version that holds the URI; empty: it stands in `given`.
    """
    if not secret:
        return _expanded(given, said, ranks, is_here=True)
    parameters = dict(said.parameters)
    if "mongodb_connection_string" in parameters:
        parameters["mongodb_connection_string"] = secret
    for name in PASSWORDS:
        if name in parameters:
            parameters[name] = Secret.text_of_part(secret)
    kept = Said(parameters, said.faults, said.service, said.passfile)
    return _expanded(given, kept, ranks)


def said_by(text: str) -> Said:
    """What a URI says, with the kind of its source; a text of no known scheme is a fault."""
    uri = Uri.of(text)
    try:
        kind = SOURCES.get(SCHEMES.get(uri.scheme, ""))
    except ConfigError as error:  # its driver isn't installed
        return Said(faults=(error,))
    if kind is None or kind.uri is None:
        why = "it begins with none of " + ", ".join(f"{scheme}://" for scheme in SCHEMES)
        return Said(faults=(malformed(why, SCHEMES_FIX),))
    said = kind.uri(uri, text)
    parameters = {KIND: kind.name, **said.parameters}
    return Said(parameters, said.faults, said.service, said.passfile)


def kind_of(given: Given) -> SourceKind | None:
    """The kind of the source that parameters name; None: none, or its driver isn't installed."""
    try:
        return SOURCES.get(given.get(KIND, ""))
    except ConfigError:
        return None


def _without(given: Given) -> Given:
    return {name: text for name, text in given.items() if name != PARAMETER}


def _unread(given: Given) -> Expanded:
    rest = _without(given)
    kind = kind_of(rest)
    if kind is None:
        fix = "give data_source beside it: postgresql or mongodb."
        why = "the URI is a secret, which is opened where the sync runs"
        faults = [] if rest.get(KIND) else [ConfigError("missing parameter", KIND, why, fix)]
        return Expanded(rest, tuple(faults), is_incomplete=True)
    return Expanded({**kind.stand_ins, **rest}, is_incomplete=True)


def _expanded(given: Given, said: Said, ranks: Ranks, *, is_here: bool = False) -> Expanded:
    rest = _without(given)
    above = [name for name in said.parameters if given.get(name) and _order(name, ranks) < 0]
    above = [name for name in above if name != KIND]
    parameters = {name: text for name, text in said.parameters.items() if name not in above}
    faults = [*said.faults, *_contradictions(rest, parameters, ranks)]
    for name, text in (("service", said.service), ("passfile", said.passfile)):
        if text and not is_here:
            where = f"{PARAMETER}, {name}"
            faults.append(ConfigError("a file of another machine", where, LOCAL_WHY, LOCAL_FIX))
    if not said.faults and not (said.service and not is_here):
        return Expanded({**rest, **parameters}, tuple(faults), frozenset(parameters))
    kind = kind_of({**rest, **parameters})
    stand_ins = kind.stand_ins if kind else {}
    return Expanded({**stand_ins, **rest, **parameters}, tuple(faults), is_incomplete=True)


def _order(name: str, ranks: Ranks) -> int:
    """Below 0: what said the parameter stands above what said `source`; above 0: below it."""
    return ranks.get(name, 0) - ranks.get(PARAMETER, 0)


def _contradictions(given: Given, said: Given, ranks: Ranks) -> list[SyncError]:
    fix = "leave one of them out; what the URI doesn't say, a parameter may."
    why = "they say different things"
    alike = [name for name in said if not _order(name, ranks) or name == KIND]
    names = [name for name in alike if given.get(name) and given[name] != said[name]]
    return [ConfigError("source told twice", f"{PARAMETER}, {name}", why, fix) for name in names]


def holds_secret(name: str, text: str) -> bool:
    """Whether the text of a parameter of the kind SECRET is one, and not merely where one is.

    >>> holds_secret("source", "postgresql://reader@db/shop"), holds_secret("mongodb_password", "x")
    (False, True)
    """
    if not text or not Secret.of(text).is_plain:
        return False
    return Uri.of(text).holds_secret if name == PARAMETER else True


def secrets_of(name: str, text: str) -> list[str]:
    """The texts that no message may show, where a parameter of the kind SECRET has this one."""
    if not holds_secret(name, text):
        return []
    return [text, *Uri.of(text).secrets()] if name == PARAMETER else [text]
