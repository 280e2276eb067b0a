"""What a run stages locally is its owner's alone; a folder that another prepared is refused."""

import os
import stat
from pathlib import Path

import pytest

from auto_schema.errors import TargetError
from pipeline.destination.folder import Folder
from pipeline.destination.private_folder import check_local
from pipeline.parameters.temp_location import default_temp_location
from tests.sync import Sync
from warehouse.names import Endpoints

ANOTHER = 65534


def folder_at(path: Path) -> Folder:
    return Folder(str(path), Endpoints())


@pytest.fixture
def anothers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that another user made; who isn't root is that other user here."""
    folder = tmp_path / "anothers"
    folder.mkdir()
    if os.getuid() == 0:
        os.chown(folder, ANOTHER, ANOTHER)
    else:
        monkeypatch.setattr(os, "getuid", lambda: ANOTHER)
    return folder


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_folders_and_files_of_a_run_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    folder = folder_at(tmp_path / "new" / "temp" / "run")
    with folder.open("rows.parquet") as file:
        file.write(b"rows")
    for path in (tmp_path / "new", tmp_path / "new/temp", tmp_path / "new/temp/run"):
        assert mode(path) == 0o700
    assert mode(tmp_path / "new/temp/run/rows.parquet") == 0o600


@pytest.mark.parametrize("below", [".", "not/there/yet"])
def test_a_folder_that_another_user_made_is_refused(anothers: Path, below: str) -> None:
    with pytest.raises(TargetError, match="temp_location"):
        check_local(str(anothers / below))
    with pytest.raises(TargetError, match="temp_location"):
        folder_at(anothers / below / "run").open("rows.parquet")
    assert list(anothers.iterdir()) == []


def test_a_link_that_waits_under_the_runs_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "run").symlink_to(tmp_path / "elsewhere")
    folder = folder_at(tmp_path / "run")
    with pytest.raises(TargetError, match="a link or another user's"):
        folder.open("rows.parquet")
    folder.mark_failed(b"why")  # best effort: it only warns
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_folder_for_all_is_taken_only_where_nobody_can_exchange_what_lies_in_it(
    tmp_path: Path,
) -> None:
    tmp_path.chmod(0o1777)
    check_local(str(tmp_path))
    tmp_path.chmod(0o777)
    with pytest.raises(TargetError, match="every user may exchange"):
        check_local(str(tmp_path))
    tmp_path.chmod(0o700)


def test_the_folder_for_runs_without_temp_location_is_named_by_the_user() -> None:
    assert default_temp_location("/somewhere").endswith(f"-{os.getuid()}")


def test_a_sync_into_anothers_folder_ends_before_anything_is_written(
    sync: Sync, anothers: Path
) -> None:
    result = sync(postgresql_query="SELECT 1 AS a", temp_location=str(anothers / "temp"))
    assert result.code == 5
    assert "temp_location" in result.err
    assert sync.tables() == set()
