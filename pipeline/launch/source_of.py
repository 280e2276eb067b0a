"""I/O. `source` where it needs a look: a URI that a secret holds, a service or a password here.

What users of PostgreSQL keep on their machine counts only where the run is in this process,
and only if it is asked for: by a service's name in the URI, or by no password at all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from pipeline.parameters.connections import ranks_of
from pipeline.parameters.options import Options, beam_flag, is_local_runner
from pipeline.parameters.origins import Origins
from pipeline.parameters.request_of import secret_manager
from pipeline.parameters.source_uri import Expanded, expanded, expanded_by, kind_of, said_by
from sources.registry import SOURCES
from sources.secrets import VERSION_NAME, Secret
from sources.uri import PARAMETER, Said

NO_ORIGINS: Origins = {}
PASSWORD = "postgresql_password"  # noqa: S105 - a parameter's name


@dataclass(frozen=True, slots=True)
class Located:
    """Parameters that name their source one by one.

    Attributes:
        source: those, with what is wrong with the URI.
        password: that of this machine's files; None: it was given, or there is none.
    """

    source: Expanded
    password: Secret | None = None

    def told(self, options: Options) -> Options:
        """The options, whose plan says from where the password is."""
        if self.password is None:
            return options
        connection = replace(options.request.reading.connection, password=self.password)  # type: ignore[type-var]
        reading = replace(options.request.reading, connection=connection)
        return replace(options, request=replace(options.request, reading=reading))


def located(
    given: Mapping[str, str],
    beam_argv: Sequence[str],
    environ: Mapping[str, str],
    origins: Origins = NO_ORIGINS,
) -> Located:
    """The parameters without `source`, all that it stands for looked up.

    Args:
        given: the parameters.
        beam_argv: Beam's flags.
        environ: the process's environment.
        origins: what said each parameter, where not all are flags.

    Raises:
        SyncError: the secret that holds the URI can't be read, or a file of this machine.
    """
    flag, ranks = partial(beam_flag, beam_argv), ranks_of(origins)
    is_here = is_local_runner(flag("runner")) and not flag("template_location")
    text = given.get(PARAMETER, "").strip()
    name = text if VERSION_NAME.fullmatch(text) else ""
    if name:
        said = said_by(Secret.of(name, secret_manager(environ)).resolve())
        return _with_password(expanded_by(given, said, ranks, name), "", environ, is_here=is_here)
    uri = said_by(text) if text else Said()
    if not text or uri.faults or not is_here:
        return _with_password(expanded(given, ranks), "", environ, is_here=is_here)
    said = SOURCES[uri.parameters["data_source"]].with_service(uri, environ)
    source = expanded_by(given, said, ranks)
    password = said.parameters.get(PASSWORD, "")
    if password and PASSWORD not in uri.parameters and source.given[PASSWORD] == password:
        return Located(source, Secret(plain=password, origin=f"service {said.service}"))
    return _with_password(source, said.passfile, environ, is_here=True)


def _with_password(
    source: Expanded, passfile: str, environ: Mapping[str, str], *, is_here: bool
) -> Located:
    given = source.given
    kind = kind_of(given)
    if kind is None or not kind.home or not is_here or given.get(PASSWORD):
        return Located(source)
    password = kind.password_of(given, passfile, environ)
    if password is None:
        return Located(source)
    given = {**given, PASSWORD: password.plain}
    return Located(replace(source, given=given), password)
