"""The flags files of examples/ as gcloud sends them."""

import shutil

import pytest
import yaml

from pipeline.parameters.docs import ROOT
from tests.discovery import errors


@pytest.mark.parametrize("name", ["orders.yaml", "many.yaml"])
def test_the_flags_arrive_as_they_are_written(shell, cloud, place, name):
    shutil.copytree(ROOT / "examples", place / "examples")
    text = (ROOT / "examples" / name).read_text(encoding="utf-8")
    command = text.partition("\n")[0].removeprefix("# ")
    code, said = shell(command)
    assert (code, cloud.faults) == (0, []), said
    (request,) = cloud.of("dataflow.projects.locations.flexTemplates.launch")
    assert errors("dataflow.v1b3", "LaunchFlexTemplateRequest", request.body) == []
    launch = request.body["launchParameter"]
    flags = yaml.safe_load(text)
    assert launch["parameters"] == flags["--parameters"]
    assert launch["environment"]["maxWorkers"] == flags["--max-workers"]
