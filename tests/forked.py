"""What programs that are forked find done: imports, those of a run's own way too, and Beam's looks.

Imported once, by the server that `tests/processes.py` forks them from: a run without news would
take longer for SQLGlot's import than for all else.
"""

import gc
import importlib

gc.disable()  # imports leave no garbage, and what is frozen stays shared with the forks

EAGER = (
    "pipeline.cli",
    "pipeline.command.main",
    "pipeline.errors.table",
    "pipeline.launch.beam.flags",
    "pipeline.launch.beam.submit",
    "pipeline.steps.graph",
    "scheduler.cli",
    "sources.postgresql.inspector",
    "sources.postgresql.options",
    "sources.postgresql.parameters",
    "sources.postgresql.read",
    "sources.postgresql.tree",
    "sources.postgresql.uri",
    "sqlglot.dialects.postgres",
    "sqlglot.optimizer.scope",
)
for module in EAGER:
    importlib.import_module(module)

from tests import beam_signatures, beam_views  # noqa: E402

beam_views.parse_once()
beam_signatures.look_up_once()
gc.freeze()
gc.enable()
