"""Stager: one set of Parquet files per (split, attempt), named only when whole."""

import logging
import traceback
from collections.abc import Iterator
from dataclasses import replace

from auto_schema.errors import TargetError
from pipeline.destination.elements import SplitBatch, SplitDone, SplitElement, StagedSplit
from pipeline.destination.files import AttemptFiles
from pipeline.destination.folder import STORAGE_ERRORS, Folder, staging_error
from pipeline.destination.manifests import write_manifest
from pipeline.execution.first_failure import note_failure
from pipeline.runs.outcome import Failure
from smart_sync.plan import SyncPlan
from warehouse.errors import is_transient

LOGGER = logging.getLogger("smart_sync")
STAGE = "Stage"


class Stager:
    """Elements in, StagedSplits and Failures out; plain code behind the DoFn."""

    def __init__(self, plan: SyncPlan, folder: Folder) -> None:
        self._plan, self._folder = plan, folder
        self._open: dict[int, AttemptFiles] = {}
        self._given_up: set[tuple[int, int]] = set()

    def take(self, element: SplitElement) -> Iterator[StagedSplit | Failure]:
        """Write a batch, or close a split; a storage fault gives the attempt up."""
        if not isinstance(element, (SplitBatch, SplitDone)):
            return
        key = (element.split, element.attempt)
        if key in self._given_up:
            return
        try:
            files = self._files(*key)
            if isinstance(element, SplitBatch):
                files.write(element)
            else:
                staged = files.finish(element)
                if self._plan.run.notes_splits:
                    self._note(staged)
                yield staged
                del self._open[element.split]
        except STORAGE_ERRORS as error:
            fault = staging_error(error, self._folder.path)
            passes = is_transient(error)
            failure = replace(Failure.of(fault, STAGE, element.split), passes=passes)
            yield self._give_up(key, failure)
        except Exception as error:
            failure = Failure.of(error, STAGE, element.split, traceback.format_exc())
            yield self._give_up(key, failure)

    def _note(self, staged: StagedSplit) -> None:
        """Beside the files, for whoever takes the run over; best effort."""
        try:
            write_manifest(self._folder, staged)
        except (*STORAGE_ERRORS, TargetError) as error:
            LOGGER.warning("split=%d could not be noted as staged: %s", staged.split, error)

    def _give_up(self, key: tuple[int, int], failure: Failure) -> Failure:
        self._given_up.add(key)
        return note_failure(self._folder, failure)

    def _files(self, split: int, attempt: int) -> AttemptFiles:
        files = self._open.get(split)
        if files is not None and files.attempt != attempt:
            files.abandon()
            files = None
        if files is None:
            cursor = self._plan.cursor.name if self._plan.cursor else None
            columns = self._plan.reading.schema.staged
            notes = self._plan.run.notes_splits
            files = AttemptFiles(self._folder, columns, cursor, split, attempt, with_digests=notes)
            self._open[split] = files
        return files

    def close(self) -> None:
        """Drop what was not finished: its split will be reported as missing."""
        for files in self._open.values():
            files.abandon()
        self._open.clear()
        self._given_up.clear()
