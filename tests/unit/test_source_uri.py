"""`source`: what a URI stands for, what contradicts it, and what is refused by name."""

import pytest
from psycopg2.extensions import parse_dsn

from auto_schema.errors import ManyErrors, SyncError
from pipeline.launch.program_end import without_secrets
from pipeline.parameters import options
from pipeline.parameters.options import plain_secrets
from scheduler.job import job_of, schedule_of
from sources.postgresql.options import OWN, PASSED_ON, REFUSED
from tests.command_lines import DATAFLOW, LEAST, argv
from tests.scheduler.conftest import a_schedule

BARE = {name: None for name in LEAST if name.startswith(("postgresql_", "data_"))}
TABLE = BARE | {"source_table_for_schema": "public.orders"}
NAME = "projects/p/secrets/uri/versions/7"
PASSWORD = "pl4nt/s3cret@x"
ENCODED = "pl4nt%2Fs3cret%40x"


def parsed(uri, *flags, **more):
    return options.parse([*argv(**TABLE | {"source": uri} | more), *flags], {})


def connection(uri, **more):
    return parsed(uri, **more).request.reading.connection


def faults(uri, *flags, **more):
    with pytest.raises(SyncError) as caught:
        parsed(uri, *flags, **more)
    error = caught.value
    assert error.exit_code == 2
    for piece in ("pl4nt", "s3cret"):
        assert piece not in error.text + error.line + str(error)
    return [e.text for e in (error.errors if isinstance(error, ManyErrors) else (error,))]


URIS = [
    "postgresql://reader@db.example.com/shop",
    "postgres://reader:pw@db.example.com:5433/shop",
    f"postgresql://reader:{ENCODED}@db/shop?sslmode=verify-full&sslrootcert=/etc/ca.pem",
    "postgresql://reader@[2001:db8::1]:5433/shop",
    "postgresql://reader@%2Fvar%2Frun%2Fpostgresql/shop",
    "postgresql:///shop?host=/var/run/postgresql&user=reader&port=5433",
    "postgresql://re%40der@db/my%20shop?channel_binding=require&connect_timeout=5",
    "postgresql://reader@db/shop?password=a%26b&target_session_attrs=read-write",
    "postgresql://db?user=reader&dbname=shop&ssl=true",
    "postgresql://reader:a#b@db/shop",
]


@pytest.mark.parametrize("uri", URIS)
def test_a_uri_leads_where_libpq_itself_would_go(uri):
    ours = connection(uri)
    said = {"host": ours.host, "port": str(ours.port), "user": ours.user, "dbname": ours.database}
    said |= {"password": ours.password.resolve(), "sslmode": ours.sslmode} | dict(ours.further)
    said |= {"sslrootcert": ours.sslrootcert}
    assert {n: t for n, t in said.items() if t} == {"port": "5432"} | parse_dsn(uri)


def test_every_option_that_is_passed_on_is_one_that_the_driver_knows():
    for name in sorted(PASSED_ON | OWN.keys()):
        assert name in parse_dsn(f"{name}=1"), name
    assert not PASSED_ON & REFUSED.keys()


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_an_option_that_cant_be_honoured_is_refused_by_name(name):
    (found,) = faults(f"postgresql://reader@db/shop?{name}=1")
    assert f"(source, {name})" in found
    assert found.partition("To mend: ")[2]


@pytest.mark.parametrize(
    ("uri", "name", "why"),
    [
        ("postgresql://u@a,b/shop", "several hosts", "one server"),
        ("postgresql://u@a:1,b:2/shop", "several hosts", "one server"),
        ("postgresql://u@/shop?host=a,b", "several hosts", "one server"),
        ("postgresql://u@db/shop?what=1", "what", "doesn't take it"),
        ("postgresql://u@db/shop?host=other", "host", "something else"),
        ("postgresql://u@db/shop?sslmode=require&sslmode=disable", "sslmode", "twice"),
        ("postgresql://u@db/shop?service=s", "service", "this machine"),
        ("postgresql://u@db/shop?passfile=/p", "passfile", "this machine"),
        ("bigquery://my-project/d/t?location=EU", "location", "no options"),
    ],
)
def test_what_a_uri_may_not_say_is_refused_by_name(uri, name, why):
    found = faults(uri)
    assert len(found) == 1, found
    assert f"(source, {name})" in found[0]
    assert why in found[0]


