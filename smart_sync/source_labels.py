"""The labels that say whose table the destination is, and the faults when it is another's.

sync_source   kind, database and tables of the source
sync_server   the server: by its own id, or by its address where it tells none
sync_rows     what leaves rows of it out; absent: nothing does, or nobody has noted it yet
sync_made     the source's table itself, beside others under its name, before it and after
sync_keys     what tells its rows apart, where they are merged
sync_zone     by which zone's clock windows end, of a cursor without one
"""

from collections.abc import Mapping
from dataclasses import dataclass

from auto_schema.errors import ConfigError, SyncError, TargetError
from auto_schema.names import SYNC_SOURCE, label
from smart_sync.facts import Facts
from smart_sync.made_anew import MADE, is_another_table, made_faults, made_label
from smart_sync.moved_zone import ZONE, has_moved, zone_label
from smart_sync.other_keys import KEYS, has_other_keys, keys_label
from smart_sync.predicate import ALL, ROWS, SEVERAL, digest, parts_of, rows_label
from smart_sync.request import SyncRequest
from sources.profile import SourceProfile
from sources.values import is_after
from warehouse.names import TableRef

SOURCE, SERVER = SYNC_SOURCE, "sync_server"
BY_ID = "id-"


@dataclass(frozen=True, slots=True)
class LabelPlan:
    """What publishing does to the destination's labels.

    Attributes:
        wanted: as the source wants them; none when its tables aren't known.
        is_set: whether a destination that has others gets them.
        note: for the plan, where this server is taken for the one that filled the table so far.
        had_others: whether other rows were left out so far than this request leaves out.
        is_mark_new: whether marks remove rows from now on, and didn't so far.
        had_mark: whether marks of another column, or of one that isn't named any more, did so far.
        had_fewer: whether other columns were selected, excluded, masked or given a default so far.
        is_made_anew: whether the runs so far have read another table under this name.
        had_keys: whether they have told rows apart by others.
        had_zone: whether their windows have ended by the clock of another zone.
    """

    wanted: tuple[tuple[str, str], ...]
    is_set: bool
    note: str = ""
    had_others: bool = False
    is_mark_new: bool = False
    had_mark: bool = False
    had_fewer: bool = False
    is_made_anew: bool = False
    had_keys: bool = False
    had_zone: bool = False


def plan_labels(request: SyncRequest, facts: Facts) -> tuple[LabelPlan, list[SyncError]]:
    """The labels that the destination gets, and why it is another source's."""
    labels = source_labels(facts.profile)
    wanted, current = dict(labels), dict(facts.target.labels)
    is_anew = not facts.target.exists or request.replaces
    accepts = is_anew or is_unclaimed(facts) or request.publishing.accept_source_change
    renews = not is_anew and _renews_server(wanted, current)
    note = _renewal_note(request.destination, facts, wanted) if renews else ""
    faults = [] if accepts else _faults(request.destination, facts, wanted, current)
    if not is_anew and accepts and request.missing.deletes:
        faults = _of_others(request, wanted, current)
    rows = _rows(request, facts, current, is_anew=is_anew)
    own = _own(request, facts, wanted, current, is_named=accepts)
    is_made_anew = (
        not accepts
        and reads_on(request)
        and is_another_table(current.get(MADE, ""), own.get(MADE, ""))
    )
    if is_made_anew:
        faults += made_faults(request, facts.profile)
    rows |= own
    is_news = any(current.get(name) != value for name, value in rows.items())
    before, was, had_less = parts_of(current.get(ROWS, ""))
    now, mark, less = parts_of(rows.get(ROWS, ""))
    moved = ROWS in rows and not is_anew and was != mark
    plan = LabelPlan(
        (*labels, *rows.items()),
        is_set=accepts or renews or is_news,
        note=note,
        had_others=ROWS in rows and before not in (ALL, now),
        is_mark_new=moved and mark != "",
        had_mark=moved and was != "",
        had_fewer=ROWS in rows and had_less not in ("", less),
        is_made_anew=is_made_anew,
        had_keys=not is_anew and has_other_keys(current, rows),
        had_zone=reads_on(request) and has_moved(current, rows),
    )
    return plan, faults


def is_unclaimed(facts: Facts) -> bool:
    """Whether the destination is there without a row, and names no source: no rows are another's.

    So it is where Terraform, or whoever owns the dataset, has made it before the first run.
    """
    return facts.target.rows == 0 and SOURCE not in dict(facts.target.labels)


def reads_on(request: SyncRequest) -> bool:
    """Whether a run of smart sync brings only what is new, and no other rows."""
    missing = request.missing
    heals_all = missing.heals and not missing.where
    return request.window.smart_sync and _is_whole(request) and not (request.replaces or heals_all)


def _is_whole(request: SyncRequest) -> bool:
    """Whether a run is about all that is new, and not about a window or rows of its own."""
    return not (request.window.by_hand or request.backfills or request.replays)


