"""Beam's part of a launch, imported when there is one.

To import Beam takes longer than all else that a run does which finds nothing new, and a run in
this process has nothing for it, unless its command line says so: see
docs/decisions/0023-a-run-here-needs-no-beam.md.
"""

import difflib
import gc
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from auto_schema.errors import ConfigError, SyncError
from pipeline.execution.packing import Packed
from pipeline.parameters.options import Options
from pipeline.parameters.table import BY_NAME
from pipeline.parameters.webhook import Webhook
from pipeline.runs.outcome import Outcome
from smart_sync.plan import SyncPlan
from sources.registry import without_extra

_FOLDER = re.compile(r"--(temp|staging)_location=.*", re.DOTALL)
"""The flags that Beam and we have in common; it finds nothing wrong with them here."""

NEAR = 0.85
"""How alike a flag and a parameter are, of which one is taken for the other misspelt."""


def says_something_to_beam(argv: Sequence[str]) -> bool:
    """Whether Beam's part of a command line has more than the folders.

    >>> says_something_to_beam(["--temp_location=/tmp/a"]), says_something_to_beam(["--runner=x"])
    (False, True)
    """
    return not all(map(_FOLDER.fullmatch, argv))


def beam_flag_faults(argv: Sequence[str]) -> list[SyncError]:
    """See `pipeline.launch.beam.flags`."""
    if not says_something_to_beam(argv):
        return []
    if find_spec("apache_beam") is None:
        return list(_faults_without_beam(argv))
    faults: list[SyncError] = _module("pipeline.launch.beam.flags").beam_flag_faults(argv)
    return faults


def _faults_without_beam(argv: Sequence[str]) -> Iterator[SyncError]:
    """Flags that only Beam could know; one that looks like a parameter is a misspelt one."""
    names = [word.partition("=")[0] for word in argv if not _FOLDER.fullmatch(word)]
    for flag in (name for name in names if name.startswith("--")):
        near = difflib.get_close_matches(flag.removeprefix("--"), BY_NAME, 1, cutoff=NEAR)
        if near:
            yield ConfigError("unknown parameter", flag, "", f"did you mean --{near[0]}?")
        else:
            yield without_extra(flag, "apache_beam", "dataflow")


def check_places(options: Options) -> None:
    """See `pipeline.launch.beam.uploads`."""
    _module("pipeline.launch.beam.uploads").check_places(options)


def run(options: Options, build: Callable[[Any], Any]) -> None:
    """See `pipeline.launch.beam.submit`."""
    _module("pipeline.launch.beam.submit").run(options, build)


def build(root: Any, plan: SyncPlan, webhook: Webhook | None = None) -> Any:
    """See `pipeline.steps.graph`."""
    return _module("pipeline.steps.graph").build(root, plan, webhook)


def build_note(root: Any, text: str, outcome: Outcome) -> Any:
    """See `pipeline.steps.graph`."""
    return _module("pipeline.steps.graph").build_note(root, text, outcome)


def run_note(options: Options, text: str, outcome: Outcome) -> None:
    """The job of one step that Dataflow's launcher must submit, where one is asked for.

    Args:
        options: of the launch.
        text: what was done here, and is told there.
        outcome: how that ended.
    """
    if options.flag("template_location"):
        run(options, lambda root: build_note(root, text, outcome))


def build_tables(root: Any, packed: Packed, webhook: Webhook | None = None) -> Any:
    """See `pipeline.steps.graph`."""
    return _module("pipeline.steps.graph").build_tables(root, packed, webhook)


def _module(name: str) -> Any:
    """A module of ours behind which Beam stands; an import leaves no garbage to look for."""
    if name in sys.modules:
        return sys.modules[name]
    was_looking = gc.isenabled()
    gc.disable()
    try:
        return import_module(name)
    finally:
        if gc.get_freeze_count():  # the program's own process, which froze what it began with
            gc.freeze()
        if was_looking:
            gc.enable()
