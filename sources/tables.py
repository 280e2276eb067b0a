"""Tables as a source's catalog shows them to the role that reads."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class SourceTable:
    """One table, view or collection.

    Attributes:
        name: within its schema or database.
        schema: of PostgreSQL; BigQuery's dataset; empty: MongoDB has none.
        is_plain: a table or collection of its own; no view, and no partition of another table.
        keys: the columns of its primary key, in the key's order; empty: it has none.
        columns: all of its columns; empty: the catalog doesn't know them.
        lacks: of a table of its own the right that the role lacks to read it whole, such as
            SELECT; empty: none, or the catalog shows only what may be read.
        is_hidden: none of it may be read.
    """

    name: str
    schema: str = ""
    is_plain: bool = True
    keys: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    lacks: str = ""
    is_hidden: bool = False

    @property
    def full_name(self) -> str:
        """As a file of tables names it.

        >>> SourceTable("orders", "public").full_name, SourceTable("users").full_name
        ('public.orders', 'users')
        """
        return f"{self.schema}.{self.name}" if self.schema else self.name
