"""How rows of a BigQuery source get into BigQuery: in place, or through workers.

In place no row leaves BigQuery: a copy job where the table is taken whole, else one
statement. A merge and a proof need the rows beside the table first: then the statement
fills a staging table, inside BigQuery too.
"""

from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from auto_schema.errors import ConfigError, SchemaError, SourceRefusedError, SyncError
from auto_schema.schema import Partitioning, TableSchema
from auto_schema.transform import Transformation
from auto_schema.widening import grown
from smart_sync.facts import Facts, Target
from smart_sync.request import SyncRequest
from sources.profile import InBigquery
from sources.values import Evidence

TIB = 2**40
LEAST_BILLED = 10 * 2**20
"""Per table that a query reads."""
FED = "the destination would be fed with its own rows"


class ReadMethod(StrEnum):
    """Where the rows of a BigQuery source pass."""

    IN_PLACE = "in_place"
    WORKERS = "workers"


@dataclass(frozen=True, slots=True)
class BigqueryReading:
    """How a BigQuery source is read, why, and what its query costs.

    Attributes:
        copy_reason: why no copy job takes the table; empty when one does.
        scan_bytes: what the query reads, by a dry run; None where there is no query.
    """

    method: ReadMethod
    reason: str
    copy_reason: str = ""
    scan_bytes: int | None = None
    max_bytes_billed: int | None = None
    price_per_tib: Decimal = Decimal("6.25")

    @property
    def is_in_place(self) -> bool:
        """Whether no row leaves BigQuery."""
        return self.method is ReadMethod.IN_PLACE

    @property
    def copies(self) -> bool:
        """Whether a copy job takes the table, so that no query runs."""
        return self.is_in_place and not self.copy_reason

    @property
    def price(self) -> Decimal | None:
        """What the query costs on demand, in US dollars; None where there is none."""
        if self.scan_bytes is None:
            return None
        return dollars_of(self.scan_bytes, self.price_per_tib)


def dollars_of(read: int, price_per_tib: Decimal) -> Decimal:
    """What a query costs on demand that reads so many bytes, in US dollars.

    >>> dollars_of(2**40, Decimal("6.25")), dollars_of(1, Decimal("6.25"))
    (Decimal('6.2500'), Decimal('0.0001'))
    """
    return (price_per_tib * max(read, LEAST_BILLED) / TIB).quantize(Decimal("0.0001"))


def plan_reading(
    request: SyncRequest,
    facts: Facts,
    schema: TableSchema,
    *,
    keeps_schema: bool,
    is_audited: bool,
) -> tuple[BigqueryReading | None, list[SyncError]]:
    """The way of a BigQuery source, and what forbids it; None for another source.

    What its query reads only a dry run says: `with_scan`.

    Args:
        request: what the operator asked for.
        facts: what source and destination look like.
        schema: the planned one, in its layout.
        keeps_schema: whether rows go into a table that keeps its columns and layout.
        is_audited: whether the rows are queried before they are published.
    """
    here = facts.profile.in_bigquery
    if here is None:
        return None, []
    faults = _cycle_faults(request, here)
    apart, rounded = _are_apart(here, facts.target), _rounded(request, facts, schema)
    reshaped = _reshaped(request)
    method, reason = _method(request, here, facts.target, apart or rounded or reshaped)
    if method is ReadMethod.IN_PLACE:
        faults += _in_place_faults(apart, rounded, reshaped)
    copy_reason = here.copy_reason or _copy_reason(
        request, facts, schema, keeps_schema=keeps_schema, is_audited=is_audited
    )
    reading = BigqueryReading(
        method,
        reason,
        copy_reason,
        max_bytes_billed=request.reading.max_bytes_billed,
        price_per_tib=request.reading.price_per_tib,
    )
    return reading, faults


def _reshaped(request: SyncRequest) -> str:
    """That values are changed on their way, which only workers do; or empty."""
    does = request.schema.transformation.needs_workers
    return f"transformation_config has {does}, which workers do" if does else ""


def _in_place_faults(apart: str, rounded: str, reshaped: str) -> list[SyncError]:
    """What keeps rows from staying in BigQuery, as faults; each empty when it doesn't."""
    faults: list[SyncError] = []
    if apart:
        what = "in place over two locations"
        fix = "set bigquery_read_method=workers, or write to a dataset in the source's location."
        faults.append(ConfigError(what, "bigquery_read_method", apart, fix))
    if rounded:
        fix = "set bigquery_read_method=workers: such rows become dead letters."
        faults.append(SchemaError("values would be rounded", "bigquery_read_method", rounded, fix))
    if reshaped:
        fix = "set bigquery_read_method=auto or workers."
        what = "a transformation in place"
        faults.append(ConfigError(what, "bigquery_read_method", reshaped, fix))
    return faults


