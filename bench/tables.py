"""The tables of the benchmark in PostgreSQL, and how many rows each has."""

from dataclasses import dataclass

ORDERS = """
CREATE TABLE {name} (
  id int8 PRIMARY KEY, quantity int4, customer text, amount numeric(12, 2), weight float8,
  is_paid bool, note text, details jsonb, tags text[], token uuid,
  created_at timestamptz, updated_at timestamptz NOT NULL, due date
);
INSERT INTO {name}
SELECT g, g % 1000, 'customer ' || g % 50000, (g % 1000000) / 100.0, g / 7.0,
  g % 3 = 0, 'note ' || md5(g::text),
  jsonb_build_object('channel', 'web', 'items', g % 7, 'price', (g % 10000) / 100.0),
  ARRAY['a' || g % 10, 'b' || g % 100], md5(g::text)::uuid,
  timestamptz '2024-01-01' + g * interval '1 second',
  timestamptz '2024-01-01' + g * interval '1 second', date '2024-01-01' + (g % 365)::int
FROM generate_series(1, {rows}) AS g;
"""
TEXTS = """
CREATE TABLE {name} (id int8 PRIMARY KEY, body text NOT NULL, updated_at timestamptz NOT NULL);
ALTER TABLE {name} ALTER body SET STORAGE EXTERNAL;
INSERT INTO {name}
SELECT g, half || reverse(half), timestamptz '2024-01-01' + g * interval '1 second'
FROM generate_series(1, {rows}) AS g,
  LATERAL (SELECT string_agg(md5(g || '-' || i), '') AS half FROM generate_series(1, 64) AS i) AS t;
"""
KINDS = (
    ("int4", "g % {k}7"),
    ("int8", "g * {k}"),
    ("float8", "g / {k}.0"),
    ("numeric(12, 2)", "(g % 1000{k}) / 100.0"),
    ("bool", "g % {k} = 0"),
    ("text", "'c' || g % 5{k}"),
    ("timestamptz", "timestamptz '2024-01-01' + g * interval '{k} second'"),
    ("date", "date '2024-01-01' + (g % 1{k})::int"),
)
COLUMNS = 200


def wide() -> str:
    """A table of 200 columns: the key, the cursor, and eight types in turn."""
    names, values = (
        ["id int8 PRIMARY KEY", "updated_at timestamptz NOT NULL"],
        [
            "g",
            "timestamptz '2024-01-01' + g * interval '1 second'",
        ],
    )
    for k in range(2, COLUMNS):
        kind, value = KINDS[k % len(KINDS)]
        names.append(f"c{k} {kind}")
        values.append(value.format(k=k))
    return (
        f"CREATE TABLE {{name}} ({', '.join(names)});\n"
        f"INSERT INTO {{name}} SELECT {', '.join(values)}\n"
        "FROM generate_series(1, {rows}) AS g;\n"
    )


@dataclass(frozen=True, slots=True)
class Table:
    """A table that is synced whole.

    Attributes:
        name: in PostgreSQL and BigQuery.
        create: statements that make and fill it.
        share: its rows for one of the table that ROWS= says.
        told: what it is, with its rows.
    """

    name: str
    create: str
    share: float
    told: str

    def rows(self, rows: int) -> int:
        """How many, when ROWS= says so many."""
        return max(int(rows * self.share), 1_000)

    def statements(self, rows: int) -> str:
        """What makes it."""
        text = self.create.format(name=self.name, rows=self.rows(rows))
        return f"{text}VACUUM ANALYZE {self.name}"

    def title(self, rows: int) -> str:
        """What it is, with its rows.

        >>> TABLES["columns-200"].title(2_000_000)
        '100,000 rows × 200 columns'
        """
        return self.told.format(rows=f"{self.rows(rows):,}")


THIRTEEN = "{rows} rows × 13 columns"
TABLES = {
    "rows-500k": Table("orders_500k", ORDERS, 1 / 4, THIRTEEN),
    "rows-2m": Table("orders_2m", ORDERS, 1, THIRTEEN),
    "rows-8m": Table("orders_8m", ORDERS, 4, THIRTEEN),
    "columns-200": Table("wide", wide(), 1 / 20, "{rows} rows × 200 columns"),
    "texts-4kb": Table("texts", TEXTS, 1 / 10, "{rows} rows, each with 4 KB of text"),
}
"""By the row of the benchmark's table."""
