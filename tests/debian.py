"""Debian's packages, which tests need of the machine."""

import os
import subprocess
import sys
from collections.abc import Sequence


def install(packages: Sequence[str], needed_by: str) -> None:
    """Install them with apt-get.

    Args:
        packages: those that are missing.
        needed_by: what needs them, for who may not install them.

    Raises:
        SystemExit: not root, or apt-get fails.
    """
    if os.geteuid() != 0:
        sys.exit(f"{needed_by} need: apt-get install {' '.join(packages)}")
    environ = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "update", "-q"], check=True, env=environ)
    command = ["apt-get", "install", "-y", "-q", "--no-install-recommends", *packages]
    subprocess.run(command, check=True, env=environ)
