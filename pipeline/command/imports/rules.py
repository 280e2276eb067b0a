"""What becomes of each key of another tool's file: one table per tool, which the docs show, too."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

ANY = "*"
"""In a rule's key: a name of the user's, such as that of a table."""


class How(StrEnum):
    """What becomes of a key."""

    KEPT = "kept"
    TOLD = "not needed"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Rule:
    """One key of a tool's file.

    Attributes:
        key: with the keys that it stands under, by dots; a list adds nothing to it.
        ours: the parameters that say the same, or of a refused key the nearest that there is.
        why: of a key that isn't kept: what nobody needs it for, or why it can't be honoured.
        is_mapping: what stands under a kept key is read, too, without rules of its own.
    """

    key: str
    how: How
    ours: str
    why: str = ""
    is_mapping: bool = False

    @property
    def parts(self) -> tuple[str, ...]:
        """The key and those that it stands under.

        >>> Rule("streams.*.mode", How.KEPT, "write_disposition").parts
        ('streams', '*', 'mode')
        """
        return tuple(self.key.split("."))


def kept(key: str, ours: str, why: str = "", *, is_mapping: bool = False) -> Rule:
    """A key whose meaning parameters of ours have."""
    return Rule(key, How.KEPT, ours, why, is_mapping)


def told(keys: str, why: str, ours: str = "") -> tuple[Rule, ...]:
    """Keys, by spaces, without which the rows are the same."""
    return tuple(Rule(key, How.TOLD, ours, why) for key in keys.split())


def refused(keys: str, ours: str, why: str) -> tuple[Rule, ...]:
    """Keys, by spaces, that can't be honoured, and the nearest that there is."""
    return tuple(Rule(key, How.REFUSED, ours, why) for key in keys.split())


def below(prefix: str, rules: Sequence[Rule]) -> tuple[Rule, ...]:
    """The same rules for keys that stand under another.

    >>> below("defaults", (kept("mode", "write_disposition"),))[0].key
    'defaults.mode'
    """
    return tuple(replace(rule, key=f"{prefix}.{rule.key}") for rule in rules)


def rule_of(path: Sequence[str], rules: Sequence[Rule]) -> Rule | None:
    """The rule of a key, the one that names more of it first; None: nothing is known of it."""
    fitting = [rule for rule in rules if _fits(rule.parts, path)]
    return max(fitting, key=lambda rule: sum(part != ANY for part in rule.parts), default=None)


def leads_to(path: Sequence[str], rules: Sequence[Rule]) -> bool:
    """Whether there are rules of keys that stand under this one."""
    length = len(path)
    return any(len(rule.parts) > length and _fits(rule.parts[:length], path) for rule in rules)


def _fits(parts: Sequence[str], path: Sequence[str]) -> bool:
    return len(parts) == len(path) and all(
        part in (ANY, name) for part, name in zip(parts, path, strict=True)
    )
