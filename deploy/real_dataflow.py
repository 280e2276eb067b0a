"""What real Dataflow makes of our template; each needs one that was built, and a bucket."""

from deploy.real_check import Check, lines, query

_STAGING = "--staging-location=gs://$BUCKET/$DATASET/staging --temp-location=gs://$BUCKET/$DATASET"
_COMMON = (
    "data_source=bigquery,source_bigquery_project=$PROJECT,source_bigquery_dataset=$DATASET,"
    "destination_bigquery_project=$PROJECT,destination_bigquery_dataset=$DATASET,"
    "bigquery_read_method=workers"
)
_OF_MANY = (
    "data_source=bigquery,source_bigquery_project=$PROJECT,"
    "destination_bigquery_project=$PROJECT,destination_bigquery_dataset=$DATASET,"
    "bigquery_read_method=workers"
)
_DESCRIBE = "gcloud dataflow jobs describe $JOB --project=$PROJECT --region=$REGION"
_LOGS = (
    "gcloud logging read --project=$PROJECT --freshness=2h --limit=5 --format='value("
    "textPayload,jsonPayload.message)' 'resource.type=\"dataflow_step\""
    " resource.labels.job_id=\"'$JOB'\" {0}'"
)


def _launch(name: str, more: str, *flags: str, common: str = _COMMON) -> str:
    """A launch of the template."""
    words = [
        "gcloud dataflow flex-template run",
        name,
        "--template-file-gcs-location=$TEMPLATE --project=$PROJECT --region=$REGION",
        _STAGING,
        "--max-workers=1",
        *flags,
        f'--parameters="{common},{more}"',
        "--format='value(job.id)'",
    ]
    return " ".join(words)


def _name(suffix: str) -> str:
    """A job name of this run's own."""
    return f'$(echo "$DATASET-{suffix}" | tr _ -)'


def _until_ended(job: str) -> str:
    """Wait for a job; prints its state."""
    describe = _DESCRIBE.replace("$JOB", job)
    return (
        "for i in $(seq 120); do\n"
        f"  STATE=$({describe} --format='value(currentState)')\n"
        '  case "$STATE" in *DONE|*Done|*FAILED|*Failed|*CANCELLED|*Cancelled) break;; esac\n'
        "  sleep 15\ndone\necho state $STATE"
    )


def _none_of(words: str) -> str:
    """Log lines of the job with these words, and whether it has any at all."""
    return lines(
        f"ALL=$({_LOGS.format('')})",
        f"FOUND=$({_LOGS.format(words)})",
        'echo "any: ${ALL:+yes}"',
        'echo "such: [$FOUND]"',
    )


_NONE = (r"any: yes", r"such: \[\]")

