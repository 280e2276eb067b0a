"""Packages what the workers import; main.py is the launcher's alone."""

import runpy
from pathlib import Path

from setuptools import Extension, find_packages, setup

ROOMS = ("auto_schema", "warehouse", "sources", "smart_sync", "pipeline", "scheduler")
VERSION_FILE = Path(__file__).parent / "pipeline" / "parameters" / "version.py"
"""The one place where the version is stated."""


def compiled(room: str, parts: tuple[str, ...], headers: tuple[str, ...] = ()) -> Extension:
    """A folder's C; without a C compiler its twin in Python serves."""
    folder = Path(room)
    return Extension(
        ".".join((*folder.parts, "compiled")),
        sources=[str(folder / f"{name}.c") for name in parts],
        depends=["auto_schema/buffer.h", *(str(folder / f"{name}.h") for name in headers)],
        extra_compile_args=["-std=c11", "-O3"],
        py_limited_api=True,
        optional=True,
    )


setup(
    name="bigquery-smart-sync",
    version=runpy.run_path(str(VERSION_FILE))["VERSION"],
    description="Smart Sync to BigQuery: a Dataflow Flex Template",
    license="Apache-2.0",
    packages=find_packages(include=[f"{room}{end}" for room in ROOMS for end in ("", ".*")]),
    ext_modules=[
        compiled("auto_schema", ("json_scan", "sha256"), ("sha256",)),
        compiled(
            "sources/postgresql/wire",
            ("arrow", "column", "module", "numeric", "store"),
            ("arrow", "bytes", "column", "store"),
        ),
        compiled(
            "sources/mongodb/wire",
            ("fields", "json", "module"),
            ("bson", "bytes", "fields", "json"),
        ),
    ],
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
    entry_points={
        "console_scripts": [
            "smart-sync = pipeline.command.main:main",
            "smart-sync-schedules = scheduler.cli:main",
        ]
    },
    python_requires=">=3.11,<3.14",
)
