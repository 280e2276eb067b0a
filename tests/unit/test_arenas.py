"""Threads of a launch share arenas of the C library, which keeps in each what was let go of."""

import os
import subprocess
import sys

import pytest

ARENAS = """
import ctypes, sys, threading
from pipeline.launch.arenas import share_arenas

share_arenas()
all_hold = threading.Barrier(6)

def work():
    held = [bytearray(5_000) for _ in range(100)]
    all_hold.wait(30)

threads = [threading.Thread(target=work) for _ in range(6)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
library = ctypes.CDLL(None)
out = ctypes.c_void_p.in_dll(library, "stdout")
library.malloc_info(0, out)
library.fflush(out)
"""


@pytest.mark.parametrize(("said", "arenas"), [({}, 2), ({"MALLOC_ARENA_MAX": "3"}, 3)])
def test_threads_share_two_arenas_where_nobody_says_otherwise(said, arenas):
    environ = {k: v for k, v in os.environ.items() if k != "MALLOC_ARENA_MAX"} | said
    command = [sys.executable, "-c", ARENAS]
    ended = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60)
    assert ended.stdout.count("<heap nr=") == arenas, ended.stderr