DATAFLOW: tuple[Check, ...] = (
    Check(
        "launch",
        "The launcher starts main.py, the service reads the job_object that it wrote, workers"
        " start from the same image, and the job ends.",
        "The whole Dataflow path; offline it is shown up to the job_object.",
        lines(
            query(
                "CREATE TABLE $DATASET.dataflow_source AS SELECT n AS id, TIMESTAMP_SECONDS(n)"
                " AS updated_at FROM UNNEST(GENERATE_ARRAY(1, 1000)) AS n"
            ),
            "ID=$("
            + _launch(
                _name("run"),
                "source_bigquery_table=dataflow_source,destination_bigquery_table=by_dataflow,"
                "enable_smart_sync=true",
                "--additional-user-labels=purpose=verify",
            )
            + ")",
            "echo job $ID",
            _until_ended("$ID"),
        ),
        (r"job (?P<JOB>[\w-]+)", r"(?i)state (JOB_STATE_)?DONE"),
        gives="JOB",
    ),
    Check(
        "dataflow-rows",
        "That job has published every row once, and its last event is `succeeded`.",
        "Publishing and the report are steps of the graph: the launcher is gone by then.",
        lines(
            "echo of job $JOB",
            query(
                "SELECT FORMAT('rows %d of %d, %s', COUNT(*), COUNT(DISTINCT id), (SELECT"
                " STRING_AGG(status) FROM $DATASET.sync_runs_latest WHERE destination LIKE"
                " '%by_dataflow')) FROM $DATASET.by_dataflow"
            ),
        ),
        (r"rows 1000 of 1000, succeeded",),
    ),
    Check(
        "dataflow-image",
        "The workers' image is the one that the template names; nobody gave sdk_container_image.",
        "The image tells main.py its own name (SMART_SYNC_IMAGE).",
        lines(
            "IMAGE=$(gcloud storage cat $TEMPLATE | tr -d '\\n' |"
            ' sed \'s/.*"image": *"\\([^"]*\\)".*/\\1/\')',
            f'echo found $({_DESCRIBE} --full --format=json | grep -cF "$IMAGE")',
        ),
        (r"found [1-9]",),
    ),
    Check(
        "dataflow-labels",
        "The job carries our labels and those of the launch.",
        "The console and the bill tell syncs apart.",
        f"{_DESCRIBE} --full --format='json(labels)'",
        (
            r'"application": "bigquery-smart-sync"',
            r'"data_source": "bigquery"',
            r'"destination": "by_dataflow"',
            r'"purpose": "verify"',
        ),
    ),
    Check(
        "dataflow-sdk",
        "Dataflow calls the job's Beam SDK supported.",
        "The version of apache-beam in requirements.txt and of the base image.",
        f"{_DESCRIBE} --full --format='value(jobMetadata.sdkVersion.sdkSupportStatus)'",
        (r"^SUPPORTED",),
    ),
    Check(
        "dataflow-no-environment",
        "Workers make no Python environment of their own (RUN_PYTHON_SDK_IN_DEFAULT_ENVIRONMENT).",
        "Workers start with what is in the image.",
        _none_of('"Initializing temporary Python virtual environment"'),
        _NONE,
    ),
    Check(
        "dataflow-no-install",
        "Workers install nothing when they start.",
        "A private network without a way to PyPI is enough.",
        _none_of('("Successfully installed" OR "pip install")'),
        _NONE,
    ),
    Check(
        "dataflow-log-line",
        "The run's report stands in Cloud Logging as one line.",
        "Alerts and dashboards that look for run_report.",
        _LOGS.format('"run_report"'),
        (r'run_report \{.*"status": "succeeded"',),
    ),
    Check(
        "launcher-root",
        "The launcher runs as root and is denied nothing.",
        "The image names no USER.",
        _none_of('"permission denied"'),
        _NONE,
    ),
    Check(
        "worker-roles",
        "The job has run under a service account without roles/dataflow.admin, editor or owner.",
        "Workers need roles/dataflow.worker and roles on their data only.",
        lines(
            f"ACCOUNT=$({_DESCRIBE} --full --format='value(environment.serviceAccountEmail)')",
            "echo roles of $ACCOUNT: $(gcloud projects get-iam-policy $PROJECT"
            " --flatten='bindings[].members' --filter=\"bindings.members:$ACCOUNT\""
            " --format='value(bindings.role)')",
        ),
        (
            r"roles of \S+@\S+: (?!.*(dataflow\.admin|roles/editor|roles/owner))"
            r".*roles/dataflow\.worker",
        ),
    ),
    Check(
        "active-name",
        "A second launch under the name of an active job is refused (409).",
        "A schedule whose run takes longer than its interval; the lock stands behind it.",
        lines(
            f"NAME={_name('twice')}",
            "ID=$("
            + _launch(
                "$NAME",
                "source_bigquery_table=none,destination_bigquery_table=none,plan_only=true",
            )
            + ")",
            _launch(
                "$NAME",
                "source_bigquery_table=none,destination_bigquery_table=none,plan_only=true",
            )
            + " && echo TAKEN",
            "gcloud dataflow jobs cancel $ID --project=$PROJECT --region=$REGION --quiet || true",
        ),
        (r"(?i)\A(?![\s\S]*TAKEN)[\s\S]*(already an active job|ALREADY_EXISTS|409)",),
    ),
    Check(
        "launch-regex",
        "A parameter that its regex in metadata.json doesn't match is refused before a launcher"
        " starts.",
        "metadata.json says the same as the parser; a wrong value costs seconds.",
        _launch(
            _name("regex"),
            "source_bigquery_table=t,destination_bigquery_table=t,smart_sync_margin=soon",
        ),
        (r"smart_sync_margin",),
        is_refused=True,
    ),
    Check(
        "launch-required",
        "A launch without a required parameter is refused before a launcher starts.",
        "isOptional in metadata.json.",
        _launch(
            _name("required"),
            "destination_bigquery_dataset=$DATASET,destination_bigquery_table=t",
            common="data_source=bigquery,source_bigquery_project=$PROJECT",
        ),
        (r"destination_bigquery_project",),
        is_refused=True,
    ),
    Check(
        "launch-hidden-parameter",
        "A parameter whose parent has another value than its triggers is taken all the same.",
        "parentName only shows and hides in the console; main.py itself says what fits.",
        lines(
            "TOKEN=$(gcloud auth print-access-token)",
            "curl -sS -X POST -w '\\nHTTP %{http_code}\\n' -H \"Authorization: Bearer $TOKEN\""
            ' -H "Content-Type: application/json" "https://dataflow.googleapis.com/v1b3/projects/'
            '$PROJECT/locations/$REGION/flexTemplates:launch" -d @- <<END\n'
            '{"validateOnly": true, "launchParameter": {"jobName": "hidden-parameter",\n'
            ' "containerSpecGcsPath": "$TEMPLATE", "environment": {\n'
            '  "tempLocation": "gs://$BUCKET/$DATASET"}, "parameters": {\n'
            '  "data_source": "bigquery", "destination_bigquery_project": "$PROJECT",\n'
            '  "destination_bigquery_dataset": "$DATASET", "destination_bigquery_table": "t",\n'
            '  "source_bigquery_project": "$PROJECT", "source_bigquery_query": "SELECT 1 AS a",\n'
            '  "postgresql_port": "5432"}}}\nEND',
        ),
        (r"HTTP 200",),
    ),
    Check(
        "launch-many",
        "A launch of many tables is one job: a small table and one of three splits arrive, and the"
        " job ends well.",
        "Plans as elements, lanes as keys of a grouping, the last step with all ends as its input.",
        lines(
            query(
                "CREATE TABLE $DATASET.many_a AS SELECT 1 AS id;"
                " CREATE TABLE $DATASET.many_b AS SELECT n AS id"
                " FROM UNNEST(GENERATE_ARRAY(1, 1000)) AS n"
            ),
            "FILE=gs://$BUCKET/$DATASET/tables.yaml",
            "PATTERN='{dataset}_of_{table}'",
            "echo \"{defaults: {destination_bigquery_table: '$PATTERN'},"
            ' tables: {$DATASET.many_a: , $DATASET.many_b: {num_splits: 3}}}"'
            " | gcloud storage cp - $FILE",
            "ID=$(" + _launch(_name("many"), "tables=$FILE", common=_OF_MANY) + ")",
            _until_ended("$ID"),
            query(
                "SELECT FORMAT('many %d and %d, %d succeeded',"
                " (SELECT COUNT(*) FROM $DATASET.${DATASET}_of_many_a),"
                " (SELECT COUNT(DISTINCT id) FROM $DATASET.${DATASET}_of_many_b),"
                " (SELECT MAX(succeeded) FROM $DATASET.sync_batches_latest))"
            ),
        ),
        (r"(?i)state (JOB_STATE_)?DONE", r"many 1 and 1000, 2 succeeded"),
    ),
    Check(
        "launch-fault",
        "A run that main.py refuses ends as a failed job, and the launcher's log holds our"
        " message.",
        "Errors say what to change, also on Dataflow.",
        lines(
            "ID=$("
            + _launch(
                _name("fault"),
                "source_bigquery_table=no_such_table,destination_bigquery_table=fault",
            )
            + ")",
            _until_ended("$ID"),
            "sleep 30",
            _LOGS.format('"To mend"').replace("$JOB", "$ID"),
        ),
        (r"(?i)state (JOB_STATE_)?FAILED", r"no_such_table.*To mend"),
    ),
)
"""Launcher and workers."""
