"""explain(plan): the very object that runs, for people.

Three lines in plain words, what to beware of, and a screen of what follows from which fact; or
all of it, to the statements. For machines: `plan_json`.
"""

from collections.abc import Iterator, Sequence

from auto_schema.evolve import layout_text
from auto_schema.reshaping import Reshaping
from auto_schema.schema import TableSchema
from smart_sync.altering import alteration_lines
from smart_sync.check_plan import check_lines
from smart_sync.headline import estimate_text, headline, warnings_of
from smart_sync.healing import healing_lines
from smart_sync.history_text import history_lines
from smart_sync.load_columns import load_lines
from smart_sync.marks import mark_lines
from smart_sync.missing_plan import missing_lines
from smart_sync.plan import SyncPlan
from smart_sync.proof_plan import Proof
from smart_sync.publish_sql import publish_statement
from smart_sync.read_plan import BigqueryReading
from smart_sync.replay_text import replay_lines
from smart_sync.reshape_text import reshaping_lines, types_before
from smart_sync.resume import resume_lines
from smart_sync.snapshot import snapshot_lines
from smart_sync.sql_lines import sql_lines
from smart_sync.value_text import counted, range_text, window_text
from sources.values import Split

SHOWN_SPLITS = 6
FULL = "full"
"""The plan_detail by which all is told."""
MORE = "  more         plan_detail=full: columns, splits, statements and notes"


def explained(plan: SyncPlan, detail: str) -> str:
    """The plan in words, as plan_detail asks for it."""
    return explain(plan) if detail == FULL else explain_shortly(plan)


def explain(plan: SyncPlan) -> str:
    """The whole plan in words: some 30 lines, and its statements."""
    return "\n".join([*headline(plan), *_lines(plan)])


def explain_shortly(plan: SyncPlan) -> str:
    """What has to be known of it before it is run, on one screen."""
    warnings = (f"  WARNING      {warning}" for warning in warnings_of(plan))
    return "\n".join([*headline(plan), *warnings, *_short_lines(plan), MORE])


def log_text(plan: SyncPlan, detail: str) -> str:
    """What the log of a run says of its plan, beside its warnings: the whole, or first lines."""
    if detail == FULL:
        return explain(plan)
    return "\n".join([*headline(plan), f"run {plan.run.run_id}, plan {plan.fingerprint}"])


def _lines(plan: SyncPlan) -> Iterator[str]:
    yield f"Plan {plan.fingerprint} of run {plan.run.run_id}"
    yield f"  from         {plan.reading.source.place}"
    yield f"  into         {plan.destination} ({plan.run.location})"
    for warning in warnings_of(plan):
        yield f"  WARNING      {warning}"
    yield from _window_lines(plan)
    yield from _reading_lines(plan)
    yield "  columns"
    yield from _column_lines(plan.reading.schema, plan.reshaping)
    yield from reshaping_lines(plan.reshaping)
    yield from _table_lines(plan)
    yield from _publish_lines(plan)
    for note in plan.notes:
        yield f"  note         {note}"


def _short_lines(plan: SyncPlan) -> Iterator[str]:
    yield f"Plan {plan.fingerprint} of run {plan.run.run_id}"
    yield f"  from         {plan.reading.source.place}"
    yield f"  into         {plan.destination} ({plan.run.location})"
    yield from _window_lines(plan)
    if not plan.held_back:
        yield from _size_lines(plan)
        yield from _cut_lines(plan)
    yield from _short_column_lines(plan)
    yield from _table_lines(plan)
    if plan.held_back:
        return
    publishing = plan.publishing
    yield from snapshot_lines(publishing.snapshot)
    yield from missing_lines(publishing.missing)
    yield from healing_lines(publishing.healing)
    yield from _way_lines(plan)
    yield from _statements_left_out(sql_lines(plan))
    yield from _merge_lines(plan)
    if publishing.proof is not None:
        compared = len(publishing.proof.compared)
        yield f"  verify       {counted(compared, 'column')} hashed on both sides before publishing"
    yield from _statements_left_out(check_lines(plan))
    yield from _end_lines(plan)


def _statements_left_out(lines: Iterator[str]) -> Iterator[str]:
    """Of a section what stands beside its name, without SQL and without the columns of a query."""
    for line in lines:
        if line.startswith("  published columns"):
            return
        if not line.startswith("    | "):
            yield line


