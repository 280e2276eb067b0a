"""`source`: whole runs of a URI, of services and passwords of this machine, of logins without."""

import json

import pytest
import yaml

from demo.servers import PostgresqlServer
from pipeline.command.main import main
from tests.guarded_postgresql import guarded_postgresql
from tests.secret_manager import secret_manager
from tests.sync import PASSWORD, reading

NAME = "projects/demo-project/secrets/uri/versions/7"
TABLE = {"source_table_for_schema": "public.orders", "write_disposition": "WRITE_TRUNCATE"}
SMART = {"enable_smart_sync": "true", "source_table_for_schema": "public.orders"}


@pytest.fixture(scope="module")
def guarded():
    with guarded_postgresql() as server:
        yield server


@pytest.fixture
def bare(sync):
    """A sync of which no parameter says where its source is."""
    for name in reading(PostgresqlServer("", 0)):
        del sync.defaults[name]
    return sync


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home of the test's own, without what this machine's user keeps."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    for name in ("PGPASSFILE", "PGSERVICEFILE", "PGSYSCONFDIR", "PGSERVICE"):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.fixture
def passwords(home):
    """Write ~/.pgpass."""

    def write(*lines, mode=0o600, path=home / ".pgpass"):
        path.write_text("".join(f"{line}\n" for line in lines))
        path.chmod(mode)
        return path

    return write


def written(sync):
    """All that a run has left: its history, and its files."""
    files = [path.read_bytes() for path in sync.temp.rglob("*") if path.is_file()]
    return json.dumps(sync.history(), default=str).encode() + b"".join(files)


def test_a_uri_stands_for_all_that_leads_to_the_source(bare, guarded, home):
    uri = guarded.uri("by_password", password=PASSWORD, more="connect_timeout=5")
    bare.ok(**TABLE, source=uri)
    assert len(bare.rows()) == 2
    assert PASSWORD.encode() not in written(bare)


def test_a_uri_that_a_secret_holds_is_read_where_the_run_begins(
    bare, guarded, home, monkeypatch, caplog
):
    uri = guarded.uri("by_password", password=PASSWORD)
    with secret_manager({NAME: uri}) as url:
        monkeypatch.setenv("SECRET_MANAGER_EMULATOR_HOST", url)
        bare.ok(**SMART, source=NAME)
    assert len(bare.rows()) == 2
    assert f"postgresql://127.0.0.1:{guarded.server.port}/postgres" in caplog.text
    assert PASSWORD not in caplog.text
    assert PASSWORD.encode() not in written(bare)


def test_a_secret_that_holds_no_uri_is_told_without_its_text(bare, home, monkeypatch):
    with secret_manager({NAME: PASSWORD}) as url:
        monkeypatch.setenv("SECRET_MANAGER_EMULATOR_HOST", url)
        result = bare(**TABLE, source=NAME)
    assert result.code == 2
    assert "(source)" in result.err
    assert bare.tables() == set()


def test_a_role_that_the_socket_knows_needs_no_password(bare, guarded, home):
    bare.ok(**TABLE, source=guarded.uri("by_peer", by_socket=True))
    assert len(bare.rows()) == 2


def test_a_certificate_is_a_login(bare, guarded, home):
    files = {name: guarded.files / f"by_certificate.{name}" for name in ("crt", "key")}
    tls = f"sslmode=verify-full&sslrootcert={guarded.files}/ca.crt"
    login = f"&sslcert={files['crt']}&sslkey={files['key']}"
    bare.ok(**TABLE, source=guarded.uri("by_certificate", more=tls + login))
    assert len(bare.rows()) == 2
    result = bare(**TABLE, source=guarded.uri("by_certificate", more=tls))
    assert result.code == 3
    assert "postgresql_sslcert" in result.err


def test_a_certificate_that_isnt_there_is_no_login_without_one(bare, guarded, home):
    login = "sslmode=require&sslcert=/nowhere/a.crt&sslkey=/nowhere/a.key"
    result = bare(**TABLE, source=guarded.uri("by_certificate", more=login))
    assert result.code == 3
    assert "no file '/nowhere/a.crt' on this machine" in result.err


def test_a_password_that_is_left_out_is_that_of_pgpass_and_the_plan_says_so(
    bare, guarded, passwords, caplog
):
    path = passwords("# ours", f"127.0.0.1:*:postgres:by_password:{PASSWORD}")
    bare.ok(**TABLE, source=guarded.uri("by_password"))
    assert len(bare.rows()) == 2
    assert f"the password of by_password comes from line 2 of {path}" in caplog.text
    assert PASSWORD not in caplog.text
    assert PASSWORD.encode() not in written(bare)


def test_parameters_one_by_one_leave_the_password_to_pgpass_as_well(bare, guarded, passwords):
    passwords(f"*:*:*:by_password:{PASSWORD}")
    bare.ok(
        **TABLE,
        data_source="postgresql",
        postgresql_host="127.0.0.1",
        postgresql_port=str(guarded.server.port),
        postgresql_database="postgres",
        postgresql_username="by_password",
    )


def test_a_file_of_passwords_that_others_may_read_is_not_used(bare, guarded, passwords, caplog):
    passwords(f"*:*:*:*:{PASSWORD}", mode=0o640)
    result = bare(**TABLE, source=guarded.uri("by_password"))
    assert result.code == 3
    assert "has group or world access" in caplog.text
    assert "the server asks for a password, and none is given" in result.err
    assert bare.tables() == set()


