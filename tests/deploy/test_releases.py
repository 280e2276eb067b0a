"""The commands of docs/releases.md, run by the real gcloud and the scheduler's own parser."""

from pipeline.parameters.docs import ROOT
from tests.deploy.documents import blocks

PAGE = ROOT / "docs" / "releases.md"
PLACE = {"BUCKET": "my-bucket", "PROJECT": "my-project", "REGION": "us-central1", "TAG": "1-2"}


def test_templates_are_copied_out_of_the_way_and_back(shell, cloud):
    scripts = "\n".join(blocks(PAGE, "bash"))
    copies = [line for line in scripts.splitlines() if line.startswith("gcloud storage cp")]
    code, said = shell("\n".join(copies), **PLACE)
    assert (code, cloud.faults) == (0, []), said
    copied = [
        (request.values["sourceObject"], request.values["destinationObject"])
        for request in cloud.of("storage.objects.rewrite")
    ]
    moving, kept = "templates/smart-sync.json", "templates/smart-sync-before.json"
    assert copied == [(moving, kept), (kept, moving), (moving, "templates/smart-sync-1-2.json")]