def _short_column_lines(plan: SyncPlan) -> Iterator[str]:
    """How many columns there are, and those that arrive otherwise than they are."""
    schema = plan.reading.schema
    yield f"  columns      {counted(len(schema.columns), 'column')}"
    if lossy := [column.name for column in schema if column.loss]:
        more = f" and {len(lossy) - SHOWN_SPLITS:,} more" if len(lossy) > SHOWN_SPLITS else ""
        listed = ", ".join(lossy[:SHOWN_SPLITS])
        yield f"               with limits of their types: {listed}{more}"
    if plan.reshaping is not None:
        changed = ", ".join(passage.column.name for passage in plan.reshaping.passages)
        kept = "" if plan.reshaping.keeps is None else " rows are filtered"
        yield f"  transformed  {changed}{';' * bool(changed and kept)}{kept}".rstrip()


def _table_lines(plan: SyncPlan) -> Iterator[str]:
    publishing, changes = plan.publishing, plan.changes
    yield f"  table        {publishing.mode}: {publishing.mode_reason}"
    if publishing.mode.makes_table:
        yield f"               {layout_text(plan.schema.partitioning, plan.schema.clustering)}"
    if changes.added:
        yield f"               columns to be added: {', '.join(changes.added)}"
    altered = alteration_lines(plan.destination, changes.altered, changes.looked_bytes)
    yield from (f"               {line}" for line in altered)
    yield from (f"               {line}" for line in load_lines(plan.schema))
    if changes.target_only:
        yield f"               columns that stay NULL in new rows: {', '.join(changes.target_only)}"


def _window_lines(plan: SyncPlan) -> Iterator[str]:
    if plan.publishing.replay is not None:
        yield from replay_lines(plan.publishing.replay)
        return
    if plan.window is None or plan.cursor is None:
        yield "  window       none: the whole result of the query"
        return
    yield f"  window       {window_text(plan.window.window)} of {plan.cursor.source_name}"
    if not plan.cursor.is_integer:
        yield f"               in {plan.window.time_zone}"
    yield f"    start      {plan.window.start_reason}"
    yield f"    end        {plan.window.end_reason}"
    if plan.window.held_back:
        yield f"  HELD BACK    nothing is read: {plan.window.held_back.why}"


def _reading_lines(plan: SyncPlan) -> Iterator[str]:
    if plan.held_back:
        return
    reading = plan.reading
    yield from _size_lines(plan)
    if not reading.is_in_place:
        yield from _cut_lines(plan, shows_ranges=True)
    if reading.splits and plan.publishing.way.is_staged:
        yield "  query of the first split"
        yield from _sql_lines(reading.source.statement(reading.splits[0]))


def _size_lines(plan: SyncPlan) -> Iterator[str]:
    reading = plan.reading
    if reading.estimated_rows is not None or reading.estimate_doubt:
        yield f"  estimate     {estimate_text(plan)}"
    yield from _scan_lines(reading.bigquery)


def _cut_lines(plan: SyncPlan, *, shows_ranges: bool = False) -> Iterator[str]:
    reading = plan.reading
    if reading.is_in_place:
        return
    yield f"  splits       {reading.split_total} ({reading.split_reason})"
    if shows_ranges:
        yield from _split_lines(reading.splits)
    yield from (f"  RESUMED      {line}" for line in resume_lines(plan))


def _sql_lines(statement: str) -> Iterator[str]:
    yield from (f"    | {line}" for line in statement.split("\n"))


def _split_lines(splits: Sequence[Split]) -> Iterator[str]:
    ranges = [split for split in splits if split.column is not None]
    for split in ranges[:SHOWN_SPLITS]:
        yield f"    {split.index:>5}      {range_text(split)}"
    if len(ranges) > SHOWN_SPLITS:
        yield f"               … and {len(ranges) - SHOWN_SPLITS:,} more"


def _scan_lines(reading: BigqueryReading | None) -> Iterator[str]:
    if reading is None:
        return
    yield f"  read         {reading.method}: {reading.reason}"
    if reading.scan_bytes is None and reading.is_in_place:
        yield "  scan         none: a copy job reads no bytes that are billed"
        return
    if reading.scan_bytes is None:
        yield "  scan         no query: Storage Read bills the table's bytes at its own price"
        return
    yield (
        f"  scan         {reading.scan_bytes:,} bytes by a dry run, about ${reading.price} at"
        f" ${reading.price_per_tib} per TiB"
    )
    if reading.max_bytes_billed is not None:
        yield f"               at most {reading.max_bytes_billed:,} bytes (max_bytes_billed)"


