"""Debian's zsh and fish, at whose prompts tests type, and node, which runs MongoDB's shell.

python -m tests.debian_shells     installs what is missing (`make shells` does)
"""

import shutil

from tests.debian import install

SHELLS = {"zsh": "zsh", "fish": "fish", "node": "nodejs", "npm": "npm"}
"""Program → the package that has it."""


if __name__ == "__main__":
    if missing := [package for shell, package in SHELLS.items() if not shutil.which(shell)]:
        install(missing, "the tests of shells")
