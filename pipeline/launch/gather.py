"""I/O. The facts of a plan, gathered in order: source, destination, clock, rows.

Nothing is written. The window is decided here, since the look at the rows needs it; the
deciding function is pure, and the plan takes its answer as it is.
"""

import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import TypeVar

from google.api_core.exceptions import BadRequest, NotFound
from google.cloud import bigquery

from auto_schema.errors import SchemaError, SourceFullError, SourceLockedError, raise_all
from auto_schema.reshaping import Reshaper
from pipeline.destination.folder import check_bucket
from pipeline.destination.key_lengths import refuse_other_lengths
from pipeline.destination.target import dry_run_bytes, read_table
from pipeline.launch.frontier import read_start
from pipeline.launch.guarded_columns import refuse_masked
from pipeline.launch.letters import with_letters
from pipeline.launch.missing import with_missing
from pipeline.launch.shared import ALONE, Shared
from pipeline.launch.sql_of import answer_again, answer_of
from pipeline.launch.wall_clock import read_wall_clock
from pipeline.publish.audits import wanted
from pipeline.runs.past_runs import volumes_question, written_columns
from pipeline.runs.questions import ask_one
from smart_sync.altering import inexact
from smart_sync.backfill_columns import whole_window
from smart_sync.cursor import Cursor, now_as_cursor
from smart_sync.draft import Draft, make_draft, without_rows
from smart_sync.facts import Facts, Target
from smart_sync.frontier import Frontier, not_older
from smart_sync.hand_window import gap, gap_error, window_by_hand
from smart_sync.healing import healing_window
from smart_sync.missing_question import compares
from smart_sync.plan import AuditPlan
from smart_sync.planning import replay_of
from smart_sync.request import SyncRequest
from smart_sync.resume import has_its_columns, window_taken_over
from smart_sync.splits import count_of
from smart_sync.taken_over import Noted
from smart_sync.volume import past_volumes
from smart_sync.window import Watermark, WindowPlan, plan_window
from sources.profile import SourceProfile
from sources.protocol import Inspector, Source
from sources.registry import SOURCES
from sources.values import Clock, CursorValue, Evidence, Extract, Window
from warehouse.client import RETRY_S
from warehouse.errors import as_target_errors

LOGGER = logging.getLogger("smart_sync")
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 30.0
"""Between two tries; the wait for a lock itself is in the tries."""
Value = TypeVar("Value")


@contextmanager
def inspecting(
    request: SyncRequest, sleep: Callable[[float], None] = time.sleep
) -> Iterator[Inspector]:
    """Open the source; its query is described before any row is asked for.

    Raises:
        SyncError: the source is unreachable, or refuses the query.
    """
    kind = SOURCES[request.data_source]
    cursor = request.window.cursor if request.window.smart_sync else ""
    with ExitStack() as stack:

        def opened() -> Inspector:
            reading = request.reading
            return stack.enter_context(
                kind.inspecting(reading.connection, reading.query, reading.schema_table, cursor)
            )

        inspector = patiently(opened, request.run.max_retries, sleep)
        yield inspector


def patiently(
    ask: Callable[[], Value], retries: int, sleep: Callable[[float], None] = time.sleep
) -> Value:
    """What a source answers; asked again while others hold its tables or all of its sessions.

    Raises:
        SyncError: the last try's, or one that another won't help.
    """
    for attempt in range(retries + 1):
        try:
            return ask()
        except (SourceLockedError, SourceFullError) as error:
            if attempt == retries:
                raise
            LOGGER.warning("%s, tried again: %s", error.what, error.why)
            sleep(min(FIRST_PAUSE_S * 2**attempt, LONGEST_PAUSE_S))
    raise AssertionError("unreachable")


def rehearse(
    request: SyncRequest, inspector: Inspector, run_id: str, shared: Shared = ALONE
) -> tuple[Draft, bigquery.Client]:
    """Look at the destination, and plan what needs no rows; with a client in its location.

    So what parameters and schemas alone make impossible ends before anything is written.

    Raises:
        SyncError: the destination is unreachable, or no plan can be made whatever the rows.
    """
    audits = wanted(request, inspector.profile)
    asking, destination = shared.client(request, None), request.destination
    dataset = shared.dataset(asking, destination)
    target = read_table(asking, destination, dataset)
    retry_s = RETRY_S * request.run.max_retries
    check_bucket(request.run.temp_location, target.location, request.run.endpoints, retry_s)
    client = shared.client(request, target.location)
    source = _source(request, inspector, run_id)
    draft = drafted(client, request, inspector.profile, target, source, audits)
    refuse_masked(request, client, target, draft.facts.cursor)
    draft = with_letters(client, draft)
    raise_all(replay_of(request, draft.facts)[1])
    refuse_other_lengths(client, draft)
    if draft.shape.reshaping:
        Reshaper.of(draft.shape.reshaping, draft.shape.reading)  # a salt that can't be had is told
    return draft, client


