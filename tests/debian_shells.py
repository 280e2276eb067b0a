"""Debian's zsh and fish, at whose prompts tests type.

python -m tests.debian_shells     installs what is missing (`make shells` does)
"""

import shutil

from tests.debian import install

SHELLS = ("zsh", "fish")


if __name__ == "__main__":
    if missing := [shell for shell in SHELLS if not shutil.which(shell)]:
        install(missing, "the tests of completion")
