"""I/O. A graph as Dataflow gets it, run by workers that live elsewhere: in the image.

Dataflow can't be had on a laptop. Its part is played by Beam's FnApiRunner, which speaks
to workers over the same Fn API; the graph is the `pipeline.pb` that main.py staged.
"""

import sys
from pathlib import Path

from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.portability import common_urns
from apache_beam.portability.api import beam_runner_api_pb2, endpoints_pb2
from apache_beam.runners.portability.fn_api_runner.fn_runner import FnApiRunner


def run_graph(path: Path, workers: str) -> str:
    """Run a staged graph on the workers of a pool.

    Args:
        path: the `pipeline.pb`.
        workers: the pool's `host:port`.

    Returns:
        The state that the pipeline ended in, such as `DONE`.

    Raises:
        RuntimeError: a worker could not run it.
    """
    graph = beam_runner_api_pb2.Pipeline.FromString(path.read_bytes())
    address = endpoints_pb2.ApiServiceDescriptor(url=workers)
    payload = beam_runner_api_pb2.ExternalPayload(endpoint=address)
    for environment in graph.components.environments.values():
        environment.urn = common_urns.environments.EXTERNAL.urn
        environment.payload = payload.SerializeToString()
        del environment.dependencies[:]
    result = FnApiRunner().run_via_runner_api(graph, PipelineOptions([]))
    return str(result.wait_until_finish())


if __name__ == "__main__":
    print(run_graph(Path(sys.argv[1]), sys.argv[2]))
