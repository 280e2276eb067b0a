"""`smart-sync run`: a sync, of one table or many."""

from pipeline.command.launch import launch
from pipeline.command.said import Said


def main(said: Said) -> int:
    """Launch it; the exit code."""
    return launch(said)
