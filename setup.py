"""Packages what the workers import; main.py is the launcher's alone."""

import runpy
from pathlib import Path

from setuptools import find_packages, setup

ROOMS = ("auto_schema", "warehouse", "sources", "smart_sync", "pipeline", "scheduler")
VERSION_FILE = Path(__file__).parent / "pipeline" / "parameters" / "version.py"
"""The one place where the version is stated."""

setup(
    name="bigquery-smart-sync",
    version=runpy.run_path(str(VERSION_FILE))["VERSION"],
    description="Smart Sync to BigQuery: a Dataflow Flex Template",
    license="Apache-2.0",
    packages=find_packages(include=[f"{room}{end}" for room in ROOMS for end in ("", ".*")]),
    entry_points={"console_scripts": ["smart-sync-schedules = scheduler.cli:main"]},
    python_requires=">=3.11,<3.14",
)
