"""Packages what the workers import; main.py is the launcher's alone."""

import runpy
from pathlib import Path

from setuptools import Extension, find_packages, setup

ROOMS = ("auto_schema", "warehouse", "sources", "smart_sync", "pipeline", "scheduler")
VERSION_FILE = Path(__file__).parent / "pipeline" / "parameters" / "version.py"
"""The one place where the version is stated."""

WIRE = Path("sources", "postgresql", "wire")
"""Where the decoder of PostgreSQL's rows lies; without a C compiler its twin in Python serves."""

setup(
    name="bigquery-smart-sync",
    version=runpy.run_path(str(VERSION_FILE))["VERSION"],
    description="Smart Sync to BigQuery: a Dataflow Flex Template",
    license="Apache-2.0",
    packages=find_packages(include=[f"{room}{end}" for room in ROOMS for end in ("", ".*")]),
    ext_modules=[
        Extension(
            "sources.postgresql.wire.compiled",
            sources=[str(WIRE / f"{name}.c") for name in ("arrow", "column", "module", "numeric")],
            depends=[str(WIRE / f"{name}.h") for name in ("arrow", "buffer", "column")],
            extra_compile_args=["-std=c11", "-O2"],
            py_limited_api=True,
            optional=True,
        )
    ],
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
    entry_points={"console_scripts": ["smart-sync-schedules = scheduler.cli:main"]},
    python_requires=">=3.11,<3.14",
)
