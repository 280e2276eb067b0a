"""Arguments of one test as its rule needs them; what is wrong with them, each by its place."""

import re
from decimal import Decimal, InvalidOperation

from auto_schema.errors import shown
from pipeline.checks.reader import Fault, Parts
from pipeline.parameters.nodes import Items, Node, Place, Text
from smart_sync.check import OPERATORS, Condition

JINJA = re.compile(r"\{\{|\{%")
CONDITION = re.compile(rf"\s*({'|'.join(sorted(OPERATORS, key=len, reverse=True))})\s*(\S+)\s*")
BETWEEN = re.compile(r"\s*between\s+(\S+)\s+and\s+(\S+)\s*", re.I)


class Arguments:
    """The arguments of one test; each is asked for by its name, and then known.

    `has_jinja`: they are of a format in whose texts Jinja may stand.
    """

    def __init__(
        self, test: str, place: Place, given: Parts, fault: Fault, *, has_jinja: bool = True
    ) -> None:
        self._test, self._place, self._given, self._fault = test, place, given, fault
        self._has_jinja = has_jinja
        self._asked = set[str]()

    def text(self, name: str, default: str | None = None) -> str:
        """A scalar as it is written; a fault where there is none and no default."""
        node = self._take(name, default is not None)
        if isinstance(node, Text) and node.text:
            if self._has_jinja and JINJA.search(node.text):
                fix = "write what it stands for: no Jinja is run here."
                self._fault("Jinja in a test", node.place, f"{self._test}: {name}", fix)
            return node.text
        if node is not None and node != Text("", node.place):
            self.wrong(name, "a text or number is wanted", "write one.")
        return default or ""

    def texts(self, name: str, *, may_lack: bool = False) -> tuple[Text, ...]:
        """A list of scalars, one at the least; none only where it may lack."""
        node = self._take(name, may_lack)
        if node is None:
            return ()
        items = node.items if isinstance(node, Items) else ()
        texts = tuple(item for item in items if isinstance(item, Text))
        if not texts or len(texts) < len(items):
            self.wrong(name, "a list of values is wanted", "write [a, b].")
        return texts

    def flag(self, name: str, *, default: bool) -> bool:
        """A boolean."""
        written = self.text(name, str(default).lower())
        if written.casefold() not in ("true", "false"):
            self.wrong(name, f"{shown(written)}", "write true or false.")
        return written.casefold() == "true"

    def number(self, name: str, default: str | None = None) -> Decimal | None:
        """A number; None where there is none and the default is empty."""
        written = self.text(name, default)
        if not written:
            return None
        number = decimal_of(written)
        if number is None:
            self.wrong(name, shown(written), "write a number.")
        return number

    def whole(self, name: str, default: str | None = None) -> int | None:
        """A whole number; None where there is none and the default is empty."""
        number = self.number(name, default)
        if number is not None and number != int(number):
            self.wrong(name, f"{number} is not whole", "write 1, 2 …")
        return None if number is None else int(number)

    def wrong(self, name: str, why: str, fix: str) -> None:
        """A fault of an argument that was given."""
        place = self._given[name][1].place
        self._fault("malformed argument", place, f"{self._test}, {name}: {why}", fix)

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
            fix = f"write {name}: …"
            self._fault("an argument is missing", self._place, f"{self._test}: {name}", fix)
        return None


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
