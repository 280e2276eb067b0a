"""I/O. The staging folder: a bucket or a local folder, behind five verbs.

Files are named by split, attempt and part, so that no two attempts share one.
"""

import logging
import os
import shutil
import threading
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from google.api_core.exceptions import (
    Forbidden,
    GoogleAPICallError,
    PreconditionFailed,
    RetryError,
)
from google.auth.credentials import AnonymousCredentials
from google.auth.exceptions import GoogleAuthError
from google.cloud import storage  # type: ignore[attr-defined] # a namespace package
from google.cloud.exceptions import NotFound
from google.cloud.storage.retry import DEFAULT_RETRY
from google.resumable_media import DataCorruption, InvalidResponse
from requests.exceptions import RequestException

from auto_schema.errors import TargetError
from pipeline.destination.private_folder import check_local, make_private, opened_privately
from smart_sync.plan import SyncPlan
from warehouse.names import Endpoints

LOGGER = logging.getLogger("smart_sync")
FAILED = "FAILED"
MULTI_REGIONS = ("US", "EU")
"""Datasets there load from more than one location:
https://cloud.google.com/bigquery/docs/loading-data-cloud-storage-parquet#limitations"""
STORAGE_ERRORS = (
    GoogleAPICallError,
    RetryError,
    GoogleAuthError,
    InvalidResponse,
    DataCorruption,
    RequestException,
    OSError,
)
LOOK_TIMEOUT_S = 15.0
CHUNK_BYTES = 8 * 1024 * 1024
HASHED_AT_ONCE = 4
"""Local files: of a large load that is gone on with there are gigabytes."""
DELETED_AT_ONCE = 8
"""Fewer than the 10 connections that a client keeps open. A run of 5,000 splits has 15,000 files,
which one by one take a quarter of an hour, under the table's lock."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A file that was closed: its size, and a hash of its bytes; empty: not known.

    Cloud Storage keeps a CRC32C of each object and tells it with the size; of a local file the
    CRC32 is worked out.
    """

    bytes: int
    digest: str = ""


class Folder:
    """One run's staging folder, or a launch's own. Not picklable: make it where it is used."""

    def __init__(self, path: str, endpoints: Endpoints) -> None:
        self.path = path
        self._bucket: Any = None
        self._prefix = ""
        self._small = threading.Lock()
        """A small local file is whole before another thread sees it; an object always is."""
        if path.startswith("gs://"):
            name, _, self._prefix = self.path.removeprefix("gs://").partition("/")
            self._bucket = _client(endpoints).bucket(name)

    def uri(self, name: str) -> str:
        """The address of a file of this folder."""
        return f"{self.path}/{name}"

    def open(self, name: str) -> IO[bytes]:
        """Open a new file for writing."""
        if self._bucket is not None:
            blob = self._bucket.blob(f"{self._prefix}/{name}")
            stream: IO[bytes] = blob.open("wb", chunk_size=CHUNK_BYTES, ignore_flush=True)
            return stream
        path = make_private(self.path) / name
        return open(path, "wb", opener=opened_privately)

    def read(self, name: str, start: int, length: int) -> bytes:
        """A part of a file: so many bytes from `start` on."""
        if self._bucket is not None:
            blob = self._bucket.blob(f"{self._prefix}/{name}")
            data: bytes = blob.download_as_bytes(start=start, end=start + length - 1)
            return data
        with open(Path(self.path) / name, "rb") as file:  # noqa: PTH123
            file.seek(start)
            return file.read(length)

    def whole(self, name: str) -> bytes | None:
        """A small file; None: it isn't there."""
        try:
            if self._bucket is not None:
                data: bytes = self._bucket.blob(f"{self._prefix}/{name}").download_as_bytes()
                return data
            with self._small:
                return (Path(self.path) / name).read_bytes()
        except (NotFound, FileNotFoundError):
            return None

    def create(self, name: str, data: bytes) -> bool:
        """Write a small file; False: it was there, and stays as it is."""
        try:
            if self._bucket is not None:
                blob = self._bucket.blob(f"{self._prefix}/{name}")
                blob.upload_from_string(data, if_generation_match=0)
                return True
            path = make_private(self.path) / name
            with self._small, open(path, "xb", opener=opened_privately) as file:
                file.write(data)
        except (PreconditionFailed, FileExistsError):
            return False
        return True

    def look(self, name: str, *, with_digest: bool) -> Listed:
        """What there is to know of a file that was closed."""
        if self._bucket is not None:
            blob = self._bucket.get_blob(f"{self._prefix}/{name}")
            if blob is None:
                raise FileNotFoundError(self.uri(name))
            return Listed(int(blob.size), blob.crc32c or "")
        return _local(Path(self.path) / name, with_digest=with_digest)

    def listed(self, *, with_digests: bool) -> dict[str, Listed]:
        """All files, by name; none where there is no such folder."""
        if self._bucket is None:
            return dict(_local_files(Path(self.path), with_digests=with_digests))
        begin = f"{self._prefix}/"
        blobs = self._bucket.list_blobs(prefix=begin)
        return {b.name.removeprefix(begin): Listed(int(b.size), b.crc32c or "") for b in blobs}

    def remove(self, name: str) -> None:
        """Remove a file; one that isn't there is fine."""
        if self._bucket is not None:
            _ignoring_missing(self._bucket.blob(f"{self._prefix}/{name}").delete)
        else:
            (Path(self.path) / name).unlink(missing_ok=True)

    def mark_failed(self, why: bytes) -> None:
        """Tell all readers of this run to stop before their next split, and why; best effort.

        Of several the first that arrives stands.
        """
        try:
            self.create(FAILED, why)
        except (*STORAGE_ERRORS, TargetError) as error:
            LOGGER.warning("%s could not be marked as failed: %s", self.path, error)

    def failed(self) -> bytes | None:
        """Why a step of this run has failed first; None: none has."""
        return self.whole(FAILED)

    def clear(self) -> None:
        """Remove the folder with all its files."""
        if self._bucket is not None:
            blobs = self._bucket.list_blobs(prefix=f"{self._prefix}/")
            with ThreadPoolExecutor(DELETED_AT_ONCE) as pool:
                for _ in pool.map(lambda blob: _ignoring_missing(blob.delete), blobs):
                    pass  # raises what one of them raised
        else:
            shutil.rmtree(self.path, ignore_errors=True)


