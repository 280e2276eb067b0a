"""I/O. transformation_config where it is a path: its text, read and understood."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from auto_schema.errors import SyncError, raise_all
from auto_schema.transform import PARAMETER, Transformation
from auto_schema.transform_text import parse
from pipeline.launch.document_text import document_text
from pipeline.parameters.options import Options, with_salt_warning
from smart_sync.request import PublishingRequest
from sources.secrets import Secret
from warehouse.names import Endpoints

Texts = Callable[[str, Endpoints], tuple[str, str]]
"""The text that a path names, and what messages call it."""


def text_of(place: str, endpoints: Endpoints) -> tuple[str, str]:
    """The text of such a file; see `document_text`.

    Raises:
        ConfigError, TargetError: it can't be read.
    """
    return document_text(place, PARAMETER, endpoints, is_text=False)


def with_transformation(options: Options, text_at: Texts = text_of) -> Options:
    """The options with the transformation that their path names.

    Raises:
        ConfigError, ManyErrors: what is wrong with its text.
        TargetError: Cloud Storage couldn't be reached.
    """
    request = options.request
    if not request.schema.transformation_at:
        return options
    endpoints = request.run.endpoints
    text, name = text_at(request.schema.transformation_at, endpoints)
    salts = partial(Secret.named, endpoint=endpoints.secret_manager)
    transformation, faults = parse(text, salts)
    raise_all([_placed(fault, name) for fault in faults])
    schema = replace(request.schema, transformation=transformation)
    publishing = _renamed_keys(request.publishing, transformation)
    request = replace(request, schema=schema, publishing=publishing)
    return with_salt_warning(replace(options, request=request))


def _placed(fault: SyncError, name: str) -> SyncError:
    return type(fault)(fault.what, f"{fault.where}, {name}", fault.why, fault.fix)


def _renamed_keys(publishing: PublishingRequest, to: Transformation) -> PublishingRequest:
    """merge_keys=auto takes the source's key, under the names that it has in the destination."""
    if not publishing.keys_of_table:
        return publishing
    names = dict(to.field_mappings)
    pairs = zip(publishing.keys_of_table, publishing.merge_keys, strict=True)
    return replace(publishing, merge_keys=tuple(names.get(key, name) for key, name in pairs))
