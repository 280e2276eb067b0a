"""Where rows of BigQuery are read from, and on whose account, as a value."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BigqueryConnection:
    """Where rows are read from, and on whose account.

    Attributes:
        project, dataset, table: of the source; table empty: the query says it all.
        job_project: where jobs run and are paid.
        endpoint, storage_endpoint: of a stand-in; empty for the service.
        max_bytes_billed: ceiling of every query that reads the source; None: none.
        max_retries: see `warehouse.client.bounded_client`.
    """

    project: str
    dataset: str = ""
    table: str = ""
    job_project: str = ""
    endpoint: str = ""
    storage_endpoint: str = ""
    max_bytes_billed: int | None = None
    max_retries: int = 3

    @property
    def table_id(self) -> str:
        """The table, qualified; empty without one."""
        return f"{self.project}.{self.dataset}.{self.table}" if self.table else ""

    @property
    def is_wildcard(self) -> bool:
        """Whether it names many tables by what they begin with."""
        return self.table.endswith("*")
