"""What is made of a tool's file while it is read: parameters, tables, notes and refusals."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from auto_schema.errors import ConfigError, SyncError
from pipeline.command.imports.rules import How, Rule, leads_to, rule_of
from pipeline.parameters.nodes import Items, Node, Pairs, Place, Text

Values = dict[str, object]


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of one key of the file.

    Attributes:
        key: with those that it stands under, as the file has them.
        rule: that says so.
        place: in the file.
        is_left_out: `--without` names it.
    """

    key: str
    rule: Rule
    place: Place
    is_left_out: bool = False


@dataclass(slots=True)
class Draft:
    """A config file that comes to be.

    Attributes:
        file: the name of the tool's file, for messages.
        given: parameters of the command line, which beat the file's.
        parameters: of the launch.
        tables: entries by name or pattern; none: it is a launch of one table.
        notes: what its reader should know, each once.
        fates: of all keys of the file.
    """

    file: str
    given: Mapping[str, str] = field(default_factory=dict)
    parameters: Values = field(default_factory=dict)
    tables: dict[str, Values] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    fates: list[Fate] = field(default_factory=list)
    faults: list[tuple[Place, SyncError]] = field(default_factory=list)

    def refuse(self, key: str, place: Place, why: str, fix: str) -> None:
        """Tell of a key, or of its value, that can't be honoured."""
        where = f"{self.file}, {place}"
        self.faults.append((place, ConfigError(f"{key} can't be honoured", where, why, fix)))

    def tell(self, note: str) -> None:
        """Something that its reader should know."""
        if note not in self.notes:
            self.notes.append(note)

    def sorted_faults(self) -> list[SyncError]:
        """All refusals, in the order of the file."""
        return [fault for _, fault in sorted(self.faults, key=lambda told: told[0])]


def walked(root: Node, rules: Sequence[Rule], draft: Draft, without: Iterable[str] = ()) -> Node:
    """The tree without the keys that the user leaves out; the fate of each key is noted.

    Unknown keys and those of refusing rules are refused by name.

    Args:
        root: the tool's file.
        rules: what becomes of each of its keys.
        draft: where fates and refusals go.
        without: keys that the user leaves out: whole, as a rule's key, or the last part alone.
    """
    words = tuple(without)
    walk = _Walk(rules, draft, words)
    tree = walk.node(root, ())
    for word in words:
        if word not in walk.used:
            fix = "name a key as a refusal of this command names it."
            fault = ConfigError("a key that isn't there", f"--without={word}", "", fix)
            draft.faults.append((Place(), fault))
    return tree


class _Walk:
    """Goes through all keys once."""

    def __init__(self, rules: Sequence[Rule], draft: Draft, without: Sequence[str]) -> None:
        self._rules, self._draft, self._without = rules, draft, without
        self.used: set[str] = set()

    def node(self, node: Node, path: tuple[str, ...]) -> Node:
        if isinstance(node, Items):
            return Items(tuple(self.node(item, path) for item in node.items), node.place)
        if isinstance(node, Pairs):
            pairs = [self._pair(key, value, (*path, key.text)) for key, value in node.pairs]
            return Pairs(tuple(pair for pair in pairs if pair), node.place)
        return node

    def _pair(self, key: Text, value: Node, path: tuple[str, ...]) -> tuple[Text, Node] | None:
        rule = rule_of(path, self._rules)
        full = ".".join(path)
        names = {full, rule.key, rule.parts[-1]} if rule else {full}
        if named := names.intersection(self._without):
            self.used |= named
            self._note(full, rule or _unknown(full), key.place, is_left_out=True)
            return None
        if rule is None and leads_to(path, self._rules):
            if not isinstance(value, Text):
                return key, self.node(value, path)
            if not value.text:
                return key, value
        if rule is None or rule.how is How.REFUSED:
            self._refuse(full, rule, key.place)
            return None
        is_deep = leads_to(path, self._rules) and not isinstance(value, Text)
        if rule.how is How.KEPT and isinstance(value, Pairs) and not (is_deep or rule.is_mapping):
            fix = f"write it without keys of its own, or leave it out (--without={rule.key})."
            self._draft.refuse(full, key.place, "nothing is known of keys under this one", fix)
            return None
        self._note(full, rule, key.place)
        return key, self.node(value, path) if is_deep else value

    def _note(self, full: str, rule: Rule, place: Place, *, is_left_out: bool = False) -> None:
        self._draft.fates.append(Fate(full, rule, place, is_left_out))

    def _refuse(self, full: str, rule: Rule | None, place: Place) -> None:
        leave = f"leave it out (--without={rule.key if rule else full})"
        if rule is None:
            fix = f"{leave}, if the rows are right without it."
            self._draft.refuse(full, place, "nothing is known of this key", fix)
            return
        self._draft.refuse(full, place, rule.why, f"use {rule.ours}; and {leave}.")


def _unknown(key: str) -> Rule:
    return Rule(key, How.REFUSED, "", "nothing is known of this key")


def child(node: Node | None, *keys: str) -> Node | None:
    """What stands under these keys, each below the one before; None: nothing."""
    for key in keys:
        pairs = node.pairs if isinstance(node, Pairs) else ()
        node = next((value for name, value in pairs if name.text == key), None)
    return node


def text_of(node: Node | None) -> str:
    """Its text; empty of what is none."""
    return node.text if isinstance(node, Text) else ""


def names_of(node: Node | None) -> tuple[str, ...]:
    """A list of texts, lists in it laid flat, or one text with commas.

    >>> names_of(Text("a, b")), names_of(Items((Text("a"), Items((Text("b"),)))))
    (('a', 'b'), ('a', 'b'))
    """
    if isinstance(node, Items):
        return tuple(name for item in node.items for name in names_of(item))
    return tuple(part.strip() for part in text_of(node).split(",") if part.strip())


def place_of(node: Node | None) -> Place:
    """Where it stands; the file's beginning for nothing."""
    return node.place if node is not None else Place()
