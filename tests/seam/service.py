"""BigQuery's documented rules for jobs and tables, in this process and on a clock of its own.

Job ids are unique per location; a job is PENDING, RUNNING, then DONE, perhaps with an error;
tables are made once, patched by If-Match, and end with their expirationTime. What a statement
does is known by its text: the history's INSERT and SELECTs, MAX, and the publishing load.
tests/seam/test_rules.py holds the rules beside those of the local BigQuery.
"""

import itertools
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from google.api_core import exceptions as api
from google.cloud import bigquery

from warehouse.client import make_client
from warehouse.names import Endpoints

Body = dict[str, Any]
STARTS_AFTER_S = 1.0
LONG_POLL_S = 10.0
"""https://cloud.google.com/bigquery/docs/reference/rest/v2/jobs/getQueryResults: timeoutMs"""


@dataclass
class Job:
    """A job of one location, and what it does when it is done."""

    body: Body
    created: float
    ends: float
    error: Body | None = None
    effect: Callable[["Job"], None] = lambda _: None
    is_done: bool = False
    rows: list[Body] = field(default_factory=list)
    output_rows: int = 0

    @property
    def id(self) -> str:
        return str(self.body["jobReference"]["jobId"])

    @property
    def labels(self) -> Mapping[str, str]:
        return self.body["configuration"].get("labels", {})


@dataclass(frozen=True)
class Script:
    """How jobs of a step go: how long they run, and what they end with."""

    seconds: float = 2.0
    errors: tuple[str, ...] = ()
    """Reasons of its first attempts; later ones end well."""


AT_ONCE = Script(0.0)


QUERY_ONLY = ("requestId", "labels", "location", "timeoutMs", "maxResults", "formatOptions")
"""What jobs.query says beside the configuration of the query."""


