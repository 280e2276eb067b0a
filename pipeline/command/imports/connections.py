"""Connection strings and passwords of other tools → parameters that hold no secret. Pure."""

from pipeline.command.imports.draft import Draft, Values
from pipeline.parameters.nodes import Place
from pipeline.parameters.source_uri import expanded, holds_secret
from pipeline.parameters.table import BY_NAME, Kind
from sources.secrets import VERSION_NAME
from sources.uri import PARAMETER as SOURCE
from sources.uri import Uri

SCHEMES = {
    "postgres": "postgresql",
    "postgresql": "postgresql",
    "mongodb": "mongodb",
    "mongodb+srv": "mongodb",
    "bigquery": "bigquery",
}
"""How a URI begins, without what follows a `+` of SQLAlchemy's → our data_source."""
MINE = "my-project"


def source_kind(draft: Draft) -> str:
    """The data_source of the launch as far as it is known, or empty."""
    said = {**{n: str(v) for n, v in draft.parameters.items()}, **draft.given}
    return expanded(said).given.get("data_source", "")


def take_source(draft: Draft, text: str, key: str, place: Place) -> None:
    """A source's connection URI, as far as the command line says no other."""
    if "source" in draft.given or "data_source" in draft.given:
        draft.tell(f"{key} is not used: the command line names the source")
        return
    uri = Uri.of(text)
    scheme = uri.scheme if uri.scheme in SCHEMES else uri.scheme.partition("+")[0]
    if scheme not in SCHEMES or uri.fault:
        why = uri.fault or "it is no URI of PostgreSQL, MongoDB or BigQuery"
        fix = "give the source on the command line: --source=postgresql://user@host/database."
        draft.refuse(key, place, why, fix)
        return
    path = uri.path
    if scheme == "bigquery":
        draft.parameters["source"] = f"bigquery://{uri.address}"
        return
    plain = Uri(scheme, uri.login, uri.address, uri.path, uri.options)
    draft.parameters["source"] = plain.without_secrets(path)
    if uri.password:
        take_secret(draft, f"{SCHEMES[scheme]}_password", uri.password, key)


def take_secret(draft: Draft, name: str, text: str, key: str) -> None:
    """A secret parameter: the name of a Secret Manager version stays, else a placeholder stands."""
    if name in draft.given:
        return
    if VERSION_NAME.fullmatch(text):
        draft.parameters[name] = text
        return
    draft.parameters[name] = placeholder(draft, name)
    draft.tell(
        f"{key} holds a secret, which is not written: put it into Secret Manager"
        f" ({mend_of(draft, name)}), or give {name} to each launch"
    )


def secret_name(name: str) -> str:
    """How the secret of a parameter is called.

    >>> secret_name("postgresql_password")
    'postgresql-password'
    """
    return name.replace("_", "-")


def mend_of(draft: Draft, name: str) -> str:
    """The command that makes the secret of a parameter; it reads it from its input."""
    return f"gcloud secrets create {secret_name(name)} --project={project_of(draft)} --data-file=-"


def project_of(draft: Draft) -> str:
    """The project that secrets are looked for in."""
    name = "destination_bigquery_project"
    return draft.given.get(name) or str(draft.parameters.get(name) or MINE)


def placeholder(draft: Draft, name: str) -> str:
    """The name of a version that the user makes."""
    return f"projects/{project_of(draft)}/secrets/{secret_name(name)}/versions/latest"


def without_plain_secrets(draft: Draft) -> Values:
    """The command line's parameters as the file may hold them."""
    values: Values = {}
    for name, text in draft.given.items():
        if BY_NAME[name].kind is not Kind.SECRET or not holds_secret(name, text):
            values[name] = text
            continue
        secret = name
        if name == SOURCE:
            uri = Uri.of(text)
            secret = f"{SCHEMES.get(uri.scheme, 'postgresql')}_password"
            values[name] = uri.without_secrets(uri.path)
        if secret not in draft.given or secret == name:
            values[secret] = placeholder(draft, secret)
        draft.tell(
            f"--{name} holds a secret, which is not written: make the secret that the file names"
            f" ({mend_of(draft, secret)}), or give {secret} to each launch"
        )
    return values
