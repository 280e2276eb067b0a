"""Signatures of functions that Beam asks for, looked up once each: a run asks some thousand times.

It looks for state and timers among the parameters of every method of every step, several times
over; that takes a tenth of the processor's time of a small run here. A function's signature stays.
"""

import inspect
import types
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

from apache_beam.transforms import core
from apache_beam.typehints import decorators


def look_up_once() -> None:
    """Put a memory under Beam's `get_signature`, for the rest of this process."""
    assert core.get_signature is decorators.get_signature
    core.get_signature = decorators.get_signature = Signatures(decorators.get_signature)


class Signatures:
    """The signatures of functions, and of the methods that are bound by them."""

    def __init__(self, look: Callable[[Any], inspect.Signature]) -> None:
        self._look = look
        self._functions = WeakKeyDictionary[Any, inspect.Signature]()
        self._methods = WeakKeyDictionary[Any, inspect.Signature]()

    def __call__(self, asked: Any) -> inspect.Signature:
        """As Beam gives it; a signature cannot be altered."""
        is_method = isinstance(asked, types.MethodType)
        function = asked.__func__ if is_method else asked
        if not isinstance(function, types.FunctionType):
            return self._look(asked)
        known = self._methods if is_method else self._functions
        signature = known.get(function)
        if signature is None:
            signature = known[function] = self._look(asked)
        return signature
