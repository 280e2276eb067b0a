"""I/O. Local folders that hold rows: for their owner alone, and nobody else's.

A folder under a name that others can guess may have been made by one of them, to read or
to exchange what a run stages there; so its owner is looked at before it is used.
"""

import os
import stat
from pathlib import Path

from auto_schema.errors import TargetError

PRIVATE = 0o700
FILE = 0o600


def check_local(path: str) -> None:
    """Refuse a temp_location that another user could have prepared; it needn't exist.

    Raises:
        TargetError: the folder, or the nearest one above it that exists, is another
            user's, or any user may exchange what lies in it.
    """
    folder = Path(path).absolute()
    while not folder.exists() and not folder.is_symlink():
        folder = folder.parent
    _check(folder, path)


def make_private(path: str) -> Path:
    """Make a folder that only its owner may read, with what lacks above it.

    Raises:
        TargetError: as `check_local` says; also of a folder that is there already.
        OSError: it can't be made.
    """
    folder = Path(path)
    if not folder.is_dir():
        check_local(path)
        for parent in reversed([folder, *folder.absolute().parents]):
            if not parent.exists():
                parent.mkdir(PRIVATE, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != os.getuid():
        raise _fault(path, "it is a link or another user's")
    return folder


def opened_privately(path: str, flags: int) -> int:
    """An opener for `open`: a new file is readable by its owner only."""
    return os.open(path, flags, FILE)


def _check(folder: Path, path: str) -> None:
    status = folder.stat()  # a link is looked at where it leads to
    if status.st_uid not in (os.getuid(), 0):
        raise _fault(path, f"{folder} is another user's (uid {status.st_uid})")
    if status.st_mode & stat.S_IWOTH and not status.st_mode & stat.S_ISVTX:
        raise _fault(path, f"every user may exchange what lies in {folder}")


def _fault(path: str, why: str) -> TargetError:
    fix = "give --temp_location=FOLDER, a folder of your own that only you may write."
    return TargetError("staging folder isn't yours alone", path, why, fix)
