"""I/O. The text of a document: at a local or gs:// path, or the parameter itself."""

from pathlib import Path

from google.cloud.exceptions import NotFound

from auto_schema.errors import ConfigError, TargetError, shown
from pipeline.destination.folder import STORAGE_ERRORS, blob_of
from pipeline.parameters.nodes import MOST_BYTES
from pipeline.tables.place import is_text as looks_like_text
from warehouse.names import Endpoints

FIX = "give a local path, gs://bucket/name, or the text itself."


def document_text(
    value: str, parameter: str, endpoints: Endpoints, *, is_text: bool | None = None
) -> tuple[str, str]:
    """The text, and what messages call it.

    Args:
        value: of the parameter: the text, or where it is.
        parameter: its name.
        endpoints: where Cloud Storage is.
        is_text: whether it is the text; None: as that of a YAML or JSON document looks.

    Raises:
        ConfigError: there is no such file, or it is no text.
        TargetError: Cloud Storage couldn't be reached.
    """
    if looks_like_text(value) if is_text is None else is_text:
        return value, parameter
    if value.startswith("gs://"):
        return _decoded(_from_bucket(value, parameter, endpoints), value), value
    try:
        with Path(value).open("rb") as file:  # a device may have no end
            return _decoded(file.read(MOST_BYTES + 1), value), value
    except (OSError, ValueError) as error:
        why = f"{shown(value)}: {getattr(error, 'strerror', None) or error}"
        raise ConfigError("no such file", parameter, why, FIX) from None


def _from_bucket(address: str, parameter: str, endpoints: Endpoints) -> bytes:
    try:
        data: bytes = blob_of(address, endpoints).download_as_bytes(end=MOST_BYTES)
    except NotFound:
        raise ConfigError("no such file", parameter, address, FIX) from None
    except STORAGE_ERRORS as error:
        fix = "grant the launcher's service account roles/storage.objectViewer on the bucket."
        what = f"the file of {parameter} can't be read"
        raise TargetError(what, address, str(error), fix) from None
    return data


def _decoded(data: bytes, name: str) -> str:
    if len(data) > MOST_BYTES:
        raise ConfigError("too large", name, f"more than {MOST_BYTES:,} bytes", FIX)
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise ConfigError("no text", name, str(error), "save it as UTF-8.") from None
