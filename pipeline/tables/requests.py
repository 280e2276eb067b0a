"""A launch of many tables → the options of each, or why one has none. Pure.

A table's options are those that a launch of it alone would have: what its entry says, else what
the file's defaults, else what the launch's own parameters.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from auto_schema.errors import ConfigError, ManyErrors, SourceRefusedError, SyncError, raise_all
from pipeline.parameters import options
from pipeline.parameters.checks import value_faults
from pipeline.parameters.options import Options
from pipeline.parameters.table import BY_NAME, MANY, PARAMETERS, Parameter
from pipeline.tables.completion import asks_for_cursor, completed, where_of
from pipeline.tables.entries import TablesFile, WithoutCursor
from pipeline.tables.file import AUTO, ONE_QUERY, QUERIES, QUERY_FIX, named_by_entries
from pipeline.tables.naming import (
    DEFAULT,
    PARAMETER,
    batches_table,
    checks_table,
    daily_views_of,
    meetings,
    named,
    pattern_fault,
    views_of,
)
from pipeline.tables.patterns import GRANT, Chosen
from smart_sync.request import SyncRequest
from sources.kind import Listing
from sources.registry import SOURCES
from sources.tables import SourceTable
from warehouse.names import TableRef

FAULTLESS = SourceTable("t", "s")
"""Stands for any table where only what all have in common is looked at."""
STAND_INS = {"destination_bigquery_dataset": "d", PARAMETER: "t"}
Given = Mapping[str, str]
BeamFaults = Callable[[Sequence[str]], Sequence[SyncError]]


@dataclass(frozen=True, slots=True)
class TableOptions:
    """One table of a launch.

    Attributes:
        chosen: the table, and the entry that it belongs to.
        destination: where its rows go, or would.
        options: as a launch of it alone has them; None: it can't be synced.
        fault: why not, which ends this table and no other.
        is_skipped: its entry wants it left alone, and why says the fault.
        stand_in: without options what the run history is told of it with; no run is made of it.
        without: what holds where a look at the table shows that it lacks the cursor column, which
            the source's list of tables doesn't tell; None: that is its fault.
    """

    chosen: Chosen
    destination: TableRef
    options: Options | None = None
    fault: SyncError | None = None
    is_skipped: bool = False
    stand_in: SyncRequest | None = None
    without: "TableOptions | None" = None
    given: Given = field(default_factory=dict, repr=False)

    @property
    def exit_code(self) -> int:
        """Of a table that can't be synced; 0 of one that is left alone."""
        return 0 if self.is_skipped or self.fault is None else self.fault.exit_code

    @property
    def request(self) -> SyncRequest | None:
        """Its request, or what stands for it where it has no options."""
        return self.options.request if self.options else self.stand_in

    def asked_options(self) -> Options:
        """Its options.

        Raises:
            SyncError: why it has none.
        """
        if self.options is None:
            raise self.fault or AssertionError(self)
        return self.options

    def with_stand_in(self, common: SyncRequest) -> "TableOptions":
        """The same; without options it is told of with the launch's request."""
        if self.options:
            return self
        return replace(self, stand_in=replace(common, destination=self.destination))


def listing_of(source: str) -> Listing:
    """How a source whose launch was found to be right lists its tables."""
    listing = SOURCES[source].listing
    if listing is None:
        raise AssertionError(source)
    return listing


def launch_options(
    given: Given, beam_argv: Sequence[str], environ: Mapping[str, str], beam_faults: BeamFaults
) -> Options:
    """What all tables of a launch have in common, as the options of no real table.

    Raises:
        ConfigError, ManyErrors: what is wrong with the launch's own parameters, and with the
            texts of those that tables take over.
    """
    source = given.get("data_source", "")
    faults = [
        *_told_twice(given, source),
        *value_faults({p.name: _taken_over(p, given) for p in PARAMETERS}),
    ]
    kind = SOURCES.get(source)
    if kind and kind.listing is None:
        fix = "launch each of its tables by itself."
        faults.append(ConfigError("a source that lists no tables", "tables", source, fix))
    common = {name: text for name, text in given.items() if _is_common(BY_NAME[name])}
    common |= {"enable_smart_sync": "true"} if given.get("verify_only") == "true" else {}
    stand_ins = kind.listing.naming(FAULTLESS) if kind and kind.listing else {}
    try:
        parsed = options.parse_given(
            {**common, **STAND_INS, **stand_ins},
            tuple(beam_argv),
            environ,
            beam_faults=beam_faults,
        )
    except ManyErrors as error:
        faults += error.errors
    except SyncError as error:
        faults.append(error)
    raise_all(faults)
    return parsed


