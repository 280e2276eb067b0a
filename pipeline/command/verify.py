"""`smart-sync verify`: a past window of both sides."""

from pipeline.command.launch import launch
from pipeline.command.said import Said


def main(said: Said) -> int:
    """Launch it; the exit code."""
    return launch(said, verify_only="true")