@pytest.mark.parametrize(
    "uri",
    [
        "postgresql://reader:pl4nt/s3cret@db/shop",
        "postgresql://reader:pl4nt@s3cret@db/shop",
        "postgresql://reader:pl4nt?s3cret@db/shop",
        "postgresql://reader:pl4nt%zzs3cret@db/shop",
        "postgresql://reader:pl4nt%00s3cret@db/shop",
        "postgresql://reader:pl4nt%ffs3cret@db/shop",
        "postgresql://reader:pl4nts3cret/shop",
        "postgresql://u@db/shop?password=pl4nt&s3cret",
        "postgresql://u@db/shop?password=pl4nt&s3cret=1",
        "postgresql://u@db:pl4nt/shop?s3cret",
        "postgresql://u@[pl4nt:s3cret/shop",
        "mysql://u:pl4nts3cret@db/shop",
        "jdbc:postgresql://u:pl4nts3cret@db/shop",
        "pl4nts3cret",
        "bigquery://u:pl4nts3cret@my-project/d/t",
        "mongodb://u:pl4nt@s3cret@h/d.c",
        "mongodb://u:pl4nt/s3cret@h/d.c",
    ],
)
def test_a_malformed_uri_is_refused_without_a_piece_of_it(uri):
    found = faults(uri)
    assert all("(source" in each for each in found), found


BETWEEN = ("@", "/", ":", "?", "%", "%zz", "&", "=", "#", ",", "[", "]", "@/", "/@", "?x=", "&a=")
ENDS = ("@db/shop", "@db:5432/shop?sslmode=require", "@[::1]/shop", "/shop", "")


@pytest.mark.parametrize("between", BETWEEN)
@pytest.mark.parametrize("scheme", ["postgresql", "mongodb"])
def test_whatever_stands_unencoded_in_a_password_no_message_shows_a_piece(scheme, between):
    for end in ENDS if "@" not in between else ENDS[:3]:  # else a host stands behind it
        uri = f"{scheme}://reader:pl4nt{between}s3cret{end}"
        try:
            made = connection(uri)
            said = repr(made) + made.place
        except SyncError as error:
            said = error.text + error.line
        assert [piece for piece in ("pl4nt", "s3cret") if piece in said] == [], uri


@pytest.mark.parametrize(
    ("uri", "beside"),
    [
        ("postgresql://reader@db/shop", {"postgresql_host": "other"}),
        ("postgresql://reader@db:5433/shop", {"postgresql_port": "5432"}),
        ("postgresql://reader@db/shop", {"postgresql_database": "other"}),
        ("postgresql://reader@db/shop", {"postgresql_username": "other"}),
        (f"postgresql://reader:{ENCODED}@db/shop", {"postgresql_password": "0ther"}),
        ("postgresql://reader@db/shop?sslmode=require", {"postgresql_sslmode": "disable"}),
        ("postgresql://reader@db/shop", {"data_source": "mongodb"}),
        ("bigquery://my-project/d/t", {"source_bigquery_dataset": "e"}),
        ("mongodb://h/d.c", {"mongodb_database": "e"}),
    ],
)
def test_a_parameter_that_says_something_else_is_an_error_that_names_both(uri, beside):
    (name,) = beside
    found = faults(uri, **beside)
    told = [each for each in found if f"source told twice (source, {name})" in each]
    assert len(told) == 1
    assert "0ther" not in told[0]


def test_a_parameter_may_say_the_same_and_what_the_uri_leaves_open():
    same = {"postgresql_host": "db", "data_source": "postgresql"}
    more = {"postgresql_port": "5433", "postgresql_password": NAME}
    made = connection("postgresql://reader@db/shop", **same | more)
    assert (made.port, made.password.name) == (5433, NAME)


