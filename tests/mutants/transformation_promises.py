"""The promises of transformation_config: nothing changes unasked, and what is masked is nowhere."""

from tests.mutants.promises import Promise

CONFIG = "transformation_config"
P = Promise
RUNS = "tests/e2e/test_transformations.py::test_"
KERNELS = "tests/unit/test_transformations.py::test_"
STALE = "tests/e2e/test_stale_columns.py::test_"
DOCUMENTS = "tests/mongodb/test_transformations.py::test_"

PROMISES: tuple[Promise, ...] = (
    P(
        CONFIG,
        "A masked value is in no dead letter.",
        f"{RUNS}masked_values_are_nowhere",
        "auto_schema/dead_letters.py",
        "    return {n: MASKED if n in hidden and v is not None else v for n, v in cells.items()}",
        "    return dict(cells)",
    ),
    P(
        CONFIG,
        "Rows aren't split by a masked key, whose values would be the ends of its ranges.",
        f"{RUNS}masked_values_are_nowhere",
        "smart_sync/splits.py",
        "    if cuts.key and not shows(cuts.key) and not cuts.reason:",
        "    if False:",
    ),
    P(
        CONFIG,
        "A masked field is in no document that is a dead letter.",
        f"{DOCUMENTS}masked_values_are_in_no_dead_letter_of_a_document",
        "sources/mongodb/rows.py",
        "masked if text in layout.hidden else",
        "masked if False else",
    ),
    P(
        CONFIG,
        "Under a masked `_extra` no field without a column is in a dead letter.",
        f"{DOCUMENTS}under_a_masked_extra_no_field_without_a_column_is_in_a_dead_letter",
        "sources/mongodb/rows.py",
        "c.source_name == EXTRA and not c.is_hidden for c",
        "c.source_name == EXTRA for c",
    ),
    P(
        CONFIG,
        "What the server says of a masked value is in no message and no dead letter.",
        f"{RUNS}a_masked_value_that_the_server_refuses_is_in_no_message",
        "sources/postgresql/refused_values.py",
        "        if masked.is_hidden and (texts[masked.name] is not None or masked is column):",
        "        if False:",
    ),
    P(
        CONFIG,
        "A cast that would change a value makes a dead letter.",
        f"{KERNELS}a_cast_gives_what_plain_python_gives_or_refuses",
        "auto_schema/casts.py",
        "        same = pc.fill_null(pc.equal(again, array), False)",
        "        same = pc.is_valid(array)",
    ),
    P(
        CONFIG,
        "A text of more digits than Arrow reads right is no number.",
        f"{KERNELS}a_cast_gives_what_plain_python_gives_or_refuses",
        "auto_schema/casts.py",
        "    values, bad = _of_form(_held(wanted), strict)(texts, wanted)",
        "    values, bad = _of_form(_DECIMAL, strict)(texts, wanted)",
    ),
    P(
        CONFIG,
        "A number that its power makes too large for its type is a dead letter.",
        f"{KERNELS}a_number_that_is_too_large_by_its_power_is_none",
        "auto_schema/casts.py",
        "pc.greater_equal(pc.abs(doubles), limit), False))",
        "pc.greater_equal(doubles, pa.scalar(1e300)), False))",
    ),
    P(
        CONFIG,
        "NULL is kept by no comparison of a filter.",
        f"{KERNELS}a_filter_keeps_what_plain_python_keeps",
        "auto_schema/row_filter.py",
        "        return pc.and_(pc.is_valid(array), pc.invert(within))",
        "        return pc.invert(within)",
    ),
    P(
        CONFIG,
        "Verifying claims no column whose values were changed on the way.",
        f"{RUNS}verify_says_which_columns_it_proves_and_proves_them_beside_a_filter",
        "smart_sync/reshape_plan.py",
        "    return replace(column, changed=what, is_hidden=is_hidden) if what else column",
        '    return replace(column, changed=what, is_hidden=is_hidden) if what == "masked" else column',
    ),
    P(
        CONFIG,
        "A column that is newly masked ends a merge until somebody says what becomes of old values.",
        f"{STALE}a_newly_masked_column_ends_the_run_until_somebody_decides",
        "smart_sync/stale_columns.py",
        '        if updates and decided != "keep":',
        "        if False:",
    ),
    P(
        CONFIG,
        "So does one that a constant or another field takes the place of, when its own is hidden.",
        f"{STALE}clear_values_under_whatever_takes_their_place_end_the_run_until_somebody_decides",
        "smart_sync/stale_columns.py",
        "        elif source and source != new.source_name and not transformation.shows(source):",
        "        elif False:",
    ),
    P(
        CONFIG,
        "So does one that is masked under another name from now on.",
        f"{STALE}clear_values_under_whatever_takes_their_place_end_the_run_until_somebody_decides",
        "smart_sync/stale_columns.py",
        '    return f"renamed to {new} and masked", True',
        '    return f"renamed to {new} and masked", False',
    ),
    P(
        CONFIG,
        "A run that can't clear old values decides nothing about them.",
        f"{STALE}clear_values_under_whatever_takes_their_place_end_the_run_until_somebody_decides",
        "smart_sync/stale_columns.py",
        "replace(c, source_name=old[name].source_name, is_masked=False) if name in old",
        "replace(c, is_masked=False) if name in old",
    ),
    P(
        CONFIG,
        "A zone that GoogleSQL doesn't know makes a dead letter of its row.",
        f"{KERNELS}a_clock_further_from_utc_than_googlesql_knows_is_no_timestamp",
        "auto_schema/casts.py",
        "|[+-]14(:00)?)",
        "|[+-]14(:[0-5]\\d)?)",
    ),
    P(
        CONFIG,
        "A filter that would compare masks is refused.",
        f"{RUNS}what_does_not_fit_is_told_before_anything_is_written",
        "smart_sync/reshape_plan.py",
        '    if mask is None or (is_null and method != "null"):',
        "    if True:",
    ),
    P(
        CONFIG,
        "A run that fills columns keeps to the filter.",
        "tests/e2e/test_backfill_columns.py::test_rows_that_the_filter_leaves_out_are_not_filled_whether_a_query_follows_or_not",
        "auto_schema/reshaping.py",
        "        return Reshaping(replace(self.arriving, columns=arriving), passages, self.keeps)",
        "        return Reshaping(replace(self.arriving, columns=arriving), passages)",
    ),
    P(
        CONFIG,
        "The salt stands before what is hashed.",
        f"{KERNELS}a_mask_gives_what_plain_python_gives",
        "auto_schema/sha256.c",
        "  put(&salted, blocks, salt->buf, (size_t)salt->len);",
        "",
    ),
)
