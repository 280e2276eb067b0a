"""I/O. The image of the Dockerfile, built and run by buildah, without a container engine.

The base is a Debian of our own making. Google's launcher and Beam's boot are stood in for
by scripts of the same names, since their registries may be out of reach.
"""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SUITE = "bookworm"
"""Debian's release under python:3.11-slim-bookworm; its own Python is 3.11 too."""
PACKAGES = ("ca-certificates", "python3", "python3-pip")
SDK_PACKAGES = (*PACKAGES, "gcc", "libc6-dev", "python3-dev")
"""Beam's image is a Debian with the same Python and a compiler, too."""
AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
TOOLS = {
    "buildah": "buildah",
    "debootstrap": "debootstrap",
    "unshare": "util-linux",
    "ip": "iproute2",
}
"""Programs that are needed, and Debian's packages with them."""
NOBODY = "65534:65534"

LAUNCHER = "/opt/google/dataflow/python_template_launcher"
BOOT = "/opt/apache/beam/boot"
STAND_INS = {
    LAUNCHER: 'exec python "$FLEX_TEMPLATE_PYTHON_PY_FILE" "$@"',
    BOOT: 'exec python -m apache_beam.runners.worker.worker_pool_main "$@"',
}
"""What the two do for us: start main.py, and start Beam's workers when they are asked for."""


class ImageError(Exception):
    """The image could not be built, or isn't what it should be."""


def run(
    command: Sequence[str | Path], *, show: bool = False, environ: Mapping[str, str] | None = None
) -> str:
    """Run a program; what it printed.

    Args:
        command: the program and its words.
        show: print what it prints, instead of returning it.
        environ: more variables for it.

    Raises:
        ImageError: it failed; with the end of what it said.
    """
    pipe = None if show else subprocess.PIPE
    done = subprocess.run(
        [str(word) for word in command],
        stdout=pipe,
        stderr=None if show else subprocess.STDOUT,
        text=True,
        check=False,
        env={**os.environ, **(environ or {})},
    )
    if done.returncode:
        said = (done.stdout or "").strip()[-3000:]
        raise ImageError(f"{command[0]} ended with exit code {done.returncode}\n{said}")
    return done.stdout or ""


def install_tools() -> None:
    """Install with apt-get what is missing.

    Raises:
        ImageError: not root, or no apt-get.
    """
    missing = sorted({package for tool, package in TOOLS.items() if not shutil.which(tool)})
    if os.geteuid() != 0 or (missing and not shutil.which("apt-get")):
        raise ImageError(
            "building the image without a container engine needs root on Debian or Ubuntu;"
            " with Docker, run `docker build .` instead"
        )
    if missing:
        quiet = {"DEBIAN_FRONTEND": "noninteractive"}
        run(["apt-get", "update", "-q"], environ=quiet)
        words = ["install", "-y", "-q", "--no-install-recommends", *missing]
        run(["apt-get", *words], environ=quiet)


@dataclass(frozen=True, slots=True)
class Store:
    """A folder with buildah's images and containers, apart from any other."""

    folder: Path

    @property
    def buildah(self) -> list[str]:
        """The words before each of buildah's commands."""
        places = ["--root", f"{self.folder}/store", "--runroot", f"{self.folder}/run"]
        return ["buildah", *places, "--storage-driver", "overlay"]

    def __call__(self, *words: str | Path) -> str:
        """Run one of buildah's commands."""
        return run([*self.buildah, *words]).strip()

    def image_of(self, folder: Path, name: str) -> None:
        """Make an image that holds a folder's files and nothing else."""
        container = self("from", "scratch")
        self("add", "--quiet", container, folder, "/")
        self("commit", "--quiet", "--rm", container, name)

    def inspect(self, image: str) -> dict[str, Any]:
        """The image's own configuration: Entrypoint, Env, Labels, User."""
        described: dict[str, Any] = json.loads(self("inspect", "--type", "image", image))
        config: dict[str, Any] = described["OCIv1"]["config"]
        return config

    def within(self, container: str, environ: Mapping[str, str], user: str = NOBODY) -> list[str]:
        """The words that run a command in a container; files are given back by `/out`."""
        pairs = [f"{name}={value}" for name, value in environ.items()]
        run_ = ["run", "--isolation", "chroot", "--user", user]
        return [
            *self.buildah,
            *run_,
            "--volume",
            f"{self.out}:/out",
            container,
            "--",
            "env",
            *pairs,
        ]

    @property
    def out(self) -> Path:
        """A folder of the containers' user alone, so that a run may stage its rows in it."""
        return self.folder / "out"


