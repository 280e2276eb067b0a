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
)
