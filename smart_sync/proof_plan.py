"""What verify=true compares, as a value of the plan."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Proof:
    """What verify=true compares: left-out columns and blind spots, each (name, why).

    `compared` are the columns whose values are proven.
    """

    left_out: tuple[tuple[str, str], ...] = ()
    losses: tuple[tuple[str, str], ...] = ()
    compared: tuple[str, ...] = ()
