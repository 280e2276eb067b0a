"""axe-core, which judges whether a page can be read by everybody; from the npm registry, once."""

import base64
import hashlib
import io
import os
import tarfile
import urllib.request
from pathlib import Path

VERSION = "4.14.1"
INTEGRITY = (
    "FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=="
)
"""SHA-512 of its archive, as the registry tells it."""
REGISTRY = "https://registry.npmjs.org"


def axe_source() -> str:
    """The script, which defines `axe`; kept in the user's cache folder under its hash.

    Raises:
        ValueError: the registry has sent another archive.
        OSError: it can't be reached.
    """
    digest = base64.b64decode(INTEGRITY)
    kept = _folder() / f"axe-core-{digest.hex()[:32]}.tgz"
    archive = kept.read_bytes() if kept.exists() else _fetched()
    if hashlib.sha512(archive).digest() != digest:
        kept.unlink(missing_ok=True)
        raise ValueError(f"the archive of axe-core {VERSION} isn't the one that is pinned")
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        new = kept.with_suffix(f".{os.getpid()}")
        new.write_bytes(archive)
        new.replace(kept)
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        script = files.extractfile("package/axe.min.js")
        assert script is not None
        return script.read().decode()


def _fetched() -> bytes:
    registry = os.environ.get("NPM_CONFIG_REGISTRY") or REGISTRY
    url = f"{registry.rstrip('/')}/axe-core/-/axe-core-{VERSION}.tgz"
    with urllib.request.urlopen(url, timeout=60) as answer:
        content: bytes = answer.read()
    return content


def _folder() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "smart-sync-tests"
