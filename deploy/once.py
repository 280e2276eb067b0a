"""A check that takes minutes, and is made once for each content of its inputs."""

import time
from collections.abc import Callable
from pathlib import Path

from demo.run import CONSOLE


def once(name: str, mark: Path, check: Callable[[], None], *, only_if_changed: bool) -> None:
    """Make it, and remember that it held.

    Args:
        name: of what is checked.
        mark: the file that stands when these inputs were checked on this machine.
        check: raises where something isn't so.
        only_if_changed: whether one that has held need not be made again.
    """
    began = time.monotonic()
    if only_if_changed and mark.exists():
        CONSOLE.print(f"{name}: unchanged since it was checked")
        return
    check()
    mark.parent.mkdir(parents=True, exist_ok=True)
    mark.write_text("")
    CONSOLE.print(f"{name}: every check held, in {time.monotonic() - began:.0f} s")
