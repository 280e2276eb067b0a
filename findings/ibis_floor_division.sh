#!/bin/sh
# ibis 12.0.0 writes `//` of two integers for DuckDB and BigQuery as the floor of a division of floats,
# so that of large ones it gives another whole number: 1152921504606846975 // 4194304, as one takes the
# milliseconds of a snowflake id, is 274877906944 instead of …943, and 9007199254740993 // 1 is …992.
# Rows go into the next bucket, hour or partition, without an error, and the answer's type is int64.
# Both databases divide integers exactly, by `//` and DIV; one would expect an exact answer of both.
# Seen with DuckDB 1.5.5 and GoogleSQL's own reference implementation (zetasql 0.1.5).
#
# Fails when that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/v"
"$folder/v/bin/python" -m pip install --quiet --disable-pip-version-check \
  'ibis-framework[duckdb]==12.0.0' duckdb==1.5.5 zetasql==0.1.5
cat > "$folder/look.py" <<'PY'
import sys

import duckdb
import ibis
from zetasql.api import CatalogBuilder, PreparedQuery
from zetasql.types import AnalyzerOptions, LanguageOptions, ZetaSQLBuiltinFunctionOptions

CASES = {
    (1152921504606846975, 4194304): 274877906944,
    (1234567890123456999, 1000): 1234567890123457,
    (9007199254740993, 1): 9007199254740992,
    (-7, 2): -4,
}
language = LanguageOptions.maximum_features()
functions = ZetaSQLBuiltinFunctionOptions(language_options=language)
catalog = CatalogBuilder("c").with_builtin_functions(functions).build()
options = AnalyzerOptions(language_options=language)


def by_googlesql(sql: str) -> int:
    builder = PreparedQuery.builder().set_sql(sql)
    with builder.set_analyzer_options(options).set_catalog(catalog).prepare() as query:
        return query.execute().content.table_data.row[0].cell[0].int64_value


print("ibis", ibis.__version__, "duckdb", duckdb.__version__)
connection = ibis.duckdb.connect()
good = True
for (left, right), wanted in CASES.items():
    value = ibis.literal(left, type="int64") // ibis.literal(right, type="int64")
    sql = ibis.to_sql(value, dialect="bigquery")
    answers = [int(connection.execute(value)), by_googlesql(sql)]
    exact = connection.raw_sql(f"SELECT {left}::bigint // {right}").fetchone()[0]
    print(f"{left} // {right}: {answers} ({value.type()}), DuckDB's own // {exact}, Python {left // right}")
    good = good and answers == [wanted, wanted] and value.type().is_int64()
print("the last for BigQuery:", *sql.split())
sys.exit(not good)
PY
"$folder/v/bin/python" "$folder/look.py"
echo "as described"
