"""Beam's own options, and the local runner that is correct: FnApiRunner in memory.

`multi_threading` loses rows, and DirectRunner tries to download another runner first;
so neither is ever used. Both cores are kept busy by the reader's own thread.
"""

import argparse
import difflib
import logging
from collections.abc import Sequence
from typing import Any

import apache_beam as beam
from apache_beam.options.pipeline_options import (
    GoogleCloudOptions,
    PipelineOptions,
    SetupOptions,
    StandardOptions,
    WorkerOptions,
)
from apache_beam.runners.portability.fn_api_runner.fn_runner import FnApiRunner

from auto_schema.errors import ConfigError, SyncError
from auto_schema.names import label
from pipeline.launch.beam.flag_values import beam_value_faults
from pipeline.launch.beam.uploads import launching
from pipeline.parameters.options import Options
from pipeline.parameters.table import BY_NAME
from pipeline.parameters.version import VERSION
from smart_sync.request import SyncRequest
from warehouse.jobs import APPLICATION

LEAVE_OUT = "leave it out."
REFUSED = {
    "streaming": ("a sync is a batch job: it ends when its window is published", LEAVE_OUT),
    "update": ("a job that runs is never replaced: the next run settles it", LEAVE_OUT),
    "transform_name_mapping": ("a job that runs is never replaced", LEAVE_OUT),
    "dry_run": (
        "Beam would submit nothing, whatever its value, and leave the table locked",
        "use --plan_only=true: it shows what a run would do.",
    ),
}
"""Beam's flags that a sync can't use, why, and what to do instead."""


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
    classes: list[type[PipelineOptions]] = []
    subclass: Any
    for subclass in cls.__subclasses__():
        classes += [subclass, *_subclasses(subclass)]
    return classes


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
            what = "flag of another kind of job"
            faults.append(ConfigError(what, f"--{name}", *REFUSED[name]))
        elif name not in flags:
            near = difflib.get_close_matches(name, [*BY_NAME, *flags], 1)
            fix = f"did you mean --{near[0]}?" if near else "see README.md for the parameters."
            faults.append(ConfigError("unknown parameter", f"--{name}", "", fix))
    return faults + beam_value_faults(argv, flags)


def beam_options(options: Options) -> PipelineOptions:
    """Options for Beam: all its flags untouched; locally the correct runner and mode."""
    argv = list(options.beam_argv)
    if options.is_local:
        parsed = PipelineOptions(argv, direct_running_mode="in_memory", direct_num_workers=1)
        parsed.view_as(StandardOptions).runner = "FnApiRunner"
        return parsed
    parsed = PipelineOptions(argv)
    if not options.flag("save_main_session"):
        parsed.view_as(SetupOptions).save_main_session = False
    if options.worker_image:
        parsed.view_as(WorkerOptions).sdk_container_image = options.worker_image
    cloud = parsed.view_as(GoogleCloudOptions)
    cloud.staging_location = cloud.staging_location or options.request.run.temp_location
    cloud.temp_location = cloud.temp_location or options.request.run.temp_location
    cloud.labels = [*job_labels(options.request), *(cloud.labels or ())]  # the last one holds
    return parsed


def job_labels(request: SyncRequest) -> list[str]:
    """Labels by which Dataflow's console and its costs tell syncs apart."""
    labels = {
        "application": APPLICATION,
        "data_source": request.data_source,
        "destination": request.destination.table,
        "template_version": VERSION,
    }
    return [f"{key}={label(value)}" for key, value in labels.items()]


def run(options: Options, build: Any) -> None:
    """Build the graph with `build(root)`, and run it here to its end or launch it.

    Raises:
        ConfigError, TargetError: it could not be launched.
    """
    if options.is_local:
        pipeline = beam.Pipeline(runner=FnApiRunner(), options=beam_options(options))
        build(pipeline)
        logging.getLogger("apache_beam").setLevel(logging.CRITICAL)
        pipeline.run().wait_until_finish()
        return
    with launching(options):
        pipeline = beam.Pipeline(options=beam_options(options))
    build(pipeline)
    with launching(options):
        pipeline.run()
