"""main.py as a program: what it does before anything of ours runs."""

import subprocess
import sys

from pipeline.parameters.docs import ROOT

LOOK = "import main, gc; print(gc.isenabled(), gc.get_freeze_count() > 100_000)"


def test_imports_are_not_looked_through_for_garbage_and_all_that_comes_later_is():
    words = [sys.executable, "-c", LOOK]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "True True\n"
