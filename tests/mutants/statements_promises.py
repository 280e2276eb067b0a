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
        "Of those who send the tests' local BigQuery a job's id at one moment one is heard.",
        "tests/servers/test_local_bigquery_once.py::test_of_those_who_send_one_id_at_once_all_but_one_are_told_that_it_is_taken",
        "tests/local_bigquery/once.py",
        "        with turn:\n            return submit(",
        "        if True:\n            return submit(",
    ),
    P(
        STATEMENTS,
        "Of those who patch a table of the tests' local BigQuery by one etag one is heard.",
        "tests/servers/test_local_bigquery_once.py::test_of_those_who_patch_what_they_all_saw_one_is_heard",
        "tests/local_bigquery/once.py",
        "            with turn:\n                return do(",
        "            if True:\n                return do(",
    ),
    P(
        STATEMENTS,
        "Chaos tells no row as lost whose replay found the table held, and tries that again.",
        "tests/e2e/test_chaos.py::test_rows_put_aside_are_no_lost_ones_when_their_replay_finds_the_table_held",
        "tests/chaos/trial.py",
        "in (0, letters.REFUSED):",
        "in (0, 6, letters.REFUSED):",
    ),
    P(
        STATEMENTS,
        "Chaos of all kinds in which nothing came of an action proves nothing, and fails.",
        "tests/unit/test_chaos_trials.py::test_a_whole_run_in_which_nothing_came_of_an_action_fails",
        "tests/chaos/actions.py",
        "    return action is Action.STALL or end is End.SUCCEEDED",
        "    return True",
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
