"""What a run notes beside its staged files, so that another may publish them: JSON, never code.

One file says what the run is about to do, and one per split what was staged of it, once its files
are whole. Who reads them trusts neither: files have to be as they were noted.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

from auto_schema.row_sums import RowSums
from pipeline.destination.elements import StagedFile, StagedSplit
from pipeline.destination.folder import Folder, Listed
from smart_sync.tagged_value import tagged, untagged
from smart_sync.taken_over import Noted, noted_of, noted_record
from sources.values import Split

NOTE = "resume.json"
MANIFEST = "split-{:05}.json"
FORMAT = 1
READ_AT_ONCE = 8
"""Fewer than the 10 connections that a client of Cloud Storage keeps open."""
UNREADABLE = (ValueError, KeyError, TypeError, AttributeError)
"""What reading a note ends with that another version, or somebody else, has written."""


@dataclass(frozen=True, slots=True)
class Note:
    """What a run notes at its beginning: its work, and what it has taken over of others."""

    noted: Noted
    taken: tuple[StagedSplit, ...] = ()


def write_note(folder: Folder, note: Note) -> None:
    """Write what a run is about to do.

    Raises:
        STORAGE_ERRORS: it can't be written.
    """
    folder.create(NOTE, _json(_note_dict(note)))


def read_note(folder: Folder) -> Note | None:
    """What a run has noted; None: nothing, or nothing that this version understands.

    Raises:
        STORAGE_ERRORS: the folder can't be read.
    """
    data = folder.whole(NOTE)
    try:
        return None if data is None else _note_of(json.loads(data))
    except UNREADABLE:
        return None


def write_manifest(folder: Folder, split: StagedSplit) -> None:
    """Write what was staged of a split; of two tries the first that came to its end stands.

    Raises:
        STORAGE_ERRORS: it can't be written.
    """
    folder.create(MANIFEST.format(split.split), _json(_split_dict(split)))


def staged_before(note: Note, folders: Sequence[Folder]) -> tuple[StagedSplit, ...]:
    """The splits that are there whole, each file as it was noted.

    Args:
        note: of the last run.
        folders: its own, and before it those that it has taken over.

    Raises:
        STORAGE_ERRORS: a folder can't be read.
    """
    listed = {folder.path: folder.listed(with_digests=True) for folder in folders}
    own = folders[-1]
    names = [MANIFEST.format(split.index) for split in note.noted.splits]
    there = [name for name in names if name in listed[own.path]]
    with ThreadPoolExecutor(READ_AT_ONCE) as pool:
        texts = list(pool.map(own.whole, there))
    splits = {split.split: split for split in note.taken}
    for text in texts:
        split = _read_split(text)
        if split is not None:
            splits.setdefault(split.split, split)
    known = {split.index for split in note.noted.splits}
    return tuple(
        splits[index] for index in sorted(known & splits.keys()) if is_whole(splits[index], listed)
    )


def is_whole(split: StagedSplit, listed: Mapping[str, Mapping[str, Listed]]) -> bool:
    """Whether all files of a split are there as they were noted, by what folders hold."""
    return all(_is_there(file, listed) for file in (*split.files, *split.dead_files))


def _is_there(file: StagedFile, listed: Mapping[str, Mapping[str, Listed]]) -> bool:
    path, _, name = file.uri.rpartition("/")
    seen = listed.get(path, {}).get(name)
    if seen is None or seen.bytes != file.bytes:
        return False
    return not (seen.digest and file.digest) or seen.digest == file.digest


def _read_split(text: bytes | None) -> StagedSplit | None:
    try:
        return None if text is None else _split_of(json.loads(text))
    except UNREADABLE:
        return None


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def _note_dict(note: Note) -> dict[str, object]:
    noted = note.noted
    return {
        "format": FORMAT,
        **noted_record(noted),
        "splits": [
            [s.index, s.column, tagged(s.lower), tagged(s.upper), s.by_key] for s in noted.splits
        ],
        "older": list(noted.older),
        "taken": [_split_dict(split) for split in note.taken],
    }


def _note_of(told: Mapping[str, Any]) -> Note:
    if told["format"] != FORMAT:
        raise ValueError
    splits = tuple(_range(one) for one in told["splits"])
    noted = noted_of(told, splits, tuple(map(str, told["older"])))
    return Note(noted, tuple(_split_of(one) for one in told["taken"]))


def _range(told: Sequence[Any]) -> Split:
    index, column, lower, upper, by_key = told
    name = None if column is None else str(column)
    return Split(int(index), name, untagged(lower), untagged(upper), bool(by_key))


def _split_dict(split: StagedSplit) -> dict[str, object]:
    return {
        "split": split.split,
        "attempt": split.attempt,
        "rows_read": split.rows_read,
        "files": [asdict(file) for file in split.files],
        "dead_files": [asdict(file) for file in split.dead_files],
        "lowest": tagged(split.lowest),
        "highest": tagged(split.highest),
        "seconds": split.seconds,
        "dead_example": split.dead_example,
        "sums": split.sums and split.sums.figures,
        "dead_sums": split.dead_sums.figures,
        "filtered": split.filtered.figures,
    }


def _split_of(told: Mapping[str, Any]) -> StagedSplit:
    example = told["dead_example"]
    split = StagedSplit(
        int(told["split"]),
        int(told["attempt"]),
        int(told["rows_read"]),
        _files(told["files"]),
        _files(told["dead_files"]),
        untagged(told["lowest"]),
        untagged(told["highest"]),
        float(told["seconds"]),
        (str(example[0]), str(example[1])) if example else None,
        RowSums.of(told["sums"]) if told["sums"] else None,
        RowSums.of(told["dead_sums"]),
        RowSums.of(told["filtered"]),
    )
    if split.rows_read != split.rows + split.dead + split.filtered.rows:
        raise ValueError
    return split


def _files(told: Iterable[Mapping[str, Any]]) -> tuple[StagedFile, ...]:
    return tuple(
        StagedFile(str(one["uri"]), int(one["rows"]), int(one["bytes"]), str(one["digest"]))
        for one in told
    )