def _column_lines(schema: TableSchema, reshaping: Reshaping | None) -> Iterator[str]:
    width = max((len(c.name) for c in schema), default=0)
    kind_width = max((len(c.source_type) for c in schema), default=0)
    before = types_before(reshaping)
    for column in schema:
        kind = f"ARRAY<{column.bigquery}>" if column.is_repeated else column.bigquery
        if column.shape is not None:
            kind = "the same" if column.shape.display == column.source_type else kind
        kind = f"{before[column.name]} → {kind}" if column.name in before else kind
        text = f"    {column.name:<{width}}  {column.source_type:<{kind_width}} → {kind}"
        if column.source_name and column.name != column.source_name:
            text += f"  (source column {column.source_name})"
        text += f"  by {column.evidence}" if column.evidence else ""
        yield text + (f"  loses: {column.loss}" if column.loss else "")


def _publish_lines(plan: SyncPlan) -> Iterator[str]:
    if plan.held_back:
        return
    publishing, staging = plan.publishing, plan.run.staging
    if not plan.reading.is_in_place:
        yield f"  staging      {staging.folder}"
    yield from snapshot_lines(publishing.snapshot)
    yield from missing_lines(publishing.missing)
    yield from healing_lines(publishing.healing)
    yield from _way_lines(plan)
    yield from sql_lines(plan)
    if publishing.way.has_statement:
        yield from _merge_lines(plan)
        yield from _sql_lines(publish_statement(plan))
    if publishing.swaps:
        yield f"               built as {staging.new_table.table}, then renamed:"
        yield "               readers may miss the table for seconds while it is swapped"
    yield from _proof_lines(publishing.proof, is_before_sql=publishing.sql is not None)
    yield from check_lines(plan)
    yield from _end_lines(plan)


def _end_lines(plan: SyncPlan) -> Iterator[str]:
    yield f"  dead letters at most {plan.dead_letters.most}, into {plan.dead_letters.table}"
    if exact := [c.name for c in plan.reading.schema if c.wide_numbers == "exact"]:
        names = ", ".join(exact)
        yield f"               also rows with JSON numbers that BigQuery prints otherwise: {names}"
    yield f"  history      {plan.run.history_table}"


def _way_lines(plan: SyncPlan) -> Iterator[str]:
    publishing = plan.publishing
    first, *more = publishing.way.lines(publishing.way_reason, plan.run.staging.table.table)
    yield f"  publish      {first}"
    yield from (f"               {line}" for line in more)


def _merge_lines(plan: SyncPlan) -> Iterator[str]:
    merge = plan.publishing.merge
    if merge is None:
        return
    if merge.history:
        is_there = plan.publishing.mode.updates_rows
        yield from history_lines(merge, merge.history, is_there=is_there)
        return
    newest = f", the newest by {plan.cursor.name} wins" if plan.cursor else ""
    yield f"  merge        on {', '.join(merge.keys)}{newest}"
    yield from (f"               {line}" for line in mark_lines(merge.mark))
    if merge.filled:
        rows = "the rows" if merge.rows is None else f"the {counted(merge.rows, 'row')}"
        yield f"               only {', '.join(merge.filled)} of {rows} that are there: no row is"
        yield "               added, no other column touched, no watermark moved"
    if not plan.publishing.mode.updates_rows:
        return
    if merge.first_bytes is not None:
        yield (
            "               the first query reads keys, partitions and cursors of the table:"
            f" {merge.first_bytes:,} bytes"
        )
    size = f" of {merge.bytes:,} bytes" if merge.bytes is not None else ""
    if merge.partition:
        yield (
            f"               the MERGE reads those partitions by {merge.partition.field}{size}"
            " that the staged rows come from or go to"
        )
    else:
        yield f"               NOT PRUNED: the MERGE reads all{size}, since {merge.why_whole}"


def _proof_lines(proof: Proof | None, *, is_before_sql: bool) -> Iterator[str]:
    if proof is None:
        return
    yield "  verify       source and BigQuery hash the same rows before they are published:"
    yield "               the source computes each split once more, BigQuery reads what was staged"
    if is_before_sql:
        yield "               that is before transform_sql: what it makes of the rows isn't proven"
    proven = ", ".join(proof.compared) or "none: rows are counted, and that is all"
    yield f"               columns that are proven: {proven}"
    for name, why in proof.left_out:
        yield f"               {name} is left out: {why}"
    for name, loss in proof.losses:
        yield f"               {name} is compared but for {loss}"
