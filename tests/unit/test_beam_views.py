"""The memory under Beam's options: what a look gives stays the same."""

import pytest
from apache_beam.options.pipeline_options import (
    DebugOptions,
    GoogleCloudOptions,
    PipelineOptions,
    StandardOptions,
)

from tests.beam_views import Views

FLAGS = ["--runner=FnApiRunner", "--experiments=a", "--labels=k=v", "--unknown=1"]


@pytest.fixture
def looks() -> list[type]:
    """The classes whose command lines were parsed."""
    return []


@pytest.fixture
def views(looks: list[type]) -> Views:
    def look(options: PipelineOptions, kind: type) -> PipelineOptions:
        looks.append(kind)
        view = kind(options._flags)
        options._all_options = dict(vars(view._visible_options)) | options._all_options
        view._all_options = options._all_options
        return view

    return Views(look)


def test_a_command_line_is_parsed_once_for_each_class(views: Views, looks: list[type]) -> None:
    for _ in range(3):
        options = PipelineOptions(FLAGS)
        assert views.view(options, StandardOptions).runner == "FnApiRunner"
        assert views.view(options, GoogleCloudOptions).labels == ["k=v"]
    assert views.view(PipelineOptions([]), StandardOptions).runner is None
    assert looks == [StandardOptions, GoogleCloudOptions, StandardOptions]


def test_all_views_of_the_same_options_share_their_values(views: Views) -> None:
    options = PipelineOptions(FLAGS)
    for _ in range(2):
        views.view(options, DebugOptions).experiments.append("b")
    assert views.view(options, DebugOptions).experiments == ["a", "b", "b"]


def test_what_is_set_in_one_is_not_seen_in_other_options(views: Views) -> None:
    for _ in range(2):
        options = PipelineOptions(FLAGS)
        seen = views.view(options, DebugOptions)
        assert seen.experiments == ["a"]
        seen.experiments.append("b")
        seen.experiments = [*seen.experiments, "c"]


def test_a_value_that_was_given_beside_the_flags_stays(views: Views) -> None:
    for _ in range(2):
        options = PipelineOptions(FLAGS, runner="Other")
        assert views.view(options, StandardOptions).runner == "Other"


def test_an_error_of_the_command_line_is_told_each_time(views: Views, looks: list[type]) -> None:
    for _ in range(2):
        with pytest.raises(SystemExit):
            views.view(PipelineOptions(["--streaming=what"]), StandardOptions)
    assert len(looks) == 2