def drafted(
    client: bigquery.Client,
    request: SyncRequest,
    profile: SourceProfile,
    target: Target,
    source: Source,
    audits: tuple[AuditPlan, ...],
) -> Draft:
    """As `make_draft`, once BigQuery has said what transform_sql makes of the rows.

    Raises:
        SyncError: as `make_draft`; or BigQuery doesn't understand the query.
    """
    try:
        sql = answer_of(client, request, profile, target)
    except SchemaError as error:
        if not profile.is_unseen:
            raise
        raise without_rows(source, "the columns that transform_sql names") from error
    return make_draft(request, profile, target, source, audits, sql)


def gather(
    draft: Draft,
    client: bigquery.Client,
    inspector: Inspector,
    run_id: str,
    before: Noted | None = None,
) -> Facts:
    """The answers to what a draft leaves open: clock, window, rows, history.

    Args:
        draft: of the plan.
        client: of BigQuery.
        inspector: of the source.
        run_id: of the run.
        before: a run whose window is taken over; None: it is this run's own.

    Raises:
        NotResumedError: that run's window can't be taken over.
        SyncError: source or destination unreachable, or a fault that only they show.
    """
    request, facts = draft.request, replace(draft.facts, evidence=Evidence())
    facts = _with_window(request, client, inspector, facts, run_id, before)
    if request.replays:
        facts = with_destination(draft, client, facts)
        replay = with_letters(client, draft).facts.replay
        return replace(facts, replay=replay, evidence=draft.facts.evidence)
    if before is None and compares(draft, facts):
        facts = _compared(draft, client, inspector, facts, run_id)
    elif before is not None and has_its_columns(before, draft.shape):
        facts = with_destination(draft, client, facts)
        facts = replace(facts, evidence=Evidence(looks=draft.facts.evidence.looks))
    else:
        facts = _looked(draft, client, inspector, facts)
    return replace(facts, sql=answer_again(client, request, facts)) if draft.open.looks else facts


def _looked(draft: Draft, client: bigquery.Client, inspector: Inspector, facts: Facts) -> Facts:
    """The facts with what the destination answers, and what the rows say."""
    facts = with_destination(draft, client, facts)
    return replace(facts, evidence=_evidence(draft, inspector, facts))


def _compared(
    draft: Draft, client: bigquery.Client, inspector: Inspector, facts: Facts, run_id: str
) -> Facts:
    """The same, and what the keys of both sides say: neither needs the other's answers.

    But of a repair, which reads only what differs: then no rows are looked at before.
    """
    if draft.request.missing.heals:
        facts = with_missing(draft, client, inspector, facts, run_id)
        return _looked(draft, client, inspector, facts)
    with ThreadPoolExecutor(1, thread_name_prefix="look") as pool:
        beside = pool.submit(_looked, draft, client, inspector, facts)
        seen = with_missing(draft, client, inspector, facts, run_id)
        return replace(beside.result(), keys=seen.keys, key_columns=seen.key_columns)


def with_destination(draft: Draft, client: bigquery.Client, facts: Facts) -> Facts:
    """The facts with what a draft asks of the destination and the history, whatever the window.

    Raises:
        TargetError: BigQuery refused or can't be reached.
    """
    request = draft.request
    if draft.open.merge:
        facts = replace(facts, merge_bytes=dry_run_bytes(client, draft.open.merge))
    if draft.open.exact:
        facts = _with_exactness(draft, client, facts)
    if draft.open.history and facts.written is None:
        written = written_columns(client, request.history_table, request.destination)
        facts = replace(facts, written=written)
    if request.publishing.volume_check and facts.volumes is None:
        question = volumes_question(request.history_table, request.destination)
        rows = ask_one(client, question, unless=(NotFound, BadRequest))
        facts = replace(facts, volumes=past_volumes(rows, facts.cursor))
    return facts


def _with_exactness(draft: Draft, client: bigquery.Client, facts: Facts) -> Facts:
    """The facts with how many values of the destination an alteration would change.

    Raises:
        TargetError: BigQuery refused or can't be reached.
    """
    with as_target_errors(f"columns of {draft.request.destination}"):
        answer = client.query_and_wait(draft.open.exact)
        counts = tuple(int(count) for count in next(iter(answer)).values())
    beyond = inexact(draft.shape.altered, counts)
    return replace(facts, inexact=beyond, inexact_bytes=answer.total_bytes_processed or 0)


def _source(
    request: SyncRequest, inspector: Inspector, run_id: str, facts: Facts | None = None
) -> Source:
    window = facts.window.window if facts and facts.window else None
    cursor = facts.cursor.source_name if facts and facts.cursor else None
    return inspector.source(Extract(cursor, window, request.reading.batch_rows, run_id))


