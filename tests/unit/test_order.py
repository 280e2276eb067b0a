"""Long tests come first, and their files are there."""

from pipeline.parameters.docs import ROOT
from tests.order import LONG, TOGETHER, long_first


def test_tests_of_long_files_come_first_and_all_else_stays_as_it_was():
    tests = ["tests/b.py::x", f"{LONG[1]}::z[1]", "tests/a.py::y", f"{LONG[0]}::y", f"{LONG[1]}::a"]
    long_first(tests, str)
    assert tests == [
        f"{LONG[1]}::z[1]",
        f"{LONG[0]}::y",
        f"{LONG[1]}::a",
        "tests/b.py::x",
        "tests/a.py::y",
    ]


def test_files_that_share_what_is_dear_to_make_come_one_after_the_other():
    graph, mongodb = (f"{folder}test_a.py" for folder in reversed(TOGETHER))
    tests = [f"{graph}::x", "tests/b.py::x", f"{mongodb}::x", f"{graph}::y", f"{LONG[0]}::x"]
    long_first(tests, str)
    expected = [f"{LONG[0]}::x", f"{mongodb}::x", f"{graph}::x", f"{graph}::y", "tests/b.py::x"]
    assert tests == expected


def test_what_is_named_is_there():
    assert [path for path in (*LONG, *TOGETHER) if not (ROOT / path).exists()] == []


def test_a_run_of_all_begins_with_a_long_file(request):
    names = [item.nodeid.partition("::")[0] for item in request.session.items]
    is_long = [name in LONG for name in names]
    assert is_long == sorted(is_long, reverse=True)
