"""`smart-sync plan`: what a run would do."""

from pipeline.command.launch import launch
from pipeline.command.said import Said


def main(said: Said) -> int:
    """Launch it; the exit code."""
    form = {"plan_format": "json"} if said.is_json else {}
    return launch(said, plan_only="true", **form)
