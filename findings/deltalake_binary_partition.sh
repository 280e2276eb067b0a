#!/bin/sh
# deltalake 1.6.6 writes a binary partition value in the log's escapes, as the Delta protocol asks,
# and reads the escapes as the value: b"a" comes back as the six bytes \u0061, from to_pyarrow_table
# and from SQL. So no filter finds a row by what was written (nor does `delete`), and a merge by
# that column never matches: each time it runs, it inserts the same rows once more. There is no
# error. One would expect what was written; the same table without partitions gives it back. Of an
# empty value, which the protocol makes NULL, the two readers make different things: NULL and b"".
# Seen with pyarrow 26.0.1.
#
# Fails when that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/v"
"$folder/v/bin/python" -m pip install --quiet --disable-pip-version-check \
  deltalake==1.6.6 pyarrow==26.0.1
cat > "$folder/look.py" <<'PY'
import sys

import deltalake
import pyarrow as pa

print("deltalake", deltalake.__version__)
FOUND = "SELECT count(*) AS n FROM t WHERE k = X'61'"
rows = pa.table({"k": pa.array([b"a", b"\xff", b""], pa.binary()), "v": [1, 2, 3]})
seen = []
for name, columns in (("plain", None), ("partitioned", ["k"])):
    path = f"{sys.argv[1]}/{name}"
    deltalake.write_deltalake(path, rows, partition_by=columns)
    table = deltalake.DeltaTable(path)
    ask = deltalake.QueryBuilder().register("t", table)
    by_arrow = table.to_pyarrow_table().sort_by("v")["k"].to_pylist()
    by_sql = pa.table(ask.execute("SELECT k FROM t ORDER BY v"))["k"].to_pylist()
    found = pa.table(ask.execute(FOUND))["n"][0].as_py()
    for _ in range(2):
        merge = table.merge(rows, "t.k = s.k", source_alias="s", target_alias="t")
        merge.when_matched_update_all().when_not_matched_insert_all().execute()
        table = deltalake.DeltaTable(path)
    after = table.to_pyarrow_table().num_rows
    print(f"{name}: {by_arrow} by pyarrow, {by_sql} by SQL, {found} equal to the first")
    print(f"  {after} rows after the same {rows.num_rows} were merged twice")
    seen.append((by_arrow, by_sql, found, after))
written = rows["k"].to_pylist()
escaped = [rb"\u0061", rb"\u00FF"]
wrong = ([*escaped, None], [*escaped, b""], 0, 7)
sys.exit(seen != [(written, written, 1, 3), wrong])
PY
"$folder/v/bin/python" "$folder/look.py" "$folder"
echo "as described"
