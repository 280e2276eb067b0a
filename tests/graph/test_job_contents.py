"""What must not stand in a job: secrets given by name, and the machine that launched it."""

import base64
import bz2
import getpass
import pickle
import re
import socket
import sys
import tempfile
import urllib.parse
import zlib
from pathlib import Path

import pytest

from pipeline.parameters.table import PARAMETERS, Kind
from tests.graph.conftest import CASES, PLANTED_MACHINE, SOURCES
from tests.graph.jobs import GRAPH, JOB, found_in, unpacked, without_base64
from tests.secret_manager import secret_manager
from tests.sync import PASSWORD

ROOT = Path(__file__).resolve().parents[2]
VALUE = 'pl4nted/s3cret+"?ü'
USER = "pl4nted_reader"
NAME = "projects/demo-project/secrets/s/versions/7"
QUOTED = urllib.parse.quote(VALUE, safe="")
HIDDEN = {
    "plain": VALUE.encode(),
    "in a URL": f"mongodb://u:{QUOTED}@h/".encode(),
    "in upper case": VALUE.encode().upper(),
    "in hex": VALUE.encode().hex().encode(),
    "in hex, upper case": VALUE.encode().hex().upper().encode(),
    "in base64": base64.b64encode(VALUE.encode()),
    "in base64, a byte later": base64.b64encode(b"x" + VALUE.encode()),
    "in base64, two bytes later": base64.b64encode(b"xy" + VALUE.encode() + b"z"),
    "in URL-safe base64": base64.urlsafe_b64encode(b"user:" + VALUE.encode()),
    "in JSON": VALUE.replace('"', '\\"').replace("ü", "\\u00fc").encode(),
    "pickled": pickle.dumps({"password": VALUE}),
    "pickled as Beam does": base64.b64encode(zlib.compress(pickle.dumps([VALUE] * 3))),
    "pickled as Beam does, behind a letter": b"$x"
    + base64.b64encode(zlib.compress(pickle.dumps([VALUE] * 3))),
    "pickled as Beam did": base64.b64encode(bz2.compress(pickle.dumps([VALUE] * 3))),
    "quoted and pickled": base64.b64encode(zlib.compress(pickle.dumps([QUOTED] * 3))),
}


@pytest.mark.parametrize("how", HIDDEN)
def test_the_search_finds_what_is_planted(how):
    assert found_in(b"before\x00" + HIDDEN[how] + b"\x00after", VALUE)


def test_the_search_finds_nothing_where_nothing_is():
    assert found_in(b"\x00".join(HIDDEN.values()), "another/s3cret") == []


@pytest.fixture(scope="module")
def logins(launches, alone, mongodb):
    """Parameter → (source, its secret's text, further parameters): each opens a real login, but
    for the webhook, which only a run's end would look for."""
    alone.admin.command("createUser", USER, pwd=VALUE, roles=["readAnyDatabase"])
    server = f"127.0.0.1:{mongodb.members[0].port}"
    string = f"mongodb://{USER}:{QUOTED}@{server}/?authSource=admin"
    parts = {"mongodb_host": None, "mongodb_port": None}
    of_mongodb = launches.sources["mongodb"]
    place = f"{of_mongodb['mongodb_database']}.{of_mongodb['mongodb_collection']}"
    uri = f"mongodb://{USER}:{QUOTED}@{server}/{place}?authSource=admin"
    yield {
        "postgresql_password": ("postgresql", VALUE, {}),
        "mongodb_password": ("mongodb", VALUE, {"mongodb_username": USER}),
        "mongodb_connection_string": ("mongodb", string, parts),
        "source": ("mongodb", uri, dict.fromkeys(of_mongodb)),
        "notify_webhook": ("postgresql", f"https://hooks.example.com/services/{QUOTED}", {}),
    }
    alone.admin.command("dropUser", USER)


NAMES = [parameter.name for parameter in PARAMETERS if parameter.kind is Kind.SECRET]


@pytest.mark.parametrize("parameter", NAMES)
@pytest.mark.parametrize("mode", ["merge", "plan_only"])
def test_a_secret_by_name_is_nowhere_in_what_a_launch_writes_and_says(
    launches, logins, launch_environment, parameter, mode
):
    source, text, more = logins[parameter]
    with secret_manager({NAME: text}) as url, pytest.MonkeyPatch.context() as patch:
        patch.setenv("SECRET_MANAGER_EMULATOR_HOST", url)
        launched = launches.run(source, mode, **more | {parameter: NAME})
    assert launched.code == 0, launched.said
    assert launched.places_of(VALUE) == {}
    assert launched.places_of(text) == {}
    if mode != "plan_only":
        assert NAME.encode() in unpacked(launched.files[GRAPH])


@pytest.mark.parametrize("parameter", NAMES)
def test_a_plain_secret_is_in_the_graph_alone_and_is_warned_about(launches, logins, parameter):
    source, text, more = logins[parameter]
    launched = launches.run(source, "append", **more | {parameter: text})
    assert launched.code == 0, launched.said
    assert set(launched.places_of(VALUE)) == {GRAPH}
    assert set(launched.places_of(text)) == {GRAPH}
    assert "Secret Manager" in launched.said


@pytest.mark.parametrize("mode", [mode for source, mode in CASES if source == "postgresql"])
def test_a_plain_password_is_nowhere_but_in_the_graph_in_every_mode(launches, mode):
    places = {GRAPH} if mode != "plan_only" else set()
    assert set(launches("postgresql", mode).places_of(PASSWORD)) == places


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("what", PLANTED_MACHINE)
def test_nothing_tells_the_machine_that_launched_it(launches, source, what):
    launched = launches.elsewhere(source)
    written = {name: found_in(data, PLANTED_MACHINE[what]) for name, data in launched.files.items()}
    assert {name: forms for name, forms in written.items() if forms} == {}


def is_said(word, text):
    """Whether it stands there; one of three letters comes by chance, so it counts in texts only."""
    if len(word) < 4:
        text = b"\n".join(re.findall(rb"[ -~]{8,}", text))
    return re.search(rb"\b%b\b" % re.escape(word.encode()), text) is not None


def test_no_path_or_name_of_this_machine_is_in_job_or_graph(launched):
    """The local template folder stands for the bucket's, and is the test's own."""
    names = {socket.gethostname(), getpass.getuser(), Path.home().name}
    names = {name for name in names if not any(name in value for value in launched.given)}
    paths = {str(ROOT), str(Path.cwd()), str(Path.home()), sys.prefix, sys.base_prefix}
    paths |= {tempfile.gettempdir(), "site-packages"}
    for name in (JOB, GRAPH):
        data = launched.files[name].replace(str(launched.folder).encode(), b"")
        text = without_base64(unpacked(data))
        assert [path for path in paths if path.encode() in text] == [], name
        assert [word for word in names if is_said(word, text)] == [], name


def test_a_path_of_this_machine_would_be_found(launches):
    """Beam's own file of installed packages, for its logs, says where Python is."""
    launched = launches("postgresql", "append")
    assert any(sys.prefix.encode() in data for data in launched.files.values())
    packed = base64.b64encode(zlib.compress(f"{ROOT}/pipeline/read.py".encode()))
    assert str(ROOT).encode() in without_base64(unpacked(packed))
