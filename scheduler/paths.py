"""Parameters that name a file: a path of this machine means nothing where a sync runs. Pure."""

from collections.abc import Callable, Iterator, Mapping

from auto_schema.errors import ConfigError, shown
from pipeline.parameters.paths import is_json_path, is_sql_path
from pipeline.tables.entries import TablesFile
from pipeline.tables.place import is_text

BUCKET, ROOT = "gs://", "/"
PATHS: Mapping[str, Callable[[str], bool]] = {
    "checks": lambda value: not is_text(value),
    "transformation_config": is_json_path,
    "transform_sql": is_sql_path,
}
"""Parameters that are a text or where it lies, and when they are the latter."""


def path_faults(given: Mapping[str, str]) -> Iterator[ConfigError]:
    """The paths of a launch that begin in the folder of whoever says them.

    A whole path is let through: it may be one of the image, or of a volume that is mounted there.
    """
    for name, is_path in PATHS.items():
        value = given.get(name, "").strip()
        if value and is_path(value) and not value.startswith((BUCKET, ROOT)):
            why = f"{shown(value)}: a path of this machine means nothing where the sync runs"
            fix = "put the file into a bucket (`gcloud storage cp`), and give its gs:// path; or"
            fix += f' give its text: "{name}=$(cat {shown(value)})".'
            yield ConfigError("a local path", name, why, fix)


def path_faults_of(file: TablesFile) -> list[ConfigError]:
    """The same of what a file of tables says, each place once: what its defaults say, all have."""
    faults = dict[str, ConfigError]()
    for entry in file.entries:
        for fault in path_faults({name: text.text for name, text in entry.parameters.items()}):
            where = f"{file.at(entry.parameters[fault.where].place)}, {fault.where}"
            fix = "put the file into a bucket (`gcloud storage cp`), and give its gs:// path."
            faults[where] = ConfigError(fault.what, where, fault.why, fix)
    return list(faults.values())
