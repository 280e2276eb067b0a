"""The registry of sources: what a launch knows of each before it opens one."""

import subprocess
import sys
from importlib.util import find_spec

from pipeline.parameters.table import BY_NAME, PARAMETERS
from sources.registry import SOURCES

DRIVERS = ("psycopg2", "adbc_driver_manager", "adbc_driver_postgresql", "pymongo.mongo_client")


def test_each_source_is_a_choice_and_each_choice_a_source() -> None:
    assert BY_NAME["data_source"].choices == tuple(SOURCES)
    assert [kind.name for kind in SOURCES.values()] == list(SOURCES)
    assert {p.source for p in PARAMETERS if p.source} == set(SOURCES)


def test_each_kind_names_a_module_that_is_there() -> None:
    for kind in SOURCES.values():
        assert find_spec(kind.inspector) is not None


def test_reading_parameters_loads_no_driver_and_no_beam() -> None:
    told = subprocess.run(
        [sys.executable, "-c", "import pipeline.parameters.options, sys; print(*sys.modules)"],
        check=True,
        capture_output=True,
        text=True,
    )
    loaded = set(told.stdout.split())
    assert "sources.registry" in loaded
    assert not loaded & {*DRIVERS, "apache_beam", *(k.inspector for k in SOURCES.values())}
