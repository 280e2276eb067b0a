"""I/O. What the built image does, in a network namespace that reaches nothing but itself.

PostgreSQL, the local BigQuery and a local bucket run beside it in the same namespace;
launcher and workers run in containers of the image, as a user without rights.
"""

import argparse
import json
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from demo.run import CONSOLE, demo
from demo.servers import BigQueryServer, bigquery_server, bucket_server, free_port, stop
from demo.sides import PROJECT, SIDES, Side, make_client
from deploy.image import BOOT, LAUNCHER, ROOT, ImageError, Store, run

COMPILERS = ("gcc", "cc", "g++", "clang", "make")
FOLDERS = ("/template", "/usr/local/lib", "/opt/apache/beam")


def expect(holds: bool, claim: str) -> None:
    """Say a claim that holds.

    Raises:
        ImageError: it doesn't.
    """
    if not holds:
        raise ImageError(f"not so: {claim}")
    CONSOLE.print(f"[green]✓[/] {claim}")


class Checks:
    """The checks of one image, in one container."""

    def __init__(self, store: Store, image: str) -> None:
        self._store, self._image = store, image
        self._container = store("from", "--pull-never", image)

    def command(self, *words: str, environ: Mapping[str, str] | None = None) -> list[str]:
        """The words that run a program inside."""
        return [*self._store.within(self._container, environ or {}), *words]

    def inside(self, *words: str, environ: Mapping[str, str] | None = None) -> str:
        """Run a program inside; what it printed."""
        return run(self.command(*words, environ=environ)).strip()

    def configuration(self, version: str) -> list[str]:
        """What the image says of itself; its entry point."""
        config = self._store.inspect(self._image)
        environ = dict(pair.split("=", 1) for pair in config["Env"])
        entry_point: list[str] = config["Entrypoint"]
        expect(entry_point == [BOOT], f"the entry point is {BOOT}")
        expect(
            environ["FLEX_TEMPLATE_PYTHON_PY_FILE"] == "/template/main.py"
            and environ["SMART_SYNC_IMAGE"] == self._image,
            "it names main.py for the launcher, and itself for the workers",
        )
        label = "org.opencontainers.image.version"
        expect(config["Labels"][label] == version, f"it carries the label {label}={version}")
        return entry_point

    def contents(self) -> None:
        """What is in it, and what isn't."""
        expect("uid=65534" in self.inside("id"), "it runs as a user without rights")
        expect(
            not any(self.inside("sh", "-c", f"command -v {c} || true") for c in COMPILERS),
            f"it holds none of {', '.join(COMPILERS)}",
        )
        writable = "find {} -writable -not -type l | head -3".format(" ".join(FOLDERS))
        expect(not self.inside("sh", "-c", writable), f"{', '.join(FOLDERS)} can't be written to")
        licence = self.inside("cat", "/template/LICENSE")
        expect(
            licence == (ROOT / "LICENSE").read_text(encoding="utf-8").strip(),
            "it holds the LICENSE",
        )
        self.inside("python", "-m", "pip", "check")
        where = "import pipeline; print(pipeline.__file__)"
        expect(
            "/dist-packages/" in self.inside("sh", "-c", f"cd / && python -c '{where}'"),
            "the program is installed as a package, found from any folder",
        )
        expect(
            "--destination_bigquery_table" in self.inside(LAUNCHER, "--help"),
            "the launcher finds main.py, which tells its parameters",
        )
        refused = subprocess.run(
            self.command(LAUNCHER), capture_output=True, text=True, check=False
        )
        expect(refused.returncode == 2, "without parameters it ends with exit code 2")

    @contextmanager
    def workers(self, entry_point: list[str]) -> Iterator[str]:
        """Beam's workers, started by the entry point; their address."""
        port = free_port()
        command = self.command(*entry_point, f"--service_port={port}")
        with (self._store.folder / "workers.log").open("wb") as out:
            process = subprocess.Popen(command, stdout=out, stderr=out)
        try:
            time.sleep(3)
            expect(process.poll() is None, "the entry point runs")
            yield f"localhost:{port}"
        finally:
            stop(process)

    def sync(self, side: Side, target: BigQueryServer) -> None:
        """The demo's sync from inside: plan, first sync, smart sync, equal checksums."""

        def program(environ: Mapping[str, str]) -> list[str]:
            return self.command("python", "/template/main.py", environ=environ)

        agree = demo(side, target, program, "/out/temp")
        expect(agree, "the demo's sync from inside: both sides have the same rows")

    def launch(self, side: Side, target: BigQueryServer, bucket: str) -> Path:
        """Launch as Dataflow's launcher does; the graph that it wrote."""
        flags = {
            "destination_bigquery_project": PROJECT,
            "destination_bigquery_dataset": "air",
            "destination_bigquery_table": "by_workers",
            "enable_smart_sync": "true",
            "smart_sync_timestamp_column": "time_hour",
            "runner": "DataflowRunner",
            "project": "my-project",
            "region": "us-central1",
            "job_name": "flights",
            "dataflow_endpoint": "http://localhost:1",
            "temp_location": "gs://bkt/temp",
            "staging_location": "/out",
            "template_location": "/out/job_object",
        }
        words = [f"--{name}={value}" for name, value in flags.items()]
        environ = {**target.environ, "STORAGE_EMULATOR_HOST": bucket}
        self.inside(LAUNCHER, "--no_auth", *side.parameters, *words, environ=environ)
        job = json.loads((self._store.out / "job_object").read_text(encoding="utf-8"))
        pools = job["environment"]["workerPools"]
        images = {
            sdk["containerImage"] for pool in pools for sdk in pool["sdkHarnessContainerImages"]
        }
        expect(images == {self._image}, "the launcher gives the workers its own image, untold")
        return self._store.out / "pipeline.pb"


def check(store: Store, image: str, version: str) -> None:
    """Every check, each said aloud as it holds.

    Raises:
        ImageError: the first that doesn't.
    """
    checks = Checks(store, image)
    entry_point = checks.configuration(version)
    checks.contents()
    folder = store.folder / "servers"
    with (
        bigquery_server(folder / "data") as target,
        bucket_server(folder / "data", "bkt") as bucket,
        SIDES["postgresql"](target) as side,
    ):
        checks.sync(side, target)
        graph = checks.launch(side, target, bucket)
        with checks.workers(entry_point) as address:
            run([".venv/bin/python", "-m", "deploy.run_graph", graph, address])
        sql = side.bigquery_checksum(f"`{PROJECT}.air.by_workers`")
        rows, total = next(iter(make_client(target).query(sql).result()))
        expect(
            (int(rows), int(total)) == side.checksum(),
            f"the launched graph, run by workers in the image, published the same {rows:,} rows",
        )


def main() -> None:
    """Bring up this namespace's loopback, then check."""
    parser = argparse.ArgumentParser()
    for name in ("folder", "image", "version"):
        parser.add_argument(name)
    words = parser.parse_args()
    run(["ip", "link", "set", "lo", "up"])
    check(Store(Path(words.folder)), words.image, words.version)


if __name__ == "__main__":
    main()