@contextmanager
def store() -> Iterator[Store]:
    """A store that is removed with all that is in it."""
    folder = Path(tempfile.mkdtemp(prefix="smart-sync-image-", dir="/var/tmp"))
    images = Store(folder)
    folder.chmod(0o755)
    images.out.mkdir()
    os.chown(images.out, *map(int, NOBODY.split(":")))
    try:
        yield images
    finally:
        subprocess.run([*images.buildah, "rm", "--all"], capture_output=True, check=False)
        shutil.rmtree(folder, ignore_errors=True)


def _mirror() -> list[str]:
    """The mirror of the machine's own packages, if it is Debian's; else the tool's default."""
    shown = run(
        ["apt-get", "indextargets", "--format", "$(SITE) $(CODENAME)", "Created-By: Packages"]
    )
    pairs = [line.split() for line in shown.splitlines()]
    return [site for site, *names in pairs if names == [SUITE]][:1]


def _system(folder: Path, packages: Sequence[str]) -> None:
    """Put Debian and its Python there, under the names that python:3.11-slim has."""
    words = ["--variant=minbase", f"--include={','.join(packages)}"]
    run(["debootstrap", *words, SUITE, folder, *_mirror()])
    (folder / "usr/local/bin/python").symlink_to("/usr/bin/python3")
    for path in folder.glob("usr/lib/python3*/EXTERNALLY-MANAGED"):
        path.unlink()  # the official image has none
    for path in (folder / "var/cache/apt").rglob("*.deb"):
        path.unlink()
    (folder / "etc/apt/sources.list").write_text("")


def _make_base(into: Store) -> None:
    """The base image."""
    folder = into.folder / "base"
    _system(folder, PACKAGES)
    into.image_of(folder, "base")
    shutil.rmtree(folder)


def _make_stand_ins(into: Store) -> None:
    """One image for Google's and Beam's: what the Dockerfile copies out of them, and a compiler."""
    folder = into.folder / "stand-ins"
    _system(folder, SDK_PACKAGES)
    for name, command in STAND_INS.items():
        path = folder / name.removeprefix("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{command}\n")
        path.chmod(0o755)
    into.image_of(folder, "stand-ins")
    shutil.rmtree(folder)


def make_parts(into: Store) -> None:
    """The images that the Dockerfile starts from, side by side: each waits, or works on one core.

    Raises:
        ImageError: one of them could not be made; the other was ended with.
    """
    with ThreadPoolExecutor() as pool:
        parts = [pool.submit(make, into) for make in (_make_base, _make_stand_ins)]
    for part in parts:
        part.result()


def build(into: Store, name: str, version: str) -> None:
    """Build the Dockerfile as users do, but for the three images that it starts from."""
    arguments = {
        "BASE": "localhost/base",
        "LAUNCHER": "localhost/stand-ins",
        "SDK": "localhost/stand-ins",
        "IMAGE": name,
        "VERSION": version,
    }
    words = [word for key, value in arguments.items() for word in ("--build-arg", f"{key}={value}")]
    if AUTHORITIES.exists():
        words += ["--secret", f"id=ca,src={AUTHORITIES}"]
    into("bud", "--isolation", "chroot", "--pull-never", *words, "--tag", name, ROOT)
