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
)
