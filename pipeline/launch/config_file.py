"""I/O. The file of `--config`: what it says of the launch, and whether it names many tables."""

from collections.abc import Mapping, Sequence

from auto_schema.errors import ConfigError, SyncError, raise_all
from pipeline.launch.document_text import document_text
from pipeline.parameters.launch_names import TABLES
from pipeline.parameters.origins import Origin
from pipeline.parameters.request_of import endpoints_of
from pipeline.tables.file import read_launch_part


def read_config(
    path: str, environ: Mapping[str, str]
) -> tuple[dict[str, Origin], Sequence[SyncError]]:
    """What it says, of many tables with itself as `tables`; and unknown names in it.

    Of a file of many tables the launch tells what is wrong, which reads it once more.

    Args:
        path: local, or gs://.
        environ: the process's environment, which may name a stand-in of Cloud Storage.

    Raises:
        ConfigError, ManyErrors: it can't be read, or is no YAML.
        TargetError: Cloud Storage couldn't be reached.
    """
    text, name = document_text(path, "config", endpoints_of(environ), is_text=False)
    part, faults = read_launch_part(text, name)
    if part is None:
        raise_all(faults)
        raise AssertionError(path)
    if part.is_of_many:
        return {**part.origins, TABLES: Origin(path, name)}, ()
    if not part.texts and not faults:
        fix = "write `parameters:` with what flags would say, and `tables:` for many tables."
        return {}, [ConfigError("a config that says nothing", path, "", fix)]
    return part.origins, faults
