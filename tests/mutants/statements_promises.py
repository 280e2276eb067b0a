"""The promises of what is said of statements before a real BigQuery sees them."""

from tests.mutants.promises import Promise

STATEMENTS = "Statements"
P = Promise

PROMISES: tuple[Promise, ...] = (
    P(
        STATEMENTS,
        "A statement that GoogleSQL refuses fails the test that sent it.",
        "tests/googlesql/test_sent.py::test_a_statement_that_googlesql_refuses_fails_the_test_that_sent_it",
        "tests/sent_statements.py",
        "    if refused:",
        "    if False:",
    ),
    P(
        STATEMENTS,
        "Every statement that tests send is kept with the tables that it met.",
        "tests/googlesql/test_sent.py::test_the_local_bigquery_keeps_each_statement_with_what_it_met",
        "tests/local_bigquery/record.py",
        "        met = {name: named[name] for name, found in columns.items() if found}",
        "        met = dict[str, Key]()",
    ),
    P(
        STATEMENTS,
        "A statement is taken for another that was judged only if they differ by mere names.",
        "tests/googlesql/test_shapes.py::test_what_googlesql_takes_is_not_taken_for_what_it_refuses",
        "tests/googlesql/shape.py",
        "(*words, *FIXED)",
        "FIXED",
    ),
)