def _local(path: Path, *, with_digest: bool) -> Listed:
    size, digest = os.stat(path).st_size, 0  # noqa: PTH116
    if not with_digest:
        return Listed(size)
    with path.open("rb") as file:
        while data := file.read(CHUNK_BYTES):
            digest = zlib.crc32(data, digest)
    return Listed(size, f"{digest:08x}")


def _local_files(folder: Path, *, with_digests: bool) -> Iterator[tuple[str, Listed]]:
    """Those that are there to the end: a run that wakes may give up one of its own meanwhile."""

    def look(path: Path) -> Listed | None:
        with suppress(FileNotFoundError):
            return _local(path, with_digest=with_digests) if path.is_file() else None
        return None

    paths = list(folder.iterdir()) if folder.is_dir() else []
    with ThreadPoolExecutor(HASHED_AT_ONCE) as pool:
        for path, seen in zip(paths, pool.map(look, paths), strict=True):
            if seen is not None:
                yield path.name, seen


def folder_of(plan: SyncPlan) -> Folder:
    """Where a plan's run stages its rows."""
    return Folder(plan.run.staging.folder, plan.run.endpoints)


def _ignoring_missing(delete: Callable[[], Any]) -> None:
    try:
        delete()
    except NotFound:
        return


def _client(endpoints: Endpoints) -> storage.Client:
    if not endpoints.storage:
        return storage.Client()
    return storage.Client(
        project="stand-in",
        credentials=AnonymousCredentials(),
        client_options={"api_endpoint": endpoints.storage},
    )


def blob_of(address: str, endpoints: Endpoints) -> storage.Blob:
    """An object of Cloud Storage by its gs:// address; nothing is asked."""
    name, _, path = address.removeprefix("gs://").partition("/")
    return _client(endpoints).bucket(name).blob(path)


def find_folder(flag: str, path: str, endpoints: Endpoints, retry_s: float) -> Any:
    """Look at the bucket of one of Beam's folders, or at the local folder.

    Returns:
        The bucket; None where there is none to be shown.

    Raises:
        TargetError: it is missing, or Cloud Storage doesn't answer.
    """
    if not path.startswith("gs://"):
        if not Path(path).is_dir():
            raise TargetError("folder is missing", f"--{flag}", path, "make it, or correct it.")
        return None
    name = path.removeprefix("gs://").partition("/")[0]
    retry = DEFAULT_RETRY.with_timeout(retry_s) if retry_s else None
    try:
        bucket = _client(endpoints).lookup_bucket(name, timeout=LOOK_TIMEOUT_S, retry=retry)
    except Forbidden:
        return None  # roles/storage.objectAdmin is enough to run; it doesn't show the bucket
    except STORAGE_ERRORS as error:
        raise staging_error(error, path, flag) from error
    if bucket is None:
        fix = f"make it with `gcloud storage buckets create gs://{name}`, or correct --{flag}."
        raise TargetError(f"{flag.partition('_')[0]} bucket is missing", path, "", fix)
    return bucket


def check_bucket(
    temp_location: str, dataset_location: str, endpoints: Endpoints, retry_s: float
) -> None:
    """Look at the temp bucket, or the local folder, before anything starts.

    Raises:
        TargetError: it is missing, lies where BigQuery can't load it from, or is another
            user's.
    """
    if not temp_location.startswith("gs://"):
        check_local(temp_location)
        return
    bucket = find_folder("temp_location", temp_location, endpoints, retry_s)
    if bucket is None:
        return
    place, wanted = str(bucket.location or "").upper(), dataset_location.upper()
    if place and wanted not in MULTI_REGIONS and place != wanted:
        raise TargetError(
            "temp bucket and dataset are in different locations",
            temp_location,
            f"the bucket is in {place}, the dataset in {wanted}",
            f"use a bucket in {wanted}: BigQuery loads only from there.",
        )


def staging_error(error: BaseException, path: str, flag: str = "temp_location") -> TargetError:
    """What went wrong with the staging folder, and what to do."""
    return TargetError(
        "staging failed",
        path,
        f"{type(error).__name__}: {error}",
        f"check that {flag} exists, has room, and can be written by the service account"
        " (roles/storage.objectAdmin on the bucket).",
    )
