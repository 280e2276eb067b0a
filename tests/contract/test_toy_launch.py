"""A further source through the whole program: a folder, a line in the registry, its parameters."""

import pickle
from dataclasses import replace
from datetime import timedelta
from types import MappingProxyType

import pytest

from auto_schema.errors import ManyErrors
from pipeline.parameters import checks, options, request_of, table
from sources.registry import SOURCES
from tests.contract.harness import EPOCH
from tests.contract.of_toy import OfToy
from tests.contract.toy.parameters import PARAMETERS, TOY
from tests.contract.toy.source import ToyConnection
from tests.sync import PROJECT, Sync


@pytest.fixture(autouse=True)
def toy_parameters(monkeypatch):
    """What the toy has in the registry and in the table of parameters."""
    for module in (options, request_of):
        monkeypatch.setattr(module, "SOURCES", MappingProxyType({**SOURCES, "toy": TOY}))
    kind = table.BY_NAME["data_source"]
    kind = replace(kind, choices=(*kind.choices, "toy"))
    rows = (*(kind if p.name == kind.name else p for p in table.PARAMETERS), *PARAMETERS)
    by_name = {p.name: p for p in rows}
    for module in (checks, options):
        monkeypatch.setattr(module, "PARAMETERS", rows)
    monkeypatch.setattr(options, "BY_NAME", by_name)


@pytest.fixture
def sync(emulated, client, dataset, tmp_path, capsys):
    """main() with what leads to the toy."""
    source = {"data_source": "toy", "toy_table": "things"}
    return Sync(source, client, dataset, tmp_path / "temp", capsys)


def test_its_parameters_are_read_and_its_faults_told_with_all_others():
    where = [f"--destination_bigquery_{name}={PROJECT}" for name in ("project", "table")]
    argv = ["--data_source=toy", *where, "--destination_bigquery_dataset=d"]
    parsed = options.parse([*argv, "--toy_table=things", "--toy_line=7"], {})
    reading = parsed.request.reading
    assert (reading.connection, reading.query) == (ToyConnection("things", "id", 7), "")
    assert pickle.loads(pickle.dumps(parsed.request)) == parsed.request
    with pytest.raises(ManyErrors) as caught:
        options.parse([*argv, "--toy_line=many", "--plan_only=perhaps"], {})
    told = str(caught.value)
    assert "nothing says what to read" in told
    assert ("(toy_line)" in told, "(plan_only)" in told) == (True, True)


def test_its_rows_are_synced_by_their_cursor(sync):
    toy = OfToy()
    toy.create()
    stamps = [EPOCH + n * timedelta(hours=1) for n in range(5)]
    toy.insert([{"key": n, "value": 10 * n, "at": at} for n, at in enumerate(stamps[:3])])
    smart = {"enable_smart_sync": "true", "smart_sync_timestamp_column": "at"}
    assert "from         toy://1/things" in sync.ok(**smart, plan_only="true").out
    sync.ok(**smart, num_splits="2")
    assert sync.rows("id, n") == [(0, 0), (1, 10), (2, 20)]
    toy.insert([{"key": n, "value": 10 * n, "at": at} for n, at in enumerate(stamps[3:], 3)])
    sync.ok(**smart)
    assert sync.rows("id, n") == [(n, 10 * n) for n in range(5)]
    assert [run["rows_published"] for run in sync.history()] == [3, 2]
    past = {"verify_only": "true", "verify_start": "2000-01-01", "verify_end": "2000-01-02"}
    for asked in ({"verify": "true"}, smart | past):
        result = sync(**asked)
        assert (result.code, "a source without proof" in result.err) == (2, True)
