"""Debian's Chromium, in which tests look at pages.

python -m tests.debian_chromium     installs it where it is missing (`make browser` does)
"""

import shutil

from tests.debian import install

PACKAGES = ("chromium", "fonts-dejavu-core")


if __name__ == "__main__":
    if not shutil.which("chromium"):
        install(PACKAGES, "the tests of pages")
