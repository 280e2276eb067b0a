"""`smart-sync backfill`: a window in slices or at once, or columns that are new."""

from auto_schema.errors import ConfigError
from pipeline.command.launch import is_given, launch
from pipeline.command.said import Said

SAYING = ("backfill_by", "backfill_columns", "sync_start")


def main(said: Said) -> int:
    """Launch it; the exit code.

    Raises:
        ConfigError: nothing says what is to be loaded, and so this would be a plain sync.
    """
    if not is_given(said, *SAYING):
        fix = "give --sync_start, --sync_end and --backfill_by, or --backfill_columns."
        why = "nothing says which rows or columns"
        raise ConfigError("a backfill of nothing", ", ".join(SAYING), why, fix)
    return launch(said)
