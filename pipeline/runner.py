"""Beam's own options, and the local runner that is correct: FnApiRunner in memory.

`multi_threading` loses rows, and DirectRunner tries to download another runner first;
so neither is ever used. Both cores are kept busy by the reader's own thread.
"""

import argparse
import contextlib
import difflib
import io
import logging
from collections.abc import Sequence
from typing import Any

import apache_beam as beam
from apache_beam.options.pipeline_options import (
    GoogleCloudOptions,
    PipelineOptions,
    SetupOptions,
    StandardOptions,
    TestOptions,
    WorkerOptions,
)
from apache_beam.options.pipeline_options_validator import PipelineOptionsValidator
from apache_beam.runners.portability.fn_api_runner.fn_runner import FnApiRunner
from apache_beam.runners.runner import create_runner

from auto_schema.errors import ConfigError, SyncError
from auto_schema.names import label
from pipeline.options import LOCAL_RUNNERS, Options, beam_flag
from pipeline.parameters import BY_NAME
from pipeline.version import VERSION
from smart_sync.request import SyncRequest
from sources.bigquery_client import APPLICATION

REFUSED = {
    "streaming": "a sync is a batch job: it ends when its window is published",
    "update": "a job that runs is never replaced: the next run settles it and goes on",
    "transform_name_mapping": "a job that runs is never replaced",
}
"""Beam's flags that a sync can't use, and why."""


def known_flags() -> set[str]:
    """Every flag that some class of Beam's options takes, without `--`."""
    parser = argparse.ArgumentParser(add_help=False, conflict_handler="resolve")
    classes: list[Any] = [PipelineOptions, *_subclasses(PipelineOptions)]
    for options in classes:
        add = options.__dict__.get("_add_argparse_args")
        if add is not None:
            options._add_argparse_args(parser)
    return {
        text.removeprefix("--")
        for action in parser._actions
        for text in action.option_strings
        if text.startswith("--")
    }


def _subclasses(cls: type) -> list[type[PipelineOptions]]:
    found: list[type[PipelineOptions]] = []
    each: Any
    for each in cls.__subclasses__():
        found += [each, *_subclasses(each)]
    return found


def beam_flag_faults(argv: Sequence[str]) -> list[SyncError]:
    """Flags that neither we nor Beam know: a misspelt password must not reach job.json."""
    flags, faults = known_flags(), list[SyncError]()
    expects_value = False
    for word in argv:
        if not word.startswith("--"):
            if not expects_value:
                fix = "write parameters as --name=value; quote values with spaces."
                faults.append(ConfigError("stray argument", "command line", "", fix))
            expects_value = False
            continue
        name, has_value, _ = word.removeprefix("--").partition("=")
        expects_value = not has_value
        if name in REFUSED:
            fix = "leave it out."
            faults.append(
                ConfigError("flag of another kind of job", f"--{name}", REFUSED[name], fix)
            )
        elif name not in flags:
            near = difflib.get_close_matches(name, [*BY_NAME, *flags], 1)
            fix = f"did you mean --{near[0]}?" if near else "see README.md for the parameters."
            faults.append(ConfigError("unknown parameter", f"--{name}", "", fix))
    return faults


def beam_value_faults(argv: Sequence[str]) -> list[SyncError]:
    """What Beam would refuse in its own flags, but only once the lock is taken."""
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):  # argparse prints, and exits
            made = PipelineOptions(list(argv))
            made.get_all_options()
        errors = _validation_errors(made, beam_flag(argv, "runner"))
    except SystemExit:
        errors = [said.getvalue().strip().rpartition("error: ")[2]]
    except ValueError as error:
        errors = [str(error)]
    fix = "correct that flag; it goes to Beam as it is."
    return [ConfigError("refused by Beam", "command line", why, fix) for why in errors]


def _validation_errors(made: PipelineOptions, runner: str) -> list[str]:
    """Beam's own validation, without its looks at buckets: it would even make one.

    Raises:
        ValueError: there is no such runner.
    """
    local = runner.lower() in LOCAL_RUNNERS
    validator = PipelineOptionsValidator(made, FnApiRunner() if local else create_runner(runner))
    cloud = made.view_as(GoogleCloudOptions)
    errors: list[str] = []
    if (cloud.temp_location or "").startswith("gs://"):
        errors += validator.validate_gcs_path(cloud, "temp_location")
    cloud.temp_location = cloud.staging_location = "gs://looked-at/apart"
    made.view_as(TestOptions).dry_run = True
    return [text.rstrip(".") for text in [*errors, *validator.validate()]]


def beam_options(options: Options) -> PipelineOptions:
    """Options for Beam: all its flags untouched; locally the correct runner and mode."""
    argv = list(options.beam_argv)
    if options.is_local:
        made = PipelineOptions(argv, direct_running_mode="in_memory", direct_num_workers=1)
        made.view_as(StandardOptions).runner = "FnApiRunner"
        return made
    made = PipelineOptions(argv)
    if not options.flag("save_main_session"):
        made.view_as(SetupOptions).save_main_session = False
    if options.worker_image:
        made.view_as(WorkerOptions).sdk_container_image = options.worker_image
    cloud = made.view_as(GoogleCloudOptions)
    cloud.labels = [*(cloud.labels or ()), *job_labels(options.request)]
    return made


def job_labels(request: SyncRequest) -> list[str]:
    """Labels by which Dataflow's console and its costs tell syncs apart."""
    labels = {
        "application": APPLICATION,
        "data_source": request.data_source,
        "destination": request.destination.table,
        "template_version": VERSION,
    }
    return [f"{key}={label(value)}" for key, value in labels.items()]


def run(options: Options, build: Any) -> Any:
    """Build the graph with `build(root)` and run it; local runs end when this returns."""
    runner = FnApiRunner() if options.is_local else None
    pipeline = beam.Pipeline(runner=runner, options=beam_options(options))
    build(pipeline)
    if options.is_local:
        logging.getLogger("apache_beam").setLevel(logging.CRITICAL)
    result = pipeline.run()
    if options.is_local:
        result.wait_until_finish()
    return result
