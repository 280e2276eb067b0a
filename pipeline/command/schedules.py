"""`smart-sync schedules …`: the schedules' own command."""

from pipeline.command.said import Said
from scheduler.cli import main as schedules


def main(said: Said) -> int:
    """Run it; it ends the process with its own exit code."""
    schedules([*said.launch, *(["--json"] if said.is_json else [])], "smart-sync schedules")
    return 0