class Service:
    """One project's BigQuery; `request` is what the client library's connection calls."""

    def __init__(self, now: float = 1_750_000_000.0) -> None:
        self.now = now
        self.tables: dict[str, Body] = {}
        self.jobs: dict[str, Job] = {}
        self.history: list[Body] = []
        self.scripts: dict[str, Script] = {}
        self.effects: dict[str, Callable[[Job], None]] = {}
        self.max_rows: Callable[[], Any] = lambda: None
        self.shows_expired = False
        self._etags = itertools.count(1)
        self._begun: dict[str, int] = {}

    # Time

    def advance(self, seconds: float) -> None:
        """Let time pass; jobs that end meanwhile end in their order."""
        end = self.now + seconds
        while due := [j for j in self.jobs.values() if not j.is_done and j.ends <= end]:
            job = min(due, key=lambda each: each.ends)
            self.now = max(self.now, job.ends)
            self._end(job)
        self.now = max(self.now, end)

    def _end(self, job: Job) -> None:
        job.is_done = True
        if job.error is None:
            job.effect(job)

    # HTTP

    def request(
        self,
        method: str,
        path: str,
        query_params: Any = None,
        data: Body | None = None,
        headers: Mapping[str, str] | None = None,
        **_: Any,
    ) -> Body:
        """Answer a request of the client library, or raise as it does for a status."""
        name = unquote(path)
        if method == "POST" and name.endswith("/queries"):
            return self._answer_query(data or {})
        if method == "POST":
            made = self._insert_job if name.endswith("/jobs") else self._insert_table
            return made(data or {})
        key = name.rpartition("/")[2]
        if "/queries/" in name:
            return self._results(key)
        if "/jobs/" in name:
            return self._job_body(self._job(key))
        return self._table(method, key, data or {}, dict(headers or {}).get("If-Match"))

    # Tables

    def _insert_table(self, data: Body) -> Body:
        key = data["tableReference"]["tableId"]
        if self.shown(key) is not None:
            raise api.Conflict(f"Already Exists: Table {key}")
        self._check_expiry(data)
        made = data | {"creationTime": self._millis(), "type": "TABLE"}
        return self.write(key, made)

    def _check_expiry(self, data: Body) -> None:
        expiry = data.get("expirationTime")
        if expiry is not None and int(expiry) <= self.now * 1000:
            raise api.BadRequest("Invalid value for expirationTime: it is in the past")

    def shown(self, key: str) -> Body | None:
        """The table, unless it is gone."""
        found = self.tables.get(key)
        if found is None:
            return None
        expiry = found.get("expirationTime")
        if expiry is not None and int(expiry) <= self.now * 1000 and not self.shows_expired:
            return None
        return found

    def write(self, key: str, made: Body) -> Body:
        """Make or change a table; as it then is."""
        etag = f"e{next(self._etags)}"
        self.tables[key] = made | {"etag": etag, "lastModifiedTime": self._millis()}
        return dict(self.tables[key])

    def _table(self, method: str, key: str, data: Body, match: str | None) -> Body:
        found = self.shown(key)
        if found is None:
            raise api.NotFound(f"Not found: Table {key}")
        if method == "GET":
            return dict(found)
        if method == "DELETE":
            del self.tables[key]
            return {}
        if match is not None and match != found["etag"]:
            raise api.PreconditionFailed("Precondition check failed")
        self._check_expiry(data)
        return self.write(key, found | data)

    def _millis(self) -> str:
        return str(int(self.now * 1000))

    # Jobs

    def _insert_job(self, data: Body) -> Body:
        job_id = data["jobReference"]["jobId"]
        if job_id in self.jobs:
            raise api.Conflict(f"Already Exists: Job {job_id}")
        step = data["configuration"].get("labels", {}).get("step", "")
        script = self.scripts.get(step, AT_ONCE)
        nth = self._begun[step] = self._begun.get(step, 0) + 1
        job = Job(data, self.now, self.now + script.seconds)
        if nth <= len(script.errors):
            reason = script.errors[nth - 1]
            job.error = {"reason": reason, "message": f"injected {reason}"}
        job.effect = self.effects.get(step, self._query_effect(job))
        self.jobs[job_id] = job
        if script.seconds <= 0:
            self._end(job)
        return self._job_body(job)

    def _answer_query(self, data: Body) -> Body:
        """jobs.query: a job and its rows in one answer; a `requestId` that comes again, the same.

        https://cloud.google.com/bigquery/docs/reference/rest/v2/jobs/query
        """
        job_id = data["requestId"]
        if job_id not in self.jobs:
            query = {key: value for key, value in data.items() if key not in QUERY_ONLY}
            self._insert_job(
                {
                    "jobReference": {"projectId": "p", "jobId": job_id, "location": "US"},
                    "configuration": {"query": query, "labels": data.get("labels", {})},
                }
            )
        return self._results(job_id)

    def _job(self, job_id: str) -> Job:
        if job_id not in self.jobs:
            raise api.NotFound(f"Not found: Job {job_id}")
        return self.jobs[job_id]

    def _job_body(self, job: Job) -> Body:
        state = "PENDING" if self.now < job.created + STARTS_AFTER_S else "RUNNING"
        status: Body = {"state": "DONE" if job.is_done else state}
        if job.is_done and job.error:
            status |= {"errorResult": job.error, "errors": [job.error]}
        statistics: Body = {"creationTime": str(int(job.created * 1000))}
        if job.is_done and "load" in job.body["configuration"]:
            statistics["load"] = {"outputRows": str(job.output_rows)}
        elif job.is_done and job.output_rows:
            changed = {"statementType": "INSERT", "numDmlAffectedRows": str(job.output_rows)}
            statistics["query"] = changed
        kinds = {key: {} for key in job.body["configuration"]}
        told = job.body | {"configuration": kinds | {"labels": dict(job.labels)}}
        return told | {"status": status, "statistics": statistics}

    def _results(self, job_id: str) -> Body:
        job = self._job(job_id)
        if not job.is_done:
            self.advance(min(LONG_POLL_S, max(0.0, job.ends - self.now)))
        told: Body = {"jobReference": job.body["jobReference"], "jobComplete": job.is_done}
        if not job.is_done:
            return told
        if job.error:
            raise api.BadRequest(job.error["message"], errors=[job.error])
        names = list(job.rows[0]) if job.rows else ["nothing"]
        rows = [{"f": [{"v": row[name]} for name in names]} for row in job.rows]
        fields = [{"name": name, "type": _kind(job.rows, name)} for name in names]
        return told | {"schema": {"fields": fields}, "rows": rows, "totalRows": str(len(rows))}

    # Statements

    def _query_effect(self, job: Job) -> Callable[[Job], None]:
        query = job.body["configuration"].get("query", {})
        sql = query.get("query", "")
        given = {
            each["name"]: each["parameterValue"].get("value")
            for each in query.get("queryParameters", ())
        }

        def run(job: Job) -> None:
            told = {"_time": self.now, "_table": _history_in(sql)}
            known = {
                run: row for run, row in self.latest().items() if told["_table"] == row["_table"]
            }
            if sql.startswith("INSERT INTO") and "sync_runs" in sql:
                self.history.append(given | told)
            elif "sync_runs" in sql and "since" in given and "run_id" not in given:
                job.rows = [_told(row) for row in known.values()]
            elif "sync_runs" in sql and "destinations" in given:
                job.rows = [_told(row) for row in known.values() if int(row["seq"]) < 2]
            elif "sync_runs" in sql:
                job.rows = [_told(known[given["run_id"]])]
            elif "MAX(" in sql:
                job.rows = [{"max": self.max_rows()}]
            elif "CURRENT_TIMESTAMP" in sql:
                job.rows = [{"now": str(int(self.now * 1_000_000))}]
            else:
                assert sql == "SELECT 1", sql

        return run

    def latest(self) -> dict[str, Body]:
        """The newest event of each run, as the view of the history shows it."""
        newest: dict[str, Body] = {}
        for row in self.history:
            there = newest.get(row["run_id"])
            if there is None or int(row["seq"]) > int(there["seq"]):
                newest[row["run_id"]] = row
        return newest

    def unfinished(self) -> list[Body]:
        """The newest events of runs without a last one."""
        return [_told(row) for row in self.latest().values() if int(row["seq"]) < 2]


def _kind(rows: list[Body], name: str) -> str:
    """The type of a result's column: of a count, the moment of the service, or a text."""
    counts = any(isinstance(row[name], int) for row in rows)
    return "TIMESTAMP" if name == "now" else "INTEGER" if counts else "STRING"


def _history_in(sql: str) -> str:
    """The history that a statement is of; launches may have several."""
    found = re.search(r"`([^`]*sync_runs[^`]*)`", sql)
    return found[1] if found else ""


def _told(row: Body) -> Body:
    """An event as a query shows it."""
    return {key: value for key, value in row.items() if not key.startswith("_")}


def client_of(request: Callable[..., Body], retries: int = 0) -> bigquery.Client:
    """The product's own client, before a service in this process; no retries by itself."""
    client = make_client("p", "US", Endpoints(bigquery="http://in-process"), retries)
    client._connection.api_request = request
    return client
