"""I/O. `smart-sync init`: look at a source, and write a config file that syncs its tables."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from auto_schema.errors import ConfigError, raise_all, shown
from pipeline.command.asked import asked
from pipeline.command.output_file import place_of, write
from pipeline.command.proposal import Proposal, config_text, propose
from pipeline.command.said import Said
from pipeline.command.settings import read_settings
from pipeline.launch.beam_at_need import beam_flag_faults
from pipeline.launch.gather import inspecting, patiently
from pipeline.launch.progress import configure_logging
from pipeline.launch.source_of import Located, located
from pipeline.parameters.options import Options, beam_flag, parse_given, split_argv
from pipeline.parameters.origins import Origins
from pipeline.parameters.printed import print_json
from pipeline.parameters.source_uri import holds_secret
from pipeline.parameters.table import BY_NAME, Kind
from pipeline.tables.requests import launch_options, listing_of
from smart_sync.value_text import counted
from sources.profile import SourceProfile
from sources.tables import SourceTable
from sources.uri import PARAMETER as SOURCE
from sources.uri import Uri

OUTPUT = "smart-sync.yaml"
MOST_SEEN = 100
"""Tables whose columns are looked at; each look is a connection."""
KEPT_FLAGS = ("temp_location",)
PASSWORDS = (
    "The password stands in no file: give postgresql_password or mongodb_password the name of a"
    " Secret Manager version, or leave it to ~/.pgpass (docs/connecting.md)."
)


def main(said: Said) -> int:
    """Write the file; the exit code.

    Raises:
        SyncError: a parameter is wrong, the source can't be asked, or the file is there.
    """
    configure_logging()
    path = place_of(said, OUTPUT)
    settings = read_settings(said, os.environ)
    given, beam_argv, faults = split_argv(settings.words)
    raise_all([*settings.faults, *faults])
    given = asked({name: text for name, text in given.items() if text})
    look = _Look.at(given, beam_argv, settings.origins)
    tables = look.tables(said.flags.get("only", "*"))
    proposals = [propose(table, look.profile(table)) for table in tables[:MOST_SEEN]]
    common = {**look.kept(given), "enable_auto_schema": True}
    text = config_text(_head(look.place), common, proposals, tables[MOST_SEEN:])
    write(path, text, is_new="force" not in said.flags)
    _tell(said, path, proposals, tables[MOST_SEEN:])
    return 0


@dataclass(frozen=True)
class _Look:
    """A source that is looked at.

    Attributes:
        given: the launch's parameters without `source` and without what names one table.
        named: what the URI or parameters say of one table or dataset.
        common: the launch of many tables that they are.
    """

    login: Located
    given: Mapping[str, str]
    named: Mapping[str, str]
    common: Options
    beam_argv: Sequence[str]

    @classmethod
    def at(cls, given: Mapping[str, str], beam_argv: Sequence[str], origins: Origins) -> "_Look":
        """Read the parameters.

        Raises:
            SyncError: what is wrong with them.
        """
        login = located(given, beam_argv, os.environ, origins)
        if login.source.is_incomplete:
            raise_all(login.source.faults)
        source = login.source.given
        kind = source.get("data_source", "")
        listed = listing_of(kind).parameters if kind in BY_NAME["data_source"].choices else ()
        rest = {name: text for name, text in source.items() if name not in listed}
        launch = {**rest, "tables": "tables: {}\n"}
        common = launch_options(launch, beam_argv, os.environ, beam_flag_faults)
        raise_all(login.source.faults)
        named = {name: source[name] for name in listed if source.get(name)}
        return cls(login, rest, named, login.told(common), beam_argv)

    @property
    def place(self) -> str:
        """Where the source is, without secrets."""
        connection = self.common.request.reading.connection
        return str(getattr(connection, "place", self.common.request.data_source))

    def tables(self, only: str) -> list[SourceTable]:
        """The tables that are meant, by name.

        Raises:
            SyncError: the source can't be asked, or shows none of them.
        """
        request = self.common.request
        listing, connection = listing_of(request.data_source), request.reading.connection
        schema = self.named.get("source_bigquery_dataset", "*")
        listed = patiently(lambda: listing.tables(connection, [schema]), request.run.max_retries)
        plain = [table for table in listed if table.is_plain]
        names = [name.strip() for name in only.split(",")]
        meant = [t for t in plain if any(fnmatchcase(t.full_name, name) for name in names)]
        naming = {name: text for name, text in self.named.items() if text}
        meant = [t for t in meant if naming.items() <= listing.naming(t).items()]
        if not meant:
            why = f"the role sees {len(plain)} tables, of which {shown(only)} means none"
            fix = "grant SELECT on them to the role, or name others: --only='public.*'."
            raise ConfigError("no table", self.place, why, fix)
        return meant

    def profile(self, table: SourceTable) -> SourceProfile:
        """What a look at one table finds.

        Raises:
            SyncError: the source refuses it.
        """
        naming = listing_of(self.common.request.data_source).naming(table)
        own = {**self.given, **naming, "destination_bigquery_table": "t"}
        own = {name: text for name, text in own.items() if name != "tables"}
        request = self.login.told(parse_given(own, tuple(self.beam_argv))).request
        with inspecting(request) as inspector:
            return inspector.profile

    def kept(self, given: Mapping[str, str]) -> dict[str, object]:
        """The launch's parameters for the file: as they were given, without secrets."""
        kept: dict[str, object] = {}
        for name, text in given.items():
            if name == SOURCE:
                kept[name] = self._source(text)
            elif BY_NAME[name].kind is not Kind.SECRET or not holds_secret(name, text):
                kept |= {} if name in self.named else {name: text}
        flags = {name: beam_flag(self.beam_argv, name) for name in KEPT_FLAGS}
        return {**kept, **{name: text for name, text in flags.items() if text}}

    def _source(self, text: str) -> str:
        """The URI without password, and without what the file's tables name."""
        uri = Uri.of(text)
        if not uri.scheme:
            return text  # the name of a secret
        if uri.scheme == "bigquery":
            return f"bigquery://{uri.address}"
        path = uri.path.partition(".")[0] if uri.scheme.startswith("mongodb") else uri.path
        return uri.without_secrets(path)


def _head(place: str) -> list[str]:
    return [f"Proposed by smart-sync init for {place}: read it, change it.", PASSWORDS]


def _tell(
    said: Said, path: Path, proposals: Sequence[Proposal], rest: Sequence[SourceTable]
) -> None:
    following = f"smart-sync plan --config={path}"
    if said.is_json:
        told = {
            "file": str(path),
            "tables": [
                {"table": p.table.full_name, "parameters": p.parameters, "reasons": p.reasons}
                for p in proposals
            ],
            "not_looked_at": [table.full_name for table in rest],
            "next": following,
        }
        print_json(told)
        return
    for proposal in proposals:
        print(proposal.table.full_name)
        for reason in proposal.reasons:
            print(f"  {reason}")
    more = f", {len(rest)} more as comments" if rest else ""
    print(f"wrote {path}: {counted(len(proposals), 'table')}{more}")
    print(f"next: {following}")
