"""Beam, Dataflow, and gcloud, which launches there."""

from tests.behaviours.behaviour import Behaviour

BEAM = "apache-beam 2.77.0"
SERVICE = "Dataflow"
SHOWN = "tests/unit/test_behaviours_libraries.py::"

BEHAVIOURS = (
    Behaviour(
        BEAM,
        "A RecordBatch is coded by pickle, so that a slice weighs as much as its parent.",
        "beam.coders.registry.get_coder(pa.RecordBatch)",
        "A coder of our own, registered when the graph is built.",
        SHOWN + "test_beams_coder_of_a_batch_pickles",
        "tests/graph/test_jobs.py::test_batches_travel_as_arrow_in_our_coder_wherever_they_flow",
    ),
    Behaviour(
        BEAM,
        "Where a module postpones its annotations (`from __future__ import annotations`), a step's"
        " output is of any type, and is pickled without a word.",
        "(p | beam.ParDo(Step())).element_type",
        "Not in `pipeline/`; no collection of ours is of any type.",
        SHOWN + "test_beam_knows_no_type_where_annotations_are_postponed",
        "tests/graph/test_graph.py::test_no_collection_is_of_any_type",
    ),
    Behaviour(
        BEAM,
        "DirectRunner first tries to download another runner, and its `multi_threading` lost rows"
        " without an error in 2 of 32 runs of a graph with two shuffles.",
        "https://github.com/apache/beam/blob/v2.77.0/sdks/python/apache_beam/runners/direct/"
        "direct_runner.py",
        "A local run is FnApiRunner in memory, whatever the flags say.",
        "",
        "tests/unit/test_options_whole.py::"
        "test_a_local_run_is_one_worker_in_memory_whatever_the_flags_say",
    ),
    Behaviour(
        BEAM,
        "Under a template's launcher `run()` returns at once, as DONE: what stands after it runs"
        " before any worker exists.",
        "https://cloud.google.com/dataflow/docs/guides/templates/configuring-flex-templates",
        "Publishing, clearing and the report are steps of the graph.",
        "",
        "tests/graph/test_launches.py::"
        "test_a_launch_leaves_the_destination_untouched_under_a_lock_that_is_held",
    ),
    Behaviour(
        BEAM,
        "Every option of the command line is written into the job in plain text, unknown ones too.",
        "main.py --template_location=DIR/job.json --pasword=secret; grep secret DIR/job.json",
        "Our parameters never reach Beam; an unknown flag is refused without its value.",
        "",
        "tests/graph/test_job_contents.py::"
        "test_a_plain_password_is_nowhere_but_in_the_graph_in_every_mode",
    ),
    Behaviour(
        BEAM,
        "A lambda travels to workers as pickled code, and its label in the graph is its file and"
        " line.",
        "p | beam.Map(lambda x: x)",
        "Steps are classes of installed packages, each with a label of words.",
        "tests/graph/test_jobs.py::test_a_lambda_is_found_to_travel_as_code",
        "tests/graph/test_jobs.py::test_no_code_travels_but_names_of_it",
    ),
    Behaviour(
        BEAM,
        "`--dry_run` submits nothing whatever its value is, and ends as if it had.",
        "main.py --runner=DataflowRunner --dry_run=false",
        "Refused; `--plan_only=true` shows what a run would do.",
        "",
        "tests/graph/test_launches.py::test_flags_of_another_kind_of_job_are_refused",
    ),
    Behaviour(
        BEAM,
        "An upload of the job is tried for ten minutes whatever the reason, also when the"
        " bucket's name is wrong.",
        "main.py --runner=DataflowRunner --staging_location=gs://no-such-bucket/x",
        "Buckets are looked at before the lock is taken, and a refused upload ends the launch.",
        "",
        "tests/e2e/test_launch_failures.py::test_an_upload_that_is_refused_ends_the_run_with_5",
    ),
    Behaviour(
        SERVICE,
        "A step that raises is run again, four times in batch, and work of its bundle that had"
        " succeeded is done again.",
        "https://docs.cloud.google.com/dataflow/docs/guides/common-errors",
        "Names of files and jobs come from run, split and attempt: doing it twice is doing it"
        " once.",
        "",
        "tests/e2e/test_broken_steps.py::test_rows_of_a_bundle_that_is_run_again_come_once",
    ),
    Behaviour(
        SERVICE,
        "While a job of a name is active, a second launch under that name is refused (409).",
        "https://github.com/apache/beam/blob/v2.77.0/sdks/python/apache_beam/runners/dataflow/"
        "internal/apiclient.py",
        "A schedule's job keeps its name: the first lock between its runs.",
        "",
        "tests/deploy/test_terraform.py::test_a_schedule_never_retries_and_keeps_its_job_name",
    ),
    Behaviour(
        "gcloud 528",
        "`--parameters=a=b,query=SELECT x, y` is cut at every comma; where an equals sign follows,"
        " something else is sent without a word.",
        "gcloud topic escaping",
        'A file of flags, or another separator: `--parameters="^~^a=b~c=d"`.',
        "tests/deploy/test_commands.py::"
        "test_the_form_with_commas_fails_or_corrupts_as_the_page_says",
        "tests/deploy/test_commands.py::test_any_query_arrives_byte_for_byte_from_a_flags_file",
    ),
    Behaviour(
        "gcloud 528",
        "In a file of flags YAML's folded form `>-` leaves a control character at each fold.",
        "gcloud … --flags-file=orders.yaml",
        "Long queries stand in `|-`.",
        "tests/deploy/test_commands.py::test_a_block_of_yaml_keeps_lines_and_a_folded_one_does_not",
        "tests/deploy/test_examples.py::test_the_flags_arrive_as_they_are_written",
    ),
)
