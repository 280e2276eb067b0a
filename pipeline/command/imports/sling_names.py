"""Sling's stream names and object patterns → our entries and destinations. Pure."""

import re

from pipeline.command.imports.draft import Values
from pipeline.tables.entries import GLOB

Fault = tuple[str, str]
PLACES = {"postgresql": ("schema", "table"), "bigquery": ("dataset", "table")}
_WORD = re.compile(r"\{(\w+)\}")


def entry_name(stream: str, kind: str) -> tuple[str, Fault | None]:
    """The entry of a stream: a table's name or a pattern, without quotes.

    >>> entry_name('finance."Transactions"', "postgresql")
    ('finance.Transactions', None)
    >>> entry_name("shop.users", "mongodb")
    ('users', None)
    """
    parts = [part.strip('"`') for part in re.findall(r'"[^"]*"|`[^`]*`|[^.]+', stream)]
    if "://" in stream or len(parts) != 2 or not all(parts):
        fix = "call it by schema and table (`public.orders`), also where it has a query."
        return stream, ("it doesn't name one table", fix)
    return (parts[1] if kind == "mongodb" else ".".join(parts)), None


def destination_of(text: str, pattern: str, kind: str) -> tuple[Values, Fault | None]:
    """Dataset and table that an object's pattern means; its project where it has one.

    >>> destination_of("raw.{stream_schema}_{stream_table}", "public.*", "postgresql")[0]
    {'destination_bigquery_dataset': 'raw', 'destination_bigquery_table': '{schema}_{table}'}
    """
    parts = [part.strip('"`') for part in text.split(".")]
    if not 1 <= len(parts) <= 3 or not all(parts):
        return {}, ("it names no table", "write dataset.table.")
    schema, _, table = pattern.rpartition(".")
    values: Values = {}
    if len(parts) == 3:
        values["destination_bigquery_project"] = parts[0]
    if len(parts) > 1 and parts[-2] != "{target_schema}":
        dataset, fault = _filled(parts[-2], schema, table, is_name=False)
        if fault or not re.fullmatch(r"\w+", dataset):
            fix = "write the dataset's name, or an entry for each schema."
            return values, ("the dataset isn't known before the tables are", fix)
        values["destination_bigquery_dataset"] = dataset
    name, fault = _filled(parts[-1], schema, table, is_name=True)
    outer, inner = PLACES.get(kind, ("", "collection"))
    name = name.replace("{schema}", f"{{{outer}}}").replace("{table}", f"{{{inner}}}")
    if name != f"{{{inner}}}":
        values["destination_bigquery_table"] = name
    return values, fault


def _filled(text: str, schema: str, table: str, *, is_name: bool) -> tuple[str, Fault | None]:
    """A pattern with what is known of the stream; of a table's name our placeholders may stay."""
    known = {"stream_schema": schema, "stream_table": table}
    known |= {f"{name}_lower": value.lower() for name, value in known.items()} | {
        f"{name}_upper": value.upper() for name, value in known.items()
    }
    fault: Fault | None = None

    def fill(match: re.Match[str]) -> str:
        nonlocal fault
        word = match.group(1)
        value = known.get(word, "*")
        is_plain = word in ("stream_schema", "stream_table")
        if is_name and is_plain:
            return f"{{{word.removeprefix('stream_')}}}"
        if not value or GLOB.search(value):
            fault = (f"{{{word}}} can't be filled in", "write the name, in a stream of its own.")
        return value

    return _WORD.sub(fill, text), fault
