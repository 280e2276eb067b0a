"""main.py as a program: what it does before anything of ours runs."""

import subprocess
import sys

from pipeline.parameters.docs import ROOT

LOOK = "import main, gc; print(gc.isenabled(), gc.get_freeze_count() > 100_000)"
MEMORY = "import main, pyarrow; print(pyarrow.default_memory_pool().backend_name)"
BEAM = """
import gc, sys, main
from pipeline.launch.beam_at_need import beam_flag_faults
print(beam_flag_faults(["--temp_location=/tmp"]), "apache_beam" in sys.modules)
frozen = gc.get_freeze_count()
print(len(beam_flag_faults(["--temp_location=/tmp", "--no_such_flag=1"])))
print("apache_beam" in sys.modules, gc.isenabled(), gc.get_freeze_count() > frozen)
"""
PARSER = """
import sys, main
from sources.postgresql import inspector, source
from sources.postgresql.shape import shape
shape('SELECT * FROM "s"."t"')
print("sqlglot" in sys.modules)
shape("SELECT a FROM t")
print("sqlglot" in sys.modules)
"""
OTHERS = ("yaml", "pymongo", "rich", "google.cloud.secretmanager_v1", "pipeline.launch.many")
TABLE = f"""
import sys, main
from sources.registry import SOURCES
print(SOURCES["postgresql"].name, *({{*{OTHERS}}} & {{*sys.modules}}))
"""


def said(program):
    words = [sys.executable, "-c", program]
    return subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_arrow_takes_its_memory_of_the_c_library():
    assert said(MEMORY) == "system\n"


def test_imports_are_not_looked_through_for_garbage_and_all_that_comes_later_is():
    assert said(LOOK) == "True True\n"


def test_beam_is_imported_when_a_command_line_speaks_to_it():
    assert said(BEAM) == "[] False\n1\nTrue True True\n"


def test_the_parser_of_sql_is_imported_for_a_query_and_not_for_a_table_by_itself():
    assert said(PARSER) == "False\nTrue\n"


def test_a_table_of_postgresql_imports_nothing_of_other_sources_launches_and_screens():
    assert said(TABLE) == "postgresql\n"
