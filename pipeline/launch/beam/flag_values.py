"""What Beam would find wrong with its own flags, found before anything is touched.

Beam looks at most of them only after the run has begun, ends the process by itself for
some, and leaves labels to the service, which refuses them after the launcher has gone.
"""

import ast
import contextlib
import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

from apache_beam.options.pipeline_options import (
    GoogleCloudOptions,
    PipelineOptions,
    StandardOptions,
)
from apache_beam.options.pipeline_options_validator import PipelineOptionsValidator
from apache_beam.runners.dataflow.dataflow_runner import DataflowRunner

from auto_schema.errors import ConfigError, SyncError, shown
from pipeline.parameters.options import is_local_runner

BUCKET_FLAGS = ("temp_location", "staging_location")
LONGEST_LABEL = 63
"""https://cloud.google.com/dataflow/docs/guides/setting-pipeline-options#resource_utilization"""
LABEL_FIX = (
    "write it as --labels=key=value: lower-case letters, digits, _ and -, at most 63, the key"
    " begins with a letter."
)


def beam_value_faults(argv: Sequence[str], flags: set[str]) -> list[SyncError]:
    """Values of Beam's flags that would end the launch later, or hang it.

    Args:
        argv: Beam's part of the command line.
        flags: all names that Beam knows.
    """
    given = PipelineOptions(list(argv))
    refused = _refused_by_argparse(given)
    if refused:
        return [_fault(text, flags) for text in refused]
    faults = _runner_faults(given.view_as(StandardOptions).runner)
    if "dataflow" not in str(given.view_as(StandardOptions).runner).lower():
        return faults
    faults += [_fault(text, flags) for text in _validated(given)]
    return faults + _label_faults(given.view_as(GoogleCloudOptions).labels or ())


def _refused_by_argparse(given: PipelineOptions) -> list[str]:
    """What argparse says before it ends the process: of each class of flags its first fault."""
    told = list[str]()
    for options in PipelineOptions.__subclasses__():
        printed = io.StringIO()
        try:
            with contextlib.redirect_stderr(printed):
                given.view_as(options)
        except SystemExit:
            told.append(printed.getvalue().rpartition("error: ")[2].strip())
    return list(dict.fromkeys(told))


def _runner_faults(runner: str | None) -> list[SyncError]:
    name = (runner or "").lower()
    if is_local_runner(name) or name.removesuffix("runner") == "dataflow":
        return []
    fix = "give --runner=DataflowRunner, or leave it out for a run in this process."
    return [ConfigError("unknown runner", "--runner", shown(runner), fix)]


def _validated(given: PipelineOptions) -> list[str]:
    """Beam's own checks, but for those that ask Cloud Storage."""
    validator: Any = PipelineOptionsValidator(given, DataflowRunner())
    cloud = given.view_as(GoogleCloudOptions)
    cloud.dataflow_endpoint = GoogleCloudOptions.DATAFLOW_ENDPOINT  # a stand-in's is no such URL
    told: list[str] = validator.validate_cloud_options(cloud)
    told += _place_faults(validator, cloud)
    for options in validator.OPTIONS:
        if options is not GoogleCloudOptions and "validate" in options.__dict__:
            told += given.view_as(options).validate(validator)
    return told


def _place_faults(validator: Any, cloud: Any) -> list[str]:
    """Where one of the two folders is malformed, Beam takes the other."""
    paths = {name: str(getattr(cloud, name) or "") for name in BUCKET_FLAGS}
    paths = {name: path for name, path in paths.items() if path.startswith("gs://")}
    faults: list[list[str]] = [validator.validate_gcs_path(cloud, name) for name in paths]
    if not all(faults):  # one is whole: in the other the folder may be missing, but no bucket
        for name, path in paths.items():
            if path.rstrip("/").count("/") == 2:
                setattr(cloud, name, f"{path.rstrip('/')}/folder")
        faults = [validator.validate_gcs_path(cloud, name) for name in paths]
    return [text for texts in faults for text in texts]


def _fault(text: str, flags: set[str]) -> ConfigError:
    named = [word for word in re.findall(r"\w+", text) if word in flags and "_" in word]
    named += [word for word in re.findall(r"\w+", text) if word in flags]
    where = f"--{named[0]}" if named else "Beam's flags"
    fix = "give it." if text.startswith("Missing") else "correct it, or leave it out."
    return ConfigError("Beam refuses a flag", where, text, fix)


def _label_faults(given: Sequence[str]) -> list[SyncError]:
    faults = list[SyncError]()
    for text in given:
        try:
            labels = _labels(text)
        except (ValueError, SyntaxError):
            why = f"{shown(text)} is neither key=value nor JSON"
            faults.append(ConfigError("malformed label", "--labels", why, LABEL_FIX))
            continue
        wrong = [word for pair in labels.items() for word in pair if not _fits(word)]
        wrong += [key for key in labels if key not in wrong and not key[:1].isalpha()]
        faults += [
            ConfigError("malformed label", f"--labels, {shown(word)}", "", LABEL_FIX)
            for word in wrong
        ]
    return faults


def _labels(text: str) -> Mapping[str, str]:
    """As Beam reads them: one by one, or all as an object."""
    if "{" not in text:
        key, _, value = text.partition("=")
        return {key: value}
    read = ast.literal_eval(text)
    if not isinstance(read, dict):
        raise ValueError(text)
    return {str(key): str(value) for key, value in read.items()}


def _fits(text: str) -> bool:
    legal = re.fullmatch(r"[\w-]*", text) and text == text.lower()
    return bool(legal) and len(text) <= LONGEST_LABEL
