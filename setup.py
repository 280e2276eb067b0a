"""Packages what the workers import; main.py is the launcher's alone.

In the tree of `make wheel` five of the six rooms stand inside of smart_sync: what users install
brings one name into their environment (docs/decisions/0042).
"""

import runpy
from pathlib import Path

from setuptools import Extension, find_packages, setup

HERE = Path(__file__).parent
INSIDE = "" if (HERE / "pipeline").is_dir() else "smart_sync."
"""What stands before the name of each room but smart_sync itself."""
ROOMS = ("auto_schema", "warehouse", "sources", "smart_sync", "pipeline", "scheduler")
VERSION_FILE = HERE.joinpath(*INSIDE.split("."), "pipeline", "parameters", "version.py")
"""The one place where the version is stated."""
README = HERE / "README.md"
"""Not in the image, which nobody reads."""

NEEDS = (
    "cronsim>=2.8,<3",
    "google-api-core>=2.44,<3",
    "google-auth>=2.62,<3",
    "google-cloud-bigquery>=3.47,<4",
    "google-cloud-scheduler>=2.21,<3",
    "google-cloud-secret-manager>=2.32,<3",
    "google-cloud-storage>=3.17,<4",
    "numpy>=2.4,<3",
    "pyarrow>=25,<26",
    "pyyaml>=6,<7",
    "requests>=2.34,<3",
    "rich>=15,<16",
    "sqlglot>=30.30,<31",
    "tenacity>=9.1,<10",
    "typer>=0.29,<1",
    "tzdata>=2026.6",
)
"""What every run needs. requirements.txt locks one version of each, with which all is tested."""
EXTRAS = {
    "postgresql": ("psycopg2-binary>=2.9.13,<3",),
    "mongodb": ("pymongo>=4.20,<5",),
    "bigquery": ("google-cloud-bigquery-storage>=2.43,<3", "grpcio>=1.85,<2"),
    "report": ("vl-convert-python>=1.9,<2",),
    "dataflow": ("apache-beam[gcp]>=2.77,<2.78",),
}
"""What one source needs beside, a report, or a run by Beam; the error that one is missing names
its extra."""


def compiled(room: str, parts: tuple[str, ...], headers: tuple[str, ...] = ()) -> Extension:
    """A folder's C; without a C compiler its twin in Python serves."""
    folder = Path(INSIDE.replace(".", "/"), room)
    return Extension(
        ".".join((*folder.parts, "compiled")),
        sources=[str(folder / f"{name}.c") for name in parts],
        depends=[
            str(Path(INSIDE.replace(".", "/"), "auto_schema", "buffer.h")),
            *(str(folder / f"{name}.h") for name in headers),
        ],
        extra_compile_args=["-std=c11", "-O3"],
        py_limited_api=True,
        optional=True,
    )


setup(
    name="bigquery-smart-sync",
    version=runpy.run_path(str(VERSION_FILE))["VERSION"],
    description="PostgreSQL, MongoDB or BigQuery into BigQuery: Flex Template, command, library",
    long_description=README.read_text(encoding="utf-8") if README.exists() else "",
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    license_files=["LICENSE"],
    keywords=["bigquery", "postgresql", "mongodb", "apache-beam", "dataflow", "sync", "etl"],
    classifiers=[
        "Development Status :: 4 - Beta",
        "Environment :: Console",
        "Intended Audience :: Developers",
        "Operating System :: POSIX :: Linux",
        "Programming Language :: C",
        "Programming Language :: Python :: 3 :: Only",
        "Programming Language :: Python :: 3.11",
        "Programming Language :: Python :: 3.12",
        "Programming Language :: Python :: 3.13",
        "Topic :: Database",
        "Typing :: Typed",
    ],
    packages=find_packages(include=[f"{room}{end}" for room in ROOMS for end in ("", ".*")]),
    package_data={"": ["py.typed", "*.pyi"]},
    ext_modules=[
        compiled(
            "auto_schema", ("decimal_texts", "json_scan", "sha256"), ("decimal_texts", "sha256")
        ),
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
            f"smart-sync = {INSIDE}pipeline.command.main:main",
            f"smart-sync-schedules = {INSIDE}scheduler.cli:main",
        ]
    },
    install_requires=NEEDS,
    extras_require={**EXTRAS, "all": sorted({need for needs in EXTRAS.values() for need in needs})},
    python_requires=">=3.11,<3.14",
)
