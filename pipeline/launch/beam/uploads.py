"""I/O. The way onto Dataflow: Beam's uploads come to an end, and its faults are ours.

Beam tries an upload for ten minutes whatever the reason, also when a name is wrong, while
the launcher's time runs out and the table is locked.
"""

import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import Any

from apache_beam.utils.retry import PermanentException
from google.api_core.exceptions import AlreadyExists
from google.cloud.storage.retry import DEFAULT_RETRY

from auto_schema.errors import ConfigError, SyncError, TargetError
from pipeline.destination.folder import STORAGE_ERRORS, find_folder
from pipeline.parameters.options import Options
from warehouse.client import RETRY_S

LOGGER = logging.getLogger("smart_sync")
UPLOAD_TIMEOUT_S = 30.0
INVALID = "Pipeline has validations errors"
PLACES_FIX = (
    "check that they exist and can be reached, and that the launcher's service account may write"
    " there (roles/storage.objectAdmin)"
)


def check_places(options: Options) -> None:
    """Look at where the launcher writes the job, before anything is written.

    Raises:
        TargetError: one of the places is missing, or its service doesn't answer.
    """
    request = options.request
    staging, template = _places(options)
    for flag, path in (("staging_location", staging), ("template_location", template)):
        if path:
            find_folder(flag, path, request.run.endpoints, RETRY_S * request.run.max_retries)


def _places(options: Options) -> tuple[str, str]:
    template = options.flag("template_location")
    folder = template.rpartition("/")[0] or str(PurePosixPath(template).parent)
    return options.flag("staging_location"), folder if template else ""


@contextmanager
def launching(options: Options) -> Iterator[None]:
    """Around Beam's launch: each upload ends, and what Beam raises becomes ours.

    Raises:
        ConfigError: Beam refuses a flag.
        TargetError: the job could not be staged or submitted.
    """
    try:
        with _bounded_uploads(RETRY_S * options.request.run.max_retries):
            yield
    except SyncError:
        raise
    except Exception as error:
        told = launch_error(error, options)
        if told is None:
            raise
        if isinstance(told, ConfigError):  # Beam's own word for it, which may be a bug's
            LOGGER.warning("%s", "".join(traceback.format_exception(error)))
        raise told from error


def launch_error(error: Exception, options: Options) -> SyncError | None:
    """What Beam raised as our error; None: a bug."""
    from apache_beam.runners.dataflow.internal.apiclient import DataflowJobAlreadyExistsError

    why = f"{type(error).__name__}: {error}"
    if isinstance(error, (DataflowJobAlreadyExistsError, AlreadyExists)):
        return ConfigError("job name taken", "--job_name", str(error), "give another --job_name.")
    if isinstance(error, (*STORAGE_ERRORS, PermanentException)):
        return _staging_fault(why, options)
    if isinstance(error, ValueError) and INVALID in str(error):
        why = str(error).partition(INVALID)[2].strip(": \n")
        return ConfigError("Beam refuses the flags", "command line", why, "correct them.")
    if isinstance(error, (ValueError, RuntimeError)):
        fix = "correct the flag that it names; if it names none, report it with the lines above."
        return ConfigError("Beam refuses the job", "Beam's flags", why, fix)
    return None


def _staging_fault(why: str, options: Options) -> TargetError:
    names = ("staging_location", "template_location")
    given = [f"--{name}={options.flag(name)}" for name in names if options.flag(name)]
    if options.flag("template_location"):
        return TargetError("job could not be staged", ", ".join(given), why, f"{PLACES_FIX}.")
    fix = f"{PLACES_FIX} and start jobs in that project and region (roles/dataflow.admin)."
    return TargetError("job could not be submitted", ", ".join(given), why, fix)


@contextmanager
def _bounded_uploads(retry_s: float) -> Iterator[None]:
    """Let Beam's client upload once, with the storage library's own retries."""
    from apache_beam.runners.dataflow.internal import apiclient

    beam_client: Any = apiclient.DataflowApplicationClient
    patient = beam_client.stage_file_with_retry

    def upload(
        client: Any, folder: str, name: str, source: Any, *_sizes: Any, **_words: Any
    ) -> None:
        if not folder.startswith("gs://"):
            patient.__wrapped__(client, folder, name, source)
            return
        bucket, _, prefix = f"{folder.rstrip('/')}/{name}".removeprefix("gs://").partition("/")
        blob = client._storage_client.bucket(bucket).blob(prefix)
        words = {"timeout": UPLOAD_TIMEOUT_S, "retry": _retry(retry_s)}
        if isinstance(source, str):
            blob.upload_from_filename(source, **words)
        else:
            blob.upload_from_file(source, **words)

    beam_client.stage_file_with_retry = upload
    try:
        yield
    finally:
        beam_client.stage_file_with_retry = patient


def _retry(retry_s: float) -> Any:
    return DEFAULT_RETRY.with_timeout(retry_s) if retry_s else None
