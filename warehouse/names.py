"""Names of the warehouse: tables, and where its services listen."""

from dataclasses import dataclass

from auto_schema.names import quoted


@dataclass(frozen=True, slots=True)
class TableRef:
    """A BigQuery table."""

    project: str
    dataset: str
    table: str

    def __str__(self) -> str:
        """As messages say it, and as the client library wants it."""
        return f"{self.project}.{self.dataset}.{self.table}"

    @property
    def sql(self) -> str:
        """The table in backticks."""
        return quoted(self.project, self.dataset, self.table)

    @property
    def bq(self) -> str:
        """The table as bq's command line writes it.

        >>> TableRef("p", "d", "t").bq
        'p:d.t'
        """
        return f"{self.project}:{self.dataset}.{self.table}"

    def sibling(self, table: str) -> "TableRef":
        """Another table of the same dataset."""
        return TableRef(self.project, self.dataset, table)

    @classmethod
    def parse(cls, text: str, default: "TableRef") -> "TableRef":
        """From `table`, `dataset.table` or `project.dataset.table`."""
        parts = text.split(".")
        missing = [default.project, default.dataset][: 3 - len(parts)]
        return cls(*missing, *parts)


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where stand-ins of Google's services listen; empty for the real ones."""

    bigquery: str = ""
    bigquery_storage: str = ""
    storage: str = ""
    secret_manager: str = ""
