"""One behaviour of the real service as a value, and the words that its command is made of."""

import re
from dataclasses import dataclass

BQ = "bq --quiet --project_id=$PROJECT --location=$LOCATION"
API = "https://bigquery.googleapis.com/bigquery/v2/projects/$PROJECT"
TOKEN = "TOKEN=$(gcloud auth print-access-token)"
OPTIONAL = ("BUCKET", "TEMPLATE", "JOB")
"""Variables without which a check is not run; the others are always there."""
QUICK_S, LONG_S = 300.0, 2_400.0


@dataclass(frozen=True, slots=True)
class Check:
    """A behaviour that only the real service can confirm.

    Attributes:
        name: a short slug.
        claim: what the service does.
        relies: what of ours depends on it.
        command: for bash; it uses $PROJECT, $LOCATION, $REGION, $DATASET, $FILES and
            those of OPTIONAL.
        expected: regular expressions; its output must match each.
        is_refused: whether the command must end with another exit code than 0.
        gives: a variable of OPTIONAL whose value is this check's named group of that name.
    """

    name: str
    claim: str
    relies: str
    command: str
    expected: tuple[str, ...]
    is_refused: bool = False
    gives: str = ""

    @property
    def needs(self) -> tuple[str, ...]:
        """The variables of OPTIONAL that the command uses."""
        return tuple(n for n in OPTIONAL if re.search(rf"\${n}\b|\${{{n}}}", self.command))

    @property
    def timeout_s(self) -> float:
        """Seconds that it may take; a Dataflow job takes minutes."""
        return LONG_S if "TEMPLATE" in self.needs else QUICK_S


def query(sql: str, *flags: str, first: str = "") -> str:
    """A `bq query` in GoogleSQL.

    Args:
        sql: one statement or a script; $NAMES are filled in by bash.
        flags: of `bq query`.
        first: flags of `bq` itself.
    """
    text = sql.replace("\\", "\\\\").replace('"', '\\"').replace("`", "\\`")
    words = [BQ, first, "query --use_legacy_sql=false --format=csv", *flags, f'"{text}"']
    return " ".join(word for word in words if word)


def load(table: str, file: str, *flags: str, schema: str = "") -> str:
    """A `bq load` of a file, as our load jobs do it: nothing is detected but lists."""
    source = file if file.startswith("gs://") else f"$FILES/{file}"
    words = [BQ, "load --source_format=PARQUET --parquet_enable_list_inference", *flags]
    return " ".join([*words, f"$DATASET.{table}", source, *([schema] if schema else [])])


def show(what: str, *flags: str) -> str:
    """A `bq show` of a table or, with `-j`, of a job."""
    return " ".join([BQ, "show --format=prettyjson", *flags, what])


def rest(method: str, path: str, body: str = "", *flags: str) -> str:
    """A call of the REST API, for what `bq` has no words for; TOKEN must be set before it.

    Its output ends with the HTTP status.
    """
    words = [f"curl -sS -X {method} -w '\\nHTTP %{{http_code}}\\n'", *flags]
    words += ['-H "Authorization: Bearer $TOKEN"', '-H "Content-Type: application/json"']
    words.append(f'"{API}{path}"')
    text = " \\\n  ".join(words)
    return f"{text} \\\n  -d @- <<END\n{body}\nEND" if body else text


def lines(*commands: str) -> str:
    """Commands one after the other; the first that fails ends them."""
    return "\n".join(commands)
