"""What a launch leaves in its template folder, and a search that looks into pickles too."""

import base64
import binascii
import bz2
import contextlib
import json
import pickletools
import re
import urllib.parse
import zlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from apache_beam.internal import pickler
from apache_beam.portability.api import beam_runner_api_pb2
from apache_beam.runners.pipeline_context import PipelineContext

IMAGE = "europe-docker.pkg.dev/my-project/sync/sync:1"
PACKED = re.compile(rb"[A-Za-z0-9+/]{40,}={0,2}")
JOB, GRAPH = "job_object", "pipeline.pb"


def launcher_flags(folder: Path) -> dict[str, str]:
    """The flags that the Flex launcher adds; a local address keeps Beam from asking Google."""
    return {
        "dataflow_endpoint": "http://localhost:1",
        "job_name": "orders-sync",
        "labels": "team=data",
        "project": "my-project",
        "region": "us-central1",
        "runner": "DataflowRunner",
        "sdk_container_image": IMAGE,
        "service_account_email": "sync@my-project.iam.gserviceaccount.com",
        "staging_location": str(folder),
        "temp_location": "gs://bkt/graph",
        "template_location": str(folder / JOB),
    }


def command_line(parameters: dict[str, Any]) -> list[str]:
    """Flags in the launcher's way: snake_case, sorted, each one word; None drops one."""
    given = {name: value for name, value in parameters.items() if value is not None}
    return [f"--{name}={given[name]}" for name in sorted(given)]


def unpacked(data: bytes) -> bytes:
    """A graph, and behind it what its pickled functions hold: base64 over zlib or bz2."""
    parts = [data]
    for match in PACKED.finditer(data):
        text = match.group()
        for start in range(4):  # a letter before it may have been matched too
            with contextlib.suppress(ValueError):
                packed = base64.b64decode(text[start : start + (len(text) - start) // 4 * 4])
                for unpack in (zlib.decompressobj().decompress, bz2.decompress):
                    with contextlib.suppress(zlib.error, OSError, ValueError):
                        parts.append(unpack(packed))
    return b"\n".join(parts)


def without_base64(data: bytes) -> bytes:
    """What is left to be searched for short words, which base64 holds by chance."""
    return PACKED.sub(b" ", data)


def forms_of(value: str) -> dict[str, bytes]:
    """How a text may be written, so that its plain form alone would not be found."""
    plain = value.encode()
    forms = {
        "plain": plain,
        "URL-quoted": urllib.parse.quote(value, safe="").encode(),
        "all URL-quoted": "".join(f"%{byte:02X}" for byte in plain).encode(),
        "JSON": json.dumps(value)[1:-1].encode(),
        "hex": binascii.hexlify(plain),
        "UTF-16": value.encode("utf-16-le"),
    }
    for shift in range(3):
        text = base64.b64encode(bytes(shift) + plain + bytes(3)).decode()
        certain = text[-(-shift * 8 // 6) : (shift + len(plain)) * 8 // 6]
        forms[f"base64, {shift} bytes before it"] = certain.encode()
        forms[f"URL-safe base64, {shift} bytes before it"] = certain.translate(
            str.maketrans("+/", "-_")
        ).encode()
    return forms


def found_in(data: bytes, value: str) -> list[str]:
    """The forms in which a text stands in data, packed or not; upper and lower case are one."""
    whole = unpacked(data)
    lower = whole.lower()
    return [
        name
        for name, form in forms_of(value).items()
        if (form in whole if "base64" in name else form.lower() in lower)
    ]


@dataclass(frozen=True)
class Launched:
    """One launch: its exit code, all that it said, the folder with what it wrote, and the values
    of its flags."""

    code: int
    said: str
    folder: Path
    table: str
    given: frozenset[str]

    @cached_property
    def files(self) -> dict[str, bytes]:
        """Every file of the template folder."""
        found = (path for path in self.folder.rglob("*") if path.is_file())
        return {str(path.relative_to(self.folder)): path.read_bytes() for path in found}

    @cached_property
    def job(self) -> dict[str, Any]:
        """The job as Dataflow is given it."""
        loaded: dict[str, Any] = json.loads(self.files[JOB])
        return loaded

    @cached_property
    def graph(self) -> Any:
        """Beam's proto of the pipeline."""
        return beam_runner_api_pb2.Pipeline.FromString(self.files[GRAPH])

    @cached_property
    def context(self) -> PipelineContext:
        """Of which coders and the like are made again."""
        return PipelineContext(self.graph.components)

    @property
    def steps(self) -> list[str]:
        """Full names of all steps, sorted."""
        each = self.graph.components.transforms.values()
        return sorted(
            step.unique_name for step in each if "AppliedPTransform" not in step.unique_name
        )

    @property
    def top_steps(self) -> set[str]:
        """What the console shows before anything is opened."""
        return {name for name in self.steps if "/" not in name}

    @property
    def run_id(self) -> str:
        """As main() printed it."""
        match = re.search(r"launched run (\S+)", self.said)
        assert match, self.said
        return match[1]

    def places_of(self, value: str) -> dict[str, list[str]]:
        """Where a text stands, and in which forms: file, or `output` for what was said."""
        everything = self.files | {"output": self.said.encode()}
        found = {name: found_in(data, value) for name, data in everything.items()}
        return {name: forms for name, forms in found.items() if forms}

    @cached_property
    def dofns(self) -> list[tuple[str, Any, Any]]:
        """Each ParDo's step name, its proto, and its DoFn made again of the pickle."""
        steps = self.graph.components.transforms.values()
        pardos = [step for step in steps if step.spec.urn == "beam:transform:pardo:v1"]
        return [(step.unique_name, step, pickler.loads(pickle_of(step))[0]) for step in pardos]


def pickle_of(pardo: Any) -> bytes:
    """The pickled DoFn of a ParDo, still packed."""
    packed: bytes = beam_runner_api_pb2.ParDoPayload.FromString(pardo.spec.payload).do_fn.payload
    return packed


def pickled_names(packed: bytes) -> set[str]:
    """Every text in a pickle of Beam's; names of modules and of what is in them are among these."""
    text = base64.b64decode(packed)
    made = bz2.decompress(text) if text.startswith(b"BZh") else zlib.decompress(text)
    return {value for _, value, _ in pickletools.genops(made) if isinstance(value, str)}
