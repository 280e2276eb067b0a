"""Rows as columns of text, however wide: names are never cut, so that scripts can read them."""

from collections.abc import Collection, Iterator, Sequence


def text_table(
    headings: Sequence[str], rows: Sequence[Sequence[str]], right: Collection[str] = ()
) -> Iterator[str]:
    """The headings' line, and one of each row.

    Args:
        headings: one of each column.
        rows: with a cell for each heading.
        right: headings of columns that are set to the right.

    >>> list(text_table(("name", "rows"), [("orders", "7")], {"rows"}))
    ['name    rows', 'orders     7']
    """
    lines = (headings, *rows)
    widths = [max(len(line[i]) for line in lines) for i in range(len(headings))]
    for line in lines:
        cells = (
            f"{cell:>{width}}" if heading in right else f"{cell:<{width}}"
            for cell, width, heading in zip(line, widths, headings, strict=True)
        )
        yield "  ".join(cells).rstrip()
