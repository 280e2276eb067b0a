"""main.py as a program: what it does before anything of ours runs."""

import subprocess
import sys

from pipeline.parameters.docs import ROOT

LOOK = "import main, gc; print(gc.isenabled(), gc.get_freeze_count() > 100_000)"
BEAM = """
import gc, sys, main
from pipeline.launch.beam_at_need import beam_flag_faults
print(beam_flag_faults(["--temp_location=/tmp"]), "apache_beam" in sys.modules)
frozen = gc.get_freeze_count()
print(len(beam_flag_faults(["--temp_location=/tmp", "--no_such_flag=1"])))
print("apache_beam" in sys.modules, gc.isenabled(), gc.get_freeze_count() > frozen)
"""


def said(program):
    words = [sys.executable, "-c", program]
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_imports_are_not_looked_through_for_garbage_and_all_that_comes_later_is():
    assert said(LOOK) == "True True\n"


def test_beam_is_imported_when_a_command_line_speaks_to_it():
    assert said(BEAM) == "[] False\n1\nTrue True True\n"
