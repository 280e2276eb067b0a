"""Packages what the workers import; main.py is the launcher's alone."""

from setuptools import setup

setup(
    name="bigquery-smart-sync",
    version="0.1.0",
    description="Smart Sync to BigQuery: a Dataflow Flex Template",
    license="Apache-2.0",
    packages=["auto_schema", "sources", "smart_sync", "pipeline", "scheduler"],
    entry_points={"console_scripts": ["smart-sync-schedules = scheduler.cli:main"]},
    python_requires=">=3.11,<3.14",
)
