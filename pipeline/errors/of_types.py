"""Errors of columns, names and types: source and destination don't fit. Pure."""

from pipeline.errors.entry import Entry, Section

TYPES = Section(
    "Columns and types",
    "Yes, as soon as it is mended: it was found before anything was published.",
    (
        Entry(
            "destination-does-not-fit",
            ("destination doesn't fit the source",),
            "Columns of the destination can't take what the source now brings: another type, a mode"
            " that BigQuery doesn't change, a column that was removed.",
            "The source's table was altered; the destination was made by hand or by another tool.",
            "The message names each column with both types. `schema_evolution` and"
            " `enable_auto_schema` say what may be altered: [Columns that change]"
            "(schema-evolution.md). Else cast the column in the query, or load into a new table.",
        ),
        Entry(
            "type-without-a-mapping",
            ("type without a mapping",),
            "A column has a type of which no form in BigQuery is agreed. It is refused rather than"
            " guessed.",
            "An extension's type, one of your own, or a BigQuery type that a load can't write.",
            "Cast it in the query to a type of [the list](type-mapping.md), or leave it out; for"
            " PostgreSQL `unknown_types=text` takes its text.",
        ),
    ),
)