def _is_common(parameter: Parameter) -> bool:
    return parameter.of_launch and parameter.group != MANY


def _taken_over(parameter: Parameter, given: Given) -> str:
    """What a table takes over from the launch, where a pattern or `auto` is no fault."""
    text = given.get(parameter.name, "")
    is_other = _is_common(parameter) or text == AUTO or parameter.name == PARAMETER
    return "" if is_other else text


def _told_twice(given: Given, source: str) -> Iterator[SyncError]:
    for name in named_by_entries(source):
        if given.get(name):
            fix = "leave it out, or leave tables out for a launch of this one alone."
            yield ConfigError("tables told twice", name, "the file of tables names them", fix)
    for name in QUERIES:
        if given.get(name):
            yield ConfigError(ONE_QUERY, name, "the launch gives it to all", QUERY_FIX)


def table_options(
    file: TablesFile,
    chosen: Sequence[Chosen],
    given: Given,
    beam_argv: Sequence[str],
    environ: Mapping[str, str],
    *,
    selected: Sequence[Chosen],
) -> tuple[tuple[TableOptions, ...], list[SyncError]]:
    """The options of each table, and all faults of the file that they show.

    Args:
        file: for places.
        chosen: all tables that launches of this file sync: no two of them may meet in one
            destination, whichever launch takes them.
        given: the launch's parameters as they were given.
        beam_argv: Beam's flags.
        environ: the process's environment.
        selected: those that this launch syncs; only their options and faults are told.
    """
    tables, faults = list[TableOptions](), list[SyncError]()
    told, wanted = set[str](), {one.table for one in selected}
    for one in chosen:
        try:
            tables.append(_table(file, one, given, beam_argv, environ))
        except SyncError as error:
            for fault in error.errors if isinstance(error, ManyErrors) else (error,):
                alike = fault.text.replace(f", {one.table.full_name}, ", ", ", 1)
                if (
                    alike not in told and one.table in wanted
                ):  # else a fault of the defaults were one of each table
                    told.add(alike)
                    faults.append(fault)
    destinations = [(one.chosen, one.destination) for one in tables if not one.is_skipped]
    faults += [*meetings(file, destinations), *_taken(file, tables, given)]
    return tuple(one for one in tables if one.chosen.table in wanted), faults


def _table(
    file: TablesFile,
    one: Chosen,
    given: Given,
    beam_argv: Sequence[str],
    environ: Mapping[str, str],
) -> TableOptions:
    """One table's options.

    Raises:
        ConfigError, ManyErrors: its entry is wrong, by place.
    """
    values = _values(file, one, given)
    complete = _made(file, one, dict(values), beam_argv, environ)
    if complete.options is None or one.table.columns or not asks_for_cursor(one, values):
        return complete
    if one.entry.without_cursor is WithoutCursor.FAIL:
        return complete
    without = _made(file, one, dict(values), beam_argv, environ, lacks_cursor=True)
    return replace(complete, without=without)


def unheard(given: Given, tables: Sequence[TableOptions]) -> Iterator[str]:
    """Parameters of the launch that hold for none of its tables, as the file says others."""
    entries = [one.chosen.entry for one in tables]
    for name, text in given.items():
        said = [entry.parameters[name] for entry in entries if name in entry.parameters]
        if said and len(said) == len(entries) and all(own.text != text for own in said):
            fix = f"To mend: change it there, as at {said[0].place}, or leave it out here."
            yield f"{name} of the launch holds for no table: the file says another. {fix}"


def unread_options(file: TablesFile, one: Chosen, given: Given) -> TableOptions:
    """A table that a pattern means and that the role may not read whole.

    Raises:
        ConfigError: its destination's name holds an unknown placeholder.
    """
    values = _values(file, one, given)
    destination = _destination(values)
    what, where = "a table that the role may not read", one.table.full_name
    why = f"it lacks {one.table.lacks}, and {destination} has had rows of a run"
    return TableOptions(one, destination, fault=SourceRefusedError(what, where, why, GRANT))


