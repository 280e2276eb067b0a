"""How the C library of this process shares out its memory among threads."""

import ctypes
import os

MOST = 2
"""Arenas: of a table's lanes and what reads ahead for them, four threads allocate at once."""
_M_ARENA_MAX = -8
"""https://www.gnu.org/software/libc/manual/html_node/Malloc-Tunable-Parameters.html"""


def share_arenas() -> None:
    """Have threads that begin from now on share few arenas.

    The GNU C library keeps in each what its threads have let go of and others hold places
    between: after eight million rows twice what is in use. MALLOC_ARENA_MAX says otherwise;
    other C libraries have no arenas.
    """
    if "MALLOC_ARENA_MAX" in os.environ:
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, MOST)
