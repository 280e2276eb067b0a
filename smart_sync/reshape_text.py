"""What a plan says of its transformation: columns before and after, and what each goes through."""

from collections.abc import Iterator

from auto_schema.reshaping import Reshaping


def types_before(reshaping: Reshaping | None) -> dict[str, str]:
    """The types in which changed columns arrive, by published name, where they become others."""
    return {
        passage.column.name: passage.arrives
        for passage in (reshaping.passages if reshaping else ())
        if passage.arrives and passage.arrives != passage.column.bigquery
    }


def reshaping_lines(reshaping: Reshaping | None) -> Iterator[str]:
    """What becomes of rows on their way, in the order in which it does; nothing without."""
    if reshaping is None:
        return
    yield "  transformed  casts → defaults → constants → mask → filter, after which rows are staged"
    for passage in reshaping.passages:
        yield f"    {passage.column.name}: {passage.told}"
    if reshaping.keeps is not None:
        yield f"    rows are kept where {reshaping.keeps}"


def reshaping_dict(reshaping: Reshaping | None) -> dict[str, object] | None:
    """The same as JSON-ready values, with all columns before it."""
    if reshaping is None:
        return None
    return {
        "columns_before": [
            {"name": column.source_name, "type": column.kind} for column in reshaping.arriving
        ],
        "steps": {passage.column.name: passage.told for passage in reshaping.passages},
        "filter": None if reshaping.keeps is None else str(reshaping.keeps),
    }
