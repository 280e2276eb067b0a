"""Arrow, Parquet and the engines that read them."""

from tests.behaviours.behaviour import Behaviour

ARROW = "pyarrow 25.0.0"
SHOWN = "tests/unit/test_behaviours_libraries.py::"

BEHAVIOURS = (
    Behaviour(
        ARROW,
        "A pickled slice of a batch carries its whole parent: 10 rows of a million weigh 8 MB.",
        "len(pickle.dumps(batch.slice(0, 10)))",
        "Batches travel as IPC streams.",
        SHOWN + "test_a_pickled_slice_carries_its_whole_parent",
        "tests/graph/test_graph.py::test_a_slice_of_a_large_batch_is_coded_small",
    ),
    Behaviour(
        ARROW,
        "Bytes that happen to be digits are cast to a number: b'1234' becomes 1234.",
        "pa.array([b'1234']).cast(pa.int64())",
        "Physical types are compared with the planned ones before any cast.",
        SHOWN + "test_bytes_of_digits_are_cast_to_a_number",
        "tests/unit/test_conform.py::"
        "test_a_column_in_a_form_that_was_not_planned_is_refused_before_any_cast",
    ),
    Behaviour(
        ARROW,
        "A text that isn't UTF-8 passes `validate()` and is written to Parquet; only"
        " `validate(full=True)` looks.",
        "pq.write_table(pa.table({'t': text}), file)",
        "Full validation where the server doesn't check texts.",
        SHOWN + "test_a_text_that_is_not_utf8_is_written_to_parquet_unless_validated_in_full",
        "tests/unit/test_conform.py::test_bytes_that_are_not_utf8_are_found_where_the_plan_asks",
    ),
    Behaviour(
        ARROW,
        "Stamps of any int64 are valid, castable and writable; `to_pylist` raises for those"
        " outside of Python's years.",
        "pa.array([2**62], pa.timestamp('us')).to_pylist()",
        "Ranges are checked on the integers, and dead letters written from them.",
        SHOWN + "test_stamps_that_python_can_not_hold_are_valid_until_they_are_shown",
        "tests/unit/test_conform.py::test_the_ends_of_the_range_are_bigquerys",
    ),
    Behaviour(
        ARROW,
        "A time64 of 24 hours is shown as 00:00.",
        "pa.array([86_400_000_000], pa.time64('us')).to_pylist()",
        "Checked on the integer, told as 24:00:00.",
        SHOWN + "test_24_00_is_shown_as_midnight",
        "tests/unit/test_conform.py::test_the_letter_of_24_00_says_24_00",
    ),
    Behaviour(
        ARROW,
        "`values` of a sliced list are those of the whole array; `flatten()` gives the slice's.",
        "pa.array([[1, 2], [3]])[1:].values",
        "Elements are looked at by their own lists' offsets.",
        SHOWN + "test_the_values_of_a_sliced_list_are_those_of_the_whole",
        "tests/unit/test_conform.py::test_lists_are_judged_by_their_own_elements_in_any_slice",
    ),
    Behaviour(
        ARROW,
        "Beneath a NULL list may lie values that belong to no row.",
        "pa.ListArray.from_arrays(offsets, values, mask=mask)",
        "They are not judged.",
        SHOWN + "test_a_null_list_may_have_values_beneath",
        "tests/unit/test_conform.py::test_what_lies_under_a_null_list_is_not_looked_at",
    ),
    Behaviour(
        ARROW,
        "A text beyond doubles is cast to infinity without an error.",
        "pa.array(['1e400']).cast(pa.float64())",
        "Texts are never cast to doubles; a column that arrives so is refused.",
        SHOWN + "test_a_text_beyond_doubles_is_cast_to_infinity",
        "tests/unit/test_conform.py::"
        "test_a_column_in_a_form_that_was_not_planned_is_refused_before_any_cast",
    ),
    Behaviour(
        ARROW,
        "Other casts of numbers are strict: digits, fractions and integers beyond 2⁵³ are kept, or"
        " the whole column fails.",
        "pa.array([2**53 + 1]).cast(pa.float64())",
        "We rely on it, and bisect for the rows that fail.",
        SHOWN + "test_strict_casts_of_numbers_keep_the_value_or_fail",
        "tests/unit/test_conform.py::"
        "test_bisecting_finds_exactly_the_bad_rows_and_keeps_order_and_values",
    ),
    Behaviour(
        "duckdb 1.5.5",
        "Written to Parquet, zeros and negative zeros become one value.",
        "findings/duckdb_parquet_zero_sign.sh",
        "The local BigQuery of the tests makes one zero of both, so the sign is looked for in the"
        " files that are staged.",
        "",
        "tests/mongodb/test_types.py::test_zeros_keep_their_sign_where_they_are_staged",
    ),
)
