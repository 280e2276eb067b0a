"""`smart-sync backfill`: a window in slices or at once, or columns that are new."""

from auto_schema.errors import ConfigError
from pipeline.command.launch import launch_settings, launch_with
from pipeline.command.said import Said

SAYING = ("backfill_by", "backfill_columns", "sync_start")


def main(said: Said) -> int:
    """Launch it; the exit code.

    Raises:
        ConfigError: nothing says what is to be loaded, and so this would be a plain sync.
    """
    settings = launch_settings(said)
    if not any(map(settings.text, SAYING)):
        fix = "give --sync_start, --sync_end and --backfill_by, or --backfill_columns."
        why = "nothing says which rows or columns"
        raise ConfigError("a backfill of nothing", ", ".join(SAYING), why, fix)
    return launch_with(said, settings)
