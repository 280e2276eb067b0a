"""What a terminal that is too narrow shows: lines folded with a hanging indent, rows as blocks."""

from hypothesis import given
from hypothesis import strategies as st

from pipeline.launch.folded import folded
from smart_sync.text_table import text_table

WORDS = st.lists(st.text("abcd1_.", min_size=1, max_size=30), min_size=1, max_size=40)
SPACES = st.sampled_from(["", "  ", "    ", " " * 15])


def test_a_sentence_goes_on_a_step_further_in():
    assert folded("each is published by itself, all its rows", 24) == (
        "each is published by\n  itself, all its rows"
    )


def test_what_stands_behind_a_label_goes_on_below_it():
    line = "    start      MAX(updated_at) of the destination (the whole column)"
    assert folded(line, 48) == (
        "    start      MAX(updated_at) of the\n               destination (the whole column)"
    )


def test_a_line_that_belongs_to_the_one_above_goes_on_where_it_begins():
    line = " " * 15 + "because temp_location is a local folder"
    assert {row[:15] for row in folded(line, 40).split("\n")} == {" " * 15}


def test_a_moment_is_not_parted():
    line = "everything after 2025-07-22 07:00:00 up to 2025-07-23 07:00:00.123456"
    assert folded(line, 60) == (
        "everything after 2025-07-22 07:00:00 up to\n  2025-07-23 07:00:00.123456"
    )


def test_sql_stays_as_it_is_since_it_is_copied():
    line = "    | SELECT 'two  words' AS a, b, c FROM orders"
    assert folded(line, 20) == line


def test_without_a_terminal_nothing_is_folded():
    assert folded("many words " * 50, 0) == "many words " * 50


@given(WORDS, SPACES, st.integers(20, 100))
def test_no_word_is_lost_or_cut_and_no_line_is_wider_than_its_longest_word_needs(
    words, indent, width
):
    text = folded(indent + " ".join(words), width)
    assert text.split() == words
    rows = text.split("\n")
    for row in rows:
        assert len(row) <= width or len(row.split()) == 1


HEADINGS = ("table", "does", "rows", "why")
ROWS = [("public.orders", "merge", "1,204", ""), ("public.lines", "FAILS", "", "no key")]


def test_rows_that_are_too_wide_for_a_terminal_are_blocks_with_what_each_value_is():
    assert list(text_table(HEADINGS, ROWS, {"rows"}, 30)) == [
        "table",
        "public.orders",
        "    does merge · rows 1,204",
        "public.lines",
        "    does FAILS · why no key",
    ]


def test_rows_that_fit_or_go_to_no_terminal_are_columns():
    assert list(text_table(HEADINGS, ROWS, {"rows"})) == list(
        text_table(HEADINGS, ROWS, {"rows"}, 80)
    )
    assert len(list(text_table(HEADINGS, ROWS, {"rows"}, 80))) == 3
