"""The command line of a run of a trial."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from tests.chaos.kinds import leaving_out
from tests.sync import GRAPH, PROJECT

if TYPE_CHECKING:
    from tests.chaos.trial import Trial

MARGIN_S = 4
LOOKBACK_S = 120


def argv_of(trial: "Trial", more: Mapping[str, str], lease_s: int) -> list[str]:
    """What a run is told: all of them, those of the trial's kind, and what this one is for."""
    dice, database = trial.random, trial.database
    words = {
        "data_source": "postgresql",
        "postgresql_host": database.host,
        "postgresql_port": str(database.port),
        "postgresql_database": database.database,
        "postgresql_username": database.user,
        "postgresql_password": "unused",
        "postgresql_query": "SELECT * FROM orders",
        "enable_smart_sync": "true",
        "enable_auto_schema": dice.choice(["true", "false"]),
        "destination_bigquery_project": PROJECT,
        "destination_bigquery_dataset": trial.dataset,
        "destination_bigquery_table": "orders",
        "temp_location": str(trial.folder / f"temp{trial.seed}"),
        "num_splits": dice.choice(["0", "3", "12"]),
        "verify": dice.choice(["true", "false"]),
        "lock_lease": f"{lease_s}s",
        "keep_snapshots": dice.choice(["true", "false"]),
        "max_retries": "2",
        "smart_sync_margin": f"{MARGIN_S}s" if trial.guard else "0s",
        "late_commit_guard": "auto" if trial.guard else "off",
    }
    if dice.random() < 0.5:
        words["runner"] = GRAPH
    words |= trial.kind.words
    if trial.kind.looks_back and trial.guard:
        words["smart_sync_lookback"] = f"{LOOKBACK_S}s"
    words |= trial.edits.words
    words |= more
    argv = [f"--{name}={value}" for name, value in words.items()]
    reads_no_source = "rollback_run" in more or "replay_dead_letters" in more
    return leaving_out(argv) if reads_no_source else argv
