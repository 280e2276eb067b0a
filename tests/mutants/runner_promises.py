"""The promises of a run in this process."""

from tests.mutants.promises import Promise

PROMISES: tuple[Promise, ...] = (
    Promise(
        "Running locally",
        "A local run is one worker in memory, whatever Beam's flags say: its threads lose rows.",
        "tests/unit/test_options_whole.py::test_a_local_run_is_one_worker_in_memory_whatever_the_flags_say",
        "pipeline/launch/beam/submit.py",
        'direct_running_mode="in_memory"',
        'direct_running_mode="multi_threading"',
    ),
    Promise(
        "Running locally",
        "A run without Beam reads all splits, and ends as the graph does.",
        "tests/e2e/test_without_beam.py::test_the_graph_and_plain_code_end_alike",
        "pipeline/launch/sync.py",
        "        splits = plan.reading.splits",
        "        splits = plan.reading.splits[:1]",
    ),
    Promise(
        "Running locally",
        "A flag that nobody knows is told whether or not Beam is needed for the run.",
        "tests/unit/test_main.py::test_beam_is_imported_when_a_command_line_speaks_to_it",
        "pipeline/launch/beam_at_need.py",
        "    if not says_something_to_beam(argv):",
        "    if True:",
    ),
    Promise(
        "Running locally",
        "A run in this process has no more connections than may be, and one for each of many tables.",
        "tests/unit/test_lanes.py::test_a_table_by_itself_in_this_process_has_its_lanes_within_the_limit",
        "smart_sync/request.py",
        "        return 1 if self.run.batch_id else min(self.reading.lanes, most)",
        "        return self.reading.lanes",
    ),
    Promise(
        "Running locally",
        "No more splits are read at once than there are connections, and that many are.",
        "tests/unit/test_lanes.py::test_two_splits_are_read_at_once_and_never_more",
        "pipeline/execution/lanes.py",
        "    count = min(plan.reading.connections, len(splits))",
        "    count = len(splits)",
    ),
    Promise(
        "Running locally",
        "A lane that fails ends the others amid their splits, and nothing of these is left.",
        "tests/unit/test_lanes.py::test_a_lane_that_fails_ends_the_others_amid_their_splits",
        "pipeline/execution/lanes.py",
        "                if self.stopped.is_set():\n                    return\n",
        "",
    ),
    Promise(
        "Running locally",
        "What a lane raises is raised, once all of them have ended.",
        "tests/unit/test_lanes.py::test_what_a_lane_raises_is_raised_when_all_have_ended",
        "pipeline/execution/lanes.py",
        "        given.put(_LaneEnd(error))",
        "        given.put(_LaneEnd())",
    ),
    Promise(
        "Running locally",
        "What one lane notes for the others is whole before they see it.",
        "tests/unit/test_lanes.py::test_a_note_of_one_lane_is_whole_before_another_sees_it",
        "pipeline/destination/folder.py",
        "            with self._small, open(path",
        "            with open(path",
    ),
)