def with_scan(
    reading: BigqueryReading | None, evidence: Evidence, place: str
) -> tuple[BigqueryReading | None, list[SyncError]]:
    """The same with what its query reads, and whether that is too much; `place` is the source."""
    if reading is None:
        return None, []
    faults = list[SyncError]()
    if evidence.over_limit:
        size, most = evidence.scan_bytes or 0, reading.max_bytes_billed
        why = f"the query reads {size:,} bytes, max_bytes_billed={most:,}"
        fix = "raise max_bytes_billed, or narrow the query or the window."
        faults.append(SourceRefusedError("over max_bytes_billed", place, why, fix))
    scan_bytes = None if reading.copies else evidence.scan_bytes
    return replace(reading, scan_bytes=scan_bytes), faults


def _are_apart(here: InBigquery, target: Target) -> str:
    """That source and destination are in two locations; empty when they aren't."""
    if not here.location or here.location.casefold() == target.location.casefold():
        return ""
    return f"the source is in {here.location}, the destination in {target.location}"


def _method(
    request: SyncRequest, here: InBigquery, target: Target, obstacle: str
) -> tuple[ReadMethod, str]:
    """The way, and why; the obstacle is why rows can't stay in BigQuery, or empty."""
    if request.reading.method != "auto":
        return ReadMethod(request.reading.method), f"bigquery_read_method={request.reading.method}"
    if obstacle:
        return ReadMethod.WORKERS, obstacle
    if not here.location:
        return ReadMethod.IN_PLACE, "the query reads no table"
    return ReadMethod.IN_PLACE, f"source and destination are both in {target.location}"


def _rounded(request: SyncRequest, facts: Facts, schema: TableSchema) -> str:
    """That a column of the destination may round values, which only workers look at; or empty."""
    replaced = request.publishing.delete_existing_table or request.publishing.sql
    there = {} if replaced else facts.target.by_name()
    evolves = request.schema.evolution == "evolve"
    for column in schema:
        field = there.get(column.name.casefold())
        if field is None or field.shape is None or column.shape is None:
            continue
        after = grown(field.shape, column, evolves=evolves and not field.is_fixed)
        is_float = column.bigquery == "FLOAT64" and column.source_type == "INT64"
        if is_float or column.shape.is_rounded_by(after):
            return f"{column.name} may hold more digits than the destination's {after.display}"
    return ""


def _copy_reason(
    request: SyncRequest,
    facts: Facts,
    schema: TableSchema,
    *,
    keeps_schema: bool,
    is_audited: bool,
) -> str:
    """Why no copy job can do what the request asks for."""
    if request.window.smart_sync:
        return "only the rows of a window are read"
    if request.schema.transformation != Transformation() or request.schema.json_numbers == "text":
        return "columns are selected, renamed or converted"
    if request.publishing.sql:
        return "transform_sql makes other rows of them"
    if request.publishing.load_columns:
        return "load_columns=true writes columns beside the source's"
    if is_audited or request.publishing.write_disposition.is_by_key:
        return "rows are compared before they are published"
    if keeps_schema:
        return _difference(facts)
    if request.schema.auto_schema and _layout(schema) != facts.profile.layout:
        return "another partitioning or clustering was asked for"
    return ""


def _layout(schema: TableSchema) -> tuple[Partitioning | None, tuple[str, ...]]:
    return schema.partitioning, schema.clustering


def _difference(facts: Facts) -> str:
    """A copy gives the destination the source's schema: they must be the same already."""
    target = facts.target
    source = [(c.name, c.type.display) for c in facts.profile.columns]
    there = [(f.name, f.display) for f in target.fields]
    if source != there or (target.partitioning, target.clustering) != facts.profile.layout:
        return "source and destination differ in columns or layout"
    return ""


def _cycle_faults(request: SyncRequest, here: InBigquery) -> list[SyncError]:
    destination = str(request.destination)
    for table, through in here.reads:
        if covers(table, destination):
            why = f"the view {through} reads it" if through else "it is the source, too"
            fix = "choose another destination_bigquery_table, or read the tables behind the view."
            return [ConfigError(FED, f"table {destination}", why, fix)]
    return _letters_faults(request, here)


def _letters_faults(request: SyncRequest, here: InBigquery) -> list[SyncError]:
    """That a wildcard also means what runs write beside the destination.

    The newest table says which columns a wildcard has: all would be theirs. A query that looks at
    _TABLE_SUFFIX may leave them out.
    """
    if "_table_suffix" in request.reading.query.casefold():
        return []
    beside = {"dead_letter_table": request.dead_letters, "run_history_table": request.history_table}
    wildcards = [table for table, _ in here.reads if table.endswith("*")]
    return [
        ConfigError(
            FED,
            f"{name}, table {own}",
            "the wildcard that is read means it as well",
            f"narrow the wildcard, or set {name} to a table that it doesn't mean.",
        )
        for name, own in beside.items()
        if any(covers(table, str(own)) for table in wildcards)
    ]


def covers(pattern: str, table: str) -> bool:
    """Whether a table name, or a wildcard's, means that table.

    >>> covers("p.d.events_*", "p.d.events_2024"), covers("p.d.t", "p.d.T")
    (True, False)
    """
    if pattern.endswith("*"):
        return table.startswith(pattern[:-1])
    return pattern == table
