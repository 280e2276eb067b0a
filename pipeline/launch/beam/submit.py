"""Beam's own options, and the local runner that is correct: FnApiRunner in memory.

`multi_threading` loses rows, and DirectRunner tries to download another runner first;
so neither is ever used. Both cores are kept busy by the reader's own thread.
"""

import logging
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

from auto_schema.names import label
from pipeline.launch.beam.uploads import launching
from pipeline.parameters.options import Options
from pipeline.parameters.version import VERSION
from smart_sync.request import SyncRequest
from warehouse.jobs import APPLICATION


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
    batch_id = request.run.batch_id
    labels = {
        "application": APPLICATION,
        "data_source": request.data_source,
        **({"batch_id": batch_id} if batch_id else {"destination": request.destination.table}),
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
