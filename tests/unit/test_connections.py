"""Which connection holds where flags, environment and files name several."""

import pytest

from auto_schema.errors import SyncError
from pipeline.cli import Brought, parse
from pipeline.command.said import read_words
from pipeline.command.settings import read_settings
from pipeline.parameters.connections import PARTS, PLACES
from pipeline.parameters.origins import as_values, lines
from pipeline.parameters.table import BY_NAME, PARAMETERS, Kind
from tests.command_lines import LEAST

SECRET = "pl4nted-s3cret"
OF_ONE = {name: text for name, text in LEAST.items() if not name.startswith(("postgresql", "data"))}
ONE_BY_ONE = {
    "data_source": "postgresql",
    "postgresql_host": "db-of-the-file",
    "postgresql_port": "6543",
    "postgresql_database": "shop",
    "postgresql_username": "reader",
    "postgresql_password": SECRET,
    "postgresql_sslmode": "verify-full",
    "source_table_for_schema": "public.orders",
    "num_splits": "3",
}
BY_URI = {
    "source": f"postgresql://reader:{SECRET}@db-of-the-file:6543/shop?sslmode=require&connect_timeout=5",
    "source_table_for_schema": "public.orders",
}


@pytest.fixture
def launch(tmp_path, monkeypatch):
    """The settings and the options of a run, by file, `.env`, environment and flags."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("PGPASSFILE", "PGSERVICEFILE"):
        monkeypatch.delenv(name, raising=False)

    def given(file, *flags, dotenv="", **environ):
        texts = "".join(f"  {name}: '{text}'\n" for name, text in {**OF_ONE, **file}.items())
        (tmp_path / "sync.yaml").write_text(f"parameters:\n{texts}")
        (tmp_path / ".env").write_text(dotenv)
        words = read_words(["run", *flags, f"--config={tmp_path / 'sync.yaml'}"])
        settings = read_settings(words, {f"SMART_SYNC_{n}": t for n, t in environ.items()})
        options = parse(settings.words, Brought(settings.origins, settings.faults))
        return settings, options.request.reading.connection

    return given


def refused(launch, *args, **environ):
    with pytest.raises(SyncError) as caught:
        launch(*args, **environ)
    assert SECRET not in caught.value.text
    assert caught.value.exit_code == 2
    return caught.value.text


def test_a_uri_by_flag_replaces_the_whole_connection_of_the_file(launch):
    settings, there = launch(ONE_BY_ONE, "--source=postgresql://me@localhost/test")
    assert (there.host, there.port, there.database, there.user) == (
        *("localhost", 5432, "test"),
        "me",
    )
    assert there.password.resolve() == ""  # that of another server
    assert there.sslmode == ""
    told = as_values(settings.origins)["origins"]
    assert told["source"]["from"] == "flag"
    assert told["num_splits"]["value"] == "3"
    assert told["source_table_for_schema"]["value"] == "public.orders"
    assert not {"postgresql_host", "postgresql_password", "postgresql_database"} & set(told)
    assert "db-of-the-file" not in "\n".join(lines(settings.origins, "full"))


@pytest.mark.parametrize("where", ["flag", "environment", "dotenv"])
def test_a_uri_replaces_that_of_the_file_with_the_password_beside_it(launch, where):
    uri = "postgresql://me@localhost/test"
    file = BY_URI | {
        "source": "postgresql://reader@db-of-the-file/shop",
        "postgresql_password": SECRET,
    }
    by = {
        "flag": ([f"--source={uri}"], {}),
        "environment": ([], {"SOURCE": uri}),
        "dotenv": ([], {"dotenv": f"SMART_SYNC_SOURCE={uri}\n"}),
    }
    flags, more = by[where]
    _, there = launch(file, *flags, **more)
    assert (there.host, there.database, there.password.resolve()) == ("localhost", "test", "")


def test_another_kind_of_source_replaces_it_too(launch):
    _, there = launch(ONE_BY_ONE, "--source=mongodb://localhost/shop.carts")
    assert (there.database, there.collection) == ("shop", "carts")
    flags = ("--data_source=postgresql", "--postgresql_host=localhost")
    flags += ("--postgresql_database=d", "--postgresql_username=u")
    settings, there = launch(BY_URI | {"source": "mongodb://db-of-the-file/shop.carts"}, *flags)
    assert (there.host, there.database) == ("localhost", "d")
    assert "source" not in settings.origins


def test_what_no_connection_is_named_with_completes_the_uri(launch):
    """A password of the environment, where nothing below says which server it is for."""
    file = {"source_table_for_schema": "public.orders", "postgresql_sslmode": "require"}
    environ = {"POSTGRESQL_PASSWORD": SECRET}
    _, there = launch(file, "--source=postgresql://me@localhost/test", **environ)
    assert (there.password.resolve(), there.sslmode) == (SECRET, "require")


def test_a_parameter_above_the_uri_replaces_that_part_alone(launch):
    settings, there = launch(BY_URI, "--postgresql_host=standby", POSTGRESQL_PORT="5433")
    assert (there.host, there.port, there.database) == ("standby", 5433, "shop")
    assert (there.user, there.password.resolve()) == ("reader", SECRET)
    assert there.sslmode == "require"
    told = as_values(settings.origins)["origins"]
    assert told["postgresql_host"] == {"value": "standby", "from": "flag"}
    assert told["source"]["from"].endswith(" line 5, but for postgresql_host, postgresql_port")
    assert "but for" not in launch(BY_URI)[0].origins["source"].where
    same = launch(
        {**BY_URI, "source": "postgresql://r@db-of-the-file/shop"}, POSTGRESQL_PASSWORD="x"
    )
    assert "but for" not in same[0].origins["source"].where


@pytest.mark.parametrize(
    ("file", "flags"),
    [
        (BY_URI | {"postgresql_host": "other"}, []),
        (BY_URI, ["--source=postgresql://me@localhost/a", "--postgresql_database=b"]),
        ({}, ["--source=postgresql://me@localhost/a", "--data_source=mongodb"]),
    ],
)
def test_one_origin_that_contradicts_itself_is_refused(launch, file, flags):
    assert "source told twice" in refused(launch, file, *flags)


def test_a_part_of_mongodbs_string_above_it_is_refused_clearly(launch):
    told = refused(
        launch, {"source": "mongodb://db-of-the-file/shop.carts"}, "--mongodb_host=standby"
    )
    assert "connection told twice" in told
    assert "leave out mongodb_host, or the connection string" in told


def test_an_empty_flag_takes_the_uri_back(launch):
    _, there = launch(BY_URI, "--source=", *(f"--{n}={t}" for n, t in ONE_BY_ONE.items()))
    assert (there.host, there.port) == ("db-of-the-file", 6543)


def test_the_parts_are_all_that_leads_to_a_source():
    """All of the launch's parameters of a source are parts, but for how it is read."""
    how = {"postgresql_read_timeout", "bigquery_price_per_tib", "bigquery_read_method"}
    how |= {"mongodb_sample_size"}
    led = {p.name for p in PARAMETERS if p.source and p.of_launch} - how
    secrets = {p.name for p in PARAMETERS if p.source and p.kind is Kind.SECRET}
    assert led | secrets | {"source_bigquery_dataset", "data_source"} == set(PARTS)
    assert set(PLACES) <= set(PARTS) <= BY_NAME.keys()