def _rows(
    request: SyncRequest, facts: Facts, current: Mapping[str, str], *, is_anew: bool
) -> dict[str, str]:
    """The label of the rows that are left out, where this run says it."""
    mine = rows_label(request, facts.profile.identity.views) or (ALL if ROWS in current else "")
    if mine and (is_anew or _is_whole(request)):
        return {ROWS: mine}
    leaves_out = mine not in ("", ALL, current.get(ROWS))
    return {ROWS: SEVERAL} if leaves_out and _moves_max(request, facts) else {}


def _own(
    request: SyncRequest,
    facts: Facts,
    wanted: Mapping[str, str],
    current: Mapping[str, str],
    *,
    is_named: bool,
) -> dict[str, str]:
    """The labels of the source's table, its keys and its clock, beside the one that names it."""
    told = made_label(facts.profile)
    is_named = is_named or (SOURCE in wanted and current.get(SOURCE) == wanted[SOURCE])
    if not is_named or not _is_whole(request):
        return {}
    return ({MADE: told} if told else {}) | keys_label(request, current) | zone_label(facts)


def _moves_max(request: SyncRequest, facts: Facts) -> bool:
    """Whether a window by hand reaches to where the next one of smart sync will begin."""
    hand = facts.window
    if not request.window.by_hand or hand is None:
        return False
    return hand.watermark is None or is_after(hand.window.high, hand.watermark)


def source_labels(profile: SourceProfile) -> tuple[tuple[str, str], ...]:
    """The labels of a table that this source fills; none when its tables aren't known."""
    identity = profile.identity
    if not identity.tables:
        return ()
    text = "|".join((identity.database, *identity.tables))
    labels = ((SOURCE, label(digest(text))),)
    if not identity.server:
        return labels
    kind, _, text = identity.server.partition(":")
    return ((SERVER, label(f"{kind}-{digest(text)}")), *labels)


def of_source(labels: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """Those that say which source it is; what a query is stands elsewhere in what is compared."""
    return tuple(pair for pair in labels if pair[0] not in (ROWS, MADE, KEYS, ZONE))


def _faults(
    destination: TableRef, facts: Facts, wanted: Mapping[str, str], current: Mapping[str, str]
) -> list[SyncError]:
    where = f"table {destination}, label"
    if _differs(SOURCE, wanted, current):
        tables = ", ".join(facts.profile.identity.tables)
        return [
            TargetError(
                "the destination belongs to another source",
                f"{where} {SOURCE}",
                f"it is {current[SOURCE]}, this source ({tables}) is {wanted[SOURCE]};"
                " two sources that share one MAX lose rows",
                "give each source its own destination_bigquery_table, or set"
                " accept_source_change=true if the source only moved or was renamed.",
            )
        ]
    if _differs(SERVER, wanted, current) and not _learns(wanted, current):
        return [
            TargetError(
                "the destination belongs to another server",
                f"{where} {SERVER}",
                f"it is {current[SERVER]}, {facts.source.place} is {wanted[SERVER]};"
                " two servers with tables of the same name, such as shards, would share one MAX"
                " and lose rows",
                "give each server its own destination_bigquery_table. If this server took the"
                " other's place (moved, restored, upgraded), set accept_source_change=true for one"
                " run.",
            )
        ]
    return []


def _of_others(
    request: SyncRequest, wanted: Mapping[str, str], current: Mapping[str, str]
) -> list[SyncError]:
    """Rows of the source before, which would look missing in one of which it isn't known yet."""
    asked = request.missing.asked
    other = [name for name in (SOURCE, SERVER) if _differs(name, wanted, current)]
    if not other or (other == [SERVER] and _learns(wanted, current)):
        return []
    where = f"accept_source_change, {asked}, table {request.destination}"
    why = (
        f"its label {other[0]} says that another source filled it, whose rows this one may rightly"
        " lack: they would be taken for deleted"
    )
    fix = (
        f"run without {asked} until this source has published rows, which gives the table its"
        " label; then see by plan_only=true which rows it lacks. A table that two sources fill"
        " can't have it."
    )
    return [ConfigError("a new source that deletes rows of the old one", where, why, fix)]


def _differs(name: str, wanted: Mapping[str, str], current: Mapping[str, str]) -> bool:
    return name in wanted and name in current and wanted[name] != current[name]


def _learns(wanted: Mapping[str, str], current: Mapping[str, str]) -> bool:
    """Whether a server that was known by its address tells its id by now."""
    return wanted[SERVER].startswith(BY_ID) and not current[SERVER].startswith(BY_ID)


def _renews_server(wanted: Mapping[str, str], current: Mapping[str, str]) -> bool:
    """Whether this run adds the server to the labels of a table that names none, or its id."""
    if SERVER not in wanted or current.get(SOURCE) != wanted.get(SOURCE):
        return False
    return SERVER not in current or (_differs(SERVER, wanted, current) and _learns(wanted, current))


def _renewal_note(destination: TableRef, facts: Facts, wanted: Mapping[str, str]) -> str:
    return (
        f"the label {SERVER} of {destination} names no server's id yet:"
        f" {facts.source.place} is taken for the one that filled it, and the run's publishing adds"
        f" {wanted[SERVER]}; from then on another server is refused"
    )
