"""What isn't installed is told as a fault of the parameters that want it."""

import pytest

from auto_schema.errors import ConfigError, ManyErrors
from pipeline.cli import parse
from sources.registry import DRIVERS, SOURCES


@pytest.fixture
def bare(monkeypatch):
    """An environment without any extra."""
    for module in ("sources.registry", "pipeline.launch.beam_at_need"):
        monkeypatch.setattr(f"{module}.find_spec", lambda name: None)


@pytest.mark.parametrize("source", SOURCES)
def test_a_source_without_its_driver_is_one_fault_among_the_others(bare, source):
    with pytest.raises(ManyErrors) as told:
        parse([f"--data_source={source}", "--num_splits=-1"])
    faults = {error.where.partition(" ")[0]: error for error in told.value.errors}
    assert faults[f"data_source={source}"].fix == f"pip install 'bigquery-smart-sync[{source}]'."
    assert DRIVERS[source] in faults[f"data_source={source}"].why
    assert "num_splits" in faults
    assert told.value.exit_code == 2


def test_a_runner_without_beam_is_told_likewise(bare):
    with pytest.raises(ManyErrors) as told:
        parse(["--data_source=postgresql", "--runner=DirectRunner", "--temp_location=/tmp/a"])
    (fault,) = [error for error in told.value.errors if error.where == "--runner"]
    assert isinstance(fault, ConfigError)
    assert fault.fix == "pip install 'bigquery-smart-sync[dataflow]'."


def test_a_misspelt_parameter_is_called_so_where_beam_is_missing(bare):
    with pytest.raises(ManyErrors) as told:
        parse(["--data_source=postgresql", "--postgresql_pasword=s3cret"])
    (fault,) = [error for error in told.value.errors if "pasword" in error.where]
    assert fault.what == "unknown parameter"
    assert fault.fix == "did you mean --postgresql_password?"
    assert "s3cret" not in str(told.value)
