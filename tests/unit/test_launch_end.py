"""The end of a launch of many tables, from what its steps have told."""

from pipeline.execution.packing import LaunchOnItsWay
from pipeline.runs.many_report import TableResult
from pipeline.steps.launch_end import LaunchEnd, end_launch
from warehouse.names import Endpoints

LAUNCH = LaunchOnItsWay("b", "gs://b/t", False, (), "p", "US", 1, Endpoints())


def test_a_table_of_which_no_step_has_told_an_end_is_a_failed_one():
    end = LaunchEnd(LAUNCH, ("a", "b"), (), None)
    results = end_launch(end, [TableResult("a", 0, "succeeded")])
    assert [(result.name, result.exit_code) for result in results] == [("a", 0), ("b", 70)]


def test_tables_that_never_began_and_those_that_did_are_told_together_by_name():
    end = LaunchEnd(LAUNCH, ("a", "c"), (TableResult("b", 6, "failed", "locked"),), None)
    ends = [TableResult(name, 0, "succeeded") for name in ("c", "a")]
    assert [result.name for result in end_launch(end, ends)] == ["a", "b", "c"]
