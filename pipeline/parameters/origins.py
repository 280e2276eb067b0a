"""What a launch is given, and where each value came from: flags, environment, files. Pure."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from auto_schema.errors import ManyErrors, SyncError, shown
from pipeline.parameters.table import BY_NAME, PARAMETERS, Kind

FLAG, DEFAULT = "flag", "default"
ENVIRONMENT = "environment variable "
"""How a place in the environment begins."""
HIDDEN = "«secret»"
SALTED = ("transformation_config",)
"""Parameters whose text may hold a secret amid others: shown only where it names a file."""


@dataclass(frozen=True, slots=True)
class Origin:
    """The text of a parameter, or of a flag of Beam's, and what said it.

    Attributes:
        text: as a flag would give it.
        where: as the plan tells it, such as `environment variable SMART_SYNC_POSTGRESQL_HOST`.
        place: as messages tell it; empty: they name the parameter alone.
        rank: how many origins hold before this one.
    """

    text: str
    where: str
    place: str = ""
    rank: int = field(default=0, compare=False)


Origins = Mapping[str, Origin]
"""By the name of the parameter, or of Beam's flag."""


def layered(*layers: Origins) -> dict[str, Origin]:
    """What holds of several that say the same: the first that says it.

    >>> layered({"a": Origin("1", FLAG)}, {"a": Origin("2", "x"), "b": Origin("3", "x")})["b"].text
    '3'
    """
    joined: dict[str, Origin] = {}
    for layer in layers:
        for name, origin in layer.items():
            joined.setdefault(name, origin)
    return joined


def of_flags(given: Mapping[str, str], rest: Sequence[str]) -> dict[str, Origin]:
    """Parameters that are given by flags, and flags of Beam's: of these the last of each name.

    >>> list(of_flags({"verify": "true"}, ["--region", "eu", "--runner=x"]))
    ['verify', 'region', 'runner']
    """
    origins = {name: Origin(text, FLAG) for name, text in given.items()}
    for position, word in enumerate(rest):
        if word.startswith("--"):
            name, has_value, value = word.removeprefix("--").partition("=")
            following = rest[position + 1 : position + 2]
            is_said = not has_value and following and not following[0].startswith("--")
            origins[name] = Origin(following[0] if is_said else value, FLAG)
    return origins


def words_of(origins: Origins) -> list[str]:
    """As flags."""
    return [f"--{name}={origin.text}" for name, origin in origins.items()]


def placed(faults: Iterable[SyncError], origins: Origins) -> list[SyncError]:
    """The same faults, with the places that say what is wrong where these are no flags."""
    return [_placed(fault, origins) for fault in faults]


def _placed(fault: SyncError, origins: Origins) -> SyncError:
    said = (origins[name] for name in re.findall(r"\w+", fault.where) if name in origins)
    places = "; ".join(dict.fromkeys(origin.place for origin in said if origin.place))
    if not places:
        return fault
    return type(fault)(fault.what, f"{places}, {fault.where}", fault.why, fault.fix)


def faults_of(error: SyncError) -> Sequence[SyncError]:
    """Each of the faults that an error tells."""
    return error.errors if isinstance(error, ManyErrors) else (error,)


def told(origins: Origins) -> dict[str, tuple[str, str]]:
    """Name → (text to show, where it came from), of all that holds of the source's launch.

    Defaults that are no text are left out.
    """
    source = origins["data_source"].text if "data_source" in origins else ""
    values = {name: (_shown(name, origin.text), origin.where) for name, origin in origins.items()}
    for parameter in PARAMETERS:
        applies = parameter.source in ("", source) and parameter.name not in values
        if applies and parameter.default:
            values[parameter.name] = (parameter.default, DEFAULT)
    return values


def as_values(origins: Origins) -> dict[str, dict[str, dict[str, str]]]:
    """The same for machines, under the key `origins`; nothing where only flags say anything."""
    if not origins:
        return {}
    texts = {name: {"value": text, "from": where} for name, (text, where) in told(origins).items()}
    return {"origins": texts}


def _shown(name: str, text: str) -> str:
    parameter = BY_NAME.get(name)
    if parameter is not None and parameter.kind is Kind.SECRET and text:
        return HIDDEN
    if name in SALTED and text.lstrip().startswith("{"):
        return "«JSON»"
    return text


def lines(origins: Origins, detail: str) -> Iterator[str]:
    """For eyes, as plan_detail asks for it: how many values came from where, or each of them.

    Args:
        origins: nothing is told where only flags say anything.
        detail: `full` for a line for each that is said, and one for all defaults.
    """
    if not origins:
        return
    if detail != "full":
        counts = Counter(_group(origin.where) for origin in origins.values())
        yield f"  given        {', '.join(f'{count} by {by}' for by, count in counts.items())}"
        return
    values = told(origins)
    said = {name: value for name, value in values.items() if value[1] != DEFAULT}
    texts = {name: _on_a_line(text) for name, (text, _) in said.items()}
    width, wide = max(map(len, said)), min(40, max(map(len, texts.values())))
    yield "parameters, and what said them:"
    for name, (_, where) in said.items():
        yield f"  {name:{width}}  {texts[name]:{wide}}  {where}"
    defaults = [f"{name}={text}" for name, (text, where) in values.items() if where == DEFAULT]
    yield f"  by default: {', '.join(defaults)}"


def _group(where: str) -> str:
    """What several values have in common that came from there.

    >>> _group("flag"), _group("a b.yaml line 3"), _group("environment variable SMART_SYNC_X")
    ('flags', 'a b.yaml', 'the environment')
    """
    if where == FLAG:
        return "flags"
    if where.startswith(ENVIRONMENT):
        return "the environment"
    return re.sub(r" line \d+$", "", where)


def _on_a_line(text: str) -> str:
    return text if text.isprintable() else shown(text)
