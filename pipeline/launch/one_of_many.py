"""I/O. A launch that only one table can be meant by, of a file of tables: that table by itself.

What its entry says, and what follows for it from the source, is written as the command line of a
launch of it alone; so all that follows knows one table only.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from auto_schema.errors import ConfigError, SyncError
from pipeline.launch.many import ManyOptions, read_launch
from pipeline.launch.saved_plan import PlanFiles
from pipeline.parameters.options import Options, split_argv
from pipeline.parameters.origins import Origin, Origins, of_flags
from pipeline.parameters.table import BY_NAME, MANY
from pipeline.tables.file import ASIDE, OF_ONE
from pipeline.tables.named import more_than_one
from pipeline.tables.requests import TableOptions, with_seen

SLICES = "backfill_by"
AT_ONCE = "max_tables_at_once"
"""Of a backfill: slices."""
"""Tables that a message names."""


@dataclass(frozen=True, slots=True)
class One:
    """A launch of one table.

    Attributes:
        words: its command line.
        origins: what said each value, where not all are flags.
        keys: the primary key that its merge_keys are; empty: they are given, or there are none.
        lacks_cursor: whether all rows are replaced for want of the cursor column.
    """

    words: list[str]
    origins: Origins
    keys: tuple[str, ...] = ()
    lacks_cursor: bool = False

    def completed(self, options: Options) -> Options:
        """The options, which know what was seen of the table when tables were listed."""
        return with_seen(options, self.keys, lacks_cursor=self.lacks_cursor)


def asks_for_one(words: Sequence[str], files: PlanFiles) -> str:
    """The flag or parameter that makes a launch one of a single table; empty: there is none."""
    if files:
        return files.flag
    given, _, _ = split_argv(words)
    return next((name for name in OF_ONE if given.get(name)), "")


def one_of_many(
    words: list[str], asking: str, origins: Origins, faults: Sequence[SyncError]
) -> One:
    """The launch of the one table that a file of tables means.

    Args:
        words: the command line, which is completed by what the file says of the launch.
        asking: what makes it one of a single table.
        origins: what said each value of it, where not all are flags.
        faults: that were found on the way.

    Raises:
        SyncError: what is wrong with the launch; or the file means another number of tables.
    """
    launch = read_launch(words, origins, faults, ASIDE)
    if len(launch.tables) != 1:
        raise _other_number(launch, asking)
    (table,) = launch.tables
    asked = table.asked_options()
    given, beam_argv, _ = split_argv(words)
    own = {name: text for name, text in given.items() if _is_kept(name, given)}
    more = {n: text for n, text in table.given.items() if launch.given.get(n, "") != text}
    texts = own | more
    return One(
        [f"--{name}={text}" for name, text in texts.items()] + list(beam_argv),
        _origins(launch, table, texts, beam_argv),
        asked.request.publishing.keys_of_table,
        asked.request.window.lacks_cursor,
    )


def _is_kept(name: str, given: Mapping[str, str]) -> bool:
    is_of_slices = name == AT_ONCE and bool(given.get(SLICES))
    return BY_NAME[name].group != MANY or is_of_slices


def _origins(
    launch: ManyOptions, table: TableOptions, texts: Mapping[str, str], beam_argv: Sequence[str]
) -> Origins:
    """Those of the launch, and of what only the table's entry says the place of that."""
    entry, file, before = table.chosen.entry, launch.file, launch.common.origins
    before = before or of_flags(launch.given, beam_argv)
    told = {name: origin for name, origin in before.items() if name not in BY_NAME}
    for name, text in texts.items():
        said = entry.parameters.get(name)
        if name in before and (said is None or before[name].text == text):
            told[name] = before[name]
        else:
            line = (said.place if said else entry.place).line
            told[name] = Origin(text, f"{file} line {line}", f"{file}, line {line}")
    return told


def _other_number(launch: ManyOptions, asking: str) -> SyncError:
    names, where = [one.chosen.table.full_name for one in launch.tables], f"{asking}, {launch.file}"
    if not names:
        fix = "select one that is enabled: --select=NAME."
        return ConfigError("no table", where, launch.note, fix)
    return more_than_one(where, names)
