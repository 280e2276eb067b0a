"""The promises of rows that PostgreSQL itself refuses while they are read."""

from tests.mutants.promises import Promise

REFUSED = "Rows that PostgreSQL refuses"
P = Promise
TESTS = "tests/e2e/test_refused_rows.py::test_"
ROWS, VALUES = "sources/postgresql/refused_rows.py", "sources/postgresql/refused_values.py"

PROMISES: tuple[Promise, ...] = (
    P(
        REFUSED,
        "A value that the server refuses amid the rows is one dead letter; all others arrive.",
        f"{TESTS}a_byte_without_a_form_in_utf8_is_a_dead_letter_and_the_other_rows_arrive",
        ROWS,
        "            yield letters_batch(letters, source)",
        "            pass",
    ),
    P(
        REFUSED,
        "A proof sums such rows apart, and all others as they are.",
        f"{TESTS}a_byte_without_a_form_in_utf8_is_a_dead_letter_and_the_other_rows_arrive",
        ROWS,
        "                yield item + RowSums.of_digests(dead.digest for dead in letters)",
        "                yield item",
    ),
    P(
        REFUSED,
        "Each such row is found by itself, in whichever partition and split it lies.",
        f"{TESTS}rows_that_the_query_cannot_compute_are_dead_letters_of_every_split",
        ROWS,
        "(tableoid, ctid) NOT IN (VALUES {_listed(places)})",
        "ctid NOT IN (SELECT v.b FROM (VALUES {_listed(places)}) AS v(a, b))",
    ),
    P(
        REFUSED,
        "The reason of such a letter holds no value of the row.",
        f"{TESTS}rows_that_the_query_cannot_compute_are_dead_letters_of_every_split",
        VALUES,
        "{without_values(error)}",
        "{_message(error)}",
    ),
    P(
        REFUSED,
        "No more of them are looked for than it takes to say that they are too many.",
        f"{TESTS}with_a_row_too_many_the_run_ends_with_7_and_keeps_the_letters",
        ROWS,
        "look.places(refused, most + 1)",
        "look.places(refused, 99)",
    ),
    P(
        REFUSED,
        "Such rows and those around them are of one snapshot.",
        f"{TESTS}a_row_that_is_changed_while_refused_ones_are_looked_for_is_there_once",
        ROWS,
        "items(source, split, watch, snapshot)",
        "items(source, split, watch)",
    ),
    P(
        REFUSED,
        "A query that is another one over a part of its table is not read in parts.",
        f"{TESTS}where_rows_cannot_be_told_apart_the_error_names_column_state_and_mend",
        "sources/postgresql/divided.py",
        "            return reason or _difference(cursor, source, table) or table",
        "            return reason or table",
    ),
    P(
        REFUSED,
        "Where they can't be told apart, the error names the column and the SQLSTATE.",
        f"{TESTS}where_rows_cannot_be_told_apart_the_error_names_column_state_and_mend",
        ROWS,
        "                raise _undivided(source, refused, refused_column(cursor, source, split), table)",
        '                raise _undivided(source, refused, "", table)',
    ),
    P(
        REFUSED,
        "A row of a table that makes several rows of the query takes none of them with it.",
        f"{TESTS}where_rows_cannot_be_told_apart_the_error_names_column_state_and_mend",
        ROWS,
        "letter(self._cursor, row, self._split) if rows == 1 else None",
        "letter(self._cursor, row, self._split)",
    ),
    P(
        REFUSED,
        "A query is not divided by a table without which it has rows, too.",
        "tests/unit/test_one_table.py::test_of_other_queries_no_part_is_said",
        "sources/postgresql/one_table.py",
        'any(j.side not in ("", "LEFT") for j in joins)',
        "False",
    ),
    P(
        REFUSED,
        "A look at the rows that the server refuses leaves only its own column unanswered.",
        f"{TESTS}a_view_is_looked_through_and_so_are_plain_joins",
        "sources/postgresql/evidence.py",
        """    except psycopg2.DataError:
        if len(columns) == 1:""",
        """    except ZeroDivisionError:
        if len(columns) == 1:""",
    ),
)
