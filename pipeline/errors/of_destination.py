"""Errors of the destination: BigQuery, its table, the staged files. Pure."""

from pipeline.errors.entry import Entry, Section

DESTINATION = Section(
    "BigQuery and staging",
    "Yes: a table is published in one atomic step, which did not happen.",
    (
        Entry(
            "destination-dataset-is-missing",
            ("destination dataset is missing", "dataset missing"),
            "The dataset of the destination isn't there, or the account doesn't see it. Datasets are not made by a sync: their location and rights are yours to say.",
            "A typing error in project or dataset; the wrong project; it was never made.",
            "Make it where its data is to stay: `bq mk --location=EU --dataset PROJECT:DATASET`.",
        ),
        Entry(
            "destination-table",
            (
                "destination table is missing",
                "destination is not a table",
                "destination table is not empty",
                "write_disposition=WRITE_EMPTY on a full table",
                "malformed table",
            ),
            "The destination isn't there and may not be made, is a view or another thing that no rows go into, or has rows where none may be.",
            "`create_disposition=CREATE_NEVER`; a view under this name; WRITE_EMPTY for the second time.",
            "Make the table or let it be made (`CREATE_IF_NEEDED`); for rows that are added or merged choose another `write_disposition`: [How it is written](choosing.md#how-it-is-written).",
        ),
        Entry(
            "several-names",
            ("a destination that has several names",),
            "The dataset takes `Orders` and `orders` for one table (its option `is_case_insensitive`), and the destination isn't written in lower case. By which name a table was written is what its lock and its history go by, and what tells tables of one launch apart.",
            "Tables or collections of the source whose names have capitals, with `{table}` as the name of each destination; a dataset that was made with this option.",
            "Write dataset and table in lower case: to BigQuery they stay the same. Where earlier runs wrote the other name, the first run under the new one goes by the table's own MAX, and finds no history; with an append, look first whether the last run under the old name succeeded.",
        ),
        Entry(
            "bigquery-refused",
            ("BigQuery refused", "can't be written"),
            "BigQuery said no to a request or a job.",
            "The account lacks a role; a quota is used up; a statement or a row doesn't fit the table. BigQuery's reason stands in the message.",
            "The roles that are needed: [Service accounts](deploy.md#3-service-accounts). A quota: try later, or fewer tables at once.",
        ),
        Entry(
            "bigquery-unreachable",
            ("BigQuery unreachable",),
            "BigQuery, or what logs in to it, did not answer within `max_retries`.",
            "No way to Google's APIs: a private network without Private Google Access, a proxy, DNS; or a failure of BigQuery's own.",
            "From the same machine: `curl -I https://bigquery.googleapis.com`. [Network](deploy.md#5-network)",
            "Yes: the next run settles first what this one left, also if it was just publishing.",
        ),
        Entry(
            "job-id-taken",
            ("job id taken",),
            "A job of BigQuery has the id that this run would send, and isn't the run's own.",
            "Somebody else sends jobs under our names into the same project.",
            "Look at that job (`bq show -j ID`). A new launch has ids of its own.",
        ),
        Entry(
            "belongs-to-another-source",
            (
                "the destination belongs to another source",
                "the destination belongs to another server",
                "a new source that deletes rows of the old one",
            ),
            "The table was filled from another table, database or server than this launch reads, as its labels `sync_source` and `sync_server` say. Their rows would be mixed, or those of the other deleted.",
            "A copied config file whose destination was not changed; a database that was moved, restored or failed over to another server.",
            "If it is the other table: give a destination of its own. If the source has moved: the message says what takes the table over.",
            "Not before it is mended. Nothing was written.",
        ),
        Entry(
            "staging",
            (
                "folder is missing",
                "… bucket is missing",
                "temp bucket and dataset are in different locations",
                "staging failed",
                "staging folder isn't yours alone",
                "plans are not as they were written",
                "too many files for one atomic job",
            ),
            "The folder in which rows are staged isn't there, can't be written, lies in another location than the dataset, or holds what this run didn't write.",
            "`temp_location` with a typing error, or in another region; the account lacks `roles/storage.objectAdmin`; a full disk; on this machine a folder that others may write.",
            "A bucket in the dataset's location: [Bucket, dataset, repository](deploy.md#2-bucket-dataset-repository).",
        ),
        Entry(
            "job-not-started",
            ("job could not be staged", "job could not be submitted"),
            "Dataflow did not take the job: its files could not be uploaded, or the request was refused. The run ended, and the lock was given back.",
            "The account lacks `roles/dataflow.developer`, or may not act as the worker account (`roles/iam.serviceAccountUser`); the API is off; a quota of CPUs or addresses; a network or subnetwork that isn't in the region. Google's words stand in the message.",
            "A subnetwork is written `regions/REGION/subnetworks/NAME`. Roles: [Service accounts](deploy.md#3-service-accounts); APIs: [APIs](deploy.md#1-apis). If the launcher itself never started, this program has said nothing: see the job's page, [Watching](deploy.md#8-watching-and-stopping).",
        ),
        Entry(
            "no-run-history",
            ("no run history", "an older run history", "the run history can't be read"),
            "The run history isn't where it is looked for, or is of an older version.",
            "No run has been yet; another `run_history_table`, project or dataset; a version that adds columns has only planned so far.",
            "Give the parameters that the syncs have. The next run brings an older history up to date: [Upgrades](history.md#upgrades).",
        ),
    ),
)
