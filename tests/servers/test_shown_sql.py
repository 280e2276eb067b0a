"""The SQL of the documents that is for PostgreSQL is run by it."""

import re

import pytest

from tests.blocks import of

SHOP = """
CREATE TABLE orders (id int8 PRIMARY KEY, deleted_at timestamptz, updated_at timestamptz);
CREATE TABLE customers (id int8 PRIMARY KEY, email text);
"""


@pytest.mark.parametrize("block", of("postgresql"), ids=str)
def test_postgresql_takes_it(sql, database, block):
    """In one transaction, which is taken back: roles belong to the whole server."""
    name = database.database
    shown = block.text.replace("DATABASE shop", f"DATABASE {name}")
    shown = re.sub(r"\breader\b", f"reader_of_{name}", shown)
    sql(SHOP)
    sql(f"BEGIN;\n{shown}\n;ROLLBACK")
