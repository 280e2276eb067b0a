"""Everything that only the real BigQuery or Dataflow can confirm, and docs/real-service.md.

`python -m deploy.real_service` writes the document; `make verify-cloud` runs the checks.
"""

from pathlib import Path

from deploy.real_check import OPTIONAL, Check
from deploy.real_copies import COPIES
from deploy.real_dataflow import DATAFLOW
from deploy.real_history import HISTORY
from deploy.real_jobs import JOBS
from deploy.real_loads import LOADS
from deploy.real_replay import REPLAYS
from deploy.real_schemas import SCHEMAS
from deploy.real_statements import STATEMENTS
from deploy.real_types import TYPES

DOCUMENT = Path(__file__).resolve().parent.parent / "docs" / "real-service.md"
PARTS: dict[str, tuple[Check, ...]] = {
    "BigQuery: files and load jobs": LOADS,
    "BigQuery: jobs, locks, names, copies": (*JOBS, *COPIES),
    "BigQuery: statements and scripts": (*STATEMENTS, *SCHEMAS, *REPLAYS, *HISTORY),
    "BigQuery: types and values": TYPES,
    "Dataflow": DATAFLOW,
}
CHECKS: tuple[Check, ...] = tuple(check for part in PARTS.values() for check in part)

HEAD = """# What only the real service can confirm

Made by `python -m deploy.real_service` (`make docs`).

The tests run on a local BigQuery and never reach Google. Each line below says what the real
service does as far as its documentation goes, what of ours relies on it, and one command that
shows it. None of them is taken as shown: whoever has a project can run them.

```bash
make verify-cloud PROJECT=my-project
make verify-cloud PROJECT=my-project LOCATION=EU BUCKET=my-bucket \\
  REGION=europe-west1 TEMPLATE=gs://my-bucket/templates/smart-sync.json
make verify-cloud PROJECT=my-project ONLY=merge
```

It makes a dataset of its own whose tables expire after an hour, runs the commands one by one,
removes the dataset, and prints a table: held, did not hold, not run. The exit code is 0 when
all that ran held. `ONLY` runs those with a word in their name, `--list` shows the names.

Needed: `bq`, `gcloud` and `curl`, and `gcloud auth login` with an account that has
roles/bigquery.user on the project; for a bucket roles/storage.objectAdmin on it; for a template
roles/dataflow.developer, roles/iam.serviceAccountUser and roles/logging.viewer.

Costs: BigQuery bills at least 10 MB for each query that reads a table, less than a cent for all
of them. Two checks use streaming inserts, which BigQuery's free sandbox refuses. With a template
four jobs are started on Dataflow, a few minutes of one worker each at most: some cents.

The commands use `$PROJECT`, `$LOCATION` (US), `$REGION` (us-central1), `$DATASET` (the dataset
for the checks, also a prefix of job ids) and `$FILES` (a folder of small Parquet files, made by
`deploy/real_files.py`). Where `$BUCKET`, `$TEMPLATE` or `$JOB` (the Dataflow job of `launch`)
is missing, a check that uses it is not run. They are run by `bash -eu -o pipefail`. What their
output must match may go over a line break: `bq` breaks its messages into lines.

What GoogleSQL says by itself is not here: its analyzer and its reference implementation run in
`tests/googlesql`. JSON numbers in both modes, INTERVAL and RANGE in their staged forms, the texts
that are hashed and columns that differ in case only are shown by
`tests/googlesql/test_shown_claims.py`; the rule of exact JSON numbers by
`tests/googlesql/test_json_numbers.py`.

What has no command here: Storage Read, which speaks gRPC only (a sync with
`bigquery_read_method=workers` shows it; `launch` below is one), policy tags, quotas of a day,
and the console's forms.

"""


def document() -> str:
    """docs/real-service.md."""
    text = HEAD
    for part, checks in PARTS.items():
        text += f"## {part}\n\n| check | the service | what relies on it |\n|---|---|---|\n"
        text += "".join(f"| [{c.name}](#{c.name}) | {c.claim} | {c.relies} |\n" for c in checks)
        text += "\n"
        text += "".join(map(_section, checks))
    return text.rstrip("\n") + "\n"


def _section(check: Check) -> str:
    ends = "ends with an error" if check.is_refused else "ends without an error"
    matching = ", ".join(f"`{pattern}`" for pattern in check.expected)
    needs = " and ".join(f"`${name}`" for name in OPTIONAL if name in check.needs)
    text = f"### {check.name}\n\n```bash\n{check.command}\n```\n\n"
    text += f"Held when it {ends} and its output matches {matching}."
    return f"{text} Needs {needs}.\n\n" if needs else f"{text}\n\n"


def main() -> None:
    """Write it."""
    DOCUMENT.write_text(document(), encoding="utf-8")


if __name__ == "__main__":
    main()
