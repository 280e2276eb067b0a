#!/bin/sh
# pyarrow 25.0.0 and 26.0.1 write Parquet with memory of the pool that the process began with,
# whatever pool they are told to take: `memory_pool=` of ParquetWriter and `set_memory_pool` move
# what a table is made of, and what a reader reads, but most of what the writer needs stays
# elsewhere. So a pool's own count of bytes, or its release, says little of a process that writes.
# ARROW_DEFAULT_MEMORY_POOL, which is read once at the start, moves all of it.
#
# Fails when that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/look.py" <<'PY'
import io
import sys

import pyarrow as pa
import pyarrow.parquet as pq

start, chosen = pa.default_memory_pool(), pa.system_memory_pool()
print("pyarrow", pa.__version__, "begins with", start.backend_name)
pa.set_memory_pool(chosen)
texts = pa.array([f"{number:032x}" for number in range(500_000)], memory_pool=chosen)
table = pa.table({"text": texts})
before = [pool.total_bytes_allocated() for pool in (start, chosen)]
with pq.ParquetWriter(io.BytesIO(), table.schema, memory_pool=chosen) as writer:
    writer.write_table(table)
after = [pool.total_bytes_allocated() for pool in (start, chosen)]
there, here = (now - then for now, then in zip(after, before, strict=True))
if start.backend_name == chosen.backend_name:
    print(f"asked of it: {here / 1e6:.0f} MB")
    sys.exit(here == 0)
print(f"asked of {start.backend_name}: {there / 1e6:.0f} MB; of the pool told: {here / 1e6:.0f} MB")
sys.exit(before[0] != 0 or not there > here)
PY
for pyarrow in 26.0.1 25.0.0; do
  python3 -m venv "$folder/$pyarrow"
  "$folder/$pyarrow/bin/python" -m pip install --quiet --disable-pip-version-check "pyarrow==$pyarrow"
  "$folder/$pyarrow/bin/python" "$folder/look.py"
  ARROW_DEFAULT_MEMORY_POOL=system "$folder/$pyarrow/bin/python" "$folder/look.py"
done
echo "as described"
