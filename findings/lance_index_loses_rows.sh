#!/bin/sh
# Lance 14.0.2 (LanceDB's tables): a scalar index changes what a filter finds and what a merge inserts.
# With a BTREE or BITMAP index on a boolean column, NOT (b IS TRUE) and NOT (b IS FALSE) leave out the
# rows whose b is NULL, while b IS NOT TRUE finds them: `IS TRUE` is taken for `= true`, and so is any
# filter that it stands in below a NOT. delete and count_rows leave out the same rows. With a BTREE on
# the key, merge_insert(...).when_not_matched_insert_all() drops new rows whose key is NULL, counts
# them as nothing, and inserts them without the index. Neither says a word. One would expect what SQL
# says, IS TRUE is never NULL, and that an index changes no answer (of the keys see
# lance-format/lance issue 4644).
# Seen with pylance 14.0.2 and pyarrow 26.0.1.
#
# Fails when that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/v"
"$folder/v/bin/python" -m pip install --quiet --disable-pip-version-check pylance==14.0.2 pyarrow==26.0.1
cat > "$folder/look.py" <<'PY'
import sys

import lance
import pyarrow as pa

ROWS = pa.table({"id": [1, 2, 3], "b": [True, False, None], "c": [False, True, False]})
FILTERS = {
    "b IS NOT TRUE": ([2, 3], [2, 3]),
    "NOT (b IS TRUE)": ([2, 3], [2]),
    "NOT (b IS FALSE)": ([1, 3], [1]),
    "NOT (b IS TRUE OR c)": ([3], []),
}
KEYS = pa.table({"k": pa.array([1, 2], pa.int64()), "v": ["old", "old"]})
NEW = pa.table({"k": pa.array([2, 3, None], pa.int64()), "v": ["new", "new", "new"]})


def stored(name, rows, column, kind):
    dataset = lance.write_dataset(rows, f"{sys.argv[1]}/{name}_{kind}", mode="overwrite")
    if kind:
        dataset.create_scalar_index(column, kind)
    return dataset


print("pylance", lance.__version__)
as_seen = True
for kind in (None, "BTREE", "BITMAP"):
    for filter_, (without, beside) in FILTERS.items():
        dataset = stored("rows", ROWS, "b", kind)
        ids = sorted(dataset.to_table(filter=filter_)["id"].to_pylist())
        counted = dataset.count_rows(filter=filter_)
        dataset.delete(filter_)
        kept = sorted(dataset.to_table()["id"].to_pylist())
        print(f"index {kind!s:6} {filter_:20} finds {ids!s:6} delete keeps {kept}")
        right = beside if kind else without
        as_seen &= ids == right and counted == len(right)
        as_seen &= kept == [number for number in (1, 2, 3) if number not in right]
for kind, right in ((None, [1, 2, 3, None]), ("BTREE", [1, 2, 3])):
    dataset = stored("keys", KEYS, "k", kind)
    merge = dataset.merge_insert("k").when_matched_update_all().when_not_matched_insert_all()
    counts = merge.execute(NEW)
    keys = sorted(dataset.to_table()["k"].to_pylist(), key=lambda key: (key is None, key))
    print(f"index {kind!s:6} after merging keys 2, 3, NULL into 1, 2: {keys}, {counts}")
    as_seen &= keys == right and counts["num_inserted_rows"] == len(right) - 2
sys.exit(not as_seen)
PY
"$folder/v/bin/python" "$folder/look.py" "$folder" 2> "$folder/log" || { cat "$folder/log"; exit 1; }
echo "as described"
