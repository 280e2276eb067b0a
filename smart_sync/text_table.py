"""Rows as columns of text, however wide: names are never cut, so that scripts can read them."""

from collections.abc import Collection, Iterator, Sequence

INDENT = "    "


def text_table(
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    right: Collection[str] = (),
    width: int = 0,
) -> Iterator[str]:
    """The headings' line, and one of each row; where that is too wide, each row as two lines.

    Args:
        headings: one of each column.
        rows: with a cell for each heading.
        right: headings of columns that are set to the right.
        width: of the terminal that it is for; 0: there is none.

    >>> list(text_table(("name", "rows"), [("orders", "7")], {"rows"}))
    ['name    rows', 'orders     7']
    >>> list(text_table(("name", "rows"), [("orders", "7")], width=8))
    ['name', 'orders', '    rows 7']
    """
    lines = list(_lines(headings, rows, right))
    if not width or max(map(len, lines)) <= width:
        yield from lines
        return
    yield headings[0]
    for name, *cells in rows:
        yield name
        told = [f"{what} {cell}" for what, cell in zip(headings[1:], cells, strict=True) if cell]
        yield INDENT + " · ".join(told)


def _lines(
    headings: Sequence[str], rows: Sequence[Sequence[str]], right: Collection[str]
) -> Iterator[str]:
    lines = (headings, *rows)
    widths = [max(len(line[i]) for line in lines) for i in range(len(headings))]
    for line in lines:
        cells = (
            f"{cell:>{width}}" if heading in right else f"{cell:<{width}}"
            for cell, width, heading in zip(line, widths, headings, strict=True)
        )
        yield "  ".join(cells).rstrip()