def _with_window(
    request: SyncRequest,
    client: bigquery.Client,
    inspector: Inspector,
    facts: Facts,
    run_id: str,
    before: Noted | None,
) -> Facts:
    cursor = facts.cursor
    if cursor is None or request.replays:
        return facts
    clock, cursor_max = _clock(request, inspector, cursor)
    wall = read_wall_clock(inspector, request.window, cursor, clock)
    now = now_as_cursor(clock, cursor, wall)
    watermark, frontier = _start(request, client, facts, now)
    window = plan_window(
        request.window,
        cursor,
        clock,
        watermark,
        replaces=request.replaces,
        cursor_max=cursor_max,
        wall=wall,
    )
    if request.backfills:
        window = whole_window(cursor, window)
    elif request.window.by_hand:
        window = _by_hand(request, inspector, cursor, window)
    elif before is None:
        window = _if_overdue(inspector, cursor, window)
        window = not_older(window, cursor, frontier, clock, now)
        heals = request.missing.heals and facts.target.exists and facts.target.rows != 0
        window = healing_window(window) if heals else window
    if before is not None:
        window = window_taken_over(before, window, request, clock)
    facts = replace(facts, watermark=watermark, frontier=frontier, window=window)
    return replace(facts, source=_source(request, inspector, run_id, facts))


def where_it_stands(draft: Draft, client: bigquery.Client, inspector: Inspector) -> Facts:
    """The draft's facts with MAX and frontier of its destination, as they are now.

    Raises:
        SyncError: source or destination unreachable.
    """
    request, facts = draft.request, draft.facts
    if facts.cursor is None:
        return facts
    clock = inspector.clock(guard=False)
    wall = read_wall_clock(inspector, request.window, facts.cursor, clock)
    now = now_as_cursor(clock, facts.cursor, wall)
    watermark, frontier = _start(request, client, facts, now)
    return replace(facts, watermark=watermark, frontier=frontier)


def _start(
    request: SyncRequest, client: bigquery.Client, facts: Facts, now: CursorValue | None
) -> tuple[Watermark, Frontier | None]:
    """Where the destination is complete up to; of a table that is replaced, nobody asks."""
    if facts.cursor is None or request.replaces:
        return Watermark(table_exists=facts.target.exists), None
    frontier, highest = facts.frontier, facts.highest
    return read_start(
        request, client, facts.target, facts.cursor, now, frontier=frontier, highest=highest
    )


def _by_hand(
    request: SyncRequest, inspector: Inspector, cursor: Cursor, safe: WindowPlan
) -> WindowPlan:
    """The window that the operator gave, when no row falls between it and the watermark.

    Raises:
        ConfigError: one does, or the window can't be read safely.
    """
    hand = window_by_hand(request, cursor, safe)
    between = gap(hand) if hand.held_back is None else None
    if between is not None and _has_rows(inspector, cursor, between):
        raise gap_error(request, between)
    return hand


def _has_rows(inspector: Inspector, cursor: Cursor, window: Window) -> bool:
    return inspector.has_rows(inspector.source(Extract(cursor.source_name, window)))


def _if_overdue(inspector: Inspector, cursor: Cursor, plan: WindowPlan) -> WindowPlan:
    """Held back, when the end has been held for too long and nothing new lies before it.

    The guard itself keeps MAX below such an end, so the window is never empty as a range.
    """
    if plan.overdue is None:
        return plan
    low = plan.window.low if plan.watermark is None else plan.watermark
    if _has_rows(inspector, cursor, Window(low, plan.window.high)):
        return plan
    return replace(plan, held_back=plan.overdue)


def _clock(request: SyncRequest, inspector: Inspector, cursor: Cursor) -> tuple[Clock, int | None]:
    if not cursor.is_integer:
        return inspector.clock(guard=request.window.guard.auto), None
    guarded = request.window.guard.auto or bool(request.window.guard.duration)
    cursor_max, clock = inspector.integer_cursor(
        cursor.source_name,
        wait=guarded,
        auto=request.window.guard.auto,
        margin=request.window.margin + request.window.guard.duration,
    )
    return clock, cursor_max


def _evidence(draft: Draft, inspector: Inspector, facts: Facts) -> Evidence:
    """What the rows say; of a window that is held back only what no window holds."""
    by_hand, window = draft.request.window.by_hand, facts.window
    counts = window is not None and (facts.is_first or by_hand is None)
    asked = replace(draft.open.rows, count_outside=counts, floor=facts.floor)
    if draft.request.window.slicing:
        return inspector.evidence(facts.source, replace(asked, partition=None))
    if window is None or window.held_back is None:
        evidence = inspector.evidence(facts.source, asked)
        ranges = draft.open.ranges_of(count_of(draft.request, evidence)[0])
        bounds = inspector.bounds(facts.source, ranges) if ranges else ()
        return replace(evidence, bounds=bounds)
    asked = replace(asked, look_at=(), partition=None)
    return inspector.evidence(facts.source, asked).left_out
