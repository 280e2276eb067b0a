"""What a local BigQuery of the tests has translated, no other on the machine translates again."""

import re
import subprocess
from pathlib import Path

from demo.servers import BIGQUERY_ENVIRONMENT
from tests.local_bigquery.kept import BESIDE, Kept, name_of

FOLDER = Path(__file__).parents[1] / "local_bigquery"
AS_ANOTHER = """
import sys
from pathlib import Path

sys.path.insert(0, sys.argv[1])
from kept import Kept
from translations import Translations
from local_bigquery.catalog import row_access
from local_bigquery.sql.translate import Context, parse

translated = []
row_access.secured = frozenset  # as `keep_resources` has it

def translate(tree, context):
    translated.append(tree)
    context.used.add("p")
    context.temporary.add("own")
    context.referenced.add(("demo-project", dataset, "t"))
    return f"SQL {len(translated)} of {dataset}", {"p": context.values["p"]}

def answer(state):
    context = Context("demo-project", None, {"p": "$p"}, {"p": dataset})
    (tree,) = parse(f"SELECT @p FROM `demo-project.{dataset}.t`")
    server = Translations(translate, lambda _: state, Kept(Path(sys.argv[2])))
    sql, bound = server.translate(tree, context)
    return [sql, bound, context.used, context.temporary, context.referenced]

def expected(number):
    told = {("demo-project", dataset, "t")}
    return [f"SQL {number} of {dataset}", {"p": dataset}, {"p"}, {"own"}, told]

for dataset in ("d1_2", "d34_567", "d34_5_src", "graph_12_launch_3", "hunt_7_8", "chaos_3_18ab"):
    assert answer([("a", "BIGINT")]) == expected(1)
    assert answer([("a", "VARCHAR")]) == expected(2)
assert len(translated) == 2
"""
OF_MOMENTS = """
import sys
from pathlib import Path

sys.path.insert(0, sys.argv[1])
from kept import Kept
from translations import Translations
from local_bigquery.catalog import row_access
from local_bigquery.sql.translate import Context, parse

row_access.secured = frozenset  # as `keep_resources` has it

def translations_of(moments, alter):
    kept, translated = Path(f"{sys.argv[2]}-{alter.__name__}"), []

    def translate(tree, context):
        translated.append(tree)
        return alter(tree.sql()), {}

    for moment in moments:
        (tree,) = parse(f"SELECT TIMESTAMP '{moment}'")
        server = Translations(translate, lambda _: None, Kept(kept))
        sql, _ = server.translate(tree, Context("demo-project", None, {}, {}))
        assert sql == alter(tree.sql()), sql
    return len(translated)

ONES = ["2026-11-30 10:07:05.024225+00", "2025-01-02 00:00:00+00", "2031-12-31 23:59:59.1+00"]
assert translations_of(ONES, str.lower) == 1
assert translations_of(ONES, lambda sql: sql.replace("-", "")) == 3
assert translations_of([*ONES[:1], "1999-12-31 23:59:59+00", "2025-01-02"], str.title) == 3
"""


def _by_the_local_bigquery(script: str, kept: Path) -> None:
    python = BIGQUERY_ENVIRONMENT / "bin" / "python"
    command: list[str | Path] = [python, "-c", script, FOLDER, kept]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_statement_is_translated_once_on_a_machine(tmp_path: Path) -> None:
    _by_the_local_bigquery(AS_ANOTHER, tmp_path / "kept.sqlite")


def test_a_statement_of_another_moment_is_known_where_its_translation_has_the_moment_as_it_is(
    tmp_path: Path,
) -> None:
    _by_the_local_bigquery(OF_MOMENTS, tmp_path / "kept.sqlite")


def test_a_file_is_for_the_code_that_translates_and_no_other(tmp_path: Path) -> None:
    code = tmp_path / "code.py"
    code.write_text("a = 1\n")
    first = name_of([tmp_path], ["pytest"])
    assert name_of([tmp_path], ["pytest"]) == first
    assert name_of([tmp_path], ["pyarrow"]) != first
    code.write_text("a = 2\n")
    assert name_of([tmp_path], ["pytest"]) != first


def test_modules_that_bear_on_no_translation_touch_none() -> None:
    for name in BESIDE:
        text = (FOLDER / name).read_text()
        assert not re.search(
            r"\bsql\.(?:rules|translate|dialect)|\bsql import (?!script\b)", text
        ), name


def test_a_file_that_has_grown_begins_anew(tmp_path: Path) -> None:
    kept = Kept(tmp_path / "kept.sqlite", most=2)
    for text in ("one", "two", "three", "two"):
        kept.keep("key", text)
    assert kept.all_of("key") == ["three", "two", "one"]
    assert kept.all_of("another") == []
    assert Kept(tmp_path / "kept.sqlite", most=3).all_of("key") == ["three", "two", "one"]
    assert Kept(tmp_path / "kept.sqlite", most=2).all_of("key") == []


def test_who_cannot_read_or_write_the_file_goes_on_without(tmp_path: Path) -> None:
    kept, other = Kept(tmp_path / "kept.sqlite"), Kept(tmp_path / "kept.sqlite")
    other._connection.execute("BEGIN EXCLUSIVE")
    kept.keep("key", "text")
    other._connection.execute("ROLLBACK")
    assert kept.all_of("key") == []
