"""The configuration of Airbyte's sources of PostgreSQL and MongoDB → ours. Pure."""

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
    elif child(source, "instance_type") is not None:
        _old_mongodb(source, draft)
    elif child(source, "user") or child(source, "auth_source"):
        _oldest_mongodb(source, draft)
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
        user, knows = child(cluster, "username"), child(cluster, "auth_source")
        text = _with_login(text_of(node), text_of(user), text_of(knows))
        take_source(draft, text, f"{key}.connection_string", node.place)
    _mongodb_password(cluster, f"{key}.password", draft)
    enforced = child(cluster, "schema_enforced")
    if text_of(enforced) == "false":
        fix = "use mongodb_projection; fields that the sample didn't show are kept in _extra."
        why = "documents become columns by their fields, never one column"
        draft.refuse(f"{key}.schema_enforced", place_of(enforced), why, fix)
    if text := text_of(child(source, "discover_sample_size")):
        draft.parameters["mongodb_sample_size"] = text


def _mongodb_password(node: Node | None, key: str, draft: Draft) -> None:
    if source_kind(draft) == "mongodb" and (password := text_of(child(node, "password"))):
        take_secret(draft, "mongodb_password", password, key)


def _old_mongodb(source: Pairs, draft: Draft) -> None:
    """source-mongodb-v2 before 1.0: one of three ways to name its servers."""
    key, node = f"{KEY}.instance_type", child(source, "instance_type")
    uri = _instance_uri(node)
    if not uri:
        fix = "write instance: standalone (host, port), replica (server_addresses) or atlas"
        fix += " (cluster_url); or name the source by --source=mongodb://…"
        draft.refuse(key, place_of(node or source), "the servers aren't known", fix)
        return
    if database := text_of(child(source, "database")):
        draft.parameters["mongodb_database"] = database
    user, knows = child(source, "user"), child(source, "auth_source")
    text = _with_login(uri, text_of(user), text_of(knows))
    take_source(draft, text, key, place_of(node or source))
    _mongodb_password(source, f"{KEY}.password", draft)


def _instance_uri(node: Node | None) -> str:
    """The URI of an instance, without a login; empty: it names no server.

    TLS is used where nothing says otherwise, as that connector did.
    """
    said = {
        name: text_of(child(node, name))
        for name in ("instance", "host", "port", "tls", "server_addresses", "replica_set")
    }
    cluster = text_of(child(node, "cluster_url")).removeprefix("mongodb+srv://").rstrip("/")
    match said["instance"]:
        case "standalone" if said["host"]:
            address = f"{said['host']}:{said['port'] or 27017}"
            return f"mongodb://{address}/?tls={(said['tls'] or 'true').lower()}"
        case "replica" if said["server_addresses"]:
            name = f"&replicaSet={quote(said['replica_set'])}" if said["replica_set"] else ""
            return f"mongodb://{said['server_addresses'].replace(' ', '')}/?tls=true{name}"
        case "atlas" if cluster:
            return f"mongodb+srv://{cluster}/"
    return ""


def _oldest_mongodb(source: Pairs, draft: Draft) -> None:
    """source-mongodb, whose versions read one configuration as several addresses."""
    fix = "give the source on the command line: --source=mongodb://user@host:27017/database."
    why = "versions of this connector took host as a server's or as a cluster's name"
    draft.refuse(f"{KEY}.host", place_of(child(source, "host") or source), why, fix)


def _with_login(text: str, user: str, auth_source: str) -> str:
    """The connection string with the user and the database that knows it.

    Airbyte's has no login, or `<username>:<password>` where one would stand.
    """
    uri = Uri.of(text.strip().strip('"').replace("<username>:<password>@", ""))
    if not uri.scheme or not user or uri.login:
        return text
    options = [uri.options] if uri.options else []
    if "authSource" not in dict(uri.pairs()):
        options.append(f"authSource={auth_source or 'admin'}")
    return f"{uri.scheme}://{quote(user, safe='')}@{uri.address}/{uri.path}?{'&'.join(options)}"
