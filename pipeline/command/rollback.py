"""`smart-sync rollback RUN`: a run undone."""

from pipeline.command.launch import launch
from pipeline.command.said import Said


def main(said: Said) -> int:
    """Launch it; the exit code."""
    return launch(said, rollback_run=said.place)
