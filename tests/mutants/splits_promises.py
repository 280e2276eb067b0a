"""The promises of splits: every row lies in exactly one of them."""

from tests.mutants.promises import Promise

SPLITS = "Splits"
P = Promise
TESTS = "tests/servers/test_splits.py::"

PROMISES: tuple[Promise, ...] = (
    P(
        SPLITS,
        "A row without a key lies in one split, whatever the catalog says of NULLs.",
        TESTS + "test_a_row_without_a_key_lies_in_one_split",
        "sources/postgresql/statement.py",
        "    takes_null = split.by_key and split.lower is None and split.upper is not None",
        "    takes_null = False",
    ),
    P(
        SPLITS,
        "No split of a large table reads more of it than its own rows, nor the one that takes rows"
        " without a key.",
        TESTS + "test_no_split_reads_more_of_a_large_table_than_its_own_rows",
        "sources/postgresql/statement.py",
        '    return (tuple(within), (f"{column} IS NULL",)) if takes_null else (tuple(within),)',
        '    is_null = f" OR {column} IS NULL" if takes_null else ""\n'
        "    return ((f\"({' AND '.join(within)}{is_null})\",),)",
    ),
    P(
        SPLITS,
        "Any bounds cut any keys so that each lies in one split, under any setting of the session.",
        TESTS + "test_any_splits_hold_any_row_once_under_any_setting",
        "sources/postgresql/sql.py",
        """return "E'" + value.replace("\\\\", "\\\\\\\\").replace""",
        """return "'" + value.replace""",
    ),
    P(
        SPLITS,
        "Texts are cut in the order of their bytes, whatever a histogram or a collation claims.",
        TESTS + "test_texts_are_cut_bytewise_whatever_order_collation_and_histogram_claim",
        "sources/postgresql/evidence.py",
        """        order = f'{bound} COLLATE pg_catalog."C"'""",
        """        order = "random()\"""",
    ),
    P(
        SPLITS,
        "The index of a library's order is not asked for ranges of texts.",
        TESTS + "test_texts_in_a_librarys_order_are_cut_only_when_asked_for",
        "smart_sync/splits.py",
        "    if cuts.key and (num_splits or not cuts.key_scans):",
        "    if cuts.key:",
    ),
    P(
        SPLITS,
        "A query whose parts might see other rows is read in one.",
        TESTS + "test_a_query_whose_parts_might_not_be_one_whole_is_read_in_one",
        "sources/postgresql/splits.py",
        "    reason = look.split_reason or whole_reason(cursor, query, look)",
        "    reason = look.split_reason",
    ),
    P(
        SPLITS,
        "Words that cut rows are seen wherever in the query they stand.",
        "tests/unit/test_sql.py::test_only_a_plain_select_may_be_split_and_the_reason_is_named",
        "sources/postgresql/tree.py",
        "    reason = _tree_reason(tree) or words_reason(sql)",
        "    reason = _tree_reason(tree)",
    ),
    P(
        SPLITS,
        "Only a query that is a table and nothing else is not parsed.",
        "tests/unit/test_sql.py::test_what_is_more_than_a_table_is_parsed",
        "sources/postgresql/shape.py",
        "    whole = _WHOLE_TABLE.fullmatch(sql)",
        "    whole = _WHOLE_TABLE.match(sql)",
    ),
    P(
        SPLITS,
        "A table named twice gives no key.",
        TESTS + "test_a_query_whose_parts_might_not_be_one_whole_is_read_in_one",
        "sources/postgresql/tree.py",
        "    single = not reason and len(list(tree.find_all(exp.Table))) == 1",
        "    single = not reason and len(_tables(tree)) == 1",
    ),
    P(
        SPLITS,
        "A cursor that is computed cuts nothing: it could differ in each split.",
        TESTS + "test_a_cursor_that_is_computed_cuts_nothing",
        "smart_sync/splits.py",
        "    return column is not None and column.origin is not None",
        "    return column is not None",
    ),
    P(
        SPLITS,
        "Infinite and far dates are no bounds.",
        TESTS + "test_far_dates_and_times_are_no_obstacle_to_cutting",
        "sources/postgresql/evidence.py",
        """        "timestamptz": "v BETWEEN '0001-01-01' AND '9999-12-31'",""",
        """        "timestamptz": "true",""",
    ),
    P(
        SPLITS,
        "A look at any number of columns is one entry of one SELECT.",
        TESTS + "test_any_number_of_columns_is_looked_at_and_read",
        "sources/postgresql/scan.py",
        """f"ARRAY[{', '.join(items)}]" if items""",
        """f"ARRAY[{'], ARRAY['.join(items)}]" if items""",
    ),
)
"""Each promise broken once, in a copy: its test must fail."""
