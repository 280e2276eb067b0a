"""Which connection holds where several origins name one: flags, environment, files. Pure.

A `source` stands for a whole connection. Above another one it takes its place with all that
belongs to it, so that no password is sent to a server that it wasn't written for; a single
parameter above a `source` is another value of that part.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pipeline.parameters.origins import Origin, Origins, layered
from pipeline.parameters.source_uri import said_by
from sources.registry import SCHEMES
from sources.uri import PARAMETER, Uri

KIND = "data_source"
PLACES = (
    "postgresql_host",
    "mongodb_host",
    "mongodb_connection_string",
    "source_bigquery_project",
    "source_bigquery_dataset",
)
"""Parameters of which one says that a connection is named."""
PARTS = (
    KIND,
    *PLACES,
    "postgresql_port",
    "postgresql_database",
    "postgresql_username",
    "postgresql_password",
    "postgresql_sslmode",
    "postgresql_sslrootcert",
    "postgresql_sslcert",
    "postgresql_sslkey",
    "postgresql_connection_options",
    "mongodb_port",
    "mongodb_database",
    "mongodb_username",
    "mongodb_password",
)
"""All that leads to a source and lets us in; what is read there is none of it."""


def settled(*layers: Origins) -> dict[str, Origin]:
    """What holds of several origins, the first of them first, each with its place among them.

    >>> flag = {"source": Origin("postgresql://me@localhost/shop", "flag")}
    >>> file = {"postgresql_host": Origin("db", "a file"), "num_splits": Origin("4", "a file")}
    >>> sorted(settled(flag, file))
    ['num_splits', 'source']
    """
    ranked = [_ranked(layer, rank) for rank, layer in enumerate(layers)]
    joined = layered(*_of_one_connection(ranked))
    source = joined.get(PARAMETER)
    if source is None or not source.text:
        return joined
    above = [name for name in _parts_of(source.text) if _is_above(joined, name, source)]
    if above:
        told = replace(source, where=f"{source.where}, but for {', '.join(above)}")
        return {**joined, PARAMETER: told}
    return joined


def _parts_of(text: str) -> Sequence[str]:
    """The parts that a `source` says, as far as that is known here."""
    if not Uri.of(text).scheme:
        return PARTS
    return list(said_by(text).parameters)


def _is_above(joined: Origins, name: str, source: Origin) -> bool:
    return name in joined and bool(joined[name].text) and joined[name].rank < source.rank


def _ranked(layer: Origins, rank: int) -> dict[str, Origin]:
    return {name: replace(origin, rank=rank) for name, origin in layer.items()}


def _of_one_connection(layers: Sequence[Origins]) -> list[Origins]:
    """The layers without connections that a `source` above them, or another kind, replaces."""
    kept = list[Origins]()
    for number, layer in enumerate(layers):
        kept.append(layer)
        below = layers[number + 1 :]
        if PARAMETER not in layer:
            if _is_of_another_kind(layer, below):
                return [*kept, *(_without(one, (PARAMETER,)) for one in below)]
            continue
        if layer[PARAMETER].text and any(map(_names_a_connection, below)):
            return [*kept, *(_without(one, (PARAMETER, *PARTS)) for one in below)]
        return [*kept, *below]
    return kept


def _names_a_connection(layer: Origins) -> bool:
    return any(name in layer and layer[name].text for name in (PARAMETER, *PLACES))


def _is_of_another_kind(layer: Origins, below: Sequence[Origins]) -> bool:
    """Whether a data_source stands above the URI of a source of another kind."""
    text = next((one[PARAMETER].text for one in below if PARAMETER in one), "")
    kind = SCHEMES.get(Uri.of(text).scheme, "")
    return bool(kind) and KIND in layer and layer[KIND].text not in ("", kind)


def _without(layer: Origins, names: Sequence[str]) -> Origins:
    return {name: origin for name, origin in layer.items() if name not in names}


def ranks_of(origins: Origins) -> Mapping[str, int]:
    """Name → its origin's place, the first to hold being 0; nothing where there are only flags."""
    return {name: origin.rank for name, origin in origins.items()}