def test_a_fault_of_what_a_uri_says_names_the_uri():
    (found,) = faults("postgresql://reader@db:70000/shop")
    assert "(source, postgresql_port)" in found


def test_the_uri_of_mongodb_goes_to_the_driver_with_its_options():
    uri = "mongodb://reader:pw@a.example,b.example:27018/shop.orders?replicaSet=rs0"
    made = connection(uri)
    assert (made.database, made.collection) == ("shop", "orders")
    assert made.string.resolve() == uri
    assert made.place == "mongodb://a.example,b.example:27018/shop.orders"


def test_a_password_of_mongodb_may_stand_beside_a_uri_that_names_its_user():
    made = connection("mongodb://reader@h/shop.orders", mongodb_password=NAME)
    assert made.password.name == NAME
    (found,) = faults("mongodb://reader@h/shop.orders")
    assert "half a login (mongodb_password)" in found


def test_the_uri_of_bigquery_names_project_dataset_and_table():
    made = connection("bigquery://my-project/raw/events_*", source_table_for_schema=None)
    assert (made.project, made.dataset, made.table) == ("my-project", "raw", "events_*")
    query = {"source_bigquery_query": "SELECT 1 AS a", "source_table_for_schema": None}
    assert connection("bigquery://example.com:my-project/raw", **query).dataset == "raw"


def test_a_uri_in_plain_text_is_warned_of_on_dataflow_if_it_holds_a_password():
    warned = parsed(f"postgresql://reader:{ENCODED}@db/shop", *DATAFLOW).warnings
    assert [text.split()[0] for text in warned] == ["source"]
    warned = parsed("mongodb://reader:pw@h/shop.orders", *DATAFLOW).warnings
    assert [text.split()[0] for text in warned] == ["source"]
    for uri in ("postgresql://reader@db/shop", "mongodb://h/shop.orders", "bigquery://my-p/d/t"):
        assert parsed(uri, *DATAFLOW).warnings == ()
    named = parsed("postgresql://reader@db/shop", *DATAFLOW, postgresql_password=NAME)
    assert named.warnings == ()


@pytest.mark.parametrize(
    ("text", "is_secret"),
    [
        ("postgresql://reader@db/shop?sslmode=require", False),
        ("mongodb://h/shop", False),
        ("bigquery://my-project/d", False),
        (NAME, False),
        (f"postgresql://reader:{ENCODED}@db/shop", True),
        ("postgresql://db/shop?password=x", True),
        ("mongodb://h/shop?tlsCertificateKeyFilePassword=x", True),
        ("mongodb://h/?authMechanismProperties=AWS_SESSION_TOKEN:x", True),
        ("whatever it is", True),
    ],
)
def test_what_may_stand_in_a_schedule(text, is_secret):
    assert (plain_secrets({"source": text}) == ["source"]) is is_secret


def test_a_traceback_loses_the_uri_and_the_pieces_of_its_password():
    uri = f"postgresql://reader:{ENCODED}@db/shop"
    said = f"{uri} {PASSWORD} {ENCODED} pl4nt s3cret reader"
    shown = without_secrets(said, [f"--source={uri}"])
    assert "pl4nt" not in shown
    assert "s3cret" not in shown
    assert shown.endswith("reader")


def test_a_schedule_whose_source_is_a_uri_is_known_again_as_ours():
    given = {**a_schedule().parameters, "source": "postgresql://reader@db/shop"}
    del given["data_source"]
    schedule = a_schedule(parameters=given)
    assert schedule_of(job_of(schedule)) == schedule


def test_a_uri_that_a_secret_holds_needs_its_kind_where_it_isnt_opened():
    (found,) = faults(NAME)
    assert "missing parameter (data_source)" in found
    assert parsed(NAME, data_source="postgresql").request.data_source == "postgresql"
