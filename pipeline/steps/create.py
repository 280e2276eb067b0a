"""CreateValues: values that are known at launch, as elements.

Beam's own Create would pickle lambdas by value, with the launcher's paths in them, and
show their line numbers as names of steps.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import apache_beam as beam


class _Give(beam.DoFn):
    def __init__(self, values: tuple[Any, ...]) -> None:
        self._values = values

    def process(self, _: bytes) -> Iterator[Any]:
        yield from self._values


@dataclass(eq=False)
class CreateValues(beam.PTransform):
    """Nothing → the values, whose type is `kind`."""

    values: Sequence[Any]
    kind: Any

    def expand(self, root: Any) -> Any:
        give = beam.ParDo(_Give(tuple(self.values))).with_output_types(self.kind)
        return root | "Once" >> beam.Impulse() | "Give" >> give
