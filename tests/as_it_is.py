"""`local-bigquery` as it is, for tests of what the fast one can't do: a table as it was."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from demo.servers import BigQueryServer, bigquery_server
from tests.conftest import AS_IT_IS
from tests.sent_statements import judged_at_the_end


@contextmanager
def bigquery_as_it_is(folder: Path, config: pytest.Config) -> Iterator[BigQueryServer]:
    """A server of its own in a folder, whose statements are judged at the end, too."""
    with (
        judged_at_the_end(config, folder / "statements.jsonl"),
        bigquery_server(folder / "data", AS_IT_IS) as server,
    ):
        yield server
