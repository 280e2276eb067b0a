"""A dbt properties file → the checks of one table; all that is wrong with it by line and column.

`models`, each with `columns` and `data_tests` (or `tests`, as it was called); what else stands in
such a file is passed over. https://docs.getdbt.com/reference/configs-and-properties
"""

from collections.abc import Iterator
from dataclasses import replace

from auto_schema.errors import SyncError, shown
from pipeline.checks.arguments import Arguments, condition_of
from pipeline.checks.dbt_tests import TESTS
from pipeline.checks.reader import Parts, Reader, pairs_of, text_at
from pipeline.parameters.nodes import Node, Pairs, Place, Text
from smart_sync.check import Check, Condition, Scope, Severity, usual_scope

MODELS, COLUMNS, CONFIG, ARGUMENTS = "models", "columns", "config", "arguments"
VERSIONS = "versions"
TEST_LISTS = ("data_tests", "tests")
CONFIGS = ("severity", "where", "warn_if", "error_if", "enabled", "scope")
"""What of a test's config bears on it; `scope` is ours."""
PASSED_OVER = frozenset(
    (
        "name", "description", "tags", "meta", "group", "docs", "limit", "store_failures",
        "store_failures_as", "schema", "alias", "database", "sql_header",
    )
)  # fmt: skip
"""What of a test says nothing about which rows fail."""
REFUSED = {"fail_calc": "leave it out: failures are counted as dbt counts them by itself."}


def read_dbt(
    root: Node, name: str, table: str
) -> tuple[tuple[Check, ...], tuple[str, ...], list[SyncError]]:
    """The checks that a properties file holds of a table.

    Args:
        root: of the file.
        name: of the file, for messages.
        table: the destination's.

    Returns:
        Its checks, the models that the file has, and what is wrong with those of the table.
    """
    reader = _Reader(name)
    models, checks = list[str](), list[Check]()
    for model in reader.items(pairs_of(root), MODELS):
        parts = pairs_of(model)
        called = _name_of(parts)
        models.append(called)
        if called.casefold() == table.casefold():
            checks += reader.model(parts, table)
    return tuple(checks), tuple(models), reader.faults


def _name_of(parts: Parts) -> str:
    """The table that a model makes: its alias, or its name."""
    config = pairs_of(parts[CONFIG][1]) if CONFIG in parts else {}
    return text_at(config, "alias") or text_at(parts, "alias") or text_at(parts, "name")


class _Reader(Reader):
    """One file."""

    def model(self, parts: Parts, table: str) -> list[Check]:
        """The checks of a model and of its columns."""
        checks = list(self._tests(parts, table, ""))
        for column in self.items(parts, COLUMNS):
            inner = pairs_of(column)
            name = text_at(inner, "name")
            if not name:
                self.fault("a column without a name", column.place, "", "write name: COLUMN.")
                continue
            checks += self._tests(inner, table, name)
        for version in self.items(parts, VERSIONS):
            if not pairs_of(version).keys().isdisjoint((COLUMNS, *TEST_LISTS)):
                fix = "write them under the model itself: it has one table here."
                self.fault("tests of a model's version", version.place, "", fix)
        return checks

    def _tests(self, parts: Parts, table: str, column: str) -> Iterator[Check]:
        for key in TEST_LISTS:
            for node in self.items(parts, key):
                check = self._test(node, table, column)
                if check:
                    yield check

    def _test(self, node: Node, table: str, column: str) -> Check | None:
        """One test: a name, or a name with what is said of it."""
        called, inner = _called(node)
        if called is None:
            self.fault("a test without a name", node.place, "", "write one, such as not_null.")
            return None
        kind = called.text.removeprefix("dbt.")
        test = TESTS.get(kind)
        if test is None:
            fix = f"known here: {', '.join(TESTS)}."
            self.fault("a test that is not known", called.place, shown(called.text), fix)
            return None
        given, config = _parted(inner)
        if "column_name" in given:
            written = given.pop("column_name")[1]
            column = written.text if isinstance(written, Text) else column
        if test.needs_column and not column:
            fix = "write it under a column, in columns: [{name: …, data_tests: […]}]."
            self.fault("a test that needs a column", called.place, kind, fix)
            return None
        before = len(self.faults)
        arguments = Arguments(kind, called.place, given, self.fault)
        rule = test.rule(arguments, column)
        arguments.refuse_others()
        short = kind.rpartition(".")[2]
        words = (short, table, *Check("", kind, rule).columns)
        name = text_at(inner, "name") or "_".join(words)
        check = Check(name, kind, rule, scope=usual_scope(rule))
        check = self._configured(check, config)
        if self._is_off(config) or len(self.faults) > before:
            return None
        return check

    def _configured(self, check: Check, config: Parts) -> Check:
        said = Arguments(check.kind, Place(), config, self.fault)
        for name, fix in REFUSED.items():
            said.refuse(name, fix)
        severity = said.text("severity", "error").casefold()
        if severity not in list(Severity):
            place = config["severity"][1].place
            self.fault("malformed config", place, shown(severity), "write error or warn.")
            severity = Severity.ERROR
        scope = said.text("scope", check.scope).casefold()
        if scope not in list(Scope):
            place = config["scope"][1].place
            self.fault("malformed config", place, shown(scope), "write batch or table.")
            scope = check.scope
        return replace(
            check,
            severity=Severity(severity),
            scope=Scope(scope),
            where=said.text("where", ""),
            error_if=self._condition(said, config, "error_if"),
            warn_if=self._condition(said, config, "warn_if"),
        )

    def _condition(self, said: Arguments, config: Parts, name: str) -> Condition:
        written = said.text(name, "")
        condition = condition_of(written) if written else Condition()
        if condition is None:
            place, fix = config[name][1].place, 'write one such as "> 10".'
            self.fault("malformed config", place, f"{name}: {shown(written)}", fix)
        return condition or Condition()

    def _is_off(self, config: Parts) -> bool:
        said = Arguments("config", Place(), config, self.fault)
        return not said.flag("enabled", default=True)


def _called(node: Node) -> tuple[Text | None, dict[str, tuple[Text, Node]]]:
    """A test's name, and what is said of it: `name`, `name: {…}` or `{test_name: name, …}`."""
    if isinstance(node, Text):
        return (node if node.text else None), {}
    pairs = pairs_of(node)
    if "test_name" in pairs and isinstance(pairs["test_name"][1], Text):
        return pairs.pop("test_name")[1], pairs  # type: ignore[return-value]
    if isinstance(node, Pairs) and len(node.pairs) >= 1:
        key, value = node.pairs[0]
        others = {name: pair for name, pair in pairs.items() if name != key.text}
        return key, {**others, **pairs_of(value)}
    return None, {}


def _parted(
    inner: Parts,
) -> tuple[dict[str, tuple[Text, Node]], dict[str, tuple[Text, Node]]]:
    """A test's arguments, and its config: both may stand by themselves, or beside each other."""
    config = dict(pairs_of(inner[CONFIG][1])) if CONFIG in inner else {}
    given = dict(pairs_of(inner[ARGUMENTS][1])) if ARGUMENTS in inner else {}
    for name, pair in inner.items():
        if name in (CONFIG, ARGUMENTS) or name in PASSED_OVER:
            continue
        if name in CONFIGS or name in REFUSED:
            config.setdefault(name, pair)
        else:
            given.setdefault(name, pair)
    return given, config
