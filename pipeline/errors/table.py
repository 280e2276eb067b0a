"""The table of errors, section by section. Pure."""

from pipeline.errors.entry import Section
from pipeline.errors.of_checks import CHECKS
from pipeline.errors.of_combinations import COMBINATIONS
from pipeline.errors.of_command import COMMAND
from pipeline.errors.of_destination import DESTINATION
from pipeline.errors.of_parameters import PARAMETERS
from pipeline.errors.of_repairs import REPAIRS
from pipeline.errors.of_runs import RUNS
from pipeline.errors.of_schedules import SCHEDULES
from pipeline.errors.of_source import SOURCE
from pipeline.errors.of_tables import TABLES
from pipeline.errors.of_transformations import TRANSFORMATIONS
from pipeline.errors.of_types import TYPES
from pipeline.errors.of_windows import WINDOWS

SECTIONS: tuple[Section, ...] = (
    PARAMETERS,
    COMBINATIONS,
    SOURCE,
    WINDOWS,
    TYPES,
    TRANSFORMATIONS,
    DESTINATION,
    RUNS,
    REPAIRS,
    CHECKS,
    TABLES,
    COMMAND,
    SCHEDULES,
)
"""In the order of the page."""
