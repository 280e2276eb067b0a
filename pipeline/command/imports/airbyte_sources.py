"""The configuration of Airbyte's source-postgres and source-mongodb-v2 → ours. Pure."""

from urllib.parse import quote

from pipeline.command.imports.connections import source_kind, take_secret, take_source
from pipeline.command.imports.draft import Draft, child, names_of, place_of, text_of
from pipeline.parameters.nodes import Node, Pairs
from sources.uri import Uri

SOURCE = ("source", "configuration")
KEY = ".".join(SOURCE)
CURSOR = "use sync mode incremental with cursor_field: a column that each change moves, such as"
STANDARD = "Standard"
SAME = {
    **{name: f"postgresql_{name}" for name in ("host", "port", "database", "username")},
    "max_db_connections": "max_source_connections",
    "concurrency": "max_source_connections",
}
"""Keys of source-postgres whose text is that of a parameter of ours."""


def take_configuration(root: Node, draft: Draft) -> None:
    """Fill the draft with where the source is, as far as the command line says no other."""
    source = child(root, *SOURCE)
    if not isinstance(source, Pairs):
        return
    if "source" in draft.given or "data_source" in draft.given:
        draft.tell("the source's configuration is not used: the command line names it")
        return
    if child(source, "database_config") is not None:
        _mongodb(source, draft)
    else:
        _postgresql(source, draft)


def _postgresql(source: Node, draft: Draft) -> None:
    draft.parameters["data_source"] = "postgresql"
    for name, ours in SAME.items():
        if text := text_of(child(source, name)):
            draft.parameters[ours] = text
    if password := text_of(child(source, "password")):
        take_secret(draft, "postgresql_password", password, f"{KEY}.password")
    mode = text_of(child(source, "ssl_mode", "mode")).replace("_", "-")
    if mode or text_of(child(source, "ssl")) == "true":
        draft.parameters["postgresql_sslmode"] = mode or "require"
    _method(source, draft)
    _refuse_ways_in(source, draft)


def _refuse_ways_in(source: Node, draft: Draft) -> None:
    """Refuse tunnels and logins that are not made here."""
    tunnel = child(source, "tunnel_method")
    if tunnel is not None and text_of(child(tunnel, "tunnel_method")) != "NO_TUNNEL":
        fix = "let the workers' network reach the database, or run where it is reached."
        draft.refuse(f"{KEY}.tunnel_method", tunnel.place, "no tunnel by SSH is made", fix)
    entra = child(source, "entra_service_principal_auth")
    if text_of(entra) == "true":
        fix = "make a role with a password: postgresql_username and postgresql_password."
        key = f"{KEY}.entra_service_principal_auth"
        draft.refuse(key, place_of(entra), "no token is asked of Microsoft Entra", fix)


def _method(source: Node, draft: Draft) -> None:
    node = child(source, "replication_method")
    if node is None:
        return
    method, key = text_of(child(node, "method")) or text_of(node), f"{KEY}.replication_method"
    leave = f" Then leave it out by --without={key}."
    if method == "CDC":
        fix = f"{CURSOR} updated_at; delete_missing brings deletes, repair what a cursor misses."
        draft.refuse(key, node.place, "no log of changes is read (CDC)", fix + leave)
    elif method == "Xmin":
        fix = f"{CURSOR} updated_at; late_commit_guard brings what commits late."
        draft.refuse(key, node.place, "xmin is no cursor here", fix + leave)
    elif method != STANDARD:
        fix = f"write method: {STANDARD} where rows are found by a cursor.{leave}"
        draft.refuse(key, node.place, "the way of reading isn't known", fix)


def _mongodb(source: Node, draft: Draft) -> None:
    cluster, key = child(source, "database_config"), f"{KEY}.database_config"
    names = names_of(child(cluster, "databases")) or names_of(child(cluster, "database"))
    if len(names) > 1:
        fix = "import it once for each: leave the others out of databases and streams."
        node = child(cluster, "databases")
        draft.refuse(f"{key}.databases", place_of(node), "a launch reads one database", fix)
    if names:
        draft.parameters["mongodb_database"] = names[0]
    if (node := child(cluster, "connection_string")) is not None:
        text = _with_login(text_of(node), cluster)
        take_source(draft, text, f"{key}.connection_string", node.place)
    if source_kind(draft) == "mongodb" and (password := text_of(child(cluster, "password"))):
        take_secret(draft, "mongodb_password", password, f"{key}.password")
    enforced = child(cluster, "schema_enforced")
    if text_of(enforced) == "false":
        fix = "use mongodb_projection; fields that the sample didn't show are kept in _extra."
        why = "documents become columns by their fields, never one column"
        draft.refuse(f"{key}.schema_enforced", place_of(enforced), why, fix)
    if text := text_of(child(source, "discover_sample_size")):
        draft.parameters["mongodb_sample_size"] = text


def _with_login(text: str, cluster: Node | None) -> str:
    """The connection string with the user and the database that knows it.

    Airbyte's has no login, or `<username>:<password>` where one would stand.
    """
    uri = Uri.of(text.strip().strip('"').replace("<username>:<password>@", ""))
    user = text_of(child(cluster, "username"))
    if not uri.scheme or not user or uri.login:
        return text
    options = [uri.options] if uri.options else []
    if "authSource" not in dict(uri.pairs()):
        options.append(f"authSource={text_of(child(cluster, 'auth_source')) or 'admin'}")
    return f"{uri.scheme}://{quote(user, safe='')}@{uri.address}/{uri.path}?{'&'.join(options)}"
