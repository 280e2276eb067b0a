"""WriteToBigQueryAtomically: batches of Arrow into one table, by one job at the end."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
import pyarrow as pa
from apache_beam.metrics.metric import Metrics
from apache_beam.options.pipeline_options import GoogleCloudOptions
from apache_beam.transforms.window import GlobalWindow
from apache_beam.utils.windowed_value import WindowedValue

from auto_schema.errors import ConfigError
from pipeline.api.beam import batches as coders  # noqa: F401 - registers the coder of batches
from pipeline.api.staged_writing import (
    BegunWrite,
    BundleFile,
    StagedPart,
    Write,
    Written,
    begin,
    publish,
    write_of,
)
from pipeline.parameters.options import endpoints_here


class _Begin(beam.DoFn):
    def __init__(self, write: Write) -> None:
        self._write = write

    def process(self, _: bytes) -> Iterator[BegunWrite]:
        yield begin(self._write)


class _Stage(beam.DoFn):
    """A bundle is a file, which counts when the bundle has ended well."""

    def __init__(self) -> None:
        self._rows = Metrics.counter("sync", "rows_staged")
        self._file: BundleFile | None = None

    def start_bundle(self) -> None:
        if self._file is not None:
            self._file.abandon()
        self._file = None

    def process(self, batch: pa.RecordBatch, begun: BegunWrite) -> None:
        self._file = self._file or BundleFile(begun)
        self._file.write(batch)
        self._rows.inc(batch.num_rows)

    def finish_bundle(self) -> Iterator[WindowedValue]:
        file, part = self._file, self._file.finish() if self._file else None
        self._file = None if part else file
        if part is not None:
            window = GlobalWindow()
            yield WindowedValue(part, window.max_timestamp(), (window,))

    def teardown(self) -> None:
        self.start_bundle()


class _Publish(beam.DoFn):
    def __init__(self, write: Write) -> None:
        self._write = write

    def process(
        self, _: bytes, begun: BegunWrite, parts: Iterable[StagedPart]
    ) -> Iterator[Written]:
        yield publish(self._write, begun, list(parts))


class _Clear(beam.DoFn):
    """Behind the publishing step, which then is never run again."""

    def process(self, written: Written, begun: BegunWrite) -> Iterator[Written]:
        begun.folder.clear()
        yield written


@dataclass(eq=False)
class WriteToBigQueryAtomically(beam.PTransform):
    """Batches of Arrow → what was written, once all of it is visible.

    Nothing is visible until every batch is staged; then one load job publishes all of them. A
    bundle that Beam runs again adds no row twice, nor does the publishing step: its job has one
    id. A pipeline that fails leaves the table as it was; its files stay in `temp_location`, below
    `smart_sync_writes`.

    It takes no lock and moves no watermark: two pipelines that write at once are each all or
    nothing, one after the other. A pipeline that is started again writes its rows again, as
    `WRITE_APPEND` says. Don't append so to a table that a smart sync fills: it goes by MAX.

    Attributes:
        table: `project.dataset.table`.
        temp_location: where files are staged: a folder of a bucket in the dataset's location, or
            for local runs a local one; empty: Beam's `--temp_location`.
        write_disposition: `WRITE_APPEND`, `WRITE_TRUNCATE` (all rows are replaced, by the same
            job) or `WRITE_EMPTY` (the table must have none).
        create_disposition: `CREATE_IF_NEEDED` (with the batches' own types) or `CREATE_NEVER`.
        job_project: where the job runs and is billed; empty: the table's.
        max_retries: of a transient fault of BigQuery.

    Raises:
        ConfigError: wrong settings, when it is made or applied. When the pipeline runs:
            SchemaError (batches that differ, or don't fit the table), TargetError.
    """

    table: str
    temp_location: str = ""
    write_disposition: str = "WRITE_APPEND"
    create_disposition: str = "CREATE_IF_NEEDED"
    job_project: str = ""
    max_retries: int = 3

    def __post_init__(self) -> None:
        self._write(self.temp_location or "set-later")

    def _write(self, temp_location: str) -> Write:
        return write_of(
            self.table,
            temp_location,
            self.write_disposition,
            self.create_disposition,
            job_project=self.job_project,
            endpoints=endpoints_here(),
            max_retries=self.max_retries,
        )

    def expand(self, batches: Any) -> Any:
        if not batches.windowing.is_default():
            fix = "put beam.WindowInto(beam.window.GlobalWindows()) before it, in a batch pipeline."
            raise ConfigError("windows", self.table, "one write is one table's whole change", fix)
        if not batches.is_bounded:
            why = "rows become visible at the end, and it has none"
            fix = "write from a batch pipeline."
            raise ConfigError("an unbounded collection", self.table, why, fix)
        options = batches.pipeline.options.view_as(GoogleCloudOptions)
        write = self._write(self.temp_location or options.temp_location or "")
        root = batches.pipeline
        begun = (
            root
            | "Begin" >> beam.Impulse()
            | "Look at the table" >> beam.ParDo(_Begin(write)).with_output_types(BegunWrite)
            | "Keep its name" >> beam.Reshuffle()
        )
        one = beam.pvalue.AsSingleton(begun)
        staged = batches | "Stage as Parquet" >> beam.ParDo(_Stage(), one).with_output_types(
            StagedPart
        )
        return (
            root
            | "End" >> beam.Impulse()
            | "Publish"
            >> beam.ParDo(_Publish(write), one, beam.pvalue.AsIter(staged)).with_output_types(
                Written
            )
            | "Keep what was published" >> beam.Reshuffle()
            | "Clear up" >> beam.ParDo(_Clear(), one).with_output_types(Written)
        )
