"""Where runs stage when temp_location isn't given."""

import os
from pathlib import Path


def default_temp_location(folder: str) -> str:
    """Where runs of this user stage when temp_location isn't given, in a folder for all."""
    return str(Path(folder) / f"bigquery-smart-sync-{os.getuid()}")
