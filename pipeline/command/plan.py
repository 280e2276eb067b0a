"""`smart-sync plan`: what a run would do."""

from pipeline.command.launch import launch
from pipeline.command.said import Said


def main(said: Said) -> int:
    """Launch it; the exit code."""
    return launch(said, plan_only="true")
