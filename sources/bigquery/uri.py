"""A URI of BigQuery as SQLAlchemy writes it → the parameters that it stands for. Pure."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import unquote

from auto_schema.errors import SyncError
from sources.uri import Said, Uri, malformed, refused

EXAMPLE = "write bigquery://project/dataset or bigquery://project/dataset/table"
STAND_INS: Mapping[str, str] = MappingProxyType({"source_bigquery_project": "source-project"})
"""What is taken for the parameters of a URI that isn't at hand."""
_NAMES = ("source_bigquery_project", "source_bigquery_dataset", "source_bigquery_table")


def said_by(uri: Uri, text: str) -> Said:
    """What a URI of the scheme `bigquery` says; see `SourceKind.uri`."""
    del text
    if uri.login is not None:
        why = "BigQuery has no user and password: who reads is the account that runs this"
        return Said(faults=(malformed(why, f"{EXAMPLE}."),))
    if uri.fault:
        return Said(faults=(malformed(uri.fault, f"{EXAMPLE}."),))
    faults = list[SyncError]()
    why = "this program takes no options of BigQuery's URIs"
    for name, _ in uri.pairs():
        shown = name if re.fullmatch(r"[A-Za-z][A-Za-z_]{0,30}", name) else "an option"
        faults.append(refused(shown, why, "leave it out; docs/connecting.md."))
    names = [unquote(uri.address), *(unquote(name) for name in uri.path.split("/"))]
    if len(names) > len(_NAMES):
        faults.append(malformed("more than project, dataset and table", f"{EXAMPLE}."))
    said = {parameter: name for parameter, name in zip(_NAMES, names, strict=False) if name}
    return Said(said, tuple(faults))
