"""Debian's Chromium, in which tests look at pages.

python -m tests.debian_chromium     installs it where it is missing (`make browser` does)
"""

import os
import shutil
import subprocess
import sys

PACKAGES = ("chromium", "fonts-dejavu-core")


def install() -> None:
    """Install it with apt-get where it is missing.

    Raises:
        SystemExit: not root, or apt-get fails.
    """
    if shutil.which("chromium"):
        return
    if os.geteuid() != 0:
        sys.exit(f"the tests of pages need: apt-get install {' '.join(PACKAGES)}")
    environ = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "update", "-q"], check=True, env=environ)
    command = ["apt-get", "install", "-y", "-q", "--no-install-recommends", *PACKAGES]
    subprocess.run(command, check=True, env=environ)


if __name__ == "__main__":
    install()