def test_a_server_that_asks_for_a_password_gives_one_error_with_its_mend(bare, guarded, home):
    result = bare(**TABLE, source=guarded.uri("by_password"))
    assert result.code == 3
    assert "no password supplied" in result.err
    assert "name a Secret Manager version by postgresql_password" in result.err
    assert bare.tables() == set()


def test_a_wrong_password_is_told_once_though_libpq_tries_twice(bare, guarded, home):
    result = bare(**TABLE, source=guarded.uri("by_password", password="wr0ng"))
    assert result.code == 3
    assert result.err.count("password authentication failed") == 1
    assert "check postgresql_username and postgresql_password" in result.err
    assert "wr0ng" not in result.err


def test_a_job_on_other_machines_takes_no_password_of_this_one(bare, guarded, passwords, tmp_path):
    passwords(f"*:*:*:*:{PASSWORD}")
    result = bare(
        **TABLE, source=guarded.uri("by_password"), template_location=str(tmp_path / "template")
    )
    assert result.code == 3
    assert "name a Secret Manager version" in result.err
    assert not (tmp_path / "template").exists()


@pytest.fixture
def service(guarded, home):
    """A service of the user's own file."""
    path = home / ".pg_service.conf"
    port = guarded.server.port
    path.write_text(
        "# ours\n[other]\nhost=nowhere\n\n[shop]\n  host=127.0.0.1\n"
        f"port={port}\ndbname=postgres\nuser=by_password\npassword={PASSWORD}\n[last]\nhost=x\n"
    )
    return path


def test_a_service_is_used_where_the_uri_names_it(bare, service, caplog):
    bare.ok(**TABLE, source="postgresql://?service=shop")
    assert len(bare.rows()) == 2
    assert "the password of by_password comes from service shop" in caplog.text


def test_what_the_uri_says_itself_is_before_the_service(bare, service):
    result = bare(**TABLE, source="postgresql:///nowhere?service=shop")
    assert result.code == 3
    assert 'database "nowhere" does not exist' in result.err


def test_a_service_of_the_environment_is_not_used_and_told_how_to_be(
    bare, service, monkeypatch, caplog
):
    monkeypatch.setenv("PGSERVICE", "shop")
    result = bare(**TABLE, source="postgresql://by_password@127.0.0.1/postgres?connect_timeout=1")
    assert result.code == 3
    assert "--source=postgresql://?service=NAME" in caplog.text


def test_a_uri_that_says_nothing_beside_a_service_of_the_environment_is_told_how_to_name_it(
    bare, service, monkeypatch
):
    monkeypatch.setenv("PGSERVICE", "my shop")
    result = bare(**TABLE, source="postgresql://")
    assert result.code == 2
    assert "write --source=postgresql://?service=my%20shop." in result.err


def test_a_service_that_isnt_there_is_told_with_the_files_that_were_read(bare, service):
    result = bare(**TABLE, source="postgresql://?service=nowhere")
    assert result.code == 2
    assert f"'nowhere' stands in none of {service}" in result.err


def test_a_word_of_a_service_that_cant_be_honoured_is_refused_by_name(bare, service):
    service.write_text("[shop]\nhost=127.0.0.1\noptions=-csearch_path=a\n")
    result = bare(**TABLE, source="postgresql://?service=shop")
    assert result.code == 2
    assert f"(source, service, {service}, line 3, 'options')" in result.err


def test_a_service_isnt_read_for_a_job_on_other_machines(bare, service, tmp_path):
    result = bare(
        **TABLE, source="postgresql://?service=shop", template_location=str(tmp_path / "template")
    )
    assert result.code == 2
    assert "(source, service)" in result.err
    assert "Secret Manager version" in result.err


def test_many_tables_are_read_by_one_uri_with_the_password_of_pgpass(bare, guarded, passwords):
    passwords(f"*:*:*:*:{PASSWORD}")
    result = bare.ok(
        source=guarded.uri("by_password"),
        tables='{"tables": {"public.orders": {"write_disposition": "WRITE_TRUNCATE"}}}',
        destination_bigquery_table="{table}",
    )
    assert len(bare.rows(table="orders")) == 2
    assert PASSWORD not in result.out + result.err


def test_a_flag_leads_the_files_sync_to_another_server_and_a_part_of_it_to_another_database(
    bare, guarded, home, tmp_path, capsys
):
    """The file names a server that isn't there, with a password that no other one may see."""
    wrong = reading(PostgresqlServer("/no/such", 5))
    file = bare.defaults | TABLE | wrong | {"postgresql_password": "0f-an0ther"}
    path = tmp_path / "sync.yaml"
    path.write_text(
        yaml.safe_dump({"parameters": {n: t for n, t in file.items() if t is not None}})
    )
    uri = guarded.uri("by_password", password=PASSWORD)
    assert main(["run", f"--config={path}", f"--source={uri}"]) == 0, capsys.readouterr().err
    assert len(bare.rows()) == 2
    of_file = {n: t for n, t in file.items() if n not in (*wrong, "postgresql_password")}
    nowhere = uri.replace("/postgres", "/n0where")
    assert nowhere != uri
    path.write_text(yaml.safe_dump({"parameters": of_file | {"source": nowhere}}))
    words = ["plan", "--json", f"--config={path}", "--postgresql_database=postgres"]
    capsys.readouterr()
    assert main(words) == 0, capsys.readouterr().err
    origins = json.loads(capsys.readouterr().out)["origins"]
    assert origins["postgresql_database"]["from"] == "flag"
    assert origins["source"]["from"].endswith(", but for postgresql_database")
