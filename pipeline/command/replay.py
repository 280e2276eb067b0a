"""`smart-sync replay RUN`: the dead letters of a run, once more."""

from pipeline.command.launch import launch
from pipeline.command.said import Said


def main(said: Said) -> int:
    """Launch it; the exit code."""
    return launch(said, replay_dead_letters=said.place)
