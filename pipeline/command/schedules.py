"""`smart-sync schedules …`: the schedules' own command."""

from pipeline.command.said import Said
from scheduler.cli import main as schedules


def main(said: Said) -> int:
    """Run it; the exit code."""
    words = [*said.launch, *(["--json"] if said.is_json else [])]
    log = said.flags.get("log_format")
    return schedules([*words, *([f"--log_format={log}"] if log else [])], "smart-sync schedules")
