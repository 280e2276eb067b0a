"""`make local`: a PostgreSQL with a small shop and a local BigQuery, for as long as you look.

The tutorial's servers. Another terminal finds them by the file that is named when they are up.
"""

import shlex
import shutil
import signal
import sys
import threading
from contextlib import ExitStack, closing
from pathlib import Path

import psycopg2

from demo.servers import ROOT, bigquery_server, postgresql_bin, postgresql_server
from demo.sides import PROJECT, make_client

FOLDER = ROOT / ".demo" / "local"
DATASET = "shop"
ORDERS = """
CREATE TABLE orders (
  id bigint PRIMARY KEY,
  customer text NOT NULL,
  status text NOT NULL,
  amount numeric(10, 2) NOT NULL,
  created_at timestamptz NOT NULL,
  updated_at timestamptz NOT NULL
);
COMMENT ON TABLE orders IS 'Orders of the shop';
COMMENT ON COLUMN orders.amount IS 'Gross, in euros';
CREATE INDEX ON orders (updated_at);
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS
  $$BEGIN NEW.updated_at = now(); RETURN NEW; END$$;
INSERT INTO orders
SELECT n, (ARRAY['ada', 'grace', 'edsger', 'barbara'])[n % 4 + 1],
  (ARRAY['new', 'paid', 'sent'])[n % 3 + 1], (n * 37 % 9000) / 100.0,
  timestamptz '2025-01-01 UTC' + n * interval '7 hours',
  timestamptz '2025-01-01 UTC' + n * interval '7 hours'
FROM generate_series(1, 1000) n;
CREATE TRIGGER touch BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION touch();
"""
"""A thousand orders from January to October 2025; each update moves updated_at."""


def serve(folder: Path) -> None:
    """Run both until the process is told to end; `folder`/environment says where they are.

    What an earlier call left in the folder is removed: both begin anew.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    environment = folder / "environment"
    with ExitStack() as stack:
        bigquery = stack.enter_context(bigquery_server(folder / "bigquery"))
        postgresql = stack.enter_context(postgresql_server())
        with closing(psycopg2.connect(postgresql.dsn)) as connection:
            connection.autocommit = True
            connection.cursor().execute(ORDERS)
            connection.cursor().execute("ANALYZE orders")
        client = make_client(bigquery)
        client.create_dataset(DATASET, exists_ok=True)
        source = f"postgresql://{postgresql.user}@127.0.0.1:{postgresql.port}/postgres"
        variables = bigquery.environ | {"SOURCE": source, "PROJECT": PROJECT, "DATASET": DATASET}
        lines = [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]
        programs = f"{ROOT / '.venv' / 'bin'}:{postgresql_bin()}"
        lines.append(
            f'export PATH={shlex.quote(programs)}:"$PATH" PYTHONPATH={shlex.quote(str(ROOT))}'
        )
        lines.append('smart-sync() { python -m pipeline.command "$@"; }')
        lines.append('ask() { python -m demo.ask "$@"; }')
        environment.write_text("\n".join(lines) + "\n", encoding="utf-8")
        print(f"Both are up. In another terminal: source {environment}", flush=True)
        print("Ctrl-C ends them.", flush=True)
        _until_told()
        environment.unlink()


def _until_told() -> None:
    told = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: told.set())
    told.wait()


if __name__ == "__main__":
    serve(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
