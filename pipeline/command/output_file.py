"""I/O. The file that a command makes, by `--output`."""

from pathlib import Path

from auto_schema.errors import ConfigError
from pipeline.command.said import Said


def place_of(said: Said, default: str) -> Path:
    """Where it is to be written.

    Raises:
        ConfigError: a file is there, and nobody said that it may be overwritten.
    """
    path = Path(said.flags.get("output", default))
    if path.exists() and "force" not in said.flags:
        fix = "say --force to overwrite it, or --output=ANOTHER.yaml."
        raise ConfigError("a file that is there", f"--output={path}", "", fix)
    return path


def write(path: Path, text: str, *, is_new: bool = False) -> None:
    """Write it.

    Args:
        path: where.
        text: what it holds.
        is_new: whether no file may be there.

    Raises:
        ConfigError: it can't be written.
    """
    try:
        with path.open("x" if is_new else "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        fix = "give a file that can be written: --output=FILE."
        why = str(error.strerror)
        raise ConfigError("file can't be written", f"--output={path}", why, fix) from None
