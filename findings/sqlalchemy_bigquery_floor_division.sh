#!/bin/sh
# sqlalchemy-bigquery 1.17.3 writes `//` of two integers as BigQuery's `/`, which divides as floats:
# 7 // 2 is 3.5, 9007199254740993 // 1 is 9007199254740992, and grouping by `second // 60` gives a group
# for each second instead of each minute. SQLAlchemy takes the answer of `//` for an integer. A dialect
# says by `div_is_floordiv`, documented as «target database treats the / division operator as "floor
# division"», whether `/` gives one, as PostgreSQL's does; this dialect leaves that at True, while
# BigQuery documents a FLOAT64. So its `/`, too, is made a division by a NUMERIC, of nine digits behind
# the point: 1 / 3 is 0.333333333. One would expect DIV or FLOOR, as of a dialect that says False.
# Seen with SQLAlchemy 2.1.9 and GoogleSQL's own reference implementation (zetasql 0.1.5).
#
# Fails when that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/v"
"$folder/v/bin/python" -m pip install --quiet --disable-pip-version-check \
  sqlalchemy-bigquery==1.17.3 sqlalchemy==2.1.9 zetasql==0.1.5
cat > "$folder/look.py" <<'PY'
import sys
from importlib.metadata import version

from sqlalchemy import ColumnElement, Integer, Select, String, cast, column, func, literal, select
from sqlalchemy import table as table_of
from sqlalchemy_bigquery import BigQueryDialect
from zetasql.api import CatalogBuilder, PreparedQuery
from zetasql.types import AnalyzerOptions, LanguageOptions, ZetaSQLBuiltinFunctionOptions

CASES = {
    "7 // 2": (literal(7) // literal(2), "3.5"),
    "9007199254740993 // 1": (literal(9007199254740993) // literal(1), "9007199254740992"),
    "1 / 3": (literal(1) / literal(3), "0.333333333"),
}
LOGINS = "WITH logins AS (SELECT second FROM UNNEST([0, 30, 59, 60, 119]) AS second) "
language = LanguageOptions.maximum_features()
functions = ZetaSQLBuiltinFunctionOptions(language_options=language)
catalog = CatalogBuilder("c").with_builtin_functions(functions).build()
options = AnalyzerOptions(language_options=language)


def written(query: Select) -> str:
    """The text that the dialect makes of a query, on one line."""
    made = query.compile(dialect=BigQueryDialect(), compile_kwargs={"literal_binds": True})
    return " ".join(str(made).split())


def answers(sql: str) -> list[str]:
    """The only column of a query's rows."""
    builder = PreparedQuery.builder().set_sql(sql)
    with builder.set_analyzer_options(options).set_catalog(catalog).prepare() as query:
        return [row.cell[0].string_value for row in query.execute().content.table_data.row]


def text(value: ColumnElement) -> Select:
    return select(cast(value, String).label("answer"))


print("sqlalchemy-bigquery", version("sqlalchemy-bigquery"))
good = True
for name, (value, wanted) in CASES.items():
    sql = written(text(value))
    (answer,) = answers(sql)
    print(f"{name}: {answer}, {value.type!r}, by {sql}")
    good = good and answer == wanted and ("//" not in name or isinstance(value.type, Integer))
second = column("second", Integer)
minute = second // 60
groups = text(func.count()).select_from(table_of("logins", second)).group_by(minute)
sizes = answers(LOGINS + written(groups))
print("logins by minute:", sizes, "by", written(groups))
sys.exit(not (good and sizes == ["1"] * 5))
PY
"$folder/v/bin/python" "$folder/look.py"
echo "as described"
