"""The memory under Beam's look at functions: each is told as Beam tells it."""

import inspect
from typing import Any

import apache_beam as beam
import pytest
from apache_beam.typehints import decorators

from tests.beam_signatures import Signatures


class Step(beam.DoFn):
    def process(self, element: int, late: bool = False) -> list[int]:
        return [element, late]

    @classmethod
    def of_class(cls, first: int) -> None: ...

    @staticmethod
    def of_none(first: int) -> None: ...


@pytest.fixture
def looks() -> list[Any]:
    """What was looked at."""
    return []


@pytest.fixture
def signatures(looks: list[Any]) -> Signatures:
    look = getattr(decorators.get_signature, "_look", decorators.get_signature)

    def looked(asked: Any) -> inspect.Signature:
        looks.append(asked)
        signature: inspect.Signature = look(asked)
        return signature

    return Signatures(looked)


@pytest.mark.parametrize(
    "asked",
    [Step.process, Step().process, Step.of_class, Step.of_none, len, str.strip, int, lambda x: x],
)
def test_what_is_told_is_what_beam_tells(signatures: Signatures, asked: Any) -> None:
    wanted = getattr(decorators.get_signature, "_look", decorators.get_signature)(asked)
    assert [signatures(asked) for _ in range(2)] == [wanted, wanted]


def test_a_method_is_looked_at_once_whoever_it_is_bound_to_and_apart_from_its_function(
    signatures: Signatures, looks: list[Any]
) -> None:
    for _ in range(2):
        assert list(signatures(Step().process).parameters) == ["element", "late"]
        assert list(signatures(Step.process).parameters) == ["self", "element", "late"]
    assert len(looks) == 2


def test_each_function_is_looked_at_itself(signatures: Signatures) -> None:
    for names in (["a"], ["a", "b"]):
        function = eval(f"lambda {', '.join(names)}: None")
        assert list(signatures(function).parameters) == names
