"""Where a run's files and tables lie until they are published, named by the run. Pure."""

from dataclasses import dataclass

from warehouse.names import TableRef


@dataclass(frozen=True, slots=True)
class Staging:
    """Where a run's files lie until they are published."""

    folder: str
    table: TableRef
    dead_table: TableRef

    @property
    def tables(self) -> tuple[TableRef, TableRef]:
        """The tables of both kinds of rows."""
        return (self.table, self.dead_table)

    @property
    def result_table(self) -> TableRef:
        """Where the rows lie that transform_sql makes of those in `table`."""
        return self.table.sibling(self.table.table.replace("_staging_", "_result_", 1))

    @property
    def missing_table(self) -> TableRef:
        """Where the keys lie that are missing at the source."""
        return self.table.sibling(self.table.table.replace("_staging_", "_missing_", 1))

    @property
    def new_table(self) -> TableRef:
        """Where a rebuild with another layout is built."""
        return self.table.sibling(self.table.table.replace("_staging_", "_new_", 1))

    @property
    def old_table(self) -> TableRef:
        """What the destination is called while such a rebuild takes its name."""
        return self.table.sibling(self.table.table.replace("_staging_", "_old_", 1))

    @property
    def before_table(self) -> TableRef:
        """The snapshot of the destination as it was before the run."""
        return self.table.sibling(self.table.table.replace("_staging_", "_before_", 1))

    @property
    def is_bucket(self) -> bool:
        """Whether BigQuery can read the files itself."""
        return self.folder.startswith("gs://")


def staging_of(folder: str, destination: TableRef, run_id: str) -> Staging:
    """Where a run stages: its folder, and tables beside the destination named by the run."""
    name = run_id.replace("-", "_")
    return Staging(
        folder,
        destination.sibling(f"_sync_staging_{name}"),
        destination.sibling(f"_sync_dead_{name}"),
    )
