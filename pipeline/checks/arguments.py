"""Arguments of one test as its rule needs them; what is wrong with them, each by its place."""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation

from auto_schema.errors import ConfigError, SyncError, shown
from pipeline.parameters.nodes import Items, Node, Pairs, Place, Text
from smart_sync.check import OPERATORS, Condition

Fault = Callable[[str, Place, str, str], None]
"""Takes what is wrong, where, why, and how to mend it."""
JINJA = re.compile(r"\{\{|\{%")
CONDITION = re.compile(rf"\s*({'|'.join(sorted(OPERATORS, key=len, reverse=True))})\s*(\S+)\s*")
BETWEEN = re.compile(r"\s*between\s+(\S+)\s+and\s+(\S+)\s*", re.I)


class Arguments:
    """The arguments of one test; each is asked for by its name, and then known."""

    def __init__(
        self, test: str, place: Place, given: Mapping[str, tuple[Text, Node]], fault: Fault
    ) -> None:
        self._test, self._place, self._given, self._fault = test, place, given, fault
        self._asked = set[str]()

    def text(self, name: str, default: str | None = None) -> str:
        """A scalar as it is written; a fault where there is none and no default."""
        node = self._take(name, default is not None)
        if isinstance(node, Text) and node.text:
            if JINJA.search(node.text):
                fix = "write what it stands for: no Jinja is run here."
                self._fault("Jinja in a test", node.place, f"{self._test}: {name}", fix)
            return node.text
        if node is not None and node != Text("", node.place):
            self._wrong(name, node, "a text or number is wanted", "write one.")
        return default or ""

    def texts(self, name: str) -> tuple[Text, ...]:
        """A list of scalars, one at the least."""
        node = self._take(name, False)
        if node is None:
            return ()
        items = node.items if isinstance(node, Items) else ()
        texts = tuple(item for item in items if isinstance(item, Text))
        if not texts or len(texts) < len(items):
            self._wrong(name, node, "a list of values is wanted", "write [a, b].")
        return texts

    def flag(self, name: str, *, default: bool) -> bool:
        """A boolean."""
        written = self.text(name, str(default).lower())
        if written.casefold() not in ("true", "false"):
            self._wrong(name, self._given[name][1], f"{shown(written)}", "write true or false.")
        return written.casefold() == "true"

    def number(self, name: str, default: str | None = None) -> Decimal | None:
        """A number; None where there is none and the default is empty."""
        written = self.text(name, default)
        if not written:
            return None
        number = decimal_of(written)
        if number is None:
            self._wrong(name, self._given[name][1], shown(written), "write a number.")
        return number

    def whole(self, name: str, default: str | None = None) -> int | None:
        """A whole number; None where there is none and the default is empty."""
        number = self.number(name, default)
        if number is not None and number != int(number):
            self._wrong(name, self._given[name][1], f"{number} is not whole", "write 1, 2 …")
        return None if number is None else int(number)

    def refuse(self, name: str, fix: str) -> None:
        """An argument that means something, and that isn't honoured."""
        if name in self._given:
            self._asked.add(name)
            self._fault("an argument that is not supported", self._given[name][0].place, name, fix)

    def refuse_others(self) -> None:
        """What was given and that nobody has asked for."""
        for name, (key, _) in self._given.items():
            if name not in self._asked:
                known = f"of {self._test} known here: {', '.join(sorted(self._asked)) or 'none'}."
                self._fault("unknown argument", key.place, name, known)

    def _take(self, name: str, may_lack: bool) -> Node | None:
        self._asked.add(name)
        if name in self._given:
            return self._given[name][1]
        if not may_lack:
            fix = f"write {name}: under the test."
            self._fault("a test without an argument", self._place, f"{self._test}: {name}", fix)
        return None

    def _wrong(self, name: str, node: Node, why: str, fix: str) -> None:
        self._fault("malformed argument", node.place, f"{self._test}, {name}: {why}", fix)


def decimal_of(text: str) -> Decimal | None:
    """A finite number, or None.

    >>> decimal_of("1e3"), decimal_of("nan")
    (Decimal('1E+3'), None)
    """
    try:
        number = Decimal(text.replace("_", ""))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def condition_of(text: str) -> Condition | None:
    """A condition on a number of failures, as dbt writes it; None: it is none.

    >>> condition_of(">10"), condition_of("between 1 and 5").holds(Decimal(5))
    (Condition(operator='>', number=Decimal('10'), high=None), True)
    """
    if between := BETWEEN.fullmatch(text):
        low, high = map(decimal_of, between.groups())
        return None if low is None or high is None else Condition("between", low, high)
    written = CONDITION.fullmatch(text)
    number = decimal_of(written[2]) if written else None
    return None if written is None or number is None else Condition(written[1], number)


def pairs_of(node: Node | None) -> dict[str, tuple[Text, Node]]:
    """A mapping's pairs by their keys' texts; of what is no mapping none."""
    return {key.text: (key, value) for key, value in node.pairs} if isinstance(node, Pairs) else {}


def check_fault(name: str, what: str, place: Place, why: str, fix: str) -> SyncError:
    """A fault of a text of checks."""
    return ConfigError(what, f"{name}, {place}", why, fix)