def _made(
    file: TablesFile,
    one: Chosen,
    values: dict[str, str],
    beam_argv: Sequence[str],
    environ: Mapping[str, str],
    *,
    lacks_cursor: bool = False,
) -> TableOptions:
    """One table's options; see `completed`.

    Raises:
        ConfigError, ManyErrors: its entry is wrong, by place.
    """
    told = TableOptions(one, _destination(values), given=values)
    is_auto, asks = values.get("merge_keys") == AUTO, asks_for_cursor(one, values)
    fault, is_skipped = completed(file, one, values, lacks_cursor=lacks_cursor)
    if fault:
        return replace(told, fault=fault, is_skipped=is_skipped)
    is_replaced = asks and values.get("enable_smart_sync") != "true"
    try:
        parsed = options.parse_given(values, tuple(beam_argv), environ)
        keys = one.table.keys if is_auto else ()
        return replace(told, options=with_seen(parsed, keys, lacks_cursor=is_replaced))
    except ManyErrors as error:
        raise ManyErrors([_placed(file, one, fault) for fault in error.errors]) from None
    except SyncError as error:
        raise _placed(file, one, error) from None


def with_seen(parsed: Options, keys: tuple[str, ...], *, lacks_cursor: bool) -> Options:
    """Options that know what was seen of the table when the source's tables were listed.

    Args:
        parsed: the options.
        keys: the primary key that their merge_keys are; empty: they are of none.
        lacks_cursor: whether they replace all rows for want of the cursor column.
    """
    request = parsed.request
    publishing = replace(request.publishing, keys_of_table=keys)
    window = replace(request.window, lacks_cursor=lacks_cursor)
    return replace(parsed, request=replace(request, publishing=publishing, window=window))


def _values(file: TablesFile, one: Chosen, given: Given) -> dict[str, str]:
    """All that is said of one table, `merge_keys: auto` as it stands.

    Raises:
        ConfigError: its destination's name holds an unknown placeholder, or its query is one for
            all that its pattern brings.
    """
    said = {name: text.text for name, text in one.entry.parameters.items()}
    values = {name: text for name, text in given.items() if BY_NAME[name].group != MANY} | said
    pattern = values.get(PARAMETER) or DEFAULT
    if fault := pattern_fault(pattern, where_of(file, one, PARAMETER)):
        raise fault
    query = next((name for name in QUERIES if said.get(name)), None)
    if query and one.entry.pattern != one.table.full_name:
        raise ConfigError(ONE_QUERY, where_of(file, one, query), query, QUERY_FIX)
    naming = listing_of(given["data_source"]).naming
    return {**values, **naming(one.table), PARAMETER: named(pattern, one.table)}


def _destination(values: Given) -> TableRef:
    names = ("destination_bigquery_project", "destination_bigquery_dataset", PARAMETER)
    return TableRef(*(values.get(name, "") for name in names))


def _placed(file: TablesFile, one: Chosen, fault: SyncError) -> SyncError:
    """A fault of one table's parameters, with the place in the file that says them."""
    names = [name for name in re.findall(r"\w+", fault.where) if name in one.entry.parameters]
    where = where_of(file, one, *names)
    shown = f"{one.table.full_name}, {fault.where}"
    return type(fault)(fault.what, f"{where}, {shown}", fault.why, fault.fix)


def _taken(file: TablesFile, tables: Sequence[TableOptions], given: Given) -> Iterator[SyncError]:
    """Destinations that are a source, or the dead letters or the history of another table."""
    own, project = dict[TableRef, str](), given.get("source_bigquery_project", "")
    if given["data_source"] == "bigquery":
        sources = (one.chosen.table for one in tables)
        own = {TableRef(project, one.schema, one.name): "a table that is read" for one in sources}
    for one in tables:
        if one.options:
            request = one.options.request
            own[batches_table(request.history_table)] = "the table of launches"
            own[checks_table(request.history_table)] = "the table of how checks ended"
            views = views_of(request.history_table) + daily_views_of(request.history_table)
            own |= dict.fromkeys(views, "a view of the run history")
            own[request.history_table] = "the run history"
            own[request.dead_letters] = f"the dead letters of {request.destination}"
    for one in tables:
        destination = one.options.request.destination if one.options else None
        if destination in own:
            fix = f"give it another {PARAMETER}, such as {{schema}}_{{table}}."
            where = f"{where_of(file, one.chosen, PARAMETER)}, {one.chosen.table.full_name}"
            why = f"{destination} is {own[destination]}"
            yield ConfigError("a destination that is taken", where, why, fix)
