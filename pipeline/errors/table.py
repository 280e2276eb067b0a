"""The table of errors, section by section. Pure."""

from pipeline.errors.entry import Section
from pipeline.errors.of_destination import DESTINATION
from pipeline.errors.of_parameters import PARAMETERS
from pipeline.errors.of_runs import RUNS
from pipeline.errors.of_source import SOURCE
from pipeline.errors.of_types import TYPES

SECTIONS: tuple[Section, ...] = (PARAMETERS, SOURCE, TYPES, DESTINATION, RUNS)
"""In the order of the page."""
