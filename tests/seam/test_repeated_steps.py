"""A step that is run again finds its jobs by their ids: each must stand for the same files."""

import pytest
from google.api_core.exceptions import Unauthorized

from pipeline.destination.elements import StagedFile
from pipeline.destination.jobs import load_into_existing
from tests.factories import a_plan
from tests.seam.service import Service, client_of

FILES = [StagedFile(f"gs://my-bucket/temp/{name}.parquet", 10, 1) for name in "abcde"]


@pytest.mark.usefixtures("paused")
def test_files_in_another_order_are_each_loaded_once(monkeypatch):
    """The first two of three jobs were sent when the worker was lost."""
    monkeypatch.setattr("pipeline.destination.jobs.MAX_URIS", 2)
    service, loaded, plan = Service(), [], a_plan()

    def effect(job):
        uris = job.body["configuration"]["load"]["sourceUris"]
        loaded.extend(uris)
        job.output_rows = 10 * len(uris)

    service.effects |= {f"stage_{number}": effect for number in range(3)}

    def until_the_third(method, path, **words):
        if service.jobs.keys() >= {f"sync_{plan.run.run_id}_stage_{n}_1" for n in (0, 1)}:
            raise Unauthorized("the worker is gone")
        return service.request(method, path, **words)

    table = plan.run.staging.table
    with pytest.raises(Exception, match="the worker is gone"):
        load_into_existing(client_of(until_the_third), plan, table, FILES, "stage")
    assert len(loaded) == 4
    again = load_into_existing(client_of(service.request), plan, table, FILES[::-1], "stage")
    assert again == 50
    assert sorted(loaded) == [file.uri for file in FILES]
