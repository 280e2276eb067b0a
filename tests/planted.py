"""Where a value of the source that nothing may show is looked for after a run."""

import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from smart_sync.plan import SyncPlan
from tests.graph.jobs import found_in
from tests.sync import Result, Sync


class Kept:
    """What runs leave and say: plans, staged files and tables, which are not cleared."""

    def __init__(self, sync: Sync, patch: pytest.MonkeyPatch, caplog: Any) -> None:
        self._sync, self._caplog = sync, caplog
        self.plans: list[SyncPlan] = []
        self.results: list[Result] = []
        caplog.set_level("DEBUG", "smart_sync")
        import pipeline.launch.sync as launch

        explain = launch.log_text

        def explained(plan: SyncPlan, detail: str) -> str:
            self.plans.append(plan)
            return explain(plan, detail)

        patch.setattr(launch, "log_text", explained)
        patch.setattr("pipeline.execution.report.clear_staging", lambda *_: None)

    def __call__(self, **words: Any) -> Result:
        """A run; it may fail."""
        self.results.append(self._sync(**words))
        return self.results[-1]

    def _places(self) -> Iterator[tuple[str, bytes]]:
        for result in self.results:
            yield "output", (result.out + result.err).encode()
        yield "log", self._caplog.text.encode()
        for plan in self.plans:
            yield "graph", pickle.dumps(plan) + repr(plan).encode()
        for path in self.files():
            rows = pq.read_table(path).to_pylist() if path.suffix == ".parquet" else []
            yield "staged file", path.read_bytes() + str(rows).encode()
        for table in self._sync.tables():
            rows = self._sync.client.list_rows(self._sync.table(table)) if self._is(table) else []
            yield f"table {table}", str([tuple(row) for row in rows]).encode()

    def _is(self, table: str) -> bool:
        return self._sync.table(table).table_type == "TABLE"

    def files(self) -> list[Path]:
        """Those that were staged."""
        return [path for path in self._sync.temp.rglob("*") if path.is_file()]

    def holding(self, *values: str) -> list[tuple[str, str]]:
        """Each place that shows one of the values, in any form in which it could be packed."""
        return [
            (name, value)
            for name, data in self._places()
            for value in values
            if found_in(data, value)
        ]
