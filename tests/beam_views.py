"""Beam's options, parsed once per class and command line: a run looks at them a hundred times.

Beam builds an argparse parser at each look, a fifth of the processor's time of a small run here.
What a look gives stays the same: a view of its own, whose values lie in the options it views.
"""

import argparse
from collections.abc import Callable
from typing import Any

from apache_beam.options.pipeline_options import PipelineOptions


def parse_once() -> None:
    """Put a memory under `PipelineOptions.view_as`, for the rest of this process."""
    PipelineOptions.view_as = Views(PipelineOptions.view_as).bound()


class Views:
    """What the flags say to each class of options; an error is found anew each time."""

    def __init__(self, look: Callable[..., Any]) -> None:
        self._look = look
        self._said: dict[tuple[type, tuple[str, ...]], dict[str, Any]] = {}

    def bound(self) -> Callable[..., Any]:
        """As a method of PipelineOptions."""

        def view_as(options: Any, kind: type) -> Any:
            return self.view(options, kind)

        return view_as

    def view(self, options: Any, kind: type) -> Any:
        """A view of the options; one without flags reads those of the process, so is not kept."""
        if options._flags is None:
            return self._look(options, kind)
        key = kind, tuple(options._flags)
        if key not in self._said:
            view = self._look(options, kind)
            said = vars(view._visible_options)
            if all(isinstance(value, PLAIN) for value in said.values()):
                self._said[key] = _own(said)
            return view
        return _view(options, kind, _own(self._said[key]))


PLAIN = (type(None), bool, int, float, str, list)
"""Values that are told apart by nothing but their content, if a list is copied."""


def _own(said: dict[str, Any]) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, list) else value for name, value in said.items()}


def _view(options: Any, kind: type, said: dict[str, Any]) -> Any:
    view: Any = kind.__new__(kind)
    view._flags, view._visible_options = options._flags, argparse.Namespace(**said)
    view._all_options = options._all_options
    for name, value in said.items():
        options._all_options.setdefault(name, value)
    return view
