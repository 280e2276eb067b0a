"""Where what a machine needs but once is kept, for all checkouts on it."""

import os
from pathlib import Path


def cache_folder() -> Path:
    """A folder of ours in the user's cache, which XDG_CACHE_HOME may name; it may not exist yet."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "bigquery-smart-sync"
