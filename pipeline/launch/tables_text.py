"""I/O. The text of a file of tables: a local or gs:// path, or the parameter itself."""

from pathlib import Path

from google.cloud.exceptions import NotFound

from auto_schema.errors import ConfigError, TargetError, shown
from pipeline.destination.folder import STORAGE_ERRORS, blob_of
from pipeline.parameters.document import MOST_BYTES
from pipeline.tables.place import is_text
from warehouse.names import Endpoints

FIX = "give a local path, gs://bucket/name, or the text itself."


def tables_text(parameter: str, endpoints: Endpoints) -> tuple[str, str]:
    """The text, and what messages call it.

    Raises:
        ConfigError: there is no such file, or it is no text.
        TargetError: Cloud Storage couldn't be reached.
    """
    if is_text(parameter):
        return parameter, "tables"
    if parameter.startswith("gs://"):
        return _decoded(_from_bucket(parameter, endpoints), parameter), parameter
    try:
        with Path(parameter).open("rb") as file:  # a device may have no end
            return _decoded(file.read(MOST_BYTES + 1), parameter), parameter
    except (OSError, ValueError) as error:
        why = f"{shown(parameter)}: {getattr(error, 'strerror', None) or error}"
        raise ConfigError("no such file", "tables", why, FIX) from None


def _from_bucket(address: str, endpoints: Endpoints) -> bytes:
    try:
        data: bytes = blob_of(address, endpoints).download_as_bytes(end=MOST_BYTES)
    except NotFound:
        raise ConfigError("no such file", "tables", address, FIX) from None
    except STORAGE_ERRORS as error:
        fix = "grant the launcher's service account roles/storage.objectViewer on the bucket."
        raise TargetError("the file of tables can't be read", address, str(error), fix) from None
    return data


def _decoded(data: bytes, name: str) -> str:
    if len(data) > MOST_BYTES:
        raise ConfigError("too large", name, f"more than {MOST_BYTES:,} bytes", FIX)
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise ConfigError("no text", name, str(error), "save it as UTF-8.") from None
