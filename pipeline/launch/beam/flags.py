"""What Beam would find wrong with its own flags, found before anything is touched.

Beam looks at most of them only after the run has begun, ends the process by itself for
some, and leaves labels to the service, which refuses them after the launcher has gone.
"""

import argparse
import ast
import contextlib
import difflib
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
from pipeline.parameters.table import BY_NAME

BUCKET_FLAGS = ("temp_location", "staging_location")
LONGEST_LABEL = 63
"""https://cloud.google.com/dataflow/docs/guides/setting-pipeline-options#resource_utilization"""
LABEL_FIX = (
    "write it as --labels=key=value: lower-case letters, digits, _ and -, at most 63, the key"
    " begins with a letter."
)
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


def beam_flag_faults(argv: Sequence[str]) -> list[SyncError]:
    """Flags that neither we nor Beam know, and values that Beam can't use.

    A misspelt password must not reach job.json. `argv` is Beam's part of the command line.
    """
    flags, faults = _known_flags(), list[SyncError]()
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
            fix = f"did you mean --{near[0]}?" if near else "see docs/parameters.md."
            faults.append(ConfigError("unknown parameter", f"--{name}", "", fix))
    told = {fault.where for fault in faults}
    return faults + [fault for fault in _value_faults(argv, flags) if fault.where not in told]


def _known_flags() -> set[str]:
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


def _value_faults(argv: Sequence[str], flags: set[str]) -> list[SyncError]:
    """Values of Beam's flags that would end the launch later, or hang it."""
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
