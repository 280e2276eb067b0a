"""I/O. What stands behind a name: the stages of a view, and all collections that it reads.

A collection that isn't there is an empty one to whatever reads it: a view shows fewer documents,
or none, without a word.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from auto_schema.errors import SourceRefusedError, shown
from sources.mongodb.client import describe
from sources.mongodb.cut_stamps import named_in
from sources.mongodb.extended_json import Document

BUCKETS = "system.buckets."
"""Begins the name of the collection that holds a time series, up to MongoDB 8."""
GONE = ""


def stages_of(database: Any, described: Document) -> tuple[Document, ...]:
    """The pipeline of a view, behind those of the views that it is over; of a collection none."""
    options, stages = described.get("options", {}), tuple[Document, ...]()
    while "viewOn" in options:
        stages = (*options.get("pipeline", ()), *stages)
        options = (describe(database, options["viewOn"]) or {}).get("options", {})
    return stages


def behind(database: Any, described: Document) -> Mapping[str, str]:
    """All that is read by a name, and what tells each from another so called; GONE: none is."""
    reads = dict[str, str]()
    waiting = [(str(described.get("name")), described)] if described else []
    while waiting:
        name, one = waiting.pop()
        options = one.get("options", {})
        reads[name] = _own(one)
        more = list(named_in(options.get("pipeline", ())))
        more += [options["viewOn"]] if "viewOn" in options else []
        waiting += [
            (other, describe(database, other) or {}) for other in more if other not in reads
        ]
        buckets = f"{BUCKETS}{name}"
        if "timeseries" in options and (held := describe(database, buckets)):
            waiting.append((buckets, held))
    return reads


def refuse_gone(reads: Mapping[str, str], place: str) -> None:
    """Refuse a view that reads what isn't there.

    Raises:
        SourceRefusedError: it names each of them.
    """
    gone = [name for name, stored in reads.items() if stored == GONE]
    if gone:
        raise SourceRefusedError(
            "collection gone",
            place,
            f"the view reads {', '.join(map(shown, gone))}, of which the database has none: MongoDB"
            " takes that for empty, and what was in it would be missing in silence",
            "correct the view, or run again when it is there; one that is meant to be empty is made"
            f" by db.createCollection({json.dumps(gone[0])}).",
        )


def identity(reads: Mapping[str, str]) -> str:
    """What another collection of its name doesn't have; of a view: nor one that reads others."""
    if len(reads) == 1:
        return next(iter(reads.values()))
    return hashlib.sha256(repr(sorted(reads.items())).encode()).hexdigest()


def _own(described: Document) -> str:
    """What tells a collection from another of its name, or a view by what it says."""
    if not described:
        return GONE
    uuid = described.get("info", {}).get("uuid")
    if uuid is None:
        return repr(described.get("options"))
    return (uuid.bytes if isinstance(uuid, UUID) else bytes(uuid)).hex()
